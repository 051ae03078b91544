"""Special-purpose space is told apart before any database is asked; tunnelled IPv4 is unwrapped."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.geo import Locator, scope_claims, wording
from analyzer.geo.special import DELEGATED_V6, SPECIAL_V4, SPECIAL_V6
from analyzer.model import Place

UNWRAPPED_BLOCKS = ("::ffff:0:0/96", "64:ff9b::/96", "2001::/32", "2002::/16")


def place_of(address: str) -> Place:
    (place,) = Locator().places([address])
    return place


def _edges(block: str) -> tuple[str, str]:
    network = ipaddress.ip_network(block)
    return str(network[0]), str(network[-1])


def _innermost(address: str, table: tuple[tuple[str, str], ...]) -> str:
    held = [(b, n) for b, n in table if ipaddress.ip_address(address) in ipaddress.ip_network(b)]
    return max(held, key=lambda entry: ipaddress.ip_network(entry[0]).prefixlen)[1]


@pytest.mark.parametrize(("block", "name"), SPECIAL_V4)
def test_both_ends_of_every_ipv4_block_are_special(block: str, name: str) -> None:
    for address in _edges(block):
        assert place_of(address).special == _innermost(address, SPECIAL_V4)
    assert name in [name for b, name in SPECIAL_V4 if b == block]


@pytest.mark.parametrize("block", [block for block, _ in SPECIAL_V6 if block not in UNWRAPPED_BLOCKS])
def test_both_ends_of_every_ipv6_block_are_special(block: str) -> None:
    for address in _edges(block):
        place = place_of(address)
        if place.unwrapped is None:
            assert place.special == _innermost(address, SPECIAL_V6)


# RFC 6890 and its updates, as the IANA registries list them; written here a second time, by hand.
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("10.1.2.3", "RFC 1918"),
        ("172.31.255.255", "RFC 1918"),
        ("192.168.1.1", "RFC 1918"),
        ("100.127.255.255", "RFC 6598"),
        ("127.0.0.53", "loopback"),
        ("169.254.1.1", "link local"),
        ("192.0.0.171", "RFC 7050"),
        ("198.19.255.255", "RFC 2544"),
        ("203.0.113.9", "TEST-NET-3"),
        ("224.0.0.251", "multicast"),
        ("239.255.255.250", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::1", "loopback"),
        ("fe80::1%wlan0", "link local"),
        ("ff02::fb", "multicast"),
        ("fd12:3456:789a::1", "unique local"),
        ("2001:db8::1", "documentation"),
        ("3fff:fff::1", "RFC 9637"),
        ("100::1", "discard"),
        ("2001:30::1", "RFC 9374"),
        ("64:ff9b:1::1", "RFC 8215"),
        ("5f00::1", "RFC 9602"),
        ("4000::1", "not delegated"),
        ("::7272:7272", "not delegated"),
        ("2d00::1", "not delegated"),
    ],
)
def test_a_special_address_is_named_and_nothing_else_is_claimed(address: str, words: str) -> None:
    place = place_of(address)
    assert place.special is not None
    assert words in place.special
    assert place.verdict == "special-purpose"
    assert (place.opinions, place.today, place.asn) == ((), (), None)
    assert scope_claims(place, ["CN", "US"]) == ()
    assert wording(place) == f"special-purpose: {place.special}"


@pytest.mark.parametrize(
    "address", ["9.255.255.255", "11.0.0.0", "100.63.255.255", "172.32.0.1", "223.255.0.1"]
)
def test_neighbours_of_special_blocks_are_ordinary(address: str) -> None:
    assert place_of(address).special is None


def _python_calls_it_special(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_private or address.is_multicast or address.is_reserved or address.is_loopback


@given(st.ip_addresses(v=4))
def test_whatever_python_calls_special_is_special_here_too(address: ipaddress.IPv4Address) -> None:
    if _python_calls_it_special(address):
        assert place_of(str(address)).special


@given(st.ip_addresses(v=6))
def test_ipv6_answers_come_only_from_delegated_blocks(address: ipaddress.IPv6Address) -> None:
    place = place_of(str(address))
    if place.unwrapped is None and any(o.code for o in place.opinions):
        assert any(address in ipaddress.ip_network(block) for block in DELEGATED_V6)


@pytest.mark.parametrize(
    ("address", "inner", "way"),
    [
        ("::ffff:114.114.114.114", "114.114.114.114", "IPv4-mapped"),
        ("64:ff9b::114.114.114.114", "114.114.114.114", "NAT64"),
        ("2002:7272:7272::1", "114.114.114.114", "6to4"),
        # The worked example of RFC 4380 §4: client 192.0.2.45 behind server 65.54.227.120.
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45", "Teredo"),
    ],
)
def test_tunnelled_ipv4_is_unwrapped_and_said(address: str, inner: str, way: str) -> None:
    place, plain = place_of(address), place_of(inner)
    assert place.unwrapped is not None
    assert place.unwrapped.startswith(f"IPv4 {inner} inside ")
    assert way in place.unwrapped
    assert (place.opinions, place.special, place.verdict) == (plain.opinions, plain.special, plain.verdict)
    assert wording(place).startswith(place.unwrapped)


@given(st.ip_addresses(v=4))
def test_python_reads_the_same_ipv4_out_of_6to4_and_mapped_addresses(inner: ipaddress.IPv4Address) -> None:
    sixtofour = ipaddress.IPv6Address(0x2002 << 112 | int(inner) << 80 | 1)
    mapped = ipaddress.IPv6Address(0xFFFF << 32 | int(inner))
    assert sixtofour.sixtofour == mapped.ipv4_mapped == inner
    for place in Locator().places([str(sixtofour), str(mapped)]):
        assert (place.unwrapped or "").startswith(f"IPv4 {inner} inside ")


@given(st.integers(0, (1 << 96) - 1))
def test_python_reads_the_same_client_out_of_a_teredo_address(rest: int) -> None:
    address = ipaddress.IPv6Address(0x2001_0000 << 96 | rest)
    assert address.teredo is not None
    assert (place_of(str(address)).unwrapped or "").startswith(f"IPv4 {address.teredo[1]} inside Teredo")


def test_a_private_address_inside_nat64_is_still_private() -> None:
    place = place_of("64:ff9b::10.0.0.1")
    assert place.special == "private use (RFC 1918)"
    assert wording(place).startswith("IPv4 10.0.0.1 inside NAT64")


def test_a_text_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="not-an-address"):
        Locator().places(["not-an-address"])
