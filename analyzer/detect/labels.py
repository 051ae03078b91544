"""The name of a field → the kinds of identifier that such a name announces."""

from __future__ import annotations

import re
from functools import lru_cache

from analyzer.model import Field

WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
EXPERIMENTAL = re.compile(r"^x[-_]", re.IGNORECASE)  # X-IMEI, as RFC 6648 §1 tells
NOT_LETTERS = re.compile(r"[^A-Za-z]")

# A kind is named when one word of the name matches (words part at case, digits and punctuation,
# so that "timeInterval" holds no "imei"), or when the whole name without punctuation does.
BY_WORD = {
    "imei": re.compile(r"imei(sv)?|.*imei"),
    "imsi": re.compile(r"imsi|.*imsi"),
    "iccid": re.compile(r".*iccid|ccid"),
    "meid": re.compile(r"m?meid|.{3,}meid"),
    "mac": re.compile(r"(wifi|wlan|wl|bt|ble|bluetooth|eth|lan|wan|device|dev|phone|user|client|sta|ap)?mac"
                      r"|mac(id|addr|address)|.{0,9}macaddr(ess)?|b?ssidmac|bssid|hwaddr(ess)?"),
    "phone": re.compile(r"msisdn|mdn|phonenum(ber)?|phoneno|mobileno|mobilenum(ber)?|telephone|cellphone"),
}  # fmt: skip
PLACE = "(geo|gps|user|my|cur|current|loc|location|start|end|center)?"
BY_NAME = {
    "iccid": re.compile(r"sim(card)?(serial(number|num|no)?|sn|id|no)"),
    "imsi": re.compile(r"subscriberid|.{0,8}imsi.{0,4}"),
    "imei": re.compile(r".{0,8}imei(sv|no|number|code|str|id)?"),
    "mac": re.compile(r".{0,9}mac(addr|address|id)"),
    "phone": re.compile(
        r"(user|my|own)?(phone|mobile|tel|cell)(number|num|no|phone)?|line(one)?number|caller(id|number)?"
    ),
    "latitude": re.compile(PLACE + "(lat|latitude)"),
    "longitude": re.compile(PLACE + "(lon|lng|long|longitude)"),
    "coordinates": re.compile(
        r"(gps|geo|loc|location|latlng|latlon|latlong|lnglat|lonlat|ll|coords?|coordinates?"
        r"|position|center|point|latitudelongitude)(s|info|data|str)?"
    ),
    "device": re.compile(
        r"(device|dev|hardware|terminal|equipment|phone|handset|ue)(id|no|num|code|uid)|did|udid|esn"
    ),
    "sim": re.compile(r"sim|simcard|card(no|id)?|uiccid"),
}
# Kinds whose names say that a payload is about the identity of a phone.
IDENTITY = frozenset(("imei", "imsi", "iccid", "meid", "mac"))
# A name speaks for a value or a list of values, not for a document.
LONGEST_NAMED = 4096
BEFORE = re.compile(r"([A-Za-z][A-Za-z0-9_.]{1,30})[\s\"'=:>/|\[(\\]{1,5}$")


@lru_cache(maxsize=4096)
def kinds_named(name: str) -> frozenset[str]:
    """The kinds that a field's name announces; empty for most names."""
    if len(name) > 64:
        return frozenset()
    name = EXPERIMENTAL.sub("", name)
    words = [word.lower() for word in WORDS.findall(name)]
    whole = NOT_LETTERS.sub("", name).lower()
    by_word = {kind for kind, pattern in BY_WORD.items() if any(map(pattern.fullmatch, words))}
    return frozenset(by_word | {kind for kind, pattern in BY_NAME.items() if pattern.fullmatch(whole)})


def kinds_before(text: str, start: int) -> tuple[frozenset[str], str]:
    """The kinds announced by the word right before `start` in a text, and that word."""
    word = BEFORE.search(text, max(0, start - 40), start)
    return (kinds_named(word[1]), word[1]) if word else (frozenset(), "")


@lru_cache(maxsize=1024)
def identity_kinds(names: frozenset[str]) -> frozenset[str]:
    """The kinds of identity that the names of neighbours announce."""
    return frozenset(kind for name in names for kind in kinds_named(name)) & IDENTITY


def is_mentioned(field: Field, text: str, kinds: frozenset[str], *words: str) -> bool:
    """Whether the field's name announces one of `kinds`, or its text holds one of `words`: a first look."""
    if kinds & kinds_named(field.name):
        return True
    lowered = text.lower()
    return any(word in lowered for word in words)


def announced(field: Field, text: str, start: int, kinds: frozenset[str]) -> str | None:
    """How one of `kinds` is announced for the value at `start`, as a sentence; None where it is not."""
    if kinds & kinds_named(field.name) and len(text) <= LONGEST_NAMED:
        return f"the field is named {field.name}"
    before, word = kinds_before(text, start)
    return f"the text calls it {word}" if kinds & before else None
