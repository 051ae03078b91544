"""Protected 802.11 payloads and a key to the bytes that were sent (IEEE 802.11-2020 §12.5).

Each function gives the payload, or None where the integrity check shows that the key is another.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Any

from analyzer.packets.wifi.frames import DATA, WifiFrame
from analyzer.packets.wifi.kernel import CONTROL_MASK, FLAGS_MASK, FLAGS_MASK_QOS, FROM_DS, PROTECTED, TO_DS

# Bytes that a message of AES-CCM has at most with a nonce of 13 bytes (RFC 3610 §2.1).
MOST_IN_CCM = 65_535


def rc4(key: bytes, data: bytes) -> bytes:
    """The RC4 key stream over `data`."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
    from cryptography.hazmat.primitives.ciphers import Cipher

    return Cipher(ARC4(key), mode=None).encryptor().update(data)


def ccmp(key: bytes, frame: WifiFrame) -> bytes | None:
    """CCMP-128 (§12.5.3): AES-CCM with a MIC of 8 bytes."""
    return _ccm(key[:16], 8, frame)


def ccmp_256(key: bytes, frame: WifiFrame) -> bytes | None:
    """CCMP-256: a key of 32 bytes and a MIC of 16."""
    return _ccm(key, 16, frame) if len(key) == 32 else None


def gcmp(key: bytes, frame: WifiFrame) -> bytes | None:
    """GCMP-128 (§12.5.5): AES-GCM with a MIC of 16 bytes."""
    return _gcm(key[:16], frame)


def gcmp_256(key: bytes, frame: WifiFrame) -> bytes | None:
    """GCMP-256: a key of 32 bytes."""
    return _gcm(key, frame) if len(key) == 32 else None


def _ccm(key: bytes, tag: int, frame: WifiFrame) -> bytes | None:
    if not 8 + tag <= len(frame.body) <= 8 + tag + MOST_IN_CCM:
        return None
    return opened(aes_ccm(key, tag), _nonce(frame, ccm=True), frame.body[8:], _authenticated(frame))


def _gcm(key: bytes, frame: WifiFrame) -> bytes | None:
    if len(frame.body) < 24:
        return None
    return opened(_aes_gcm(key), _nonce(frame, ccm=False), frame.body[8:], _authenticated(frame))


@lru_cache(256)
def aes_ccm(key: bytes, tag: int) -> Any:
    """AES-CCM under a key, with a tag of so many bytes."""
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM

    return AESCCM(key, tag_length=tag)


