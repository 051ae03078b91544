"""Each Evidence, read again from the capture by another reader, gives the value that it claims."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest

from analyzer import analyze
from tests.rereading.reread import Reread, reread
from tests.rereading.steps import NotFollowedError, dechunked, opened, value_at

OURS = Path(__file__).parents[2] / "captures"
# Captures of the corpus that differ in kind: phones, streams out of order, chunks, tunnels, losses.
SAMPLE = (
    "ntop__nDPI/tests/cfgs/default/pcap/weibo.pcap",
    "ntop__nDPI/tests/cfgs/default/pcap/xiaomi.pcap",
    "ntop__nDPI/tests/cfgs/default/pcap/quickplay.pcap",
    "ntop__nDPI/tests/cfgs/default/pcap/instagram.pcap",
    "ntop__nDPI/tests/cfgs/default/pcap/ipp.pcap",
    "andrewf__pcap2har/tests/out-of-order.pcap",
    "zeek__zeek/testing/btest/Traces/http/byteranges.pcap",
    "zeek__zeek/testing/btest/Traces/http/100-continue.pcap",
    "zeek__zeek/testing/btest/Traces/http/entity_gap.pcap",
    "zeek__zeek/testing/btest/Traces/http/zero-length-bodies-with-drops.pcap",
    "OISF__suricata-verify/tests/http-multiple100/input.pcap",
)
with_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")


def assert_right(done: Reread) -> None:
    """Nothing differs, and something was read."""
    assert done.differing == []
    assert done.counts["frames right"] > 0


@with_tshark
@pytest.mark.parametrize("path", sorted(OURS.glob("*.pcap")), ids=lambda path: path.name)
def test_our_own_captures_give_every_value_again(path: Path) -> None:
    done = reread(path, analyze(str(path)))
    assert_right(done)
    assert not [what for what in done.counts if "not followed" in what]


@with_tshark
def test_findings_of_the_reconstruction_are_among_them() -> None:
    path = OURS / "nokia7plus-reconstruction.pcap"
    assert reread(path, analyze(str(path))).counts["finding right"] > 50


@with_tshark
@pytest.mark.parametrize("name", SAMPLE)
def test_captures_that_others_made_give_every_value_again(name: str, corpus: Path) -> None:
    path = corpus / "captures" / name
    assert_right(reread(path, analyze(str(path))))


def test_a_false_claim_is_found(tmp_path: Path) -> None:
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    report = analyze(str(OURS / "nokia7plus-reconstruction.pcap"))
    changed = tmp_path / "changed.pcap"
    data = bytearray((OURS / "nokia7plus-reconstruction.pcap").read_bytes())
    at = data.index(b"POST / HTTP/1.1")
    data[at : at + 4] = b"JUST"
    changed.write_bytes(data)
    assert [line.split(":")[0] for line in reread(changed, report).differing][:1] == ["start line"]


# ── the tool's own steps ────────────────────────────────────────────────────

BODY = base64.b64encode(b'{"k":[{"l":"v"},"m"]}')
MESSAGE = (
    b"POST /a%20b?q=1&r=x%3Dy HTTP/1.1\r\nHost: a\r\nCookie: s=1; t=eyJhIjogImIifQ==\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n" + BODY[:5] + b"\r\n%x\r\n" % (len(BODY) - 5) + BODY[5:]
) + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("header", "Host"), "a"),
        (("target", "path"), "/a b"),
        (("target", "query", "r"), "x=y"),
        (("header", "Cookie", "t", "base64", "json", "a"), "b"),
        (("body", "base64", "json", "k", "[0]", "l"), "v"),
        (("body", "base64", "json", "k", "[1]"), "m"),
    ],
)
def test_a_path_leads_to_its_value(path: tuple[str, ...], value: str) -> None:
    assert value in value_at(opened(MESSAGE), path)


def test_a_step_that_is_not_known_is_said() -> None:
    with pytest.raises(NotFollowedError):
        value_at(opened(MESSAGE), ("body", "rot13"))


def test_chunks_are_joined() -> None:
    assert dechunked(b"3\r\nabc\r\n2;q\r\nde\r\n0\r\nA: b\r\n\r\nmore") == b"abcde"
