"""What Google's QUIC clients tell beyond the standard: a client's first datagram to the names in it.

Up to version Q049 the crypto handshake crossed the air readable: a message CHLO of tagged values, each
tag of four bytes with the offset where its value ends, little-endian.
<https://docs.google.com/document/d/1g5nIXAIkN_Y-7XJW5K45IblHd_L2f5LTaDUDwvZ5L6g>
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from analyzer.dissectors.quic import varint

CHLO, SERVER_NAME, USER_AGENT = b"CHLO", b"SNI\0", b"UAID"
VERSIONS = (b"Q0", b"T0")

# The extension with QUIC's transport parameters, in RFC 9001 §8.2 and in drafts, and the parameter in which
# Chrome and Cronet named themselves for some years, with its number as it is sent.
PARAMETERS = (0x39, 0xFFA5)
AGENT, AGENT_SENT = 0x3129, b"\x71\x29"
MOST_PARAMETERS = 64

# Tags read at most, and bytes of a value.
MOST_TAGS, LONGEST = 128, 255


class GoogleHello(NamedTuple):
    """What a CHLO tells."""

    version: int
    name: str | None
    agent: str | None  # the program, in its own words


def google_hello(datagram: bytes) -> GoogleHello | None:
    """What the first datagram of such a client tells; None for every other.

    The header names the version; the message begins somewhere behind it, in the clear.
    """
    version = _version(datagram)
    return None if version is None else chlo(datagram, version)


def chlo(data: bytes, version: int) -> GoogleHello | None:
    """What the CHLO in these bytes tells, None where there is none."""
    values = tagged(data)
    if values is None:
        return None
    name, agent = (_text(values.get(tag)) for tag in (SERVER_NAME, USER_AGENT))
    return GoogleHello(version, name.rstrip(".").lower() if name else None, agent)


def tagged(data: bytes) -> dict[bytes, bytes] | None:
    """The values of the CHLO that begins in these bytes; cut ones are left out, None without a CHLO."""
    start = data.find(CHLO)
    if start < 0 or start + 8 > len(data):
        return None
    count = min(int.from_bytes(data[start + 4 : start + 6], "little"), MOST_TAGS)
    values_at = start + 8 + 8 * int.from_bytes(data[start + 4 : start + 6], "little")
    values: dict[bytes, bytes] = {}
    before = 0
    for at in range(start + 8, start + 8 + 8 * count, 8):
        end = int.from_bytes(data[at + 4 : at + 8], "little")
        if end < before or values_at + end > len(data):
            break
        values[data[at : at + 4]] = data[values_at + before : values_at + end]
        before = end
    return values


def agent_in(extensions: Mapping[int, bytes]) -> str | None:
    """The program that a ClientHello's transport parameters name, as Chrome's did."""
    content = next((extensions[kind] for kind in PARAMETERS if kind in extensions), b"")
    if AGENT_SENT not in content:
        return None
    position = 0
    for _ in range(MOST_PARAMETERS):
        number, position = varint(content, position)
        length, position = varint(content, position)
        if position + length > len(content):
            return None
        if number == AGENT:
            return _text(content[position : position + length])
        position += length
    return None


def _version(datagram: bytes) -> int | None:
    """Of a public header with an eight-byte connection id, or of a long header."""
    if len(datagram) < 14:
        return None
    at = 1 if datagram[0] & 0x80 else 9
    if datagram[at : at + 2] not in VERSIONS:
        return None
    return int.from_bytes(datagram[at : at + 4], "big")


def _text(value: bytes | None) -> str | None:
    return value[:LONGEST].decode("utf-8", "backslashreplace") or None if value else None
