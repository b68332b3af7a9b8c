"""The only module that imports eth-tester and py-evm.

Both are pinned: the embedded chain rests on names that their versions do not promise to keep
(``setup_tester_chain``, ``MiningChain.header``, the order of writes to the chain database).
"""

from __future__ import annotations

from veta.chain.recursion import recursion_limit_kept

with recursion_limit_kept():
    from eth.db.atomic import AtomicDBWriteBatch
    from eth.db.backends.base import BaseAtomicDB
    from eth.exceptions import HeaderNotFound, TransactionNotFound
    from eth.vm.forks.london import LondonVM
    from eth_keys.main import KeyAPI
    from eth_tester.backends.pyevm.main import (
        GENESIS_DIFFICULTY,
        GENESIS_MIX_HASH,
        GENESIS_NONCE,
        PyEVMBackend,
        setup_tester_chain,
    )
    from eth_utils.exceptions import ValidationError

__all__ = [
    "GENESIS_DIFFICULTY",
    "GENESIS_MIX_HASH",
    "GENESIS_NONCE",
    "AtomicDBWriteBatch",
    "BaseAtomicDB",
    "HeaderNotFound",
    "KeyAPI",
    "LondonVM",
    "PyEVMBackend",
    "TransactionNotFound",
    "ValidationError",
    "setup_tester_chain",
]
