"""A QUIC client's first datagrams to its ClientHello.

Initial packets are encrypted with keys that anyone who sees the packet can derive (RFC 9001 §5.2): what
they hold is open to everyone on the way. Nothing after them is.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import chain
from typing import Any, NamedTuple

from analyzer.dissectors.tls import CLIENT_HELLO

# Bytes of handshake kept of one client, pieces of it, and packets that could not be opened, at most.
MOST_CRYPTO, MOST_PIECES, MOST_FAILED = 1 << 15, 512, 6
LONGEST_ID = 20  # bytes of a connection id (RFC 9000 §17.2)
SHORTEST_ID = 8  # of the one that a client chooses for its server first (RFC 9000 §7.2)
SAMPLE = 16  # bytes that the header's protection is made from

VERSION_2 = 0x6B3343CF
V1_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")  # RFC 9001 §5.2
V2_SALT = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")  # RFC 9369 §3.3.1
DRAFT_29_SALT = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")  # drafts 29 to 32
DRAFT_23_SALT = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")  # drafts 23 to 28
DRAFT_21_SALT = bytes.fromhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a")  # drafts 21 and 22
# The first draft that each is for.
DRAFTS = ((33, V1_SALT), (29, DRAFT_29_SALT), (23, DRAFT_23_SALT), (21, DRAFT_21_SALT))
# With Google's and Facebook's own versions, as Wireshark knows them.
SALTS = {
    1: V1_SALT,
    VERSION_2: V2_SALT,
    0x51303530: bytes.fromhex("504574efd066fe2f9d945cfcdbd3a7f0d3b56b45"),  # Q050
    0x54303530: bytes.fromhex("7ff579e5acd072915580304c43a2367c60488310"),  # T050
    0x54303531: bytes.fromhex("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"),  # T051
    0xFACEB001: DRAFT_21_SALT,
    0xFACEB002: DRAFT_23_SALT,
    0xFACEB00E: DRAFT_23_SALT,
}

# Frames that Initial packets may hold (RFC 9000 §12.4).
PADDING, PING, ACK, ACK_ECN, CRYPTO = 0, 1, 2, 3, 6


class InitialKeys(NamedTuple):
    """What protects the Initial packets of one side (RFC 9001 §5.1)."""

    key: bytes
    iv: bytes
    header: bytes


class LongHeader(NamedTuple):
    """A packet with a long header inside a datagram, positions in bytes."""

    version: int
    is_initial: bool
    destination: bytes  # connection id
    start: int
    number: int  # where the protected packet number begins
    end: int


class InitialReader:
    """Collects one side's CRYPTO frames until its first handshake message is whole.

    `message` is then what the frames held, from that message on, and `version` the version it came in.
    `done` says that no more datagrams are of use.
    """

    __slots__ = ("_failed", "_keys", "_pieces", "_size", "done", "message", "version")

    def __init__(self) -> None:
        self.done = False
        self.message: bytes | None = None
        self.version = 0
        self._keys: dict[int, InitialKeys] = {}  # by version, those that opened a packet
        self._pieces: dict[int, bytes] = {}
        self._size = 0
        self._failed = 0

    def feed(self, datagram: bytes) -> None:
        """One datagram; packets that can't be opened are passed over."""
        if self.done:
            return
        for packet in long_headers(datagram):
            if packet.is_initial and self._failed <= MOST_FAILED:
                self._open(datagram, packet)
        self.message = self._whole_message()
        crowded = self._size > MOST_CRYPTO or len(self._pieces) > MOST_PIECES
        self.done = self.message is not None or crowded or self._failed > MOST_FAILED

    def _open(self, datagram: bytes, packet: LongHeader) -> None:
        """Decrypt with the keys that opened a packet before, else with the packet's own.

        A client changes the connection id once the server has chosen one, and keeps the keys; behind a
        Retry, or a change of version, both are new (RFC 9001 §5.2).
        """
        known = self._keys.get(packet.version)
        for keys in chain([known] if known else [], _own_keys(packet)):
            payload = decrypted(datagram, packet, keys)
            if payload is not None:
                self._keys[packet.version] = keys
                self.version = packet.version
                self._take(payload)
                return
        self._failed += 1

    def _take(self, payload: bytes) -> None:
        for offset, data in crypto_frames(payload):
            known = self._pieces.get(offset)
            if offset < MOST_CRYPTO and (known is None or len(known) < len(data)):
                self._pieces[offset] = data
                self._size += len(data)

    def _whole_message(self) -> bytes | None:
        stream = bytearray()
        for offset in sorted(self._pieces):
            if offset > len(stream):
                break
            stream += self._pieces[offset][len(stream) - offset :]
        if len(stream) < 4:
            return None
        length = 4 + int.from_bytes(stream[1:4], "big")
        if stream[0] == CLIENT_HELLO and len(stream) < length:
            return None
        return bytes(stream)


