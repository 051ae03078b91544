"""A registration ping is recognised at any host, and its status says no more than the capture shows."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from analyzer.dossiers import attempted, load, recognise
from analyzer.identifiers import KnownValues, findings_in
from analyzer.inspection.decode import fields_of
from analyzer.model import Body, Endpoint, Evidence, Message, Ping
from tests.codecs.messages import PHONE, request, response
from tests.dossiers.test_files import KEY_SETS

DOSSIERS = load()
ALL_KINDS = ("activation-ping", "telemetry", "benign")
SERVER = Endpoint("198.51.100.20", 80)
ENCRYPTED_JSON = ("Content-Type", "application/encrypted-json")
# Synthetic: the IMEI of the specifications' example, other numbers made up with right check digits.
VALUES = {
    "IMEI1": "490154203237518",
    "MEID": "A000004F1C2D3E",
    "SIM1ICCID": "8947010000123456784",
    "SIM2ICCID": "0" * 20,
    "SIM1LTEIMSI": "242010123456789",
    "MACID": "00:1b:44:11:3a:b7",
    "REGVER": "5.0",
    "UETYPE": "1",
    "ACCESSTYPE": "2",
    "REGDATE": "2019-02-20 16:01:00",
    "MODELSMS": "Example-1",
}


def payload(keys: Iterable[str]) -> dict[str, str]:
    return {key: VALUES.get(key, "1") for key in keys}


def registration(
    values: Mapping[str, object] | None = None,
    headers: Iterable[tuple[str, str]] = (ENCRYPTED_JSON,),
    host: str = "zzhc.vnet.cn",
    delivered: bool | None = True,
    cut: int | None = None,
) -> Message:
    document = payload(KEY_SETS["2017"].split()) if values is None else values
    body = base64.encodebytes(json.dumps(document).encode())[:cut]
    return request(body, headers=headers, host=host, delivered=delivered)


def pings(
    message: Message, answer: Message | None = None, kinds: Iterable[str] = ("activation-ping",)
) -> list[Ping]:
    fields = fields_of(message)
    return recognise(message, answer, fields, findings_in(fields, KnownValues.none()), DOSSIERS, tuple(kinds))


def ping(
    message: Message, answer: Message | None = None, kinds: Iterable[str] = ("activation-ping",)
) -> Ping:
    (found,) = pings(message, answer, kinds)
    return found


@pytest.mark.parametrize("keys", [k for n, k in KEY_SETS.items() if n != "7.0 and 8.0"])
@pytest.mark.parametrize("host", ["zzhc.vnet.cn", "collector.example", "198.51.100.20:9999"])
def test_each_generation_is_recognised_at_any_host(keys: str, host: str) -> None:
    found = ping(registration(payload(keys.split()), host=host))
    assert (found.dossier, found.confidence) == ("china-telecom-registration", "high")
    assert {field.key for field in found.fields} == set(keys.split())
    assert all("not explained" not in field.means for field in found.fields)
    assert found.encoding == "base64 of JSON: encoded, not encrypted"


def test_host_grammar_and_identifiers_are_said_separately() -> None:
    known, other = ping(registration()), ping(registration(host="collector.example"))
    assert known.reasons[0] == "host: zzhc.vnet.cn is documented for China Telecom self-registration"
    assert other.reasons[0].startswith("host: collector.example, not one that is documented")
    for found in (known, other):
        starts = [reason.partition(":")[0] for reason in found.reasons]
        assert starts[:5] == ["host", "grammar", "encoding", "identifiers", "media type"]
    assert any("imei" in reason and "iccid" in reason for reason in known.reasons)


def test_the_order_and_case_of_keys_do_not_matter() -> None:
    values = {key.lower(): value for key, value in reversed(payload(KEY_SETS["2018"].split()).items())}
    found = ping(registration(values, headers=(), host="collector.example"))
    assert found.confidence == "high"
    assert found.fields[0].means == "date and time of the registration by the phone's clock"


@pytest.mark.parametrize("keys", ["REGVER MEID MODEL", "SWVER SIM1ICCID IMEI1", "MODEL MACID SIM1LTEIMSI"])
def test_three_keys_are_enough(keys: str) -> None:
    assert (
        ping(registration(payload(keys.split()), headers=(), host="collector.example")).confidence == "high"
    )


@pytest.mark.parametrize(
    "keys",
    ["REGVER MEID", "MODEL RAM ROM COLOR", "model imei", "username password lang", "SID NID PNAME"],
)
def test_common_keys_are_no_grammar(keys: str) -> None:
    assert pings(registration(payload(keys.split()), headers=(), host="collector.example")) == []


def test_common_keys_in_base64_are_of_medium_confidence_and_in_plain_json_nothing() -> None:
    values = payload(("MODEL", "IMEI1", "SWVER"))
    found = ping(registration(values, headers=(), host="collector.example"))
    assert found.confidence == "medium"
    assert (
        "grammar: no key that is peculiar to China Telecom self-registration was read in it" in found.reasons
    )
    assert pings(request(json.dumps(values).encode(), host="collector.example")) == []


def test_json_without_base64_is_recognised_but_not_called_base64() -> None:
    body = json.dumps(payload(KEY_SETS["modules"].split())).encode()
    found = ping(request(body, host="collector.example"))
    assert (found.confidence, found.encoding) == ("medium", "")


def test_the_host_alone_is_no_ping() -> None:
    assert pings(request(b"", "/index.html", method="GET", host="zzhc.vnet.cn")) == []
    assert pings(request(b"hello=1", host="zzhc.vnet.cn")) == []


def test_the_media_type_alone_is_a_ping_of_low_confidence() -> None:
    found = ping(request(b"\x8f\x01\x02\xfe" * 9, headers=(ENCRYPTED_JSON,), host="collector.example"))
    assert (found.confidence, found.fields) == ("low", ())
    assert (
        "grammar: no key that is peculiar to China Telecom self-registration was read in it" in found.reasons
    )


def test_a_cut_body_is_recognised_by_what_is_left() -> None:
    found = ping(registration(cut=300))
    assert found.confidence == "high"
    assert 3 <= len(found.fields) < 30


def test_coded_values_are_explained_beside_their_key() -> None:
    means = {field.key: field.means for field in ping(registration()).fields}
    assert means["UETYPE"] == "type of the device: phone"
    assert means["ACCESSTYPE"] == "way by which the registration is sent: Wi-Fi"


def test_the_software_is_named_and_never_called_proven() -> None:
    assert "com.qualcomm.qti.autoregistration" in ping(registration()).client
    assert "can't prove" in ping(registration()).client


# ── status ──────────────────────────────────────────────────────────────────

ANSWERS = {
    "no answer, not acknowledged": (False, None, "attempted", "did not acknowledge"),
    "no answer, one side captured": (None, None, "attempted", "does not show"),
    "no answer, acknowledged": (True, None, "delivered", "acknowledged the last byte"),
    "refused": (True, b'{"resultCode":"1","resultDesc":"Check error"}', "answered", '"Check error"'),
    "decode error": (True, b'{"resultDesc":"Decode error","resultCode":-1}', "answered", "could not decode"),
    "accepted": (True, b'{"resultCode":"0","resultDesc":"Success"}', "accepted", "means accepted"),
    "accepted, a number": (True, b'{"resultCode":0,"resultDesc":"Success"}', "accepted", "means accepted"),
    "accepted, other case": (True, b' \xef\xbb\xbf{"RESULTCODE": "0"}\r\n', "accepted", "means accepted"),
    "acknowledgement not seen": (None, b'{"resultCode":"0"}', "accepted", "status 200"),
    "empty": (True, b"", "answered", "no body that could hold a resultCode"),
    "not JSON": (True, b"<html>502</html>", "answered", "no resultCode can be read"),
    "cut behind the code": (True, b'{"resultCode":"0","resultDe', "accepted", "means accepted"),
    "cut within the code": (True, b'{"resultDesc":"Success","resultCode":0', "answered", "no resultCode"),
    "a list": (True, b'["resultCode","0"]', "answered", "no resultCode"),
    "true is not 0": (True, b'{"resultCode":false}', "answered", "no resultCode"),
    "00 is not 0": (True, b'{"resultCode":"00"}', "answered", "does not mean accepted"),
    "deep": (True, b"[" * 100_000, "answered", "no resultCode"),
}  # fmt: skip


@pytest.mark.parametrize(("delivered", "answer", "status", "says"), ANSWERS.values(), ids=ANSWERS)
def test_status(delivered: bool | None, answer: bytes | None, status: str, says: str) -> None:
    found = ping(registration(delivered=delivered), None if answer is None else response(answer))
    assert found.status == status
    assert says in "; ".join(found.status_reasons)


def test_an_http_error_is_an_answer() -> None:
    found = ping(registration(), response(b"", status=404))
    assert (found.status, found.status_reasons[1]) == ("answered", "the server answered with HTTP status 404")


def test_a_response_whose_status_was_not_seen_is_no_answer() -> None:
    assert ping(registration(), response(b'{"resultCode":"0"}', status=None)).status == "delivered"


def test_a_cut_answer_is_called_cut() -> None:
    answer = replace(
        response(b'{"resultDe'), body=Body(40, None, b'{"resultDe', complete=False), complete=False
    )
    assert "that was captured" in ping(registration(), answer).status_reasons[-1]


def test_a_response_is_no_ping() -> None:
    answer = replace(registration(), role="response")
    assert pings(answer) == []


def test_a_connection_without_request_is_an_attempt_of_low_confidence() -> None:
    found = attempted(
        DOSSIERS,
        "ZZHC.vnet.cn.",
        flow=4,
        time_ns=5,
        source=PHONE,
        destination=SERVER,
        evidence=Evidence((9,), 4),
    )
    assert (found.status, found.confidence, found.message) == ("attempted", "low", None)
    assert found.dossier == "china-telecom-registration"
    assert found.evidence.frames == (9,)
    assert "neither grammar nor identifiers" in found.reasons[1]


def test_a_connection_to_another_host_is_no_attempt() -> None:
    with pytest.raises(KeyError):
        attempted(
            DOSSIERS, "vnet.cn", flow=4, time_ns=5, source=PHONE, destination=SERVER, evidence=Evidence((9,))
        )


# ── other senders ───────────────────────────────────────────────────────────

QUERY = urlencode(
    {"imei": VALUES["IMEI1"], "mac": VALUES["MACID"], "model": "m", "nonce": "1", "ts": "2", "sign": "x"}
)
OTHERS = {
    "china-unicom-registration": request(
        b"\x80\x81", "/register?ver=1.1&model=X&manuf=Y&sign=0a", host="dm.wo.com.cn:6001"
    ),
    "china-mobile-oma-dm": request(
        b"<SyncML/>", "/", [("Content-Type", "application/vnd.syncml.dm+xml")], host="dm.monternet.com:7001"
    ),
    "xiaomi-analyticscore": request(
        b"", f"/api/checkupdate/lastusefulversion?{QUERY}", method="GET", host="sdkconfig.ad.xiaomi.com"
    ),
    "xiaomi-mistat": request(b"app_id=1&stat_value=3", "/mistats/v2", host="data.mistat.xiaomi.com"),
    "baidu-mobstat": request(gzip.compress(b'{"he":{"k":"v"}}'), "/app.gif", host="hmma.baidu.com"),
    "amap-location": request(b"\x00\x01", "/mobile/binary?output=json", host="abroad.apilocate.amap.com"),
    "tencent-mta": request(b"\x00\x01", "/mstat/report/", host="pingma.qq.com:80"),
    "getui-push": request(b"\x00\x01", "/api.php?format=json&t=1", host="sdk.open.phone.igexin.com"),
    "umeng": request(b'{"header":{}}', "/app_logs", [("X-Umeng-Sdk", "x")], host="collector.example"),
    "ragentek-ota": request(b"imei=490154203237518", "/x", host="oyag.prugskh.net"),
    "qualcomm-izat": request(b"imei=490154203237518", "/x", host="xtra1.izatcloud.net"),
    "connectivity-check-makers": request(b"", "/generate_204", method="GET", host="conn1.oppomobile.com"),
    "connectivity-check": request(b"", "/generate_204", method="GET", host="connectivitycheck.example"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "message"), OTHERS.items(), ids=OTHERS)
def test_each_other_sender_is_recognised_as_itself(name: str, message: Message) -> None:
    assert [found.dossier for found in pings(message, kinds=ALL_KINDS)] == [name]


def test_telemetry_and_connectivity_checks_are_not_called_activation_pings() -> None:
    kinds = {dossier.id: dossier.kind for dossier in DOSSIERS}
    called = {found.dossier for message in OTHERS.values() for found in pings(message)}
    assert {kinds[name] for name in called} == {"activation-ping"}
    assert "connectivity-check" not in called


def test_a_connectivity_check_that_carries_an_identifier_is_not_called_benign() -> None:
    message = request(b"", "/generate_204?imei=490154203237518", method="GET")
    assert pings(message, kinds=ALL_KINDS) == []


@pytest.mark.parametrize("dossier", DOSSIERS, ids=lambda dossier: dossier.id)
def test_the_host_of_any_dossier_alone_is_no_ping(dossier: object) -> None:
    hosts = [host.replace("*", "a") for host in getattr(dossier, "hosts", ())]
    for host in hosts:
        assert pings(request(b"", "/some/page", method="GET", host=host), kinds=ALL_KINDS) == []


def test_ordinary_messages_are_no_pings() -> None:
    ordinary = (
        request(b'{"model":"x","imei":"490154203237518","sid":"1"}', "/log"),
        request(b"user=a&password=b", "/login"),
        request(b"", "/"),
        request(base64.b64encode(b'{"event":"open","time":1}'), "/"),
    )
    assert [found for message in ordinary for found in pings(message, kinds=ALL_KINDS)] == []
