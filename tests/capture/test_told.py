"""What a pcapng file tells of itself: comments, interfaces, losses, names, secrets, other blocks."""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import analyzer
from analyzer.capture import Capture
from analyzer.capture.metadata import LONGEST_TEXT, MOST_COMMENTS, MOST_NAMES, ResolvedName
from analyzer.model import Comment, Interface, Name
from analyzer.report import json as saved
from analyzer.report import terminal
from tests import builders
from tests.capture.blocks import (
    block,
    enhanced,
    interface,
    obsolete,
    resolved,
    secrets,
    section,
    simple,
    statistics,
)
from tests.capture.reading import buffers_of, read, records_of
from tests.capture.tools import editcap, fields, needs_editcap, needs_tshark
from tests.conftest import ROOT
from tests.examples import examples

COMMENT = 1
TLS_KEYS, WIREGUARD_KEYS = 0x544C534B, 0x57474B4C
JOURNAL, CUSTOM, CUSTOM_UNCOPIED = 9, 0xBAD, 0x40000BAD
SERVER = bytes([203, 0, 113, 10])
orders = pytest.mark.parametrize("order", ["<", ">"])


def test_comments_tell_what_they_are_of(tmp_path: Path) -> None:
    data = (
        section("<", (COMMENT, b"recorded in Oslo"), (COMMENT, b"by hand\0"))
        + interface(1, 0, (2, b"wlan0"), (COMMENT, b"the phone's network"))
        + enhanced(b"first")
        + enhanced(b"second", told=[(2, bytes(4)), (COMMENT, "hier beginnt’s".encode())])
        + statistics(0, (COMMENT, b"stopped early"))
    )
    found, account = read(data, tmp_path / "capture")
    assert account.comments == [
        Comment("recorded in Oslo", "capture"),
        Comment("by hand", "capture"),
        Comment("the phone's network", "interface wlan0"),
        Comment("hier beginnt’s", "packet", 2),
        Comment("stopped early", "statistics"),
    ]
    assert [record.frame for record in found] == [b"first", b"second"]


@settings(max_examples=examples(40), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.binary(max_size=9), st.lists(st.text(max_size=9), max_size=3)), max_size=20),
    st.sampled_from("<>"),
    st.integers(64, 4000),
)
def test_each_packet_comment_stands_at_its_frame(
    tmp_path: Path, packets: list[tuple[bytes, list[str]]], order: str, buffer: int
) -> None:
    data = section(order) + interface(order=order)
    for frame, comments in packets:
        told = [(2988, b"custom"), *((COMMENT, text.encode()) for text in comments)]
        data += enhanced(frame, order=order, told=told) + block(CUSTOM, b"between", order)
    with buffers_of(buffer):
        _, account = read(data, tmp_path / "capture")
    expected = [
        (number, text.rstrip("\0 \r\n"))
        for number, (_, comments) in enumerate(packets, 1)
        for text in comments
        if text
    ]
    assert [(note.frame, note.text) for note in account.comments] == expected


@needs_editcap
def test_packet_comments_are_those_that_tshark_shows(tmp_path: Path) -> None:
    path = tmp_path / "commented.pcapng"
    wanted = {1: "the first frame", 4: "ünïcode", 12: "the twelfth"}
    notes = [part for number, text in wanted.items() for part in ("-a", f"{number}:{text}")]
    editcap(ROOT / "captures" / "nokia7plus-reconstruction-unanswered.pcap", path, *notes, "-F", "pcapng")
    capture = Capture(str(path))
    records_of(capture)
    seen = {n: text for n, (text,) in enumerate(fields(path, "frame.comment"), 1) if text}
    assert {note.frame: note.text for note in capture.account.comments} == seen == wanted


def test_of_many_comments_the_first_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    frame = enhanced(b"x", told=[(COMMENT, b"again")])
    _, account = read(section() + interface() + frame * 1000, tmp_path / "capture")
    assert [note.frame for note in account.comments] == list(range(1, MOST_COMMENTS + 1))
    assert account.comments_met == 1000


def test_a_comment_of_any_bytes_and_length_is_kept_in_part(tmp_path: Path) -> None:
    data = section() + interface() + enhanced(b"x", told=[(COMMENT, b"\xff\x1b" * 30_000)])
    _, account = read(data, tmp_path / "capture")
    assert account.comments[0].text.startswith("\\xff\x1b\\xff")
    assert len(account.comments[0].text) == LONGEST_TEXT


@pytest.mark.parametrize(
    "options",
    [struct.pack("<HH", COMMENT, 60_000) + b"cut", b"\1\0", struct.pack("<HH", COMMENT, 5) + b"four"],
    ids=["a length beyond the block", "half an option", "a length beyond by one"],
)
def test_options_that_lie_are_passed_over(options: bytes, tmp_path: Path) -> None:
    head = struct.pack("<IIIII", 0, 0, 0, 4, 4) + b"data"
    data = section() + interface() + block(6, head + options) + enhanced(b"after")
    found, account = read(data, tmp_path / "capture")
    assert [record.frame for record in found] == [b"data", b"after"]
    assert (account.comments, account.complete) == ([], True)


