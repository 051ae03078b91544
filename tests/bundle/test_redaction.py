"""The proof: of what a report held nothing is left in any encoding, and the rest still is a report."""

from __future__ import annotations

import base64
import json as standard_json
import re
import zlib
from dataclasses import replace
from hashlib import md5, sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from analyzer.identifiers import KnownValues, findings_in
from analyzer.inspection.decode import decode
from analyzer.model import Announcement, Conflict, Device, Endpoint, Name, Report, WifiClient
from analyzer.redaction.redaction import Redactor, redact
from analyzer.report import json
from analyzer.report.terminal import render
from tests.bundle.nesting import BINARY_OUT, TEXT_IN, WRAPS, layers
from tests.bundle.reporting import report_of, sent
from tests.codecs.messages import request
from tests.examples import examples
from tests.report.builders import IMEI, sample_report

KEY = bytes(range(32))


def documents(report: Report) -> list[bytes]:
    """Everything that a redacted report can become, as far as this room knows."""
    return [json.write(report).encode(), render(report, verbose=True, width=400).encode()]


def everything(report: Report) -> bytes:
    """All documents and all bodies, opened as far as they open, in one."""
    pieces = documents(report)
    for message in report.messages:
        pieces += layers(message.body.content)
        pieces += layers((message.target or "").encode())
        pieces += [layer for _, value in message.headers for layer in layers(value.encode())]
    return b"\n".join(pieces)


@st.composite
def phones(draw: st.DrawFn) -> dict[str, str]:
    def digits(count: int) -> str:
        return draw(st.text("0123456789", min_size=count, max_size=count))

    imei, iccid = "35824005" + digits(6), "894701" + digits(12)
    mac = draw(st.binary(min_size=3, max_size=3))
    return {
        "imei": imei + luhn.calc_check_digit(imei),
        "iccid": iccid + luhn.calc_check_digit(iccid),
        "imsi": "24201" + digits(10),
        "mac": "00:1b:44:" + mac.hex(":"),
        "ssid": "Familien " + draw(st.sampled_from(["Hansen", "Ødegård", "李"])),
        "email": f"kari{digits(4)}@example.org",
    }


@st.composite
def nested(draw: st.DrawFn, phone: dict[str, str]) -> tuple[bytes, list[str]]:
    """A JSON document in one to four encodings; text formats hold text alone."""
    data = standard_json.dumps(phone, ensure_ascii=draw(st.booleans())).encode()
    steps: list[str] = []
    for _ in range(draw(st.integers(0, 4))):
        is_binary = steps and steps[-1] in BINARY_OUT
        possible = [name for name in WRAPS if not (is_binary and name in TEXT_IN)]
        steps.append(draw(st.sampled_from(possible)))
        data = WRAPS[steps[-1]](data)
    return data, steps


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_no_identifier_is_left_in_any_nesting_of_encodings(data: st.DataObject) -> None:
    phone = data.draw(phones())
    body, steps = data.draw(nested(phone))
    message = sent(body)
    found = findings_in(decode(message).fields, KnownValues.none())
    redacted = redact(report_of(message), KEY)
    left = everything(redacted)
    for each in found:
        assert each.value.encode() not in left, (each.kind, steps)
        assert each.raw.encode() not in left, (each.kind, steps)
    if found:
        assert sha256(body).hexdigest().encode() not in left


@settings(max_examples=examples(100), deadline=None)
@given(st.data())
def test_what_is_redacted_is_found_again_with_its_pseudonyms(data: st.DataObject) -> None:
    phone = data.draw(phones())
    body, _ = data.draw(nested(phone))
    report = report_of(sent(body))
    redacted = redact(report, KEY)
    message = redacted.messages[0]
    if report.findings:
        assert message.body.content, message.body.left_out
    again = findings_in(decode(message).fields, KnownValues.none())
    assert [(f.kind, f.value, f.evidence.path) for f in again] == [
        (f.kind, f.value, f.evidence.path) for f in redacted.findings
    ]


@pytest.mark.parametrize("name", WRAPS)
def test_each_encoding_is_written_again_and_nothing_withheld(name: str) -> None:
    body = WRAPS[name](b'{"imei": "490154203237518", "mac": "00:1b:44:11:3a:b7"}')
    redacted = redact(report_of(sent(body)), KEY)
    assert redacted.messages[0].body.content not in (b"", body)
    assert b"490154203237518" not in everything(redacted)


