"""Name and value as neighbours: which member of a structure names which other one.

One rule for all documents (JSON, XML, MessagePack, CBOR, Protocol Buffers): two members of which one
says "name" and the other "value" are a pair (`{"attrKey": "imei", "attrValue": "35…"}`); a member that
only says "value" takes the name of what it stands in (`<IMEI><Data>35…</Data></IMEI>`); strings of an
array that are names and values in turn are pairs too (`["imei", "35…"]`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

LONGEST_NAME = 128
MOST_IN_TURN = 256  # elements of an array that is read as names and values in turn
NOT_LETTERS = re.compile(r"[^a-z0-9#$]")
# The words by which formats and SDKs say that a member is a name: OpenTelemetry, TR-069, XML-RPC, SenML
# (RFC 8428 §4.3: n with v, vs, vb), Tuya (code), Alink (identifier).
NAMING = re.compile(r"(?P<stem>.*?)(?P<word>name|key|identifier|code|label|attribute|property|id|type|k|n)")
VALUE = re.compile(r"(?P<stem>.*?)(?P<word>value|val|stringvalue|content|data|text|string|vs|vd|v)")
RANKS = {
    "name": 0,
    "key": 0,
    "k": 1,
    "n": 1,
    "identifier": 2,
    "code": 3,
    "label": 4,
    "attribute": 4,
    "property": 4,
    "id": 5,
    "type": 6,
}
# Words for the thing that is named, which may stand before either word or alone: field/fieldValue.
THINGS = frozenset(
    (
        "param",
        "parameter",
        "attr",
        "attribute",
        "field",
        "property",
        "prop",
        "item",
        "variable",
        "var",
        "column",
        "col",
        "tag",
        "metric",
        "option",
        "setting",
        "header",
        "dimension",
    )
)
# These alone say too little for a pair with anything but a plain "value".
WEAK_NAMING = frozenset(("id", "type", "code", "label"))
PLAIN_VALUE = frozenset(("value", "val", "v"))
# What holds a value and says nothing of it: typed wrappers, BadgerFish, xml2js, the types of XML-RPC.
HOLDERS = frozenset(
    (
        "value",
        "val",
        "v",
        "data",
        "text",
        "content",
        "string",
        "str",
        "stringvalue",
        "numbervalue",
        "intvalue",
        "integervalue",
        "longvalue",
        "doublevalue",
        "floatvalue",
        "boolvalue",
        "boolean",
        "int",
        "i4",
        "i8",
        "integer",
        "long",
        "double",
        "float",
        "$",
        "$t",
        "#text",
        "datavalue",
        "paramvalue",
        "attrvalue",
        "numberdouble",
        "s",
        "n",
    )
)
# What a member called "type" says of a value's form, and not what it is.
FORMS = frozenset(
    (
        "string",
        "str",
        "text",
        "number",
        "num",
        "int",
        "integer",
        "long",
        "float",
        "double",
        "bool",
        "boolean",
        "date",
        "datetime",
        "time",
        "enum",
        "array",
        "object",
        "struct",
        "json",
        "property",
        "null",
        "none",
        "bytes",
    )
)
SHORT_HOLDERS = frozenset(("s", "n", "v"))  # of one letter: only where they are alone
# What may stand beside such a value.
BESIDE_HOLDERS = frozenset(
    (
        "type",
        "timestamp",
        "time",
        "ts",
        "t",
        "unit",
        "format",
        "datatype",
        "metadata",
        "id",
        "version",
        "lang",
        "xsitype",
        "updated",
        "updatedat",
        "q",
        "quality",
    )
)
NAME = re.compile(r"[A-Za-z_$@#.][\w.\-:$/ \[\]#@]{0,127}", re.ASCII)
PLAIN_NAME = re.compile(r"[A-Za-z_$][A-Za-z_$0-9\-]{0,47}")
MAP_KEY = re.compile(r"[a-z$][A-Za-z_$.]{1,47}[0-9]?|[A-Z_]{2,24}[0-9]?")
# A value that a name would not look like: with a digit, or with a character that no name has.
NOT_A_NAME = re.compile(r"[^A-Za-z_$\-]")

# A name that is itself a value: a long number, an address, an e-mail address, many hexadecimal digits.
TELLING = re.compile(
    r"\d{14,22}|(?:[0-9A-Fa-f]{2}[:\-]){5}[0-9A-Fa-f]{2}|(?=[A-Fa-f]*\d)[0-9A-Fa-f]{12,64}"
    r"|[\w.+\-]{1,64}@[\w.\-]{3,253}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    re.ASCII,
)
SHORTEST_TELLING = 6


class Roles(NamedTuple):
    """Which members of an object name and which are named."""

    naming: tuple[int, ...] = ()  # by preference
    value: int = -1  # the member that one of `naming` names
    holder: int = -1  # the member that takes the name of the object


NO_ROLES = Roles()


@lru_cache(maxsize=4096)
def roles_of(keys: tuple[str, ...]) -> Roles:
    """Return the roles of an object's members, told by their keys alone."""
    if len(keys) > 12:
        return NO_ROLES
    plain = [NOT_LETTERS.sub("", local(key).lower()) for key in keys]
    values = [i for i, key in enumerate(plain) if VALUE.fullmatch(key)]
    for value in sorted(values, key=lambda i: plain[i] not in PLAIN_VALUE):
        naming = [i for i in range(len(plain)) if i != value and _names(plain[i], plain[value])]
        if naming:
            return Roles(tuple(sorted(naming, key=lambda i: _rank(plain[i]))), value, _holder(plain))
    holder = _holder(plain)
    return Roles(holder=holder) if holder >= 0 else NO_ROLES


