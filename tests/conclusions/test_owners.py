"""Whose an identifier is, how often it left and to whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.conclusions.attribution import with_owners
from analyzer.conclusions.documented_names import documented_names
from analyzer.conclusions.identifiers import identifiers
from analyzer.dossiers import load
from analyzer.model import Device, Evidence, Finding, Name, Report, Table
from analyzer.pipeline import analyze
from tests.report.builders import destination, quiet_report

CAPTURE = Path(__file__).parents[2] / "captures" / "nokia7plus-reconstruction.pcap"
PHONE, ROUTER = "00:1b:44:11:3a:b7", "00:1b:44:00:00:01"
DEVICES = (
    Device(PHONE, PHONE, ("192.168.1.20",), (Name("karis-phone", "dhcp", 1),)),
    Device(ROUTER, ROUTER, ("192.168.1.1",), (Name("router", "dhcp", 2),)),
)


def report_with(kind: str, value: str, devices: tuple[Device, ...] = DEVICES) -> Report:
    finding = Finding(kind, value, value, kind, "medium", ("r",), Evidence((3,), 0), 1)
    flows = Table({"flow": [0], "device": [devices[0].id]})
    return replace(quiet_report(), devices=devices, flows=flows, findings=(finding,))


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        ("mac", PHONE, "equal to the MAC address of the device that sent it"),
        ("bssid", ROUTER, "the MAC address of another device in the capture, router"),
        ("mac", "00:1b:44:99:99:99", "not the address of a device seen in the capture"),
        ("local_ip", "192.168.1.20", "equal to an address of the device that sent it"),
        ("local_ip", "192.168.1.21", "not an address of the device that sent it"),
        (
            "account",
            "Karis Phone",
            "equal to the name that the device that sent it gave to the network (DHCP)",
        ),
    ],
)
def test_an_identifier_is_held_against_what_the_capture_shows(kind: str, value: str, says: str) -> None:
    (finding,) = with_owners(report_with(kind, value)).findings
    assert finding.details["belongs_to"] == says


def test_an_address_equal_to_the_sender_s_is_sure() -> None:
    (finding,) = with_owners(report_with("mac", PHONE)).findings
    assert finding.confidence == "high"


def test_a_lasting_address_behind_a_randomised_one_is_told() -> None:
    randomised = replace(DEVICES[0], id="da:a1:19:00:53:a7", mac="da:a1:19:00:53:a7")
    (finding,) = with_owners(report_with("mac", PHONE, (randomised,))).findings
    assert finding.details["belongs_to"].endswith("which is randomised")


def test_an_imei_is_nobody_s_by_the_capture_alone() -> None:
    (finding,) = with_owners(report_with("imei", "490154203237518")).findings
    assert "belongs_to" not in finding.details


@pytest.fixture(scope="module")
def report() -> Report:
    return analyze(CAPTURE)


def test_an_identifier_has_first_and_last_time_number_and_destinations(report: Report) -> None:
    found = {(entry.kind, entry.value): entry for entry in report.identifiers}
    imei = found["imei", "490154203237518"]
    times = [ping.time_ns for ping in report.pings]
    assert (imei.times, imei.first_ns, imei.last_ns) == (7, min(times), max(times))
    assert imei.destinations == ("zzhc.vnet.cn (202.96.192.0:80)",)
    assert imei.devices == ("00:00:5e:00:53:a7",)


def test_identifiers_hold_every_finding_once(report: Report) -> None:
    assert sum(entry.times for entry in identifiers(report)) == len(report.findings)
    assert identifiers(report) == report.identifiers


def test_the_wi_fi_address_in_the_payload_is_the_sender_s(report: Report) -> None:
    (entry,) = (entry for entry in report.identifiers if entry.kind == "mac")
    assert entry.belongs_to == "equal to the MAC address of the device that sent it"


def test_names_of_documented_servers_are_told_with_their_kind() -> None:
    names = ("bigdata.adups.com", "captive.apple.com", "xtra1.izatcloud.net", "www.example.org")
    rows = tuple(
        replace(destination(f"198.51.100.{i}", "SG", "SG"), names=(Name(name, "dns", 5),))
        for i, name in enumerate(names)
    )
    found = documented_names(replace(quiet_report(), destinations=rows), load())
    assert [(entry.name, entry.kind) for entry in found] == [
        ("bigdata.adups.com", "telemetry"),
        ("xtra1.izatcloud.net", "telemetry"),
        ("captive.apple.com", "benign"),
    ]
