"""Wiring: the only package that imports every adapter.

``build_node`` opens a member's node (or a keyless one) from its configuration, ``open_reader`` a
stranger's that holds nothing but the trust configuration, ``found_embedded`` and ``found_network``
begin a consortium, and ``Administration`` acts with a member's administer account.
"""

from __future__ import annotations

from veta.bootstrap.administration import Administration
from veta.bootstrap.chains import ChainConnection, EmbeddedServer, connect, open_embedded
from veta.bootstrap.founding import (
    EMBEDDED_RULES,
    Founder,
    admission_of,
    found_embedded,
    found_network,
    fund_accounts,
    fund_addresses,
)
from veta.bootstrap.nodes import Opening, OpenNode, build_node, open_home, open_reader
from veta.bootstrap.passwords import AskOnce, PasswordSource, password_source
from veta.chain import registrations
from veta.chain.clock import SystemClock
from veta.chain.embedded import EmbeddedChain, EmbeddedGenesis
from veta.chain.governance import (
    Admission,
    GovernanceGateway,
    GovernanceRules,
    KeyGrant,
    ProposalKind,
    ProposalState,
)
from veta.chain.registrations import Registration
from veta.chain.transactions import transaction_id_of
from veta.keys.keyring import DEFAULT_PURPOSES, KeyRing, KeySpec
from veta.keys.passwords import PasswordFile
from veta.model.assurance import AssuranceGrant

__all__ = [
    "DEFAULT_PURPOSES",
    "EMBEDDED_RULES",
    "Administration",
    "Admission",
    "AskOnce",
    "AssuranceGrant",
    "ChainConnection",
    "EmbeddedChain",
    "EmbeddedGenesis",
    "EmbeddedServer",
    "Founder",
    "GovernanceGateway",
    "GovernanceRules",
    "KeyGrant",
    "KeyRing",
    "KeySpec",
    "OpenNode",
    "Opening",
    "PasswordFile",
    "PasswordSource",
    "ProposalKind",
    "ProposalState",
    "Registration",
    "SystemClock",
    "admission_of",
    "build_node",
    "connect",
    "found_embedded",
    "found_network",
    "fund_accounts",
    "fund_addresses",
    "open_embedded",
    "open_home",
    "open_reader",
    "password_source",
    "registrations",
    "transaction_id_of",
]
