"""Monitoring rounds and co-signatures, as their statements say them, and who stands behind each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from veta.errors import InputError
from veta.evidence.windows import Window
from veta.model.identifiers import Digest, Leaf
from veta.model.ranges import Ranges
from veta.statement.credential import Credential
from veta.statement.own_types import CO_SIGNATURE, MONITORING_ROUND, own_type_of


@dataclass(frozen=True, slots=True)
class Author:
    """Whose statement it is: facts of the ledger about a signature that was verified.

    Attributes:
        party: DID.
        name: as the consortium registers it.
        control_group: who controls it; equal texts are one control.
        is_community: registered as a community body when the statement was anchored.
        anchored_s: Unix seconds of the anchor's block.
        withdrawn: whether its author, or somebody entitled, revoked it since.
        superseded_by: leaf of the statement that replaced it on the chain.
        notices: sentences that a reader of the statement is told.
    """

    party: str
    name: str
    control_group: str
    is_community: bool
    anchored_s: int
    withdrawn: bool = False
    superseded_by: Leaf | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """Somebody who is asked to co-sign, and which readings."""

    party: str
    readings: Ranges


@dataclass(frozen=True, slots=True)
class Round:
    """What an operator states that was read.

    Attributes:
        leaf: of the statement.
        identifier: its subject's, under the issuer's DID.
        site: identifier of the place.
        metric: identifier of the metric; ``definition`` and ``boundary`` are digests.
        instruments: in the order of their readings.
        step_s: from slot to slot of an instrument, seconds.
        count: readings under ``root``.
        deadline_s: co-signatures anchored later are late.
        previous: leaf of the round that it says it replaces, and ``reason`` why.
        author: who stands behind it.
    """

    leaf: Leaf
    identifier: str
    site: str
    site_name: str
    metric: str
    unit: str
    definition: Digest
    boundary_name: str
    boundary: Digest
    period: Window
    step_s: int
    instruments: tuple[str, ...]
    count: int
    root: Digest
    expected: tuple[Expected, ...]
    deadline_s: int
    previous: Leaf | None
    reason: str
    author: Author

    @property
    def slots(self) -> int:
        """Readings that it would have without a gap."""
        return len(self.instruments) * (self.period.seconds // self.step_s)

    @property
    def grid(self) -> tuple[object, ...]:
        """What has to be the same for an index to mean the same reading in two rounds."""
        return (self.definition, self.instruments, self.period, self.step_s, self.count)

    def is_about_the_same(self, other: Round) -> bool:
        """Whether one control states readings of one metric, some instrument and some moment of a
        site in both.
        """
        return (
            self.author.control_group == other.author.control_group
            and self.site == other.site
            and self.definition == other.definition
            and max(self.period.from_s, other.period.from_s)
            < min(self.period.to_s, other.period.to_s)
            and not set(self.instruments).isdisjoint(other.instruments)
        )

    def restates(self, other: Round) -> bool:
        """Whether it states anew all that another round was about, and maybe more."""
        return (
            self.is_about_the_same(other)
            and self.period.covers(other.period)
            and set(self.instruments) >= set(other.instruments)
        )


@dataclass(frozen=True, slots=True)
class CoSignature:
    """What a co-signer states that it saw.

    Attributes:
        leaf: of the statement.
        issuer: DID of the round's.
        round_leaf: of the round's statement.
        root: of the readings that it saw; ``count`` of them.
        witnessed: indices of readings.
        author: who stands behind it.
    """

    leaf: Leaf
    issuer: str
    round_leaf: Leaf
    root: Digest
    count: int
    witnessed: Ranges
    author: Author


def read_round(credential: Credential, leaf: Leaf, author: Author) -> Round:
    """A round from its statement, which keeps the rules of its type.

    Raises:
        InputError: ``monitoring.no_round`` for a statement of another type.
    """
    if own_type_of(credential) != MONITORING_ROUND:
        raise InputError("monitoring.no_round", "the statement is no monitoring round")
    subject: Mapping[str, Any] = credential.subject
    metric, readings, period = subject["metric"], subject["readings"], subject["period"]
    previous = subject.get("previous")
    everything = Ranges.all_of(readings["count"])
    return Round(
        leaf=leaf,
        identifier=subject["id"],
        site=subject["site"]["id"],
        site_name=subject["site"]["name"],
        metric=metric["id"],
        unit=metric["unit"],
        definition=_digest(metric["definition"]),
        boundary_name=metric["boundaryName"],
        boundary=_digest(metric["boundary"]),
        period=Window(period["fromSeconds"], period["toSeconds"]),
        step_s=readings["stepSeconds"],
        instruments=tuple(readings["instruments"]),
        count=readings["count"],
        root=_digest(readings["root"]),
        expected=tuple(
            Expected(
                each["id"], Ranges.read(each["readings"]) if "readings" in each else everything
            )
            for each in subject["coSigners"]
        ),
        deadline_s=subject["coSignBySeconds"],
        previous=None if previous is None else Leaf(_digest(previous)),
        reason=subject.get("reason", ""),
        author=author,
    )


def read_co_signature(credential: Credential, leaf: Leaf, author: Author) -> CoSignature:
    """A co-signature from its statement, which keeps the rules of its type.

    Raises:
        InputError: ``monitoring.no_co_signature`` for a statement of another type.
    """
    if own_type_of(credential) != CO_SIGNATURE:
        raise InputError("monitoring.no_co_signature", "the statement is no co-signature")
    subject: Mapping[str, Any] = credential.subject
    return CoSignature(
        leaf=leaf,
        issuer=subject["round"]["issuer"],
        round_leaf=Leaf(_digest(subject["round"]["leaf"])),
        root=_digest(subject["root"]),
        count=subject["count"],
        witnessed=Ranges.read(subject["witnessed"]),
        author=author,
    )


def _digest(text: str) -> Digest:
    return Digest(bytes.fromhex(text))
