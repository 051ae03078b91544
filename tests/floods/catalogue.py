"""The catalogue of floods: each a capture without end, cut to any size, that tries to use up memory or time.

    python -m tests.floods.catalogue NAME MEGABYTES FILE

writes one of them; without arguments their names are printed.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.dissectors.conversations import (
    GTP_1,
    RADIUS,
    SNMP,
    resp,
)
from tests.floods import blocks, packets, streams, wire
from tests.floods.packets import (
    coap,
    coap_block,
    datagrams,
    deep,
    devices,
    dns_aliases,
    dns_answer,
    dns_query,
    fragments,
    mdns,
    pings,
    scattered,
    segments,
    tunnelled,
)
from tests.floods.streams import (
    CHUNKED,
    CONNECT_MQTT,
    DOWN,
    EVENTS,
    GET,
    OK,
    PREFACE,
    UP,
    UPGRADE,
    asked,
    client_hello,
    connections,
    dialogue,
    dripping,
    endless,
    frame2,
    headers2,
    imei,
    indexed2,
    posted,
    websocket,
)


@dataclass(frozen=True, slots=True)
class Flood:
    """Frames without end; `link` is their link type, None where they are a file's own bytes."""

    name: str
    made: Callable[[], Iterator[bytes]]
    link: int | None = 1

    def write(self, path: Path, size: int) -> Path:
        """Write so many bytes of it, and the rest of the last frame."""
        pieces = self.made() if self.link is None else wire.pcap(self.made(), self.link)
        wire.write(pieces, path, size)
        return path


def _quic(version: int, number: int) -> bytes:
    """Return an Initial packet of a version with a connection ID of its own, which nothing opens."""
    ids = b"\x08" + number.to_bytes(8, "big") + b"\0\0"
    return b"\xc3" + version.to_bytes(4, "big") + ids + b"\x44\x9e" + b"x" * 1182


def _dtls(number: int) -> bytes:
    """Return a ClientHello of DTLS 1.2 with a random of its own (RFC 6347 §4.2)."""
    body = b"\xfe\xfd" + number.to_bytes(32, "big") + b"\0\0\0\2\xc0\x2b\1\0"
    shake = b"\1" + len(body).to_bytes(3, "big") + bytes(5) + len(body).to_bytes(3, "big") + body
    return b"\x16\xfe\xff" + bytes(8) + len(shake).to_bytes(2, "big") + shake


def _each_conversation() -> Iterator[Flood]:
    for name, one in streams.longest().items():
        yield Flood(f"{name}, on and on", streams.repeated(one))
        if name in ("mysql", "redis", "ldap", "smb", "xmpp", "irc"):
            yield Flood(f"{name} connections", streams.many(one))


