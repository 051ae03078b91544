"""Names: DNS answers, TLS server names, DHCP clients."""

from __future__ import annotations

import random
import ssl

import dpkt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.dissectors import dhcp, dns, mdns
from analyzer.dissectors.tls import ServerName
from tests.examples import examples

many = settings(max_examples=examples(200), deadline=None, derandomize=True)

labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
names = st.lists(labels, min_size=1, max_size=5).map(".".join)
v4s, v6s = st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)

# ── DNS ─────────────────────────────────────────────────────────────────────


def response(asked: str, records: list[dpkt.dns.DNS.RR]) -> bytes:
    """A DNS response, packed by dpkt with name compression."""
    message = dpkt.dns.DNS(id=1, qr=1, qd=[dpkt.dns.DNS.Q(name=asked)], an=records)
    return bytes(message)


def record(name: str, kind: int, data: bytes = b"", alias: str = "") -> dpkt.dns.DNS.RR:
    """A resource record of the kinds A, AAAA and CNAME."""
    made = dpkt.dns.DNS.RR(name=name, type=kind, ttl=60)
    if kind == dpkt.dns.DNS_CNAME:
        made.cname = alias
    elif len(data) == 4:
        made.ip = data
    else:
        made.ip6 = data
    made.rdata = data
    return made


@many
@given(names, st.lists(v4s | v6s, max_size=6))
def test_the_addresses_are_those_that_dpkt_reads(asked: str, addresses: list[bytes]) -> None:
    kinds = {4: dpkt.dns.DNS_A, 16: dpkt.dns.DNS_AAAA}
    datagram = response(asked, [record(asked, kinds[len(a)], a) for a in addresses])
    theirs = dpkt.dns.DNS(datagram)
    expected = [dpkt.utils.inet_to_str(r.rdata) for r in theirs.an]
    assert [(n.name, n.address) for n in dns.answers_in(datagram)] == [(asked, a) for a in expected]


def test_a_chain_of_aliases_names_the_address_by_what_was_asked() -> None:
    datagram = response(
        "www.example.com",
        [
            record("www.example.com", dpkt.dns.DNS_CNAME, alias="edge.example.net"),
            record("edge.example.net", dpkt.dns.DNS_A, b"\xc6\x33\x64\x07"),
        ],
    )
    assert [(n.name, n.address) for n in dns.answers_in(datagram)] == [("www.example.com", "198.51.100.7")]


def test_a_question_names_nothing() -> None:
    assert dns.answers_in(bytes(dpkt.dns.DNS(id=1, qd=[dpkt.dns.DNS.Q(name="example.com")]))) == []


def test_an_answer_without_a_question_is_named_by_its_owner() -> None:
    datagram = b"\0\0\x84\0\0\0\0\1\0\0\0\0\5Phone\5local\0\0\1\x80\1\0\0\0\x78\0\4\xc0\0\2\7"
    assert [(n.name, n.address) for n in dns.answers_in(datagram)] == [("phone.local", "192.0.2.7")]


POINTERS = {
    "to itself": b"\xc0\x0c",
    "forward": b"\xc0\xff",
    "in a circle": b"\1a\xc0\x0c",
    "half": b"\xc0",
    "a reserved length": b"\x80abc",
}


@pytest.mark.parametrize("name", POINTERS.values(), ids=POINTERS.keys())
def test_a_name_that_cant_be_read_ends_the_reading(name: bytes) -> None:
    datagram = b"\0\1\x81\x80\0\0\0\1\0\0\0\0" + name + b"\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
    assert dns.answers_in(datagram) == []


@settings(max_examples=examples(500), deadline=None, derandomize=True)
@given(st.binary(max_size=300), st.booleans())
def test_any_datagram_is_survived(data: bytes, headed: bool) -> None:
    datagram = b"\0\1\x81\x80\0\1\0\x50\0\0\0\0" + data if headed else data
    for named in dns.answers_in(datagram):
        assert named.address
        assert isinstance(named.name, str)
    dns.question_in(datagram)


