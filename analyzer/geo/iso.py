"""Country codes: text in the sources' spelling ↔ the small numbers that the look-up tables hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# ISO 3166-1 alpha-2, the 249 officially assigned codes.
_ASSIGNED = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW
BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI
FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN
IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME
MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF
PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE
YT ZA ZM ZW
"""

ASSIGNED: tuple[str, ...] = tuple(_ASSIGNED.split())

# Codes that occur in the sources without being assigned by ISO 3166-1: how each is read, and why.
NOT_ASSIGNED: Mapping[str, tuple[str | None, str]] = {
    "XK": ("XK", "user-assigned, in general use for Kosovo; kept as it is"),
    "UK": ("GB", "exceptionally reserved for the United Kingdom, whose code is GB"),
    "EU": (None, "exceptionally reserved for the European Union: a region, so no country is claimed"),
    "AP": (None, "the registries' mark for the Asia-Pacific region: no country is claimed"),
    "ZZ": (None, "the registries' mark for an unknown country"),
    "AN": (None, "Netherlands Antilles, withdrawn in 2010, now BQ, CW and SX: not decidable"),
    "CS": (None, "Serbia and Montenegro (or Czechoslovakia), withdrawn in 2006: not decidable"),
    "SU": (None, "USSR, withdrawn in 1992: not decidable"),
    "NT": (None, "Neutral Zone, withdrawn in 1993: not decidable"),
    "YU": (None, "Yugoslavia, withdrawn in 2003: not decidable"),
    "A1": (None, "a legacy mark for anonymous proxies"),
    "A2": (None, "a legacy mark for satellite providers"),
    "O1": (None, "a legacy mark for other countries"),
}

# Row 0 says nothing; the numbers are positions in this tuple and are what the data files hold.
CODES: tuple[str | None, ...] = (None, *ASSIGNED, "XK")
_NUMBERS = {code: number for number, code in enumerate(CODES) if code}


def standard_code(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code (or XK) that a source means; None where it names no country."""
    code = NOT_ASSIGNED.get(text, (text, ""))[0]
    return code if code in _NUMBERS else None


def code_number(text: str | None) -> int:
    """The number of a source's code in the data files; 0 where it names no country."""
    code = standard_code(text) if text else None
    return _NUMBERS[code] if code else 0


def numbers_of(regions: Iterable[str]) -> frozenset[int]:
    """The numbers of the regions asked for; codes that no source can name are left out."""
    return frozenset(_NUMBERS[code] for code in regions if code in _NUMBERS)
