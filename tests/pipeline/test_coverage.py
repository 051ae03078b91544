"""What becomes of each packet and byte of a capture: searched, encrypted, or not, and why; rows add up."""

from __future__ import annotations

import json
import os
import random
import struct
from collections import Counter
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.conclusions.merge import merge
from analyzer.model import Coverage, Report
from analyzer.report.coverage import UNREAD, limits, rows_of
from analyzer.report.language import language
from analyzer.report.summary import answer, has_found
from tests.builders import (
    PHONE_MAC,
    SERVER,
    conversation,
    ethernet,
    http_request,
    http_response,
    pcap,
    udp,
)
from tests.pipeline.captures import arp, large_datagram, report_of, tunnelled

IMSI_IN_TEXT = b"+ATTACH imsi=242011234567890\r\n" * 8
RANDOM = random.Random(7).randbytes(600)
RADIO_HEADER = bytes.fromhex("0000080000000000")
RADIOTAP, BLUETOOTH = 127, 187


def states(report: Report) -> Counter[str]:
    """Bytes by state."""
    found: Counter[str] = Counter()
    for row in report.coverage:
        found[row.state] += row.bytes
    return found


def protected_frame(number: int) -> bytes:
    """A Wi-Fi data frame to an access point, sealed with a key that nobody has."""
    ap, station = bytes.fromhex("00005e005302"), bytes.fromhex("00005e005301")
    header = b"\x08\x41\0\0" + ap + station + ap + struct.pack("<H", number << 4)
    return RADIO_HEADER + header + bytes((number, 0, 0, 0x20, 0, 0, 0, 0)) + RANDOM[:200]


