"""The period that capacity, ceilings, credit, variance and gains are counted in."""

from __future__ import annotations

from typing import NewType

Period = NewType("Period", int)
"""A UTC calendar quarter: year * 4 + (0 to 3). ``veta.custody.periods`` computes with it."""
