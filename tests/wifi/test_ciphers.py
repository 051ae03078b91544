"""The ciphers of 802.11 against the standard's own test vectors and against scapy's."""

from __future__ import annotations

import os
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzer.packets.wifi import ciphers
from analyzer.packets.wifi.frames import WifiFrame, ethernet_frames, parse
from analyzer.packets.wifi.handshake import psk_of
from tests.examples import examples

# IEEE 802.11-2020 Annex J.6.4, CCMP.
CCMP_KEY = bytes.fromhex("c97c1f67ce371185514a8a19f2bdd52f")
CCMP_PLAIN = bytes.fromhex("f8ba1a55d02f85ae967bb62fb6cda8eb7e78a050")
CCMP_SENT = bytes.fromhex(
    "0848c32c0fd2e128a57c5030f1844408abaea5b8fcba8033"
    "0ce700207697 03b5f3d0a2fe9a3dbf2342a643e43246e80c3c04d019 7845ce0b16f97623".replace(" ", "")
)
SNAP = bytes.fromhex("aaaa030000000800")
STATION, AP, SERVER = (bytes.fromhex(f"00005e0053{last}") for last in ("01", "02", "03"))


def protected(body: bytes, *, qos: bool = False, transmitter: bytes = STATION) -> WifiFrame:
    """A protected data frame from a station to its access point."""
    control = b"\x88\x41" if qos else b"\x08\x41"
    header = control + b"\0\0" + AP + transmitter + SERVER + b"\x10\x00" + (b"\x05\x00" if qos else b"")
    frame = parse(header + body)
    assert frame is not None
    return frame


def test_ccmp_opens_the_test_vector_of_the_standard():
    frame = parse(CCMP_SENT)
    assert frame is not None
    assert ciphers.ccmp(CCMP_KEY, frame) == CCMP_PLAIN


def test_ccmp_refuses_a_wrong_key_and_a_changed_byte():
    frame = parse(CCMP_SENT)
    assert frame is not None
    assert ciphers.ccmp(bytes(16), frame) is None
    changed = frame._replace(body=frame.body[:10] + bytes([frame.body[10] ^ 1]) + frame.body[11:])
    assert ciphers.ccmp(CCMP_KEY, changed) is None


def test_retry_and_power_bits_do_not_matter_to_ccmp():
    repeated = bytearray(CCMP_SENT)
    repeated[1] |= 0x38
    frame = parse(bytes(repeated))
    assert frame is not None
    assert ciphers.ccmp(CCMP_KEY, frame) == CCMP_PLAIN


def test_a_passphrase_and_ssid_give_the_key_of_the_standard():
    # IEEE 802.11-2020 Annex J.4.2
    expected = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
    assert psk_of("password", b"IEEE").hex() == expected


@given(
    key=st.binary(min_size=16, max_size=16),
    transmitter=st.binary(min_size=6, max_size=6),
    high=st.integers(0, 2**32 - 1),
    low=st.integers(0, 2**16 - 1),
)
@settings(max_examples=examples(60), deadline=None)
def test_tkip_mixes_the_packet_key_as_scapy_does(key, transmitter, high, low):
    crypto = pytest.importorskip("scapy.modules.krack.crypto")
    counter = (high << 16) | low
    data = [counter >> 8 * i & 0xFF for i in range(6)]
    theirs = crypto.gen_TKIP_RC4_key(data, list(transmitter), list(key))
    assert ciphers._mixed(key, transmitter, high, low) == bytes(theirs)


@pytest.mark.parametrize("qos", [False, True])
def test_a_tkip_frame_is_opened_and_its_mic_taken_off(qos):
    key, payload, mic = os.urandom(16), SNAP + b"readable", b"\x11" * 8
    high, low = 7, 0x1234
    packet_key = ciphers._mixed(key, STATION, high, low)
    plain = payload + mic
    sealed = ciphers.rc4(packet_key, plain + zlib.crc32(plain).to_bytes(4, "little"))
    start = bytes([low >> 8, ((low >> 8) | 0x20) & 0x7F, low & 0xFF, 0x20]) + high.to_bytes(4, "little")
    frame = protected(start + sealed, qos=qos)
    assert ciphers.tkip(key, frame) == payload
    assert ciphers.tkip(os.urandom(16), frame) is None


@pytest.mark.parametrize("size", [5, 13])
def test_a_wep_frame_sealed_with_scapys_rc4_is_opened(size):
    crypto = pytest.importorskip("scapy.modules.krack.crypto")
    key, payload = os.urandom(size), SNAP + b"readable"
    sealed = crypto.ARC4_encrypt(b"abc" + key, payload + zlib.crc32(payload).to_bytes(4, "little"))
    frame = protected(b"abc\0" + sealed)
    assert ciphers.wep(key, frame) == payload
    assert ciphers.wep(os.urandom(size), frame) is None


@pytest.mark.parametrize(("cipher", "size"), [(ciphers.gcmp, 16), (ciphers.gcmp_256, 32)])
def test_a_gcmp_frame_is_opened(cipher, size):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key, payload = os.urandom(size), SNAP + b"readable"
    number = bytes.fromhex("010203040506")  # PN5 … PN0
    start = bytes([number[5], number[4], 0, 0x20, number[3], number[2], number[1], number[0]])
    unsealed = protected(start + bytes(24), qos=True)
    # IEEE 802.11-2020 §12.5.3.3.3: frame control masked, addresses, fragment number, QoS TID.
    authenticated = b"\x88\x41" + AP + STATION + SERVER + b"\x00\x00" + b"\x05\x00"
    sealed = AESGCM(key).encrypt(STATION + number, payload, authenticated)
    assert cipher(key, unsealed._replace(body=start + sealed)) == payload


@given(st.binary(max_size=200), st.binary(min_size=32, max_size=32))
@example(b"\x80" + bytes(39), bytes(32))  # a beacon: its subtype has the bit that means QoS in data frames
@settings(max_examples=examples(200), deadline=None)
def test_no_frame_however_cut_raises(data, key):
    frame = parse(data)
    if frame is None:
        return
    for cipher in ciphers.CIPHERS.values():
        cipher(key, frame)
    ciphers.wep(key[:13], frame)
    ethernet_frames(frame.aggregate, frame.destination, frame.source, frame.body)


def test_an_aggregate_gives_each_of_its_packets():
    inner = [SNAP + bytes([n]) * (3 + n) for n in range(3)]
    body = b""
    for packet in inner:
        part = AP + STATION + len(packet).to_bytes(2, "big") + packet
        body += part + bytes(-len(part) % 4)
    frame = protected(b"", qos=True)._replace(aggregate=True)
    assert ethernet_frames(frame.aggregate, frame.destination, frame.source, body) == [
        AP + STATION + packet[6:] for packet in inner
    ]
