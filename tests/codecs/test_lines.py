"""Text with a grammar of its own: InfluxDB's line protocol, logfmt, GraphQL, HL7."""

from __future__ import annotations

import json
import time

import pytest

from analyzer.inspection.decode import fields_of
from tests.codecs.messages import request

IMEI = "490154203237518"
LINES = (
    f'tracker,imei={IMEI},ssid=My\\ home batt=81i,lat=59.91390,note="a, b=c" 1700000000000000000\n'
    "x,a=b c=1i\n"
)
HL7 = (
    "\x0bMSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5\r"
    "PID|1||99||Nordmann^Kari||||||||+4740612345^PRN^CP^kari@example.org~12345\r\x1c\r"
)


def pairs(text: str) -> list[tuple[str, object]]:
    return [(field.name, field.value) for field in fields_of(request(text.encode()))]


def test_tags_and_fields_of_the_line_protocol_are_read() -> None:
    found = pairs(LINES)
    for pair in (("imei", IMEI), ("ssid", "My home"), ("batt", "81"), ("lat", "59.91390"), ("c", "1")):
        assert pair in found
    assert ("note", "a, b=c") in found


@pytest.mark.parametrize("text", ["hello a=b", "a=b c=d", f"x imei={IMEI} mac", "a,b c=1 d=2"])
def test_other_lines_are_none_of_the_line_protocol(text: str) -> None:
    assert all("line protocol" not in f.evidence.path for f in fields_of(request(text.encode())))


def test_pairs_among_words_are_read_and_the_words_are_kept() -> None:
    found = pairs(f'modem up imei={IMEI} ssid="My home", level=3')
    assert found == [("body", "modem up ,"), ("imei", IMEI), ("ssid", "My home"), ("level", "3")]


@pytest.mark.parametrize(
    "text", ["let a = b; c = d", "the sum a=b is enough", "https://example.org/?a=b&c=d e"]
)
def test_fewer_than_two_pairs_are_left(text: str) -> None:
    assert all("logfmt" not in f.evidence.path for f in fields_of(request(text.encode())))


@pytest.mark.parametrize("head", ["mutation R($a: String!) ", "query ", ""])
def test_literals_of_graphql_have_the_names_of_their_arguments(head: str) -> None:
    document = f'{head}{{ register(imei: "{IMEI}", mail: "a\\"b", n: 5, v: $a) {{ ok }} }}'
    found = pairs(json.dumps({"query": document, "variables": {}}))
    assert ("imei", IMEI) in found
    assert ("n", "5") in found
    assert all(name != "v" for name, _ in found)


def test_what_reaches_a_person_is_named_in_hl7() -> None:
    found = pairs(HL7)
    assert ("phone", "+4740612345") in found
    assert ("email", "kari@example.org") in found
    assert ("PID-13", "12345") in found


@pytest.mark.parametrize(
    "text",
    ["a,b=" + "\\" * 50_000, 'a="' * 20_000, "query{" + 'a:"' * 20_000, "{a(" + "b:" * 20_000 + ")}",
     "mutation " + "(" * 50_000, "a,a=" * 20_000 + " b=1", "x " + "a=b" * 20_000, "MSH|^~\\&" + "|" * 50_000,
     "a" * 50_000 + "=1 b=2"],
)  # fmt: skip
def test_hostile_text_takes_no_time(text: str) -> None:
    begun = time.process_time()
    pairs(text)
    assert time.process_time() - begun < 3
