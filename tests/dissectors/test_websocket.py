"""WebSocket connections to messages; the other party is the websockets library."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from analyzer.dissectors.http1 import HttpMessage
from tests.dissectors.talks import CLIENT, SERVER, Sent, body_of, heard, lost, messages, pieces, read
from tests.examples import examples


class WebSocketTalk:
    """A connection between two endpoints of the library; `sent` is what went over the wire."""

    def __init__(self, *, compressed: bool = False, **parameters: bool) -> None:
        mine = [ClientPerMessageDeflateFactory(**parameters)] if compressed else None
        theirs = [ServerPerMessageDeflateFactory()] if compressed else None
        self.client = ClientProtocol(parse_uri("ws://example.com/chat?room=1"), extensions=mine)
        self.server = ServerProtocol(extensions=theirs)
        self.sent: list[Sent] = []
        self.client.send_request(self.client.connect())
        self._up()
        self.server.send_response(self.server.accept(self.server.events_received()[0]))
        self._down()
        assert self.client.handshake_exc is None

    def say(self, data: bytes, fragments: int = 1) -> WebSocketTalk:
        """A text message of the client, in as many fragments."""
        step = -(-len(data) // fragments) or 1
        parts = [data[at : at + step] for at in range(0, len(data), step)] or [b""]
        self.client.send_text(parts[0], fin=len(parts) == 1)
        for number, part in enumerate(parts[1:], 2):
            self._up()
            self.client.send_continuation(part, fin=number == len(parts))
        return self._up()

    def hear(self, data: bytes) -> WebSocketTalk:
        """A binary message of the server."""
        self.server.send_binary(data)
        return self._down()

    def end(self) -> WebSocketTalk:
        self.client.send_close(1000, "done")
        return self._up()._down()

    def _up(self) -> WebSocketTalk:
        for data in self.client.data_to_send():
            if data:
                self.sent.append((CLIENT, data))
                self.server.receive_data(data)
        return self

    def _down(self) -> WebSocketTalk:
        for data in self.server.data_to_send():
            if data:
                self.sent.append((SERVER, data))
                self.client.receive_data(data)
        return self


def said(found: Sequence[HttpMessage], role: str = "request") -> list[bytes]:
    """The content of the WebSocket messages of one side."""
    return [body_of(m).content for m in found if m.role == role and m.protocol == "websocket"]


COMPRESSIONS = {
    "uncompressed": {},
    "with a window that goes on": {"compressed": True},
    "with a window anew for each message": {
        "compressed": True, "client_no_context_takeover": True, "server_no_context_takeover": True,
    },
}  # fmt: skip
every_compression = pytest.mark.parametrize("options", COMPRESSIONS.values(), ids=COMPRESSIONS)


@every_compression
def test_messages_both_ways_are_read(options: dict[str, bool]) -> None:
    talk = WebSocketTalk(**options)
    mine = [b'{"imei":"490154203237518","n":%d}' % number for number in range(5)]
    theirs = [bytes(range(256)) * number for number in range(1, 6)]
    for up, down in zip(mine, theirs, strict=True):
        talk.say(up).hear(down)
    found = messages(read(pieces(talk.end().sent)))
    assert said(found)[:-1] == mine
    assert said(found, "response")[:-1] == theirs
    assert [m.oddities + m.missing for m in found] == [[]] * len(found)


def test_a_message_belongs_to_the_request_that_opened_the_connection() -> None:
    talk = WebSocketTalk().say(b"text")
    handshake, answer, message = messages(read(pieces(talk.sent)))
    assert (handshake.method, answer.status) == ("GET", 101)
    assert (message.protocol, message.method, message.target) == ("websocket", "text", "/chat?room=1")
    assert message.authority == handshake.values("host")[0]
    assert message.one_way


@every_compression
def test_fragments_make_one_message(options: dict[str, bool]) -> None:
    talk = WebSocketTalk(**options).say(b"a message in several fragments" * 9, fragments=4)
    found = messages(read(pieces(talk.sent)))
    assert said(found) == [b"a message in several fragments" * 9]
    assert len(found[-1].frames) == 4


def test_a_ping_may_stand_between_fragments() -> None:
    talk = WebSocketTalk()
    talk.client.send_text(b"first ", fin=False)
    talk.client.send_ping(b"between")
    talk.client.send_continuation(b"last", fin=True)
    found = messages(read(pieces(talk._up().sent)))
    assert said(found) == [b"between", b"first last"]
    assert [m.method for m in found[2:]] == ["ping", "text"]


def test_an_empty_ping_is_no_message() -> None:
    talk = WebSocketTalk()
    talk.client.send_ping(b"")
    assert said(messages(read(pieces(talk._up().sent)))) == []


def test_frames_in_the_segment_of_the_handshake_are_read() -> None:
    talk = WebSocketTalk().hear(b"welcome")
    (_, ask), (_, answer), (_, welcome) = talk.sent
    assert said(messages(read(pieces([(CLIENT, ask), (SERVER, answer + welcome)]))), "response") == [
        b"welcome"
    ]


def test_a_refused_handshake_stays_http_1() -> None:
    talk = WebSocketTalk()
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
    again = b"GET /next HTTP/1.1\r\nHost: example.com\r\n\r\n"
    found = messages(read(pieces([(CLIENT, talk.sent[0][1] + again), (SERVER, refusal)])))
    assert [m.status or m.target for m in found] == ["/chat?room=1", 403, "/next"]


@every_compression
def test_a_client_alone_is_read(options: dict[str, bool]) -> None:
    talk = WebSocketTalk(**options).say(b"one").hear(b"never captured").say(b"two")
    found = messages(read(pieces([placed for placed in talk.sent if placed[0] == CLIENT])))
    assert said(found) == [b"one", b"two"]


@every_compression
@settings(max_examples=examples(20), deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_any_segmentation_gives_the_same_messages(options: dict[str, bool], seed: int) -> None:
    turn, talk = random.Random(seed), WebSocketTalk(**options)
    for _ in range(5):
        talk.say(turn.randbytes(turn.choice([0, 3, 200])).hex().encode(), turn.choice([1, 3]))
        talk.hear(turn.randbytes(turn.choice([1, 126, 70_000])))
    whole = sorted(map(heard, messages(read(pieces(talk.sent)))))
    cut = pieces(talk.sent, lambda data: [turn.randrange(len(data) + 1) for _ in range(turn.choice([1, 30]))])
    assert sorted(map(heard, messages(read(cut)))) == whole


# ── losses ──────────────────────────────────────────────────────────────────


def test_bytes_lost_in_a_payload_are_counted() -> None:
    talk = WebSocketTalk().say(b"0123456789" * 100).say(b"next")
    found = pieces(talk.sent, lambda data: range(0, len(data), 100))
    large = [p.frame for d, p in found if d == CLIENT and len(p.data) == 100]
    first, second = messages(read(lost(found, large[-3])))[2:]
    assert first.missing == ["100 of 1,000 bytes of the body were not captured"]
    assert not first.complete
    assert body_of(second).content == b"next"


def test_reading_goes_on_at_a_segment_of_whole_frames() -> None:
    talk = WebSocketTalk().say(b"lost").say(b"found").say(b"found too")
    found = pieces(talk.sent)
    assert said(messages(read(lost(found, 3)))) == [b"found", b"found too"]


def test_a_lost_message_costs_the_window_of_those_behind_it() -> None:
    talk = WebSocketTalk(compressed=True).say(b"the same text").say(b"the same text").say(b"the same text")
    found = messages(read(lost(pieces(talk.sent), 3)))[2:]
    assert [body_of(m).codings for m in found] == [(), ()]
    notes = [m.body.body()[1] for m in found]
    assert notes == [["a compressed message can't be inflated: what came before it was not captured"]] * 2
    assert all(body_of(m).sha256 and body_of(m).length for m in found)


def test_without_a_window_that_goes_on_a_loss_costs_one_message() -> None:
    options = COMPRESSIONS["with a window anew for each message"]
    talk = WebSocketTalk(**options).say(b"the same text").say(b"the same text").say(b"the same text")
    assert said(messages(read(lost(pieces(talk.sent), 3)))) == [b"the same text"] * 2


@every_compression
@settings(max_examples=examples(30), deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_nothing_that_is_read_behind_a_loss_is_wrong(options: dict[str, bool], seed: int) -> None:
    turn, talk = random.Random(seed), WebSocketTalk(**options)
    for _ in range(8):
        talk.say(turn.randbytes(turn.choice([10, 900])).hex().encode(), turn.choice([1, 2]))
    found = pieces(talk.sent, lambda data: range(0, len(data), 500))
    whole = said(messages(read(found)))
    gone = turn.sample([p.frame for d, p in found if d == CLIENT][1:], 2)
    for message in messages(read(lost(found, *gone))):
        if message.protocol == "websocket" and message.complete and not message.body.body()[1]:
            assert body_of(message).content in whole


# ── hostile ─────────────────────────────────────────────────────────────────


def upgraded(*frames: bytes, extension: str = "") -> list[HttpMessage]:
    """What a server's frames are read as, behind a handshake."""
    ask = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    answer = (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + extension
        + "\r\n"
    )
    return messages(read(pieces([(CLIENT, ask), (SERVER, answer.encode()), *((SERVER, f) for f in frames)])))[
        2:
    ]


