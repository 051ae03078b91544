"""Names in hellos, and addresses in DNS over TCP, equal tshark's in captures of every version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from analyzer import analyze
from tests.differential.hellos import Comparison, compare, fields

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

NDPI, ZEEK = "ntop__nDPI/tests/cfgs/default/pcap", "zeek__zeek/testing/btest/Traces"
QUIC = (
    (f"{ZEEK}/quic/chromium-dpd-custom-port-4433.pcap", "QUIC 1"),
    (f"{ZEEK}/quic/quic-multiple-initial-fragmented-crypto.pcap", "QUIC 1"),
    (f"{ZEEK}/quic/quicv2-http3-443.pcap", "QUIC 2"),
    ("OISF__suricata-verify/tests/quic-frag-unordered/input.pcap", "QUIC 1"),
    (f"{NDPI}/quic_frags_ch_out_of_order_same_packet_craziness.pcapng", "QUIC draft-29"),
    ("wireshark__wireshark/test/captures/quic-fragmented-handshakes.pcapng.gz", "QUIC draft-29"),
    (f"{NDPI}/quic_interop_V.pcapng", "QUIC 0x0a0a0a0a"),  # versions that only ask for others
    (f"{NDPI}/youtube_quic.pcap", "Google QUIC Q035"),
    (f"{NDPI}/quic046.pcap", "Google QUIC Q046"),
)
DTLS = (f"{NDPI}/stun.pcap", f"{ZEEK}/tls/webrtc-stun.pcap", f"{NDPI}/geforcenow.pcapng")
DNS = ("OISF__suricata-verify/tests/dns/dns-tcp-www-google-com/dns.pcap", f"{ZEEK}/dns-edns-cookie.pcap")


def at(corpus: Path, path: str) -> Path:
    """A capture of the corpus, wherever it keeps its parts."""
    found = corpus / "captures" / path
    if not found.exists():
        pytest.skip(f"{path} is not in this corpus")
    return found


@pytest.mark.sampled(3)
@needs_tshark
@pytest.mark.parametrize(("path", "version"), QUIC)
def test_names_in_quic_are_tshark_s(corpus: Path, path: str, version: str) -> None:
    result = Comparison()
    compare(at(corpus, path), "quic", result)
    assert (result.missed, result.extra, result.other) == ([], [], [])
    assert version in {row["version"] for row in analyze(at(corpus, path)).flows.rows()}


def test_the_fingerprint_of_chrome_over_quic_is_the_one_that_others_publish(corpus: Path) -> None:
    path = at(corpus, "OISF__suricata-verify/tests/quic-frag-unordered/input.pcap")
    # Chrome 124 over QUIC, as AdGuard's network library, whose tests took it from Wireshark, has it.
    assert {row["ja4"] for row in analyze(path).flows.rows()} == {"q13d0311h3_55b375c5d22e_5a1f323ef56d"}


def test_programs_that_name_themselves_in_quic_s_parameters_are_clues(corpus: Path) -> None:
    path = at(corpus, f"{NDPI}/quic_frags_ch_out_of_order_same_packet_craziness.pcapng")
    clues = {
        clue for device in analyze(path).devices for clue in device.clues if clue.kind == "QUIC user agent"
    }
    # What nDPI's own tests expect of this capture.
    assert {("dev Chrome/92.0.4503.5 Windows NT 10.0; Win64; x64", "a Windows computer")} <= {
        (clue.value, clue.suggests) for clue in clues
    }


@needs_tshark
@pytest.mark.parametrize("path", DTLS)
def test_flows_of_dtls_and_their_versions_are_tshark_s(corpus: Path, path: str) -> None:
    streams = {row[0] for row in fields(at(corpus, path), "dtls", "udp.stream")}
    rows = [row for row in analyze(at(corpus, path)).flows.rows() if row["kind"] == "dtls"]
    assert len(rows) == len(streams) > 0
    hellos = list(fields(at(corpus, path), "dtls.handshake.type == 1", "dtls.handshake.version"))
    assert any(row["version"].startswith("DTLS 1.2") for row in rows) == any(h[0] == "0xfefd" for h in hellos)


@needs_tshark
@pytest.mark.parametrize("path", DNS)
def test_addresses_in_dns_over_tcp_are_tshark_s(corpus: Path, path: str) -> None:
    query = "dns and tcp.port == 53 and dns.flags.response == 1"
    theirs = {
        address for row in fields(at(corpus, path), query, "dns.a", "dns.aaaa")
        for text in row for address in text.split(",") if address
    }  # fmt: skip
    from analyzer.capture import Capture
    from analyzer.session.packet_reader import PacketReader

    scan = PacketReader()
    for step in scan.steps(Capture(str(at(corpus, path)))):
        list(scan.exchanges(step))
    over_tcp = scan.observer.dns.seen
    assert over_tcp
    named = {named.address for named in scan.observer.names if named.how == "dns"}
    assert theirs
    assert theirs <= named
