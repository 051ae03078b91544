"""QUIC clients for tests: what aioquic sends, and packets sealed by the cryptography library's own AEAD."""

from __future__ import annotations

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicProtocolVersion, encode_quic_retry
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

V1, V2 = QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2
SERVER_ID = bytes(range(8))


def client(
    name: str | None = "zzhc.example.cn", version: int = V1, protocols: list[str] | None = None
) -> QuicConnection:
    """A client that has begun to connect."""
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=protocols or ["h3"], server_name=name, original_version=version,
        supported_versions=[version],
    )  # fmt: skip
    made = QuicConnection(configuration=configuration)
    made.connect(("198.51.100.20", 443), now=0.0)
    return made


def sent(connection: QuicConnection) -> list[bytes]:
    """The datagrams that it wants to send now."""
    return [datagram for datagram, _ in connection.datagrams_to_send(now=0.0)]


def after_retry(connection: QuicConnection) -> list[bytes]:
    """What a client sends when the server has answered with a Retry (RFC 9000 §17.2.5)."""
    first = sent(connection)[0]
    retry = encode_quic_retry(
        connection.configuration.original_version, SERVER_ID, connection.host_cid, first[6 : 6 + first[5]],
        b"token",
    )  # fmt: skip
    connection.receive_datagram(retry, ("198.51.100.20", 443), now=0.1)
    return sent(connection)


def varint(value: int) -> bytes:
    """Two or four bytes (RFC 9000 §16)."""
    return (0x4000 | value).to_bytes(2, "big") if value < 0x4000 else (0x80000000 | value).to_bytes(4, "big")


def sealed(header: bytes, number: int, payload: bytes, keys: tuple[bytes, bytes, bytes]) -> bytes:
    """A packet as RFC 9001 §5 protects it; the header ends in a packet number of four bytes."""
    key, iv, mask_key = keys
    nonce = (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")
    body = AESGCM(key).encrypt(nonce, payload, header)
    mask = Cipher(AES(mask_key), ECB()).encryptor().update(body[:16])
    number_bytes = bytes(a ^ b for a, b in zip(header[-4:], mask[1:5], strict=True))
    return bytes([header[0] ^ (mask[0] & 0x0F)]) + header[1:-4] + number_bytes + body


def initial(payload: bytes, keys: tuple[bytes, bytes, bytes], destination: bytes, number: int = 0) -> bytes:
    """An Initial packet of version 1 with this payload, padded."""
    payload = payload.ljust(1162, b"\0")
    head = b"\xc3\0\0\0\1" + bytes([len(destination)]) + destination + b"\0\0"
    return sealed(head + varint(len(payload) + 20) + number.to_bytes(4, "big"), number, payload, keys)


def crypto(offset: int, data: bytes) -> bytes:
    """A CRYPTO frame (RFC 9000 §19.6)."""
    return b"\x06" + varint(offset) + varint(len(data)) + data
