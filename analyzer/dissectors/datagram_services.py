"""SNMP, TFTP, STUN and statsd: communities, names of files and users, and metrics in datagrams."""

from __future__ import annotations

import re

from analyzer.dissectors.api import (
    NOT_SHOWN,
    ByteReader,
    HttpMessage,
    MalformedError,
    MessagePlace,
    content,
    login,
    text,
)
from analyzer.dissectors.file_names import file_headers
from analyzer.dissectors.ldap import INTEGER, SEQUENCE, STRING, header, value

# ── SNMP (RFC 1157, RFC 3416, RFC 3412) ─────────────────────────────────────

PDUS = {0xA0: "GetRequest", 0xA1: "GetNextRequest", 0xA2: "Response", 0xA3: "SetRequest", 0xA4: "Trap",
        0xA5: "GetBulkRequest", 0xA6: "InformRequest", 0xA7: "SNMPv2-Trap"}  # fmt: skip
VERSION_3 = 3
OBJECT, MAC_SIZE = 6, 6
# Objects of the standard that tell one device or person (RFC 3418, RFC 2863, RFC 6933, RFC 3805).
OBJECTS = {
    "1.3.6.1.2.1.1.4.": "contact e-mail",
    "1.3.6.1.2.1.1.5.": "sysName",
    "1.3.6.1.2.1.2.2.1.6.": "MAC",
    "1.3.6.1.2.1.47.1.1.1.1.11.": "serial number",
    "1.3.6.1.2.1.43.5.1.1.17.": "serial number",
}


def snmp(data: bytes, place: MessagePlace) -> list[HttpMessage]:
    """Return the community, which is a password in all but name, and the values. Raises MalformedError."""
    cursor = ByteReader(data)
    tag, length = header(cursor)
    if tag != SEQUENCE or cursor.at + length != len(data):
        raise MalformedError("another length")
    version = int.from_bytes(value(cursor, INTEGER), "big")
    if version == VERSION_3:
        return _version_3(cursor, place)
    if version > 1:
        raise MalformedError("another version")
    community = value(cursor, STRING)
    kind, _ = header(cursor)
    if kind not in PDUS:
        raise MalformedError("no such message")
    made = login("snmp", PDUS[kind], place, b"", "the community was " + NOT_SHOWN if community else "")
    body = cursor.rest()
    named, is_all = _objects(ByteReader(body))
    return [made, *content("snmp", place, b"" if is_all else body, headers=named)]


def _objects(cursor: ByteReader) -> tuple[list[tuple[str, str]], bool]:
    """Return the objects of a message that are text or a known kind, and whether these are all it says."""
    found: list[tuple[str, str]] = []
    is_all = True
    try:
        while cursor.left():
            tag, length = header(cursor)
            listed = cursor.inner(length)
            while tag == SEQUENCE and listed.left():
                pair = ByteReader(value(listed, SEQUENCE))
                name, (kind, size) = _dotted(value(pair, OBJECT)), header(pair)
                said = _as_text(name, pair.take(size)) if kind == STRING else ""
                is_all = is_all and (bool(said) or kind != STRING)
                found += [(_called(name), said)] if said else []
    except MalformedError:
        is_all = False
    return found, is_all and bool(found)


def _dotted(data: bytes) -> str:
    """Return an object identifier as people write it (ITU-T X.690 §8.19)."""
    numbers, number = [], 0
    for byte in data:
        number = number << 7 | byte & 127
        if byte < 128:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2) if numbers else 0
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:]))) if numbers else ""


def _called(name: str) -> str:
    return next((called for begins, called in OBJECTS.items() if name.startswith(begins)), name)


def _as_text(name: str, data: bytes) -> str:
    """Return a value as text, an address in hexadecimal; empty where it is neither."""
    if len(data) == MAC_SIZE and _called(name) == "MAC":
        return data.hex(":")
    said = text(data)
    return said if said.isprintable() and data.isascii() else ""


def _version_3(cursor: ByteReader, place: MessagePlace) -> list[HttpMessage]:
    """The engine and the name of the user (RFC 3414 §2.4)."""
    value(cursor, SEQUENCE)
    security = ByteReader(value(cursor, STRING))
    header(security)
    engine = value(security, STRING)
    value(security, INTEGER)
    value(security, INTEGER)
    user = value(security, STRING)
    others = (
        [("engine MAC", engine[5:].hex(":"))] if len(engine) == 11 and engine[4] == 3 else []
    )  # RFC 3411 §5
    return [login("snmp", "version 3", place, user, "", others)]