# ── interfaces and losses ───────────────────────────────────────────────────


@orders
def test_an_interface_tells_what_it_is_and_what_it_lost(order: str, tmp_path: Path) -> None:
    def count(number: int) -> bytes:
        return struct.pack(order + "Q", number)

    data = section(order, (2, b"a phone"), (3, b"Android 9"), (4, b"tcpdump"))
    data += interface(
        1, 96, (2, b"wlan0"), (3, b"Wi-Fi"), (11, b"\0port 80"), (12, b"Linux"), (15, b"chip"), order=order
    )
    data += interface(order=order)
    data += statistics(0, (4, count(10)), (5, count(1)), order=order)
    data += enhanced(b"x", order=order)
    data += statistics(0, (4, count(100)), (5, count(3)), (7, count(4)), order=order)
    data += statistics(1, (5, count(20)), (7, count(2**64 - 1)), order=order)
    data += statistics(7, (5, count(1000)), order=order)  # of an interface that is not there
    _, account = read(data, tmp_path / "capture")
    assert account.made_with == {
        "hardware": "a phone",
        "operating system": "Android 9",
        "application": "tcpdump",
    }
    assert account.interfaces == [
        Interface("wlan0", "Wi-Fi", "chip", "Linux", "port 80", 96, 100, 3, 4),
        Interface(received=None, dropped=20, dropped_by_system=None),
    ]
    (problem,) = account.problems
    assert (problem.code, problem.count) == ("dropped", 27)
    assert "23 packets were dropped by the interface and 4 by the operating system" in problem.what
    assert account.complete


def test_statistics_are_of_the_interfaces_of_their_section(tmp_path: Path) -> None:
    dropped = (5, struct.pack("<Q", 9))
    data = section() + interface() + section() + interface() + interface() + statistics(1, dropped)
    _, account = read(data, tmp_path / "capture")
    assert [entry.dropped for entry in account.interfaces] == [None, None, 9]


@orders
def test_drops_between_packets_are_added_up(order: str, tmp_path: Path) -> None:
    def drops(number: int) -> list[tuple[int, bytes]]:
        return [(4, struct.pack(order + "Q", number))]

    data = section(order) + interface(order=order)
    data += enhanced(b"a", order=order, told=drops(2)) + obsolete(b"b", drops=5, order=order)
    data += obsolete(b"c", drops=0xFFFF, order=order)  # unknown
    data += enhanced(b"d", order=order, told=drops(40))
    _, account = read(data, tmp_path / "capture")
    assert account.lost_between == 47
    assert [problem.code for problem in account.problems] == ["lost-between"]


def test_absurd_drop_counts_do_not_overflow(tmp_path: Path) -> None:
    told = [(4, bytes([255] * 8))] * 100
    data = section() + interface() + enhanced(b"a", told=told) * 3
    _, account = read(data, tmp_path / "capture")
    assert 2**40 <= account.lost_between < 2**63


def test_frames_without_a_time_are_counted(tmp_path: Path) -> None:
    _, account = read(section() + interface() + simple(b"a") * 3, tmp_path / "capture")
    (problem,) = account.problems
    assert (problem.code, problem.count) == ("no-time", 3)


@needs_tshark
def test_interfaces_are_those_that_capinfos_lists(corpus: Path) -> None:
    compared = 0
    for path in sorted((corpus / "captures").rglob("*.pcapng")):
        printed = subprocess.run(["capinfos", "-I", path], capture_output=True, timeout=60).stdout
        listed = re.split(r"Interface #\d+ info:", printed.decode("utf-8", "replace"))[1:]
        if not any("Filter string" in text for text in listed):
            continue
        capture = Capture(str(path))
        records_of(capture)
        own = capture.account.interfaces
        for entry, text in zip(own, listed, strict=len(own) < 100):
            assert (f"Filter string = {entry.filter}\n" in text) == bool(entry.filter)
            assert (f"Name = {entry.name}\n" in text) == bool(entry.name)
            assert (f"Description = {entry.description}\n" in text) == bool(entry.description)
            compared += bool(entry.filter)
    assert compared >= 5


# ── names, secrets, other blocks ────────────────────────────────────────────


@orders
def test_names_are_read_with_the_server_they_are_from(order: str, tmp_path: Path) -> None:
    records = [
        (1, SERVER + b"a.example\0b.example\0"),
        (2, bytes(15) + b"\1" + b"local.example\0"),
        (3, bytes.fromhex("02005e005301") + b"phone\0"),
        (99, b"of a kind that is not known"),
        (1, b"cut"),
    ]
    server = (2, b"dns.example"), (3, bytes([192, 0, 2, 1]))
    data = section(order) + resolved(records, *server, order=order)
    _, account = read(data, tmp_path / "capture")
    by = "dns.example 192.0.2.1"
    assert account.names == [
        ResolvedName("203.0.113.10", "a.example", by),
        ResolvedName("203.0.113.10", "b.example", by),
        ResolvedName("::1", "local.example", by),
        ResolvedName("02:00:5e:00:53:01", "phone", by),
    ]