def test_text_of_two_bytes_a_character_among_other_bytes_is_written_again() -> None:
    inside = base64.b64encode(b'{"imei": "490154203237518"}').decode().encode("utf-16-le")
    redacted = redact(report_of(sent(b"REGISTER " + inside)), KEY)
    assert redacted.messages[0].body.content.startswith(b"REGISTER e\0")
    assert b"490154203237518" not in everything(redacted)


def test_of_an_escaped_body_only_the_identifiers_change() -> None:
    body = b"REGISTER v=2&p=%7b%22imei%22%3A%20%22490154203237518%22, 100%25%7d"
    made = redact(report_of(sent(body)), KEY).messages[0].body.content
    assert made != body
    assert re.sub(rb"(?<=%22)[0-9]{15}", b"490154203237518", made) == body


CARRIERS: dict[str, bytes] = {
    "text in octets": b"\xfd\xfe\0\x04imei\0\x0f490154203237518\0\x05email\0\x10kari@example.org\0\xfe",
    "lines": b"imei: 490154203237518\nemail: kari@example.org\n",
    "shell": b"export IMEI='490154203237518'\nexport EMAIL=\"kari@example.org\"\n",
    "a table": b"imei,email\n490154203237518,kari@example.org\n",
    "toString": b"Device{imei='490154203237518', email='kari@example.org'}",
    "JSON Lines": b'{"imei":"490154203237518"}\n{"email":"kari@example.org"}\n',
    "forms in lines": b"imei=490154203237518&n=1\nemail=kari%40example.org&n=2",
    "quoted-printable": b"imei=3D490154203237518&email=3Dkari@=\r\nexample.org",
    "segments": b"eyJhIjoiYmNkZWZnIn0."
    + base64.urlsafe_b64encode(b'{"imei":"490154203237518","x":"yz"}')
    + b".x",
    "pairs in turn": b'["imei","490154203237518","email","kari@example.org"]',
    "XML behind a length": b"000123<?xml version='1.0'?><a><imei>490154203237518</imei></a>",
    "reversed": base64.b64encode(b'{"imei":"490154203237518"}')[::-1],
    "escapes": b"".join(b"\\x%02x" % byte for byte in b'{"imei":"490154203237518"}'),
    "a list of digits": b'{"imei":[4,9,0,1,5,4,2,0,3,2,3,7,5,1,8]}',
    "two bytes": bytes(
        byte ^ b"\x12\xb4"[place % 2] for place, byte in enumerate(b'{"imei":"490154203237518"}')
    ),
    "escaped for HTML": b"{&quot;imei&quot;:&quot;490154203237518&quot;}",
    "digits apart": b'{"imei":"490 154 203 237 518"}',
    "a packed number": b'{"imei":"1bdcaeb2b4c8e"}',
}


@pytest.mark.parametrize("body", CARRIERS.values(), ids=CARRIERS)
def test_what_can_not_be_written_again_is_withheld_and_never_left(body: bytes) -> None:
    message = sent(body)
    found = findings_in(decode(message).fields, KnownValues.none())
    assert "490154203237518" in {each.value for each in found}
    left = everything(redact(report_of(message), KEY))
    assert b"490154203237518" not in left
    assert b"kari@example.org" not in left


def test_identifiers_in_the_head_of_a_message_are_redacted() -> None:
    basic = base64.b64encode(b"490154203237518:secret77").decode()
    message = request(
        target="/reg/imei/490154203237518/x",
        headers=[
            ("Host", "490154203237518.dev.example.org"),
            ("User-Agent", "App/1.0 (IMEI:490154203237518; Android 9)"),
            ("Authorization", f"Basic {basic}"),
            ("ETag", '"490154203237518"'),
            ("Content-Disposition", 'attachment; filename="490154203237518.log"'),
        ],
    )
    redacted = redact(report_of(message), KEY)
    assert redacted.findings
    assert b"490154203237518" not in everything(redacted)


def test_a_document_of_the_same_length_keeps_everything_else_byte_for_byte() -> None:
    body = b'{ "a" : "x\\/y" ,\n "imei":"490154203237518" }'
    content = redact(report_of(sent(body)), KEY).messages[0].body.content
    at = body.index(b"490154203237518")
    assert (content[:at], content[at + 15 :], len(content)) == (body[:at], body[at + 15 :], len(body))


