"""The first digits of an ICCID → the country and the issuer of the SIM card.

Countries are the E.164 country codes behind the 89 of telecommunications. Issuers are those that ITU-T
publishes under E.118 in its Operational Bulletin, in the transcription of e118-iin-list (BSD-3-Clause,
Nordic Semiconductor ASA): `issuers.tsv` has the digits behind 89, the issuer's name as published, and the
country where the country code is of several. Names are those of the time of registration. China's
operators divide their card numbers by plans of their own, which stand here instead of E.118's one entry.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

CHINESE = {
    "8600": "China Mobile",
    "8602": "China Mobile",
    "8604": "China Mobile",
    "8607": "China Mobile",
    "8608": "China Mobile",
    "8601": "China Unicom",
    "8606": "China Unicom",
    "8609": "China Unicom",
    "8603": "China Telecom",
    "8611": "China Telecom",
}
LONGEST = 7  # digits behind 89 that the list tells issuers by
# North American issuers write country code 1 as 01, so that it has two digits as most others.
NORTH_AMERICA = "01"
# Country codes of one and two digits (ITU-T E.164, list of assigned codes); all others have three.
SHORT_CODES = {
    *("1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46"),
    *("47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65"),
    *("66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98"),
}
ONE_COUNTRY = {"86": "CN"}
SHARED = "001"  # the code of the library for country codes that are of no one country


class Issuer(NamedTuple):
    """Who issued a card; the name is empty where the list has none, the code may be `001` (no country)."""

    country_code: str
    country: str  # ISO 3166-1
    name: str


def issuer_of(iccid: str) -> Issuer | None:
    """What the first digits tell; None where no country code stands behind 89."""
    digits = iccid[2:]
    if digits.startswith(NORTH_AMERICA):
        digits = digits[1:]
    code = _country_code(digits)
    if not code:
        return None
    name, country = _listed(digits)
    return Issuer(code, country or ONE_COUNTRY.get(code) or _country(code), name)


def _country_code(digits: str) -> str:
    """The E.164 country code that the digits begin with; empty where no country has it."""
    code = next((digits[:n] for n in (1, 2) if digits[:n] in SHORT_CODES), digits[:3])
    return code if code in SHORT_CODES or _is_assigned(code) else ""


def _is_assigned(code: str) -> bool:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as REGIONS

    return code.isdigit() and code[0] != "0" and int(code) in REGIONS


def _country(code: str) -> str:
    """The country that the code is of, or the one that uses it most."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as REGIONS

    return str(REGIONS[int(code)][0])


def _listed(digits: str) -> tuple[str, str]:
    """Name and country of the longest entry that the digits begin with."""
    for length in range(min(LONGEST, len(digits)), 2, -1):
        prefix = digits[:length]
        if prefix in CHINESE:
            return CHINESE[prefix], ""
        if prefix in _issuers():
            return _issuers()[prefix]
    return "", ""


@cache
def _issuers() -> dict[str, tuple[str, str]]:
    lines = files(__package__).joinpath("issuers.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {prefix: (name, country[0] if country else "") for prefix, name, *country in rows}
