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
# Country codes of one and two digits (ITU-T E.164, list of assigned codes) and who uses each most; all others
# have three, and are looked up in a library that takes a while to load.
SHORT_CODES = {
    "1": "US", "7": "RU", "20": "EG", "27": "ZA", "30": "GR", "31": "NL", "32": "BE", "33": "FR",
    "34": "ES", "36": "HU", "39": "IT", "40": "RO", "41": "CH", "43": "AT", "44": "GB", "45": "DK",
    "46": "SE", "47": "NO", "48": "PL", "49": "DE", "51": "PE", "52": "MX", "53": "CU", "54": "AR",
    "55": "BR", "56": "CL", "57": "CO", "58": "VE", "60": "MY", "61": "AU", "62": "ID", "63": "PH",
    "64": "NZ", "65": "SG", "66": "TH", "81": "JP", "82": "KR", "84": "VN", "86": "CN", "90": "TR",
    "91": "IN", "92": "PK", "93": "AF", "94": "LK", "95": "MM", "98": "IR",
}  # fmt: skip
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
    return Issuer(code, country or SHORT_CODES.get(code) or _country(code), name)


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
