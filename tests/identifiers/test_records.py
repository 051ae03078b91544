"""Numbers in records without names: by their place, by what stands beside them, in sentences."""

from __future__ import annotations

import pytest

from analyzer.identifiers import findings_in
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.decode import fields_of
from analyzer.model import Finding
from tests.codecs.messages import request

NOBODY = KnownValues.none()
IMEI, IMSI = "353490069873319", "242010123456789"
OWN = "unclassified"
POSITION = ("59.91390", "10.75220")


def found(text: str, protocol: str) -> list[Finding]:
    fields = fields_of(request(text.encode()))
    return [f for f in findings_in(fields, NOBODY, protocol) if f.confidence != "low"]


def values(text: str, protocol: str = OWN) -> set[tuple[str, str]]:
    return {(f.kind, f.value) for f in found(text, protocol)}


@pytest.mark.parametrize(
    "text",
    [
        f"TRVAP00{IMEI}#",
        f"$$B0{IMEI}|AA|01.8|01.0",
        f"(012345678901BP05{IMEI}231129A)",
        f"*SCOR,OM,{IMEI},Q0,412,80,28#",
        f"#L#2.0;{IMEI};word;1F2A",
        f"$FRLIN,,{IMEI},GVVVVVVV*5B",
        f"MT;6;{IMEI};R0;8+231129205026",
    ],
)
def test_a_record_that_begins_with_an_imei_gives_it(text: str) -> None:
    assert ("imei", IMEI) in values(text)
    assert values(text, "http/1.1") == set()


def test_a_number_far_behind_the_beginning_is_none() -> None:
    assert values("order " + "x" * 60 + f";1;{IMEI};2") == set()


@pytest.mark.parametrize(
    ("text", "latitude", "longitude"),
    [
        ("TRVAP01231129A5954.8340N01045.1320E000.1", *POSITION),
        ("*GS06,V3.36,GPS:A;10;N59.913900;E10.752200;0", *POSITION),
        ("STT;0807;+59.913900;+010.752200;000.00", "59.913900", "010.752200"),
        ("+RESP:GTFRI,0F0106,,,0,0,1,1,4.3,92,70.0,10.752200,59.913900,2023", "59.913900", "10.752200"),
    ],
)
def test_positions_in_records_are_read(text: str, latitude: str, longitude: str) -> None:
    assert ("location", f"{latitude},{longitude}") in values(text)


def test_short_decimals_are_no_position() -> None:
    assert values("STT;0807;59.91;10.75;1.234,5.678") == set()


def test_imei_and_imsi_side_by_side_speak_for_each_other() -> None:
    text = f"2019-02-19|app1|{IMEI}|{IMSI}|Example-1|9"
    assert values(text, "http/1.1") == {("imei", IMEI), ("imsi", IMSI)}


def test_among_many_numbers_two_that_fit_are_chance() -> None:
    numbers = "|".join(str(242010123456780 + n * 1111) for n in range(8))
    assert values(f"a|{IMEI}|{numbers}|b", "http/1.1") == set()


@pytest.mark.parametrize("name", ["ep", "clientId", "client_id"])
def test_the_name_of_an_endpoint_or_client_is_a_device(name: str) -> None:
    fields = fields_of(request(target=f"/rd?{name}={IMEI}&lt=86400"))
    assert [(f.kind, f.value) for f in findings_in(fields, NOBODY) if f.confidence != "low"] == [
        ("imei", IMEI)
    ]


def test_an_imei_behind_its_name_and_a_line_below_is_found() -> None:
    assert ("imei", IMEI) in values(f"lwt/IMEI_{IMEI}", "mqtt")


CELL = ("cell", "242-01-1010-20202")


@pytest.mark.parametrize(
    "text",
    [
        "(012345678901BZ00,{242,1,1010,20202},01000000)",
        f"S168#{IMEI}#000f#0030#SYNC:0012;CELL:1,0f2,1,3f2,4eea,38;STATUS:87,64$",
        f"MT;6;{IMEI};R2;230301081122+20202,1010,1,242+0+4009",
        f"*GS06,{IMEI},062133,,SYS:A;V3,GSM:1;4;242;1;03F2;4EEA;-64",
    ],
)
def test_cells_in_records_are_read_where_their_network_exists(text: str) -> None:
    assert CELL in values(text)
    assert CELL not in values(text, "http/1.1")
    unknown = text.replace("242", "999").replace("CELL:1,0f2", "CELL:1,999")
    assert "cell" not in {kind for kind, _ in values(unknown)}


def test_a_number_with_its_country_in_a_record_with_an_imei_is_a_phone_number() -> None:
    text = f"imei:{IMEI},tracker,231129205026,+4740612345,F,120000.000,A;"
    assert ("phone", "4740612345") in values(text)
    assert ("phone", "4740612345") not in values(text.replace("+", ""))
    assert ("phone", "4740612345") not in values("tracker,231129205026,+4740612345,F,120000.000,A;")


@pytest.mark.parametrize(
    "heard", ["07+001b44113ab7,-48+3f9a1c2b7d4e,-66+0+4012", "001b44113ab7@61+3f9a1c2b7d4e@77"]
)
def test_access_points_with_their_strength_are_read_by_their_block(heard: str) -> None:
    text = f"MT;6;{IMEI};R12;{heard}"
    assert {value for kind, value in values(text) if kind == "bssid"} == {"00:1b:44:11:3a:b7"}


def test_degrees_and_minutes_of_aprs_are_a_place() -> None:
    text = "XX0000>APRS,TCPIP*:@010812z5954.83N/01045.13E_210/003g006t041"
    assert ("location", "59.91383,10.75217") in values(text)


def test_a_number_beside_an_imei_is_a_phone_number_and_another_is_none() -> None:
    assert ("phone", "4740612345") in values(f"IMEI={IMEI} number=+4740612345 level=3", "http/1.1")
    assert ("phone", "4740612345") not in values(f"order={IMEI} number=+4740612345 level=3", "http/1.1")


def test_two_exact_numbers_of_degrees_beside_the_number_of_a_phone_are_a_place() -> None:
    def found(imei: str, pair: str) -> set[str]:
        body = f'{{"ei":"{imei}","gp":"{pair}"}}'.encode()
        fields = fields_of(request(body, headers=[("Content-Type", "application/json")]))
        return {f.value for f in findings_in(fields, NOBODY) if f.kind == "location"}

    assert found(IMEI, "59.913868,10.752245,42,0") == {"59.913868,10.752245"}
    assert found("123456789012345", "59.913868,10.752245,42,0") == set()
    assert found(IMEI, "59.9138,10.7522") == found(IMEI, "99.913868,10.752245") == set()