@many
@given(names, st.lists(v4s, min_size=1, max_size=5), st.data())
def test_a_cut_or_changed_answer_names_no_more_than_it_holds(
    asked: str, addresses: list[bytes], data: st.DataObject
) -> None:
    datagram = bytearray(response(asked, [record(asked, dpkt.dns.DNS_A, a) for a in addresses]))
    datagram[data.draw(st.integers(2, len(datagram) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(datagram[: data.draw(st.integers(0, len(datagram)))])
    assert len(dns.answers_in(cut)) <= dns.MOST_RECORDS


def test_an_answer_of_very_many_records_is_read_up_to_a_limit() -> None:
    one = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
    datagram = b"\0\1\x81\x80\0\1\xff\xff\0\0\0\0\1a\0\0\1\0\1" + one * 4000
    assert len(dns.answers_in(datagram)) == dns.MOST_RECORDS


def test_a_chain_of_very_many_aliases_is_not_kept_with_every_address() -> None:
    alias = b"\xc0\x0c\0\5\0\1\0\0\0\0\0\2\xc0\x0c"
    address = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
    datagram = b"\0\1\x81\x80\0\1\1\x90\0\0\0\0\1a\0\0\1\0\1" + alias * 200 + address * 200
    named = dns.answers_in(datagram)
    assert len(named) == 200
    assert all(len(getattr(n, "chain", ())) <= 20 for n in named)


@pytest.mark.parametrize(("data", "name"), [(b"", None), (bytes(12), None)])
def test_a_question_that_is_none_is_none(data: bytes, name: str | None) -> None:
    assert dns.question_in(data) == name


def test_the_name_asked_for_is_read() -> None:
    assert (
        dns.question_in(bytes(dpkt.dns.DNS(id=1, qd=[dpkt.dns.DNS.Q(name="Example.com")]))) == "example.com"
    )


# ── TLS ─────────────────────────────────────────────────────────────────────


def client_hello(
    name: str | None, *, most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, protocols: int = 2
) -> bytes:
    """What Python's own TLS sends first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, most
    context.set_alpn_protocols(["http/1.1", "h2", *(f"x{n}" * 40 for n in range(protocols))])
    sent = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return sent.read()


def name_in(data: bytes, step: int) -> ServerName:
    """What is known after feeding the bytes in steps."""
    server = ServerName()
    for number, start in enumerate(range(0, len(data), step)):
        server.feed(data[start : start + step], number + 1)
    return server


@pytest.mark.parametrize("most", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("step", [1, 7, 100, 10_000])
def test_the_server_name_is_read_in_any_segmentation(most: ssl.TLSVersion, step: int) -> None:
    data = client_hello("zzhc.example.cn", most=most)
    server = name_in(data, step)
    assert (server.name, server.done) == ("zzhc.example.cn", True)
    assert server.frame == -(-len(data) // step)


@many
@given(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,20}", fullmatch=True), min_size=2, max_size=6).map(".".join))
def test_any_name_is_read(name: str) -> None:
    assert name_in(client_hello(name), 500).name == name


@pytest.mark.parametrize("size", [1, 5, 60])
def test_a_hello_spread_over_records_is_read(size: int) -> None:
    data = client_hello("example.com")[5:]
    records = b"".join(
        b"\x16\x03\x01" + len(data[at : at + size]).to_bytes(2, "big") + data[at : at + size]
        for at in range(0, len(data), size)
    )
    assert name_in(records, 50).name == "example.com"


def test_a_hello_without_a_name_has_none() -> None:
    server = name_in(client_hello(None), 1000)
    assert (server.name, server.done) == (None, True)


@pytest.mark.parametrize(
    "data", [b"\x17\x03\x03\0\1x", b"\x16\x03\x01\0\4\2\0\0\0", b"\x15\x03\x01\0\2\2\x28"]
)
def test_what_is_no_hello_has_no_name(data: bytes) -> None:
    server = name_in(data, 3)
    assert (server.name, server.done) == (None, True)


def test_a_hello_without_end_is_given_up() -> None:
    server = name_in(
        b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + bytes(16375) + (b"\x16\x03\x01\x40\x00" + bytes(16384)) * 5,
        9000,
    )
    assert (server.name, server.done) == (None, True)


@many
@given(st.data())
def test_a_changed_hello_is_survived(data: st.DataObject) -> None:
    raw = bytearray(HELLO)
    for _ in range(3):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    server = name_in(bytes(raw[: data.draw(st.integers(0, len(raw)))]), data.draw(st.integers(1, 600)))
    assert server.name is None or isinstance(server.name, str)


HELLO = client_hello("example.com")

# ── DHCP ────────────────────────────────────────────────────────────────────

MAC = bytes.fromhex("00005e0053a7")


def request(*options: tuple[int, bytes], op: int = 1) -> bytes:
    """A DHCP message of a client."""
    return bytes(dpkt.dhcp.DHCP(op=op, chaddr=MAC, opts=((53, b"\1"), *options)))


def test_a_client_says_its_name_and_its_system() -> None:
    client = dhcp.client_in(request((12, b"Nokia-7-plus"), (60, b"android-dhcp-8.1.0")))
    assert client is not None
    assert (client.mac, client.name, client.vendor_class) == (
        int.from_bytes(MAC, "big"), "Nokia-7-plus", "android-dhcp-8.1.0"
    )  # fmt: skip


def test_a_client_may_say_no_name() -> None:
    client = dhcp.client_in(request())
    assert client is not None
    assert (client.name, client.vendor_class) == (None, None)


def test_an_answer_is_no_client() -> None:
    assert dhcp.client_in(request(op=2)) is None


@many
@given(st.binary(max_size=60), st.integers(0, 400))
def test_any_bytes_are_survived(data: bytes, kept: int) -> None:
    dhcp.client_in(data)
    dhcp.client_in((request((12, b"phone")) + data)[:kept])
    noisy = bytearray(request((12, b"phone")))
    for at in data:
        noisy[random.Random(at).randrange(len(noisy))] = at
    dhcp.client_in(bytes(noisy))


# ── DHCPv6 (RFC 8415) ───────────────────────────────────────────────────────


def option(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


MAC_BYTES = bytes.fromhex("001b44113ab7")
UUID_BYTES = bytes.fromhex("2f4a8c1e7b3d4e5f9a6b0c1d2e3f4a5b")


@pytest.mark.parametrize(
    ("duid", "said"),
    [
        (b"\0\1\0\1\x2b\x17\x0a\x01" + MAC_BYTES, ("client DUID MAC", "00:1b:44:11:3a:b7")),
        (b"\0\3\0\1" + MAC_BYTES, ("client DUID MAC", "00:1b:44:11:3a:b7")),
        (b"\0\4" + UUID_BYTES, ("client DUID", "2f4a8c1e-7b3d-4e5f-9a6b-0c1d2e3f4a5b")),
        (b"\0\2\0\0\x01\x37SN0123456", ("client DUID", "SN0123456")),
    ],
)
def test_a_client_s_identifier_holds_an_address_or_a_number(duid: bytes, said: tuple[str, str]) -> None:
    assert dhcp.options_v6_in(b"\1\0\0\1" + option(1, duid)) == [said]


def test_further_options_name_the_client() -> None:
    datagram = b"\1\0\0\1" + option(39, b"\0\6karis1\7example\0") + option(16, b"\0\0\1\x37\0\4udhcp"[:10])
    assert ("client FQDN", "karis1.example") in dhcp.options_v6_in(datagram)


def test_answers_of_servers_and_cut_options_say_nothing() -> None:
    whole = option(1, b"\0\3\0\1" + MAC_BYTES)
    assert dhcp.options_v6_in(b"\2\0\0\1" + whole) == []
    assert dhcp.options_v6_in(b"\1\0\0\1" + whole[:-1]) == []


@many
@given(data=st.binary(max_size=200))
def test_any_bytes_are_taken_for_dhcpv6_without_a_failure(data: bytes) -> None:
    dhcp.options_v6_in(data)
    dhcp.options_v6_in(b"\1\0\0\1" + data)


# ── mDNS (RFC 6762) ─────────────────────────────────────────────────────────


def test_what_mdns_announces_is_names_and_pairs() -> None:
    pointer = dpkt.dns.DNS.RR(
        name="_hap._tcp.local", type=dpkt.dns.DNS_PTR, ttl=60, ptrname="Lamp-9f86d081._hap._tcp.local"
    )
    address = record("lamp.local", dpkt.dns.DNS_A, b"\xc0\0\2\1")
    reverse = dpkt.dns.DNS.RR(
        name="1.2.0.192.in-addr.arpa", type=dpkt.dns.DNS_PTR, ttl=60, ptrname="other.local"
    )
    message = bytes(dpkt.dns.DNS(id=0, op=0x8400, qd=[], an=[pointer, address, reverse]))
    assert mdns.own_words(message) == [("name", "Lamp-9f86d081._hap._tcp.local"), ("name", "lamp.local")]


def test_questions_announce_nothing() -> None:
    assert mdns.own_words(bytes(dpkt.dns.DNS(id=0, qd=[dpkt.dns.DNS.Q(name="lamp-9f86d081.local")]))) == []
