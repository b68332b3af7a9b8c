"""What the lot book hashes, computed twice: by hand in the core, and by eth_abi here."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from hashlib import sha256

import pytest
from eth_abi.abi import encode
from sha3 import keccak_256

from veta.custody import encoding
from veta.errors import InputError
from veta.model.columns import ColumnKey
from veta.model.identifiers import AccountAddress, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotKey, LotRoot
from veta.model.lots import (
    BatchHeader,
    Cover,
    CustodyModel,
    Draw,
    Emission,
    EmissionPart,
    FirstMeasured,
    HeaderFlag,
    Loss,
    LossReason,
    LotBatchKind,
    LotId,
    OpenedLot,
    Output,
    ProductClassId,
    Reduction,
    Run,
    SiteId,
    Source,
    Take,
)

SOURCE = random.Random(7)
HEADER_TYPE = (
    "(uint8,uint8,uint32,uint64,address,bytes32,uint64,bytes32,uint32,uint32,uint32,uint32,"
    "uint64,uint64,uint8,uint16,uint32,uint64,bytes32)"
)


def octets(count: int) -> bytes:
    return SOURCE.randbytes(count)


def keccak(data: bytes) -> bytes:
    digest: bytes = keccak_256(data).digest()
    return digest


def header() -> BatchHeader:
    return BatchHeader(
        version=1,
        kind=LotBatchKind.TRANSFORM,
        issuer=MemberId(SOURCE.randrange(1, 2**32)),
        sequence=SOURCE.randrange(2**64),
        by=AccountAddress(octets(20)),
        root=LotRoot(octets(32)),
        size=SOURCE.randrange(1, 2**53),
        totals=Digest(octets(32)),
        reference_column=ColumnKey(SOURCE.randrange(2**32)),
        site=SiteId(SOURCE.randrange(2**32)),
        origin_site=SiteId(SOURCE.randrange(2**32)),
        product_class=ProductClassId(SOURCE.randrange(2**32)),
        produced_from_s=UnixSeconds(SOURCE.randrange(2**64)),
        produced_to_s=UnixSeconds(SOURCE.randrange(2**64)),
        model=CustodyModel.MASS_BALANCE,
        flags=HeaderFlag.EXTERNAL | HeaderFlag.ATTRIBUTED,
        allocation_rule=SOURCE.randrange(2**32),
        anchored_at_s=UnixSeconds(SOURCE.randrange(2**64)),
        cause=Digest(octets(32)),
    )


def abi_header(value: BatchHeader) -> bytes:
    fields = [getattr(value, field.name) for field in dataclasses.fields(value)]
    fields[4] = "0x" + value.by.hex()
    return encode([HEADER_TYPE], [tuple(fields)])


def columns(count: int) -> tuple[ColumnKey, ...]:
    return tuple(ColumnKey(key) for key in sorted(SOURCE.sample(range(2**32), count)))


def quantities(count: int) -> tuple[int, ...]:
    return tuple(SOURCE.randrange(2**53) for _ in range(count))


@pytest.mark.parametrize("count", [0, 1, 2, 5, 16])
def test_totals__of_any_number_of_columns__are_abi_encoded(count: int) -> None:
    keys, sums, salt = columns(count), quantities(count), octets(16)
    expected = keccak(encode(["uint32[]", "uint64[]", "bytes16"], [keys, sums, salt]))
    assert encoding.totals_digest(keys, sums, salt) == expected


def test_header__of_random_fields__is_abi_encoded() -> None:
    for _ in range(20):
        value = header()
        assert encoding.header_octets(value) == abi_header(value)
        assert encoding.header_digest(value) == keccak(abi_header(value))


def test_batch_word__keeps_all_of_the_header_but_one_bit() -> None:
    for _ in range(8):
        value = header()
        digest = int.from_bytes(encoding.header_digest(value))
        assert int.from_bytes(encoding.batch_word(value, opened=False)) == digest & ~1
        assert int.from_bytes(encoding.batch_word(value, opened=True)) == digest | 1


def test_lot_id_and_commitment__are_abi_encoded() -> None:
    value, keys, held = header(), columns(5), quantities(5)
    lot = OpenedLot(value, keys, 3, LotKey(octets(32)), Leaf(octets(32)), held)
    assert encoding.lot_id(value.issuer, lot.lot_key) == keccak(
        encode(["uint32", "bytes32"], [value.issuer, lot.lot_key])
    )
    kinds = ["bytes32", "uint64", "bytes32", "bytes32", "uint32[]", "uint64[]"]
    fields = [keccak(abi_header(value)), 3, lot.lot_key, lot.statement_leaf, keys, held]
    assert encoding.lot_commitment(lot) == keccak(encode(kinds, fields))


def test_exit_and_source__are_abi_encoded() -> None:
    book, lot, account, salt = octets(20), LotId(octets(32)), octets(20), octets(32)
    kinds = ["uint256", "address", "bytes32", "address", "bytes32"]
    fields = [1337, "0x" + book.hex(), lot, "0x" + account.hex(), salt]
    assert encoding.exit_digest(1337, book, lot, account, salt) == keccak(encode(kinds, fields))
    root = LotRoot(octets(32))
    expected = keccak(encode(["uint32", "bytes32"], [7, root]))
    assert encoding.source_batch(MemberId(7), root) == expected


def run() -> Run:
    keys = columns(6)
    value = header()
    output = Output(
        root=LotRoot(octets(32)),
        size=9,
        columns=keys[:4],
        sums=quantities(4),
        salt=octets(16),
        reference_column=keys[0],
        product_class=ProductClassId(4),
        model=CustodyModel.CONTROLLED_BLENDING,
        attributed=False,
    )
    take = Take(
        source=0,
        index=5,
        lot_key=LotKey(octets(32)),
        statement_leaf=Leaf(octets(32)),
        quantities=quantities(3),
        taken=10,
        amount=20,
        waived=0,
    )
    return Run(
        site=SiteId(3),
        produced_from_s=UnixSeconds(1_776_384_000),
        produced_to_s=UnixSeconds(1_776_470_400),
        allocation_rule=2,
        columns=keys,
        sources=(Source(value, keys[:3]),),
        takes=(take, dataclasses.replace(take, taken=30)),
        first_measured=(FirstMeasured(keys[1], 11),),
        reductions=(Reduction(keys[2], keys[3], 12),),
        draws=(Draw(0, keys[3], 13),),
        losses=(Loss(keys[1], 14, LossReason.SLAG), Loss(keys[1], 15, LossReason.DUST)),
        emissions=(Emission(EmissionPart.PROCESS, 16), Emission(EmissionPart.TRANSPORT, 17)),
        covers=(Cover(keys[2], (18, 19)),),
        outputs=(output, output),
        source=octets(32),
        recycled=False,
        salt_seed=octets(32),
    )


def leaves_of(value: Run, kind: LotBatchKind) -> list[bytes]:
    """The parts again, as RunCause.sol writes them."""
    rows: list[tuple[list[str], list[object]]] = []
    if kind is LotBatchKind.ORIGIN:
        period = 2026 * 4 + 1
        fields: list[object] = [1, value.site, value.produced_from_s, value.produced_to_s, period]
        rows.append((["uint8", "uint32", "uint64", "uint64", "uint32"], fields))
    if any(value.source):
        rows.append((["uint8", "bytes32"], [2, value.source]))
    for take in value.takes:
        source = value.sources[take.source].header
        lot = keccak(encode(["uint32", "bytes32"], [source.issuer, take.lot_key]))
        kinds = ["uint8", "bytes32", "uint32", "bytes32", "uint64", "bytes32", "uint64", "uint64"]
        place: list[object] = [3, lot, source.issuer, source.root, take.index]
        held = keccak(encode(["uint64[]"], [take.quantities]))
        rows.append((kinds, [*place, held, take.taken, take.amount]))
    three = ["uint8", "uint32", "uint64"]
    rows += [(three, [4, part.column, part.quantity]) for part in value.first_measured]
    rows += [
        (["uint8", "uint32", "uint32", "uint64"], [5, each.from_column, each.to_column, 12])
        for each in value.reductions
    ]
    rows += [
        (["uint8", "uint8", "uint32", "uint64"], [6, each.output, each.column, each.quantity])
        for each in value.draws
    ]
    rows += [
        (["uint8", "uint32", "uint64", "uint8"], [7, each.column, each.quantity, each.reason])
        for each in value.losses
    ]
    rows += [
        (["uint8", "uint8", "uint64"], [8, each.part, each.co2e_g]) for each in value.emissions
    ]
    for cover in value.covers:
        rows += [(three, [9, cover.column, number]) for number in cover.certificates]
    for output in value.outputs:
        kinds = ["uint32[]", "uint64[]", "bytes16"]
        totals = keccak(encode(kinds, [output.columns, output.sums, output.salt]))
        rows.append((["uint8", "bytes32", "bytes32"], [10, output.root, totals]))
    return [
        encode(
            [*kinds, "bytes32"],
            [*fields, keccak(encode(["bytes32", "uint256"], [value.salt_seed, at]))],
        )
        for at, (kinds, fields) in enumerate(rows)
    ]


def root_of(parts: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, by its own recursion."""
    if len(parts) == 1:
        return sha256(b"\x05" + parts[0]).digest()
    split = 1
    while split * 2 < len(parts):
        split *= 2
    return sha256(b"\x01" + root_of(parts[:split]) + root_of(parts[split:])).digest()


