"""The path of each field is a recipe: whoever follows it with ordinary tools comes to the same value."""

from __future__ import annotations

import base64
import codecs
import gzip
import json
import plistlib
import random
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import cbor2
import lz4.frame
import msgpack
import pytest
import zstandard

from analyzer.codecs.limits import Budget, DecodeLimits
from analyzer.codecs.part import MessagePart
from analyzer.inspection.decode import fields_of
from analyzer.inspection.recursion import DECODERS, FOR_TEXT, decoders_for
from tests.codecs.messages import request
from tests.codecs.test_formats import ROT47

DOCUMENT = {"imei": "490154203237518", "nested": {"list": [1, {"mac": "00:1b:44:11:3a:b7"}]}, "v": "5.0"}
WANTED = {"imei": "490154203237518", "mac": "00:1b:44:11:3a:b7"}
Bytes = Callable[[bytes], bytes]


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


# How a sender wraps bytes, and how a reader undoes the step that the path names.
WRAPPINGS: dict[str, Bytes] = {
    "base64": base64.b64encode,
    "base32": base64.b32encode,
    "hexadecimal": lambda data: data.hex().encode(),
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "brotli": brotli.compress,
    "zstd": zstandard.compress,
    "lz4": lz4.frame.compress,
}
UNDOING: dict[str, Bytes] = {
    "base64": lambda data: base64.b64decode(data + b"=" * (-len(data) % 4)),
    "base32": base64.b32decode,
    "hexadecimal": lambda data: bytes.fromhex(data.decode()),
    "gzip": gzip.decompress,
    "zlib": zlib.decompress,
    "deflate": lambda data: zlib.decompress(data, -15),
    "brotli": brotli.decompress,
    "zstd": lambda data: zstandard.decompress(data, max_output_size=1 << 20),
    "lz4": lz4.frame.decompress,
    "percent": lambda data: urllib.parse.unquote_to_bytes(data),
    "rot13": lambda data: codecs.encode(data.decode(), "rot13").encode(),
    "rot47": lambda data: data.decode().translate(ROT47).encode(),
}
DOCUMENTS: dict[str, Callable[[bytes], Any]] = {
    "json": json.loads,
    "plist": plistlib.loads,
    "messagepack": msgpack.unpackb,
    "cbor": cbor2.loads,
    "form": lambda data: dict(urllib.parse.parse_qsl(data.decode())),
}


def followed(body: bytes, path: tuple[str, ...]) -> str:
    """The value at the end of a path, with nothing of ours."""
    value: Any = body
    for step in path[1:]:
        data = value.encode() if isinstance(value, str) else value
        if step in UNDOING and isinstance(data, bytes):
            value = UNDOING[step](data)
        elif step in DOCUMENTS and isinstance(data, bytes):
            value = DOCUMENTS[step](data)
        elif step.startswith("xor "):
            key = bytes.fromhex(step.removeprefix("xor 0x"))
            value = bytes(byte ^ key[at % len(key)] for at, byte in enumerate(data))
        elif step.startswith("minus "):
            value = bytes((byte - int(step[6:])) % 256 for byte in data)
        else:
            value = value[int(step[1:-1])] if step.startswith("[") else value[step]
    return str(value)


def check(body: bytes) -> None:
    found = {field.name: field for field in fields_of(request(body)) if field.name in WANTED}
    assert {name: field.value for name, field in found.items()} == WANTED
    for name, field in found.items():
        assert followed(body, field.evidence.path) == WANTED[name]


@pytest.mark.parametrize("seed", range(60))
def test_a_recipe_of_random_wrappings_leads_to_the_value(seed: int) -> None:
    rng = random.Random(seed)
    body = json.dumps(DOCUMENT).encode()
    for name in rng.choices(list(WRAPPINGS), k=rng.randrange(1, 5)):
        if name != "brotli" or body.isascii():  # which has no mark of its own and is told by its text
            body = WRAPPINGS[name](body)
    check(body)


JSON = json.dumps(DOCUMENT).encode()
OTHERS: dict[str, bytes] = {
    "a form of base64 of zlib": urllib.parse.urlencode(
        {"v": 1, "data": base64.b64encode(zlib.compress(JSON))}
    ).encode(),
    "JSON in JSON": json.dumps({"a": [JSON.decode()]}).encode(),
    "XOR": bytes(byte ^ 0x5A for byte in JSON),
    "bytes shifted": bytes((byte + 9) % 256 for byte in JSON),
    "ROT47": JSON.replace(b" ", b"").decode().translate(ROT47).encode(),
    "ROT13 of base64": codecs.encode(base64.b64encode(JSON).decode(), "rot13").encode(),
    "property list": plistlib.dumps(DOCUMENT, fmt=plistlib.FMT_BINARY),
    "MessagePack": msgpack.packb(DOCUMENT),
    "CBOR": cbor2.dumps(DOCUMENT),
    "raw deflate": raw_deflate(JSON),
}


@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS)
def test_a_recipe_of_other_steps_leads_to_the_value(body: bytes) -> None:
    check(body)


ALPHABETS = ("{}[]<>\"':,=&;%|-_./ \n\r\t\0", "0123456789abcdef", "ABCDEFGHQdmeyJLrlW+/=-_", "ad:=;|\n%{<~")


@pytest.mark.sampled(10)
@pytest.mark.parametrize("seed", range(40))
def test_no_decoder_opens_what_it_is_not_asked_for(seed: int) -> None:
    """The decoders that a look at a text chooses open it just as all of them in turn would."""
    rng = random.Random(seed)
    samples = [body.decode("latin-1") for body in OTHERS.values()]
    for _ in range(200):
        text = "".join(rng.choices(rng.choice(ALPHABETS), k=rng.randrange(1, 40)))
        if rng.random() < 0.4:
            sample = rng.choice(samples)
            at = rng.randrange(len(sample))
            text = sample[: at + rng.randrange(len(sample))] + text * rng.randrange(2)
        part = MessagePart("x", text, ("body",))
        chosen = opened_by(decoders_for(text), part)
        assert chosen == opened_by(FOR_TEXT, part), text


def opened_by(decoders: Any, part: MessagePart) -> object:
    for decode in decoders:
        if inner := list(decode(part, Budget(DecodeLimits()))):
            return decode.__name__, [tuple(each) for each in inner]
    return None


def test_the_table_of_looks_names_decoders_in_their_order() -> None:
    for decoders in DECODERS.values():
        assert list(decoders) == [decode for decode in FOR_TEXT if decode in decoders]