IMEI_BODY = "imei=490154203237518"
FLOODS = (
    # ── packets of TCP ──
    *(Flood(f"{name}s from many ports", segments(flags, ports=True)) for name, flags in packets.FLAGS.items()),
    Flood("SYNs from many sources", segments(2, sources=True)),
    Flood("SYNs to many targets", segments(2, targets=True)),
    Flood("SYNs of one flow", segments(2, sequence=True)),
    Flood("TCP conflicts", packets.conflicts),
    Flood("connections with conflicts", packets.conflicting_connections),
    Flood("segments in reverse", packets.backwards),
    Flood("gaps", packets.gaps),
    Flood("sequence numbers that leap", packets.jumps),
    Flood("retransmissions", packets.repeats),
    Flood("keep-alive probes", packets.probes),
    Flood("reused ports", packets.reused_ports),
    # ── packets of IP and below ──
    Flood("region packets", packets.region_packets),
    Flood("region packets of one flow", packets.region_flow),
    Flood("pings", pings()),
    Flood("pings to many hosts", pings(scattered)),
    Flood("ICMP errors", packets.unreachable),
    Flood("IP protocols", packets.ip_protocols),
    Flood("IPv6 hosts", packets.ipv6_hosts),
    Flood("IPv6 extension headers", packets.ipv6_headers),
    Flood("first fragments", fragments(0)),
    Flood("last fragments", fragments(100)),
    Flood("fragments with holes", fragments(0, 2, 4, 6)),
    Flood("whole datagrams in fragments", packets.whole_fragments),
    Flood("overlapping fragments", packets.long_fragments),
    Flood("IPv6 fragments", packets.fragments6),
    Flood("devices", devices()),
    Flood("devices with names", devices(named=True)),
    Flood("ARP hosts", packets.arp),
    Flood("EtherTypes", packets.ether_types),
    Flood("VLANs", packets.vlans),
    Flood("damaged frames", packets.damaged),
    Flood("VXLAN networks", packets.vxlan_networks),
    *(
        Flood(f"flows in {form}", tunnelled(form))
        for form in ("TZSP", "CAPWAP with 802.3", "L2TPv2 with PPP", "Teredo with both indications", "NVGRE",
                     "Geneve on another port", "VXLAN on another port", "LISP", "IP in ICMP")
    ),
    Flood("IP in IP, deep", deep(lambda inner: wire.ipv4(inner, 4), 30)),
    Flood("GRE, deep", deep(lambda inner: wire.ipv4(b"\0\0\x08\0" + inner, 47), 20)),
    Flood("beacons", packets.beacons, 105),
    Flood("probe requests", packets.probe_requests, 105),
    Flood("encrypted Wi-Fi frames", packets.protected_frames, 105),
    Flood("Wi-Fi handshakes", packets.key_messages, 105),
    Flood("Wi-Fi fragments", packets.wifi_fragments, 105),
    # ── datagrams ──
    Flood("DNS questions", datagrams(53, dns_query)),
    Flood("DNS answers", datagrams(53, dns_query, dns_answer)),
    Flood("DNS answers of many addresses", datagrams(53, dns_query, lambda n: dns_answer(n, 60))),
    Flood("DNS aliases", datagrams(53, dns_query, dns_aliases)),
    Flood("DNS answers from one port", datagrams(53, dns_query, dns_answer, lambda _: 40000)),
    Flood("mDNS names", datagrams(5353, mdns, sources=lambda _: 5353, to=0xE00000FB, phone=0xC0A80107)),
    Flood("SSDP", datagrams(1900, lambda n: b"NOTIFY * HTTP/1.1\r\nNT: uuid:%d\r\nSERVER: s%d\r\nNTS: ssdp:alive\r\n\r\n" % (n, n),
                            to=0xEFFFFFFA, phone=0xC0A80107)),
    Flood("syslog", datagrams(514, lambda n: b"<34>Oct 11 22:14:15 host app: imei=%s" % imei(n))),
    Flood("SNMP", datagrams(161, lambda _: SNMP)),
    Flood("RADIUS", datagrams(1812, lambda _: RADIUS)),
    Flood("GTP", datagrams(2123, lambda _: GTP_1)),
    Flood("CoAP", datagrams(5683, coap)),
    Flood("CoAP in one flow", datagrams(5683, coap, sources=lambda _: 40000)),
    Flood("CoAP blocks", datagrams(5683, coap_block, sources=lambda _: 40000)),
    Flood("SIP", datagrams(5060, lambda n: b"REGISTER sip:a.example SIP/2.0\r\nFrom: <sip:%d@a.example>\r\nCall-ID: %d\r\nCSeq: 1 REGISTER\r\n\r\n" % (n, n))),
    Flood("JSON datagrams", datagrams(5000, lambda n: b'{"imei":"%s"}' % imei(n))),
    Flood("datagrams of nothing known", datagrams(5000, lambda n: n.to_bytes(8, "big") * 2)),
    Flood("text to many hosts", packets.many_targets),
    Flood("QUIC", datagrams(443, lambda n: _quic(1, n))),
    Flood("QUIC in one flow", datagrams(443, lambda n: _quic(1, n), sources=lambda _: 40000)),
    Flood("QUIC versions", datagrams(443, lambda n: _quic(0xFF000000 + n % 65_536, n)[:60])),
    Flood("DTLS", datagrams(4433, _dtls)),
    Flood("DTLS in one flow", datagrams(4433, _dtls, sources=lambda _: 40000)),
    # ── TLS and other streams by their names ──
    Flood("SNI", connections(lambda n: [(UP, client_hello(n))], port=443)),
    Flood("SNI in open connections", connections(lambda n: [(UP, client_hello(n))], port=443, close=False)),
    Flood("hellos cut short", connections(lambda n: [(UP, client_hello(n, padding=4000)[:1300])], port=443, close=False)),
    Flood("hellos fed byte by byte", connections(lambda n: [(UP, client_hello(n))], port=443, most=1)),
    Flood("TLS records", endless(lambda _: b"\x17\3\3\0\1x", (UP, client_hello(1)), port=443)),
    Flood("DNS over TCP", endless(lambda n: len(dns_query(n)).to_bytes(2, "big") + dns_query(n), port=53)),
    # ── HTTP/1 ──
    Flood("interim responses", endless(lambda _: b"HTTP/1.1 100 Continue\r\n\r\n", (UP, GET % 1), side=DOWN)),
    Flood("early hints", endless(lambda n: b"HTTP/1.1 103 Early Hints\r\nLink: </%d>\r\n\r\n" % n, (UP, GET % 1), side=DOWN)),
    Flood("pipelined requests", endless(lambda n: GET % n)),
    Flood("pipelined requests with identifiers", endless(lambda n: GET.replace(b"/%d", b"/?imei=%s") % imei(n))),
    Flood("responses without requests", endless(lambda _: OK, side=DOWN)),
    Flood("exchanges on one connection", dialogue(asked(lambda n: GET % n))),
    Flood("exchanges on many connections", connections(asked(lambda n: GET % n))),
    Flood("open connections", connections(lambda _: [(UP, b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9999\r\n\r\nx")], close=False)),
    Flood("many hosts", connections(asked(lambda n: b"GET / HTTP/1.1\r\nHost: h%d.example\r\n\r\n" % n), servers=scattered)),
    Flood("hosts with identifiers", connections(asked(lambda n: b"GET /?imei=%s HTTP/1.1\r\nHost: h%d.example\r\n\r\n" % (imei(n), n)), servers=scattered)),
    Flood("identifiers to one host", dialogue(posted(lambda n: b"imei=" + imei(n)))),
    Flood("agents", dialogue(asked(lambda n: b"GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: a%d\r\n\r\n" % n))),
    Flood("cookies", dialogue(asked(lambda n: b"GET / HTTP/1.1\r\nHost: a.example\r\nCookie: %s\r\n\r\n" % b"; ".join(b"c%d=%d" % (at, n) for at in range(300))))),
    Flood("queries", dialogue(asked(lambda n: b"GET /?%s HTTP/1.1\r\nHost: a.example\r\n\r\n" % b"&".join(b"q%d=%d" % (at, n) for at in range(300))))),
    Flood("log-ins by HTTP", dialogue(asked(lambda n: b"GET / HTTP/1.1\r\nHost: a.example\r\nAuthorization: Basic %s\r\n\r\n" % base64.b64encode(b"u%d:p" % n)))),
    Flood("heads fed byte by byte", streams.dripped_heads),
    Flood("a head without end", endless(lambda n: b"X-%d: y\r\n" % n, (UP, b"GET / HTTP/1.1\r\nHost: a.example\r\n"))),
    Flood("a header line without end", endless(lambda _: b"y" * 100, (UP, b"GET / HTTP/1.1\r\nHost: a.example\r\nX: "))),
    Flood("a request line without end", endless(lambda _: b"y" * 100, (UP, b"GET /"))),
    Flood("a body without end", endless(lambda _: b"y" * 100, (UP, b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 999999999\r\n\r\n"))),
    Flood("a body fed byte by byte", dripping(b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 999999999\r\n\r\n")),
    Flood("one-byte chunks", endless(lambda _: b"1\r\nx\r\n", (UP, CHUNKED))),
    Flood("one-byte chunks fed byte by byte", dripping(CHUNKED, lambda _: b"1\r\nx\r\n")),
    Flood("a chunk size without end", endless(lambda _: b"0" * 100, (UP, CHUNKED))),
    Flood("chunk extensions", endless(lambda _: b"1;a=b\r\nx\r\n", (UP, CHUNKED))),
    Flood("trailers without end", endless(lambda n: b"X-%d: y\r\n" % n, (UP, CHUNKED + b"0\r\n"))),
    Flood("events", endless(lambda n: b"data: %d\n\n" % n, (UP, GET % 1), (DOWN, EVENTS), side=DOWN)),
    Flood("tunnels in tunnels", endless(lambda _: b"CONNECT a.example:80 HTTP/1.1\r\nHost: a.example\r\n\r\n")),
    Flood("tunnels accepted", dialogue(lambda _: [(UP, b"CONNECT a.example:80 HTTP/1.1\r\nHost: a.example\r\n\r\n"), (DOWN, b"HTTP/1.1 200 OK\r\n\r\n")])),
    Flood("text that is no HTTP", endless(lambda n: b"hello %d\r\n" % n, port=5000)),
    Flood("bytes that are nothing known", endless(lambda n: (n * 2_654_435_761 % (1 << 64)).to_bytes(8, "big"), port=5000)),
    Flood("documents in a stream", endless(lambda n: b'{"n":%d}\n' % n, port=5000)),
    # ── bodies ──
    Flood("deep JSON", dialogue(posted(streams.nested, b"Content-Type: application/json"))),
    Flood("wide JSON", dialogue(posted(streams.wide, b"Content-Type: application/json"))),
    Flood("layers of Base64", dialogue(posted(streams.layered))),
    Flood("decompression bombs", dialogue(posted(lambda _: streams.BOMB, b"Content-Encoding: gzip"))),
    Flood("deflated repetitions", dialogue(posted(lambda _: streams.DEFLATED, b"Content-Encoding: deflate"))),
    Flood("forms of many parts", dialogue(posted(streams.multipart, b"Content-Type: multipart/form-data; boundary=b"))),
    Flood("XML", dialogue(posted(streams.xml, b"Content-Type: text/xml"))),
    Flood("percent signs", dialogue(posted(lambda _: b"a=" + b"%2525" * 2000))),
    Flood("digits", dialogue(posted(lambda n: b" ".join(imei(n + at) for at in range(200)), b"Content-Type: text/plain"))),
    # ── HTTP/2 and WebSocket ──
    Flood("HTTP/2 requests", endless(headers2, (UP, PREFACE + frame2(4, 0, 0, b"")))),
    Flood("HTTP/2 header table", endless(indexed2, (UP, PREFACE + frame2(4, 0, 0, b"")))),
    Flood("HTTP/2 settings", endless(lambda _: frame2(4, 0, 0, b"\0\3\0\0\0\x64"), (UP, PREFACE))),
    Flood("HTTP/2 pings", endless(lambda n: frame2(6, 0, 0, n.to_bytes(8, "big")), (UP, PREFACE + frame2(4, 0, 0, b"")))),
    Flood("HTTP/2 continuations", endless(lambda _: frame2(9, 0, 1, b"\x82"), (UP, PREFACE + frame2(4, 0, 0, b"") + frame2(1, 0, 1, b"\x82\x86")))),
    Flood("HTTP/2 empty data", endless(lambda _: frame2(0, 0, 1, b""), (UP, PREFACE + frame2(4, 0, 0, b"") + frame2(1, 4, 1, headers2(0)[9:])))),
    Flood("HTTP/2 rapid reset", endless(lambda n: headers2(n) + frame2(3, 0, 1 + 2 * n, bytes(4)), (UP, PREFACE + frame2(4, 0, 0, b"")))),
    Flood("tiny WebSocket frames", endless(websocket, *UPGRADE)),
    Flood("WebSocket fragments", endless(lambda n: websocket(n, 0), *UPGRADE, (UP, websocket(0, 1)))),
    Flood("WebSocket pings", endless(lambda n: websocket(n, 0x89), *UPGRADE)),
    Flood("empty WebSocket frames", endless(lambda n: websocket(n, 0x81, b""), *UPGRADE)),
    # ── messages of other protocols ──
    Flood("MQTT publications", endless(streams.publish, (UP, CONNECT_MQTT), (DOWN, b"\x20\2\0\0"), port=1883)),
    Flood("MQTT topics", endless(streams.publish_topic, (UP, CONNECT_MQTT), (DOWN, b"\x20\2\0\0"), port=1883)),
    Flood("MQTT subscriptions", endless(streams.subscribe, (UP, CONNECT_MQTT), (DOWN, b"\x20\2\0\0"), port=1883)),
    Flood("MQTT pings", endless(lambda _: b"\xc0\0", (UP, CONNECT_MQTT), (DOWN, b"\x20\2\0\0"), port=1883)),
    Flood("MQTT clients", connections(lambda n: [(UP, b"\x10\x14\0\4MQTT\4\2\0\x3c\0\x08%08d" % (n % 10**8)), (DOWN, b"\x20\2\0\0")], port=1883)),
    Flood("CoAP over TCP", endless(lambda n: b"\x51\2\7\xb1a\xff" + b"%03d" % (n % 1000), (UP, b"\x00\xe1"), port=5683)),
    Flood("FTP commands", dialogue(lambda n: [(UP, b"RETR file-%d\r\n" % n), (DOWN, b"550 no\r\n")], (DOWN, b"220 FTP ready\r\n"), (UP, b"USER a\r\n"), (DOWN, b"331 go\r\n"), (UP, b"PASS b\r\n"), (DOWN, b"230 ok\r\n"), port=21)),
    Flood("SMTP commands", endless(lambda n: b"RCPT TO:<u%d@a.example>\r\n" % n, (DOWN, b"220 m ESMTP\r\n"), (UP, b"EHLO a\r\nMAIL FROM:<a@a.example>\r\n"), port=25)),
    Flood("mail without end", endless(lambda n: b"line %d\r\n" % n, (DOWN, b"220 m ESMTP\r\n"), (UP, b"EHLO a\r\nMAIL FROM:<a@a.example>\r\nRCPT TO:<b@a.example>\r\nDATA\r\n"), (DOWN, b"354 go\r\n"), port=25)),
    Flood("IMAP log-ins", endless(lambda n: b'a%d LOGIN "u%d" "p"\r\n' % (n, n), (DOWN, b"* OK IMAP4rev1\r\n"), port=143)),
    Flood("Telnet", endless(lambda _: b"\xff\xfb\x01\xff\xfd\x03", (DOWN, b"\xff\xfd\x18\xff\xfb\x01login: "), port=23)),
    Flood("syslog over TCP", endless(lambda n: b"<34>Oct 11 22:14:15 host app: %d\n" % n, port=514)),
    Flood("Redis commands", endless(lambda n: resp(b"SET", b"k%d" % n, b"v"), port=6379)),
    Flood("trackers", endless(lambda n: b"*HQ,%s,V1,120000,A,5956.0000,N,01045.0000,E,0.0,0,010120,FFFFFFFF#" % imei(n), port=5013)),
    *_each_conversation(),
    # ── the file's own blocks ──
    Flood("interfaces", blocks.repeated(blocks.interfaces), None),
    Flood("interfaces with packets", blocks.repeated(blocks.interface_packets), None),
    Flood("sections", blocks.repeated(blocks.sections), None),
    Flood("comments", blocks.repeated(blocks.comments), None),
    Flood("names in the file", blocks.repeated(blocks.names), None),
    Flood("keys in the file", blocks.repeated(blocks.keys), None),
    Flood("interface statistics", blocks.repeated(blocks.counters), None),
    Flood("unknown blocks", blocks.repeated(blocks.unknown), None),
    Flood("empty packets", blocks.repeated(blocks.empty_packets), None),
)  # fmt: skip


def flood(name: str) -> Flood:
    """Return the flood of a name; raises KeyError."""
    return {each.name: each for each in FLOODS}[name]


def main(arguments: list[str]) -> None:
    if not arguments:
        print("\n".join(each.name for each in FLOODS))
        return
    name, megabytes, path = arguments
    flood(name).write(Path(path), int(float(megabytes) * 1_000_000))


if __name__ == "__main__":
    main(sys.argv[1:])