@pytest.mark.parametrize(
    "kind",
    [LotBatchKind.ORIGIN, LotBatchKind.EXTERNAL, LotBatchKind.GAIN, LotBatchKind.TRANSFORM],
)
def test_cause__of_every_part__is_what_the_contract_makes(kind: LotBatchKind) -> None:
    value = run()
    if kind is not LotBatchKind.EXTERNAL:
        value = dataclasses.replace(value, source=bytes(32))
    assert encoding.cause_parts(value, kind) == leaves_of(value, kind)
    assert encoding.cause_digest(value, kind) == root_of(leaves_of(value, kind))


def test_cause__salt_of_one_part__opens_no_other() -> None:
    seed = octets(32)
    salts = {encoding.part_salt(seed, at) for at in range(100)}
    assert len(salts) == 100
    assert seed not in salts


def test_take_records__name_the_lot_and_what_was_gone() -> None:
    value = run()
    records = encoding.take_records(value)
    assert [(record.taken, record.amount) for record in records] == [(10, 20), (30, 20)]
    assert len({record.lot for record in records}) == 1


def test_digest__of_another_length__is_refused() -> None:
    refusals: list[Callable[[], bytes]] = [
        lambda: encoding.lot_id(MemberId(1), b"short"),
        lambda: encoding.totals_digest((), (), b"short"),
        lambda: encoding.part_salt(b"", 0),
        lambda: encoding.lot_id(MemberId(-1), bytes(32)),
        lambda: encoding.header_digest(dataclasses.replace(header(), by=AccountAddress(b"short"))),
    ]
    for refuse in refusals:
        with pytest.raises(InputError) as refusal:
            refuse()
        assert refusal.value.code == "custody.encoding"
