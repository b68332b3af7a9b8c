"""Types of Veta's own that have rules: monitoring rounds, co-signatures, licences of labels.

UNTP 0.7.0 has no type for them (DESIGN 3). Their subjects are closed: an unknown member is refused,
so that nothing can be said in one that a reader would pass over. Other types of Veta's context have
no rules here, and nothing is concluded from them (ADR 0265).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from veta.errors import InputError
from veta.model.ranges import Ranges
from veta.statement.credential import CREDENTIAL_TYPE, VETA_CONTEXT, Credential
from veta.statement.instants import offset_s, read_date, read_end
from veta.statement.shapes import (
    DATE,
    TEXT,
    URI,
    Findings,
    ListOf,
    Scalar,
    Shape,
    Struct,
    matching,
    one_of,
    whole,
)

MONITORING_ROUND: Final = "MonitoringRound"
CO_SIGNATURE: Final = "CoSignature"
LABEL_LICENCE: Final = "LabelLicence"

MOST_READINGS: Final = 100_000
"""Of one round; longer series are anchored in parts."""
MOST_INSTRUMENTS: Final = 2_000
MOST_CO_SIGNERS: Final = 32
LICENSED_MODELS: Final = (
    "identity-preserved",
    "segregated",
    "controlled-blending",
    "mass-balance",
    "book-and-claim",
)
"""Chain-of-custody models that a licence can be for, by slug (``veta.custody.models``)."""

_LAST_S: Final = 253_402_300_800
_DIGEST: Final = matching("64 lower-case hexadecimal digits", r"[0-9a-f]{64}")
_DID: Final = matching("a DID", r"did:[a-z0-9]{1,32}:[A-Za-z0-9._:%-]{1,512}")
_OFFSET: Final = matching("an offset such as -03:00", r"[+-](?:0\d|1[0-4]):(?:00|15|30|45)")
_SECONDS: Final = whole(0, _LAST_S)


def _is_ranges(value: object) -> bool:
    try:
        Ranges.read(value)
    except InputError:
        return False
    return True


_RANGES: Final = Scalar("ascending ranges of readings, apart from each other", _is_ranges)


def _closed(tag: str, required: dict[str, Shape], **optional: Shape) -> Struct:
    return Struct(required, optional, closed=True, tags=frozenset({tag}))


def _named(tag: str, identifier: Shape) -> Struct:
    return _closed(tag, {"id": identifier, "name": TEXT})


_ROUND: Final = Struct(
    {
        "id": URI,
        "site": _named("Facility", URI),
        "period": Struct({"fromSeconds": _SECONDS, "toSeconds": _SECONDS}, closed=True),
        "metric": Struct(
            {
                "id": TEXT,
                "unit": TEXT,
                "definition": _DIGEST,
                "boundaryName": TEXT,
                "boundary": _DIGEST,
            },
            closed=True,
        ),
        "readings": Struct(
            {
                "root": _DIGEST,
                "count": whole(1, MOST_READINGS),
                "stepSeconds": whole(1, _LAST_S),
                "instruments": ListOf(TEXT),
            },
            closed=True,
        ),
        "coSigners": ListOf(Struct({"id": _DID}, {"readings": _RANGES}, closed=True)),
        "coSignBySeconds": _SECONDS,
    },
    {"previous": _DIGEST, "reason": TEXT},
    closed=True,
    tags=frozenset({MONITORING_ROUND}),
    together=(("previous", "reason"), ("reason", "previous")),
)
_CO_SIGNATURE: Final = _closed(
    CO_SIGNATURE,
    {
        "id": URI,
        "round": Struct({"issuer": _DID, "leaf": _DIGEST}, closed=True),
        "root": _DIGEST,
        "count": whole(1, MOST_READINGS),
        "witnessed": _RANGES,
    },
)
_LICENCE: Final = _closed(
    LABEL_LICENCE,
    {
        "id": URI,
        "scheme": Struct({"number": whole(1, 65_535), "name": TEXT}, closed=True),
        "licensee": _named("Party", _DID),
        "site": whole(1, (1 << 32) - 1),
        "models": ListOf(one_of(*LICENSED_MODELS)),
        "firstDay": DATE,
        "lastDay": DATE,
    },
    firstOffset=_OFFSET,
    lastOffset=_OFFSET,
)


def own_type_of(credential: Credential) -> str | None:
    """The type of Veta's own with rules that a credential has; ``None`` if it has none of them."""
    if VETA_CONTEXT not in credential.contexts:
        return None
    return next((each for each in credential.types if each in _RULES), None)


