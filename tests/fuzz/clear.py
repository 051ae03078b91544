"""The readers of clear text other than HTTP as targets: CoAP, MQTT, documents, syslog, log-ins, SSDP, mDNS.

The first two bytes of an input choose how the rest is cut, which side says what, and what is lost.
"""

from __future__ import annotations

from collections.abc import Callable

from analyzer.dissectors import bare_documents, coap, mdns, ssdp, syslog
from analyzer.dissectors.bare_documents import PlainStream
from analyzer.dissectors.clear_message import MessagePlace, Reader
from analyzer.dissectors.clear_streams import reader_for
from analyzer.dissectors.coap import CoapFlow, CoapStream
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.mqtt import MqttFlow
from analyzer.dissectors.syslog import SyslogStream
from analyzer.dissectors.text_logins import LoginStream, TelnetStream
from analyzer.flows.reassembly import Gap, Segment

PLACE = MessagePlace(0, 1 << 16, (1,), 0, 0)

DATAGRAMS = (
    b"\x40\x02\x00\x01\xb2nb\xffhello",
    b"\x48\x01\x12\x3412345678\x3dcoap.example\x84path\x45a=1&b\xd1\x03\x0e",
    b"\x41\x03\0\1\7\xb1a\xd1\x03\x0e\xff" + b"x" * 16,
    b'{"imei": "490154203237518", "a": [1, {"b": null}]}\n',
    b"<?xml version='1.0'?><a b='c'>d</a>",
    b"a=1&b=%20&c=",
    b"eyJhIjogMX0=",
    b"<34>Oct 11 22:14:15 mymachine su[123]: failed\n",
    b'<165>1 2019-02-20T16:01:00.003Z a b c d [e@1 f="g"] h',
    b'M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\nMAN: "ssdp:discover"\r\n\r\n',
    b"\0\0\x84\0\0\0\0\1\0\0\0\0\x04_ipp\x04_tcp\x05local\0\0\x0c\0\1\0\0\0\x78\0\4\1a\xc0\x0c",
)
STREAMS: dict[str, tuple[Callable[[], Reader], tuple[bytes, ...]]] = {
    "coap": (
        lambda: CoapStream(0),
        (b"\x22\xe1\x04\x80\x20", b"\xd5\x10\x02\x01\xb2nb\xff" + b"x" * 20, b"\x01\x45\x01"),
    ),
    "mqtt": (
        lambda: MqttFlow(0),
        (b"\x10\x1a\0\4MQTT\4\xc2\0\x3c\0\2id\0\4user\0\4pass", b"\x32\x0a\0\3a/b\0\1xyz", b"\x90\3\0\1\0"),
    ),
    "mqtt 5": (
        lambda: MqttFlow(0, "5"),
        (b"\x10\x15\0\4MQTT\5\x02\0\x3c\x05\x11\0\0\0\x0a\0\3abc", b"\x30\x0b\0\1a\x03\x23\0\1xyzz"),
    ),
    "documents": (lambda: PlainStream(0), DATAGRAMS[3:7]),
    "syslog": (lambda: SyslogStream(0), (*DATAGRAMS[7:9], b"11 <34>Oct 11 ")),
    "ftp": (
        lambda: LoginStream(0, 21),
        (b"220 FTP ready\r\n", b"USER a\r\nPASS b\r\n", b"331 go\r\n230 ok\r\n"),
    ),
    "smtp": (
        lambda: LoginStream(0, 25),
        (
            b"220 m ESMTP\r\n",
            b"EHLO a\r\nAUTH PLAIN AGEAYg==\r\n",
            b"AUTH LOGIN\r\nYQ==\r\n",
            b"DATA\r\n.\r\n",
        ),
    ),
    "pop3": (
        lambda: LoginStream(0, 110),
        (b"+OK\r\n", b"USER a\r\nPASS b\r\n", b"AUTH PLAIN\r\nAGEAYg==\r\n"),
    ),
    "imap": (
        lambda: LoginStream(0, 143),
        (b"* OK IMAP\r\n", b"a1 LOGIN {4}\r\nuser {4}\r\npass\r\n", b'a2 LOGIN "a" "b"\r\n', b"a2 NO\r\n"),
    ),
    "telnet": (
        lambda: TelnetStream(0),
        (b"\xff\xfd\x18\xff\xfb\x01login: ", b"Password: ", b"kari\r\n", b"\xff\xfa\x18\0a\xff\xf0"),
    ),
}


def datagrams(data: bytes) -> None:
    """Any datagram, read as each of the protocols."""
    packet = coap.parse(data)
    if packet is not None:
        coap.is_unmistakable(packet)
        flow = CoapFlow()
        for side in (0, 0, 1):
            for seen in flow.take(side, packet, PLACE):
                check(seen.exchange)
        for seen in flow.close():
            check(seen.exchange)
    said = ssdp.parse(data)
    if said is not None:
        ssdp.said_by(*said)
    assert len(mdns.said_in(data)) <= mdns.MOST_SAID
    for on_port in (False, True):
        syslog.parse(data, PLACE, on_port)
    for cut in (False, True):
        if data:
            bare_documents.datagram_message(data, PLACE, cut)


def openings(data: bytes) -> None:
    """Any first bytes of a flow, from either side, on ports that mean something and on one that doesn't."""
    for side in (0, 1):
        for port in (21, 25, 110, 143, 1883, 4444):
            reader_for(data, side, 0, port, True)


def stream(made: Callable[[], Reader]) -> Callable[[bytes], None]:
    """Both directions of a connection for one reader."""

    def run(data: bytes) -> None:
        if len(data) < 2:
            return
        reader, offsets, at, turn = made(), [0, 0], 2, data[1]
        for number in range(1 << 14):
            if at >= len(data) or reader.ended:
                break
            side, size = turn % 5 // 4, (turn * 7 + data[0]) % 97 + 1
            piece = data[at : at + size]
            lost = data[0] & 3 == 3 and turn % 31 == 7
            given = (
                Gap(offsets[side], len(piece)) if lost else Segment(offsets[side], piece, number + 1, number)
            )
            for exchange in reader.feed(side, given):
                check(exchange)
            offsets[side] += len(piece)
            at, turn = at + size, (turn * 5 + 3) % 251
        for exchange in reader.close():
            check(exchange)

    return run


def check(exchange: Exchange) -> None:
    """What holds for any exchange."""
    found = [message for message in (exchange.request, exchange.response) if message is not None]
    assert found
    for message in found:
        assert message.protocol
        assert message.frames
        assert message.start <= message.end
        body, _ = message.body.body()
        assert body.complete or message.missing


TARGETS: dict[str, tuple[Callable[[bytes], None], tuple[bytes, ...]]] = {
    "clear datagrams": (datagrams, DATAGRAMS),
    "clear openings": (openings, (*DATAGRAMS, *(seed for _, seeds in STREAMS.values() for seed in seeds))),
    **{
        f"clear {name}": (stream(made), tuple(b"\x10\x21" + seed for seed in (*seeds, b"".join(seeds))))
        for name, (made, seeds) in STREAMS.items()
    },
}