@lru_cache(256)
def _aes_gcm(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def opened(cipher: Any, nonce: bytes, data: bytes | memoryview, authenticated: bytes) -> bytes | None:
    """What an AEAD cipher of `cryptography` sealed; None where the key is another."""
    from cryptography.exceptions import InvalidTag

    try:
        plain: bytes = cipher.decrypt(nonce, data, authenticated)
    except (InvalidTag, ValueError):  # versions differ in what they raise for more than CCM can seal
        return None
    return plain


def _nonce(frame: WifiFrame, ccm: bool) -> bytes:
    body = frame.body
    packet_number = bytes((body[7], body[6], body[5], body[4], body[1], body[0]))
    return (bytes((frame.tid,)) if ccm else b"") + frame.transmitter + packet_number


def _authenticated(frame: WifiFrame) -> bytes:
    header = frame.header
    is_data = frame.kind == DATA
    qos = is_data and bool(frame.subtype & 8)
    first = header[0] & CONTROL_MASK
    second = header[1] & (FLAGS_MASK_QOS if qos else FLAGS_MASK) | PROTECTED
    parts = [bytes((first, second)), header[4:22], bytes((header[22] & 0x0F, 0))]
    position = 24
    if is_data and frame.flags & (TO_DS | FROM_DS) == TO_DS | FROM_DS:
        parts.append(header[24:30])
        position = 30
    if qos:
        parts.append(bytes((header[position] & 0x0F, 0)))
    return b"".join(parts)


def wep(key: bytes, frame: WifiFrame) -> bytes | None:
    """WEP (§12.3.2): RC4 under the initialisation vector and the key, checked by a CRC-32."""
    body = frame.body
    if len(body) < 9:
        return None
    return _crc_checked(rc4(body[:3] + key, body[4:]))


def tkip(key: bytes, frame: WifiFrame) -> bytes | None:
    """TKIP (§12.5.2): RC4 under a key mixed for each packet; the Michael MIC is left unchecked.

    The CRC-32 inside tells a right key from a wrong one; the MIC only guards against forgery.
    """
    body = frame.body
    if len(body) < 20:
        return None
    low, high = (body[0] << 8) | body[2], int.from_bytes(body[4:8], "little")
    packet_key = _mixed(key[:16], frame.transmitter, high, low)
    opened = _crc_checked(rc4(packet_key, body[8:]))
    return opened[:-8] if opened is not None else None


def _crc_checked(opened: bytes) -> bytes | None:
    payload, crc = opened[:-4], opened[-4:]
    return payload if zlib.crc32(payload) == int.from_bytes(crc, "little") else None


def _make_sbox() -> tuple[int, ...]:
    """TKIP's 16-bit S-box, built from AES's: (2·S(x)) ‖ (3·S(x)) in GF(2^8) (§12.5.2.5)."""
    exp, log = [0] * 512, [0] * 256
    value = 1
    for power in range(255):
        exp[power], log[value] = value, power
        value ^= (value << 1) ^ (0x11B if value & 0x80 else 0)
    box = []
    for x in range(256):
        inverse = exp[(255 - log[x]) % 255] if x else 0
        rotated = inverse
        result = 0x63
        for _ in range(5):
            result ^= rotated
            rotated = (rotated << 1 | rotated >> 7) & 0xFF
        double = (result << 1 ^ (0x11B if result & 0x80 else 0)) & 0xFF
        box.append((double << 8) | (double ^ result))
    return tuple(box)


SBOX = _make_sbox()


def _substituted(value: int) -> int:
    high = SBOX[value >> 8]
    return SBOX[value & 0xFF] ^ ((high << 8 | high >> 8) & 0xFFFF)


def _rotated(value: int) -> int:
    return (value >> 1 | value << 15) & 0xFFFF


@lru_cache(1024)
def _first_phase(key: bytes, transmitter: bytes, high: int) -> tuple[int, ...]:
    """Key mixing, phase 1: the same for 65,536 packets (§12.5.2.5)."""
    words = [int.from_bytes(key[i : i + 2], "little") for i in range(0, 16, 2)]
    addresses = [int.from_bytes(transmitter[i : i + 2], "little") for i in (0, 2, 4)]
    mixed = [high & 0xFFFF, high >> 16, *addresses]
    for i in range(8):
        j = i & 1
        for k in range(5):
            word = words[2 * k + j if k < 4 else j]
            mixed[k] = (mixed[k] + _substituted(mixed[k - 1] ^ word)) & 0xFFFF
        mixed[4] = (mixed[4] + i) & 0xFFFF
    return tuple(mixed)


def _mixed(key: bytes, transmitter: bytes, high: int, low: int) -> bytes:
    """Key mixing, phase 2: the RC4 key of one packet (§12.5.2.5)."""
    words = [int.from_bytes(key[i : i + 2], "little") for i in range(0, 16, 2)]
    mixed = list(_first_phase(key, transmitter, high))
    mixed.append((mixed[4] + low) & 0xFFFF)
    for k in range(6):
        mixed[k] = (mixed[k] + _substituted(mixed[k - 1] ^ words[k])) & 0xFFFF
    mixed[0] = (mixed[0] + _rotated(mixed[5] ^ words[6])) & 0xFFFF
    mixed[1] = (mixed[1] + _rotated(mixed[0] ^ words[7])) & 0xFFFF
    for k in range(2, 6):
        mixed[k] = (mixed[k] + _rotated(mixed[k - 1])) & 0xFFFF
    start = bytes((low >> 8, ((low >> 8) | 0x20) & 0x7F, low & 0xFF, (mixed[5] ^ words[0]) >> 1 & 0xFF))
    return start + b"".join(word.to_bytes(2, "little") for word in mixed)


# The ciphers of an extended IV, the common ones first.
CIPHERS = {"CCMP": ccmp, "TKIP": tkip, "GCMP": gcmp, "CCMP-256": ccmp_256, "GCMP-256": gcmp_256}
