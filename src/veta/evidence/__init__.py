"""What a value is worth and what it may be put beside: grades, typed quantities, assays, metrics,
series and targets. No I/O, no clock; exact integers and fractions, never a float (ADR 0220).
"""
