"""EAPOL-Key frames and a pre-shared key to session keys (IEEE 802.11-2020 §12.7)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import NamedTuple

EAPOL_KEY, RSN_DESCRIPTOR, WPA_DESCRIPTOR = 3, 2, 254

# Lengths of a pairwise transient key: with a temporal key of 128 and of 256 bits (§12.7.1.3).
PTK_BITS = (384, 512)

PAIRWISE, INSTALL, ACK, MIC, SECURE, ENCRYPTED = 0x0008, 0x0040, 0x0080, 0x0100, 0x0200, 0x1000


class KeyFrame(NamedTuple):
    """An EAPOL-Key frame."""

    info: int
    nonce: bytes
    iv: bytes
    mic: bytes
    data: bytes
    zeroed: bytes  # the whole EAPOL frame with the MIC set to zero
    replay: int

    @property
    def version(self) -> int:
        """Key descriptor version: 1 HMAC-MD5 and RC4, 2 HMAC-SHA1 and AES, 3 AES-CMAC and AES."""
        return self.info & 7

    @property
    def message(self) -> int:
        """1 to 4 of the four-way handshake; 5 and 6 of the group handshake."""
        if not self.info & PAIRWISE:
            return 5 if self.info & ACK else 6
        if self.info & ACK:
            return 3 if self.info & MIC else 1
        # Of the supplicant's messages only the second has key data: its RSN element.
        return 2 if self.data else 4


def key_frame(eapol: bytes) -> KeyFrame | None:
    """An EAPOL frame (from its version byte on) that is an EAPOL-Key frame; None for all else."""
    if len(eapol) < 99 or eapol[1] != EAPOL_KEY or eapol[4] not in (RSN_DESCRIPTOR, WPA_DESCRIPTOR):
        return None
    eapol = eapol[: 4 + int.from_bytes(eapol[2:4], "big")]
    if len(eapol) < 99:
        return None
    size = int.from_bytes(eapol[97:99], "big")
    return KeyFrame(
        info=int.from_bytes(eapol[5:7], "big"),
        nonce=eapol[17:49],
        iv=eapol[49:65],
        mic=eapol[81:97],
        data=eapol[99 : 99 + size],
        zeroed=eapol[:81] + bytes(16) + eapol[97:],
        replay=int.from_bytes(eapol[9:17], "big"),
    )


def psk_of(passphrase: str, ssid: bytes) -> bytes:
    """The 256-bit pre-shared key of a passphrase (IEEE 802.11-2020 §J.4)."""
    return hashlib.pbkdf2_hmac("sha1", passphrase.encode(), ssid, 4096, 32)


class SessionKeys(NamedTuple):
    """What a four-way handshake agrees on; `tk` is 32 bytes so that TKIP's MIC keys are in it."""

    kck: bytes
    kek: bytes
    tk: bytes
    version: int


def session_keys(
    psk: bytes, version: int, ap: bytes, station: bytes, anonce: bytes, snonce: bytes
) -> SessionKeys:
    """The pairwise transient key of both nonces and addresses (§12.7.1.3)."""
    return next(candidates(psk, version, ap, station, anonce, snonce))


def candidates(
    psk: bytes, version: int, ap: bytes, station: bytes, anonce: bytes, snonce: bytes
) -> Iterator[SessionKeys]:
    """Yield the pairwise transient keys that both ends may have made; which one, the MIC tells.

    With SHA-256 the length that the cipher asks for changes the key: 48 bytes, or 64 for keys of 256 bits.
    """
    seed = min(ap, station) + max(ap, station) + min(anonce, snonce) + max(anonce, snonce)
    label = b"Pairwise key expansion"
    if version in (1, 2):
        yield _parted(_prf_sha1(psk, label, seed, 64), version)
        return
    for bits in PTK_BITS:
        yield _parted(kdf_sha256(psk, label, seed, bits), version)


def _parted(ptk: bytes, version: int) -> SessionKeys:
    return SessionKeys(ptk[:16], ptk[16:32], ptk[32:64], version)


def _prf_sha1(key: bytes, label: bytes, seed: bytes, size: int) -> bytes:
    out = b""
    for counter in range((size + 19) // 20):
        out += hmac.digest(key, label + b"\0" + seed + bytes([counter]), "sha1")
    return out[:size]


def kdf_sha256(key: bytes, label: bytes, seed: bytes, bits: int) -> bytes:
    """Return so many bits of the key derivation function (§12.7.1.6.2)."""
    out = b""
    for counter in range(1, (bits + 255) // 256 + 1):
        block = counter.to_bytes(2, "little") + label + seed + bits.to_bytes(2, "little")
        out += hmac.digest(key, block, "sha256")
    return out[: bits // 8]


def is_mic_right(keys: SessionKeys, frame: KeyFrame) -> bool:
    """Whether a key frame was made with these keys: proof that passphrase and handshake fit."""
    return any(hmac.compare_digest(mic, frame.mic) for mic in _mics(keys, frame))


def _mics(keys: SessionKeys, frame: KeyFrame) -> Iterator[bytes]:
    """Yield the integrity codes that the descriptor's version stands for; 0 leaves it to the suite."""
    if keys.version == 1:
        yield hmac.digest(keys.kck, frame.zeroed, "md5")
    elif keys.version == 2:
        yield hmac.digest(keys.kck, frame.zeroed, "sha1")[:16]
    else:
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.cmac import CMAC

        cmac = CMAC(AES(keys.kck))
        cmac.update(frame.zeroed)
        yield cmac.finalize()
        yield hmac.digest(keys.kck, frame.zeroed, "sha256")[:16]  # of OWE (RFC 8110 §4.4)


def group_keys(keys: SessionKeys, frame: KeyFrame) -> dict[int, bytes]:
    """Group keys by index that a third or group message carries; empty where there is none."""
    data = frame.data
    if frame.version == 1:
        data = _rc4_skipping(frame.iv + keys.kek, data)
        if frame.message == 5 and not data.startswith(b"\xdd"):
            return {frame.info >> 4 & 3: data[:32]}  # WPA: the key alone, its index in the key information
    elif frame.info & ENCRYPTED or frame.message == 5:
        data = unwrapped(keys.kek, data)
    return _key_elements(data)


def _key_elements(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    position = 0
    while position + 2 <= len(data):
        kind, length = data[position], data[position + 1]
        content = data[position + 2 : position + 2 + length]
        if kind == 0xDD and content[:4] == b"\x00\x0f\xac\x01" and len(content) > 6:
            found[content[4] & 3] = content[6:]
        position += 2 + length
        if kind == 0xDD and length == 0:  # padding of the key wrap
            break
    return found


def unwrapped(kek: bytes, data: bytes) -> bytes:
    """Return what AES key wrap (RFC 3394) holds; empty where the key is another."""
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

    try:
        return aes_key_unwrap(kek, data)
    except (InvalidUnwrap, ValueError):
        return b""


def _rc4_skipping(key: bytes, data: bytes) -> bytes:
    """RC4 after its first 256 bytes (§12.7.2)."""
    from analyzer.packets.wifi.ciphers import rc4

    return rc4(key, bytes(256) + data)[256:]
