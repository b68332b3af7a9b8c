"""Showing part of what was signed: SD-JWT (RFC 9901) for documents, a salted tree for indicators.

Pure: no clock, no randomness, no files. Salts are handed in. ``docs/spec/disclosure.md`` is the
specification.
"""
