"""Veta: a permissioned-blockchain provenance node for responsibly sourced metals.

Judging a bundle needs only the names below up to ``Verifier``, and no network, chain package or
database is imported for it:

    import veta

    trust = veta.load_trust("trust.json")
    octets = open("lot.bundle.json", "rb").read()
    bundle, facts = veta.read_bundle(octets, now_s=int(time.time()))
    report = veta.Verifier(trust).verify(bundle, facts)
    print(report.verdict)

``open_node`` and ``open_reader`` ask a chain first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veta.config import load_trust, trust_digest
from veta.errors import (
    ConfigError,
    ConflictError,
    ForbiddenError,
    InputError,
    KeyAccessError,
    LedgerError,
    LedgerMismatchError,
    LedgerUnavailableError,
    NotFoundError,
    OutcomeUnknownError,
    ProvenanceError,
    StoreError,
    TransactionRevertedError,
    VerificationError,
)
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.trust import TrustConfig
from veta.verify.policy import Policy
from veta.verify.report import Report, VerifiedStatement
from veta.verify.transport import read_bundle, write_bundle
from veta.verify.verdict import Check, Outcome, Step, Verdict
from veta.verify.verifier import Verifier

if TYPE_CHECKING:
    from veta.bootstrap import open_home as open_node
    from veta.bootstrap import open_reader

__version__ = "0.1.0"

__all__ = [
    "Check",
    "ConfigError",
    "ConflictError",
    "ForbiddenError",
    "InputError",
    "KeyAccessError",
    "LedgerError",
    "LedgerFacts",
    "LedgerMismatchError",
    "LedgerUnavailableError",
    "NotFoundError",
    "Outcome",
    "OutcomeUnknownError",
    "Policy",
    "ProvenanceError",
    "Report",
    "StatementBundle",
    "Step",
    "StoreError",
    "TransactionRevertedError",
    "TrustConfig",
    "Verdict",
    "VerificationError",
    "VerifiedStatement",
    "Verifier",
    "__version__",
    "load_trust",
    "open_node",
    "open_reader",
    "read_bundle",
    "trust_digest",
    "write_bundle",
]


def __getattr__(name: str) -> Any:
    """Load what asks a chain only when it is used."""
    if name in {"open_node", "open_reader"}:
        from veta import bootstrap

        return bootstrap.open_home if name == "open_node" else bootstrap.open_reader
    raise AttributeError(f"module 'veta' has no attribute {name!r}")
