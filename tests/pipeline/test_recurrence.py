"""Identifiers and devices' addresses are found wherever they go, in any usual form, and nothing else is."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dpkt
import pytest

from analyzer.identifiers import KnownValues
from analyzer.identifiers.value_search import Search, SearchedValue, is_telling
from analyzer.model import Finding, Report
from analyzer.session import spool as spooling
from tests.builders import PHONE_MAC, ROUTER_MAC, conversation, http_request, http_response, ip
from tests.pipeline import captures

PHONE = "192.168.1.20"
MAC = PHONE_MAC.hex(":")
BARE = PHONE_MAC.hex()
EUI = PHONE_MAC[:3] + b"\xff\xfe" + PHONE_MAC[3:]
FLIPPED = bytes((EUI[0] ^ 2,)) + EUI[1:]
OWN = "equal to the MAC address of the device that sent it"
ONE, TWO = "198.51.100.20", "198.51.100.21"


def report_of(frames: Sequence[bytes], folder: Path, **given: Any) -> Report:
    return captures.report_of(frames, folder / "a.pcap", **given)


def sent(*requests: bytes, server: str = ONE, port: int = 40_000, answer: bytes = b"ok") -> list[bytes]:
    messages = [pair for each in requests for pair in ((True, each), (False, http_response(body=answer)))]
    return conversation(*messages, phone=PHONE, server=server, ports=(port, 80))


def told(data: bytes, to: str = ONE, port: int = 9_999) -> bytes:
    """A datagram of the phone."""
    return ip(
        dpkt.udp.UDP(sport=40_000, dport=port, data=data, ulen=8 + len(data)), 17, phone=PHONE, server=to
    )


def found(frames: Sequence[bytes], tmp_path: Path, kind: str = "mac", **given: Any) -> list[Finding]:
    return [f for f in report_of(frames, tmp_path, **given).findings if f.kind == kind]


def is_own(findings: Sequence[Finding]) -> bool:
    return any(f.value == MAC and f.details.get("belongs_to") == OWN for f in findings)


def posted(body: bytes, **headers: str) -> list[bytes]:
    return sent(http_request("POST", "/x", body=body, **headers))


WAYS = {
    "bare, any name": posted(json.dumps({"devno": BARE}).encode()),
    "upper case in a path": sent(http_request(target=f"/up/{PHONE_MAC.hex('-').upper()}/1")),
    "groups with dots": posted(f"unit {BARE[:4]}.{BARE[4:8]}.{BARE[8:]} up".encode()),
    "no leading zeros": sent(http_request(target="/?s=0:0:5e:0:53:a7")),
    "percent-encoded": sent(http_request(target="/?u=" + MAC.upper().replace(":", "%3A"))),
    "User-Agent": sent(http_request(User_Agent=f"Cam/1.2 ({BARE.upper()})")),
    "Authorization": sent(http_request(Authorization=f'X client="{EUI.hex()}"')),
    "end of an IPv6 address": posted(json.dumps({"a": "200:5eff:fe00:53a7"}).encode()),
    "EUI-64, flipped": posted(json.dumps({"a": FLIPPED.hex(":")}).encode()),
    "decimal": posted(json.dumps({"hw": int.from_bytes(PHONE_MAC[::-1], "big")}).encode()),
    "base64 of its bytes": posted(json.dumps({"uid": base64.b64encode(PHONE_MAC).decode()}).encode()),
    "base64 of text": posted(b"q=" + base64.b64encode(b"id:" + BARE.encode() + b"!")),
    "MD5": posted(b"h=" + hashlib.md5(BARE.upper().encode()).hexdigest().encode()),
    "SHA-1, base64": posted(b"h=" + base64.b64encode(hashlib.sha1(MAC.encode()).digest())),
    "SHA-256": posted(b"h=" + hashlib.sha256(MAC.upper().encode()).hexdigest().encode()),
    "gzip": posted(gzip.compress(b"unit " + BARE.encode())),
    "base64 of gzip": posted(b"d=" + base64.b64encode(gzip.compress(b'{"unit":"%s"}' % BARE.encode()))),
    "JSON escapes": posted(b'{"unit":"%s"}' % "".join(f"\\u{ord(c):04x}" for c in BARE).encode()),
    "a key": posted(json.dumps({BARE: {"on": 1}}).encode()),
    "a host's label": sent(http_request(host=f"{BARE}.dev.example.com")),
    "UDP": [told(b"find_me " + BARE.upper().encode())],
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_device_s_own_address_is_found_in_any_form(way: str, tmp_path: Path) -> None:
    assert is_own(found(WAYS[way], tmp_path))


def test_a_router_s_address_is_found_and_not_the_sender_s_own(tmp_path: Path) -> None:
    (finding,) = found(sent(http_request(target=f"/?gwid={ROUTER_MAC.hex()}")), tmp_path)
    assert finding.value == ROUTER_MAC.hex(":")
    assert "router" in finding.details["belongs_to"]


@pytest.mark.parametrize(
    "frames",
    [
        sent(http_request(), answer=BARE.encode()),  # only the server says it
        posted(json.dumps({"serialNumber": BARE[:-1] + "8"}).encode()),  # another number
        posted(b"t=1577079719&u=1577079720"),  # two seconds of a day
        posted(bytes.fromhex("00005e00") * 40),
    ],
    ids=["the answer", "the next number", "times", "bytes"],
)
def test_what_is_not_sent_or_not_the_same_is_not_found(frames: list[bytes], tmp_path: Path) -> None:
    assert not is_own(found(frames, tmp_path))


GAID = "166ab251-4f3b-470b-a143-1e5270f10132"
RECOGNISED = [  # kind, value, where it is recognised, where else it goes
    ("phone", "4790000392", b"mobile=%2B4790000392", http_request(target="/?mid=7&mn=%2B4790000392")),
    ("phone", "4790000392", b"mobile=%2B4790000392", http_request(target="/?a=004790000392")),
    ("phone", "4790000392", b"mobile=%2B4790000392",
     http_request("POST", body=b"msg=ring+%2B47+90+00+03+92+now")),
    ("gaid", GAID, b'{"google_advertising_id":"%s"}' % GAID.encode(), http_request(target="/?_aid=" + GAID)),
    ("gaid", GAID, b"gaid=" + GAID.encode(), http_request(target="/?p1=" + GAID.replace("-", "").upper())),
    ("gaid", GAID, b"gaid=" + GAID.encode(), http_request(Cookie="k=" + GAID)),
    ("android_id", "9449b428c36e8c67", b"android_id=9449b428c36e8c67",
     http_request(target="/?q=" + base64.b64encode(b"9449b428c36e8c67").decode())),
    ("serial", "QX2C66NK9G2AP", b'{"deviceSerial":"QX2C66NK9G2AP"}', http_request(X_K="QX2C66NK9G2AP")),
]  # fmt: skip


@pytest.mark.parametrize("earlier", [False, True], ids=["after", "before"])
@pytest.mark.parametrize(("kind", "value", "named", "other"), RECOGNISED)
def test_a_value_recognised_once_is_found_wherever_it_goes(
    kind: str, value: str, named: bytes, other: bytes, earlier: bool, tmp_path: Path
) -> None:
    telling = sent(http_request("POST", "/a", body=named))
    elsewhere = sent(other, server=TWO, port=40_001)
    report = report_of([*elsewhere, *telling] if earlier else [*telling, *elsewhere], tmp_path)
    recipients = {m.number: m.destination.address for m in report.messages}
    to = {recipients[f.message] for f in report.findings if f.kind == kind and f.value == value}
    assert to == {ONE, TWO}


def test_data_that_no_reader_takes_is_searched_when_a_value_is_known(tmp_path: Path) -> None:
    quiet = told(b"\x01\x02hello QX2C66NK9G2AP bye", to=TWO)
    report = report_of([quiet, *posted(b'{"deviceSerial":"QX2C66NK9G2AP"}')], tmp_path)
    listed = {m.number: m for m in report.messages}
    assert {listed[f.message].protocol for f in report.findings if f.kind == "serial"} == {
        "http/1.1",
        "unclassified",
    }


def test_what_gave_way_is_said_with_the_frame_from_which_on_all_was_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooling, "IN_ALL", 2_000)
    quiet = [told(b"\x01\x02some words that nobody reads %d" % i, to=TWO) for i in range(40)]
    report = report_of([*quiet, *posted(b'{"deviceSerial":"QX2C66NK9G2AP"}')], tmp_path)
    (problem,) = [p for p in report.problems if p.code == "searched-again-in-part"]
    assert problem.frame
    assert f"from frame {problem.frame} on" in problem.what


def test_the_spool_s_file_is_for_its_owner_alone_and_gone_when_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spooling, "IN_MEMORY", 10)
    kept = spooling.Spool()
    kept.add_packed(b"x" * 100, 0, 1, False)
    assert kept._newer is not None
    file = kept._newer._file
    state = os.fstat(file.fileno())
    assert stat.S_IMODE(state.st_mode) == 0o600
    assert state.st_nlink == 0
    kept.close()
    assert file.closed


def test_what_the_owner_gave_is_never_written_out(tmp_path: Path) -> None:
    report = report_of(
        posted(json.dumps({"devno": BARE}).encode()), tmp_path, known=KnownValues.parse(f"mac={MAC}")
    )
    assert all(BARE not in f.raw and f.value != MAC for f in report.findings)
    assert all(f.known for f in report.findings if f.kind == "mac")


def test_a_value_that_servers_send_back_is_counted_apart(tmp_path: Path) -> None:
    frames = sent(
        http_request("POST", "/a", body=b'{"deviceSerial":"QX2C66NK9G2AP"}'), answer=b"QX2C66NK9G2AP"
    )
    (finding,) = found(frames, tmp_path, "serial")
    assert finding.details["echoed"] == "1"


@pytest.mark.parametrize(
    ("kind", "value"),
    [("phone", "90000392"), ("serial", "12345678"), ("serial", "AB12"), ("mac", "00:00:00:00:00:01"),
     ("local_ip", "192.168.1.20"), ("account", "kari"), ("imei", "000000000000000"), ("ssid", "Hytta")],
)  # fmt: skip
def test_short_and_everyday_values_are_not_looked_for(kind: str, value: str) -> None:
    assert not is_telling(kind, value)


def test_numbers_have_to_stand_apart() -> None:
    search = Search([SearchedValue("phone", "4790000392", "high", "")])
    assert search.sightings(b"x 4790000392 y")
    assert not search.sightings(b"id=14790000392")
    assert not search.sightings(b"id=47900003921")
