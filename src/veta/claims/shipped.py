"""The data that come with the package: read once, from beside this module."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from veta.claims.access_tiers import AccessTable, load_tables
from veta.claims.crosswalk import Crosswalk, load_crosswalk
from veta.claims.indicators import IndicatorCatalogue, load_indicators
from veta.claims.lexicon import WordList, load_words
from veta.claims.profiles import Profile, load_profiles
from veta.claims.schemes import SchemeCatalogue, load_schemes


def octets(name: str) -> bytes:
    """A data file of the package, as its octets."""
    return files(__package__).joinpath(name).read_bytes()


@cache
def schemes() -> SchemeCatalogue:
    """The schemes that Veta knows by itself; a network adds its own (``load_schemes``)."""
    return load_schemes(octets("schemes.json"))


@cache
def words() -> WordList:
    """The words that may not stand on a label (Directive (EU) 2024/825)."""
    return load_words(octets("words.json"))


@cache
def crosswalk() -> Crosswalk:
    """The crosswalk between the shipped schemes."""
    return load_crosswalk(octets("crosswalk.json"), schemes())


@cache
def indicators() -> IndicatorCatalogue:
    """The indicators that the shipped profiles ask for; a network adds its own."""
    return load_indicators(octets("indicators.json"))


@cache
def profiles() -> tuple[Profile, ...]:
    """Profiles of regulations, and one of a fictional buyer."""
    return load_profiles(octets("profiles.json"), indicators())


@cache
def access_tables() -> tuple[AccessTable, ...]:
    """Who sees what of which record."""
    return load_tables(octets("access_tiers.json"), indicators())
