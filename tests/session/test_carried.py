"""What each flow is, said of devices and destinations: versions, protocols, readable shares, guesses."""

from __future__ import annotations

import random
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from analyzer.dissectors.client_hello import version_name
from analyzer.report import json as documents
from tests.builders import ACK, PSH, SERVER, conversation, http_request, http_response, tcp, udp
from tests.dissectors.quic_clients import V1, V2, after_retry, client, sent
from tests.session.test_facts import row_of, scan

NAME = "zzhc.example.cn"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its own certificate, for a real server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(timezone.utc)  # noqa: UP017
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(1)).sign(
        key, SHA256()
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(plain + made.public_bytes(Encoding.PEM))
    return path


def handshake(certificate: Path, most: ssl.TLSVersion) -> Iterator[tuple[bool, bytes]]:
    """What Python's TLS client and server say to each other: (up, bytes)."""
    ends = []
    wires = ssl.MemoryBIO(), ssl.MemoryBIO()
    for is_server in (False, True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
        if is_server:
            context.load_cert_chain(certificate)
            context.maximum_version = most
        else:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["h2", "http/1.1"])
        read, write = (wires[0], wires[1]) if is_server else (wires[1], wires[0])
        ends.append(context.wrap_bio(read, write, is_server, None if is_server else NAME))
    for turn in range(6):
        with suppress(ssl.SSLWantReadError):
            ends[turn % 2].do_handshake()
        said = wires[turn % 2]
        data = said.read()
        said.write(data)
        if data:
            yield turn % 2 == 0, data


@pytest.mark.parametrize(
    ("most", "version"), [(ssl.TLSVersion.TLSv1_2, "TLS 1.2"), (ssl.TLSVersion.TLSv1_3, "TLS 1.3")]
)
def test_the_version_that_a_tls_server_chose_is_told(
    tmp_path: Path, certificate: Path, most: ssl.TLSVersion, version: str
) -> None:
    said = list(handshake(certificate, most))
    frames = conversation(*said, ports=(40000, 443))
    row = row_of(scan(tmp_path, frames), SERVER, 443)
    assert (dict(row.kinds), dict(row.versions)) == ({"tls": 1}, {version: 1})
    assert dict(row.alpn) == {"h2,http/1.1": 1}
    assert [fingerprint[:4] for fingerprint in row.ja4] == ["t13d"]
    assert (row.payload_readable, row.names[0].name) == (0, NAME)
    without_answer = [
        frame for up, data in said[:1] for frame in conversation((up, data), ports=(40000, 443))
    ]
    assert dict(row_of(scan(tmp_path, without_answer), SERVER, 443).versions) == {"TLS 1.3 offered": 1}


@pytest.mark.parametrize(("version", "said"), [(V1, "QUIC 1"), (V2, "QUIC 2")])
def test_quic_s_name_is_told_with_where_it_was_read(tmp_path: Path, version: int, said: str) -> None:
    frames = [udp(datagram, ports=(40000, 443), server=SERVER) for datagram in sent(client(NAME, version))]
    report = scan(tmp_path, frames)
    row = row_of(report, SERVER, 443)
    assert (dict(row.kinds), dict(row.versions), dict(row.alpn)) == ({"quic": 1}, {said: 1}, {"h3": 1})
    (name,) = row.names
    assert (name.name, name.how, name.frame) == (NAME, "sni", 1)
    assert "Initial" in name.via
    assert [fingerprint[:4] for fingerprint in row.ja4] == ["q13d"]
    (device,) = report.devices
    assert any(
        clue.kind == "TLS fingerprint (JA4)" and clue.value.startswith("q13d") for clue in device.clues
    )
    assert (device.payload, device.payload_readable) == (row.payload_up, 0)


def test_a_hello_in_two_datagrams_with_the_server_s_between_them_is_read(tmp_path: Path) -> None:
    up = sent(client(NAME, protocols=[f"p{n}" + "x" * 60 for n in range(40)]))
    assert len(up) > 1
    answer = b"\xc3\0\0\0\1\0\x08" + bytes(8) + b"\0\x44\x9e" + random.Random(1).randbytes(0x49E)
    frames = [udp(datagram, ports=(40000, 443), server=SERVER) for datagram in up]
    frames.insert(1, udp(answer, up=False, ports=(40000, 443), server=SERVER))
    row = row_of(scan(tmp_path, frames), SERVER, 443)
    assert [name.name for name in row.names] == [NAME]


def test_a_client_that_was_sent_a_retry_is_read(tmp_path: Path) -> None:
    frames = [udp(datagram, ports=(40000, 443), server=SERVER) for datagram in after_retry(client(NAME))]
    assert [name.name for name in row_of(scan(tmp_path, frames), SERVER, 443).names] == [NAME]


def test_what_goes_on_of_quic_is_a_guess_by_its_port(tmp_path: Path) -> None:
    frames = [
        udp(b"\x40" + random.Random(n).randbytes(300), ports=(40000, 443), server=SERVER) for n in range(3)
    ]
    row = row_of(scan(tmp_path, frames), SERVER, 443)
    assert dict(row.kinds) == {"udp/443": 1}
    assert row.guesses == (
        "QUIC by its port alone: a guess, since no beginning of a connection was captured",
    )


def test_google_s_old_quic_tells_its_name_and_its_program_in_the_clear(tmp_path: Path) -> None:
    values = {b"SNI\0": NAME.encode(), b"UAID": b"Chrome/60.0 Android 8.1.0"}
    ends = [sum(map(len, list(values.values())[: n + 1])) for n in range(len(values))]
    tags = b"".join(tag + end.to_bytes(4, "little") for tag, end in zip(values, ends, strict=True))
    chlo = b"CHLO" + len(values).to_bytes(2, "little") + b"\0\0" + tags + b"".join(values.values())
    datagram = b"\x09" + bytes(8) + b"Q043\1" + bytes(12) + b"\xa0\1\0\4" + chlo
    report = scan(tmp_path, [udp(datagram.ljust(1350, b"\0"), ports=(40000, 443), server=SERVER)])
    row = row_of(report, SERVER, 443)
    assert (dict(row.versions), [name.name for name in row.names]) == ({"Google QUIC Q043": 1}, [NAME])
    (clue,) = [clue for clue in report.devices[0].clues if clue.kind == "QUIC user agent"]
    assert (clue.value, clue.suggests) == ("Chrome/60.0 Android 8.1.0", "an Android device")


def hello_with(*extensions: tuple[int, bytes]) -> bytes:
    """A ClientHello in a TLS record (RFC 8446 §4.1.2)."""
    listed = b"".join(kind.to_bytes(2, "big") + len(c).to_bytes(2, "big") + c for kind, c in extensions)
    body = b"\3\3" + bytes(32) + b"\0\0\2\x13\1\1\0" + len(listed).to_bytes(2, "big") + listed
    return b"\x16\3\1" + (len(body) + 4).to_bytes(2, "big") + b"\1\0" + len(body).to_bytes(2, "big") + body


def test_an_encrypted_hello_is_counted_and_said_to_be_perhaps_a_decoy(tmp_path: Path) -> None:
    host = b"\0" + len(NAME).to_bytes(2, "big") + NAME.encode()
    hello = hello_with((0, len(host).to_bytes(2, "big") + host), (0xFE0D, bytes(200)))
    report = scan(tmp_path, conversation((True, hello), ports=(40000, 443)))
    row = row_of(report, SERVER, 443)
    assert (row.ech, row.hides, [name.name for name in row.names]) == (1, (), [NAME])
    assert report.flows.rows()[0]["ech"] is True
    (spot,) = [spot for spot in report.blind_spots if "encrypted ClientHello" in spot]
    assert spot.startswith("1 connections to 1 addresses")
    assert "decoy" in spot


def test_an_encrypted_name_without_another_hides_the_destination_s(tmp_path: Path) -> None:
    frames = conversation((True, hello_with((0xFFCE, bytes(200)))), ports=(40000, 443))
    row = row_of(scan(tmp_path, frames), SERVER, 443)
    assert (row.ech, row.names) == (1, ())
    assert row.hides == ("encrypted server name in the ClientHello: the true name is hidden",)


# ── no known form ───────────────────────────────────────────────────────────


def test_random_bytes_of_no_known_form_look_encrypted_or_compressed_as_a_guess(tmp_path: Path) -> None:
    data = random.Random(5).randbytes(1400)
    row = row_of(scan(tmp_path, [udp(data, ports=(40000, 9000), server=SERVER)]), SERVER, 9000)
    assert dict(row.kinds) == {"unknown binary": 1}
    assert row.entropy is not None
    assert 7.7 < row.entropy < 7.9
    (guess,) = row.guesses
    assert guess.startswith("1 of 1 flows of no known form look encrypted or compressed (7.8 bits a byte)")
    assert "a guess" in guess


def test_even_bytes_are_not_guessed_about(tmp_path: Path) -> None:
    row = row_of(scan(tmp_path, [tcp(b"\0\1" * 300, PSH | ACK, seq=1)]), SERVER, 80)
    assert (dict(row.kinds), row.entropy, row.guesses) == ({"unknown binary": 1}, 1.0, ())


def test_text_of_no_known_form_is_readable(tmp_path: Path) -> None:
    text = b"hello from a protocol that nobody has named yet\n"
    row = row_of(scan(tmp_path, [udp(text, ports=(40000, 9000), server=SERVER)]), SERVER, 9000)
    assert (dict(row.kinds), row.payload_readable, row.entropy) == ({"other text": 1}, len(text), None)


def test_a_device_s_readable_share_adds_up_over_its_destinations(tmp_path: Path) -> None:
    plain = conversation((True, http_request()), (False, http_response(200, b"x" * 100)))
    dark = [udp(random.Random(5).randbytes(1000), ports=(40000, 9000), server=SERVER)]
    report = scan(tmp_path, [*plain, *dark])
    (device,) = report.devices
    assert device.payload == sum(row.payload_up + row.payload_down for row in report.destinations)
    assert device.payload_readable == sum(row.payload_readable for row in report.destinations)
    assert device.payload_readable == device.payload - 1000


def test_the_flow_table_and_the_document_tell_the_same(tmp_path: Path) -> None:
    (datagram,) = sent(client(NAME))
    frames = [udp(datagram, ports=(40000, 443), server=SERVER)]
    frames.append(udp(random.Random(5).randbytes(1000), ports=(40000, 9000), server=SERVER))
    report = scan(tmp_path, frames)
    quic, unknown = report.flows.rows()
    assert (quic["kind"], quic["version"], quic["alpn"], quic["name"]) == ("quic", "QUIC 1", "h3", NAME)
    assert (quic["payload"], quic["readable"], quic["ech"], quic["entropy"]) == (
        len(datagram),
        0,
        False,
        None,
    )
    assert (unknown["kind"], unknown["version"], unknown["ja4"], unknown["ech"]) == (
        "unknown binary", None, None, None,
    )  # fmt: skip
    assert unknown["entropy"] == row_of(report, SERVER, 9000).entropy
    again = documents.read(documents.write(report))
    assert again.destinations == report.destinations
    assert again.devices == report.devices


@pytest.mark.parametrize(
    ("version", "said"),
    [(0x0304, "TLS 1.3"), (0x7F1C, "TLS 1.3 draft-28"), (0xFEFC, "DTLS 1.3"), (0xABCD, "version 0xabcd")],
)
def test_versions_have_their_names(version: int, said: str) -> None:
    assert version_name(version) == said
