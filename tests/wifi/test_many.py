"""Frames that are opened many at once: the same as one by one, and as tshark opens them."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import dpkt
import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from hypothesis import given, settings
from hypothesis import strategies as st

import analyzer
from analyzer.core.kernels import is_compiled, uncompiled
from analyzer.model import Report
from analyzer.packets.wifi import ccm, ccmp_batch, ciphers, wifi_key
from analyzer.packets.wifi import decapsulation as inside_module
from analyzer.packets.wifi.decapsulation import inside_frames
from analyzer.packets.wifi.frames import EAPOL_SNAP, parse
from analyzer.packets.wifi.handshake import SessionKeys
from analyzer.packets.wifi.kernel import AGAIN, LENGTH, RETRY, ROW, SENDER, SEQUENCE
from analyzer.packets.wifi.networks import Station, WifiSession
from tests.bench import make_wifi
from tests.bench.make_flood import write as write_flood
from tests.examples import examples
from tests.wifi.test_session import CAPTURES, KEYS

BENCH = Path(__file__).parent.parent / "bench"
KEY = "bench:not a secret at all"
FRAMES = 6_000  # in several batches: a key is known from the batch behind the handshake on
LINK_IEEE802_11 = 105
ONE_BY_ONE = {True: sys.maxsize, False: sys.maxsize}
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


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are opened many at once in small captures too."""
    monkeypatch.setattr(ccmp_batch, "WORTHWHILE", {True: 1, False: 1})


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many frames were opened at once, by and by."""
    found: list[int] = []
    noted = WifiSession.note_opened

    def note(session: WifiSession, opened: ccmp_batch.OpenedFrames, new: ccmp_batch.Flags) -> None:
        found.append(len(opened))
        noted(session, opened, new)

    monkeypatch.setattr(WifiSession, "note_opened", note)
    return found


@pytest.mark.usefixtures("at_once")
def test_a_report_is_the_same_when_all_are_opened_one_by_one(
    capture: Path, counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = scanned(capture, KEY)
    assert sum(counted) > FRAMES / 4
    monkeypatch.setattr(ccmp_batch, "WORTHWHILE", ONE_BY_ONE)
    assert scanned(capture, KEY) == together


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("name", sorted(KEYS))
def test_real_captures_give_the_same_one_by_one(
    corpus: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = corpus / CAPTURES / name
    together = scanned(path, KEYS[name][0])
    monkeypatch.setattr(ccmp_batch, "WORTHWHILE", ONE_BY_ONE)
    assert scanned(path, KEYS[name][0]) == together


def test_compiled_loops_open_what_uncompiled_ones_open(capture: Path) -> None:
    if not is_compiled():
        pytest.skip("the kernels of this copy are not compiled")
    data = [bytes(frame) for _, frame in dpkt.pcap.Reader(io.BytesIO(capture.read_bytes()))][:2000]
    key = make_wifi.transient_key()[32:48]
    with uncompiled():
        plain = opened(data, key)
    assert len(plain) > 1900
    assert plain == opened(data, key)


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
        "left": st.none() | st.integers(0, 60),  # bytes that were captured
    }
)
# Frames of which one often repeats another, in other words those whose order matters.
REPEATING = st.fixed_dictionaries(
    {
        "direction": st.just(1),
        "receiver": st.just(AP),
        "qos": st.booleans(),
        "control": st.sampled_from([0x40, 0x48]),
        "number": st.integers(1, 2),
        "payload": st.just(SNAP + b"text"),
        "aggregate": st.just(False),
        "key": st.sampled_from([TEMPORAL, TEMPORAL, bytes(16)]),
        "left": st.none(),
        "damaged": st.booleans(),
    }
)
ANY = st.tuples(FRAME, st.booleans()).map(lambda drawn: {**drawn[0], "damaged": drawn[1]})


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
    if check:
        whole += (zlib.crc32(whole) ^ frame.get("damaged", False)).to_bytes(4, "little")
    return whole[: frame["left"]]


@given(st.lists(FRAME, max_size=12), st.booleans())
def test_each_is_what_it_is_alone(frames: list[dict[str, Any]], check: bool) -> None:
    data = [made(frame, check) for frame in frames]
    found = opened(data)
    for row, (payload, sender, sequence, retry) in found.items():
        alone = parse(data[row])
        assert alone is not None
        assert payload == ciphers.ccmp(TEMPORAL, alone)
        assert sender == ccmp_batch.sender_of(alone.transmitter, alone.tid if frames[row]["qos"] else -1)
        assert (sequence, retry) == (alone.sequence, bool(frames[row]["control"] & RETRY))
    # One look tells whether a capture's frames end in check sequences; a cut frame can't tell.
    if not check or all(frame["left"] is None for frame in frames):
        assert {row for row, frame in enumerate(frames) if is_ordinary(frame)} <= found.keys()


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(st.lists(ANY, max_size=8) | st.lists(REPEATING, max_size=8), max_size=3), st.booleans())
def test_what_is_inside_is_the_same_one_by_one(batches: list[list[dict[str, Any]]], check: bool) -> None:
    told = []
    for least in (1, sys.maxsize):
        session = a_session()
        found = [inside(session, [made(frame, check) for frame in frames], least) for frames in batches]
        told.append((found, session.clients, session.counts))
    assert told[0] == told[1]


@pytest.mark.parametrize("repeated", [False, True])
def test_a_frame_sent_again_in_the_next_batch_is_no_new_one(repeated: bool) -> None:
    session = a_session()
    first = [made({**ORDINARY, "qos": qos, "number": 1}, False) for qos in (False, True)]
    again = [
        made({**ORDINARY, "qos": qos, "number": 1 if repeated else 2, "control": 0x48}, False)
        for qos in (False, True)
    ]
    assert [row for row, _ in inside(session, first, 1)[0]] == [0, 1]
    packets, repetitions = inside(session, again, 1)
    assert (len(packets), repetitions) == ((0, {0, 1}) if repeated else (2, set()))


ORDINARY: dict[str, Any] = {
    "direction": 1, "receiver": AP, "control": 0x40, "payload": SNAP, "aggregate": False, "key": TEMPORAL,
    "left": None, "qos": False,
}  # fmt: skip


def test_a_damaged_check_sequence_does_not_hide_those_of_the_others() -> None:
    frames = [made({**ORDINARY, "number": n, "damaged": n % 7 == 1}, True) for n in range(1, 60)]
    longest = made({**ORDINARY, "number": 60, "payload": SNAP + bytes(500), "damaged": True}, True)
    assert len(opened([*frames, longest])) == 60


@pytest.mark.parametrize("size", [65_535, 65_536, 70_000])
def test_a_frame_longer_than_ccm_can_seal_is_one_that_is_not_opened(size: int) -> None:
    frame = made({**ORDINARY, "number": 1}, False)
    header = len(frame) - len(SNAP) - 8
    session = a_session()
    assert inside(session, [frame, frame[:header] + bytes(size + 8)], 1)[0][0][0] == 0
    client = session.clients[AP, PHONE]
    assert (client.decrypted, client.protected) == (1, 1)


def test_without_a_key_no_loop_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Any] = []
    for module in (ccm, ccmp_batch, inside_module):
        monkeypatch.setattr(module, "run_kernel", lambda kernel, *_: ran.append(kernel))
    frames = [made({**ORDINARY, "number": n}, False) for n in range(2 * ccmp_batch.WORTHWHILE[True])]
    data, start, end = laid_out(frames)
    session = WifiSession()
    found = inside_frames(session, data, start, end, np.full(len(frames), LINK_IEEE802_11))
    assert (len(found.row), session.clients[AP, PHONE].protected, ran) == (0, len(frames), [])


def a_session() -> WifiSession:
    """One that knows the key of a client, whichever of the two is the access point."""
    session = WifiSession()
    for bssid, station in ((AP, PHONE), (PHONE, AP)):
        keys = [SessionKeys(bytes(16), bytes(16), TEMPORAL + bytes(16), 2)]
        client = Station(station.hex(":"), bssid.hex(":"), keys=keys, cipher="CCMP")
        session.clients[bssid, station] = client
    return session


def laid_out(data: list[bytes]) -> tuple[ccmp_batch.Bytes, ccmp_batch.Rows, ccmp_batch.Rows]:
    """These as a batch, with their starts and ends."""
    end = np.cumsum([len(one) for one in data], dtype=np.int64)
    return (
        np.frombuffer(b"".join(data), np.uint8),
        end - np.array([len(one) for one in data], np.int64),
        end,
    )


def inside(session: WifiSession, raw: list[bytes], least: int) -> tuple[list[tuple[int, bytes]], set[int]]:
    """(rows with the Ethernet frames in them, repeated rows)."""
    data, start, end = laid_out(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ccmp_batch, "WORTHWHILE", {False: least, True: least})
        found = inside_frames(session, data, start, end, np.full(len(raw), LINK_IEEE802_11))
    places = zip(found.row.tolist(), found.at.tolist(), found.length.tolist(), strict=True)
    return [(row, bytes(found.data[at : at + size])) for row, at, size in places], {*found.repeated.tolist()}


def opened(data: list[bytes], key: bytes = TEMPORAL) -> dict[int, tuple[bytes, int, int, bool]]:
    """Payload, sender, sequence number and whether sent again of each frame that is opened, by row."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ccmp_batch, "WORTHWHILE", {True: 1, False: 1})
        found = ccmp_batch.opened_frames(*laid_out(data), lambda *_: key, ccmp_batch.FrameBuffer())
    columns = [found.column(which).tolist() for which in (ROW, LENGTH, SENDER, SEQUENCE, AGAIN)]
    return {
        row: (bytes(found.room[at : at + size]), sender, sequence, bool(again))
        for at, row, size, sender, sequence, again in zip(found.at.tolist(), *columns, strict=True)
    }


def is_ordinary(frame: dict[str, Any]) -> bool:
    is_sealed = frame["key"] == TEMPORAL and frame["left"] is None
    is_key_frame = frame["payload"].startswith(EAPOL_SNAP)
    is_between_two = frame["direction"] in (1, 2) and frame["receiver"] != GROUP
    return is_sealed and is_between_two and not is_key_frame and len(frame["payload"]) > 0
