"""Veta: a permissioned-blockchain provenance node for responsibly sourced metals."""

__version__ = "0.1.0"
