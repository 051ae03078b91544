"""Home devices over UDP and TCP: miIO, Tuya, Kasa, Broadlink's set-up, SlimProto, Zabbix, RTMP."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from hashlib import md5

from analyzer.dissectors.api import (
    NOT_SHOWN,
    ByteReader,
    DirectionBytes,
    HttpMessage,
    MalformedError,
    MessagePlace,
    content,
    login,
    text,
)

MOST_INFLATED = 1 << 20

# ── miIO (github.com/OpenMiHome/mihome-binary-protocol) ─────────────────────

HELLO_ID = 0xFFFF_FFFF


def miio(data: bytes, place: MessagePlace) -> list[HttpMessage]:
    """Return the device's number, and whether its token is readable, as before it is set up."""
    if int.from_bytes(data[2:4], "big") != len(data) or len(data) < 32:
        raise MalformedError("another length")
    device = int.from_bytes(data[4:12], "big")
    if device in (0, HELLO_ID, (HELLO_ID << 32) | HELLO_ID):
        return [login("miio", "hello", place)]
    others = [("miIO device id", str(device))]
    is_token = len(data) == 32 and any(data[16:]) and data[16:] != b"\xff" * 16
    return [
        login("miio", "answer", place, "", "the device's token was " + NOT_SHOWN if is_token else "", others)
    ]


# ── Tuya's frames (github.com/jasonacox/tinytuya, protocol notes) ───────────

PREFIX, SUFFIX = b"\0\0\x55\xaa", b"\0\0\xaa\x55"
# The key that firmware and apps share for broadcasts.
BROADCAST_KEY = md5(b"yGAdlopoPVldABfn", usedforsecurity=False).digest()
BROADCAST_PORT = 6667
VERSIONS = (b"3.1", b"3.2", b"3.3", b"3.4", b"3.5")
MOST_FRAME = 1 << 14


def _tuya_payload(data: bytes) -> bytes:
    """The payload of one frame, with or without the return code that devices put before it."""
    size = int.from_bytes(data[12:16], "big")
    if len(data) != 16 + size or size < 8 or data[-4:] != SUFFIX:
        raise MalformedError("no frame")
    inner = data[16:-8]
    return inner[4:] if inner[:3] == b"\0\0\0" else inner


def _tuya_opened(payload: bytes) -> bytes:
    """A broadcast with the published key undone (AES-128-ECB, PKCS #7); empty where that gives no JSON."""
    if not payload or len(payload) % 16:
        return b""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    reader = Cipher(algorithms.AES(BROADCAST_KEY), modes.ECB()).decryptor()
    plain = reader.update(payload) + reader.finalize()
    plain = plain[: -plain[-1]] if 0 < plain[-1] <= 16 else plain
    return plain if _is_json(plain) else b""