def test_names_without_an_end_mark_are_read(tmp_path: Path) -> None:
    _, account = read(section() + resolved([(1, SERVER + b"a.example\0")], end=False), tmp_path / "capture")
    assert account.names == [ResolvedName("203.0.113.10", "a.example")]


def test_many_names_are_kept_up_to_a_limit_and_the_rest_is_counted(tmp_path: Path) -> None:
    record = (1, SERVER + b"a.example\0b.example\0")
    _, account = read(section() + resolved([record] * 15_000), tmp_path / "capture")
    assert (len(account.names), account.names_left_out) == (MOST_NAMES, 30_000 - MOST_NAMES)


@orders
def test_secrets_are_named_and_other_blocks_are_counted(order: str, tmp_path: Path) -> None:
    data = section(order) + secrets(TLS_KEYS, b"CLIENT_RANDOM", order) * 2
    data += secrets(WIREGUARD_KEYS, b"LOCAL_STATIC", order) + secrets(7, b"", order)
    data += interface(order=order)
    data += block(JOURNAL, b"MESSAGE=", order) * 3 + enhanced(b"x", order=order)
    data += block(CUSTOM, bytes(8), order) + block(CUSTOM_UNCOPIED, bytes(8), order)
    data += block(0x80000001, bytes(4), order)
    found, account = read(data, tmp_path / "capture")
    assert len(found) == 1
    assert account.secrets == {
        "TLS key log": 2,
        "WireGuard key log": 1,
        "secrets of another kind": 1,
    }
    assert account.passed_over == {
        "systemd journal entry": 3,
        "custom block": 2,
        "block of another type": 1,
    }


@pytest.mark.parametrize("buffer", [64, 4 << 20])
def test_blocks_are_counted_alike_whatever_the_buffer(buffer: int, tmp_path: Path) -> None:
    data = section() + interface() + block(JOURNAL, bytes(500)) * 20 + secrets(TLS_KEYS, bytes(300)) * 5
    data += statistics(0, (5, struct.pack("<Q", 1))) + resolved([(1, SERVER + b"a.example\0")])
    with buffers_of(buffer):
        _, account = read(data + enhanced(b"x"), tmp_path / "capture")
    assert (account.frames, account.passed_over["systemd journal entry"]) == (1, 20)
    assert (account.secrets["TLS key log"], account.interfaces[0].dropped) == (5, 1)
    assert len(account.names) == 1


# ── in the report ───────────────────────────────────────────────────────────


@pytest.fixture
def told(tmp_path: Path) -> analyzer.Report:
    """The report on a request in a file that tells much of itself."""
    frames = builders.conversation((True, builders.http_request(host="seen.example")), server="203.0.113.10")
    data = section("<", (COMMENT, b"of the capture")) + interface(1, 0, (2, b"wlan0"), (11, b"\0tcp"))
    frames.append(builders.udp(b"x", server="198.51.100.7"))
    names = (1, SERVER + b"written.example\0"), (1, bytes([198, 51, 100, 7]) + b"unseen.example\0")
    data += resolved(names, (2, b"dns.example"))
    data += secrets(TLS_KEYS, b"CLIENT_RANDOM")
    for number, frame in enumerate(frames):
        comment = [(COMMENT, b"the request \x1b[31m")] if number == 3 else []
        data += enhanced(frame, 1_550_678_460_000_000 + number, told=comment)
    data += statistics(0, (5, struct.pack("<Q", 12)))
    path = tmp_path / "told.pcapng"
    path.write_bytes(data)
    return analyzer.analyze(path)


def test_a_written_name_stands_last_and_with_its_origin(told: analyzer.Report) -> None:
    (row,) = (row for row in told.destinations if row.address == "203.0.113.10")
    assert [(name.name, name.how) for name in row.names] == [
        ("seen.example", "host"),
        ("written.example", "file"),
    ]
    assert row.names[1] == Name("written.example", "file", 0, via="name server dns.example, as the file says")


def test_a_report_says_what_the_file_tells_and_that_secrets_were_not_used(told: analyzer.Report) -> None:
    spots = " ".join(told.blind_spots)
    assert "with the filter “tcp”" in spots
    assert "TLS key log, 1 of them). They were not used" in spots
    assert "12 packets were dropped" in spots
    assert any(problem.code == "dropped" for problem in told.problems)
    assert told.captures[0].complete
    assert told.captures[0].comment == "of the capture"
    assert saved.read(saved.write(told)) == told


def test_the_terminal_shows_comments_as_harmless_text(told: analyzer.Report) -> None:
    text = terminal.render(told, width=200, sections=("all",))
    assert "frame 4: the request \\x1b[31m" in text
    assert "unseen.example (said by the file)" in " ".join(text.split())
    assert "seen.example (said by the file)" not in text.replace("unseen.example", "")


def test_keys_in_a_file_make_nothing_readable(corpus: Path) -> None:
    """Real TLS with its keys in the file: named, and not one request."""
    path = corpus / "captures" / "wireshark__wireshark" / "test" / "captures" / "tls12-dsb.pcapng"
    report = analyzer.analyze(path)
    assert report.captures[0].secrets == {"TLS key log": 2}
    assert report.messages == ()
