"""Every wrong argument ends in a sentence that helps."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer import analyze
from analyzer.cli.arguments import device, regions
from analyzer.cli.parser import parser
from tests.cli.conftest import CAPTURE


def test_regions_are_iso_3166_1_codes_each_once_and_in_the_order_given() -> None:
    assert regions("hk, CN,MO,hk,TW") == ("HK", "CN", "MO", "TW")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("UK", '"UK" is not an ISO 3166-1 alpha-2 code; did you mean GB?'),
        ("CN,CHN", '"CHN" is not an ISO 3166-1 alpha-2 code; did you mean CN?'),
        ("Taiwan", '"Taiwan" is not an ISO 3166-1 alpha-2 code; did you mean TW?'),
        ("Macau", '"Macau" is not an ISO 3166-1 alpha-2 code; did you mean MO?'),
        ("Sinqapore", '"Sinqapore" is not an ISO 3166-1 alpha-2 code; did you mean SG?'),
        ("EU", '"EU" is not an ISO 3166-1 alpha-2 code (exceptionally reserved for the European Union'),
        ("XK", '"XK" is not an ISO 3166-1 alpha-2 code (user-assigned'),
        ("CN,", "an empty text is not an ISO 3166-1 alpha-2 code (a code has two letters"),
        ("Q9", '"Q9" is not an ISO 3166-1 alpha-2 code (a code has two letters'),
    ],
)
def test_what_is_no_code_is_refused_with_advice(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="is not an ISO 3166-1 alpha-2 code") as refusal:
        regions(text)
    assert str(refusal.value).startswith(said)


@pytest.mark.parametrize("text", ["02:00:5E:10:00:01", "02-00-5e-10-00-01", "0200.5e10.0001", "02005e100001"])
def test_a_mac_address_is_taken_in_any_spelling(text: str) -> None:
    assert device(text) == "02:00:5e:10:00:01"


@given(st.ip_addresses())
def test_an_ip_address_is_taken_in_any_spelling(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert device(address.exploded.upper()) == str(address)


@pytest.mark.parametrize("text", ["", "192.0.2", "phone", "02:00:5e:10:00", "192.0.2.1/24"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither a MAC nor an IP address"):
        device(text)


def test_the_default_scope_is_cn_alone() -> None:
    options = parser().parse_args(["scan", "a.pcap"])
    assert (options.region, options.device, options.known) == (("CN",), None, None)


def test_captures_are_named_with_r_or_without() -> None:
    options = parser().parse_args(["scan", "-r", "a.pcap", "b.pcap", "-"])
    assert (options.file, options.captures) == (["a.pcap"], ["b.pcap", "-"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required: COMMAND"),
        (
            ["scan", "--region", "UK", "a"],
            'argument --region: "UK" is not an ISO 3166-1 alpha-2 code; did you mean GB?',
        ),
        (["scan", "--device", "x\x1b[2J", "a"], "neither a MAC nor an IP address"),
        (["scan", "--colour\x1b[2J"], r"unrecognized arguments: --colour\x1b[2J"),
        (["report"], "required: SAVED.json"),
        (["fly\x1b[2J"], "invalid choice"),
    ],
)
def test_wrong_usage_is_exit_code_2_with_one_harmless_message(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        parser().parse_args(arguments)
    complaint = capsys.readouterr().err
    assert leaving.value.code == 2
    assert said in complaint
    assert "\x1b" not in complaint


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("CN", ("CN",)),
        ("cn, hk", ("CN", "HK")),
        (["cn", "HK", "cn"], ("CN", "HK")),
        (("CN,MO", "tw"), ("CN", "MO", "TW")),
        ({"NO": 1}, ("NO",)),
    ],
)
def test_analyze_takes_regions_as_a_text_or_one_by_one(given: Any, taken: tuple[str, ...]) -> None:
    assert analyze(CAPTURE, regions=given).scope.regions == taken


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"regions": "China"}, 'regions: "China" is not an ISO 3166-1 alpha-2 code; did you mean CN?'),
        ({"regions": ["China"]}, 'regions: "China" is not an ISO 3166-1 alpha-2 code; did you mean CN?'),
        ({"regions": ["CN", "UK"]}, 'regions: "UK" is not an ISO 3166-1 alpha-2 code; did you mean GB?'),
        ({"regions": "XX"}, 'regions: "XX" is not an ISO 3166-1 alpha-2 code (a code has two letters'),
        ({"regions": ""}, "regions: an empty text is not an ISO 3166-1 alpha-2 code"),
        ({"regions": []}, "regions: not one code is named"),
        ({"regions": [156]}, "regions: 156 is not an ISO 3166-1 alpha-2 code"),
        ({"origin": "Norway"}, 'origin: "Norway" is not an ISO 3166-1 alpha-2 code; did you mean NO?'),
        ({"device": "my phone"}, "device: 'my phone' is neither a MAC nor an IP address"),
        ({"device": ""}, "device: '' is neither a MAC nor an IP address"),
    ],
)
def test_analyze_refuses_what_would_find_nothing(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        analyze(CAPTURE, **arguments)


def test_analyze_takes_a_device_and_an_origin_in_any_spelling() -> None:
    whole = analyze(CAPTURE)
    mac = next(device.id for device in whole.devices if device.mac and device.packets)
    one = analyze(CAPTURE, device=mac.upper().replace(":", "-"), origin="no")
    assert one.scope.device == mac
