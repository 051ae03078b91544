"""The readers of TCP flows under any order of segments, losses, dismissals and early ends raise nothing.

Mistakes raise in tests (`analyzer.system.containment`), so that what would be
contained elsewhere is seen here.
"""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from analyzer.capture import Capture
from analyzer.session.packet_reader import PacketReader
from tests import builders
from tests.pipeline.captures import NORWAY, answer, ask

# What readers take for the beginning of something, whole and in parts that only together are it.
TEXTS = (
    b"<", b"details />", b"<state />", b"{", b'"a": 1}', b"ready\r\n", b"go\r\n", b"get /x\r\n",
    b"GET /x\r\n",
    b"0 ready\r\n", b"22", b"220 m ESMTP\r\n", b"EHLO a\r\nAUTH LOGIN\r\nYQ==\r\n", b"334 x\r\n",
    b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"CONNECT b.example:443 HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    b"\x10\x14\0\4MQTT\4\2\0\x3c\0\x08phone-17", b"\x30\x06\0\1axyz", b"\5\1\0", b"\5\0", b"\xff\xfd\x18",
    b"login: ", b"<34>Oct 11 22:14:15 m su: x\n", b"\x22\xe1\x04\x80\x20", b"\0", b"\x16\3\1", b"a=1&b=2",
)  # fmt: skip
# What nobody takes for anything, and what is recognised once it is whole.
TALK = (b"ready\r\n", b"go\r\n", b"get /x\r\n")
WHOLE = (b"<details />", b'{"a": 1}', b"220 m ESMTP\r\n", b"GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n")
PORTS = (80, 25, 1883, 8080, 21, 443, 53, 1080)
FLOWS = st.integers(0, 1)
SIDES = st.integers(0, 1)


class Turns(RuleBasedStateMachine):
    """Two connections; what is sent may be held back, lost, sent again or overtaken by anything."""

    @initialize(ports=st.lists(st.sampled_from(PORTS), min_size=2, max_size=2), syn=st.booleans())
    def begin(self, ports: list[int], syn: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.ports, self.clock = ports, 0
        self.scan = PacketReader()
        self.next = [[1001, 5001] for _ in ports]
        self.held: list[bytes] = []
        self.sent: list[bytes] = []
        self.opened = 0
        self.client = [39000, 39001]
        for flow in (0, 1) if syn else ():
            self.open_anew(flow)

    @rule(flow=FLOWS)
    def open_anew(self, flow: int) -> None:
        self.client[flow], self.next[flow] = 40000 + self.opened, [1001, 5001]
        self.opened += 1
        here = {"port": self.client[flow], "to": self.ports[flow]}
        self._take([ask(NORWAY, **here), answer(NORWAY, **here)])

    def _take(self, frames: list[bytes], after_s: int = 0) -> None:
        self.clock += after_s
        path = Path(self.folder.name) / "now.pcap"
        times = [10**18 + self.clock * 10**9 + n for n in range(len(frames))]
        path.write_bytes(builders.pcap(frames, times_ns=times))
        for step in self.scan.steps(Capture(str(path))):
            list(self.scan.exchanges(step))

    def _segment(self, flow: int, side: int, data: bytes, flags: str = "PA") -> bytes:
        mine, other = self.next[flow][side], self.next[flow][1 - side]
        self.next[flow][side] = mine + len(data) + ("F" in flags)
        make: Any = answer if side else ask
        frame: bytes = make(NORWAY, data, flags, self.client[flow], self.ports[flow], seq=mine, ack=other)
        self.sent.append(frame)
        return frame

    @rule(flow=FLOWS, side=SIDES, texts=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4))
    def send(self, flow: int, side: int, texts: list[bytes]) -> None:
        self._take([self._segment(flow, side, text) for text in texts])

    @rule(flow=FLOWS, side=SIDES, text=st.sampled_from(TEXTS))
    def hold_back(self, flow: int, side: int, text: bytes) -> None:
        self.held.append(self._segment(flow, side, text))

    @rule(flow=FLOWS, side=SIDES, texts=st.lists(st.sampled_from(TEXTS), min_size=2, max_size=5))
    def send_the_first_last(self, flow: int, side: int, texts: list[bytes]) -> None:
        first, *others = [self._segment(flow, side, text) for text in texts]
        self._take([*others, first])

    @rule(flow=FLOWS, side=SIDES, texts=st.lists(st.sampled_from(TALK), min_size=1, max_size=2))
    def talk(self, flow: int, side: int, texts: list[bytes]) -> None:
        self._take([self._segment(flow, side, text) for text in texts])

    @rule(flow=FLOWS, side=SIDES, text=st.sampled_from(WHOLE), at=st.integers(1, 3), pieces=st.integers(2, 3))
    def send_in_pieces_last_first(self, flow: int, side: int, text: bytes, at: int, pieces: int) -> None:
        cuts = [0, *(at * n for n in range(1, pieces)), len(text)]
        parts = [text[low:high] for low, high in pairwise(cuts) if high > low]
        self._take([self._segment(flow, side, part) for part in parts][::-1])

    @rule(flow=FLOWS, side=SIDES, number=st.integers(0, 3), text=st.sampled_from(WHOLE), at=st.integers(1, 3))
    def talk_before_pieces(self, flow: int, side: int, number: int, text: bytes, at: int) -> None:
        self.open_anew(flow)
        if number:
            self._take([self._segment(flow, 1 - side, talk) for talk in TALK[:number]])
        self.send_in_pieces_last_first(flow, side, text, at, 2)

    @rule(mixed=st.booleans())
    def bring_what_was_held_back(self, mixed: bool) -> None:
        frames, self.held = self.held, []
        if frames:
            self._take(frames[::-1] if mixed else frames)

    @rule()
    def lose_what_was_held_back(self) -> None:
        self.held.clear()

    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        if self.sent:
            self._take([data.draw(st.sampled_from(self.sent))])

    @rule(flow=FLOWS, flags=st.sampled_from(("FA", "RA")))
    def end(self, flow: int, flags: str) -> None:
        self._take([self._segment(flow, side, b"", flags) for side in (0, 1)])

    @rule(seconds=st.integers(1, 30))
    def pass_time(self, seconds: int) -> None:
        self._take([self._segment(0, 0, b"", "A")], seconds)

    @rule(flow=FLOWS)
    def dismiss(self, flow: int) -> None:
        if flow < self.scan.tracker.count:
            self.scan.observer.clear_streams.dismiss(flow)

    @rule(flow=FLOWS)
    def evict(self, flow: int) -> None:
        if flow < self.scan.tracker.count:
            list(self.scan.observer.let_go([flow], self.scan.tracker.flows))

    @rule()
    def ask_what_waits(self) -> None:
        list(self.scan.observer.unanswered(range(self.scan.tracker.count), self.scan.tracker.flows))

    @rule()
    def renumber(self) -> None:
        count = self.scan.tracker.count
        self.scan.renumber(np.arange(count, dtype=np.int64), count)

    @invariant()
    def nothing_failed(self) -> None:
        if hasattr(self, "scan"):
            assert not self.scan.failures.problems()
            streams = self.scan.observer.clear_streams
            assert not set(streams.reading()) & streams._dismissed

    def teardown(self) -> None:
        if hasattr(self, "scan"):
            list(self.scan.observer.close(self.scan.tracker.flows))
            assert not self.scan.observer.reading()
            self.folder.cleanup()


TestTurns = Turns.TestCase
TestTurns.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
