"""Step 11: the licences that came with a lot and are in force for its site and maker.

Told, never asked for: a lot is no worse for a licence that nobody showed, and a label asks for one
anew at each look (docs/spec/claims.md). What is no licence of the scheme's owner says nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from veta.errors import InputError
from veta.model.assurance import AssuranceFacts
from veta.model.determined import Determined, Known
from veta.model.disclosure import LotPart
from veta.model.identifiers import MemberId, UnixSeconds
from veta.statement.own_types import LABEL_LICENCE
from veta.verify.licences import AnchoredLicence, read_licence
from veta.verify.monitoring_step import Told
from veta.verify.verdict import Check, Outcome, Step


def check_licences(
    part: LotPart,
    maker: str,
    beside: Iterable[Told],
    assurance: Determined[AssuranceFacts],
    at_s: UnixSeconds,
) -> list[Check]:
    """One finding a licence that is good and covers the lot's site and maker at a moment.

    Args:
        part: the lot, well-formed.
        maker: DID of the passport's issuer; step 8 says whether the lot is its own.
        beside: the statements that came with it.
        assurance: who owns the schemes, as the chain has it.
        at_s: the moment for which the lot is judged.
    """
    if not isinstance(assurance, Known):
        return []
    owners = {each.scheme: each.owner for each in assurance.value.schemes}
    found = []
    for each in beside:
        licence = _licence(each, owners)
        if licence is None or licence.dead(at_s) is not None:
            continue
        if (licence.licensee, licence.site) == (maker, part.batch.header.site):
            found.append(_told(licence))
    return found


def _licence(told: Told, owners: Mapping[int, MemberId]) -> AnchoredLicence | None:
    """The licence of a scheme's owner, who is asked about by its number on the chain."""
    author = told.author if told.name == LABEL_LICENCE else None
    if author is None:
        return None
    assert isinstance(told.facts.issuer, Known)
    assert told.facts.issuer.value is not None  # it has an author
    credential = told.statement.credential
    if owners.get(credential.subject["scheme"]["number"]) != told.facts.issuer.value.member:
        return None
    try:
        return read_licence(credential, told.statement.leaf, author, None)
    except InputError:
        return None


def _told(licence: AnchoredLicence) -> Check:
    models, mark = ", ".join(licence.model_slugs), licence.scheme_name
    return Check(
        Step.CLAIMS,
        Outcome.PASSED,
        "claims.licensed",
        f"{licence.author.name} licenses the mark {mark} for the lot's site: {models}",
        {
            "licence": licence.identifier,
            "scheme": licence.scheme,
            "models": licence.model_slugs,
            "from_s": licence.window.from_s,
            "until_s": licence.window.until_s,
        },
    )
