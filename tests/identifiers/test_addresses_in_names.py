"""MAC addresses without separators, EUI-64, ids of phones in synchronised mail, words before a value."""

from __future__ import annotations

import json

import pytest

from analyzer.identifiers import KnownValues, findings_in
from analyzer.inspection.decode import fields_of
from analyzer.model import Message
from tests.codecs.messages import request

MAC, BARE = "00:1b:44:11:3a:b7", "001b44113ab7"
UUID, ANDROID_ID, IMEI = "2f4a8c1e-7b3d-4e5f-9a6b-0c1d2e3f4a5b", "9f86d081884c7d65", "353490069873319"


def found(message: Message) -> set[tuple[str, str]]:
    read = findings_in(fields_of(message), KnownValues.none(), message.protocol)
    return {(f.kind, f.value) for f in read if f.confidence != "low" and f.kind != "model"}


def of(**fields: object) -> set[tuple[str, str]]:
    return found(request(json.dumps(fields).encode()))


@pytest.mark.parametrize(
    "target", [f"/{BARE}.cfg", f"/cfg{BARE}.xml", f"/prov/{BARE.upper()}-phone.cfg", f"/{BARE}.boot"]
)
def test_telephones_ask_for_a_file_named_by_their_address(target: str) -> None:
    assert found(request(b"", target)) == {("mac", MAC)}


@pytest.mark.parametrize(
    "target", ["/3f9a1c2b7d4e.cfg", f"/{BARE}.png", "/main.0c1d2e3f4a5b.js", "/202401311200.xml"]
)
def test_other_files_are_named_by_none(target: str) -> None:
    assert found(request(b"", target)) == set()


def test_a_device_s_number_may_be_its_address() -> None:
    agent = [("User-Agent", f"Example Model HW X1 SW 1.0.7 DevId {BARE}")]
    assert found(request(b"", "/", agent)) == {("mac", MAC)}
    assert ("mac", MAC) in found(request(b"", "/", [("X-EX-Device-ID", f"ex_113AB7 {BARE.upper()}")]))
    described = {"hardwareVersion": "1.0", "softwareVersion": "2.0", "localIp": "192.168.1.9"}
    assert ("mac", MAC) in of(uid=BARE, **described)
    assert of(uid=BARE, page="2") == of(commit=BARE, branch="main") == set()


def test_eui_64_of_an_address_is_that_address() -> None:
    assert of(gateway="001b44fffe113ab7") == of(eui="00:1b:44:ff:fe:11:3a:b7") == {("mac", MAC)}
    assert of(trace="3f9a1cfffe2b7d4e") == set()


def test_eight_bytes_name_a_radio_under_such_a_name() -> None:
    number = "1F:80:C5:32:32:36:72:4E"
    assert of(device=number, sku="H618A") == {("device_id", number)}
    assert of(checksum=number) == set()


def test_a_phone_that_synchronises_mail() -> None:
    target = "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=androidc6895924553&DeviceType=Android"
    assert ("device_id", "androidc6895924553") in found(request(b"", target))
    assert found(request(b"", "/check?deviceId=SM-G900F&mcc=242")) == set()


def test_the_word_before_a_value_tells_more_than_the_name() -> None:
    assert of(udid=f"idfa:{UUID}") == {("idfa", UUID)}
    assert of(device_id=f"android_id:{ANDROID_ID}") == {("android_id", ANDROID_ID)}
    assert of(link=f"idfa:{UUID}") == set()


def test_short_names_count_beside_a_position() -> None:
    target = "/log?lat=63.43051&lon=10.39506&aid=9f86d081884c7d65"
    assert ("android_id", ANDROID_ID) in found(request(b"", target))
    assert found(request(b"", "/log?page=2&aid=9f86d081884c7d65")) == set()


@pytest.mark.parametrize(
    "text",
    [
        "GSr,353490069873319,4,5,00,,1,301126,105316,E01045.1320,N5954.8340,0,0.02*51!",
        "IMEI,353490069873319,2026/11/30,20:49:32,N,Lat:5954.8340,E,Lon:01045.1320,Spd:5.05",
    ],
)
def test_positions_with_the_longitude_first_or_named(text: str) -> None:
    read = findings_in(fields_of(request(text.encode())), KnownValues.none(), "unclassified")
    assert ("location", "59.91390,10.75220") in {(f.kind, f.value) for f in read}


def test_names_of_parts_of_a_position() -> None:
    assert of(lati=59.9139, long=10.7522) == {("location", "59.9139,10.7522")}


def test_a_device_named_dev_with_its_place() -> None:
    found_in = of(dev=IMEI, pos=[59.9139, 10.7522])
    assert {("imei", IMEI), ("location", "59.9139,10.7522")} <= found_in
    assert of(dev="353490069873310", pos=[1, 2]) == set()


def test_a_table_may_stand_behind_the_line_of_its_program() -> None:
    rows = b"Wigle-1.4,app=2,model=x,release=10\nMAC,SSID,RSSI\n00:1b:44:11:3a:b7,Nabo5G,-67\n"
    assert ("ssid", "Nabo5G") in found(request(rows))


def test_a_phone_number_beside_an_imei_in_numbered_fields() -> None:
    numbered = b"".join(bytes((n << 3 | 2, len(v))) + v for n, v in ((1, IMEI.encode()), (2, b"+4745511223")))
    assert ("phone", "4745511223") in found(request(numbered))
