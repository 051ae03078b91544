"""Addresses → Places: where each is believed to be, and what its registries say, kept apart.

addresses.py  text → numbers, tunnelled IPv4 unwrapped
special.py    IANA's special-purpose space, asked before any database
layers.py     the shipped databases (`data/`, made by `tools/build_geo.py`), mapped when first asked
snapshot.py   which database stands for a capture's date
locator.py    the look-up itself
claims.py     class, wording and scope of one address
"""

from analyzer.geo.claims import located_in, scope_claims, verdict, wording
from analyzer.geo.locator import Locator

__all__ = ["Locator", "located_in", "scope_claims", "verdict", "wording"]
