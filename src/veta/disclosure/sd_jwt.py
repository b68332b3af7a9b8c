"""SD-JWT (RFC 9901): one signed document, several readers, each shown what the holder chooses.

Reading claims nothing about the signature; ``verify_sd_jwt`` does. The signed octets are kept as
received from issue to verification.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from veta.canonical import JsonValue
from veta.disclosure.conceal import conceal
from veta.disclosure.disclosures import Disclosure, read_disclosure
from veta.disclosure.envelope import SignedPart, VerificationKey, check_part, read_part, sign_part
from veta.disclosure.key_binding import TYP as KEY_BINDING_TYP
from veta.disclosure.key_binding import KeyBindingDemand, check_key_binding
from veta.disclosure.pointers import find, pointer_text
from veta.disclosure.reconstruct import Reconstruction, reconstruct
from veta.errors import InputError, VerificationError
from veta.model.identifiers import Leaf, UnixSeconds
from veta.statement.jws import SigningKey, leaf_of

MAX_OCTETS: Final = 256 * 1024
"""Longest SD-JWT read, disclosures and key binding included."""
MAX_DISCLOSURES: Final = 1024
AHEAD_S: Final = 300
"""How far ahead of the reader's clock ``iat`` may lie."""

_TILDE: Final = b"~"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a reader asks of the issuer's header."""

    typ: str = "vc+sd-jwt"
    """Exactly this; VC-JOSE-COSE section 3.2 for credentials."""
    kid: bool = True
    """Whether ``kid`` must be there, and under the DID that the document names as its issuer."""


VETA: Final = Profile()
"""Documents of members."""


@dataclass(frozen=True, slots=True)
class SdJwt:
    """An SD-JWT that was read and whose signature was not checked."""

    part: SignedPart
    """What the issuer signed."""
    disclosures: tuple[Disclosure, ...]
    key_binding: bytes | None = None
    """Compact JWS with which a holder shows its key; ``None`` if there is none."""

    @property
    def leaf(self) -> Leaf:
        """SHA-256(0x00 || payload octets): what is anchored, the same whatever is disclosed."""
        return leaf_of(self.part.payload)

    @property
    def presentation(self) -> bytes:
        """The text that a holder's ``sd_hash`` covers (RFC 9901 section 4.3.1)."""
        texts = [self.part.token, *(item.text.encode("ascii") for item in self.disclosures)]
        return _TILDE.join(texts) + _TILDE

    @property
    def token(self) -> bytes:
        """The compact serialization (RFC 9901 section 4)."""
        return self.presentation + (self.key_binding or b"")


@dataclass(frozen=True, slots=True)
class DisclosedClaims:
    """What a verified SD-JWT shows to this reader."""

    claims: dict[str, JsonValue]
    """The document with what was disclosed in its place."""
    opened: tuple[str, ...]
    """JSON pointers into ``claims`` of what was disclosed."""
    unopened: int
    """Digests that nothing was shown for: hidden values and decoys, which look alike."""
    holder: VerificationKey | None
    """The key whose possession was shown; ``None`` if that was not asked for."""


def issue_sd_jwt(
    claims: dict[str, JsonValue],
    signer: SigningKey,
    *,
    hidden: Iterable[str],
    salts: Iterable[bytes],
    decoys: Mapping[str, int] | None = None,
    profile: Profile = VETA,
) -> bytes:
    """Sign a document with parts of it hidden, and hand over all disclosures.

    Args:
        claims: the document in full; ``issuer`` (an object with ``id``, or text) or ``iss`` is the
            DID under which the signer's key is registered.
        signer: a key of that issuer.
        hidden: JSON pointers of what each reader may be shown or not.
        salts: fresh random octets, 16 for each hidden place and two times 16 for each decoy.
        decoys: how many decoys stand in an object or array, by its pointer.
        profile: of the header.

    Returns:
        The SD-JWT with every disclosure: for the holder, who chooses with ``present``.

    Raises:
        InputError: as ``conceal`` and ``sign_part``; ``disclosure.issuer``.
        VerificationError: as ``sign_part``.
    """
    did = _issuer_of(claims) if profile.kid else ""
    if profile.kid and not did.startswith("did:"):
        raise InputError("disclosure.issuer", "the document does not name its issuer's DID")
    concealed = conceal(claims, hidden, salts, decoys=decoys or {})
    token = sign_part(concealed.claims, signer, profile.typ, did=did)
    texts = [item.text.encode("ascii") for item in concealed.disclosures]
    issued = _TILDE.join([token, *texts, b""])
    read_sd_jwt(issued, profile)  # the bounds that every reader has
    return issued


def read_sd_jwt(token: bytes, profile: Profile = VETA) -> SdJwt:
    """Read the compact serialization (RFC 9901 section 4), with or without key binding.

    Not checked: signatures, and whether the document refers to the disclosures.

    Raises:
        InputError: ``disclosure.too_large``, ``disclosure.not_sd_jwt``, and as ``read_part`` and
            ``read_disclosure``.
        VerificationError: ``disclosure.kid_of_stranger``.
    """
    if len(token) > MAX_OCTETS:
        raise InputError("disclosure.too_large", f"an SD-JWT has at most {MAX_OCTETS} octets")
    signed, *texts = token.split(_TILDE)
    if not texts:
        raise InputError("disclosure.not_sd_jwt", "an SD-JWT has a tilde behind its signed part")
    return assemble(signed, texts[:-1], texts[-1] or None, profile)


