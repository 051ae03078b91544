"""What every phone does on a home Wi-Fi: DHCP, ARP, DNS, mDNS, NTP, connectivity check, TLS, QUIC."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field
from email.utils import formatdate

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6ND_RS
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from homewifi import tls
from homewifi.network import US, Host, Recorder, ipv6_multicast
from homewifi.tcp import Connection, seconds

A, AAAA, PTR = 1, 28, 12
BROADCAST, ANY = "ff:ff:ff:ff:ff:ff", "0.0.0.0"
NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970 (RFC 5905 figure 4)
CHECK_HOST = "connectivitycheck.gstatic.com"
# The User-Agent of Android's own connectivity check.
CHECK_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/60.0.3112.32 Safari/537.36"
)


@dataclass
class Phone:
    """A phone, its names, and the Wi-Fi it is on."""

    host: Host
    router: Host
    recorder: Recorder
    name: str  # DHCP option 12
    vendor: str  # DHCP option 60
    book: dict[str, str] = field(default_factory=dict)  # name → address, as the DNS answers

    def server(self, name: str, rtt_us: int) -> Host:
        """The host behind the router that goes by this name."""
        return Host(self.book[name], self.router.mac, ttl=52, rtt_us=rtt_us, clock=sum(name.encode()) * 7919)

    # ── joining ──

    def join(self, at: int, *, first: bool) -> int:
        """Association is not on the wire; DHCP, ARP and IPv6 start-up are. Returns the time after."""
        self._ipv6_start(at)
        at = self._dhcp(at + seconds(0.05), first=first)
        return self._arp(at + seconds(0.02))

    def _dhcp(self, at: int, *, first: bool) -> int:
        xid = self.recorder.rng.getrandbits(32)
        asks = [("requested_addr", self.host.ip)]
        if first:
            self._dhcp_up(at, xid, "discover", [])
            self._dhcp_down(at + seconds(0.031), xid, "offer")
            asks.append(("server_id", self.router.ip))
            at += seconds(0.038)
        self._dhcp_up(at, xid, "request", asks)
        self._dhcp_down(at + seconds(0.012), xid, "ack")
        return at + seconds(0.014)

    def _dhcp_up(self, at: int, xid: int, kind: str, asks: list[tuple[str, str]]) -> None:
        mac = bytes.fromhex(self.host.mac.replace(":", ""))
        options = [
            ("message-type", kind),
            ("client_id", b"\1" + mac),
            *asks,
            ("max_dhcp_size", 1500),
            ("vendor_class_id", self.vendor.encode()),
            ("hostname", self.name.encode()),
            ("param_req_list", [1, 3, 6, 15, 26, 28, 51, 58, 59, 43]),
            "end",
        ]
        bootp = BOOTP(op=1, chaddr=mac, xid=xid)
        self._broadcast(at, self.host, ANY, (68, 67), bootp / DHCP(options=options))

    def _dhcp_down(self, at: int, xid: int, kind: str) -> None:
        mac = bytes.fromhex(self.host.mac.replace(":", ""))
        options = [
            ("message-type", kind),
            ("server_id", self.router.ip),
            ("lease_time", 86400),
            ("subnet_mask", "255.255.255.0"),
            ("router", self.router.ip),
            ("name_server", self.router.ip),
            ("domain", b"lan"),
            "end",
        ]
        bootp = BOOTP(op=2, chaddr=mac, xid=xid, yiaddr=self.host.ip, siaddr=self.router.ip)
        self.recorder.udp(at, self.router, self.host, (67, 68), bootp / DHCP(options=options))

    def _broadcast(self, at: int, a: Host, source: str, ports: tuple[int, int], payload: Packet) -> None:
        a.ident = (a.ident + 1) & 0xFFFF
        ip = IP(src=source, dst="255.255.255.255", ttl=64, id=a.ident)
        frame = Ether(src=a.mac, dst=BROADCAST, type=0x0800) / ip / UDP(sport=ports[0], dport=ports[1])
        self.recorder.put(at, frame / payload)

    def _arp(self, at: int) -> int:
        me, router = self.host, self.router
        ask = ARP(op=1, hwsrc=me.mac, psrc=me.ip, hwdst="00:00:00:00:00:00", pdst=router.ip)
        tell = ARP(op=2, hwsrc=router.mac, psrc=router.ip, hwdst=me.mac, pdst=me.ip)
        self.recorder.put(at, Ether(src=me.mac, dst=BROADCAST, type=0x0806) / ask)
        self.recorder.put(at + 640, Ether(src=router.mac, dst=me.mac, type=0x0806) / tell)
        return at + 1200

    def _ipv6_start(self, at: int) -> None:
        """Duplicate address detection and router solicitation (RFC 4862 §5.4, RFC 4861 §6.3.7)."""
        mac = self.host.mac
        local = f"fe80::200:5eff:fe00:53{mac[-2:]}"
        probe = ipv6_multicast(mac, "::", f"ff02::1:ff00:53{mac[-2:]}") / ICMPv6ND_NS(tgt=local)
        self.recorder.put(at, probe)
        self.recorder.put(at + US, ipv6_multicast(mac, local, "ff02::2") / ICMPv6ND_RS())

    # ── names and time ──

    def resolve(self, at: int, name: str) -> int:
        """Ask for A and AAAA; the home has no IPv6 behind the router, so AAAA stays empty."""
        for kind, delay in ((A, 0), (AAAA, 300)):
            self._query(at + delay, name, kind)
        return at + seconds(0.029)

    def _query(self, at: int, name: str, kind: int) -> None:
        rng = self.recorder.rng
        ident, port = rng.getrandbits(16), rng.randrange(20000, 60000)
        question = DNSQR(qname=name, qtype=kind, qclass=1)
        answers = [DNSRR(rrname=name, type=A, rclass=1, ttl=300, rdata=self.book[name])] if kind == A else []
        ask = DNS(id=ident, qr=0, rd=1, qd=[question])
        tell = DNS(id=ident, qr=1, rd=1, ra=1, qd=[question], an=answers)
        self.recorder.udp(at, self.host, self.router, (port, 53), ask)
        self.recorder.udp(at + rng.randrange(9_000, 24_000), self.router, self.host, (53, port), tell)

    def mdns(self, at: int, service: str = "_googlecast._tcp.local") -> None:
        """Who offers this service here? (RFC 6762 §5.2)"""
        group = Host("224.0.0.251", "01:00:5e:00:00:fb")
        sender = Host(self.host.ip, self.host.mac, ttl=255, ident=self.host.ident)
        query = DNS(id=0, qr=0, rd=0, qd=[DNSQR(qname=service, qtype=PTR, qclass=1)])
        self.recorder.udp(at, sender, group, (5353, 5353), query)

    def clock(self, at: int, name: str = "time.android.com") -> None:
        """One NTP exchange (RFC 5905 §7.3, mode 3 and 4)."""
        at = self.resolve(at, name)
        server, port = self.server(name, 31_000), self.recorder.rng.randrange(20000, 60000)
        sent, back = _ntp_time(at), _ntp_time(at + 15_500)
        ask = struct.pack(">BBbb11I", 0x1B, 0, 0, 0, *[0] * 9, *sent)
        tell = struct.pack(">BBbb", 0x1C, 1, 0, -20) + struct.pack(">II4s", 0, 4, b"GOOG")
        tell += struct.pack(">8I", *back, *sent, *back, *back)
        self.recorder.udp(at, self.host, server, (port, 123), ask)
        self.recorder.udp(at + 31_000, server, self.host, (123, port), tell)

    # ── clear text without identifiers ──

    def connectivity_check(self, at: int) -> int:
        """GET /generate_204, answered with 204: the benign control."""
        head = _head("GET /generate_204 HTTP/1.1", f"User-Agent: {CHECK_AGENT}", f"Host: {CHECK_HOST}")
        answer = _head("HTTP/1.1 204 No Content", "Content-Length: 0", f"Date: {http_date(at)}")
        return self._exchange(at, CHECK_HOST, head, answer)

    def plain_get(self, at: int, name: str, agent: str, page: bytes) -> int:
        """A plain web page, as an ordinary browser asks for it."""
        head = _head("GET / HTTP/1.1", f"Host: {name}", f"User-Agent: {agent}", "Accept: text/html")
        answer = _head("HTTP/1.1 200 OK", "Content-Type: text/html", f"Content-Length: {len(page)}")
        return self._exchange(at, name, head, answer + page)

    def _exchange(self, at: int, name: str, request: bytes, answer: bytes) -> int:
        at = self.resolve(at, name)
        link = Connection.between(self.recorder, self.host, self.server(name, 34_000), 80, at).open()
        link.up(request)
        link.down(answer)
        link.close(by="server")
        return link.now

    # ── encrypted background ──

    def tls(self, at: int, name: str, rtt_us: int, up: int, down: int, port: int = 443) -> int:
        """A TLS 1.3 connection that carries `up` and `down` octets of ciphertext."""
        rng = self.recorder.rng
        at = self.resolve(at, name)
        link = Connection.between(self.recorder, self.host, self.server(name, rtt_us), port, at).open()
        hello = tls.client_hello(name, rng)
        link.up(hello)
        link.down(tls.server_hello(hello, rng))
        link.up(tls.CHANGE_CIPHER_SPEC + tls.encrypted(53, rng))
        link.up(*_pieces(tls.encrypted(up, rng)))
        link.down(tls.encrypted(down, rng))
        link.close()
        return link.now

    def private_dns_probe(self, at: int) -> None:
        """Android 9 tries DNS over TLS at its resolver first; this router refuses (RFC 7858)."""
        link = Connection.between(self.recorder, self.host, self.router, 853, at)
        link.syn()
        link.refuse()

    def quic(self, at: int, name: str, down: int) -> int:
        """UDP 443 in the manner of Google's QUIC of that year: a connection id and ciphertext."""
        rng = self.recorder.rng
        at = self.resolve(at, name)
        server, port = self.server(name, 28_000), rng.randrange(32768, 61000)
        ident = rng.randbytes(8)
        for count in range(1, 2 + down // 1350):
            if count % 2 == 1:
                ack = b"\x0c" + ident + _gquic(count, 38, rng)
                self.recorder.udp(at, self.host, server, (port, 443), ack)
                at += 28_000 if count == 1 else 900
            self.recorder.udp(at, server, self.host, (443, port), b"\x00" + _gquic(count, 1340, rng))
            at += rng.randrange(200, 1500)
        return at


def _gquic(number: int, size: int, rng: random.Random) -> bytes:
    return bytes([number & 0xFF]) + rng.randbytes(size)


def _ntp_time(time_us: int) -> tuple[int, int]:
    return time_us // US + NTP_EPOCH, (time_us % US << 32) // US


def _pieces(data: bytes, size: int = 1448) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def _head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode()


def http_date(time_us: int) -> str:
    """A time in microseconds as HTTP writes it (RFC 9110 §5.6.7)."""
    return formatdate(time_us // US, usegmt=True)
