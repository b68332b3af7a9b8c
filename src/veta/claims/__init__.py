"""What may be said of a lot, and in which words: claims, labels, criteria, crosswalk, profiles.

Pure: no clock, no network, no store; shares are ppm, times are Unix seconds. The data that
ship with the package lie beside the modules and are read by ``veta.claims.shipped``.
"""

from veta.claims.grammar import (
    Certificate,
    ClaimFacts,
    ClaimRequest,
    ClaimTerms,
    Licence,
    Mark,
    Source,
    judge,
    read_request,
    sentence,
)
from veta.claims.languages import Language
from veta.claims.windows import Window

__all__ = [
    "Certificate",
    "ClaimFacts",
    "ClaimRequest",
    "ClaimTerms",
    "Language",
    "Licence",
    "Mark",
    "Source",
    "Window",
    "judge",
    "read_request",
    "sentence",
]
