"""The only module that imports web3 and what comes with it."""

from __future__ import annotations

from veta.chain.recursion import recursion_limit_kept

with recursion_limit_kept():
    from eth_abi.abi import decode as abi_decode
    from eth_abi.abi import encode as abi_encode
    from eth_abi.exceptions import DecodingError, EncodingError
    from eth_utils.abi import collapse_if_tuple
    from eth_utils.crypto import keccak
    from web3 import Web3
    from web3.middleware import ExtraDataToPOAMiddleware
    from web3.providers.base import BaseProvider, JSONBaseProvider
    from web3.types import RPCEndpoint, RPCResponse

__all__ = [
    "BaseProvider",
    "DecodingError",
    "EncodingError",
    "ExtraDataToPOAMiddleware",
    "JSONBaseProvider",
    "RPCEndpoint",
    "RPCResponse",
    "Web3",
    "abi_decode",
    "abi_encode",
    "collapse_if_tuple",
    "keccak",
]