def test_target_cookies_and_headers_are_redacted_along_the_ladder() -> None:
    encoded = WRAPS["base64"](b'{"imei":"490154203237518","mac":"00:1b:44:11:3a:b7"}').decode()
    message = request(
        target=f"/p/490154203237518?imei=490154203237518&d={encoded.replace('=', '%3D')}",
        headers=[("Cookie", f"a=1; imei=490154203237518; d={encoded}"), ("X-Data", encoded)],
        method="GET",
    )
    redacted = redact(report_of(message), KEY)
    assert redacted.findings
    assert b"490154203237518" not in everything(redacted)
    assert b"11:3a:b7" not in everything(redacted)
    assert "withheld" not in str(redacted.messages[0])


def test_a_hash_of_an_identifier_becomes_that_of_its_pseudonym() -> None:
    hashed = md5(b"490154203237518").hexdigest()
    body = standard_json.dumps({"imei": "490154203237518", "sign": hashed}).encode()
    redacted = redact(report_of(sent(body)), KEY)
    made = standard_json.loads(redacted.messages[0].body.content)
    assert made["sign"] == md5(made["imei"].encode()).hexdigest()
    assert hashed.encode() not in everything(redacted)


def test_a_digest_of_a_changed_body_in_a_header_is_that_of_the_new_body() -> None:
    body = b'{"imei":"490154203237518"}'
    headers = [("Content-MD5", md5(body).hexdigest()), ("Content-Type", "application/json")]
    redacted = redact(report_of(request(body, headers=headers)), KEY)
    message = redacted.messages[0]
    assert message.header("content-md5") == md5(message.body.content).hexdigest()


def test_the_hash_of_a_body_without_identifiers_stays() -> None:
    body = b'{"resultCode":"1"}'
    assert redact(report_of(sent(body)), KEY).messages[0].body.sha256 == sha256(body).hexdigest()


def test_what_can_not_be_written_again_is_withheld_and_says_so() -> None:
    packed = zlib.compress(b'{"imei":"490154203237518"}' * 3)
    # Two streams behind each other: the ladder reads the first alone.
    body = b'{"imei":"490154203237518"}\n' + packed.hex().encode() + b" " + packed
    message = sent(body)
    redactor = Redactor(report_of(message, sent(b'{"imei":"490154203237518"}')), KEY)
    content = redactor.message(message).body.content
    assert not any(b"490154203237518" in layer for layer in layers(content))


def test_an_identifier_that_a_cut_divided_leaves_no_piece() -> None:
    whole = sent(b'{"imei":"490154203237518"}')
    cut = replace(sent(b'{"x":"y","id":"490154203237'), number=2, complete=False)
    redacted = redact(report_of(whole, cut), KEY)
    assert b"490154203237" not in everything(redacted)


def test_the_whole_sample_report_is_clean_and_still_a_document() -> None:
    redacted = redact(sample_report(), KEY)
    left = b"\n".join([*documents(redacted), everything(redacted)])
    assert IMEI.encode() not in left
    assert b"02:00:5e:10:00:01" not in left
    assert json.read(json.write(redacted)) == redacted


def test_devices_names_networks_and_paths_are_redacted() -> None:
    device = Device(
        "00:1b:44:11:3a:b7",
        "00:1b:44:11:3a:b7",
        ("192.168.1.5", "fe80::21b:44ff:fe11:3ab7", "2a01:79c:1:2:21b:44ff:fe11:3ab7", "85.164.10.20"),
        names=(Name("Karis-iPhone", "dhcp", 3),),
    )
    report = report_of(sent(b""), devices=(device,))
    said = Announcement(device.id, "mdns", "announces", "Kari sin telefon._airplay._tcp.local", 1, 0, 4)
    wifi = WifiClient(device.id, "00:1b:44:99:3a:b7", "Familien Hansen 5G", "complete", 1, 0)
    report = replace(report, announcements=(said,), wifi=(wifi,))
    left = everything(redact(report, KEY))
    for secret in (
        "11:3a:b7", "fe11:3ab7", "85.164.10.20", "2a01:79c", "Karis-iPhone", "Kari sin telefon", "99:3a:b7",
        "Familien Hansen", "/home/kari", "phone.pcap", "ab" * 32,
    ):  # fmt: skip
        assert secret.encode() not in left, secret
    assert b"192.168.1.5" in left
    assert b"_airplay._tcp.local" in left


