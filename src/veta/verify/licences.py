"""Licences to show marks, as statements of the schemes' owners: what they say, and until when."""

from __future__ import annotations

from dataclasses import dataclass

from veta.claims.grammar import Licence
from veta.claims.labels import LabelState
from veta.claims.windows import Window
from veta.custody.models import RULES, model_of
from veta.model.identifiers import Leaf, MemberId
from veta.model.lots import CustodyModel
from veta.monitoring.rounds import Author
from veta.statement.credential import Credential
from veta.statement.instants import offset_s


@dataclass(frozen=True, slots=True)
class AnchoredLicence:
    """A licence as the chain bears it out.

    Attributes:
        leaf: of the statement; ``identifier`` is its subject's.
        scheme: its number on the chain, and ``scheme_name`` as the statement has it.
        licensee: DID; ``holder`` is the member of that DID, if there is one.
        site: registered number.
        window: days for which it is given.
        valid: of the statement itself, [from, until) in Unix seconds.
        author: the scheme's owner, and whether it was withdrawn or superseded.
    """

    leaf: Leaf
    identifier: str
    scheme: int
    scheme_name: str
    licensee: str
    holder: MemberId | None
    site: int
    models: frozenset[CustodyModel]
    window: Window
    valid: tuple[int, int]
    author: Author

    @property
    def model_slugs(self) -> tuple[str, ...]:
        """Names of the models, in order."""
        return tuple(sorted(RULES[each].slug for each in self.models))

    def dead(self, at_s: int) -> tuple[LabelState, str, str] | None:
        """State, code and reason if no mark may be shown under it at a moment; else ``None``."""
        named = f"licence {self.identifier}"
        if self.author.withdrawn:
            return LabelState.WITHDRAWN, "claims.licence_withdrawn", f"{named} was withdrawn"
        if self.author.superseded_by is not None:
            words = f"{named} was replaced by {self.author.superseded_by.hex()}"
            return LabelState.WITHDRAWN, "claims.licence_superseded", words
        if at_s < max(self.window.from_s, self.valid[0]):
            return LabelState.NOT_YET, "claims.licence_not_in_force", f"{named} is not valid yet"
        if at_s >= min(self.window.until_s, self.valid[1]):
            return LabelState.EXPIRED, "claims.licence_not_in_force", f"{named} has ended"
        return None

    def under(self, slug: str) -> Licence:
        """The same for the grammar, under the catalogue's name of the scheme."""
        return Licence(self.identifier, slug, str(self.site), self.models, self.window)


def read_licence(
    credential: Credential, leaf: Leaf, author: Author, holder: MemberId | None
) -> AnchoredLicence:
    """A licence from its statement, which keeps the rules of its type.

    Raises:
        InputError: ``claims.zone``, ``claims.window_order``.
    """
    subject = credential.subject
    return AnchoredLicence(
        leaf=leaf,
        identifier=subject["id"],
        scheme=subject["scheme"]["number"],
        scheme_name=subject["scheme"]["name"],
        licensee=subject["licensee"]["id"],
        holder=holder,
        site=subject["site"],
        models=frozenset(model_of(each) for each in subject["models"]),
        window=Window.of_days(
            subject["firstDay"],
            subject["lastDay"],
            from_offset_s=offset_s(subject.get("firstOffset", "+00:00")),
            until_offset_s=offset_s(subject.get("lastOffset", "+00:00")),
        ),
        valid=(credential.valid_from_s, credential.valid_until_s),
        author=author,
    )
