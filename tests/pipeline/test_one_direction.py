"""Captures of one direction: what can't be told from them is said, and no more than that."""

from __future__ import annotations

from pathlib import Path

import dpkt
import pytest

from analyzer import analyze
from tests import builders
from tests.builders import SYN, conversation, http_request, http_response, tcp

TALK = conversation((True, http_request("POST", "/a", "a.example", b"n=1")), (False, http_response()))
MADE_OF_ONE = "it was made of one direction"


def spots(frames: list[bytes], path: Path) -> str:
    path.write_bytes(builders.pcap(frames))
    return "\n".join(analyze(path).blind_spots)


def is_sent(frame: bytes) -> bool:
    """Whether the phone sent it, by the ports."""
    return bool(dpkt.ethernet.Ethernet(frame).data.data.dport == builders.SERVER_PORT)


@pytest.mark.parametrize(("sent", "way"), [(True, "the devices sent is"), (False, "the devices received is")])
def test_a_capture_of_one_direction_says_so(sent: bool, way: str, tmp_path: Path) -> None:
    said = spots([frame for frame in TALK if is_sent(frame) == sent], tmp_path / "one.pcap")
    assert way in said
    assert MADE_OF_ONE in said


def test_a_connection_that_nobody_took_up_is_no_sign_of_it(tmp_path: Path) -> None:
    said = spots([tcp(flags=SYN, seq=1)], tmp_path / "syn.pcap")
    assert MADE_OF_ONE not in said
    assert "1 of 1 TCP destinations show packets in one direction only" in said


def test_one_such_destination_among_others_is_counted(tmp_path: Path) -> None:
    other = [f for f in conversation((True, b"GET / HTTP/1.1\r\n\r\n"), server="203.0.113.9") if is_sent(f)]
    said = spots([*TALK, *other], tmp_path / "some.pcap")
    assert "With 1 of 2 TCP destinations data was exchanged of which only one direction was captured" in said


def test_both_directions_leave_nothing_to_say(tmp_path: Path) -> None:
    assert "direction" not in spots(TALK, tmp_path / "both.pcap")
