"""The dissectors: what they read, however it is cut; passwords are nowhere; damage raises nothing."""

from __future__ import annotations

import base64
import random
import re
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from analyzer.dissectors import registry
from analyzer.dissectors.clear_datagrams import dissected
from analyzer.dissectors.clear_message import SPARSE, MessagePlace, Reader
from analyzer.dissectors.clear_streams import reader_for
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.signatures import TCP_SIGNATURES, UDP_SIGNATURES, Signature
from analyzer.flows.reassembly import Gap, Segment
from analyzer.identifiers.credentials import NAMES
from tests import builders
from tests.dissectors.clear import read_frames
from tests.dissectors.conversations import CONVERSATIONS, DATAGRAMS, PASSWORD, PLAIN, Conversation, Datagram

SIGNATURES = (*TCP_SIGNATURES, *UDP_SIGNATURES)
ODD_PORT = 40_001
PLACE = MessagePlace(0, 1 << 16, (1,), 0, 0)


def titles(row: Signature) -> str:
    return row.title


def fits(row: Signature, data: bytes) -> bool:
    check = getattr(registry.load(row.unit), "fits", None)
    return re.match(row.begins, data, re.DOTALL) is not None and (check is None or check(data))


@pytest.mark.parametrize("row", SIGNATURES, ids=titles)
def test_examples_fit_and_counter_examples_do_not(row: Signature) -> None:
    assert row.examples
    assert all(fits(row, example) for example in row.examples)
    assert not any(fits(row, example) for example in row.counterexamples)


@pytest.mark.parametrize("row", UDP_SIGNATURES, ids=titles)
def test_the_first_bytes_of_datagrams_are_told_beforehand(row: Signature) -> None:
    assert all(example[0] in registry.UDP_FIRSTS for example in row.examples)


@pytest.mark.parametrize("row", TCP_SIGNATURES, ids=titles)
def test_the_first_look_lets_each_example_pass(row: Signature) -> None:
    assert all(registry.may_begin(example) for example in row.examples)


def test_random_bytes_are_of_none_of_these_protocols() -> None:
    source = random.Random(5)
    for _ in range(3000):
        data = source.randbytes(source.randrange(20, 200))
        assert registry.of_stream(data, source.random() < 0.5, ODD_PORT) is None
        assert dissected(data, PLACE, (ODD_PORT, ODD_PORT + 1)) is None


# ── what is read ────────────────────────────────────────────────────────────


def heard(
    pieces: Iterable[tuple[int, bytes | int]], port: int, searched: tuple[bool, bool] = (True, True)
) -> tuple[Reader | None, list[HttpMessage]]:
    """Who reads these pieces, in their order, and the messages; a number is a gap of so many bytes."""
    reader: Reader | None = None
    offsets, openings, held = [0, 0], [b"", b""], []
    found: list[HttpMessage] = []

    def feed(side: int, piece: Segment | Gap) -> None:
        assert reader is not None
        for exchange in reader.feed(side, piece) if not reader.ended else ():
            found.extend(m for m in (exchange.request, exchange.response) if m is not None)

    for number, (side, data) in enumerate(pieces, 1):
        if isinstance(data, int):
            piece: Segment | Gap = Gap(offsets[side], data)
            offsets[side] += data
        else:
            piece = Segment(offsets[side], data, number, number)
            offsets[side] += len(data)
            openings[side] += data
        held.append((side, piece))
        if reader is None:
            reader = reader_for(openings[side], side, 0, port, True, searched)
        if reader is not None:
            for of, one in held:
                feed(of, one)
            held.clear()
    if reader is not None:
        for exchange in reader.close():
            found.extend(m for m in (exchange.request, exchange.response) if m is not None)
    return reader, found


def cut(conversation: Conversation, sizes: random.Random, least: int) -> list[tuple[int, bytes | int]]:
    """The same bytes in other segments."""
    pieces: list[tuple[int, bytes | int]] = []
    for side, data in conversation.said:
        while data:
            size = sizes.randrange(least, 40)
            pieces.append((side, data[:size]))
            data = data[size:]
    return pieces


def identified(conversation: Conversation) -> str:
    return f"{conversation.protocol}-{CONVERSATIONS.index(conversation)}"


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=identified)
def test_a_log_in_is_named_on_any_port_and_its_password_is_nowhere(conversation: Conversation) -> None:
    port = conversation.port if conversation.needs_port else ODD_PORT
    reader, messages = heard(conversation.said, port)
    assert reader is not None
    assert reader.name == conversation.protocol
    check(conversation, messages)


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=identified)
def test_it_is_read_alike_however_it_is_cut(conversation: Conversation) -> None:
    port = conversation.port if conversation.needs_port else ODD_PORT
    first, rest = conversation.said[0], conversation.said[1:]
    for seed in range(5):
        pieces = cut(conversation._replace(said=rest), random.Random(seed), 1)
        check(conversation, heard([first, *pieces], port)[1])


