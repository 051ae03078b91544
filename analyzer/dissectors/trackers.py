"""Vehicle and watch trackers: JT/T 808, GT06, Teltonika, the 3G watch protocol → who they are and where.

Numbers stand in BCD, coordinates as integers; checksums leave no doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from analyzer.dissectors.api import (
    ByteReader,
    DirectionBytes,
    HttpMessage,
    MalformedError,
    MessagePlace,
    TextLines,
    content,
    login,
    text,
)

Pair = tuple[str, str]

# ── JT/T 808 (the Chinese standard of 2011, 2013, 2019, §4 and §8) ──────────

MARK, ESCAPE = 0x7E, 0x7D
ESCAPES = {b"\x7d\x02": b"\x7e", b"\x7d\x01": b"\x7d"}
NEW_VERSION, DIVIDED, SIZE = 0x4000, 0x2000, 0x3FF
REGISTER, AUTHENTICATE, LOCATION = 0x0100, 0x0102, 0x0200
NAMES_808 = {REGISTER: "register", AUTHENTICATE: "authenticate", LOCATION: "location", 0x0002: "heartbeat",
             0x0704: "locations"}  # fmt: skip
MOST_FRAME = 4096
DEGREE_808, DEGREE_GT06 = 1_000_000, 1_800_000


def unescaped(frame: bytes) -> bytes:
    """Return what stands between two marks, escapes undone."""
    return re.sub(rb"\x7d[\1\2]", lambda found: ESCAPES[found[0]], frame)


class Jt808(DirectionBytes):
    """Messages with the number of the SIM card that each begins with."""

    name = "jt808"

    @staticmethod
    def fits(data: bytes) -> bool:
        """Return whether the first message ends with its checksum."""
        end = data.find(b"\x7e", 1, MOST_FRAME)
        return end > 12 and is_whole_808(unescaped(data[1:end]))

    def length(self, side: int, data: bytearray) -> int:
        if data[0] != MARK:
            raise MalformedError("no mark")
        end = data.find(b"\x7e", 1, MOST_FRAME)
        if end < 0 and len(data) > MOST_FRAME:
            raise MalformedError("no end")
        return end + 1

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        frame = unescaped(data[1:-1])
        if not is_whole_808(frame):
            raise MalformedError("another checksum")
        cursor = ByteReader(frame, 0, len(frame) - 1)
        kind, properties = cursor.number(2), cursor.number(2)
        if properties & NEW_VERSION:
            cursor.take(1)
        number = cursor.take(10 if properties & NEW_VERSION else 6).hex().lstrip("0")
        cursor.take(2 + (4 if properties & DIVIDED else 0))
        body = cursor.rest()
        found = [("phone", number), *_of_808(kind, body, bool(properties & NEW_VERSION))]
        if side == self.client:
            yield login(self.name, NAMES_808.get(kind, f"message {kind:04x}"), place, "", "", found)


def is_whole_808(frame: bytes) -> bool:
    """Return whether a message has its size and checksum."""
    if len(frame) < 13:
        return False
    checked = 0
    for byte in frame[:-1]:
        checked ^= byte
    properties = int.from_bytes(frame[2:4], "big")
    head = (17 if properties & NEW_VERSION else 12) + (4 if properties & DIVIDED else 0)
    return checked == frame[-1] and len(frame) == head + (properties & SIZE) + 1


def _of_808(kind: int, body: bytes, is_new: bool) -> Iterator[Pair]:
    cursor = ByteReader(body)
    try:
        if kind == REGISTER:
            cursor.take(4)
            maker, model = (11, 30) if is_new else (5, 20 if len(body) >= 37 else 8)
            yield "manufacturer", _trimmed(cursor.take(maker))
            yield "terminal model", _trimmed(cursor.take(model))
            yield "terminal id", _trimmed(cursor.take(30 if is_new else 7))
            cursor.take(1)
            yield "plate", cursor.rest().decode("gb18030", "replace").strip("\0")
        elif kind == AUTHENTICATE and is_new:
            cursor.counted(1)
            yield "IMEI", _trimmed(cursor.take(15))
        elif kind == LOCATION:
            cursor.take(4)
            status = cursor.number(4)
            latitude, longitude = cursor.number(4) / DEGREE_808, cursor.number(4) / DEGREE_808
            yield "latitude", f"{-latitude if status & 4 else latitude:.6f}"
            yield "longitude", f"{-longitude if status & 8 else longitude:.6f}"
    except MalformedError:
        return


def _trimmed(data: bytes) -> str:
    return data.decode("gb18030", "replace").strip("\0 ")


# ── GT06 and its many copies (Concox, GT06 protocol 1.8) ────────────────────

LOGIN_GT06, LOCATIONS_GT06 = 0x01, (0x12, 0x22, 0x16, 0x26, 0x31)
TABLE = []
for _byte in range(256):
    for _ in range(8):
        _byte = _byte >> 1 ^ (0x8408 if _byte & 1 else 0)
    TABLE.append(_byte)


def crc_itu(data: bytes) -> int:
    """Return the CRC of ITU-T X.25, as HDLC has it."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFF


