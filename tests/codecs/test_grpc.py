"""gRPC bodies to their messages and fields."""

from __future__ import annotations

import base64
import gzip

import pytest

from analyzer.inspection.decode import fields_of
from analyzer.model import Body, Endpoint, Evidence, Field, Message

IMEI = "490154203237518"
HELLO = b"\x0a\x05world"  # field 1, text
DEVICE = b"\x0a\x0f" + IMEI.encode() + b"\x12\x05\x08\x96\x01\x10\x07"


def framed(message: bytes, flags: int = 0) -> bytes:
    return bytes([flags]) + len(message).to_bytes(4, "big") + message


def fields(content: bytes, content_type: str = "application/grpc") -> list[Field]:
    end = Endpoint("192.0.2.10", 40000)
    made = Message(
        1, "http/2", "request", 0, end, end, 0, 0, Evidence((1,)),
        headers=(("content-type", content_type),), body=Body(len(content), content=content),
    )  # fmt: skip
    return [field for field in fields_of(made) if field.evidence.path[0] == "body"]


def test_each_message_of_a_body_is_read() -> None:
    first, second = fields(framed(HELLO) + framed(HELLO))
    assert (first.name, first.value) == ("1", "world")
    assert first.evidence.path == ("body", "grpc", "[0]", "protobuf", "1")
    assert second.evidence.path[2] == "[1]"


def test_a_number_beside_a_short_text_is_kept() -> None:
    found = [(field.name, field.value) for field in fields(framed(DEVICE))]
    assert found == [("1", IMEI), ("1", "150"), ("2", "7")]


def test_a_compressed_message_is_opened() -> None:
    (field,) = fields(framed(gzip.compress(HELLO), 1))
    assert (field.value, field.evidence.path) == ("world", ("body", "grpc", "[0]", "gzip", "protobuf", "1"))


def test_grpc_web_trailers_are_text() -> None:
    trailers = framed(b"grpc-status:0\r\n", 0x80)
    found = fields(framed(HELLO) + trailers, "application/grpc-web+proto")
    assert [field.name for field in found] == ["1", "trailers"]


def test_grpc_web_text_is_base64_in_pieces() -> None:
    content = base64.b64encode(framed(HELLO)) + base64.b64encode(framed(HELLO))
    assert [field.value for field in fields(content, "application/grpc-web-text")] == ["world", "world"]


def test_json_messages_are_read_as_json() -> None:
    (field,) = fields(framed(b'{"imei":"%s"}' % IMEI.encode()), "application/grpc+json")
    assert (field.name, field.value) == ("imei", IMEI)


@pytest.mark.parametrize(
    "content", [b"\0", b"\0\0\0\0\x09cut", b"\0\xff\xff\xff\xff" + HELLO, framed(b"") * 5000]
)
def test_a_body_that_breaks_off_is_read_as_far_as_it_goes(content: bytes) -> None:
    assert all(field.evidence.path[:2] == ("body", "grpc") for field in fields(content))