def _names(key: str, value: str) -> bool:
    """Return whether a member called `key` names the one called `value`: the same stem, or one without."""
    said = VALUE.fullmatch(value)
    stem, word = (said["stem"], said["word"]) if said else ("", "")
    if key in THINGS:
        return stem in ("", key) and word in ("value", "val", "v", "stringvalue")
    found = NAMING.fullmatch(key)
    if not found:
        return False
    if found["word"] in WEAK_NAMING and (value not in PLAIN_VALUE and not stem):
        return False
    if found["word"] in ("k", "n") and (found["stem"] or word not in ("v", "vs", "vd", "value", "val")):
        return False
    return found["stem"] == stem or (not stem and word in ("value", "val", "stringvalue"))


def _rank(key: str) -> int:
    found = NAMING.fullmatch(key)
    return RANKS[found["word"]] + (2 if found["stem"] else 0) if found else 3


def _holder(plain: Sequence[str]) -> int:
    holding = [i for i, key in enumerate(plain) if key in HOLDERS]
    if len(holding) != 1 or (plain[holding[0]] in SHORT_HOLDERS and len(plain) > 1):
        return -1
    others = {key for i, key in enumerate(plain) if i != holding[0]}
    return holding[0] if others <= BESIDE_HOLDERS else -1


def local(name: str) -> str:
    """Return an XML name without its prefix, or without the mark of an attribute."""
    return name.rpartition(":")[2].lstrip("@") or name if ":" in name or name[:1] == "@" else name


@lru_cache(maxsize=4096)
def only_holds(name: str) -> bool:
    """Return whether a name says nothing but that it holds a value, or is a number."""
    return not name or name.isdecimal() or NOT_LETTERS.sub("", local(name).lower()) in HOLDERS


def name_in(roles: Roles, values: Sequence[Any]) -> str:
    """Return the name that the object's members give its value; empty where they give none."""
    for index in roles.naming:
        text = values[index]
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_NAME or text.lower() in FORMS:
            continue
        if NAME.fullmatch(text):
            return text
    return ""


def is_plain_name(text: str) -> bool:
    """Return whether a text looks like the name of something rather than a value."""
    return MAP_KEY.fullmatch(text) is not None


def are_in_turn(values: Sequence[Any]) -> bool:
    """Return whether an array holds names and values in turn, as `["imei", "35…", "mac", "00:…"]` does."""
    if len(values) % 2 or not 2 <= len(values) <= MOST_IN_TURN:
        return False
    names, others = values[::2], values[1::2]
    if not all(isinstance(name, str) and PLAIN_NAME.fullmatch(name) for name in names):
        return False
    if len(set(names)) != len(names):
        return False
    return any(not isinstance(other, str) or NOT_A_NAME.search(other) for other in others)


def telling_names(names: Iterable[str]) -> list[str]:
    """Return the names that are values themselves, as a device's number is that keys its record."""
    return [name for name in names if len(name) >= SHORTEST_TELLING and TELLING.fullmatch(name)]
