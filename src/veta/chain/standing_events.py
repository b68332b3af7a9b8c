"""Logs of the registry, of assurance and of notices into model values, by slices of their ABI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from veta.chain.abi_words import Words, written
from veta.chain.site_events import concern_closed, concern_raised, site_recorded
from veta.chain.web3_packages import keccak
from veta.model.anchoring import BlockRef
from veta.model.assurance_events import (
    AssuranceEventBody,
    DisputeClosed,
    DisputeOpened,
    DisputeUpheld,
    NoticeEventBody,
    ProgrammeRegistered,
    RecognitionSet,
    RecordAction,
    RecordHandedOver,
    RecordMade,
    RecordSource,
    RecordStatusChanged,
    ReductionRegistered,
    Requirement,
    Restated,
    RestatementConfirmed,
    RuleConfirmed,
    RuleEnded,
    RuleRegistered,
    SchemeRegistered,
)
from veta.model.columns import ColumnKey, ProgrammeId, SubstanceId
from veta.model.identifiers import Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotRoot
from veta.model.lots import AllocationShare, ProductClassId, SiteId
from veta.model.registry_events import (
    BaseUnit,
    CapacitySet,
    ExternalCeilingSet,
    LotRulesSet,
    OperatorSet,
    ProductClassRegistered,
    RegistryEventBody,
    SiteHandedOver,
    SiteRegistered,
    SubstanceRegistered,
    UnitKindRegistered,
)
from veta.model.site_events import SiteEventBody

Topics = tuple[bytes, ...]
StandingBody = RegistryEventBody | AssuranceEventBody | NoticeEventBody | SiteEventBody
StandingDecoder = Callable[[Topics, bytes, BlockRef], StandingBody]

_SUBSTANCE_BITS: Final = 16
_LEAST: Final = -(2**63)


def _id(topic: bytes, bits: int = 32) -> int:
    number = int.from_bytes(topic)
    if number >> bits:
        raise ValueError("a topic has more bits")
    return number


def _member(topic: bytes) -> MemberId:
    return MemberId(_id(topic))


def _time(words: Words) -> UnixSeconds:
    return UnixSeconds(words.number())


# -- Registry -------------------------------------------------------------------------------------


def _site_registered(topics: Topics, data: bytes, _: BlockRef) -> SiteRegistered:
    words = Words(data, 3)
    identifier, name, country = words.blob(), words.text(), words.octets(2)
    words.end()
    if keccak(identifier) != topics[2]:
        raise ValueError("the digest is of another identifier")
    return SiteRegistered(SiteId(_id(topics[1])), written(identifier), name, written(country))


def _operator_set(topics: Topics, data: bytes, _: BlockRef) -> OperatorSet:
    words = Words(data, 4)
    content = (words.number(32), _time(words), _time(words), _time(words))
    words.end()
    return OperatorSet(SiteId(_id(topics[1])), _member(topics[2]), *content)


def _capacity_set(topics: Topics, data: bytes, _: BlockRef) -> CapacitySet:
    words = Words(data, 4)
    content = (words.number(32), _time(words), words.number(), _time(words))
    words.end()
    return CapacitySet(SiteId(_id(topics[1])), SubstanceId(_id(topics[2], 16)), *content)


def _external_ceiling_set(topics: Topics, data: bytes, _: BlockRef) -> ExternalCeilingSet:
    words = Words(data, 4)
    content = (words.number(32), _time(words), words.number(), _time(words))
    words.end()
    return ExternalCeilingSet(_member(topics[1]), SubstanceId(_id(topics[2], 16)), *content)


def _product_class_registered(topics: Topics, data: bytes, _: BlockRef) -> ProductClassRegistered:
    words = Words(data, 5)
    content = (words.truth(), words.number(32), words.number(32), words.number(), words.text())
    words.end()
    return ProductClassRegistered(ProductClassId(_id(topics[1])), *content)


def _substance_registered(topics: Topics, data: bytes, _: BlockRef) -> SubstanceRegistered:
    words = Words(data, 2)
    unit, symbol = BaseUnit(words.number(8)), words.octets(16)
    words.end()
    return SubstanceRegistered(
        SubstanceId(_id(topics[1], 16)), unit, written(symbol.rstrip(b"\x00"))
    )


def _unit_kind_registered(topics: Topics, data: bytes, _: BlockRef) -> UnitKindRegistered:
    words = Words(data, 1)
    name = words.text()
    words.end()
    return UnitKindRegistered(_id(topics[1], 16), name)


def _lot_rules_set(topics: Topics, data: bytes, _: BlockRef) -> LotRulesSet:
    words = Words(data, 5)
    lateness_s, gain_ppm, freeze_s = words.number(32), words.number(32), words.number(32)
    credit_periods, effective_s = words.number(32), _time(words)
    words.end()
    numbers = (_id(topics[1]), lateness_s, gain_ppm, freeze_s, credit_periods)
    return LotRulesSet(*numbers, effective_s)


def _site_handed_over(topics: Topics, data: bytes, _: BlockRef) -> SiteHandedOver:
    Words(data, 0).end()
    return SiteHandedOver(SiteId(_id(topics[1])))


# -- Assurance ------------------------------------------------------------------------------------


def _scheme_registered(topics: Topics, data: bytes, _: BlockRef) -> SchemeRegistered:
    words = Words(data, 4)
    content = (words.number(8), words.number(8), words.number(8), words.text())
    words.end()
    return SchemeRegistered(_id(topics[1], 16), _member(topics[2]), *content)


def _programme_registered(topics: Topics, data: bytes, _: BlockRef) -> ProgrammeRegistered:
    words = Words(data, 1)
    requirements = tuple(Requirement(*entry) for entry in words.entries(2, 16))
    words.end()
    return ProgrammeRegistered(ProgrammeId(_id(topics[1], 16)), requirements)


def _reduction_registered(topics: Topics, data: bytes, _: BlockRef) -> ReductionRegistered:
    Words(data, 0).end()
    return ReductionRegistered(ProgrammeId(_id(topics[1], 16)), ProgrammeId(_id(topics[2], 16)))


def _recognition_set(topics: Topics, data: bytes, _: BlockRef) -> RecognitionSet:
    words = Words(data, 5)
    index, by_member = words.number(32), MemberId(words.number(32))
    window = (_time(words), _time(words), _time(words))
    words.end()
    return RecognitionSet(_id(topics[1], 16), _member(topics[2]), index, by_member, *window)


def _record_made(topics: Topics, data: bytes, _: BlockRef) -> RecordMade:
    words = Words(data, 7)
    parent, scheme, level = words.number(32), words.number(16), words.number(8)
    from_s, until_s = _time(words), _time(words)
    substances, leaf = substances_of(words.octets()), Leaf(words.octets())
    words.end()
    return RecordMade(
        record=_id(topics[1]),
        subject=_id(topics[2]),
        issuer=_member(topics[3]),
        parent=parent,
        scheme=scheme,
        level=level,
        from_s=from_s,
        until_s=until_s,
        substances=substances,
        leaf=leaf,
    )


def substances_of(word: bytes) -> tuple[SubstanceId, ...]:
    """16 bits each, ascending from the lowest; zeros above them."""
    packed = int.from_bytes(word)
    found = []
    while packed:
        found.append(SubstanceId(packed & ((1 << _SUBSTANCE_BITS) - 1)))
        packed >>= _SUBSTANCE_BITS
    if found != sorted(set(found)) or 0 in found:
        raise ValueError("the substances are not ascending")
    return tuple(found)


def _record_status_changed(topics: Topics, data: bytes, _: BlockRef) -> RecordStatusChanged:
    words = Words(data, 7)
    index = words.number(32)
    what = (RecordAction(words.number(8)), RecordSource(words.number(8)))
    by_member = MemberId(words.number(32))
    times = (_time(words), _time(words))
    grounds = Digest(words.octets())
    words.end()
    return RecordStatusChanged(_id(topics[1]), index, *what, by_member, *times, grounds)


def _record_handed_over(topics: Topics, data: bytes, _: BlockRef) -> RecordHandedOver:
    words = Words(data, 1)
    until_s = _time(words)
    words.end()
    return RecordHandedOver(_id(topics[1]), until_s)


def _rule_registered(topics: Topics, data: bytes, _: BlockRef) -> RuleRegistered:
    words = Words(data, 3)
    window = (_time(words), _time(words))
    shares = tuple(
        AllocationShare(ProductClassId(c), least, most) for c, least, most in words.entries(3, 32)
    )
    words.end()
    place = (_id(topics[1]), SiteId(_id(topics[2])), _member(topics[3]))
    return RuleRegistered(*place, *window, shares)


def _rule_confirmed(topics: Topics, data: bytes, _: BlockRef) -> RuleConfirmed:
    words = Words(data, 1)
    from_s = _time(words)
    words.end()
    return RuleConfirmed(_id(topics[1]), _member(topics[2]), from_s)


def _rule_ended(topics: Topics, data: bytes, _: BlockRef) -> RuleEnded:
    words = Words(data, 2)
    by_member, until_s = MemberId(words.number(32)), _time(words)
    words.end()
    return RuleEnded(_id(topics[1]), by_member, until_s)


# -- LotNotices -----------------------------------------------------------------------------------


def _restated(topics: Topics, data: bytes, _: BlockRef) -> Restated:
    words = Words(data, 5)
    index, column, delta = words.number(32), ColumnKey(words.number(32)), words.signed()
    reason, leaf = words.number(8), Leaf(words.octets())
    words.end()
    if not _LEAST <= delta < -_LEAST:
        raise ValueError("the number has more bits")
    place = (_member(topics[1]), LotRoot(topics[2]))
    return Restated(*place, index, column, delta, reason, leaf)


def _restatement_confirmed(topics: Topics, data: bytes, _: BlockRef) -> RestatementConfirmed:
    words = Words(data, 2)
    index, assurer = words.number(32), MemberId(words.number(32))
    words.end()
    return RestatementConfirmed(_member(topics[1]), LotRoot(topics[2]), index, assurer)


def _dispute_opened(topics: Topics, data: bytes, _: BlockRef) -> DisputeOpened:
    words = Words(data, 2)
    lapses_s, grounds = _time(words), Digest(words.octets())
    words.end()
    return DisputeOpened(Digest(topics[1]), _member(topics[2]), lapses_s, grounds)


def _dispute_closed(topics: Topics, data: bytes, _: BlockRef) -> DisputeClosed:
    Words(data, 0).end()
    return DisputeClosed(Digest(topics[1]), _member(topics[2]))


def _dispute_upheld(topics: Topics, data: bytes, _: BlockRef) -> DisputeUpheld:
    words = Words(data, 1)
    by = MemberId(words.number(32))
    words.end()
    return DisputeUpheld(Digest(topics[1]), _member(topics[2]), by)


STANDING_DECODERS: Final[dict[tuple[str, str], StandingDecoder]] = {
    ("Registry", "CapacitySet"): _capacity_set,
    ("Registry", "ExternalCeilingSet"): _external_ceiling_set,
    ("Registry", "LotRulesSet"): _lot_rules_set,
    ("Registry", "OperatorSet"): _operator_set,
    ("Registry", "ProductClassRegistered"): _product_class_registered,
    ("Registry", "SiteHandedOver"): _site_handed_over,
    ("Registry", "SiteRegistered"): _site_registered,
    ("Registry", "SubstanceRegistered"): _substance_registered,
    ("Registry", "UnitKindRegistered"): _unit_kind_registered,
    ("Assurance", "ProgrammeRegistered"): _programme_registered,
    ("Assurance", "RecognitionSet"): _recognition_set,
    ("Assurance", "RecordHandedOver"): _record_handed_over,
    ("Assurance", "RecordMade"): _record_made,
    ("Assurance", "RecordStatusChanged"): _record_status_changed,
    ("Assurance", "ReductionRegistered"): _reduction_registered,
    ("Assurance", "RuleConfirmed"): _rule_confirmed,
    ("Assurance", "RuleEnded"): _rule_ended,
    ("Assurance", "RuleRegistered"): _rule_registered,
    ("Assurance", "SchemeRegistered"): _scheme_registered,
    ("LotNotices", "DisputeClosed"): _dispute_closed,
    ("LotNotices", "DisputeOpened"): _dispute_opened,
    ("LotNotices", "DisputeUpheld"): _dispute_upheld,
    ("LotNotices", "Restated"): _restated,
    ("LotNotices", "RestatementConfirmed"): _restatement_confirmed,
    ("SiteNotices", "ConcernClosed"): concern_closed,
    ("SiteNotices", "ConcernRaised"): concern_raised,
    ("SiteNotices", "SiteRecorded"): site_recorded,
}
"""By contract and event; what is missing (opening, successor) changes nothing that is followed."""
