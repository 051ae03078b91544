"""What may hide the true destination is recognised by its bytes, ports and names, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import ACK, PSH, SERVER, conversation, http_request, http_response, tcp, udp
from tests.dissectors.forms import form_of
from tests.session.test_facts import answer, row_of, scan

IKE = bytes(range(1, 9)) + bytes(8) + b"\x21\x20\x22\x08" + bytes(4) + (40).to_bytes(4, "big") + bytes(12)
WIREGUARD = b"\x01\0\0\0" + bytes(range(144))
OPENVPN = b"\x38" + bytes(range(8)) + bytes(5)


@pytest.mark.parametrize(
    ("payload", "is_tcp", "name"),
    [
        (b"\x05\x01\x00", True, "socks 5"),
        (b"\x05\x03\x00\x01\x02", True, "socks 5"),
        (b"\x05\x03\x00\x01", True, ""),  # three methods announced, two sent
        (b"\x04\x01\x00\x50\xc6\x33\x64\x14me\x00", True, "socks 4"),
        (b"\x00\x9c\x00\x01\x1a\x2b\x3c\x4d" + bytes(148), True, "pptp"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", True, "ssh"),
        (WIREGUARD, False, "wireguard"),
        (WIREGUARD[:-1], False, ""),
        (WIREGUARD, True, ""),
        (OPENVPN, False, "openvpn"),
        (OPENVPN + b"\0", False, ""),
        (IKE, False, "ipsec ike"),
        (bytes(4) + IKE, False, "ipsec ike"),
        (IKE[:-1], False, ""),
        (b"GET / HTTP/1.1\r\n\r\n", True, ""),
    ],
)
def test_tunnels_are_known_by_their_first_bytes(payload: bytes, is_tcp: bool, name: str) -> None:
    assert form_of(payload, is_tcp) == name


@given(st.binary(min_size=1, max_size=200), st.booleans())
def test_any_first_bytes_raise_nothing(payload: bytes, is_tcp: bool) -> None:
    assert isinstance(form_of(payload, is_tcp), str)


def test_a_vpn_is_said_at_its_destination_and_among_the_blind_spots(tmp_path: Path) -> None:
    report = scan(tmp_path, [udp(WIREGUARD, ports=(40000, 51820), server=SERVER)])
    (said,) = row_of(report, SERVER, 51820).hides
    assert said == "VPN (WireGuard by its form): the true destinations are inside"
    assert any("VPN servers" in spot and SERVER in spot for spot in report.blind_spots)


@pytest.mark.parametrize(
    ("frame", "port", "said"),
    [
        (tcp(b"\x16\x03\x01\x00\x05hello", PSH | ACK, ports=(40000, 853)), 853, "DNS over TLS (port 853)"),
        (udp(b"\xc0\0\0\0\x01", ports=(40000, 853), server=SERVER), 853, "DNS over QUIC (port 853)"),
        (udp(b"\xff" * 40, ports=(4500, 4500), server=SERVER), 4500, "VPN (looks like IPsec ESP in UDP)"),
        (udp(b"\xff", ports=(4500, 4500), server=SERVER), 4500, "VPN by its port"),
        (udp(b"\xff" * 40, ports=(40000, 51820), server=SERVER), 51820, "VPN by its port"),
    ],
)
def test_services_are_known_by_their_ports(tmp_path: Path, frame: bytes, port: int, said: str) -> None:
    assert row_of(scan(tmp_path, [frame]), SERVER, port).hides[0].startswith(said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dns.google", "DNS over HTTPS"),
        ("a1b2c3.dns.nextdns.io", "DNS over HTTPS"),
        ("mask.icloud.com", "relay"),
        ("cloudflare-ech.com", "Encrypted ClientHello"),
        ("www.google.com", None),
    ],
)
def test_resolvers_and_relays_are_known_by_name_where_they_serve_https(
    tmp_path: Path, name: str, said: str | None
) -> None:
    frames = [
        answer(1, name, [(name, "A", SERVER, 60)]),
        tcp(b"\x16\x03\x01\x00\x05hello", PSH | ACK, ports=(40000, 443)),
        tcp(b"GET / HTTP/1.0\r\n\r\n", PSH | ACK, ports=(40001, 80)),
    ]
    report = scan(tmp_path, frames)
    assert row_of(report, SERVER, 80).hides == ()
    hides = row_of(report, SERVER, 443).hides
    assert (hides[0].startswith(said) if hides else None) == (True if said else None)


@pytest.mark.parametrize(("address", "port", "guessed"), [("8.8.8.8", 443, True), ("8.8.8.8", 80, False)])
def test_a_resolver_s_address_alone_makes_dns_over_https_a_guess(
    tmp_path: Path, address: str, port: int, guessed: bool
) -> None:
    frame = tcp(b"\x16\x03\x01\x00\x05hello", PSH | ACK, ports=(40000, port), server=address)
    hides = row_of(scan(tmp_path, [frame]), address, port).hides
    assert bool(hides) is guessed
    assert all("by the server's address, a guess" in said for said in hides)


def test_a_proxy_is_said_with_what_it_was_asked_for(tmp_path: Path) -> None:
    connect = (True, b"CONNECT hidden.example:443 HTTP/1.1\r\nHost: hidden.example:443\r\n\r\n")
    whole = (True, http_request(target="http://plain.example/a", host="plain.example"))
    frames = [
        *conversation(connect, (False, http_response()), ports=(40000, 3128)),
        *conversation(whole, (False, http_response()), ports=(40001, 8080)),
    ]
    report = scan(tmp_path, frames)
    assert row_of(report, SERVER, 3128).hides == ("HTTP proxy: asked to connect to hidden.example:443",)
    assert row_of(report, SERVER, 8080).hides == ("HTTP proxy: asked for plain.example",)


@pytest.mark.parametrize(
    ("target", "status", "body", "location", "is_portal"),
    [
        ("/generate_204", 204, b"", None, False),
        ("/generate_204", 302, b"", "http://login.example/", True),
        ("/generate_204", 200, b"<html>log in</html>", None, True),
        ("/hotspot-detect.html", 200, b"Success", None, False),
        ("/hotspot-detect.html", 511, b"", None, True),
        ("/other", 302, b"", "http://login.example/", False),
    ],
)
def test_a_captive_portal_shows_in_the_answer_to_a_connectivity_check(
    tmp_path: Path, target: str, status: int, body: bytes, location: str | None, is_portal: bool
) -> None:
    extra = {"Location": location} if location else {}
    request = http_request(target=target, host="connectivitycheck.gstatic.com")
    frames = conversation((True, request), (False, http_response(status, body, **extra)))
    hides = row_of(scan(tmp_path, frames), SERVER, 80).hides
    assert bool(hides) is is_portal
    assert all(said.startswith("captive portal") for said in hides)
