"""Issuing: a credential is checked, signed by the member's statement key, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from veta.errors import ConflictError, ForbiddenError, InputError
from veta.model.anchoring import BatchKind
from veta.model.identifiers import Digest, Leaf, MemberId
from veta.ports.clock import Clock
from veta.ports.keys import StatementSigner
from veta.ports.store import StatementRecord, Store, StoreWork
from veta.statement.credential import Credential, view_credential
from veta.statement.jws import sign_statement, unseal
from veta.verify.rules import check_rules

CHUNK: Final = 500
"""Statements a database transaction in bulk."""
_LONGEST_KEY: Final = 200


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A client's promise that equal keys mean the same request."""

    key: str
    """1 to 200 printable ASCII characters."""
    body_digest: Digest
    """SHA-256 of the request's octets."""


@dataclass(frozen=True, slots=True)
class IssuedStatement:
    """What was issued."""

    leaf: Leaf
    token: bytes
    kind: BatchKind
    created: bool
    """``False`` if it was there already."""


class StatementIssuer:
    """Issues statements of one member.

    Args:
        store: where they are kept.
        signer: the member's statement key.
        clock: for the time of keeping.
        member: the node's member.
        identifier: its DID; a credential of another issuer is refused.
        check: the rules of the credential's type; ``check_rules`` but in tests of something else.
    """

    def __init__(
        self,
        *,
        store: Store,
        signer: StatementSigner,
        clock: Clock,
        member: MemberId,
        identifier: str,
        check: Callable[[Credential], None] = check_rules,
    ) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._member = member
        self._identifier = identifier
        self._check = check

    def issue(
        self, credential: dict[str, Any], *, request: IdempotentRequest | None = None
    ) -> IssuedStatement:
        """Sign and keep one statement.

        The same payload octets are the same statement: it is kept once. With a ``request`` whose
        key was used before, the statement issued then is returned and nothing is signed anew.

        Raises:
            ConflictError: ``idempotency.other_body``: the key came with another body before;
                ``statement.erased``: this very statement was issued and erased.
            ForbiddenError: ``issue.other_issuer``.
            InputError: the credential is malformed.
            VerificationError: it breaks a rule of its type.
        """
        if request is None:
            record = self.prepare(credential)
            with self._store.write() as work:
                return self._keep(work, record)
        _require_key(request.key)
        earlier = self._earlier(request)
        if earlier is not None:
            return earlier
        record = self.prepare(credential)
        with self._store.write() as work:
            earlier = self._answered(work, request)
            if earlier is not None:
                return earlier  # another thread was faster; what was signed here is dropped
            issued = self._keep(work, record)
            work.remember(request.key, request.body_digest, issued.leaf, record.created_s)
            return issued

    def issue_many(
        self,
        credentials: Iterable[dict[str, Any]],
        *,
        progress: Callable[[int], None] | None = None,
        chunk: int = CHUNK,
    ) -> Iterator[IssuedStatement]:
        """Sign and keep many; each ``chunk`` is one database transaction.

        Lazy: results come as chunks are committed, and stopping early keeps whole chunks. A bad
        credential raises before any statement of its chunk is kept.

        Args:
            credentials: in the order in which they shall be batched.
            progress: called with the number kept so far, after each chunk.
            chunk: statements a transaction.
        """
        source = iter(credentials)
        kept = 0
        while records := [self.prepare(credential) for credential in islice(source, chunk)]:
            with self._store.write() as work:
                added = work.add_statements(records)
            kept += len(records)
            if progress is not None:
                progress(kept)
            for record in records:
                created = record.leaf in added
                yield IssuedStatement(record.leaf, record.token, record.kind, created)

    def prepare(self, credential: dict[str, Any]) -> StatementRecord:
        """Check and sign one statement, and keep nothing: for who keeps it with something else.

        Raises:
            ForbiddenError, InputError, VerificationError: as ``issue``.
        """
        view = view_credential(credential)
        if view.issuer.identifier != self._identifier:
            raise ForbiddenError(
                "issue.other_issuer",
                f"this node signs for {self._identifier}, not for {view.issuer.identifier}",
            )
        self._check(view)
        sealed = unseal(sign_statement(credential, self._signer))
        subject = view.subject.get("id")
        return StatementRecord(
            leaf=sealed.leaf,
            issuer=self._member,
            kind=view.kind,
            credential_id=view.credential_id,
            subject=subject if isinstance(subject, str) else "",
            payload=sealed.payload,
            token=sealed.token,
            created_s=self._clock.now_s(),
        )

    @staticmethod
    def _keep(work: StoreWork, record: StatementRecord) -> IssuedStatement:
        if work.add_statements([record]):
            return IssuedStatement(record.leaf, record.token, record.kind, created=True)
        stored = work.statement(record.leaf)
        if stored is None:
            raise ConflictError("statement.erased", f"{record.leaf.hex()} was issued and erased")
        return IssuedStatement(record.leaf, stored.record.token, record.kind, created=False)

    def _earlier(self, request: IdempotentRequest) -> IssuedStatement | None:
        with self._store.read() as work:
            return self._answered(work, request)

    @staticmethod
    def _answered(work: StoreWork, request: IdempotentRequest) -> IssuedStatement | None:
        remembered = work.idempotent(request.key)
        if remembered is None:
            return None
        body_digest, answer = remembered
        if body_digest != request.body_digest:
            raise ConflictError(
                "idempotency.other_body", "the idempotency key was used with another body"
            )
        stored = work.statement(Leaf(answer))
        assert stored is not None  # key and statement were committed together
        record = stored.record
        return IssuedStatement(record.leaf, record.token, record.kind, created=False)


def _require_key(key: str) -> None:
    if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        raise InputError(
            "idempotency.key",
            f"an idempotency key has 1 to {_LONGEST_KEY} printable characters",
        )
