"""The chain: ``Web3Ledger`` over an embedded chain or over JSON-RPC endpoints."""
