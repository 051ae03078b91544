"""GeoIP legacy country files (`.dat`) → starts of ranges and country codes.

The file is a binary trie of 6-byte nodes, two 24-bit little-endian records each. A record from
16,776,960 on is a leaf and holds a position in the format's fixed list of countries. At the end
stands ff ff ff and the edition: 1 for IPv4, 12 for IPv6.
"""

from __future__ import annotations

import numpy as np

COUNTRY_BEGIN = 16_776_960
EDITION_BITS = {1: 32, 12: 128}

# The format's order; it is older than several codes, which stand where their predecessors did.
_ORDER = """
-- AP EU AD AE AF AG AI AL AM CW AO AQ AR AS AT AU AW AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BV
BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI
FJ FK FM FO FR SX GA GB GD GE GF GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IN IO
IQ IR IS IT JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD MG MH MK
ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL
PM PN PR PS PT PW PY QA RE RO RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR ST SV SY SZ TC TD TF TG
TH TJ TK TM TN TO TL TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT RS ZA ZM ME ZW A1
A2 O1 AX GG IM JE BL MF BQ SS XK
"""
COUNTRIES = tuple(_ORDER.split())


def read_legacy_dat(data: bytes) -> tuple[int, list[int], list[str]]:
    """Width of an address in bits, sorted starts of ranges, and the code of each."""
    bits = EDITION_BITS[data[-1]]
    raw = np.frombuffer(data, np.uint8, len(data) // 6 * 6).reshape(-1, 2, 3).astype(np.uint32)
    children = raw[:, :, 0] | raw[:, :, 1] << 8 | raw[:, :, 2] << 16
    starts, leaves = _leaves(children, bits)
    order = sorted(range(len(starts)), key=starts.__getitem__)
    return bits, [starts[i] for i in order], [COUNTRIES[leaves[i]] for i in order]


def _leaves(children: np.ndarray, bits: int) -> tuple[list[int], list[int]]:
    """Walk the trie level by level; prefixes are kept as left-aligned high and low halves."""
    nodes, hi, lo = np.zeros(1, np.int64), np.zeros(1, np.uint64), np.zeros(1, np.uint64)
    starts: list[int] = []
    leaves: list[int] = []
    for depth in range(bits):
        bit = bits - 1 - depth
        high, low = (1 << bit) >> 64, (1 << bit) & 0xFFFF_FFFF_FFFF_FFFF
        below = np.concatenate([children[nodes, 0], children[nodes, 1]])
        hi = np.concatenate([hi, hi | np.uint64(high)])
        lo = np.concatenate([lo, lo | np.uint64(low)])
        leaf = below >= COUNTRY_BEGIN
        starts += [(h << 64) | s for h, s in zip(hi[leaf].tolist(), lo[leaf].tolist(), strict=True)]
        leaves += (below[leaf] - COUNTRY_BEGIN).tolist()
        nodes, hi, lo = below[~leaf].astype(np.int64), hi[~leaf], lo[~leaf]
    if len(nodes):
        raise ValueError(f"{len(nodes)} branches of the trie go deeper than {bits} bits")
    return starts, leaves
