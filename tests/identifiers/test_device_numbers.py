"""Numbers of a device whose form counts as much as their name, in whole messages."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from analyzer.identifiers import findings_in
from analyzer.identifiers.device_numbers import DeviceNumber
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.decode import fields_of
from analyzer.model import Message
from tests.codecs.messages import field, request

NOBODY = KnownValues.none()
IMEI = "353490069873319"
MAC = "00:1b:44:11:3a:b7"
HEX = "8d079d00689467d2"


def found(message: Message, protocol: str = "http/1.1") -> set[tuple[str, str]]:
    return {
        (f.kind, f.value) for f in findings_in(fields_of(message), NOBODY, protocol) if f.confidence != "low"
    }


def of(target: str = "/", **body: object) -> set[tuple[str, str]]:
    return found(request(json.dumps(body).encode() if body else b"", target=target))


def test_examples_are_found_and_counterexamples_are_not() -> None:
    for name, value in DeviceNumber.examples:
        assert [f.kind for f in findings_in([field(name, value)], NOBODY)] == ["device_id"]
    for name, value in DeviceNumber.counterexamples:
        assert not findings_in([field(name, value)], NOBODY)


def test_a_uuid_under_the_name_of_an_imei_is_a_device_id() -> None:
    uuid = "0983775D-9027-4707-9CFD-6F31F1C45A75"
    assert of(f"/w?imei={uuid}&t=4") == {("device_id", uuid)}


def test_a_segment_behind_the_word_for_a_device_is_its_id() -> None:
    assert of("/v2/device/9204e6fe026babee/hello/") == {("device_id", "9204e6fe026babee")}
    assert of("/v2/article/9204e6fe026babee/hello/") == set()


def test_sixteen_digits_without_a_name_need_an_imei_and_more() -> None:
    known = {("imei", IMEI), ("mac", MAC)}
    assert of(col1=HEX, imei=IMEI, col3=MAC) == known | {("android_id", HEX)}
    assert of(col1=HEX, imei=IMEI) == {("imei", IMEI)}
    assert of(sign=HEX, imei=IMEI, col3=MAC) == known


def test_a_charge_point_is_named_by_the_path_of_its_connection() -> None:
    opening = request(target="/ocpp/NO-ABC608048", headers=[("Sec-WebSocket-Protocol", "ocpp1.6")])
    assert found(opening) == {("device_id", "NO-ABC608048")}
    other = request(target="/ocpp/NO-ABC608048", headers=[("Sec-WebSocket-Protocol", "chat")])
    assert found(other) == set()


def test_an_id_of_the_hardware_beside_those_of_maker_and_firmware_is_of_the_model() -> None:
    value = "6406ACA2188B49CAAC9C47F17D8EC0A1"
    assert of(hwId=value, oemId=value[::-1], fwId="0" * 32) == set()
    assert of(hwId=value) == {("device_id", value)}


def test_a_serial_number_under_a_short_name_stands_among_words_about_a_device() -> None:
    assert of("/ota?product=box&version=1.0.6&sn=JQ1897125638") == {("serial", "JQ1897125638")}
    assert of("/ota?product=box&version=1.0.6&sn=JQ20190321638") == set()
    assert of("/pay?product=box&version=1.0.6&sn=JQ1897125638&price=4") == set()


def test_an_imei_inside_an_object_named_for_a_device_is_one() -> None:
    assert ("imei", IMEI) in of(dev={"did": IMEI, "os": "android"})
    assert of(article={"did": IMEI}) == set()


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("cell", "242,1,9360,17311055,-87", "242-01-9360-17311055"),
        ("lac_cid", "9360_87200401", "9360-87200401"),
        ("mobile", "14156065005", "14156065005"),
    ],
)
def test_a_value_of_several_parts_or_plans_is_read(name: str, value: str, wanted: str) -> None:
    assert [f.value for f in findings_in([field(name, value)], NOBODY)] == [wanted]


def test_scaled_degrees_are_read_by_their_digits() -> None:
    assert of(latitude_i=599175, longitude_i=107191) == {("location", "59.9175,10.7191")}
    assert of(latitude_i=599175) == set()


def test_an_imei_in_the_path_of_a_message_about_a_phone_is_one() -> None:
    assert of(f"/n/{IMEI}", model="Example-1", os="10") >= {("imei", IMEI)}
    assert of(f"/n/{IMEI}", title="Example-1") == set()
    assert of(f"/order/{IMEI}", model="Example-1") == set()


def test_pairs_of_a_query_may_stand_between_semicolons() -> None:
    assert of("/forecast?lat=59.888354;lon=10.769255") == {("location", "59.888354,10.769255")}


def test_a_phone_number_in_a_record_with_an_imei_is_found() -> None:
    record = f"imei:{IMEI},tracker,2003010812,+4740612345,F,081211.000,A,+120.5,E,0.00,0;"
    assert ("phone", "4740612345") in found(request(record.encode()), "unclassified")
    other = "id:123456789012345,tracker,2003010812,+4740612345,F;"
    assert found(request(other.encode()), "unclassified") == set()


def test_the_first_argument_of_a_call_is_an_imei_where_others_are_named() -> None:
    iccid = "8901260882374619051"
    call = json.dumps({"type": 1, "target": "Register", "arguments": [IMEI, {"iccid": iccid}]})
    assert found(request(call.encode() + b"\x1e")) == {("imei", IMEI), ("iccid", iccid)}
    other = json.dumps({"type": 1, "target": "Rows", "arguments": [IMEI, {"title": "x"}]})
    assert found(request(other.encode() + b"\x1e")) == set()


def test_a_topic_names_its_payload() -> None:
    sent = request(IMEI.encode(), target="gsm/imei", method="PUBLISH")
    assert found(replace(sent, protocol="mqtt/3.1.1")) == {("imei", IMEI)}
    assert found(replace(sent, protocol="mqtt/3.1.1", target="gsm/state")) == set()


def test_the_token_of_a_device_beside_its_advertising_id_is_a_push_token() -> None:
    token, advertising = "9d41c7e0" * 8, "7b1e4a52-90cd-4f38-a6e7-15c2d8039b6f"
    assert ("push_token", token) in of(device={"token": token, "advertisingId": advertising})
    assert ("push_token", token) not in of(device={"token": token})


def test_the_access_point_of_a_call_over_wi_fi_is_found() -> None:
    named = [("P-Access-Network-Info", "IEEE-802.11;i-wlan-node-id=001b44113ab7;country=NO")]
    assert found(request(headers=named)) == {("bssid", MAC)}


def test_a_mobile_number_without_its_country_needs_a_strong_name() -> None:
    assert of("/send?sim_no=01041023514") == {("phone", "01041023514")}
    assert of("/send?tel=01041023514") == set()
    assert of("/send?sim_no=0800123456") == set()


def test_an_address_under_id_beside_a_password_is_a_log_in() -> None:
    assert ("email", "kari@example.org") in found(
        request(b"ret=OK,id=kari%40example.org,pw=hemmelig,port=80")
    )
    assert found(request(b"ret=OK,id=kari%40example.org,port=80,icon=0")) == set()
