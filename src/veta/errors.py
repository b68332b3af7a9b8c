"""Every error of the project, in one tree with stable codes.

"No" and "cannot tell" are different branches, and a write whose outcome is not known is a third:

    ProvenanceError
      InputError            the caller's input is malformed or out of bounds
      VerificationError     a check was made and the answer is no
      LedgerError           the chain could not be asked, or refused to be written
        OutcomeUnknownError   a write may or may not have happened
      StoreError            the node's own database cannot be used
      KeyAccessError        a private key cannot be used
      ConfigError           the node's configuration, or what it is pinned to, is wrong

An error's ``code`` is part of the public interface: command line, API, logs and documentation use
the same one.
"""

from __future__ import annotations

from typing import ClassVar


class ProvenanceError(Exception):
    """Base of all errors raised by Veta.

    Attributes:
        code: stable, dotted, lower case; a subclass names its family, an instance may narrow it.
        message: one sentence for a person, built from the facts; never holds a secret.
    """

    family: ClassVar[str] = "error"

    def __init__(self, code: str, message: str, /) -> None:
        self.code = code
        self.message = message
        super().__init__(code, message)

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class InputError(ProvenanceError):
    """What came in is malformed, too large or out of bounds; nothing was done with it."""

    family = "input"


class NotFoundError(InputError):
    """The named statement, batch or member is not known here."""

    family = "not_found"


class ConflictError(InputError):
    """The request contradicts one that was already accepted (same key, other body)."""

    family = "conflict"


class ForbiddenError(InputError):
    """The caller may not do this."""

    family = "forbidden"


class VerificationError(ProvenanceError):
    """A check was made, and the answer is no."""

    family = "verification"


class LedgerError(ProvenanceError):
    """The chain could not be asked or written."""

    family = "ledger"


class LedgerUnavailableError(LedgerError):
    """No answer, a slow one, or one that is not an answer: nothing is known."""

    family = "ledger"


class LedgerMismatchError(LedgerError):
    """The endpoint answers for another chain or other contracts than the pinned ones."""

    family = "ledger"


class TransactionRevertedError(LedgerError):
    """A contract refused a call.

    Attributes:
        error_name: name of the custom error, or ``None`` where the selector is unknown.
        arguments: the custom error's arguments by name.
    """

    family = "ledger"

    def __init__(
        self,
        code: str,
        message: str,
        /,
        *,
        error_name: str | None = None,
        arguments: dict[str, object] | None = None,
    ) -> None:
        super().__init__(code, message)
        self.error_name = error_name
        self.arguments = arguments or {}


class OutcomeUnknownError(LedgerError):
    """A transaction was handed over and the answer was lost: it may or may not be included.

    Attributes:
        transaction_id: hash of the transaction, to ask for later.
    """

    family = "ledger"

    def __init__(self, code: str, message: str, /, *, transaction_id: bytes) -> None:
        super().__init__(code, message)
        self.transaction_id = transaction_id


class StoreError(ProvenanceError):
    """The node's own database is missing, damaged, full, locked or of another chain."""

    family = "store"


class KeyAccessError(ProvenanceError):
    """A private key is missing, locked, weakly protected or in use by another node."""

    family = "key"


class ConfigError(ProvenanceError):
    """A setting is missing, unknown or contradicts another; or the environment lacks something."""

    family = "config"
