"""Monitoring rounds of several signers: what was read, who saw it, who did not. No I/O."""
