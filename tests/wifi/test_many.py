"""Frames that are opened many at once: the same as one by one, and as tshark opens them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from hypothesis import given
from hypothesis import strategies as st

import analyzer
from analyzer.model import Report
from analyzer.packets.wifi import ciphers, many, wifi_key
from analyzer.packets.wifi.frames import EAPOL_SNAP, RETRY, ethernet_frames, parse
from analyzer.packets.wifi.session import WifiSession
from tests.bench.make_flood import write as write_flood

from .test_session import CAPTURES, KEYS

BENCH = Path(__file__).parent.parent / "bench"
KEY = "bench:not a secret at all"
FRAMES = 6_000  # in several batches: a key is known from the batch behind the handshake on
LINK_IEEE802_11 = 105
TEMPORAL = bytes(range(16))
AP, PHONE, OTHER = (bytes.fromhex(f"00005e0053{last}") for last in ("02", "01", "03"))
GROUP = bytes.fromhex("01005e000001")
SNAP = bytes.fromhex("aaaa030000000800")
SUBFRAME = OTHER + PHONE + (len(SNAP) + 8).to_bytes(2, "big") + SNAP + bytes(8)


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wifi")
    write_flood(folder / "plain.pcap", "ports", FRAMES)
    command = [sys.executable, BENCH / "make_wifi.py", folder / "plain.pcap", "-o", folder / "wifi.pcap"]
    subprocess.run(command, check=True)
    return folder / "wifi.pcap"


def scanned(capture: Path, key: str) -> Report:
    """The report, without the moment at which it was made."""
    return replace(analyzer.analyze(capture, wifi=[wifi_key(key)]), created_ns=0)


def test_many_at_once_are_those_that_tshark_opens(capture: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    keys = 'uat:80211_keys:"wpa-pwd","not a secret at all:bench"'
    command = [
        "tshark",
        "-n",
        "-r",
        str(capture),
        "-o",
        "wlan.enable_decryption:TRUE",
        "-o",
        keys,
        "-Y",
        "tcp",
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len(shown.splitlines()) == FRAMES
    assert sum(row.packets_up for row in scanned(capture, KEY).destinations) == FRAMES


def test_a_report_is_the_same_when_all_are_opened_one_by_one(
    capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[many.Opened] = []
    one_of_many = WifiSession.take_opened

    def counted(session: WifiSession, opened: many.Opened) -> tuple[list[bytes], bool]:
        taken.append(opened)
        return one_of_many(session, opened)

    monkeypatch.setattr(WifiSession, "take_opened", counted)
    at_once = scanned(capture, KEY)
    assert len(taken) > FRAMES / 4
    monkeypatch.setattr(many, "WORTHWHILE", sys.maxsize)
    assert scanned(capture, KEY) == at_once


@pytest.mark.parametrize("name", sorted(KEYS))
def test_real_captures_give_the_same_one_by_one(
    corpus: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = corpus / CAPTURES / name
    monkeypatch.setattr(many, "WORTHWHILE", 1)
    at_once = scanned(path, KEYS[name][0])
    monkeypatch.setattr(many, "WORTHWHILE", sys.maxsize)
    assert scanned(path, KEYS[name][0]) == at_once


FRAME = st.fixed_dictionaries(
    {
        "direction": st.integers(0, 3),
        "receiver": st.sampled_from([AP, PHONE, GROUP]),
        "qos": st.booleans(),
        "control": st.sampled_from([0x40, 0x48, 0xC0, 0x50]),  # protected; and retry, order, power
        "number": st.integers(0, 2**48 - 1),
        "payload": st.sampled_from(
            [SNAP + b"text", SUBFRAME + b"\0" * 2 + SUBFRAME, SNAP[:6] + b"\x88\x8e" + b"k"]
        )
        | st.binary(max_size=40),
        "aggregate": st.booleans(),
        "key": st.sampled_from([TEMPORAL, bytes(16)]),
        "left": st.none() | st.integers(0, 60),  # octets that were captured
    }
)


def made(frame: dict[str, Any], check: bool) -> bytes:
    head = bytes([0x88 if frame["qos"] else 0x08, frame["control"] | frame["direction"], 0, 0])
    head += frame["receiver"] + PHONE + OTHER + (frame["number"] % 4096 << 4).to_bytes(2, "little")
    head += AP if frame["direction"] == 3 else b""
    head += bytes([5 | 0x80 * frame["aggregate"], 0]) if frame["qos"] else b""
    head += bytes(4) if frame["qos"] and frame["control"] & 0x80 else b""
    pn = frame["number"].to_bytes(6, "big")
    counter = bytes([pn[5], pn[4], 0, 0x20, pn[3], pn[2], pn[1], pn[0]])
    parsed = parse(head + counter)
    assert parsed is not None
    cipher = AESCCM(frame["key"], tag_length=8)
    sealed = cipher.encrypt(
        ciphers._nonce(parsed, ccm=True), frame["payload"], ciphers._authenticated(parsed)
    )
    whole = head + counter + sealed
    whole += zlib.crc32(whole).to_bytes(4, "little") if check else b""
    return whole[: frame["left"]]


@given(st.lists(FRAME, max_size=12), st.booleans())
def test_each_is_what_it_is_alone(frames: list[dict[str, Any]], check: bool) -> None:
    octets = [made(frame, check) for frame in frames]
    found = opened(octets)
    for row, many_at_once in found.items():
        alone = parse(octets[row])
        assert alone is not None
        payload = ciphers.ccmp(TEMPORAL, alone)
        assert many_at_once.payload == payload
        assert ethernet_frames(many_at_once, many_at_once.payload) == ethernet_frames(alone, payload)
        ends = (alone.transmitter, alone.sequence, alone.bssid, alone.tid if frames[row]["qos"] else -1)
        assert ends == (
            many_at_once.transmitter, many_at_once.sequence, many_at_once.bssid, many_at_once.tid,
        )  # fmt: skip
        assert many_at_once.retry == bool(frames[row]["control"] & RETRY)
    # One look tells whether a capture's frames end in check sequences; a cut frame can't tell.
    if not check or all(frame["left"] is None for frame in frames):
        assert {row for row, frame in enumerate(frames) if is_ordinary(frame)} <= found.keys()


def opened(octets: list[bytes]) -> dict[int, many.Opened]:
    end = np.cumsum([len(one) for one in octets], dtype=np.int64)
    start = end - np.array([len(one) for one in octets], np.int64)
    data = np.frombuffer(b"".join(octets), np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many, "WORTHWHILE", 1)
        return many.opened_frames(data, start, end, LINK_IEEE802_11, lambda *_: TEMPORAL)


def is_ordinary(frame: dict[str, Any]) -> bool:
    is_sealed = frame["key"] == TEMPORAL and frame["left"] is None
    is_key_frame = frame["payload"].startswith(EAPOL_SNAP)
    is_between_two = frame["direction"] in (1, 2) and frame["receiver"] != GROUP
    return is_sealed and is_between_two and not is_key_frame and len(frame["payload"]) >= 30
