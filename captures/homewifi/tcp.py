"""A TCP connection as a point of capture beside the router sees it (RFC 9293)."""

from __future__ import annotations

from dataclasses import dataclass, field

from scapy.layers.inet import TCP
from scapy.packet import Raw

from homewifi.network import US, Host, Recorder

MSS = 1460
MOST = 1448  # MSS less the twelve octets of the timestamps option


@dataclass
class End:
    """One end: where it is, and what it sends next."""

    host: Host
    port: int
    seq: int
    seen: int = 0  # the other end's next octet
    echo: int = 0  # the other end's last timestamp


@dataclass
class Connection:
    """`now` is the time of the last frame; every step moves it on."""

    recorder: Recorder
    client: End
    server: End
    now: int
    note: str = ""
    _open: bool = field(default=False, init=False)

    @classmethod
    def between(cls, recorder: Recorder, phone: Host, server: Host, port: int, at: int) -> Connection:
        rng = recorder.rng
        client = End(phone, rng.randrange(32768, 61000), rng.getrandbits(32))
        return cls(recorder, client, End(server, port, rng.getrandbits(32)), at)

    # ── steps of a usual connection ──

    def syn(self, wait: int = 0) -> None:
        """The client's SYN, `wait` after the last frame; sent again it is a retransmission."""
        self.now += wait
        self._put(self.client, self.server, "S", seq=self.client.seq)

    def open(self) -> Connection:
        """The three-way handshake."""
        self.syn()
        self._arrives()
        self.client.seq += 1
        self.server.seen = self.client.seq
        self._put(self.server, self.client, "SA", seq=self.server.seq)
        self.server.seq += 1
        self.client.seen = self.server.seq
        self._ack(self.client, self.server)
        return self

    def up(self, *segments: bytes, answer: bool = True, note: str = "") -> None:
        """Octets from the client, one segment each, acknowledged by the server if `answer`."""
        for segment in segments:
            self._data(self.client, self.server, segment, note)
            note = ""
        if answer:
            self._arrives()
            self.server.seen = self.client.seq
            self._ack(self.server, self.client)

    def down(self, data: bytes, note: str = "", last: int = MOST) -> None:
        """Octets from the server; the client acknowledges every second segment and the last."""
        pieces = [data[i : i + last] for i in range(0, len(data), last)]
        for count, piece in enumerate(pieces, start=1):
            self._data(self.server, self.client, piece, note)
            self.client.seen = self.server.seq
            note = ""
            if count % 2 == 0 or count == len(pieces):
                self._ack(self.client, self.server)

    def close(self, by: str = "client") -> None:
        """FIN, FIN and the last acknowledgement."""
        first, second = (self.client, self.server) if by == "client" else (self.server, self.client)
        self._fin(first, second)
        self._arrives()
        self._fin(second, first)
        self._ack(first, second)

    # ── blemishes of real life ──

    def again(self, data: bytes, wait: int) -> None:
        """The client's last `data` once more: nothing was heard for `wait` (RFC 6298)."""
        self.now += wait
        self._put(self.client, self.server, "PA", seq=self.client.seq - len(data), data=data)

    def up_swapped(self, first: bytes, second: bytes, note: str = "") -> None:
        """Two segments of the client that were captured in the wrong order, then one ACK."""
        start = self.client.seq
        self._put(self.client, self.server, "PA", seq=start + len(first), data=second)
        self._put(self.client, self.server, "A", seq=start, data=first, note=note)
        self.client.seq = start + len(first) + len(second)
        self._arrives()
        self.server.seen = self.client.seq
        self._ack(self.server, self.client)

    def give_up(self, wait: int) -> None:
        """The client closes with RST after having waited."""
        self.now += wait
        self._put(self.client, self.server, "RA", seq=self.client.seq)

    def refuse(self) -> None:
        """The server's RST in answer to the SYN (RFC 9293 §3.5.2)."""
        self._arrives()
        self.server.seen = self.client.seq + 1
        self._put(self.server, self.client, "RA", seq=0)

    def fin_unanswered(self, wait: int) -> None:
        """The client's FIN; the server acknowledges and closes without having said a word."""
        self.now += wait
        self.close()

    # ── frames ──

    def _data(self, a: End, b: End, data: bytes, note: str = "") -> None:
        self._put(a, b, "PA", seq=a.seq, data=data, note=note)
        a.seq += len(data)

    def _ack(self, a: End, b: End) -> None:
        self._put(a, b, "A", seq=a.seq)

    def _fin(self, a: End, b: End) -> None:
        self._put(a, b, "FA", seq=a.seq)
        a.seq += 1
        b.seen = a.seq

    def _arrives(self) -> None:
        jitter = self.recorder.rng.randrange(0, 1 + self.server.host.rtt_us // 20)
        self.now += self.server.host.rtt_us + jitter

    def _put(self, a: End, b: End, flags: str, *, seq: int, data: bytes = b"", note: str = "") -> None:
        self.now += self.recorder.rng.randrange(30, 400)
        stamp = (a.host.clock + self.now // 1000) & 0xFFFFFFFF
        first = [("MSS", MSS), ("SAckOK", b"")] if "S" in flags else [("NOP", None), ("NOP", None)]
        last = [("NOP", None), ("WScale", 7)] if "S" in flags else []
        segment = TCP(
            sport=a.port,
            dport=b.port,
            seq=seq & 0xFFFFFFFF,
            ack=a.seen & 0xFFFFFFFF if "A" in flags else 0,
            flags=flags,
            window=65535 if "S" in flags else 1369,
            options=[*first, ("Timestamp", (stamp, a.echo)), *last],
        )
        b.echo = stamp
        packet = a.host.ether(b.host) / segment
        self.recorder.put(self.now, packet / Raw(data) if data else packet, note)


def seconds(value: float) -> int:
    """Seconds as microseconds."""
    return round(value * US)