MADE: dict[str, tuple[list[bytes], int, str]] = {  # frames, link type, the state that must be among them
    "searched": (conversation((True, http_request(body=b"a=1")), (False, http_response())), 1, "searched"),
    "answers": (conversation((True, http_request()), (False, http_response(body=b"x" * 900))), 1, "answers"),
    "text": (conversation((True, IMSI_IN_TEXT), ports=(40_000, 4_711)), 1, "searched"),
    "binary": (conversation((True, bytes(range(40)) + IMSI_IN_TEXT), ports=(40_000, 4_711)), 1, "searched"),
    "datagram": ([udp(b"\x01\x02\x03\x04id=" + b"7" * 20, ports=(40_000, 9_999))], 1, "searched"),
    "dns": ([udp(struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\x01a\0\0\x01\0\x01")], 1, "not-searched"),
    "random": (conversation((True, b"\x81" + RANDOM), ports=(40_000, 4_711)), 1, "unrecognised"),
    "wifi": ([protected_frame(number) for number in range(1, 9)], RADIOTAP, "wifi-not-opened"),
    "tunnel": (
        [ethernet(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 60, 1, 0, 64, 47, 0, b"\xc0\0\2\1", b"\xc0\0\2\2")
                  + b"\0\0\x99\x99" + bytes(36), 0x0800)],
        1, "tunnel-not-opened",
    ),
    "mpls": ([ethernet(b"\0\1\1\x40" + b"\x50" * 60, 0x8847)], 1, "tunnel-not-opened"),
    "link type": ([b"\2" + bytes(40)], BLUETOOTH, "not-decoded"),
    "ethertype": ([ethernet(b"\2\7\4" + PHONE_MAC + bytes(40), 0x88CC)], 1, "not-decoded"),
    "damaged": ([ethernet(b"\x45" + bytes(5), 0x0800)], 1, "not-decoded"),
    "fragment": (large_datagram()[1:2], 1, "not-decoded"),
    "arp": ([arp()], 1, "no-content"),
    "inside gre": ([tunnelled()], 1, "no-content"),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_each_kind_of_packet_is_in_its_state_and_all_add_up(name: str, tmp_path: Path) -> None:
    frames, link_type, state = MADE[name]
    (tmp_path / "made.pcap").write_bytes(pcap(frames, link_type=link_type))
    report = analyze(tmp_path / "made.pcap")
    assert state in states(report)
    assert sum(row.packets for row in report.coverage) == len(frames)
    assert sum(row.bytes for row in report.coverage) == sum(map(len, frames))


@pytest.mark.parametrize("name", [name for name, (*_, state) in MADE.items() if state in UNREAD])
def test_where_nothing_was_found_what_was_not_searched_comes_first(name: str, tmp_path: Path) -> None:
    frames, link_type, _ = MADE[name]
    (tmp_path / "made.pcap").write_bytes(pcap(frames, link_type=link_type))
    report = analyze(tmp_path / "made.pcap")
    first, second, *_ = answer(report)
    assert first == limits(report)[0]
    assert "packets (" in first
    assert " of the bytes) were not searched for identifiers" in first
    assert "searched" in second
    assert not any("No identifier" in sentence and "in what was searched" not in sentence
                   for sentence in answer(report))  # fmt: skip


def test_fragments_that_become_whole_count_with_their_datagram(tmp_path: Path) -> None:
    frames = large_datagram()
    report = report_of(frames, tmp_path / "whole.pcap")
    assert sum(row.packets for row in report.coverage) == len(frames)
    assert sum(row.bytes for row in report.coverage) == sum(map(len, frames))
    assert set(states(report)) == {"not-searched"}


def test_what_the_snapshot_length_cut_off_is_not_called_searched(tmp_path: Path) -> None:
    frames = conversation((True, http_request(method="POST", body=b"a" * 1_000)))
    (tmp_path / "cut.pcap").write_bytes(pcap(frames, snaplen=200))
    report = analyze(tmp_path / "cut.pcap")
    assert states(report)["not-captured"] > 800
    assert "cut off by the snapshot length" in answer(report)[0]


def test_a_segment_sent_again_is_not_something_that_nobody_searched(tmp_path: Path) -> None:
    frames = conversation((True, http_request(method="POST", body=b"a" * 800)), (False, http_response()))
    at = max(range(len(frames)), key=lambda index: len(frames[index]))
    again = [*frames[: at + 2], frames[at], *frames[at + 2 :]]
    (tmp_path / "again.pcap").write_bytes(
        pcap(again, times_ns=[1_550_678_460 * 10**9 + n * 400_000_000 for n in range(len(again))])
    )
    assert not rows_of(analyze(tmp_path / "again.pcap"), *UNREAD)


def test_an_answer_that_leaves_a_device_counts_as_not_searched(tmp_path: Path) -> None:
    """Where the device is the server, its answers are what it gives away."""
    asked = (True, http_request(target="/who")), (False, http_response(body=b"imei " * 200))
    frames = conversation(*asked, phone=SERVER, server="192.168.1.10")
    found = states(report_of(frames, tmp_path / "asked.pcap"))
    assert found["not-searched"] > 1_000
    assert not found["answers"]


def test_messages_beyond_the_limit_are_not_called_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.dissectors.clear_datagrams.MOST_MESSAGES", 2)
    frames = [udp(b'{"a": %d}' % number, ports=(40_000, 9_999)) for number in range(6)]
    found = {row.state: row.packets for row in report_of(frames, tmp_path / "many.pcap").coverage}
    assert found == {"searched": 2, "not-searched": 4}


def test_a_log_in_before_tls_leaves_the_rest_encrypted(tmp_path: Path) -> None:
    frames = conversation(
        (False, b"220 mail.example ESMTP\r\n"), (True, b"EHLO a\r\n"), (False, b"250 STARTTLS\r\n"),
        (True, b"STARTTLS\r\n"), (False, b"220 go\r\n"), (True, b"\x16\3\1\2\0" + RANDOM),
        ports=(40_000, 25),
    )  # fmt: skip
    found = states(report_of(frames, tmp_path / "tls.pcap"))
    assert found["encrypted"] > 500
    assert found["not-searched"] < 500


def test_rows_of_several_captures_keep_their_capture(tmp_path: Path) -> None:
    reports = [report_of([arp()] * n, tmp_path / f"{n}.pcap") for n in (1, 3)]
    assert [(row.capture, row.packets) for row in merge(reports).coverage] == [(0, 1), (1, 3)]


def test_a_capture_that_cannot_be_read_is_a_limit(tmp_path: Path) -> None:
    good = tmp_path / "good.pcap"
    good.write_bytes(pcap(conversation((True, http_request()))))
    (tmp_path / "bad.pcap").write_bytes(b"no capture at all, but some text")
    assert answer(analyze(good, tmp_path / "bad.pcap"))[0] == "1 of 2 captures could not be read at all."


def test_identifiers_without_a_known_payload_are_the_first_sentence(tmp_path: Path) -> None:
    body = b'{"imei": "490154203237518"}'
    given = {"Content_Type": "application/json", "Cookie": "session=1"}
    request = http_request(method="POST", host="up.example", body=body, **given)
    report = report_of(conversation(*[(True, request), (False, http_response())] * 12), tmp_path / "a.pcap")
    first, second, *_ = answer(report)
    assert "(IMEI), unencrypted, to up.example" in first
    assert ", 12 times " in first
    assert "IMEI (12 times)" in second
    assert f"They were sent to up.example ({SERVER}:80) (12 messages)." in second
    assert second.endswith("None of these messages was recognised as an activation payload.")


def test_where_something_was_found_what_was_not_searched_comes_last(tmp_path: Path) -> None:
    body = b'{"imei": "490154203237518"}'
    frames = conversation((True, http_request(method="POST", body=body, Content_Type="application/json")))
    report = report_of([*frames, *MADE["text"][0], *MADE["dns"][0]], tmp_path / "b.pcap")
    assert has_found(report)
    assert answer(report)[-1] == limits(report)[-1]
    assert "IMEI" in answer(report)[0]


def test_the_sentences_are_there_in_norwegian(tmp_path: Path) -> None:
    report = report_of(MADE["dns"][0], tmp_path / "c.pcap")
    with language("nb"):
        first, second, *_ = answer(report)
    assert "ble ikke gjennomsøkt etter identifikatorer" in first
    assert second.startswith("Ingenting i dette opptaket ble gjennomsøkt")


# ── captures of real clients ────────────────────────────────────────────────

CLIENTS = Path(os.environ.get("PHONEHOME_CLIENTS", "missing"))


@pytest.mark.skipif(not (CLIENTS / "truth.json").is_file(), reason="PHONEHOME_CLIENTS names no truth.json")
def test_no_capture_in_which_something_left_in_clear_reads_as_clean() -> None:
    truth = json.loads((CLIENTS / "truth.json").read_text("utf-8"))
    clean = []
    for name, said in truth.items():
        if said["expected"] and not said["negative"] and (CLIENTS / name).is_file():
            report = analyze(CLIENTS / name)
            if not has_found(report) and answer(report)[0] not in limits(report):
                clean.append(name)
    assert not clean


def test_a_row_has_a_state_that_the_tables_name() -> None:
    from typing import get_args

    from analyzer.model import CoverageState
    from analyzer.report.coverage import STATES

    assert set(STATES) == set(get_args(CoverageState))
    assert Coverage("searched", "http", 1, 2).capture == 0