def _is_json(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


def _tuya_message(payload: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
    opened = payload
    headers: list[tuple[str, str]] = []
    if payload[:1] != b"{":
        opened = _tuya_opened(payload)
        headers = [("key", "published: shared by all devices of the maker")] if opened else []
    if opened:
        yield from content("tuya", place, opened, "frame", None, headers)


def tuya(data: bytes, place: MessagePlace) -> list[HttpMessage]:
    """Return the document of a broadcast, in clear text or under the published key."""
    return list(_tuya_message(_tuya_payload(data), place))


class Tuya(DirectionBytes):
    """Frames whose payload is a document in clear text; others are under a key of the device."""

    name = "tuya"

    def length(self, side: int, data: bytearray) -> int:
        if data[:4] != PREFIX[: len(data)]:
            raise MalformedError("no frame")
        if len(data) < 16:
            return 0
        size = int.from_bytes(data[12:16], "big")
        if not 8 <= size <= MOST_FRAME:
            raise MalformedError("no frame")
        return 16 + size

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        return _tuya_message(_tuya_payload(data), place)


# ── Kasa: XOR with the byte before, beginning with 171 ──────────────────────

FIRST_KEY = 171


def autokey(data: bytes) -> bytes:
    """Return what TP-Link's XOR stands for: each byte with the one sent before it, the first with 171."""
    sent = (FIRST_KEY << 8 * len(data) | int.from_bytes(data, "big")) >> 8
    return (int.from_bytes(data, "big") ^ sent).to_bytes(len(data), "big")


SECRETS = ("password", "Password", "psk", "wifi_password")
ACCOUNTS = ("username", "account", "cloudUserName", "email")


def _kasa_messages(data: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
    opened = autokey(data)
    try:
        document = json.loads(opened)
    except (ValueError, RecursionError):
        raise MalformedError("no document") from None
    yield from document_messages("kasa", document, opened, place)


def document_messages(
    protocol: str, document: object, data: bytes, place: MessagePlace
) -> Iterator[HttpMessage]:
    """Yield the content of a JSON document; a password in it makes a log-in, and the rest is without it."""
    found: list[tuple[str, str]] = []
    kept = _without_secrets(document, found, 0)
    if found:
        user = next((value for name, value in found if name == "User"), "")
        yield login(protocol, "document", place, user, NOT_SHOWN)
        data = json.dumps(kept, separators=(",", ":")).encode()
    yield from content(protocol, place, data, "document")


def _without_secrets(value: object, found: list[tuple[str, str]], depth: int) -> object:
    if depth > 32:
        return None
    if isinstance(value, list):
        return [_without_secrets(inner, found, depth + 1) for inner in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, object] = {}
    for name, inner in value.items():
        if name in SECRETS and isinstance(inner, str) and inner:
            users = [str(value[other]) for other in ACCOUNTS if isinstance(value.get(other), str)]
            found += [("User", user) for user in users[:1]] or [("Password", NOT_SHOWN)]
        else:
            kept[name] = _without_secrets(inner, found, depth + 1)
    return kept


def kasa(data: bytes, place: MessagePlace) -> list[HttpMessage]:
    """Return the document of a datagram."""
    return list(_kasa_messages(data, place))


class Kasa(DirectionBytes):
    """Documents behind their length."""

    name = "kasa"

    def length(self, side: int, data: bytearray) -> int:
        size = int.from_bytes(data[:4], "big") if len(data) >= 4 else 0
        if size > 1 << 20:
            raise MalformedError("no document")
        return 4 + size if len(data) >= 4 else 0

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        return _kasa_messages(data[4:], place) if len(data) > 4 else ()


# ── Broadlink's set-up (github.com/mjg59/python-broadlink, protocol.md) ─────

SETUP_SIZE, SSID, PASSWORD, NAME_LENGTH, PASSWORD_LENGTH, SECURITY = 0x88, 68, 100, 132, 133, 134


def broadlink(data: bytes, place: MessagePlace) -> list[HttpMessage]:
    """Return the network that a device is told to join; its password is readable. Raises MalformedError."""
    if len(data) != SETUP_SIZE or data[0x26] != 0x14 or any(data[:0x20]):
        raise MalformedError("no set-up")
    length, size = data[NAME_LENGTH], data[PASSWORD_LENGTH]
    if not 0 < length <= 32 or size > 32 or data[SECURITY] > 4:
        raise MalformedError("no set-up")
    checked = sum(data) - data[0x20] - data[0x21] + 0xBEAF
    if checked & 0xFFFF != int.from_bytes(data[0x20:0x22], "little"):
        raise MalformedError("another checksum")
    network = text(data[SSID : SSID + length])
    return [login("broadlink", "set-up", place, "", NOT_SHOWN if size else "", [("SSID", network)])]


# ── SlimProto (wiki.slimdevices.com, SlimProtoTCPProtocol) ──────────────────


class SlimProto(DirectionBytes):
    """HELO with the player's address and number."""

    name = "slimproto"

    def length(self, side: int, data: bytearray) -> int:
        if side != self.client:
            return 2 + int.from_bytes(data[:2], "big") if len(data) >= 2 else 0
        if len(data) >= 4 and not bytes(data[:4]).isalpha():
            raise MalformedError("no message")
        return 8 + int.from_bytes(data[4:8], "big") if len(data) >= 8 else 0

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side != self.client or data[:4] != b"HELO":
            yield from content(self.name, place, data[8:])
            return
        cursor = ByteReader(data, 10)
        others = [("player MAC", cursor.take(6).hex(":"))]
        if len(data) >= 8 + 36:
            others.append(("uuid", cursor.take(16).hex()))
        cursor = ByteReader(data, 8 + 36 if len(data) >= 8 + 36 else len(data))
        yield login(self.name, "HELO", place, "", "", [*others, ("capabilities", text(cursor.rest()))])


# ── Zabbix (zabbix.com/documentation, protocols: header) ────────────────────

COMPRESSED, LARGE = 2, 4


class Zabbix(DirectionBytes):
    """Documents of agents and senders, compressed or not."""

    name = "zabbix"

    def length(self, side: int, data: bytearray) -> int:
        if data[:4] != b"ZBXD"[: len(data)]:
            raise MalformedError("no header")
        if len(data) < 5:
            return 0
        head, width = (21, 8) if data[4] & LARGE else (13, 4)
        return head + int.from_bytes(data[5 : 5 + width], "little") if len(data) >= head else 0

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        payload = data[21 if data[4] & LARGE else 13 :]
        if data[4] & COMPRESSED:
            try:
                payload = zlib.decompressobj().decompress(payload, MOST_INFLATED)
            except zlib.error:
                raise MalformedError("no zlib stream") from None
        yield from content(self.name, place, payload, "message")


# ── RTMP (Adobe, RTMP specification 1.0 §5) ─────────────────────────────────

HANDSHAKE = 1536
SET_CHUNK_SIZE, COMMANDS = 1, (17, 20)
MOST_COMMAND = 1 << 16
LAST_COMMANDS = 32
HEADS = (11, 7, 3, 0)


class Rtmp(DirectionBytes):
    """The first commands: connect with the address of the stream, publish with its name."""

    name = "rtmp"

    def __init__(self, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self._step = [0, 0]
        self._size = [128, 128]
        self._heads: dict[tuple[int, int], tuple[int, int]] = {}  # side and chunk stream → length, type
        self._parts: dict[tuple[int, int], bytearray] = {}
        self._seen = 0

    def length(self, side: int, data: bytearray) -> int:
        if self._step[side] == 0:
            return 1 + HANDSHAKE
        if self._step[side] == 1:
            return HANDSHAKE
        return self._chunk(side, data)

    def _chunk(self, side: int, data: bytearray) -> int:
        """The length of one chunk; 0 where its header is not whole."""
        form, stream = data[0] >> 6, data[0] & 63
        at = 1 + (stream == 0) + 2 * (stream == 1)
        if len(data) < at + HEADS[form]:
            return 0
        if form < 2:
            self._heads[side, stream] = int.from_bytes(data[at + 3 : at + 6], "big"), data[at + 6]
        elif (side, stream) not in self._heads:
            raise MalformedError("no header before")
        stamp = form < 3 and data[at : at + 3] == b"\xff\xff\xff"
        left = self._heads[side, stream][0] - len(self._parts.get((side, stream), b""))
        return at + HEADS[form] + 4 * stamp + min(self._size[side], max(left, 0))

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if self._step[side] < 2:
            self._step[side] += 1
            return
        form, stream = data[0] >> 6, data[0] & 63
        at = 1 + (stream == 0) + 2 * (stream == 1) + HEADS[form]
        length, kind = self._heads[side, stream]
        part = self._parts.setdefault((side, stream), bytearray())
        part += data[at:]
        if len(part) < length and len(part) <= MOST_COMMAND:
            return
        whole = bytes(part)
        part.clear()
        if kind == SET_CHUNK_SIZE and len(whole) >= 4:
            self._size[side] = max(1, int.from_bytes(whole[:4], "big") & 0x7FFF_FFFF)
        elif kind in COMMANDS and side == self.client:
            yield from content(self.name, place, whole[1:] if kind == COMMANDS[0] else whole, "command")
        self._seen += 1
        self.ended = self._seen > LAST_COMMANDS
