"""Numbers of their own in names of devices: DHCP, mDNS, names of hosts, names with an address in them."""

from __future__ import annotations

import json

import msgpack
import pytest

from analyzer.identifiers import KnownValues, findings_in
from analyzer.identifiers.device_names import DeviceName
from analyzer.identifiers.mac import Mac
from analyzer.inspection.decode import fields_of
from tests.codecs.messages import request

IMEI, ANDROID_ID, MAC = "353490069873319", "9f86d081884c7d65", "00:1b:44:11:3a:b7"
UUID = "2f4a8c1e-7b3d-4e5f-9a6b-0c1d2e3f4a5b"


def found(fields: dict[str, str] | list[object], protocol: str = "http/1.1") -> set[tuple[str, str]]:
    read = fields_of(request(json.dumps(fields).encode()))
    return {
        (f.kind, f.value)
        for f in findings_in(read, KnownValues.none(), protocol)
        if f.confidence != "low" and f.kind != "model"
    }


def said(protocol: str, **headers: str) -> set[tuple[str, str]]:
    sent = request(b"", "", [(name.replace("_", " "), value) for name, value in headers.items()])
    return {(f.kind, f.value) for f in findings_in(fields_of(sent), KnownValues.none(), protocol)}


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("Roomba-3168820C01717200", "device_id", "3168820C01717200"),
        ("Lightify-01DCF2A8", "device_id", "01DCF2A8"),
        ("Living Room Lamp [9f86d081]", "device_id", "9f86d081"),
        ("wlan0-001B44113AB7", "mac", MAC),
        ("BRN001B44113AB7", "mac", MAC),
        ("android-9f86d081884c7d65", "android_id", ANDROID_ID),
    ],
)
def test_what_a_device_calls_itself_may_end_in_its_number(name: str, kind: str, value: str) -> None:
    assert said("dhcp", host_name=name) == {(kind, value)}
    assert said("mdns", label=name) == {(kind, value)}


@pytest.mark.parametrize(
    "name", ["kari-laptop", "Kari sin iPhone", "web-5d59d67564-abcde", "OFFICE-20240131", "HP-DEADBEEF"]
)
def test_other_names_hold_none(name: str) -> None:
    assert said("dhcp", host_name=name) == set()


def test_names_that_somebody_asks_for_are_of_no_device() -> None:
    assert said("dns", label="elb-01dcf2a8") == said("tls", label="Roomba-3168820C01717200") == set()


@pytest.mark.parametrize("detector", [DeviceName(), Mac()])
def test_each_has_its_examples(detector: DeviceName | Mac) -> None:
    for name, value in detector.examples:
        assert detector.kind in {kind for kind, _ in found({name: value})}, value
    for name, value in detector.counterexamples:
        assert detector.kind not in {kind for kind, _ in found({name: value})}, value


def test_uuids_end_in_no_address() -> None:
    for value in (UUID[:-12] + "001b44113ab7", "dev-" + UUID[:-12] + "001b44113ab7"):
        assert found({"x": value}) == set()


def test_an_imei_and_an_android_id_in_a_list_speak_for_each_other() -> None:
    both = {("imei", IMEI), ("android_id", ANDROID_ID)}
    assert both == found(["Example-1", IMEI, ANDROID_ID, 10])
    packed = request(msgpack.packb([1, IMEI, ANDROID_ID, 1_700_000_000]))
    assert both == {(f.kind, f.value) for f in findings_in(fields_of(packed), KnownValues.none())}
    assert found(["Example-1", "353490069873310", ANDROID_ID]) == set()  # no check digit
    assert found({"order": IMEI, "trace": ANDROID_ID}) == set()


def test_a_uuid_behind_letters_is_a_lasting_number_under_such_a_name() -> None:
    assert found({"ANON_ID": f"A{UUID}"}) == {("device_id", f"A{UUID}")}
    assert found({"anonymousId": f"anon_{UUID}"}) == {("device_id", f"anon_{UUID}")}
    assert found({"trace": f"A{UUID}", "anonymousId": UUID, "requestId": f"r-{UUID}"}) == set()


def test_an_id_of_a_device_is_an_android_id_where_android_says_it() -> None:
    assert found({"did": ANDROID_ID, "platform": "android"}) == {("android_id", ANDROID_ID)}
    held = {"device": {"id": ANDROID_ID, "os": "Android 9"}}
    read = fields_of(request(json.dumps(held).encode()))
    assert {f.kind for f in findings_in(read, KnownValues.none())} == {"android_id"}
    assert ("android_id", ANDROID_ID) not in found({"did": ANDROID_ID, "platform": "ios"})
    assert found({"deviceId": ANDROID_ID, "platform": "android"}) == {("device_id", ANDROID_ID)}


def test_letters_alone_are_no_number_of_a_device() -> None:
    assert found({"Client-Id": "cbaabcbabacbbbbbaaaaab"}) == set()
