"""What stands between a flow and its true destination: hidden name look-ups, tunnels, proxies, portals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from analyzer.flows.flow_table import Column
from analyzer.model import Destination, Message, Name

# Tunnels: known by the form of a flow's first bytes, by IP protocol, or by service port.
TUNNELS = {
    "socks 5": "SOCKS 5 proxy: the true destination is behind it",
    "socks 4": "SOCKS 4 proxy: the true destination is behind it",
    "pptp": "VPN (PPTP): the true destinations are inside",
    "l2tp": "VPN (L2TP): the true destinations are inside",
    "ssh": "SSH, which can carry other connections: their destinations are inside",
    "wireguard": "VPN (WireGuard by its form): the true destinations are inside",
    "tailscale": "VPN (Tailscale by its form): the true destinations are inside",
    "openvpn": "VPN (opens as OpenVPN does): the true destinations are inside",
    "ipsec ike": "VPN (IPsec key exchange): the true destinations are inside",
    "ipsec esp": "VPN (looks like IPsec ESP in UDP): the true destinations are inside",
    "turn": "relay (TURN): the true destinations are behind it",
}
BY_PROTOCOL = {
    "47": "GRE tunnel: what is inside may have other destinations",
    "50": "VPN (IPsec ESP): the true destinations are inside",
    "51": "IPsec AH: signed, not encrypted",
    "94": "IP in IP tunnel: what is inside may have other destinations",
}
DOT, DOQ = (
    "DNS over TLS (port 853): the names asked are hidden",
    "DNS over QUIC (port 853): the names asked are hidden",
)
BY_PORT = {
    ("tcp", 853): DOT,
    ("udp", 853): DOQ,
    ("udp", 1194): "VPN by its port (OpenVPN, 1194): the true destinations may be inside",
    ("tcp", 1194): "VPN by its port (OpenVPN, 1194): the true destinations may be inside",
    ("udp", 51820): "VPN by its port (WireGuard, 51820): the true destinations may be inside",
    ("udp", 4500): "VPN by its port (IPsec NAT traversal, 4500): the true destinations may be inside",
    ("udp", 1701): "VPN by its port (L2TP, 1701): the true destinations may be inside",
}
DOH = "DNS over HTTPS by the server's name, a guess: the names asked are hidden"
DOH_ADDRESS = "DNS over HTTPS by the server's address, a guess: the names asked are hidden"
ESNI = "encrypted server name in the ClientHello: the true name is hidden"
RELAY = "relay by the server's name: the true destinations are inside"
ECH = "Encrypted ClientHello by its outer name: the true name is hidden"
CONNECT = "HTTP proxy: asked to connect to {}"
PROXIED = "HTTP proxy: asked for {}"
SOCKS = "{} proxy: asked to connect to {}"

# Names that resolvers' operators document for DNS over HTTPS, and what asks them by other means too.
RESOLVERS = frozenset(
    """
    cloudflare-dns.com mozilla.cloudflare-dns.com chrome.cloudflare-dns.com one.one.one.one
    security.cloudflare-dns.com family.cloudflare-dns.com 1dot1dot1dot1.cloudflare-dns.com dns.google
    dns64.dns.google dns.quad9.net dns9.quad9.net dns10.quad9.net dns11.quad9.net doh.opendns.com
    doh.familyshield.opendns.com doh.umbrella.com dns.nextdns.io firefox.dns.nextdns.io
    chromium.dns.nextdns.io dns.adguard-dns.com family.adguard-dns.com unfiltered.adguard-dns.com
    dns.adguard.com doh.cleanbrowsing.org doh.pub dns.alidns.com doh.360.cn dns.mullvad.net
    adblock.dns.mullvad.net doh.dns.sb dns.sb freedns.controld.com dns.controld.com doh.xfinity.com
    dns.switch.ch doh.dns.apple.com dns0.eu zero.dns0.eu doh.tiar.app dns.twnic.tw public.dns.iij.jp
    dns.rubyfish.cn basic.rethinkdns.com sky.rethinkdns.com odvr.nic.cz doh.applied-privacy.net
    """.split()  # noqa: SIM905
)
# Addresses that public resolvers document for themselves.
RESOLVER_ADDRESSES = frozenset(
    """
    1.1.1.1 1.0.0.1 1.1.1.2 1.0.0.2 1.1.1.3 1.0.0.3 2606:4700:4700::1111 2606:4700:4700::1001 8.8.8.8 8.8.4.4
    2001:4860:4860::8888 2001:4860:4860::8844 9.9.9.9 149.112.112.112 9.9.9.10 149.112.112.10 2620:fe::fe
    2620:fe::9 208.67.222.222 208.67.220.220 2620:119:35::35 2620:119:53::53 94.140.14.14 94.140.15.15
    2a10:50c0::ad1:ff 2a10:50c0::ad2:ff 223.5.5.5 223.6.6.6 2400:3200::1 2400:3200:baba::1 1.12.12.12
    120.53.53.53 185.228.168.9 185.228.169.9 76.76.2.0 76.76.10.0 194.242.2.2 101.101.101.101 101.102.103.104
    """.split()  # noqa: SIM905
)
RELAYS = frozenset({"mask.icloud.com", "mask-h2.icloud.com", "mask.apple-dns.net"})
OUTER_NAMES = frozenset({"cloudflare-ech.com"})

# What phones ask to find out whether a network is open, and the status that an open one gives.
CHECKS = {
    "/generate_204": 204,
    "/gen_204": 204,
    "/hotspot-detect.html": 200,
    "/connecttest.txt": 200,
    "/ncsi.txt": 200,
    "/success.txt": 200,
    "/canonical.html": 200,
    "/library/test/success.html": 200,
}


class Hiding:
    """Says of ledger rows what hides their destination; made once a report."""

    def __init__(
        self, forms: Sequence[str | None], messages: Sequence[Message], esni: Collection[int] = ()
    ) -> None:
        """`forms` has an entry a flow: what its first bytes look like; `esni` are flows that show one."""
        self._forms = forms
        self._esni = esni
        self._of_flow: dict[int, dict[str, None]] = defaultdict(dict)
        for message in messages:
            for said in _proxy(message):
                self._of_flow[message.flow][said] = None
        for request, response in _checks(messages):
            self._of_flow[request.flow][_portal(request, response)] = None

    def of_row(
        self, protocol: str, port: int, names: Sequence[Name], members: Column, address: str = ""
    ) -> tuple[str, ...]:
        """Each thing once; `members` are the row's flows."""
        found: dict[str, None] = {}
        for flow in members.tolist():
            if (form := self._forms[flow]) in TUNNELS:
                found[TUNNELS[form]] = None
            if flow in self._esni:
                found[ESNI] = None
            if flow in self._of_flow:
                found.update(self._of_flow[flow])
        by_number = BY_PROTOCOL.get(protocol) or BY_PORT.get((protocol, port))
        if by_number and not any(said.startswith("VPN") for said in found):
            found[by_number] = None
        if port == 443:
            found.update(dict.fromkeys(_by_name(name for name in names if name.how != "file")))
            if DOH not in found and address in RESOLVER_ADDRESSES:
                found[DOH_ADDRESS] = None
        return tuple(found)


