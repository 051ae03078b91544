"""Repeated, unasked-for requests with identifiers are told without a dossier; browsing is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from analyzer.decode import fields_of
from analyzer.detect import Known, findings_in
from analyzer.dossiers import load, undocumented
from analyzer.model import Message, Ping
from tests.decode.messages import request

BODY = b'{"imei":"490154203237518","mac":"00:1b:44:11:3a:b7"}'


def messages(
    count: int, body: bytes = BODY, same_flow: bool = False, host: str = "reg.example", **headers: str
) -> list[Message]:
    sent = request(body, "/v1/hello", headers.items(), host=host, delivered=True)
    return [replace(sent, number=i + 1, flow=0 if same_flow else i, time_ns=i * 10**9) for i in range(count)]


def found(sent: Sequence[Message]) -> list[Ping]:
    findings = [f for message in sent for f in findings_in(fields_of(message), Known.none())]
    return undocumented(sent, findings, (), {m.flow: "02:00:5e:00:53:01" for m in sent}, load())


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


def test_requests_within_a_conversation_are_none() -> None:
    assert found(messages(5, same_flow=True)) == []


def test_requests_without_a_lasting_identifier_are_none() -> None:
    assert found(messages(5, b'{"model":"Example-1","gaid":"2f4a8c1e-7b3d-4e5f-9a6b-0c1d2e3f4a5b"}')) == []


def test_requests_with_changing_identifiers_are_not_the_same_grammar() -> None:
    other = request(b'{"imei":"356938035643809"}', "/v1/hello", host="reg.example")
    assert found([*messages(1), replace(other, number=2, flow=9)]) == []


def test_a_host_that_a_dossier_documents_is_left_to_it() -> None:
    assert found(messages(3, host="alog.umeng.com")) == []
