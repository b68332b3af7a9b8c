"""What a published status list says of a statement: read, signed by its issuer, and not too old.

A list is only as good as its signature: one that somebody else signed, an old one, or one in which
the statement has no place says nothing, and the report says why it was not read.
"""

from __future__ import annotations

from veta.errors import ProvenanceError
from veta.model.bundle import LedgerFacts, StatusListClaim
from veta.model.determined import Determined, Known, Undetermined
from veta.statement.jws import SignedStatement, check_seal, read_statement
from veta.statement.status_list import bit_at, entry_of, read_status_list
from veta.verify.facts import known_block
from veta.verify.steps import find_sign_key
from veta.verify.timing import KeyStanding, judge_key


def published_status(
    token: bytes, list_token: bytes, facts: LedgerFacts
) -> Determined[StatusListClaim]:
    """What a list says of a statement.

    Args:
        token: the statement.
        list_token: the list's credential as a compact JWS, as it was fetched by whoever reads.
        facts: about the statement; its issuer's keys sign the list, too.

    Returns:
        The claim; ``status_list.*`` and the codes of malformed documents where there is none.
    """
    try:
        statement, listed = read_statement(token), read_statement(list_token)
        entry = entry_of(statement.credential)
        if entry is None:
            return Undetermined("status_list.no_entry", "the statement names no status list")
        if entry.list_url != listed.credential.credential_id:
            return Undetermined("status_list.other_list", "it names another status list")
        why = _why_not(statement, listed, facts)
        if why is not None:
            return why
        return Known(StatusListClaim(bit_at(read_status_list(listed.credential), entry.index)))
    except ProvenanceError as error:
        return Undetermined(error.code, f"the status list was not read: {error.message}")


def _why_not(
    statement: SignedStatement, listed: SignedStatement, facts: LedgerFacts
) -> Undetermined | None:
    """What keeps a list from counting: its signer, or its age."""
    if statement.credential.issuer.identifier != listed.credential.issuer.identifier:
        return Undetermined("status_list.other_issuer", "the list is another issuer's")
    if isinstance(facts.keys, Undetermined):
        return facts.keys
    block = known_block(facts)
    key = find_sign_key(facts.keys.value, listed.sealed)
    if key is None or block is None:
        return Undetermined("status_list.unknown_key", "no key of the issuer signed the list")
    check_seal(listed.sealed, key.algorithm, key.public_key)
    if judge_key(facts.keys.value, key.key_id, block.time_s).standing is not KeyStanding.GOOD:
        return Undetermined("status_list.key_ended", "the list's key is not in force any more")
    valid = listed.credential.valid_from_s <= block.time_s < listed.credential.valid_until_s
    if not valid:
        return Undetermined("status_list.too_old", "the list is of another time than the block")
    return None
