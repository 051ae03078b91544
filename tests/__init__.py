"""In all tests and fuzzers a mistake of ours raises: nothing is contained (`analyzer.system.containment`).

Tests of containment itself take the variable away.
"""

import os

os.environ.setdefault("PHONEHOME_RAISE", "1")