def long_headers(datagram: bytes) -> Iterator[LongHeader]:
    """The packets with long headers at the start of a datagram, which may hold several (RFC 9000 §12.2)."""
    position = 0
    while position + 7 <= len(datagram) and datagram[position] & 0x80:
        packet = _long_header(datagram, position)
        if packet is None:
            return
        yield packet
        position = packet.end


def _long_header(datagram: bytes, start: int) -> LongHeader | None:
    """None for what is cut, for Retry and Version Negotiation, and for versions with other headers."""
    version = int.from_bytes(datagram[start + 1 : start + 5], "big")
    kind = datagram[start] >> 4 & 3
    initial, retry = (1, 0) if version == VERSION_2 else (0, 3)
    if kind == retry or not salts(version):
        return None
    position = start + 5
    destination, position = _sized(datagram, position)
    source, position = _sized(datagram, position)
    if destination is None or source is None:
        return None
    if kind == initial:
        length, position = varint(datagram, position)  # of the token
        position += length
    length, position = varint(datagram, position)
    end = position + length
    if length < 4 + SAMPLE or end > len(datagram):
        return None
    return LongHeader(version, kind == initial, destination, start, position, end)


def _sized(datagram: bytes, position: int) -> tuple[bytes | None, int]:
    """A connection id behind its length, None where it is cut or too long."""
    if position >= len(datagram) or datagram[position] > LONGEST_ID:
        return None, position
    end = position + 1 + datagram[position]
    return datagram[position + 1 : end], end


def varint(data: bytes, position: int) -> tuple[int, int]:
    """(value, position behind it) of a variable-length integer (RFC 9000 §16); too large where it is cut."""
    if position >= len(data):
        return 1 << 62, position
    size = 1 << (data[position] >> 6)
    if position + size > len(data):
        return 1 << 62, position
    mask = (1 << (8 * size - 2)) - 1
    return int.from_bytes(data[position : position + size], "big") & mask, position + size


# ── keys ────────────────────────────────────────────────────────────────────


def initial_keys(salt: bytes, destination: bytes, label: bytes = b"quic ") -> InitialKeys:
    """The client's keys for a version's salt and label, and the connection id it chose first."""
    secret = _hmac(salt, destination)  # HKDF-Extract (RFC 5869 §2.2)
    client = _expanded(secret, b"client in", 32)
    return InitialKeys(
        _expanded(client, label + b"key", 16),
        _expanded(client, label + b"iv", 12),
        _expanded(client, label + b"hp", 16),
    )


def _own_keys(packet: LongHeader) -> Iterator[InitialKeys]:
    """What the packet is protected with if its client chose the connection id in it."""
    if len(packet.destination) >= SHORTEST_ID:
        label = b"quicv2 " if packet.version == VERSION_2 else b"quic "
        for salt in salts(packet.version):
            yield initial_keys(salt, packet.destination, label)


