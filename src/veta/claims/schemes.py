"""Schemes as data: levels from the lowest to the highest, and versions with their criteria.

How many criteria there are is a version's business: version 2 of the Copper Mark's assessment has
32, version 3 has 33. A criterion is named with its version, ``copper-mark-rra/3/C11``: the same
number in another version is another criterion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from veta.claims import fields
from veta.claims.fields import Record
from veta.claims.subjects import SubjectKind, kind_of
from veta.claims.windows import Window
from veta.errors import InputError

SCHEMA: Final = "veta-schemes/1"
_OPEN_START: Final = "1970-01-01"
_OPEN_END: Final = "9998-12-31"


@dataclass(frozen=True, slots=True)
class SchemeVersion:
    """One version of a scheme's standard."""

    scheme: str
    version: str
    window: Window
    """When assessments under it are made; an end that is not known is open."""
    criteria: Mapping[str, str]
    """Title by criterion id, in the standard's order; the title is empty where it is not known."""
    plan_months: int
    """Longest improvement plan that the scheme grants."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme: a mark that may stand on a lot, or a framework that is only reported under."""

    slug: str
    name: str
    subject: SubjectKind
    """What its criteria are about."""
    certification: bool
    """Whether independent bodies certify under it (Directive 2005/29/EC, Annex I point 2a)."""
    levels: tuple[str, ...]
    """From the lowest to the highest."""
    source: str
    checked: bool
    """False: written from memory, to be checked before anybody quotes it."""
    versions: Mapping[str, SchemeVersion]


@dataclass(frozen=True, slots=True)
class SchemeCatalogue:
    """Schemes by their slug."""

    version: int
    schemes: Mapping[str, Scheme]
    _by_criterion: Mapping[str, SchemeVersion] = field(repr=False, default_factory=dict)

    def scheme(self, slug: str) -> Scheme:
        """A scheme.

        Raises:
            InputError: ``claims.unknown_scheme``.
        """
        try:
            return self.schemes[slug]
        except KeyError as error:
            raise InputError("claims.unknown_scheme", f"no scheme {slug[:40]!r}") from error

    def rank(self, slug: str, level: str) -> int:
        """Place of a level in its scheme, 1 for the lowest.

        Raises:
            InputError: ``claims.unknown_scheme``, ``claims.unknown_level``.
        """
        levels = self.scheme(slug).levels
        if level not in levels:
            raise InputError("claims.unknown_level", f"{slug} has no level {level[:40]!r}")
        return levels.index(level) + 1

    def scheme_version(self, slug: str, version: str) -> SchemeVersion:
        """A version of a scheme.

        Raises:
            InputError: ``claims.unknown_scheme``, ``claims.unknown_version``.
        """
        try:
            return self.scheme(slug).versions[version]
        except KeyError as error:
            raise InputError(
                "claims.unknown_version", f"{slug} has no version {version[:20]!r}"
            ) from error

    def version_of(self, criterion: str) -> SchemeVersion:
        """The version that a criterion belongs to.

        Raises:
            InputError: ``claims.unknown_criterion``.
        """
        try:
            return self._by_criterion[criterion]
        except KeyError as error:
            raise InputError(
                "claims.unknown_criterion", f"no criterion {criterion[:60]!r}"
            ) from error

    def title(self, criterion: str) -> str:
        """A criterion's title, empty where it is not known.

        Raises:
            InputError: ``claims.unknown_criterion``.
        """
        return self.version_of(criterion).criteria[criterion]


def load_schemes(*files: bytes) -> SchemeCatalogue:
    """The catalogue of one or several data files (``schemes.json``): the shipped and one's own.

    Raises:
        InputError: ``canonical.*``, ``claims.data_*``, ``claims.scheme_twice``,
            ``claims.levels``, ``claims.criteria``, ``claims.day``, ``claims.window_order``.
    """
    schemes: dict[str, Scheme] = {}
    number = 0
    for octets in files:
        found = fields.document(octets, SCHEMA)
        fields.only(found, "schema", "version", "schemes")
        number = max(number, fields.integer(found, "version"))
        for record in fields.records(found, "schemes"):
            scheme = _scheme(record)
            if scheme.slug in schemes:
                raise InputError("claims.scheme_twice", f"{scheme.slug} is described twice")
            schemes[scheme.slug] = scheme
    by_criterion = {
        criterion: version
        for scheme in schemes.values()
        for version in scheme.versions.values()
        for criterion in version.criteria
    }
    return SchemeCatalogue(number, schemes, by_criterion)


def _scheme(record: Record) -> Scheme:
    fields.only(
        record,
        *("slug", "name", "subject", "certification", "levels", "source", "checked", "versions"),
    )
    slug = fields.text(record, "slug")
    levels = fields.texts(record, "levels")
    if not levels:
        raise InputError("claims.levels", f"{slug} has no levels")
    versions = [_version(slug, each) for each in fields.records(record, "versions")]
    by_name = {each.version: each for each in versions}
    if len(by_name) != len(versions):
        raise InputError("claims.scheme_twice", f"a version of {slug} is described twice")
    return Scheme(
        slug=slug,
        name=fields.text(record, "name"),
        subject=kind_of(fields.text(record, "subject")),
        certification=fields.flag(record, "certification", default=False),
        levels=levels,
        source=fields.text(record, "source"),
        checked=fields.flag(record, "checked", default=False),
        versions=by_name,
    )


def _version(slug: str, record: Record) -> SchemeVersion:
    fields.only(
        record, "version", "starts", "ends", "plan_months", "criteria", "numbered", "titles"
    )
    version = fields.text(record, "version")
    names = _criteria(slug, record)
    titles = {
        fields.text(each, "id"): fields.text(each, "title")
        for each in fields.records(record, "titles")
    }
    if not set(titles) <= set(names):
        raise InputError("claims.criteria", f"{slug} {version} has a title for no criterion")
    return SchemeVersion(
        scheme=slug,
        version=version,
        window=Window.of_days(
            fields.text(record, "starts", "") or _OPEN_START,
            fields.text(record, "ends", "") or _OPEN_END,
        ),
        criteria={f"{slug}/{version}/{name}": titles.get(name, "") for name in names},
        plan_months=fields.integer(record, "plan_months"),
    )


def _criteria(slug: str, record: Record) -> tuple[str, ...]:
    numbered = record.get("numbered")
    if numbered is None:
        return fields.texts(record, "criteria")
    if not isinstance(numbered, dict) or "criteria" in record:
        raise InputError("claims.criteria", f"criteria of {slug} are numbered or listed, not both")
    fields.only(numbered, "prefix", "count")
    count = fields.integer(numbered, "count")
    if count > fields.MAX_ROWS:
        raise InputError("claims.criteria", f"{slug} has too many criteria")
    prefix = fields.text(numbered, "prefix")
    return tuple(f"{prefix}{number}" for number in range(1, count + 1))