class Gt06(DirectionBytes):
    """The log-in with the IMEI in BCD, and positions."""

    name = "gt06"

    @staticmethod
    def fits(data: bytes) -> bool:
        """Return whether the first packet ends with its checksum."""
        size = data[2]
        return len(data) >= size + 5 and crc_itu(data[2 : size + 1]) == int.from_bytes(
            data[size + 1 : size + 3], "big"
        )

    def length(self, side: int, data: bytearray) -> int:
        if data[:2] not in (b"\x78\x78"[: len(data)], b"\x79\x79"[: len(data)]):
            raise MalformedError("no packet")
        width = 1 if data[0] == 0x78 else 2
        return 4 + width + int.from_bytes(data[2 : 2 + width], "big") if len(data) >= 4 else 0

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if data[0] != 0x78 or side != self.client:
            yield from content(self.name, place, data)
            return
        cursor = ByteReader(data, 3, len(data) - 6)
        kind = cursor.number(1)
        if kind == LOGIN_GT06:
            yield login(self.name, "log-in", place, "", "", [("IMEI", cursor.take(8).hex().lstrip("0"))])
        elif kind in LOCATIONS_GT06:
            cursor.take(7)
            latitude, longitude = cursor.number(4) / DEGREE_GT06, cursor.number(4) / DEGREE_GT06
            course = cursor.take(3)[1:]
            signs = (1 if course[0] & 4 else -1), (-1 if course[0] & 8 else 1)
            found = [("latitude", f"{signs[0] * latitude:.6f}"), ("longitude", f"{signs[1] * longitude:.6f}")]
            yield from content(self.name, place, b"", "location", None, found)
        else:
            yield from content(self.name, place, data)


# ── Teltonika (wiki.teltonika-gps.com, "Codec") ─────────────────────────────


class Teltonika(DirectionBytes):
    """The IMEI that a connection begins with; records of positions."""

    name = "teltonika"

    def length(self, side: int, data: bytearray) -> int:
        if side != self.client:
            return len(data)
        if data[:2] == b"\0\x0f":
            return 17 if len(data) >= 17 else 0
        return 12 + int.from_bytes(data[4:8], "big") if len(data) >= 8 else 0

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side != self.client:
            return
        if data[:2] == b"\0\x0f":
            yield login(self.name, "log-in", place, "", "", [("IMEI", text(data[2:]))])
        elif len(data) > 36 and data[8] in (0x08, 0x8E, 0x10):
            cursor = ByteReader(data, 19)
            longitude, latitude = (
                int.from_bytes(cursor.take(4), "big", signed=True) / 10_000_000 for _ in range(2)
            )
            found = [("latitude", f"{latitude:.6f}"), ("longitude", f"{longitude:.6f}")]
            yield from content(self.name, place, b"", "records", None, found)


# ── The protocol of children's watches: [maker*id*size*words] ───────────────

WATCH = re.compile(rb"\[([A-Z0-9]{2})\*(\d{10,15})\*([0-9A-Fa-f]{4})\*", re.DOTALL)
POSITIONS = (b"UD", b"UD2", b"AL", b"UD_LTE", b"AL_LTE", b"WT", b"UD_WCDMA", b"AL_WCDMA")
AFTER_POSITION = 16  # words from the date to the status
IMEI_WORD, ICCID_WORD = re.compile(r"\d{15}"), re.compile(r"89\d{16,18}")


