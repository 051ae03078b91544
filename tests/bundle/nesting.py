"""Values inside encodings inside encodings, and a reader of its own that finds them again.

Nothing here knows how the project decodes: encodings are the standard library's, and the search opens
whatever opens.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote_to_bytes

import brotli
import lz4.frame
import zstandard

Wrap = Callable[[bytes], bytes]


def wrapped_lines(data: bytes) -> bytes:
    """As Android's encoder and MIME break lines."""
    return base64.encodebytes(data)


WRAPS: dict[str, Wrap] = {
    "base64": base64.b64encode,
    "base64 in lines": wrapped_lines,
    "base64, URL-safe, without padding": lambda data: base64.urlsafe_b64encode(data).rstrip(b"="),
    "base32": base64.b32encode,
    "hexadecimal": lambda data: data.hex().encode(),
    "HEXADECIMAL": lambda data: data.hex().upper().encode(),
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zlib": zlib.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "lz4": lz4.frame.compress,
    "brotli": brotli.compress,
    "zlib in an envelope": lambda data: b"\x0b\0\1\0\0\0\x08APPKEY12" + zlib.compress(data) + b"\1\2\3\4",
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "UTF-16 without a mark": lambda data: data.decode("latin-1").encode("utf-16-le"),
    "behind a verb": lambda data: b"REGISTER " + data,
    "JSON": lambda data: json.dumps({"type": "report", "data": data.decode("latin-1")}).encode(),
    "form": lambda data: b"v=2&payload=" + quote(data, safe="").encode(),
    "XML": lambda data: b"<r><kind>x</kind><payload>" + base64.b64encode(data) + b"</payload></r>",
}
TEXT_IN = ("JSON", "UTF-16 without a mark")  # which hold text alone
BINARY_OUT = (
    "gzip",
    "zlib",
    "zstd",
    "lz4",
    "brotli",
    "zlib in an envelope",
    "bzip2",
    "xz",
    "UTF-16 without a mark",
)


def layers(data: bytes, depth: int = 9) -> Iterator[bytes]:
    """The bytes, and all that opens in them."""
    yield data
    if depth == 0:
        return
    for inner in _opened(data):
        if inner and inner != data:
            yield from layers(inner, depth - 1)


def _opened(data: bytes) -> Iterator[bytes]:
    for run in {match[0] for match in re.finditer(rb"[A-Za-z0-9+/_\-=\s]{12,}", data)} | {data}:
        bare = re.sub(rb"\s", b"", run)
        for undo in (_from_base64, _from_base32, _from_hex):
            yield undo(bare)
    if b"%" in data:
        yield unquote_to_bytes(data)
    if b"\\" in data:
        yield re.sub(rb"\\u00([0-9a-f]{2})", lambda m: bytes.fromhex(m[1].decode()), data).replace(
            b"\\/", b"/"
        )
    for undo in DECOMPRESSORS:
        try:
            yield undo(data)
        except Exception:  # no such data
            continue


def _from_base64(text: bytes) -> bytes:
    core = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(core + b"=" * (-len(core) % 4), validate=True)
    except binascii.Error:
        return b""


def _from_base32(text: bytes) -> bytes:
    try:
        return base64.b32decode(text)
    except binascii.Error:
        return b""


def _from_hex(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return b""


def _from_zstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data, max_output_size=1 << 22)


DECOMPRESSORS: tuple[Wrap, ...] = (
    gzip.decompress,
    zlib.decompress,
    _from_zstd,
    lz4.frame.decompress,
    brotli.decompress,
    bz2.decompress,
    lzma.decompress,
    lambda data: zlib.decompressobj().decompress(data[data.index(b"\x78\x9c") :]),
    lambda data: data.decode("utf-16-le").encode() if data[1:2] == b"\0" else b"",
)
