"""A station that joins a network and sends packets: frames made from the formulas of IEEE 802.11-2020.

`Network` holds what both ends know; each function gives 802.11 frames of LINKTYPE_IEEE802_11.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

AP, STATION = bytes.fromhex("00005e005301"), bytes.fromhex("00005e0053a7")
ANONCE, SNONCE = b"\xa5" * 32, b"\x5a" * 32
DOMAIN, R0_HOLDER = b"\x12\x34", b"ap1.example"
PSK, FT_PSK, PSK_SHA256, SAE, OWE = 2, 4, 6, 8, 18
CIPHERS = {"CCMP": 4, "GCMP-256": 9, "CCMP-256": 10}


@dataclass(frozen=True)
class Network:
    """One network: its name, its key management suite, its pairwise cipher and its pairwise master key."""

    akm: int
    pmk: bytes
    cipher: str = "CCMP"
    ssid: bytes = b"examplenet"

    @property
    def rsn(self) -> bytes:
        suite = b"\0\x0f\xac"
        body = struct.pack("<H", 1) + suite + b"\4" + struct.pack("<H", 1) + suite
        body += bytes([CIPHERS[self.cipher]]) + struct.pack("<H", 1) + suite + bytes([self.akm, 0, 0])
        return bytes([48, len(body)]) + body

    @property
    def version(self) -> int:
        return {PSK: 2, FT_PSK: 3, PSK_SHA256: 3}.get(self.akm, 0)

    def keys(self) -> tuple[bytes, bytes]:
        """Key confirmation key and temporal key."""
        size = 64 if self.cipher.endswith("256") else 48
        seed = min(AP, STATION) + max(AP, STATION) + min(ANONCE, SNONCE) + max(ANONCE, SNONCE)
        if self.akm == PSK:
            ptk = b"".join(
                hmac.digest(self.pmk, b"Pairwise key expansion\0" + seed + bytes([n]), "sha1")
                for n in range(4)
            )
        elif self.akm == FT_PSK:
            holder = bytes([len(R0_HOLDER)]) + R0_HOLDER
            named = bytes([len(self.ssid)]) + self.ssid
            r0 = kdf(self.pmk, b"FT-R0", named + DOMAIN + holder + STATION, 48)[:32]
            r1 = kdf(r0, b"FT-R1", AP + STATION, 32)
            ptk = kdf(r1, b"FT-PTK", SNONCE + ANONCE + AP + STATION, size)
        else:
            ptk = kdf(self.pmk, b"Pairwise key expansion", seed, size)
        return ptk[:16], ptk[32:size]


def psk(passphrase: str, ssid: bytes = b"examplenet") -> bytes:
    return hashlib.pbkdf2_hmac("sha1", passphrase.encode(), ssid, 4096, 32)


def kdf(key: bytes, label: bytes, seed: bytes, size: int) -> bytes:
    blocks = [
        hmac.digest(key, struct.pack("<H", n) + label + seed + struct.pack("<H", 8 * size), "sha256")
        for n in range(1, size // 32 + 2)
    ]
    return b"".join(blocks)[:size]


def _fast() -> bytes:
    """Mobility domain element and fast transition element, with the holders of both keys."""
    holders = bytes([1, 6]) + AP + bytes([3, len(R0_HOLDER)]) + R0_HOLDER
    body = bytes(18) + ANONCE + SNONCE + holders
    return bytes([54, 3]) + DOMAIN + b"\0" + bytes([55, len(body)]) + body


def header(kind: int, flags: int, first: bytes, second: bytes, third: bytes, number: int) -> bytes:
    return bytes([kind, flags, 0, 0]) + first + second + third + struct.pack("<H", number << 4)


def beacon(network: Network) -> bytes:
    named = bytes([0, len(network.ssid)]) + network.ssid
    return header(0x80, 0, b"\xff" * 6, AP, AP, 1) + bytes(12) + named + network.rsn


def key_message(network: Network, number: int) -> bytes:
    """Message 1, 2 or 4 of the four-way handshake; the second one is what a key is checked by."""
    up = number in (2, 4)
    info = (0x0108 if up else 0x0088) | network.version
    data = b""
    if number == 2:
        data = network.rsn + (_fast() if network.akm == FT_PSK else b"")
    body = struct.pack(">BHHQ", 2, info, 16, 1) + (SNONCE if up else ANONCE) + bytes(32)
    tail = struct.pack(">H", len(data)) + data
    eapol = struct.pack(">BBH", 2, 3, len(body) + 16 + len(tail)) + body
    mic = _mic(network, eapol + bytes(16) + tail) if up else bytes(16)
    ends = (AP, STATION, AP) if up else (STATION, AP, AP)
    return header(0x08, 1 if up else 2, *ends, number + 1) + b"\xaa\xaa\3\0\0\0\x88\x8e" + eapol + mic + tail


def _mic(network: Network, eapol: bytes) -> bytes:
    kck, _ = network.keys()
    if network.akm == PSK:
        return hmac.digest(kck, eapol, "sha1")[:16]
    if network.akm == OWE:
        return hmac.digest(kck, eapol, "sha256")[:16]
    cmac = CMAC(AES(kck))
    cmac.update(eapol)
    return cmac.finalize()


def data(network: Network, packet: bytes, number: int) -> bytes:
    """An IPv4 packet from the station, protected."""
    mac = header(0x08, 0x41, AP, STATION, bytes.fromhex("00005e005302"), number)
    _, key = network.keys()
    pn = number.to_bytes(6, "big")
    start = bytes([pn[5], pn[4], 0, 0x20, pn[3], pn[2], pn[1], pn[0]])
    authenticated = bytes([0x08, 0x41]) + mac[4:22] + bytes(2)
    plain = b"\xaa\xaa\3\0\0\0\x08\0" + packet
    if network.cipher.startswith("GCMP"):
        return mac + start + AESGCM(key).encrypt(STATION + pn, plain, authenticated)
    cipher = AESCCM(key, tag_length=16 if len(key) == 32 else 8)
    return mac + start + cipher.encrypt(b"\0" + STATION + pn, plain, authenticated)


def joined(network: Network, packets: list[bytes]) -> list[bytes]:
    """A beacon, the handshake and these packets."""
    shaken = [key_message(network, number) for number in (1, 2, 4)]
    return [beacon(network), *shaken, *(data(network, p, 20 + n) for n, p in enumerate(packets))]
