"""Numbers without a telling name, device IDs and places: what speaks for them, and what against."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzer.identifiers import KnownValues, findings_in
from analyzer.inspection.decode import decode
from analyzer.model import Finding, Message
from tests.codecs.messages import request

IMEI, MAC, IMSI, ICCID = "356938035643809", "00:1b:44:11:3a:b7", "242010123456789", "8947010000123456784"
UUID, HEX = "2f4a8c1e-7b3d-4e5f-9a6b-0c1d2e3f4a5b", "740f4707bebcf74f9b7c25d48e335894"


def found(message: Message) -> list[Finding]:
    return findings_in(decode(message).fields, KnownValues.none())


def of(document: Any) -> set[tuple[str, str, str]]:
    """Kind, value and class of what a JSON document gives."""
    return {(f.kind, f.value, f.certainty) for f in found(request(json.dumps(document).encode()))}


def kinds(document: Any) -> set[tuple[str, str]]:
    """The same without numbers worth checking and without classes."""
    return {(kind, value) for kind, value, certainty in of(document) if certainty != "number worth checking"}


def test_a_number_that_passes_all_checks_is_worth_checking_with_the_odds() -> None:
    (only,) = found(request(json.dumps({"k": IMEI, "n": "123456789012347"}).encode()))
    assert only.certainty == "number worth checking"
    assert (
        "of 2 numbers of 15 digits in the message 1 pass both checks; by chance 1 in 250 would"
        in only.reasons
    )


def test_a_mac_address_beside_it_makes_an_imei_probable() -> None:
    assert ("imei", IMEI, "probable identifier") in of({"cd1": IMEI, "cd2": MAC})


def test_a_number_of_a_subscription_needs_a_number_of_the_phone_beside_it() -> None:
    assert ("imsi", IMSI) in kinds({"a": IMSI, "b": IMEI})
    assert ("imsi", IMSI) not in kinds({"a": IMSI, "b": "x"})


def test_two_order_numbers_do_not_speak_for_each_other() -> None:
    assert kinds({"ordrenummer": IMEI, "orderId": "490154203237518"}) == set()
    assert kinds({"a": IMEI, "b": "490154203237518"}) == set()


def test_a_document_number_called_did_is_no_phone() -> None:
    assert {c for _, _, c in of({"did": IMEI, "side": "2"})} == {"number worth checking"}
    assert ("imei", IMEI, "probable identifier") in of({"did": IMEI, "imsi": IMSI})


@pytest.mark.parametrize(
    "name",
    ["udid", "_udid", "device.udid", "idfv", "identifierForVendor", "openudid", "duid", "vaid", "msaid",
     "aaid", "deviceId",
     "x-device-id", "dev_id", "device_uuid", "shebeihao", "cuid"],
)  # fmt: skip
def test_a_lasting_number_of_a_device_is_found_by_name_and_form(name: str) -> None:
    assert ("device_id", HEX) in kinds({name: HEX, "v": "1"})


@pytest.mark.parametrize(
    "value", ["0", "unknown", "null", "0" * 32, "00000000-0000-0000-0000-000000000000", ""]
)
def test_a_device_id_that_is_not_there_is_not_found(value: str) -> None:
    assert of({"deviceId": value, "idfv": value, "udid": value, "gaid": value}) == set()


def test_the_object_that_holds_a_plain_name_says_what_it_is_of() -> None:
    assert ("device_id", HEX) in kinds({"device": {"id": HEX, "kind": "phone"}})
    assert kinds({"creative": {"id": HEX, "kind": "banner"}}) == set()
    xml = f"<r><DEVICE_IMEI_PUSH><Data>{IMEI}</Data></DEVICE_IMEI_PUSH></r>".encode()
    assert [(f.kind, f.certainty) for f in found(request(xml))] == [("imei", "identifier")]


def test_an_advertisement_is_no_advertising_id_of_a_phone() -> None:
    assert kinds({"adid": UUID, "ad_id": UUID[::-1], "slot": "top"}) == set()
    assert ("advertising_id", UUID) in kinds({"adid": UUID, "imei": IMEI})


@pytest.mark.parametrize("name", ["user_id", "uid", "distinct_id", "$user_id", "loginId", "ns0:email"])
def test_an_address_or_number_of_a_person_is_one_under_the_name_of_a_user(name: str) -> None:
    assert ("email", "kari@example.org", "identifier") in of({name: "kari@example.org"})
    if "email" not in name:
        assert ("phone", "4740612345") in kinds({name: "+4740612345"})


def test_the_address_of_a_firm_is_of_nobody() -> None:
    assert kinds({"email": "kundeservice@butikk.example.no"}) == set()


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"latitudeE6": 59913868, "longitudeE6": 10752245}, "59.913868,10.752245"),
        ({"location": {"type": "Point", "coordinates": [10.7522, 59.9139]}}, "59.9139,10.7522"),
        ({"gps": "5954.8320,N,01045.1340,E"}, "59.91387,10.75223"),
        ({"where": "59°54'50\"N 10°45'8\"E"}, "59.91389,10.75222"),
        ({"u-latlong-accu": "59.9139,10.7522,30.0"}, "59.9139,10.7522"),
    ],
)
def test_a_place_is_read_in_each_usual_form(document: Any, place: str) -> None:
    assert ("location", place) in kinds(document)


@pytest.mark.parametrize(
    "target",
    ["/s?by=Marseille&lat=43.29650&lng=5.36980&fra=2019-07-01", "/v?center=60.39130,5.32210&zoom=11"],
)
def test_a_place_that_somebody_looks_up_is_not_said_to_be_theirs(target: str) -> None:
    assert {f.certainty for f in found(request(b"", target, method="GET"))} == {"number worth checking"}


def test_an_access_point_is_read_from_a_decimal_number_and_from_a_list() -> None:
    assert ("bssid", MAC) in kinds({"c-ap-bssid": str(0x001B44113AB7)})
    assert ("bssid", MAC) in kinds({"wifi": f"Hytta,{MAC},-61|x"})