def assemble(
    signed: bytes, disclosures: list[bytes], key_binding: bytes | None, profile: Profile
) -> SdJwt:
    """An SD-JWT of its parts, whatever serialization they came in.

    Raises:
        InputError, VerificationError: as ``read_sd_jwt``.
    """
    if len(disclosures) > MAX_DISCLOSURES:
        raise InputError("disclosure.too_large", f"at most {MAX_DISCLOSURES} disclosures are read")
    part = read_part(signed, profile.typ, kid=profile.kid)
    if profile.kid and part.issuer != _issuer_of(part.claims):
        raise VerificationError(
            "disclosure.kid_of_stranger",
            "the key named in the header is not under the issuer's DID",
        )
    try:
        texts = [text.decode("ascii") for text in disclosures]
    except UnicodeDecodeError as error:
        raise InputError("base64url.malformed", "not base64url without padding") from error
    if key_binding is not None:
        # Looked at even where nobody asks for it: a disclosure without the tilde behind it would
        # otherwise be dropped in silence.
        read_part(key_binding, KEY_BINDING_TYP, kid=False)
    return SdJwt(part, tuple(map(read_disclosure, texts)), key_binding)


def present(sd_jwt: SdJwt, pointers: Iterable[str]) -> bytes:
    """A presentation with chosen disclosures only; what they stand in is disclosed with them.

    Args:
        sd_jwt: as the holder has it; its signature is not checked here.
        pointers: JSON pointers into the document as the holder sees it, each of a hidden place.

    Returns:
        The compact serialization without key binding; ``bind`` adds one.

    Raises:
        InputError: as ``reconstruct``; ``disclosure.pointer_*``; ``disclosure.not_hidden`` for a
            place that everybody sees anyway.
    """
    seen = reconstruct(sd_jwt.part.claims, sd_jwt.disclosures)
    by_path = {opened.path: opened for opened in seen.opened}
    chosen: set[str] = set()
    for pointer in pointers:
        path, _ = find(seen.claims, pointer)
        if path not in by_path:
            raise InputError("disclosure.not_hidden", f"{pointer[:80]!r} is open to everybody")
        opened = by_path[path]
        chosen.update(item.digest for item in (*opened.within, opened.disclosure))
    kept = tuple(item for item in sd_jwt.disclosures if item.digest in chosen)
    return SdJwt(sd_jwt.part, kept).presentation


def verify_sd_jwt(
    sd_jwt: SdJwt,
    key: VerificationKey,
    *,
    at_s: UnixSeconds,
    key_binding: KeyBindingDemand | None = None,
) -> DisclosedClaims:
    """Verify an SD-JWT and give what it shows (RFC 9901 sections 7.1 and 7.3).

    1. the issuer's signature, by a key that the caller trusts for that issuer;
    2. the disclosures, each in its one place (``reconstruct``);
    3. ``nbf``, ``iat`` and ``exp`` where the document has them;
    4. key binding, if the reader asks for it, whether or not the token brings one.

    Not checked: that the key is the issuer's; ``validFrom``, ``validUntil``, status, and the rules
    of the document's type.

    Args:
        sd_jwt: as read.
        key: of the issuer.
        at_s: Unix seconds at which it has to be good.
        key_binding: what the reader asks of the holder; ``None`` asks nothing.

    Raises:
        VerificationError: ``signature.*``, ``disclosure.expired``, ``.not_yet_valid``,
            ``.key_binding_missing``, ``.key_binding_*``.
        InputError: as ``reconstruct``; ``key.*``; ``disclosure.malformed`` for a time or a ``cnf``
            that is none.
    """
    check_part(sd_jwt.part, key)
    seen = reconstruct(sd_jwt.part.claims, sd_jwt.disclosures)
    _check_times(sd_jwt.part.claims, at_s)
    holder = None
    if key_binding is not None:
        document, presentation = sd_jwt.part.claims, sd_jwt.presentation
        holder = check_key_binding(
            document, presentation, sd_jwt.key_binding, key_binding, at_s=at_s
        )
    return DisclosedClaims(seen.claims, _pointers(seen), seen.unopened, holder)


def _pointers(seen: Reconstruction) -> tuple[str, ...]:
    return tuple(sorted(pointer_text(opened.path) for opened in seen.opened))


def _check_times(claims: dict[str, JsonValue], at_s: UnixSeconds) -> None:
    """RFC 7519 sections 4.1.4 to 4.1.6; windows are [nbf, exp)."""
    times: dict[str, int] = {}
    for name in ("nbf", "iat", "exp"):
        value = claims.get(name, 0)
        if type(value) is not int or value < 0:
            raise InputError("disclosure.malformed", f"{name} is not a number of seconds")
        times[name] = value
    if "exp" in claims and at_s >= times["exp"]:
        raise VerificationError("disclosure.expired", f"good until {times['exp']}, asked at {at_s}")
    if at_s < times["nbf"] or at_s + AHEAD_S < times["iat"]:
        raise VerificationError("disclosure.not_yet_valid", f"not yet good at {at_s}")


def _issuer_of(claims: dict[str, JsonValue]) -> str:
    """The DID that a document names as its issuer; empty if it names none, or two."""
    issuer = claims.get("issuer")
    named = [issuer.get("id") if isinstance(issuer, dict) else issuer, claims.get("iss")]
    names = {name for name in named if name is not None}
    name = names.pop() if len(names) == 1 else None
    return name if isinstance(name, str) else ""
