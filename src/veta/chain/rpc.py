"""JSON-RPC answers taken apart: shapes are checked, words are not read.

A client's error message decides nothing (clients differ and change): revert data is the only part
of an error that means something, and it is decoded by ``chain.revert``.
"""

from __future__ import annotations

from typing import Any, Final

from veta.chain.web3_packages import BaseProvider, ExtraDataToPOAMiddleware, RPCEndpoint, Web3
from veta.errors import LedgerError, LedgerUnavailableError
from veta.model.anchoring import BlockRef
from veta.model.identifiers import BlockNumber, Digest, UnixSeconds

_MAX_REVERT_OCTETS: Final = 65_536
LATEST: Final = "latest"


class RpcClient:
    """Asks one web3 provider.

    Middleware is chosen here: only the one that proof-of-authority chains need. web3's defaults
    send three requests for one call.
    """

    def __init__(self, provider: BaseProvider) -> None:
        self.web3 = Web3(provider, middleware=[(ExtraDataToPOAMiddleware, "poa")])
        self._provider = provider

    def respond(self, method: str, *parameters: Any) -> tuple[Any, dict[str, Any] | None]:
        """``(result, None)`` or ``(None, error)``.

        Raises:
            LedgerError: from the provider, unchanged.
            LedgerUnavailableError: ``ledger.garbage``.
        """
        request = self._provider.request_func(self.web3, self.web3.middleware_onion)
        try:
            response: Any = request(RPCEndpoint(method), list(parameters))
        except LedgerError:
            raise
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise garbage(method) from error
        if not isinstance(response, dict):
            raise garbage(method)
        if response.get("error") is not None:
            refusal = response["error"]
            return None, refusal if isinstance(refusal, dict) else {}
        if "result" not in response:
            raise garbage(method)
        return response["result"], None

    def ask(self, method: str, *parameters: Any) -> Any:
        """The result.

        Raises:
            LedgerUnavailableError: ``ledger.refused_request`` when the endpoint answers with an
                error, or what ``respond`` raises.
        """
        result, error = self.respond(method, *parameters)
        if error is not None:
            raise refused_request(method, error)
        return result


def garbage(what: str) -> LedgerUnavailableError:
    """The endpoint answered something that is no answer."""
    return LedgerUnavailableError("ledger.garbage", f"the endpoint's answer to {what} is malformed")


def refused_request(method: str, error: dict[str, Any]) -> LedgerUnavailableError:
    """The endpoint answered with an error that carries no revert data."""
    code = error.get("code")
    return LedgerUnavailableError(
        "ledger.refused_request",
        f"the endpoint refuses {method} (code {code if isinstance(code, int) else 'none'})",
    )


def quantity(value: Any, what: str, bits: int = 256) -> int:
    """A hex quantity such as ``0x1f``.

    Raises:
        LedgerUnavailableError: ``ledger.garbage``.
    """
    if not isinstance(value, str) or not value.startswith("0x") or not 2 < len(value) <= 66:
        raise garbage(what)
    try:
        number = int(value, 16)
    except ValueError as error:
        raise garbage(what) from error
    if number >> bits or "_" in value or value[2] in "+-":
        raise garbage(what)
    return number


def octets(value: Any, what: str, length: int | None = None) -> bytes:
    """Hex data, of ``length`` octets where that is known.

    Raises:
        LedgerUnavailableError: ``ledger.garbage``.
    """
    if not isinstance(value, str) or not value.startswith("0x"):
        raise garbage(what)
    try:
        found = bytes.fromhex(value[2:])
    except ValueError as error:
        raise garbage(what) from error
    if (length is not None and len(found) != length) or 2 * len(found) != len(value) - 2:
        raise garbage(what)
    return found


def block_ref(answer: Any) -> BlockRef:
    """The block that an answer describes.

    Raises:
        LedgerUnavailableError: ``ledger.garbage``.
    """
    # web3's middleware hands blocks on as read-only mappings.
    if not hasattr(answer, "get"):
        raise garbage("a block")
    return BlockRef(
        BlockNumber(quantity(answer.get("number"), "a block's number", 64)),
        Digest(octets(answer.get("hash"), "a block's hash", 32)),
        Digest(octets(answer.get("parentHash"), "a block's parent hash", 32)),
        UnixSeconds(quantity(answer.get("timestamp"), "a block's time", 64)),
    )


def revert_data(error: dict[str, Any]) -> bytes | None:
    """The revert data in an error answer, wherever clients put it; ``None`` if there is none.

    geth, Besu and anvil: ``error.data`` is the hex data; some clients wrap it once more.
    """
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("data", data.get("result"))
    if not isinstance(data, str) or len(data) > 2 * _MAX_REVERT_OCTETS:
        return None
    at = data.find("0x")
    try:
        return bytes.fromhex(data[at + 2 :]) if at >= 0 else None
    except ValueError:
        return None
