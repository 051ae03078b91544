"""QUIC Initial packets: the standards' examples, a real client in every shape, and hostile datagrams."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.dissectors import quic
from analyzer.dissectors.client_hello import read_client_hello
from analyzer.dissectors.quic import InitialReader, crypto_frames, initial_keys, long_headers, salts, varint
from analyzer.dissectors.quic_google import agent_in
from tests.dissectors.quic_clients import V1, V2, after_retry, client, crypto, initial, sealed, sent
from tests.examples import examples

many = settings(max_examples=examples(200), deadline=None, derandomize=True)

# RFC 9001 Appendix A and RFC 9369 Appendix A: the same handshake in two versions.
ID = bytes.fromhex("8394c8f03e515708")
FRAME = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000"
    "c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e000500"
    "050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003"
    "020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff050480"
    "00ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff"
)
EXAMPLES = {
    V1: (
        ("1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"),
        "c300000001088394c8f03e5157080000449e00000002",
        "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b",
        "e221af44860018ab0856972e194cd934",
    ),
    V2: (
        ("8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"),
        "d36b3343cf088394c8f03e5157080000449e00000002",
        "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071",
        "a18b2faa745b6fe189cf772a9f84cbfc",
    ),
}


@pytest.mark.parametrize("version", EXAMPLES)
def test_the_keys_are_those_of_the_standard(version: int) -> None:
    (salt,) = salts(version)
    keys = initial_keys(salt, ID, b"quicv2 " if version == V2 else b"quic ")
    assert tuple(part.hex() for part in keys) == EXAMPLES[version][0]


@pytest.mark.parametrize("version", EXAMPLES)
def test_the_packet_of_the_standard_is_opened(version: int) -> None:
    keys, header, beginning, tag = EXAMPLES[version]
    key, iv, mask = (bytes.fromhex(part) for part in keys)
    packet = sealed(bytes.fromhex(header), 2, FRAME.ljust(1162, b"\0"), (key, iv, mask))
    # The tag covers all of the packet: equal to the standard's, the packet is the standard's.
    assert (packet[:38].hex(), packet[-16:].hex(), len(packet)) == (beginning, tag, 1200)
    reader = read([packet])
    assert reader.message == FRAME[4:]
    assert reader.version == version


def test_the_server_s_packet_of_the_standard_is_no_client_s() -> None:
    answer = bytes.fromhex(
        "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f"
        "5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795"
        "d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee"
    )
    assert read([answer] * 20).message is None


def read(datagrams: list[bytes]) -> InitialReader:
    reader = InitialReader()
    for datagram in datagrams:
        reader.feed(datagram)
    return reader


def name_in(datagrams: list[bytes]) -> str | None:
    message = read(datagrams).message
    found = read_client_hello(message[4:]) if message else None
    return found.name if found else None


@pytest.mark.parametrize("version", [V1, V2])
def test_a_real_client_s_name_and_protocols_are_read(version: int) -> None:
    message = read(sent(client(version=version, protocols=["h3", "h3-29"]))).message
    assert message is not None
    found = read_client_hello(message[4:])
    assert found is not None
    assert (found.name, found.protocols) == ("zzhc.example.cn", ("h3", "h3-29"))


LONG = [f"protocol-{n}" + "x" * 60 for n in range(40)]


def test_a_hello_over_several_datagrams_is_read_in_any_order_and_with_repetitions() -> None:
    datagrams = sent(client(protocols=LONG))
    assert len(datagrams) > 1
    assert name_in(datagrams[:-1]) is None
    for seed in range(5):
        shuffled = [*datagrams, datagrams[0]]
        random.Random(seed).shuffle(shuffled)
        assert name_in(shuffled) == "zzhc.example.cn"


def test_behind_a_retry_the_new_keys_count() -> None:
    connection = client()
    again = after_retry(connection)
    assert again[0][5:14] == b"\x08" + bytes(range(8))  # the id that the server chose
    assert b"token" in again[0]
    assert name_in(again) == "zzhc.example.cn"
    first = sent(client(protocols=LONG))
    assert name_in([first[0], *again]) in (None, "zzhc.example.cn")


def test_a_hello_is_read_whatever_packet_comes_before_it_in_the_datagram() -> None:
    datagram = sent(client())[0]
    early = b"\xd3\0\0\0\1\x08" + bytes(8) + b"\0" + b"\x40\x40" + bytes(64)  # 0-RTT (RFC 9000 §17.2.3)
    assert [p.is_initial for p in long_headers(early + datagram)][:2] == [False, True]
    assert name_in([early + datagram]) == "zzhc.example.cn"


HELLO = FRAME[4:]
KEYS = tuple(bytes.fromhex(part) for part in EXAMPLES[V1][0])


@many
@given(st.data())
def test_frames_in_any_cut_order_and_overlap_give_the_same_message(data: st.DataObject) -> None:
    cuts = sorted({0, len(HELLO), *data.draw(st.lists(st.integers(1, len(HELLO) - 1), max_size=12))})
    pieces = [(start, HELLO[start : end + data.draw(st.integers(0, 9))]) for start, end in pairwise(cuts)]
    order = data.draw(st.permutations(pieces))
    half = data.draw(st.integers(0, len(order)))
    datagrams = []
    for number, part in enumerate((order[:half], order[half:])):
        frames = b"".join(
            data.draw(st.sampled_from([b"", b"\0", b"\1", b"\2\x05\0\0\0"])) + crypto(*piece)
            for piece in part
        )
        datagrams.append(initial(frames, KEYS, ID, number))
    assert read(datagrams).message == HELLO


def test_a_hole_in_the_message_is_not_read_over() -> None:
    payload = crypto(0, HELLO[:100]) + crypto(101, HELLO[101:])
    assert read([initial(payload, KEYS, ID)]).message is None


def test_a_changed_byte_is_not_believed() -> None:
    packet = bytearray(initial(crypto(0, HELLO), KEYS, ID))
    for at in (30, 400, 1199):
        changed = bytearray(packet)
        changed[at] ^= 1
        assert read([bytes(changed)]).message is None


def test_a_reader_gives_up_on_what_it_can_t_open() -> None:
    noise = b"\xc3\0\0\0\1\x08" + bytes(8) + b"\0\0" + b"\x44\x9e" + random.Random(1).randbytes(0x49E)
    assert read([noise] * (quic.MOST_FAILED + 1)).done


def test_a_datagram_of_very_many_packets_costs_no_more_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    monkeypatch.setattr(quic, "decrypted", lambda *_: tries.append(1))
    small = b"\xc3\0\0\0\1\x08" + bytes(8) + b"\0\0\x14" + bytes(20)
    assert read([small * 1500]).done
    assert len(tries) <= quic.MOST_FAILED + 1


def test_a_hello_without_end_is_given_up() -> None:
    reader = InitialReader()
    endless = b"\x01\xff\xff\xff"
    for number in range(200):
        piece = endless + bytes(1000) if not number else bytes(1000)
        reader.feed(initial(crypto(number * 1000 + 4 * bool(number), piece), KEYS, ID, number))
    assert reader.done
    assert reader.message is None


@pytest.mark.parametrize("version", [0, 0x51303436, 0xDEADBEEF, 0xFF000001])
def test_versions_that_are_not_known_have_no_keys(version: int) -> None:
    assert salts(version) == ()


def test_a_version_that_only_asks_for_others_is_opened_like_the_client_s_own() -> None:
    header = b"\xc3\x1a\x2a\x3a\x4a\x08" + ID + b"\0\0" + b"\x44\x9e" + bytes(4)
    packet = sealed(header, 0, crypto(0, HELLO).ljust(1162, b"\0"), KEYS)
    assert read([packet]).message == HELLO


@many
@given(st.integers(0, (1 << 62) - 1), st.binary(max_size=4))
def test_integers_of_variable_length_are_those_that_aioquic_reads(value: int, rest: bytes) -> None:
    from aioquic.buffer import encode_uint_var

    data = encode_uint_var(value)
    assert varint(data + rest, 0) == (value, len(data))
    assert varint(data[:-1], 0)[0] >= 1 << 62


@pytest.mark.parametrize(
    ("parameters", "agent"),
    [
        ("04048000ffff" + "7129" + "06" + b"Cronet".hex() + "0100", "Cronet"),
        ("7129" + "06" + b"Cron".hex(), None),
        ("0702" + "7129", None),  # the number inside another parameter's value
        ("7129", None),
        ("", None),
    ],
)
def test_a_program_in_the_transport_parameters_is_read(parameters: str, agent: str | None) -> None:
    for extension in (0x39, 0xFFA5):
        assert agent_in({extension: bytes.fromhex(parameters)}) == agent
    assert agent_in({0x10: bytes.fromhex(parameters)}) is None


# ── hostile ─────────────────────────────────────────────────────────────────


@settings(max_examples=examples(500), deadline=None, derandomize=True)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\xc3\0\0\0\1", b"\xd3\x6b\x33\x43\xcf", b"\xc3\xff\0\0\x1d"]),
)
def test_any_datagram_is_survived(data: bytes, head: bytes) -> None:
    reader = read([head + data] * 3)
    assert reader.message is None
    for packet in long_headers(head + data):
        assert 0 <= packet.start < packet.number < packet.end <= len(head + data)


@settings(max_examples=examples(500), deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.booleans())
def test_any_payload_is_survived(raw: bytes, announced: bool) -> None:
    payload = b"\x06" + raw if announced else raw
    for offset, data in crypto_frames(payload):
        assert offset >= 0
        assert len(data) <= len(payload)
    reader = read([initial(payload[:1100], KEYS, ID)])
    assert reader.message is None or len(reader.message) <= 1100


@many
@given(st.data())
def test_a_real_datagram_cut_or_changed_gives_its_name_or_none(data: st.DataObject) -> None:
    raw = bytearray(REAL)
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    assert name_in([cut]) in (None, "zzhc.example.cn")


REAL = sent(client())[0]


def test_an_acknowledgment_of_very_many_ranges_ends() -> None:
    payload = b"\x02\x00\x00\xbf\xff\xff\xff\x00" + bytes(1000)
    assert list(crypto_frames(payload)) == []
