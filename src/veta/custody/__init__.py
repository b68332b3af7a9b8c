"""What must hold of lots and runs, judged without a chain: conservation laws, chains of custody,
lineage and footprints. No I/O; exact integers and fractions, never a float.
"""
