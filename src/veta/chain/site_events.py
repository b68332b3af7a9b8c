"""Logs of ``SiteNotices`` into model values, by slices of their ABI."""

from __future__ import annotations

from veta.chain.abi_words import Words
from veta.model.anchoring import BlockRef
from veta.model.identifiers import Leaf, MemberId, UnixSeconds
from veta.model.lots import SiteId
from veta.model.site_events import (
    CATEGORIES,
    ConcernClosed,
    ConcernRaised,
    ConcernSide,
    NoticeSource,
    SiteRecorded,
    SiteRecordKind,
)

_BITS = 32


def concern_raised(topics: tuple[bytes, ...], data: bytes, _: BlockRef) -> ConcernRaised:
    """A concern.

    Raises:
        ValueError: the log says something else; so do the others.
    """
    words = Words(data, 4)
    source = NoticeSource(words.number(8))
    times = (UnixSeconds(words.number()), UnixSeconds(words.number()))
    leaf = Leaf(words.octets())
    words.end()
    return ConcernRaised(*_place(topics), source, *times, leaf)


def concern_closed(topics: tuple[bytes, ...], data: bytes, _: BlockRef) -> ConcernClosed:
    """One side's closing."""
    words = Words(data, 3)
    side, closed_s = ConcernSide(words.number(8)), UnixSeconds(words.number())
    leaf = Leaf(words.octets())
    words.end()
    return ConcernClosed(*_place(topics), side, closed_s, leaf)


def site_recorded(topics: tuple[bytes, ...], data: bytes, _: BlockRef) -> SiteRecorded:
    """A record of a site."""
    words = Words(data, 8)
    source, kind = NoticeSource(words.number(8)), SiteRecordKind(words.number(8))
    category = CATEGORIES[kind](words.number(8)).value
    recorded_s, from_s, until_s = (UnixSeconds(words.number()) for _ in range(3))
    replaces, leaf = words.number(_BITS), Leaf(words.octets())
    words.end()
    window = (recorded_s, from_s, until_s)
    return SiteRecorded(*_place(topics), source, kind, category, *window, replaces, leaf)


def _place(topics: tuple[bytes, ...]) -> tuple[SiteId, int, MemberId]:
    """Site, number and member."""
    site, number, member = (int.from_bytes(topic) for topic in topics[1:])
    if (site | number | member) >> _BITS:
        raise ValueError("a topic has more bits")
    return SiteId(site), number, MemberId(member)