def judge_own_type(credential: Credential, found: Findings) -> None:
    """Judge a credential by the rules of its own type, if it has any.

    Codes are ``statement.type`` for a second type beside it, ``statement.subject`` for a subject
    that is not under the issuer's DID, those of shapes, and ``monitoring.*`` and
    ``licence.*`` as docs/spec/monitoring.md and docs/spec/claims.md list them.
    """
    name = own_type_of(credential)
    if name is None:
        return
    if set(credential.types) != {name, CREDENTIAL_TYPE}:
        found.add("statement.type", "/type", f"{name} stands beside no other type")
        return
    if not isinstance(credential.document.get("credentialSubject"), dict):
        return  # its shape was refused already
    shape, part, rules = _RULES[name]
    if not shape.fits(credential.subject):
        shape.judge(credential.subject, "/credentialSubject", found)
        return
    if not str(credential.subject["id"]).startswith(f"{credential.issuer.identifier}:{part}:"):
        sentence = f"must begin with the issuer's DID and :{part}:"
        found.add("statement.subject", "/credentialSubject/id", sentence)
    rules(credential, credential.subject, found)


def _judge_round(credential: Credential, subject: Mapping[str, Any], found: Findings) -> None:
    start_s, end_s = subject["period"]["fromSeconds"], subject["period"]["toSeconds"]
    readings = subject["readings"]
    step_s, names = readings["stepSeconds"], readings["instruments"]
    _judge_period(credential, subject, found)
    if not 0 < len(names) <= MOST_INSTRUMENTS or len(set(names)) != len(names):
        sentence = f"must name 1 to {MOST_INSTRUMENTS} instruments, each once"
        found.add("monitoring.instruments", "/credentialSubject/readings/instruments", sentence)
    elif readings["count"] * step_s > len(names) * max(0, end_s - start_s):
        sentence = "is more than these instruments have slots in the period"
        found.add("monitoring.count", "/credentialSubject/readings/count", sentence)
    _judge_co_signers(credential, subject, found)


def _judge_period(credential: Credential, subject: Mapping[str, Any], found: Findings) -> None:
    start_s, end_s = subject["period"]["fromSeconds"], subject["period"]["toSeconds"]
    place = "/credentialSubject/period"
    if end_s <= start_s or (end_s - start_s) % subject["readings"]["stepSeconds"]:
        found.add("monitoring.period", place, "must be a whole number of steps, and not empty")
    if credential.valid_from_s < end_s:
        found.add("monitoring.period_open", place, "was not over when this was stated")
    if subject["coSignBySeconds"] <= credential.valid_from_s:
        place = "/credentialSubject/coSignBySeconds"
        found.add("monitoring.deadline", place, "must be later than validFrom")


def _judge_co_signers(credential: Credential, subject: Mapping[str, Any], found: Findings) -> None:
    place, count = "/credentialSubject/coSigners", subject["readings"]["count"]
    entries = subject["coSigners"]
    names = [each["id"] for each in entries]
    if len(names) > MOST_CO_SIGNERS or len(set(names)) != len(names):
        sentence = f"must be at most {MOST_CO_SIGNERS}, each once"
        found.add("monitoring.co_signers", place, sentence)
    if credential.issuer.identifier in names:
        found.add("monitoring.own_co_signer", place, "name the issuer: nobody co-signs its own")
    for at, each in enumerate(entries):
        if "readings" in each:
            _judge_index(each["readings"], count, f"{place}/{at}/readings", found)


def _judge_index(value: object, count: int, place: str, found: Findings) -> None:
    ranges = Ranges.read(value)
    if not ranges.spans:
        found.add("monitoring.index", place, "must name a reading")
    elif ranges.end > count:
        found.add("monitoring.index", place, f"name reading {ranges.end - 1} of {count}")


def _judge_co_signature(
    credential: Credential, subject: Mapping[str, Any], found: Findings
) -> None:
    if subject["round"]["issuer"] == credential.issuer.identifier:
        place = "/credentialSubject/round/issuer"
        found.add("monitoring.own_round", place, "is the co-signer: nobody co-signs its own")
    _judge_index(subject["witnessed"], subject["count"], "/credentialSubject/witnessed", found)


def _judge_licence(credential: Credential, subject: Mapping[str, Any], found: Findings) -> None:
    models = subject["models"]
    if not models or len(set(models)) != len(models):
        found.add("licence.models", "/credentialSubject/models", "must be one or more, each once")
    first, last = read_date(subject["firstDay"]), read_date(subject["lastDay"])
    if not 0 < first <= last:
        found.add("licence.window", "/credentialSubject/lastDay", "comes before the first, or 1970")
        return
    zone_s = offset_s(subject.get("lastOffset", "+00:00"))
    if credential.valid_until_s < read_end(subject["lastDay"], document_offset_s=zone_s):
        found.add("licence.validity", "/validUntil", "comes before the licence's last day is over")


_RULES: Final[
    Mapping[str, tuple[Shape, str, Callable[[Credential, Mapping[str, Any], Findings], None]]]
] = MappingProxyType(
    {
        MONITORING_ROUND: (_ROUND, "round", _judge_round),
        CO_SIGNATURE: (_CO_SIGNATURE, "cosignature", _judge_co_signature),
        LABEL_LICENCE: (_LICENCE, "licence", _judge_licence),
    }
)
"""Shape of the subject, what its id has behind the issuer's DID, and the rules between members."""
