"""A host name to what it is named under: registered part, country-code top-level domain, Unicode form.

A name is a claim of its own: it says who may register there, never where a computer stands. The
suffixes are those of the Public Suffix List, through `publicsuffixlist`; internationalised names
are read with `idna` (RFC 5891).
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from analyzer.geo.iso import ASSIGNED

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

# Country-code top-level domains that aren't the code in small letters, and the internationalised ones
# (IANA root zone database).
_OTHER_DOMAINS = {
    "uk": "GB", "бг": "BG", "бел": "BY", "қаз": "KZ", "мкд": "MK", "мон": "MN", "рф": "RU", "срб": "RS",
    "укр": "UA", "ελ": "GR", "հայ": "AM", "გე": "GE", "ישראל": "IL", "ଭାରତ": "IN", "இந்தியா": "IN",
    "భారత్": "IN", "ಭಾರತ": "IN", "ഭാരതം": "IN", "भारत": "IN", "भारतम्": "IN", "भारोत": "IN", "বাংলা": "BD",
    "ভারত": "IN", "ভাৰত": "IN", "ਭਾਰਤ": "IN", "ભારત": "IN", "ڀارت": "IN", "بارت": "IN", "بھارت": "IN",
    "ලංකා": "LK", "இலங்கை": "LK", "ไทย": "TH", "ລາວ": "LA", "한국": "KR", "中国": "CN",
    "中國": "CN", "台湾": "TW", "台灣": "TW", "香港": "HK", "澳門": "MO", "新加坡": "SG", "சிங்கப்பூர்": "SG",
    "الاردن": "JO", "البحرين": "BH", "الجزائر": "DZ", "السعودية": "SA", "المغرب": "MA", "امارات": "AE",
    "ایران": "IR", "پاکستان": "PK", "تونس": "TN", "سودان": "SD", "سورية": "SY", "عراق": "IQ", "عمان": "OM",
    "فلسطين": "PS", "قطر": "QA", "مصر": "EG", "مليسيا": "MY", "موريتانيا": "MR", "اليمن": "YE",
    "ايران": "IR", "澳门": "MO", "پاكستان": "PK", "السعودیة": "SA", "السعودیۃ": "SA", "السعوديه": "SA",
    "سوريا": "SY", "臺灣": "TW",
}  # fmt: skip


class Naming(NamedTuple):
    """What a host name is named under; None where it has no such part."""

    domain: str | None  # "vnet.cn": the part that someone registered
    region: str | None  # "CN", ISO 3166-1 of its country-code top-level domain
    unicode: str | None  # the name in its owner's script, where that differs


NO_PARTS = Naming(None, None, None)


@lru_cache(maxsize=65_536)
def naming(name: str) -> Naming:
    """The parts of one host name in ASCII form, whatever else it holds."""
    host = name.rstrip(".").lower()
    if "." not in host or host.replace(".", "").isdigit() or ":" in host:
        return NO_PARTS
    readable = _unicode(host)
    top = host.rpartition(".")[2]
    code = _region(top)
    # The list is asked in the names' own script: it would take twice as long to read in both.
    registered: str | None = _suffixes().privatesuffix(readable)
    labels = registered.count(".") + 1 if registered else 0
    domain = ".".join(host.split(".")[-labels:]) if registered else None
    return Naming(domain, code, readable if readable != host else None)


def _region(top: str) -> str | None:
    if top.startswith("xn--"):
        return _OTHER_DOMAINS.get(_unicode(top))
    code = top.upper()
    return _OTHER_DOMAINS.get(top, code if code in _CODES else None)


_CODES = frozenset(ASSIGNED)


def _unicode(host: str) -> str:
    """Each label that is valid IDNA in its own script; the others as they stand."""
    return ".".join(_label(label) for label in host.split("."))


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    import idna

    try:
        return idna.decode(label)
    except (idna.IDNAError, UnicodeError):
        return label


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    # Registries' own suffixes alone: who lets names under "github.io" is a company, not a registry.
    return PublicSuffixList(accept_unknown=False, only_icann=True, accept_encoded_idn=False)