def compressed(opcode: Opcode, data: bytes) -> bytes:
    """A server's frame that is marked as compressed."""
    frame = Frame(opcode, data).serialize(mask=False)
    return bytes([frame[0] | 0x40]) + frame[1:]


DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"


def test_a_bomb_is_stopped_and_said() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush(zlib.Z_SYNC_FLUSH)
    frame = compressed(Opcode.BINARY, bomb[:-4])
    (message,) = upgraded(frame, extension=DEFLATE)
    body, notes = message.body.body()
    assert len(body.content) <= 4 << 20
    assert body.length == len(bomb) - 4
    assert "grows beyond" in notes[0]


def test_compression_that_was_not_agreed_on_is_said() -> None:
    frame = compressed(Opcode.TEXT, b"as it was")
    (message,) = upgraded(frame)
    body, notes = message.body.body()
    assert body.content == b"as it was"
    assert notes == ["a message is marked as compressed, and no compression was agreed on"]


def test_what_is_not_deflate_is_said() -> None:
    frame = compressed(Opcode.TEXT, b"\xff\xff\xff\xff")
    (message,) = upgraded(frame, extension=DEFLATE)
    assert "is marked as compressed and is not" in message.body.body()[1][0]


def test_a_final_block_ends_a_message_too() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    final = packer.compress(b"with a final block") + packer.flush(zlib.Z_FINISH) + b"\0"
    frame = compressed(Opcode.TEXT, final)
    found = upgraded(frame, frame, extension=DEFLATE)
    assert [body_of(m).content for m in found] == [b"with a final block"] * 2


def test_a_mask_that_should_not_be_there_is_undone_and_said() -> None:
    (message,) = upgraded(Frame(Opcode.TEXT, b"masked").serialize(mask=True))
    assert body_of(message).content == b"masked"
    assert message.oddities == ["a server's frame was masked"]


def test_a_frame_of_any_announced_length_takes_no_memory() -> None:
    (message,) = upgraded(b"\x82\x7f\x7f" + b"\xff" * 7 + b"only this")
    assert body_of(message).content == b"only this"
    assert message.missing == ["its end was not captured"]