def test_excerpts_of_conflicts_and_their_hashes_are_left_out() -> None:
    ends = Endpoint("192.0.2.1", 1), Endpoint("192.0.2.2", 80)
    conflict = Conflict(0, *ends, 0, 4, 1, 2, "aa" * 32, "bb" * 32, "31323334", "35363738")
    redacted = redact(replace(report_of(sent(b"")), conflicts=(conflict,)), KEY)
    left = everything(redacted)
    assert not any(each in left for each in (b"aa" * 32, b"bb" * 32, b"31323334", b"35363738"))


def test_the_same_key_gives_the_same_pseudonyms_and_another_key_others() -> None:
    report = report_of(sent(b'{"imei":"490154203237518"}'))
    assert redact(report, KEY) == redact(report, KEY)
    first, second = redact(report), redact(report)
    assert first.findings[0].value != second.findings[0].value
    assert first.redaction is not None
    assert second.redaction is not None
    assert first.redaction.key != second.redaction.key


def test_a_redacted_report_says_so_first_and_is_not_redacted_twice() -> None:
    redacted = redact(sample_report(), KEY)
    assert "REDACTED" in render(redacted).split("THE ANSWER")[0]
    assert redact(redacted) is redacted


def test_codes_that_programs_read_survive_a_network_named_like_one() -> None:
    wifi = WifiClient("00:1b:44:11:3a:b7", "00:1b:44:99:3a:b7", "delivered", "complete", 1, 0)
    redacted = redact(replace(sample_report(), wifi=(wifi,)), KEY)
    assert json.read(json.write(redacted)) == redacted


def test_passwords_log_ins_and_sessions_are_replaced() -> None:
    headers = [
        ("Content-Type", "application/json"),
        ("Authorization", "Basic a2FyaTpoZW1tZWxpZzE="),
        ("Cookie", "JSESSIONID=9F86D081884C7D65; lang=no"),
    ]
    message = request(b'{"imei":"490154203237518","password":"sommer"}', headers=headers)
    redacted = redact(report_of(message), KEY)
    left = everything(redacted)
    for secret in (b"a2FyaTpoZW1tZWxpZzE", b"hemmelig1", b"9F86D081884C7D65", b"sommer"):
        assert secret not in left
    assert (
        redacted.messages[0]
        .header(
            "cookie",
        )
        .endswith("; lang=no")
    )  # type: ignore[union-attr]
    assert redacted.messages[0].header("authorization").startswith("Basic ")  # type: ignore[union-attr]


def test_a_path_of_one_letter_changes_no_word() -> None:
    report = sample_report()
    named = replace(report, captures=tuple(replace(info, path="a") for info in report.captures))
    redacted = redact(named, KEY)
    assert redacted.captures[0].path == "capture-1"
    assert redacted.blind_spots == redact(report, KEY).blind_spots


def test_the_dash_of_standard_input_is_no_path_that_texts_hold() -> None:
    report = sample_report()
    piped = replace(report, captures=(replace(report.captures[0], path="-"),), blind_spots=("one - two",))
    assert redact(piped, KEY).blind_spots == ("one - two",)


def test_a_message_says_which_of_its_parts_were_replaced() -> None:
    body = standard_json.dumps({"imei": "356938035643809"}).encode()
    before = report_of(sent(body, "application/json"), sent(b"{}", "application/json"))
    changed, kept = redact(before, bytes(32)).messages
    assert "body" in changed.replaced
    assert changed.body.sha256 is None
    assert changed.body.content_sha256 is None
    assert changed.body.replaced_sha256 == sha256(changed.body.content).hexdigest()
    assert "body" not in kept.replaced
    assert kept.body.sha256 == sha256(b"{}").hexdigest()
    assert kept.body.replaced_sha256 is None


def test_a_header_that_was_replaced_is_named() -> None:
    message = replace(
        sent(b"imei=356938035643809"), headers=(("Cookie", "id=356938035643809"), ("Accept", "*/*"))
    )
    made = redact(report_of(message), bytes(32)).messages[0]
    assert "header Cookie" in made.replaced
    assert "header Accept" not in made.replaced
