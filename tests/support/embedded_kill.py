"""Kills writers of an embedded chain at random moments, and looks at what they left.

Run as ``python -m tests.support.embedded_kill DIRECTORY KILLS SEED``; prints a JSON summary. It is
a process of its own, without threads, because it forks: what is imported is imported once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from random import Random

from sha3 import keccak_256

from veta.chain.embedded import EmbeddedChain
from veta.errors import StoreError
from veta.keys.signers import AccountSigner
from veta.model.identifiers import AccountAddress

PAYER = AccountSigner(keccak_256(b"payer").digest())
PAYEE = AccountAddress(b"\x42" * 20)


def pay(chain: EmbeddedChain) -> None:
    with chain.reading() as evm:
        nonce = evm.get_vm().state.get_nonce(PAYER.address)
    chain.send(
        PAYER.sign_transaction(
            chain_id=chain.chain_id,
            nonce=nonce,
            to=PAYEE,
            data=b"",
            gas_limit=21_000,
            max_fee=10**10,
            max_priority_fee=1,
            value=1,
        )
    )


def head(chain: EmbeddedChain) -> tuple[int, str]:
    with chain.reading() as evm:
        header = evm.get_canonical_head()
        return header.block_number, header.hash.hex()


def write_until_killed(path: Path, acknowledge: int) -> None:
    chain = EmbeddedChain.open(path)
    while True:
        pay(chain)
        number, digest = head(chain)
        os.write(acknowledge, f"{number} {digest}\n".encode())


def kill_once(path: Path, after_blocks: int, after_s: float) -> list[tuple[int, str]]:
    """Blocks that the writer acknowledged before it was killed.

    It is killed ``after_s`` seconds after it acknowledged so many blocks, or was started.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write_until_killed(path, writing)
        finally:
            os._exit(70)
    os.close(writing)
    early = b""
    while early.count(b"\n") < after_blocks:
        piece = os.read(reading, 4096)
        assert piece, "the writer ended by itself"
        early += piece
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the writer ended by itself: {status}"
    with os.fdopen(reading, "rb") as lines:
        text = (early + lines.read()).decode()
    rows = [line.split() for line in text.splitlines()]
    return [(int(number), digest) for number, digest in rows]


def check(path: Path, acknowledged: list[tuple[int, str]], before: int) -> int:
    """The chain after a kill: nothing acknowledged is lost, all of it fits, it goes on."""
    chain = EmbeddedChain.open(path)
    try:
        number, _ = head(chain)
        last = acknowledged[-1][0] if acknowledged else before
        assert last <= number <= last + 1, (last, number)
        with chain.reading() as evm:
            for block, digest in acknowledged:
                assert evm.get_canonical_block_header_by_number(block).hash.hex() == digest
            state = evm.get_vm().state
            assert state.get_balance(PAYEE) == state.get_nonce(PAYER.address)
            # Block 1 is the funding; each later one holds one payment.
            assert state.get_balance(PAYEE) == number - 1
        pay(chain)
        assert head(chain)[0] == number + 1
        return number + 1
    finally:
        chain.close()


def main(directory: str, kills: str, seed: str) -> None:
    path = Path(directory) / "chain.db"
    random = Random(int(seed))
    chain = EmbeddedChain.create(path)
    chain.fund(PAYER.address, 10**24)
    chain.close()
    number, total, quiet = 1, 0, 0
    for turn in range(int(kills)):
        # Every second one dies while it opens the chain or soon after, the others amid writing.
        blocks = random.randrange(1, 4) if turn % 2 else 0
        acknowledged = kill_once(path, blocks, random.uniform(0.0, 0.02 if blocks else 0.08))
        total += len(acknowledged)
        quiet += not acknowledged
        number = check(path, acknowledged, number)
    try:
        EmbeddedChain.create(path)
    except StoreError as error:
        assert error.code == "store.exists"
    print(json.dumps({"kills": int(kills), "acknowledged": total, "none": quiet, "head": number}))


if __name__ == "__main__":
    main(*sys.argv[1:])
