"""Verification: one pure function from bundle, ledger facts, trust and policy to a report.

The steps carry the same numbers in code, reports and documentation:

     1 well-formed, within bounds          7 status and validity in time
     2 signature                           8 lot state and custody
     3 issuer's key and role at anchor     9 lineage and the three laws
     4 schema and semantic rules          10 assurance chain
     5 inclusion, document equals leaf    11 each claim
     6 anchored and final on the chain    12 footprint recomputed
"""
