"""Clues for what a device is: what was seen, what it suggests, and that nothing is made certain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scapy.layers.dhcp import BOOTP, DHCP

from analyzer import analyze
from analyzer.identifiers.makers import maker_of
from analyzer.model import Clue, Report
from analyzer.report.wording import suggestions
from analyzer.session.device_clues import ANDROID, APPLE, WINDOWS
from tests.builders import PHONE_MAC, conversation, http_request, http_response, udp
from tests.session.test_facts import answer, scan

CAPTURES = Path(__file__).parent.parent.parent / "captures"


def clues_of(report: Report, device: str = "00:00:5e:00:53:a7") -> dict[str, Clue]:
    found = next(d for d in report.devices if d.id == device)
    return {clue.kind: clue for clue in found.clues}


def request_for_an_address(**options: object) -> bytes:
    message = BOOTP(op=1, chaddr=PHONE_MAC) / DHCP(
        options=[("message-type", "request"), *options.items(), "end"]
    )
    return udp(bytes(message), ports=(68, 67), server="255.255.255.255")


@pytest.mark.parametrize(
    ("vendor_class", "asked_for", "suggests"),
    [
        ("android-dhcp-9", [1, 3, 6, 15, 26, 28, 51, 58, 59, 43], (ANDROID, ANDROID)),
        ("MSFT 5.0", [1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119], (WINDOWS, WINDOWS)),
        ("something else", [1, 121, 3, 6, 15, 119, 252], ("", APPLE)),
        ("something else", [99], ("", "")),
    ],
)
def test_dhcp_tells_what_a_device_says_of_itself(
    tmp_path: Path, vendor_class: str, asked_for: list[int], suggests: tuple[str, str]
) -> None:
    frame = request_for_an_address(
        hostname=b"my-phone", vendor_class_id=vendor_class.encode(), param_req_list=asked_for
    )
    report = analyze_one(tmp_path, frame)
    clues = clues_of(report)
    assert (clues["DHCP name"].value, clues["DHCP name"].frame) == ("my-phone", 1)
    assert clues["DHCP options asked for"].value == ",".join(map(str, asked_for))
    assert (clues["DHCP vendor class"].suggests, clues["DHCP options asked for"].suggests) == suggests


def analyze_one(tmp_path: Path, frame: bytes) -> Report:
    # A device that asks for an address has none yet: 0.0.0.0.
    at = 14 + 12
    frame = frame[:at] + bytes(4) + frame[at + 4 :]
    return scan(tmp_path, [frame])


@pytest.mark.parametrize(
    ("agent", "suggests"),
    [
        ("Dalvik/2.1.0 (Linux; U; Android 9; Nokia 7 plus)", ANDROID),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)", "an iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", WINDOWS),
        ("curl/8.0", ""),
    ],
)
def test_a_user_agent_suggests_a_system(tmp_path: Path, agent: str, suggests: str) -> None:
    frames = conversation((True, http_request(User_Agent=agent)), (False, http_response()))
    (device,) = scan(tmp_path, frames).devices
    (clue,) = [clue for clue in device.clues if clue.kind == "User-Agent"]
    assert (clue.value, clue.suggests) == (agent, suggests)


def test_a_connectivity_check_is_known_by_the_name_asked_for(tmp_path: Path) -> None:
    name = "captive.apple.com"
    frames = [
        answer(1, name, [(name, "A", "198.51.100.20", 60)]),
        *conversation((True, http_request())),
    ]
    clues = [clue for device in scan(tmp_path, frames).devices for clue in device.clues]
    (clue,) = [clue for clue in clues if clue.kind == "connectivity check"]
    assert (clue.value, clue.suggests, clue.frame) == (name, APPLE, 1)


def test_the_reconstruction_s_phone_is_suggested_by_several_kinds_of_clue() -> None:
    report = analyze(CAPTURES / "nokia7plus-reconstruction.pcap")
    phone = next(d for d in report.devices if d.id == "00:00:5e:00:53:a7")
    said = suggestions(phone.clues)[0]
    assert re.match(r"taken together, \d kinds of clue for an Android device \(DHCP vendor class, ", said)
    assert not any("is an" in clue.suggests or "certain" in clue.suggests for clue in phone.clues)


def test_a_made_up_address_names_no_maker_and_an_assigned_one_does() -> None:
    from analyzer.session.device_clues import ClueBook

    book = ClueBook()
    for mac in ("02:00:5e:10:00:01", "b8:27:eb:00:00:01", "01:00:5e:00:00:01"):
        book.add_mac(mac)
    assert "names no maker" in book.of("02:00:5e:10:00:01")[0].value
    assert "Raspberry Pi" in book.of("b8:27:eb:00:00:01")[0].value
    assert book.of("01:00:5e:00:00:01") == ()
    assert maker_of("fc:ff:ff:00:00:00") is None


def test_makers_are_those_that_the_registry_s_own_reader_gives() -> None:
    import random

    from stdnum import numdb

    chance, registry = random.Random(6), numdb.get("oui")
    asked = [f"{chance.getrandbits(48):012X}" for _ in range(20)]
    asked += [f"{start}{chance.getrandbits(24):06X}" for start in ("B827EB", "001BC5", "0055DA", "FCFEC2")]
    for digits in asked:
        holders = [about["o"] for _, about in registry.info(digits) if "o" in about]
        mac = ":".join(digits[at : at + 2] for at in range(0, 12, 2)).lower()
        assert maker_of(mac) == (holders[-1] if holders else None), mac