@lru_cache(maxsize=256)
def salts(version: int) -> tuple[bytes, ...]:
    """The salts that a version's keys may be made with; none for unknown versions."""
    if version in SALTS:
        return (SALTS[version],)
    # Versions that only ask for a list (RFC 9000 §15) are sent as the client's own version would be.
    if version & 0x0F0F0F0F == 0x0A0A0A0A:
        return V1_SALT, DRAFT_29_SALT
    if version >> 8 == 0xFF0000:
        return tuple(salt for first, salt in DRAFTS if version & 0xFF >= first)[:1]
    return ()


def _expanded(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label up to one block of SHA-256."""
    return _hmac(secret, _info(label, length))[:length]


def _hmac(key: bytes, message: bytes) -> bytes:
    # Not hmac.digest: it lets another thread run meanwhile, and waits for it much longer than it takes.
    return hmac.new(key, message, "sha256").digest()


@cache
def _info(label: bytes, length: int) -> bytes:
    """What is expanded for a label without context (RFC 8446 §7.1), with the number of the block."""
    full = b"tls13 " + label
    return length.to_bytes(2, "big") + bytes([len(full)]) + full + b"\0\1"


def decrypted(datagram: bytes, packet: LongHeader, keys: InitialKeys) -> bytes | None:
    """The payload of an Initial packet, None where the keys don't fit (RFC 9001 §5.3, §5.4)."""
    aes, gcm, failed = _ciphers()
    at = packet.number
    mask = aes(keys.header).update(datagram[at + 4 : at + 4 + SAMPLE])
    first = datagram[packet.start] ^ (mask[0] & 0x0F)
    size = 1 + (first & 3)
    number = bytes(a ^ b for a, b in zip(datagram[at : at + size], mask[1 : 1 + size], strict=True))
    header = bytes([first]) + datagram[packet.start + 1 : at] + number
    # The first packets have small numbers: the part that was sent is the whole.
    nonce = (int.from_bytes(keys.iv, "big") ^ int.from_bytes(number, "big")).to_bytes(12, "big")
    try:
        return bytes(gcm(keys.key).decrypt(nonce, datagram[at + size : packet.end], header))
    except failed:
        return None


@cache
def _ciphers() -> tuple[Callable[[bytes], Any], Callable[[bytes], Any], type[Exception]]:
    """AES of single blocks by key, AES-GCM by key, and what it raises; imported when QUIC is seen."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import ECB

    # ECB of one block is what the standard asks for: it makes a mask, and encrypts nothing.
    mode = ECB()
    return lambda key: Cipher(AES(key), mode).encryptor(), AESGCM, InvalidTag


# ── frames ──────────────────────────────────────────────────────────────────


def crypto_frames(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """(offset, bytes) of each CRYPTO frame of an Initial packet (RFC 9000 §19.6).

    Ends at a frame that no Initial packet may hold.
    """
    position = 0
    while position < len(payload):
        kind = payload[position]
        position += 1
        if kind == PADDING:
            position = len(payload) - len(payload[position:].lstrip(b"\0"))
        elif kind == CRYPTO:
            offset, position = varint(payload, position)
            length, position = varint(payload, position)
            if position + length > len(payload):
                return
            yield offset, payload[position : position + length]
            position += length
        elif kind in (ACK, ACK_ECN):
            position = _behind_ack(payload, position, kind)
        elif kind != PING:
            return


def _behind_ack(payload: bytes, position: int, kind: int) -> int:
    """The position behind an ACK frame (RFC 9000 §19.3), the payload's end where it is cut."""
    _, position = varint(payload, position)
    _, position = varint(payload, position)
    ranges, position = varint(payload, position)
    for _ in range(1 + 2 * min(ranges, len(payload)) + (3 if kind == ACK_ECN else 0)):
        value, position = varint(payload, position)
        if value >= 1 << 62:
            return len(payload)
    return position
