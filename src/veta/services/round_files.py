"""Files of monitoring rounds: readings as they were taken, one reading with its proof, statements.

``veta-readings/1`` holds one metric's readings of several instruments; ``veta-series/1``
(docs/operations/evidence.md) is one instrument's. Forms are closed (docs/operations/monitoring.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from veta import canonical
from veta.canonical import JsonValue
from veta.errors import InputError, VerificationError
from veta.evidence.exact import read_amount
from veta.evidence.grades import AssuranceGrade
from veta.evidence.series import Reading, Series
from veta.model.bundle import InclusionProof
from veta.model.identifiers import Digest, Leaf
from veta.model.lot import Issuance, Party
from veta.model.ranges import Ranges
from veta.monitoring.readings import ReadingProof, RoundReadings
from veta.monitoring.rounds import Round
from veta.services.evidence_time import read_series
from veta.statement.envelope import build_credential
from veta.statement.own_types import CO_SIGNATURE, MONITORING_ROUND
from veta.verify.evidence_files import LIMITS, SERIES, Graded, Members, opened, within

READINGS: Final = "veta-readings/1"
READING: Final = "veta-reading/1"
_GRADE: Final = AssuranceGrade.SELF_DECLARED


@dataclass(frozen=True, slots=True)
class RoundTerms:
    """What a round says beside its readings.

    Attributes:
        name: behind the operator's DID, of the round's own identifier.
        site: identifier and name of the place.
        co_signers: DIDs, and which readings; ``None``: all.
        deadline_s: co-signatures anchored later are late.
        previous: leaf of the round that it replaces, and ``reason`` why.
    """

    name: str
    site: tuple[str, str]
    co_signers: Sequence[tuple[str, Ranges | None]]
    deadline_s: int
    previous: Leaf | None = None
    reason: str = ""


def read_readings(files: Iterable[tuple[str, bytes]], *, now_s: int) -> RoundReadings:
    """The readings of one round.

    Args:
        files: name and octets of each, in the order of their instruments.
        now_s: the period has to be over by then.

    Raises:
        InputError: ``canonical.*``; codes ``evidence.*`` with file and place; ``monitoring.*`` as
            ``RoundReadings``.
    """
    found: list[Series] = []
    for name, octets in files:
        with within(name):
            document = canonical.read_object(octets, LIMITS)
            if document.get("format") == SERIES:
                found.append(read_series(document, Graded(_GRADE, now_s)))
            else:
                found += _read_readings(document, now_s)
    return RoundReadings(tuple(found))


def _read_readings(document: JsonValue, now_s: int) -> list[Series]:
    members = opened(document, READINGS)
    definition, boundary = members.definition(members.catalogue()), members.boundary()
    period, step_s = members.window("period"), members.whole("stepSeconds")
    names = members.each("instruments", _name)
    taken = members.each("readings", _reading)
    members.end()
    if period.to_s > now_s:
        raise InputError("evidence.wrong_period", "/period: is not over")
    by_name: dict[str, list[Reading]] = {name: [] for name in names}
    if len(by_name) != len(names):
        raise InputError("monitoring.instruments", "/instruments: one stands there twice")
    for at, (name, reading) in enumerate(taken):
        if name not in by_name:
            message = f"/readings/{at}: {name[:80]!r} is none of the instruments"
            raise InputError("monitoring.instruments", message)
        by_name[name].append(reading)
    with within("/readings"):
        return [
            Series(name, definition, boundary, period, step_s, tuple(readings), _GRADE)
            for name, readings in by_name.items()
        ]


def _name(value: JsonValue, place: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise InputError("evidence.member", f"{place}: is no text on one line")
    return value


def _reading(value: JsonValue, place: str) -> tuple[str, Reading]:
    if not isinstance(value, list) or len(value) != 3 or type(value[1]) is not int:
        message = f"{place}: is no instrument with Unix seconds and an amount"
        raise InputError("evidence.member", message)
    with within(place):
        return _name(value[0], place), Reading(value[1], read_amount(value[2], "a reading"))


def require_readings(stated: Round, readings: RoundReadings) -> None:
    """Refuse readings that are not those of a round.

    Raises:
        VerificationError: ``monitoring.readings_edited``.
    """
    same = (
        (readings.root, readings.count) == (stated.root, stated.count)
        and readings.instruments == stated.instruments
        and readings.definition.digest == stated.definition
        and readings.boundary.digest == stated.boundary
        and (readings.period, readings.step_s) == (stated.period, stated.step_s)
    )
    if not same:
        message = "these are not the readings that the round states: a value, a time or more differ"
        raise VerificationError("monitoring.readings_edited", message)


def round_credential(
    readings: RoundReadings, terms: RoundTerms, issuer: Party, issuance: Issuance
) -> dict[str, Any]:
    """The statement of a round, ready to be issued; ``check_rules`` judges it.

    Raises:
        InputError: ``statement.blind``, ``instant.range``.
    """
    site, site_name = terms.site
    subject: dict[str, Any] = {
        "type": [MONITORING_ROUND],
        "id": f"{issuer.identifier}:round:{terms.name}",
        "site": {"type": ["Facility"], "id": site, "name": site_name},
        "period": {"fromSeconds": readings.period.from_s, "toSeconds": readings.period.to_s},
        "metric": {
            "id": readings.definition.metric,
            "unit": readings.definition.unit,
            "definition": readings.definition.digest.hex(),
            "boundaryName": readings.boundary.name,
            "boundary": readings.boundary.digest.hex(),
        },
        "readings": {
            "root": readings.root.hex(),
            "count": readings.count,
            "stepSeconds": readings.step_s,
            "instruments": list(readings.instruments),
        },
        "coSigners": [
            {"id": party} if ranges is None else {"id": party, "readings": ranges.written()}
            for party, ranges in terms.co_signers
        ],
        "coSignBySeconds": terms.deadline_s,
    }
    if terms.previous is not None:
        subject |= {"previous": terms.previous.hex(), "reason": terms.reason}
    name = f"Monitoring round: {site_name}"
    return build_credential(
        MONITORING_ROUND, issuance=issuance, issuer=issuer, name=name, subject=subject
    )


def co_signature_credential(
    stated: Round, witnessed: Ranges, issuer: Party, issuance: Issuance
) -> dict[str, Any]:
    """The statement of a co-signer about a round, ready to be issued.

    Raises:
        InputError: ``statement.blind``, ``instant.range``.
    """
    subject = {
        "type": [CO_SIGNATURE],
        "id": f"{issuer.identifier}:cosignature:{issuance.credential_id.rpartition(':')[2]}",
        "round": {"issuer": stated.author.party, "leaf": stated.leaf.hex()},
        "root": stated.root.hex(),
        "count": stated.count,
        "witnessed": witnessed.written(),
    }
    name = f"Co-signature: {stated.site_name}"
    return build_credential(
        CO_SIGNATURE, issuance=issuance, issuer=issuer, name=name, subject=subject
    )


def write_proof(stated: Round, readings: RoundReadings, index: int) -> bytes:
    """One reading and its way to the root of its round (``veta-reading/1``).

    Raises:
        InputError: ``monitoring.index``.
    """
    proof = readings.inclusion(index)
    return canonical.write(
        {
            "format": READING,
            "round": stated.leaf.hex(),
            "reading": canonical.read(readings.leaves[index]),
            "index": index,
            "size": proof.size,
            "path": [each.hex() for each in proof.path],
        }
    )


def read_proof(octets: bytes) -> tuple[Leaf, ReadingProof, list[JsonValue]]:
    """The round that a proof names, the proof, and the members of its reading.

    Raises:
        InputError: ``canonical.*``, ``evidence.format``, ``evidence.member``.
    """
    members = Members(canonical.read_object(octets, LIMITS), "")
    if members.take("format") != READING:
        raise InputError("evidence.format", f"/format: is not {READING}")
    leaf, reading = Leaf(members.digest("round")), members.take("reading")
    index, size = members.whole("index"), members.whole("size")
    path = members.each("path", _node)
    members.end()
    if not isinstance(reading, list) or len(reading) != 4:
        raise InputError("evidence.member", "/reading: is no reading")
    proof = ReadingProof(canonical.write(reading), InclusionProof(index, size, path))
    return leaf, proof, reading


def _node(value: JsonValue, place: str) -> Digest:
    return Members({"node": value}, place).digest("node")