# ── TFTP (RFC 1350, RFC 2347) ───────────────────────────────────────────────

REQUESTS = {1: "read", 2: "write"}
MODES = (b"octet", b"netascii", b"mail")


def tftp(data: bytes, place: MessagePlace) -> list[HttpMessage]:
    """Return the name of a file that is asked for. Raises MalformedError."""
    cursor = ByteReader(data)
    kind = REQUESTS.get(cursor.number(2))
    name, mode = cursor.terminated(512), cursor.terminated(16)
    if kind is None or mode.lower() not in MODES or not name or not text(name).isprintable():
        raise MalformedError("no request")
    headers = file_headers(name) or [("file", text(name))]
    return list(content("tftp", place, b"", kind, text(name), headers))


# ── STUN and TURN (RFC 8489 §14, RFC 8656) ──────────────────────────────────

USERNAME, REALM, SOFTWARE, USERHASH = 0x0006, 0x0014, 0x8022, 0x001E
HASHED = 0x0008
SHORTEST_OWN = 6  # bytes of an attribute that may hold a number of a device
CALL = re.compile(r"[A-Za-z0-9+/]{4,256}:[A-Za-z0-9+/]{4,256}", re.ASCII)
SHOWN = {REALM: "realm", SOFTWARE: "software"}


def stun(data: bytes, place: MessagePlace) -> list[HttpMessage]:
    """Return the name of a user of a relay, and what attributes of a maker's own hold in text.

    The name of a user of a call (RFC 8445 §7.2.2) is made of random parts.
    """
    if int.from_bytes(data[2:4], "big") + 20 != len(data):
        raise MalformedError("another length")
    cursor, user, is_keyed = ByteReader(data, 20), "", False
    others = []
    while cursor.left() >= 4:
        kind, size = cursor.number(2), cursor.number(2)
        said = cursor.take(size)
        cursor.take(min(-size % 4, cursor.left()))
        if kind == USERNAME:
            user = text(said)
        elif kind in SHOWN:
            others.append((SHOWN[kind], text(said)))
        elif len(said) >= SHORTEST_OWN and is_printable(said):
            others.append((f"attribute 0x{kind:04x}", text(said)))
        is_keyed = is_keyed or kind == HASHED
    if user and any(name == "realm" for name, _ in others):
        return [login("stun", "request", place, user, "", others)]
    own = [(name, said) for name, said in others if name not in SHOWN.values()]
    if user and CALL.fullmatch(user) is None:  # that of a call: made for it of two random parts
        own.append(("attribute 0x0006", user))
    return list(content("stun", place, b"", "request", None, own)) if own else []


def is_printable(data: bytes) -> bool:
    """Return whether bytes are text in ASCII; zero bytes that pad it are left out."""
    return all(0x20 <= byte < 0x7F for byte in data.rstrip(b"\0")) and bool(data.rstrip(b"\0"))


# ── statsd (github.com/statsd/statsd, docs/metric_types.md) ─────────────────

# Events and service checks of DogStatsD (docs.datadoghq.com, "Datagram format").
EVENT = re.compile(rb"_e\{\d{1,4},\d{1,5}\}:([^\n]{0,4096})\n?|_sc\|([^\n]{0,4096})\n?")
METRIC = re.compile(rb"([^\s:|@#]{1,255}):([^|\n]{0,255})\|(?:c|g|ms|h|s|d|m)(?:\|[^\n]{0,2048})?\n?")
MOST_METRICS = 200


def statsd(data: bytes, place: MessagePlace) -> list[HttpMessage]:
    """Return names, values and tags of metrics, of which all bytes consist. Raises MalformedError."""
    at = 0
    headers: list[tuple[str, str]] = []
    while at < len(data) and len(headers) < MOST_METRICS:
        found = EVENT.match(data, at) or METRIC.match(data, at)
        if found is None:
            raise MalformedError("no metric")
        name, said = (b"event", found[1] or found[2]) if found.re is EVENT else (found[1], found[2])
        headers.append((text(name)[-64:], text(said)))
        at = found.end()
    tags = re.findall(rb"([\w.-]{1,64})[:=]([^,|\n]{1,256})", b",".join(re.findall(rb"\|#([^|\n]+)", data)))
    names = [("metric", text(word)) for word, _ in METRIC.findall(data)[:MOST_METRICS]]
    return list(content("statsd", place, b"", "metrics", None, [*headers, *names, *_texts(tags)]))


def _texts(pairs: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(text(name), text(said)) for name, said in pairs[:MOST_METRICS]]
