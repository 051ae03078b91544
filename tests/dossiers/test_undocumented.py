"""Repeated, unasked-for requests with identifiers are told without a dossier; browsing is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from analyzer.dossiers import load, undocumented
from analyzer.identifiers import KnownValues, findings_in
from analyzer.inspection.decode import fields_of
from analyzer.model import Endpoint, Message, Ping
from tests.codecs.messages import request

BODY = b'{"imei":"490154203237518","mac":"00:1b:44:11:3a:b7"}'


HOUR_NS = 3600 * 10**9


def messages(
    count: int, body: bytes = BODY, same_flow: bool = False, host: str = "reg.example", **headers: str
) -> list[Message]:
    sent = request(body, "/v1/submit", headers.items(), host=host, delivered=True)
    return [
        replace(sent, number=i + 1, flow=0 if same_flow else i, time_ns=i * HOUR_NS) for i in range(count)
    ]


def with_target(message: Message, target: str) -> Message:
    return replace(message, target=target)


def values_of(message: Message) -> list[tuple[str, str | bytes]]:
    return [(field.name, field.value) for field in fields_of(message)]


def found(sent: Sequence[Message]) -> list[Ping]:
    findings = [f for message in sent for f in findings_in(fields_of(message), KnownValues.none())]
    devices = {m.flow: "02:00:5e:00:53:01" for m in sent}
    return undocumented(sent, findings, (), devices, load(), values_of)


def test_a_repeated_unasked_for_request_with_identifiers_is_told_with_its_reasons() -> None:
    pings = found(messages(3))
    assert [ping.message for ping in pings] == [1, 2, 3]
    assert {ping.dossier for ping in pings} == {"undocumented"}
    starts = [reason.partition(":")[0] for reason in pings[0].reasons]
    assert starts == ["no dossier describes it", "identifiers", "unasked for", "no session", "repeated"]
    assert (pings[0].status, pings[0].confidence) == ("delivered", "medium")
    assert {field.key for field in pings[0].fields} == {"imei", "mac"}


def test_two_requests_are_of_low_confidence_and_one_is_none() -> None:
    assert {ping.confidence for ping in found(messages(2))} == {"low"}
    assert found(messages(1)) == []


@pytest.mark.parametrize("header", ["Cookie", "Authorization", "Referer", "Origin"])
def test_a_session_or_a_page_that_asked_speaks_against_it(header: str) -> None:
    assert found(messages(3, **{header: "x=1"})) == []


def test_requests_behind_others_of_their_connection_are_none() -> None:
    page = replace(request(b"", "/index.html", host="reg.example"), number=9, flow=0, time_ns=-1)
    assert found([page, *messages(5, same_flow=True)]) == []


def test_many_sends_in_one_connection_hide_nothing() -> None:
    assert len(found(messages(40, same_flow=True))) == 40


@pytest.mark.parametrize("pattern", ["/reg/{}", "/v1/submit?n={}", "/c/7f{:030x}", "/x{}/submit"])
def test_a_path_that_changes_with_each_send_hides_nothing(pattern: str) -> None:
    sent = [with_target(m, pattern.format(i)) for i, m in enumerate(messages(6))]
    assert len(found(sent)) == 6


@pytest.mark.parametrize(
    "target",
    [
        "/reg/7",
        "/device/activate",
        "/api?act=register",
        "/v2/deviceRegister",
        "/checkin",
        "/v1/install",
        "/v2/device/7/hello/",
    ],
)
def test_one_request_that_calls_itself_a_registration_is_enough(target: str) -> None:
    (ping,) = found([with_target(m, target) for m in messages(1)])
    assert (ping.dossier, ping.confidence) == ("undocumented", "low")
    assert "purpose: by its words it is a registration" in ping.reasons


def test_one_request_that_names_phone_and_subscription_is_enough() -> None:
    both = b'{"imei":"490154203237518","imsi":"242010123456789"}'
    (ping,) = found(messages(1, both))
    assert "purpose: it names the device and the subscription together" in ping.reasons


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/weatherstation/update", b'{"mac":"00:1b:44:11:3a:b7","tempf":"51.2","humidity":"80"}'),
        ("/v1/post", b'{"mac":"00:1b:44:11:3a:b7","temperature":"11.2","humidity":"80"}'),
        ("/analytics/event", BODY),
        ("/app/events", BODY),
        ("/firmware/check", b'{"mac":"00:1b:44:11:3a:b7","version":"1.2"}'),
    ],
)
def test_telemetry_and_update_checks_are_none(target: str, body: bytes) -> None:
    assert found([with_target(m, target) for m in messages(3, body)]) == []


def test_an_update_check_that_names_the_phone_is_called_that() -> None:
    pings = found([with_target(m, "/ota/query") for m in messages(2)])
    assert {ping.dossier for ping in pings} == {"undocumented-update-check"}


def test_a_log_line_is_none() -> None:
    assert found([replace(m, protocol="syslog", target=None) for m in messages(5)]) == []


def test_an_announcement_to_all_is_none() -> None:
    to_all = Endpoint("192.168.1.255", 9999)
    assert found([replace(m, destination=to_all) for m in messages(5)]) == []


def test_a_retry_is_the_same_payload_and_raises_no_confidence() -> None:
    tries = [replace(m, time_ns=i * 20 * 10**9) for i, m in enumerate(messages(3))]
    assert found(tries) == []
    later = replace(tries[0], number=9, flow=9, time_ns=HOUR_NS)
    pings = found([*tries, later])
    assert [(ping.message, ping.confidence) for ping in pings] == [(1, "low"), (9, "low")]
    assert pings[0].reasons[-1].startswith("tried again: 2 times with the same bytes")


def test_the_same_bytes_after_an_answer_are_another_payload() -> None:
    answered = [replace(m, time_ns=i * 10**9, peer=100 + i) for i, m in enumerate(messages(3))]
    assert len(found(answered)) == 3


def test_requests_without_a_lasting_identifier_are_none() -> None:
    assert found(messages(5, b'{"model":"Example-1","gaid":"2f4a8c1e-7b3d-4e5f-9a6b-0c1d2e3f4a5b"}')) == []


def test_requests_with_changing_identifiers_are_not_the_same_grammar() -> None:
    other = request(b'{"imei":"356938035643809"}', "/v1/submit", host="reg.example")
    assert found([*messages(1), replace(other, number=2, flow=9)]) == []


def test_what_a_dossier_documents_by_host_and_path_is_left_to_it() -> None:
    sent = messages(3, host="alog.umeng.com")
    assert found([with_target(message, "/app_logs") for message in sent]) == []
    assert len(found(sent)) == 3


def test_a_documented_update_check_that_names_the_phone_is_told_under_its_title() -> None:
    sent = messages(2, b"", host="sysupgrade.vivo.com.cn")
    target = "/checkapp/query?imei=490154203237518&app_version=1.0&model=Example-1&action=checkupdate"
    ping, *_ = found([with_target(message, target) for message in sent])
    assert ping.dossier == "vivo-ota-old"
    assert "update check" in ping.title.lower()
    assert "documented" in ping.reasons[0]


def test_an_advertising_id_counts_in_what_calls_itself_a_first_start() -> None:
    body = b'{"model":"Example-1","gaid":"2f4a8c1e-7b3d-4e5f-9a6b-0c1d2e3f4a5b"}'
    assert len(found([with_target(m, "/v1/install") for m in messages(1, body)])) == 1
    assert found([with_target(m, "/v1/install/list") for m in messages(1, body)]) == []


def test_a_connection_of_a_protocol_of_its_own_that_begins_with_an_imei_is_a_log_in() -> None:
    line = replace(request(b"$FRLIN,IMEI,353490069873319,*4C", None, delivered=True), protocol="unclassified")
    opening = replace(line, evidence=replace(line.evidence, start=0))
    findings = [
        replace(f, confidence="medium")
        for f in findings_in(fields_of(opening), KnownValues.none(), "unclassified")
    ]

    def told(message: Message) -> list[Ping]:
        return undocumented([message], findings, (), {}, load(), values_of)

    (ping,) = told(opening)
    assert any(reason.startswith("purpose: a connection of a protocol of its own") for reason in ping.reasons)
    assert told(replace(opening, delivered=False)) == told(line) == []


def test_a_phone_that_registers_at_its_network_is_told_and_a_call_is_not() -> None:
    headers = [
        ("Contact", '<sip:x>;+sip.instance="<urn:gsma:imei:49015420-323751-8>"'),
        ("Authorization", "Digest a=b"),
    ]
    sent = replace(request(b"", "sip:ims.example", headers, "REGISTER", delivered=True), protocol="sip")
    assert len(found([sent])) == 1
    assert found([replace(sent, method="INVITE")]) == []


def test_credentials_that_are_the_device_s_own_number_are_no_session() -> None:
    named = [("Authorization", 'CBAuth Type="Light", Client="490154203237518"')]
    sent = [replace(m, headers=tuple(named)) for m in messages(2, b"")]
    findings = [
        replace(
            f,
            evidence=replace(f.evidence, path=("header", "Authorization", "pairs", "Client")),
            message=m.number,
        )
        for m in messages(2)
        for f in findings_in(fields_of(m), KnownValues.none())
        if f.kind == "imei"
    ]
    assert len(undocumented(sent, findings, (), {}, load(), values_of)) == 2
    tokens = [
        replace(f, evidence=replace(f.evidence, path=("header", "Authorization", "Bearer", "id")))
        for f in findings
    ]
    assert undocumented(sent, tokens, (), {}, load(), values_of) == []