def check(conversation: Conversation, messages: list[HttpMessage]) -> None:
    accounts = [value.encode() for made in messages for value in made.values("user")]
    assert not conversation.account or conversation.account in accounts
    assert any("sent readable" in value for made in messages for value in made.values("password")) is (
        conversation.readable
    )
    name, value = conversation.header
    assert not name or value in [found for made in messages for found in made.values(name.lower())]
    for made in messages:
        said = repr(made.headers).encode() + bytes(made.body.body()[0].content) + str(made.target).encode()
        for hidden in (PASSWORD, base64.b64encode(PLAIN), base64.b64encode(PASSWORD)[:-4], PASSWORD[:8]):
            assert hidden not in said


@pytest.mark.parametrize("datagram", DATAGRAMS, ids=lambda each: f"{each.protocol}-{each.header[0]}")
def test_a_datagram_gives_its_header(datagram: Datagram) -> None:
    found = dissected(datagram.data, PLACE, (ODD_PORT, datagram.port))
    assert found is not None
    assert found.name == datagram.protocol
    name, value = datagram.header
    assert not name or value in [said for made in found.messages for said in made.values(name.lower())]
    assert all(PASSWORD not in repr(made).encode() for made in found.messages)


def test_each_protocol_that_names_accounts_is_told_as_such() -> None:
    named = {each.protocol for each in CONVERSATIONS} | {"snmp", "miio", "broadlink"}
    assert named <= NAMES.keys()
    assert registry.NAMES <= SPARSE


def test_what_comes_from_outside_is_not_searched() -> None:
    conversation = next(each for each in CONVERSATIONS if each.protocol == "stomp")
    answer = (1, b"MESSAGE\ndestination:/q\n\nimei=490154203237518\0")
    both = heard([*conversation.said, answer], ODD_PORT)[1]
    one = heard([*conversation.said, answer], ODD_PORT, (True, False))[1]
    assert any(made.method == "MESSAGE" for made in both)
    assert not any(made.method == "MESSAGE" for made in one)


def test_a_capture_gives_the_log_in(tmp_path: Path) -> None:
    conversation = CONVERSATIONS[0]
    frames, sent = [builders.tcp(b"", flags=2, seq=0)], [1, 1]
    for side, data in conversation.said:
        frames.append(builders.tcp(data, flags=24, seq=sent[side], ack=sent[1 - side], up=side == 0))
        sent[side] += len(data)
    found = read_frames(frames, tmp_path / "a.pcap")
    assert [made.values("user") for made in found.requests("ldap") if made.values("user")] == [
        ["kari.nordmann"]
    ]


# ── damage ──────────────────────────────────────────────────────────────────


def mutated(raw: bytes, source: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(source.randrange(1, 6)):
        at = source.randrange(len(data) + 1)
        kind = source.randrange(5)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] = source.randrange(256)
        elif kind == 1:
            data[at:at] = source.randbytes(source.randrange(1, 9))
        elif kind == 2:
            del data[at : at + source.randrange(1, 9)]
        elif kind == 3:
            data[at : at + 4] = source.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0"))
        else:
            data[at:at] = data[at : at + source.randrange(1, 40)]
    return bytes(data)


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=identified)
def test_damage_raises_nothing(conversation: Conversation) -> None:
    source = random.Random(11)
    port = conversation.port
    for _ in range(300):
        pieces: list[tuple[int, bytes | int]] = [
            (side, mutated(data, source) if source.random() < 0.7 else data)
            for side, data in conversation.said
        ]
        if source.random() < 0.3:
            pieces.insert(source.randrange(len(pieces) + 1), (source.randrange(2), source.randrange(1, 50)))
        heard([conversation.said[0], *pieces], port)


@pytest.mark.parametrize("datagram", DATAGRAMS, ids=lambda each: f"{each.protocol}-{each.header[0]}")
def test_damaged_datagrams_raise_nothing(datagram: Datagram) -> None:
    source = random.Random(13)
    for _ in range(300):
        dissected(mutated(datagram.data, source), PLACE, (ODD_PORT, datagram.port))


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=identified)
def test_time_is_linear_in_bytes(conversation: Conversation) -> None:
    """Each protocol goes on with much that it does not know, in small segments."""
    source = random.Random(17)
    many = source.randbytes(1 << 16) + b"a" * (1 << 16) + conversation.said[-1][1] * 200

    def spent(data: bytes) -> float:
        begun = time.process_time()
        pieces = [(0, data[at : at + 64]) for at in range(0, len(data), 64)]
        heard([*conversation.said, *pieces], conversation.port)
        return time.process_time() - begun

    assert spent(many) < 5
