"""Bodies: hashed whole, kept up to a limit, content codings undone, bombs stopped."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.dissectors import codings as bodies
from analyzer.dissectors.body import KEEP, BodySink
from analyzer.dissectors.charset import charset_of
from analyzer.dissectors.codings import MOST_CODINGS, MOST_DECODED, undo
from analyzer.model import Body
from tests.examples import examples

TEXT = b"IMEI=490154203237518&" * 50


def raw_deflate(data: bytes) -> bytes:
    """Deflate without zlib's header, as some senders have it."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def zstd_streamed(data: bytes) -> bytes:
    """A frame that doesn't state its length."""
    compressor = zstandard.ZstdCompressor().compressobj()
    return compressor.compress(data) + compressor.flush()


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "brotli": ("br", brotli.compress),
    "zstd": ("zstd", zstandard.compress),
    "streamed zstd": ("zstd", zstd_streamed),
}
coders = pytest.mark.parametrize(("coding", "press"), CODERS.values(), ids=CODERS.keys())


def body_of(data: bytes, *codings: str, pieces: int = 1) -> tuple[Body, list[str]]:
    """The finished body of these bytes."""
    sink, step = BodySink(), max(len(data) // pieces, 1)
    sink.codings = codings
    for start in range(0, len(data), step):
        sink.add(data[start : start + step])
    return sink.body()


@coders
def test_a_coding_is_undone_and_both_forms_are_hashed(coding: str, press: Callable[[bytes], bytes]) -> None:
    sent = press(TEXT)
    body, notes = body_of(sent, coding, pieces=7)
    assert (body.content, body.codings, notes) == (TEXT, (coding,), [])
    assert (body.length, body.sha256) == (len(sent), hashlib.sha256(sent).hexdigest())
    assert body.content_sha256 == hashlib.sha256(TEXT).hexdigest()


@coders
def test_a_coded_body_that_breaks_off_gives_what_was_there_and_says_so(
    coding: str, press: Callable[[bytes], bytes]
) -> None:
    noise = hashlib.shake_128(b"noise").digest(300_000)
    sent = press(noise)
    body, notes = body_of(sent[: len(sent) * 2 // 3], coding)
    assert len(notes) == 1
    assert "breaks off" in notes[0]
    assert body.content_sha256 is None
    assert noise.startswith(body.content)
    assert len(body.content) > 60_000


@coders
def test_a_wrong_label_loses_nothing(coding: str, press: Callable[[bytes], bytes]) -> None:
    assert press(b"") != TEXT
    body, notes = body_of(TEXT, coding)
    assert (body.content, body.codings, body.content_sha256) == (TEXT, (), None)
    assert f"labelled {coding}" in notes[0] or "breaks off" in notes[0]


@pytest.mark.parametrize("coding", ["compress", "aes128gcm", "dcb"])
def test_an_unknown_coding_is_named(coding: str) -> None:
    body, notes = body_of(TEXT, coding)
    assert body.content == TEXT
    assert coding in notes[0]


def test_codings_are_undone_in_the_order_given() -> None:
    body, notes = body_of(gzip.compress(brotli.compress(TEXT)), "gzip", "br")
    assert (body.content, body.codings, notes) == (TEXT, ("gzip", "br"), [])


def test_members_of_a_gzip_body_are_joined() -> None:
    body, _ = body_of(gzip.compress(TEXT) + gzip.compress(b"more"), "gzip")
    assert body.content == TEXT + b"more"


def test_garbage_behind_a_gzip_member_is_left_out() -> None:
    assert body_of(gzip.compress(TEXT) + b"garbage", "gzip")[0].content == TEXT


def test_no_body_has_no_hash() -> None:
    assert body_of(b"") == (Body(), [])


def test_what_was_lost_is_said_and_no_hash_of_the_content_is_claimed() -> None:
    sink = BodySink()
    sink.codings = ("gzip",)
    sink.add(gzip.compress(TEXT))
    sink.lose(7)
    body, _ = sink.body()
    assert (body.complete, body.content_sha256) == (False, None)
    assert body.missing is not None
    assert body.missing.startswith("7 of ")


def test_a_large_body_is_hashed_whole_and_kept_in_part() -> None:
    data = bytes(KEEP + 5)
    body, notes = body_of(data, pieces=11)
    assert (body.length, len(body.content)) == (len(data), KEEP)
    assert body.sha256 == hashlib.sha256(data).hexdigest()
    assert notes == [body.left_out] == [f"only the first {KEEP:,} of {len(data):,} bytes of a body were kept"]


def test_what_of_the_decoded_content_is_left_out_is_said() -> None:
    data = hashlib.shake_128(b"noise").digest(1 << 10) * ((KEEP >> 10) + 1)
    body, notes = body_of(gzip.compress(data), "gzip")
    assert (len(body.content), body.content_sha256) == (KEEP, hashlib.sha256(data).hexdigest())
    assert notes == [body.left_out]
    assert body.left_out == f"only the first {KEEP:,} of {len(data):,} decoded bytes of a body were kept"


# ── bombs ───────────────────────────────────────────────────────────────────


@pytest.mark.sampled(4)
@coders
@pytest.mark.parametrize("size", [4 << 20, 40 << 20], ids=["small", "large"])
def test_a_bomb_is_stopped_and_called_so(coding: str, press: Callable[[bytes], bytes], size: int) -> None:
    sent = press(bytes(size))
    decoded = 0
    real = bodies.DECODERS[coding]

    def counting(data: bytes) -> object:
        nonlocal decoded
        for piece in real(data):
            decoded += len(piece)
            yield piece

    bodies.DECODERS[coding] = counting  # type: ignore[assignment]
    try:
        body, notes = body_of(sent, coding)
    finally:
        bodies.DECODERS[coding] = real
    limit = min(MOST_DECODED, (1 << 20) + 1000 * len(sent))
    assert decoded <= max(limit, size if size < limit else 0) + (17 << 20)
    assert len(body.content) <= KEEP
    if size > limit:
        assert "grows beyond" in notes[0]
        assert body.content_sha256 is None


def test_a_body_of_very_many_members_ends_at_a_limit() -> None:
    sent = gzip.compress(b"x") * 20_000
    body, notes = body_of(sent, "gzip")
    assert len(body.content) == bodies.MOST_MEMBERS
    assert "breaks off" in notes[0]


def test_a_tower_of_codings_ends_at_a_limit() -> None:
    data = TEXT
    for _ in range(MOST_CODINGS + 3):
        data = gzip.compress(data)
    body, notes = body_of(data, *["gzip"] * (MOST_CODINGS + 3))
    assert body.codings == ("gzip",) * MOST_CODINGS
    assert str(MOST_CODINGS) in notes[0]


@settings(max_examples=examples(200), deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.sampled_from([c for c, _ in CODERS.values()]), st.booleans())
def test_any_bytes_under_any_label_are_survived(data: bytes, coding: str, pressed: bool) -> None:
    sent = bytearray(gzip.compress(data) if pressed else data)
    if len(sent) > 20:
        sent[15] ^= 0xFF
    done = undo(bytes(sent), (coding,))
    assert done.whole == (not done.notes)
    assert done.codings or done.content == bytes(sent)


# ── wrong labels, damaged frames ────────────────────────────────────────────


def test_a_coding_that_is_not_there_is_passed_over_and_the_next_one_undone() -> None:
    body, notes = body_of(gzip.compress(TEXT), "br", "gzip", "nonsense")
    assert (body.content, body.codings, body.content_sha256) == (TEXT, ("gzip",), None)
    assert [note.split(" (")[0] for note in notes] == [
        "the body is labelled br and is not",
        "the content coding “nonsense” is not known",
    ]


def damaged(data: bytes, at: int, value: int) -> bytes:
    """The bytes with one of them replaced."""
    return data[:at] + bytes([value]) + data[at + 1 :]


DAMAGED = {
    "reserved flag": damaged(gzip.compress(TEXT), 3, 0x40),
    "checksum of the header": damaged(gzip.compress(TEXT)[:10], 3, 0x02) + b"\0\0" + gzip.compress(TEXT)[10:],
    "checksum of the data": gzip.compress(TEXT)[:-8] + bytes(8),
    "no frame at all": raw_deflate(TEXT),
}


@pytest.mark.parametrize("sent", DAMAGED.values(), ids=DAMAGED.keys())
def test_the_data_of_a_damaged_gzip_frame_is_read_nevertheless(sent: bytes) -> None:
    body, notes = body_of(sent, "gzip")
    assert (body.content, body.codings, body.content_sha256) == (TEXT, ("gzip",), None)
    assert "frame is damaged" in notes[0]


# ── charsets ────────────────────────────────────────────────────────────────

CHINESE = '{"name":"中国移动","city":"北京市海淀区"}'
CHARSETS = [
    (b"\xef\xbb\xbfa=1", None, "utf-8-sig", "byte order mark"),
    ("a=1".encode("utf-16"), "text/plain; charset=utf-8", "utf-16", "byte order mark"),
    (b"a=1", None, "utf-8", "the bytes are valid UTF-8"),
    (CHINESE.encode(), "charset=gbk2", "utf-8", "the bytes are valid UTF-8; Content-Type says otherwise"),
    (CHINESE.encode("gbk"), 'application/json; charset="GBK"', "gbk", "Content-Type"),
    (CHINESE.encode("gbk"), "application/json; charset=utf-8", "gb18030", "guess: "),
    (CHINESE.encode("gbk"), None, "gb18030", "guess: "),
    (b"<meta charset=big5>" + "繁體".encode("big5"), "text/html", "big5", "declared in the content"),
    ("größe=5".encode("latin-1"), None, "latin-1", "guess: no UTF-8, and mostly ASCII"),
    (b"a=1", "text/plain; charset=utf-7", "utf-8", "the bytes are valid UTF-8; Content-Type says otherwise"),
    (b"a=1", "charset=base64", "utf-8", "the bytes are valid UTF-8; Content-Type says otherwise"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "content_type", "name", "how"), CHARSETS)
def test_the_charset_is_chosen_by_what_the_bytes_bear_out(
    content: bytes, content_type: str | None, name: str, how: str
) -> None:
    found = charset_of(content, content_type)
    assert found.name == name
    assert found.how.startswith(how)
    content.decode(name)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01\x02", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"\xff\xfea", b"\xfe\xff\xd8\x00"],
)
def test_bytes_that_are_no_text_have_no_charset(content: bytes) -> None:
    assert charset_of(content, None).name is None


@settings(max_examples=examples(300), deadline=None, derandomize=True)
@given(
    st.binary(max_size=60),
    st.sampled_from([None, "charset=gbk", "charset=utf-16", "charset=x", "charset=idna"]),
)
def test_a_chosen_charset_always_reads_the_whole_content(content: bytes, content_type: str | None) -> None:
    name = charset_of(content, content_type).name
    assert name is None or isinstance(content.decode(name), str)
