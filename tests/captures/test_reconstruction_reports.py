"""What the analyzer says of the reconstructions is what their maker put into them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import analyzer
from analyzer.identifiers.owner_values import KnownValues
from analyzer.model import Ping, Report
from tests.conftest import ROOT

CAPTURES = Path(__file__).parents[2] / "captures"
ANSWERED = CAPTURES / "nokia7plus-reconstruction.pcap"
UNANSWERED = CAPTURES / "nokia7plus-reconstruction-unanswered.pcap"
PHONE, CONTROL, SERVER = "00:00:5e:00:53:a7", "00:00:5e:00:53:b2", "202.96.192.0"
HOST = "zzhc.vnet.cn"


def analyzed(path: Path) -> Report:
    from analyzer.pipeline import analyze

    return analyze(str(path))


@pytest.fixture(scope="module")
def answered() -> Report:
    return analyzed(ANSWERED)


@pytest.fixture(scope="module")
def unanswered() -> Report:
    return analyzed(UNANSWERED)


def by_time(report: Report) -> list[Ping]:
    return sorted(report.pings, key=lambda ping: ping.time_ns)


def test_each_refused_registration_is_answered_and_none_accepted(answered: Report) -> None:
    assert [ping.status for ping in answered.pings] == ["answered"] * 7
    assert {ping.destination.address for ping in answered.pings} == {SERVER}
    assert {ping.host for ping in answered.pings} == {HOST}


def test_attempted_and_delivered_are_told_apart_when_nothing_is_answered(unanswered: Report) -> None:
    assert [ping.status for ping in by_time(unanswered)] == [
        "attempted",
        "delivered",
        "attempted",
        "attempted",
        "delivered",
        "delivered",
        "attempted",
    ]


def test_an_attempt_that_carried_no_request_has_no_message(unanswered: Report) -> None:
    carried = [ping.message is not None for ping in by_time(unanswered)]
    assert carried == [False, True, False, True, True, True, False]


def test_the_body_is_called_encoded_and_not_encrypted(answered: Report) -> None:
    assert all("encoded, not encrypted" in ping.encoding for ping in answered.pings)


def test_every_synthetic_identifier_is_found(answered: Report) -> None:
    found = {(finding.kind, finding.value) for finding in answered.findings}
    assert {
        ("imei", "490154203237518"),
        ("imei", "004400120000011"),
        ("iccid", "89470012345678901236"),
        ("imsi", "242011234567890"),
        ("mac", PHONE),
    } <= found


def test_every_finding_points_at_frames_of_its_registration(answered: Report) -> None:
    messages = {message.number: message for message in answered.messages}
    for finding in answered.findings:
        assert messages[finding.message].host == HOST
        assert set(finding.evidence.frames) <= set(messages[finding.message].evidence.frames)


def test_the_control_phone_has_requests_and_neither_pings_nor_findings(answered: Report) -> None:
    control = next(device for device in answered.devices if device.mac == CONTROL)
    sent = [m for m in answered.messages if m.role == "request" and m.source.address in control.addresses]
    assert {message.method for message in sent} == {"GET"}
    assert {ping.device for ping in answered.pings} == {PHONE}
    assert {finding.message for finding in answered.findings}.isdisjoint(message.number for message in sent)


def test_both_phones_carry_their_dhcp_names(answered: Report) -> None:
    names = {device.mac: {name.name for name in device.names} for device in answered.devices}
    assert "Nokia-7-plus" in names[PHONE]
    assert "control-phone" in names[CONTROL]


def test_the_server_is_in_scope_and_singapore_is_not(answered: Report) -> None:
    rows = {row.address: row for row in answered.destinations}
    assert rows[SERVER].in_scope
    assert rows[SERVER].place is not None
    assert rows[SERVER].place.code("located") == "CN"
    singapore = rows["54.169.20.10"]
    assert singapore.place is not None
    assert singapore.place.code("located") == "SG"
    assert not singapore.in_scope


def test_every_packet_to_the_server_is_listed(answered: Report) -> None:
    dpkt = pytest.importorskip("dpkt")
    sent = []
    with ANSWERED.open("rb") as file:
        for number, (_, frame) in enumerate(dpkt.pcap.Reader(file), start=1):
            if frame[12:14] == b"\x08\x00" and frame[30:34] == bytes(map(int, SERVER.split("."))):
                sent.append(number)
    listed = [row["frame"] for row in answered.region_packets.rows() if row["destination"] == SERVER]
    assert listed == sent


def test_the_report_says_that_it_is_of_a_reconstruction_whatever_the_file_is_called(tmp_path: Path) -> None:
    renamed = tmp_path / "phone.pcap"
    shutil.copy(ANSWERED, renamed)
    notice = analyzed(renamed).reconstruction
    assert notice is not None
    assert "no phone was recorded" in notice


def test_a_capture_of_2019_is_answered_with_a_snapshot_of_its_time(answered: Report) -> None:
    place = next(row.place for row in answered.destinations if row.address == SERVER)
    assert place is not None
    located = next(opinion for opinion in place.opinions if opinion.claim == "located")
    assert located.date.startswith("2019")
    assert place.today


def test_known_identifiers_are_seen_only_in_the_device_that_sent_them() -> None:
    known = KnownValues.parse("imei=490154203237518")
    path = ROOT / "captures" / "nokia7plus-reconstruction.pcap"
    whole = analyzer.analyze(path, known=known)
    sender = whole.pings[0].device
    other = next(device.id for device in whole.devices if device.id != sender)
    assert [(entry.kind, entry.seen) for entry in whole.known] == [("imei", True)]
    of_sender = analyzer.analyze(path, known=known, device=sender).known
    of_other = analyzer.analyze(path, known=known, device=other).known
    assert (of_sender[0].seen, of_other[0].seen, of_other[0].times) == (True, False, 0)
