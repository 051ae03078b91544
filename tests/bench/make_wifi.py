#!/usr/bin/env python3
"""Write a capture of an encrypted Wi-Fi network: a beacon, one four-way handshake, then data under CCMP.

    python tests/bench/make_wifi.py MIX.pcap -o wifi.pcap [--packets 200000]

The station sends the packets of MIX (make_mix.py) in its first frames. Network and passphrase are SSID and
PASSPHRASE below. Frames follow IEEE 802.11-2020: §12.7.2 key frames, §12.7.1.2 key derivation, §12.5.3 CCMP.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import struct
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

SSID, PASSPHRASE = "bench", "not a secret at all"
ROUTER, STATION, BEYOND = (bytes.fromhex(f"02000000000{n}") for n in (1, 2, 3))
ANONCE, SNONCE = bytes(range(32)), bytes(range(32, 64))
LINKTYPE_IEEE802_11, SNAPLEN = 105, 65_535
SNAP = b"\xaa\xaa\x03\0\0\0"
RSN = bytes.fromhex("30140100000fac040100000fac040100000fac020000")
# Key information (§12.7.2): version 2, pairwise, and what each message sets.
PAIRWISE, INSTALL, ACK, MIC, SECURE = 0x000A, 0x0040, 0x0080, 0x0100, 0x0200


def transient_key() -> bytes:
    """Confirmation, encryption and temporal key of the two hosts (§12.7.1.2)."""
    master = hashlib.pbkdf2_hmac("sha1", PASSPHRASE.encode(), SSID.encode(), 4096, 32)
    seed = b"Pairwise key expansion\0" + min(ROUTER, STATION) + max(ROUTER, STATION) + ANONCE + SNONCE
    return b"".join(hmac.digest(master, seed + bytes([n]), "sha1") for n in range(3))[:48]


def key_frame(information: int, counter: int, nonce: bytes, data: bytes, key: bytes) -> bytes:
    """An EAPOL-Key frame with its MIC, where it has one."""
    body = struct.pack(">BHHQ", 2, PAIRWISE | information, 16, counter) + nonce + bytes(32)
    raw = body + bytes(16) + struct.pack(">H", len(data)) + data
    frame = struct.pack(">BBH", 2, 3, len(raw)) + raw
    if not information & MIC:
        return frame
    at = 4 + len(body)
    return frame[:at] + hmac.digest(key[:16], frame, "sha1")[:16] + frame[at + 16 :]


def handshake(key: bytes) -> Iterator[bytes]:
    """A beacon and the four messages."""
    yield (
        b"\x80\0\0\0"
        + b"\xff" * 6
        + ROUTER * 2
        + bytes(2)
        + bytes(8)
        + b"\x64\0\x11\0"
        + bytes([0, len(SSID)])
        + SSID.encode()
        + RSN
    )
    messages = (
        (True, ACK, 1, ANONCE, b""),
        (False, MIC, 1, SNONCE, RSN),
        (True, ACK | MIC | INSTALL | SECURE, 2, ANONCE, RSN),
        (False, MIC | SECURE, 2, bytes(32), b""),
    )
    for number, (down, information, counter, nonce, data) in enumerate(messages):
        ends = STATION + ROUTER + ROUTER if down else ROUTER + STATION + ROUTER
        head = (b"\x08\x02" if down else b"\x08\x01") + bytes(2) + ends + struct.pack("<H", number << 4)
        yield head + SNAP + b"\x88\x8e" + key_frame(information, counter, nonce, data, key)


def sealed(cipher: AESCCM, number: int, packet: bytes) -> bytes:
    """A data frame to the router; the counter of packets begins at 1."""
    pn = (number + 1).to_bytes(6, "big")
    ends = ROUTER + STATION + BEYOND
    head = b"\x08\x41\0\0" + ends + struct.pack("<H", (number + 8) % 4096 << 4)
    counter = bytes([pn[5], pn[4], 0, 0x20, pn[3], pn[2], pn[1], pn[0]])
    # Masked for authentication: retry, power and more-data bits, sequence numbers (§12.5.3.3.3).
    named = b"\x08\x41" + ends + bytes(2)
    return head + counter + cipher.encrypt(b"\0" + STATION + pn, SNAP + packet, named)


def packets(mix: Path, most: int) -> Iterator[tuple[bytes, bytes]]:
    """(time, EtherType and packet) of the first packets of a little-endian Ethernet pcap."""
    with mix.open("rb") as file:
        file.read(24)
        for _ in range(most):
            record = file.read(16)
            if len(record) < 16:
                return
            yield record[:8], file.read(struct.unpack_from("<I", record, 8)[0])[12:]


def write(mix: Path, output: Path, most: int) -> None:
    """The capture."""
    key = transient_key()
    cipher = AESCCM(key[32:], tag_length=8)
    with output.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAPLEN, LINKTYPE_IEEE802_11))
        for number, (time, packet) in enumerate(packets(mix, most)):
            frames = [sealed(cipher, number, packet)]
            for frame in frames if number else [*handshake(key), *frames]:
                file.write(time + struct.pack("<II", len(frame), len(frame)) + frame)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a capture of an encrypted Wi-Fi network.")
    parser.add_argument("mix", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--packets", type=int, default=200_000)
    args = parser.parse_args()
    write(args.mix, args.output, args.packets)


if __name__ == "__main__":
    main()
