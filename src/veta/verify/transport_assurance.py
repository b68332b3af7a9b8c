"""What the chain said of who assures what, in a bundle's file and out of it. Read strictly."""

from __future__ import annotations

from typing import Any, Final

from veta.model.assurance import (
    AccreditationFacts,
    AssuranceFacts,
    AssuranceRecord,
    ProgrammeTerms,
    RecognitionEntry,
    RecordEntry,
    SchemeTerms,
    SiteName,
)
from veta.model.assurance_events import RecordAction, RecordSource, Requirement
from veta.model.columns import ProgrammeId, SubstanceId
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lots import SiteId
from veta.verify.strict_json import decimal, listed, members, octets, text, whole

_MAX_RECORDS: Final = 1_024
_MAX_ENTRIES: Final = 64
_MAX_SUBSTANCES: Final = 16
_MAX_REQUIREMENTS: Final = 4


def assurance_json(facts: AssuranceFacts) -> dict[str, Any]:
    """Records, schemes, programmes, recognitions and names of sites."""
    return {
        "records": [_record_json(each) for each in facts.records],
        "schemes": [[each.scheme, each.owner, each.levels] for each in facts.schemes],
        "programmes": [
            {
                "programme": each.programme,
                "requirements": [[one.scheme, one.level] for one in each.requirements],
            }
            for each in facts.programmes
        ],
        "recognitions": [_recognition_json(each) for each in facts.recognitions],
        "sites": [[each.site, each.identifier_digest.hex()] for each in facts.sites],
    }


def accreditation_json(facts: AccreditationFacts) -> dict[str, Any]:
    """The accreditation that a statement beside names."""
    return {
        "record": _record_json(facts.record),
        "recognitions": [_recognition_json(each) for each in facts.recognitions],
        "bodyGroup": facts.body_group,
    }


def read_accreditation(value: Any) -> AccreditationFacts:
    """What a file says of it."""
    document = members(value, "record", "recognitions", "bodyGroup")
    return AccreditationFacts(
        record=_read_record(document["record"]),
        recognitions=listed(document["recognitions"], _MAX_RECORDS, _read_recognition),
        body_group=text(document["bodyGroup"]),
    )


def read_assurance(value: Any) -> AssuranceFacts:
    """What a file says that the chain said."""
    document = members(value, "records", "schemes", "programmes", "recognitions", "sites")
    return AssuranceFacts(
        records=listed(document["records"], _MAX_RECORDS, _read_record),
        schemes=listed(document["schemes"], _MAX_RECORDS, _read_scheme),
        programmes=listed(document["programmes"], _MAX_RECORDS, _read_programme),
        recognitions=listed(document["recognitions"], _MAX_RECORDS, _read_recognition),
        sites=listed(document["sites"], _MAX_RECORDS, _read_site),
    )


def _recognition_json(entry: RecognitionEntry) -> dict[str, Any]:
    return {
        "scheme": entry.scheme,
        "body": entry.body,
        "byMember": entry.by_member,
        "from": str(entry.from_s),
        "until": str(entry.until_s),
        "recorded": entry.recorded_s,
    }


def _record_json(record: AssuranceRecord) -> dict[str, Any]:
    return {
        "record": record.record,
        "subject": record.subject,
        "issuer": record.issuer,
        "parent": record.parent,
        "scheme": record.scheme,
        "level": record.level,
        "from": str(record.from_s),
        "until": str(record.until_s),
        "substances": list(record.substances),
        "leaf": record.leaf.hex(),
        "entries": [
            {
                "action": entry.action.name,
                "source": entry.source.name,
                "byMember": entry.by_member,
                "effective": entry.effective_s,
                "recorded": entry.recorded_s,
            }
            for entry in record.entries
        ],
    }


_RECORD: Final = (
    *("record", "subject", "issuer", "parent", "scheme", "level", "from", "until"),
    *("substances", "leaf", "entries"),
)


def _read_record(value: Any) -> AssuranceRecord:
    document = members(value, *_RECORD)
    return AssuranceRecord(
        record=whole(document["record"]),
        subject=whole(document["subject"]),
        issuer=MemberId(whole(document["issuer"])),
        parent=whole(document["parent"]),
        scheme=whole(document["scheme"]),
        level=whole(document["level"]),
        from_s=UnixSeconds(decimal(document["from"])),
        until_s=UnixSeconds(decimal(document["until"])),
        substances=listed(
            document["substances"], _MAX_SUBSTANCES, lambda each: SubstanceId(whole(each))
        ),
        leaf=Leaf(octets(document["leaf"], 32)),
        entries=listed(document["entries"], _MAX_ENTRIES, _read_entry),
    )


def _read_entry(value: Any) -> RecordEntry:
    document = members(value, "action", "source", "byMember", "effective", "recorded")
    return RecordEntry(
        action=RecordAction[text(document["action"])],
        source=RecordSource[text(document["source"])],
        by_member=MemberId(whole(document["byMember"])),
        effective_s=UnixSeconds(whole(document["effective"])),
        recorded_s=UnixSeconds(whole(document["recorded"])),
    )


def _read_scheme(value: Any) -> SchemeTerms:
    scheme, owner, levels = listed(value, 3, whole)
    return SchemeTerms(scheme, MemberId(owner), levels)


def _read_programme(value: Any) -> ProgrammeTerms:
    document = members(value, "programme", "requirements")
    return ProgrammeTerms(
        ProgrammeId(whole(document["programme"])),
        listed(document["requirements"], _MAX_REQUIREMENTS, _read_requirement),
    )


def _read_requirement(value: Any) -> Requirement:
    scheme, level = listed(value, 2, whole)
    return Requirement(scheme, level)


def _read_recognition(value: Any) -> RecognitionEntry:
    document = members(value, "scheme", "body", "byMember", "from", "until", "recorded")
    return RecognitionEntry(
        scheme=whole(document["scheme"]),
        body=MemberId(whole(document["body"])),
        by_member=MemberId(whole(document["byMember"])),
        from_s=UnixSeconds(decimal(document["from"])),
        until_s=UnixSeconds(decimal(document["until"])),
        recorded_s=UnixSeconds(whole(document["recorded"])),
    )


def _read_site(value: Any) -> SiteName:
    if not isinstance(value, list):
        raise TypeError("something else where a site belongs")
    site, digest = value
    return SiteName(SiteId(whole(site)), Digest(octets(digest, 32)))
