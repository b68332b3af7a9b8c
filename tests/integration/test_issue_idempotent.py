"""Issuing: what is kept once, what is refused, and what a client's second try gets."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from tests.support.node_parts import MINE, ManualClock, Parts, make_parts
from tests.support.statements import DOCUMENT, LOT, SIGNER, issuance
from tests.support.statements import MINE as MINE_PARTY
from veta.errors import ConflictError, ForbiddenError, InputError, VerificationError
from veta.model.identifiers import Digest
from veta.ports.store import StatementState
from veta.services.issue import IdempotentRequest, StatementIssuer
from veta.statement.jws import check_seal, read_statement
from veta.statement.passport import build_passport


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = make_parts(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def issuer(parts: Parts) -> StatementIssuer:
    return StatementIssuer(
        store=parts.store,
        signer=SIGNER,
        clock=ManualClock(),
        member=MINE,
        identifier=MINE_PARTY.identifier,
    )


def _passport(label: str = "1") -> dict[str, Any]:
    return build_passport(LOT, issuance(label), DOCUMENT)


def _request(key: str, body: bytes = b"body") -> IdempotentRequest:
    return IdempotentRequest(key, Digest(sha256(body).digest()))


def _kept(parts: Parts) -> int:
    with parts.store.read() as work:
        return sum(work.count_statements().values())


def test_issue__passport__kept_with_leaf_payload_and_good_signature(
    parts: Parts, issuer: StatementIssuer
) -> None:
    issued = issuer.issue(_passport())
    assert issued.created
    with parts.store.read() as work:
        stored = work.statement(issued.leaf)
    assert stored is not None
    assert stored.state is StatementState.ISSUED
    assert issued.leaf == sha256(b"\0" + stored.record.payload).digest()
    signed = read_statement(stored.record.token)
    check_seal(signed.sealed, SIGNER.algorithm, SIGNER.public_key)
    assert signed.payload == stored.record.payload
    with parts.store.read() as work:
        assert work.statements(subject=stored.record.subject) == (stored,)
        assert work.statements(credential_id=stored.record.credential_id) == (stored,)
        assert work.statements(subject="somebody else's lot") == ()


@pytest.mark.row("T48")
def test_issue__same_credential_twice__kept_once(parts: Parts, issuer: StatementIssuer) -> None:
    first, second = issuer.issue(_passport()), issuer.issue(_passport())
    assert (first.created, second.created) == (True, False)
    assert (first.leaf, first.token) == (second.leaf, second.token)
    assert _kept(parts) == 1


@pytest.mark.row("T48")
def test_issue__same_key_and_body__first_answer_and_nothing_new(
    parts: Parts, issuer: StatementIssuer
) -> None:
    # A retry builds its credential anew, with another blind: only the key makes them one.
    first = issuer.issue(_passport("a"), request=_request("key"))
    second = issuer.issue(_passport("b"), request=_request("key"))
    assert second.leaf == first.leaf
    assert not second.created
    assert _kept(parts) == 1


@pytest.mark.row("T48")
def test_issue__same_key_other_body__conflict(parts: Parts, issuer: StatementIssuer) -> None:
    issuer.issue(_passport("a"), request=_request("key"))
    with pytest.raises(ConflictError) as refusal:
        issuer.issue(_passport("b"), request=_request("key", b"another body"))
    assert refusal.value.code == "idempotency.other_body"
    assert _kept(parts) == 1


@pytest.mark.row("T48")
def test_issue__a_hundred_at_once_with_one_key__one_row(
    parts: Parts, issuer: StatementIssuer
) -> None:
    barrier = Barrier(20)

    def post(number: int) -> tuple[bytes, bool]:
        barrier.wait()
        issued = issuer.issue(_passport(str(number)), request=_request("key"))
        return issued.leaf, issued.created

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(100)))
    assert len({leaf for leaf, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1
    assert _kept(parts) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "ключ", "a\nb", "a\x00"])
def test_issue__bad_key__refused(issuer: StatementIssuer, key: str) -> None:
    with pytest.raises(InputError) as refusal:
        issuer.issue(_passport(), request=_request(key))
    assert refusal.value.code == "idempotency.key"


def test_issue__in_another_issuers_name__refused(parts: Parts, issuer: StatementIssuer) -> None:
    credential = _passport()
    credential["issuer"] = {**credential["issuer"], "id": "did:web:somebody-else.example"}
    with pytest.raises(ForbiddenError) as refusal:
        issuer.issue(credential)
    assert refusal.value.code == "issue.other_issuer"
    assert _kept(parts) == 0


def test_issue__breaks_a_rule_of_its_type__refused(parts: Parts, issuer: StatementIssuer) -> None:
    credential = _passport()
    credential["credentialSubject"]["batchNumber"] = "another lot"  # the id names the first
    with pytest.raises(VerificationError):
        issuer.issue(credential)
    assert _kept(parts) == 0


def test_issue_many__in_chunks__order_and_progress_kept(
    parts: Parts, issuer: StatementIssuer
) -> None:
    told: list[int] = []
    credentials = (_passport(str(number)) for number in range(25))
    issued = list(issuer.issue_many(credentials, progress=told.append, chunk=10))
    assert told == [10, 20, 25]
    with parts.store.read() as work:
        assert [s.record.leaf for s in work.all_statements()] == [i.leaf for i in issued]


def test_issue_many__bad_one_in_the_second_chunk__first_chunk_kept_second_not_at_all(
    parts: Parts, issuer: StatementIssuer
) -> None:
    credentials = [_passport(str(number)) for number in range(20)]
    credentials[15]["issuer"] = {"id": "did:web:x.example", "name": "X"}
    with pytest.raises(ForbiddenError):
        list(issuer.issue_many(credentials, chunk=10))
    assert _kept(parts) == 10
    again = list(issuer.issue_many([_passport(str(n)) for n in range(20)], chunk=10))
    assert [issued.created for issued in again] == [False] * 10 + [True] * 10