class WatchProtocol(TextLines):
    """Numbers of the watch and its SIM card, positions, cells and Wi-Fi networks around."""

    name = "watch tracker"

    def length(self, side: int, data: bytearray) -> int:
        found = WATCH.match(data)
        if found is None:
            if len(data) > 32 or data[:1] != b"[":
                raise MalformedError("no message")
            return 0
        return found.end() + int(found[3], 16) + 1

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        found = WATCH.match(data)
        if found is None or data[-1:] != b"]":
            raise MalformedError("no end")
        words = text(data[found.end() : -1]).split(",")
        headers: list[Pair] = [("watch id", text(found[2]))]
        if words[0].encode() in POSITIONS and len(words) > AFTER_POSITION:
            headers += _position(words)
        else:
            headers += [("IMEI", word) for word in words[1:] if IMEI_WORD.fullmatch(word)]
            headers += [("ICCID", word) for word in words[1:] if ICCID_WORD.fullmatch(word)]
        if side == self.client:
            yield login(self.name, words[0][:32], place, "", "", headers)


def _position(words: list[str]) -> Iterator[Pair]:
    """Date, time, validity, position, then counted cells and counted networks."""
    if words[3] == "A":
        south, west = words[5] == "S", words[7] == "W"
        yield "latitude", f"-{words[4]}" if south else words[4]
        yield "longitude", f"-{words[6]}" if west else words[6]
    at = 1 + AFTER_POSITION
    cells, at = _counted(words, at)
    if cells:
        yield "mcc", words[at + 1]
        yield "mnc", words[at + 2]
        for cell in range(cells):
            lac, cid = words[at + 3 + 3 * cell : at + 5 + 3 * cell]
            if not cell:
                yield "lac", lac
                yield "cid", cid
        at += 3 + 3 * cells
    networks, at = _counted(words, at)
    for network in range(networks):
        name, address = words[at + 3 * network : at + 2 + 3 * network]
        yield ("network around" if network else "SSID"), name  # the strongest comes first
        yield "BSSID", address


def _counted(words: list[str], at: int) -> tuple[int, int]:
    """A small count and where its things begin; 0 where there are not so many."""
    if at >= len(words) or not words[at].isdigit() or int(words[at]) > 30:
        return 0, at
    count = int(words[at])
    return (count, at + 1) if at + 3 * count < len(words) + 1 else (0, at + 1)


# ── SUPL (OMA-TS-ULP 2.0, UPER: ITU-T X.691) ────────────────────────────────

IDENTITIES = {0: "MSISDN", 1: "MDN", 3: "IMSI"}
HIGHEST_VERSION = 3


class _Bits:
    """Reads bits, the highest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next `count` bits as a number."""
        if count > self._left:
            raise MalformedError("cut")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)


def set_id(data: bytes) -> Pair:
    """Return kind and value of who a terminal says it is. Raises MalformedError."""
    bits = _Bits(data[2:64])
    if not 1 <= bits.take(8) <= HIGHEST_VERSION or bits.take(8) > 9 or bits.take(8) > 9:
        raise MalformedError("another version")
    has_set, _ = bits.take(1), bits.take(1)
    if not has_set:
        return "", ""
    bits.take(16)
    if bits.take(1):
        raise MalformedError("a kind of later versions")
    kind = bits.take(3)
    if kind not in IDENTITIES:
        return "", ""
    digits = bits.take(64).to_bytes(8, "big").hex()
    straight = digits.rstrip("f")
    # 3GPP writes the low half first, others the high one; the one with the filler last is meant.
    swapped = "".join(digits[at + 1] + digits[at] for at in range(0, 16, 2)).rstrip("f")
    chosen = next((each for each in (swapped, straight) if each.isdigit() and len(each) < 16), "")
    if not chosen:
        raise MalformedError("no digits")
    return IDENTITIES[kind], chosen


class Supl(DirectionBytes):
    """The identity of the terminal that each message of a session begins with."""

    name = "supl"

    @staticmethod
    def fits(data: bytes) -> bool:
        """Return whether an identity in digits stands where it belongs, which chance does not make."""
        try:
            return bool(set_id(data)[0])
        except MalformedError:
            return False

    def length(self, side: int, data: bytearray) -> int:
        return len(data)  # a message is sent in one piece; its length does not matter for its beginning

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        kind, value = set_id(data)
        if kind and side == self.client:
            yield login(self.name, "message", place, "", "", [(kind, value)])