def _by_name(names: Iterable[Name]) -> Iterator[str]:
    for name in names:
        for known, said in ((RESOLVERS, DOH), (RELAYS, RELAY), (OUTER_NAMES, ECH)):
            if name.name in known:
                yield said
        if name.name.endswith((".dns.nextdns.io", ".cloudflare-gateway.com", ".d.adguard-dns.com")):
            yield DOH


def behind_proxy(message: Message) -> str:
    """How a request's host lies behind its destination, "" where it is the destination itself."""
    if message.tunnel:
        return f"inside {', '.join(message.tunnel)}"
    return "asked of a proxy at this address" if any(_asked_of_proxy(message)) else ""


def _proxy(message: Message) -> Iterator[str]:
    yield from _asked_of_proxy(message)
    # RFC 8484 §4.1: the media type of DNS over HTTPS, here without TLS.
    if (message.header("content-type") or "").startswith("application/dns-message"):
        yield "DNS over HTTP: questions stand in the messages"


def _asked_of_proxy(message: Message) -> Iterator[str]:
    if message.role == "request" and message.protocol.startswith("socks") and message.target:
        yield SOCKS.format(message.protocol.upper(), message.target)
    elif message.role == "request" and message.method == "CONNECT" and message.target:
        yield CONNECT.format(message.target)
    elif message.role == "request" and (message.target or "").lower().startswith(("http://", "https://")):
        yield PROXIED.format(message.host or message.target)


def _checks(messages: Sequence[Message]) -> Iterator[tuple[Message, Message]]:
    by_number = {message.number: message for message in messages}
    for request in messages:
        response = by_number.get(request.peer or 0)
        path = (request.target or "").partition("?")[0]
        if request.role == "request" and path in CHECKS and response is not None:
            expected, status = CHECKS[path], response.status or 0
            if (
                status == 511
                or 300 <= status < 400
                or (expected == 204 and status == 200 and response.body.length)
            ):
                yield request, response


def _portal(request: Message, response: Message) -> str:
    frame = response.evidence.frames[0] if response.evidence.frames else 0
    target = f" to {response.header('location')}" if response.header("location") else ""
    return (
        f"captive portal: the connectivity check of {request.host} was answered with status "
        f"{response.status}{target} (frame {frame}); someone on the way answered in its place"
    )


def spots(destinations: Sequence[Destination]) -> Iterator[str]:
    """What the hidden destinations mean for the whole report, a sentence each."""
    groups = (
        (
            "DNS over",
            "servers that resolve names over an encrypted channel",
            "names asked there are not seen",
        ),
        ("VPN", "what looks like VPN servers", "the true destinations are inside and not seen"),
        ("relay", "relays", "the true destinations are inside and not seen"),
        ("SOCKS", "SOCKS proxies", "the true destinations are behind them"),
        ("HTTP proxy", "HTTP proxies", "the addresses of what was asked for are not seen"),
    )
    for mark, servers, so in groups:
        rows = [row for row in destinations if any(mark in text for text in row.hides)]
        if rows:
            addresses = sorted({row.address for row in rows})
            listed = ", ".join(addresses[:5]) + (
                f" and {len(addresses) - 5:,} more" if len(addresses) > 5 else ""
            )
            packets = sum(row.packets_up + row.packets_down for row in rows)
            yield f"{packets:,} packets went to or came from {servers} ({listed}): {so}."
