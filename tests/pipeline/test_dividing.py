"""One capture read by several processes: the report is that of one pass, to the byte."""

from __future__ import annotations

import os
import random
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer import analyze
from analyzer.capture.rotated_files import look
from analyzer.dissectors import dispatcher, http_flows, stream_log
from analyzer.identifiers.owner_values import KnownValues
from analyzer.session import (
    capture_session,
    coordinator,
    exchange_budget,
    extraction,
    flow_eviction,
    shard_worker,
)
from analyzer.session.options import Options
from analyzer.session.packet_reader import PacketReader, Step
from tests import builders
from tests.builders import START_NS, conversation, http_request, http_response, udp
from tests.corpus.captures import bytes_of
from tests.examples import examples
from tests.pipeline.divided import dividing_from

SERVERS = ("202.96.209.133", "129.240.2.6", "93.184.216.34")
PHONES = ("192.168.1.10", "192.168.1.11", "192.168.1.12")
BODY = b"imei=490154203237518&mac=00:00:5e:00:53:a7&model=TA-1046"
HELLO = bytes.fromhex("16030100310100002d0303") + bytes(32) + bytes.fromhex("000002130101000002002b")
NAMES = ("a.example", "b.example", "cn.example")


def dns(name: str, address: str, number: int) -> bytes:
    """An answer to a question for a name."""
    label = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    head = number.to_bytes(2, "big") + bytes.fromhex("81800001000100000000")
    answer = bytes.fromhex("c00c0001000100000e100004") + bytes(map(int, address.split(".")))
    return udp(head + label + bytes.fromhex("00010001") + answer, up=False)


@dataclass(frozen=True)
class Turn:
    """A request and its answer; None where none came."""

    method: str
    size: int
    status: int | None

    def messages(self, number: int, host: str) -> list[tuple[bool, bytes]]:
        body = BODY + b"x" * self.size if self.method == "POST" else b""
        target = f"/{number}?mac=00-00-5e-00-53-a7" if self.size % 2 else f"/{number}"
        sent = http_request(self.method, target, host, body)
        if self.status is None:
            return [(True, sent)]
        return [(True, sent), (False, http_response(self.status, b"y" * self.size))]


@dataclass(frozen=True)
class Flow:
    """A connection: who talks to whom, what is said, and what the way does to its segments."""

    phone: str
    server: str
    host: str
    port: int
    turns: tuple[Turn, ...]
    opening: bytes  # sent before the first request
    closes: bool
    harm: tuple[tuple[int, str], ...]

    def frames(self) -> list[bytes]:
        messages = [(True, self.opening)] if self.opening else []
        for number, turn in enumerate(self.turns):
            messages += turn.messages(number, self.host)
        ends = (40000 + self.port, 80)
        made = conversation(
            *messages, close=self.closes, server=self.server, ports=ends, phone=self.phone, most=300
        )
        return harmed(made, self.harm)


def harmed(frames: Sequence[bytes], harm: Sequence[tuple[int, str]]) -> list[bytes]:
    """Frames lost, swapped, sent again, and sent again with other content."""
    made = list(frames)
    for place, what in harm:
        at = place % len(made)
        if what == "lost" and len(made) > 4:
            del made[at]
        elif what == "swapped" and at + 1 < len(made):
            made[at], made[at + 1] = made[at + 1], made[at]
        elif what == "again":
            made.insert(min(at + place % 5, len(made)), made[at])
        elif what == "other":
            made.insert(at + 1, made[at][:-1] + bytes([made[at][-1] ^ 1]))
    return made


turns = st.builds(
    Turn, st.sampled_from(("GET", "POST", "HEAD")), st.integers(0, 1500),
    st.sampled_from((200, 204, 302, 100, None)),
)  # fmt: skip
flows = st.builds(
    Flow, st.sampled_from(PHONES), st.sampled_from(SERVERS), st.sampled_from(NAMES), st.integers(0, 30),
    st.lists(turns, min_size=1, max_size=5).map(tuple),
    st.sampled_from((b"", b"", b"", HELLO, b"\x05\x01\x00", b"CONNECT x.example:443 HTTP/1.1\r\n\r\n")),
    st.booleans(),
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(("lost", "swapped", "again", "other"))), max_size=4
    ).map(tuple),
)  # fmt: skip
answers = st.builds(dns, st.sampled_from(NAMES), st.sampled_from(SERVERS), st.integers(1, 9))


def woven(parts: Sequence[Sequence[bytes]], chance: random.Random) -> list[bytes]:
    """The frames of several flows, each in its order."""
    left, made = [list(part) for part in parts if part], []
    while left:
        part = chance.choice(left)
        count = chance.randint(1, 6)
        made += part[:count]
        del part[:count]
        left = [part for part in left if part]
    return made


@given(
    made=st.lists(flows, min_size=3, max_size=12),
    named=st.lists(answers, max_size=5),
    seconds=st.sampled_from((0, 1, 3)),
    first=st.sampled_from((-1, -1, -1, 0, 2)),
    jobs=st.integers(2, 4),
    batch=st.integers(2, 40),
    chance=st.randoms(use_true_random=False),
)
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_division_of_any_flows_gives_the_report_of_one_pass(
    made: list[Flow], named: list[bytes], seconds: int, first: int, jobs: int, batch: int,
    chance: random.Random,
) -> None:  # fmt: skip
    frames = woven([*(flow.frames() for flow in made), *([frame] for frame in named)], chance)
    step = seconds * 10**9 or 10**6
    times = [START_NS + number * step for number in range(len(frames))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.pcap"
        path.write_bytes(builders.pcap(frames, times_ns=times))
        with dividing_from(first, chance, frames=batch) as seen:
            alone = bytes_of(analyze(path))
            assert bytes_of(analyze(path, jobs=jobs, notify=seen.told.append)) == alone
        assert seen.told == []


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Sixty connections, one after the other, in several batches."""
    frames: list[bytes] = []
    for number in range(60):
        # In every other one there is nothing to find.
        body = BODY if number % 2 else b""
        sent = http_request("POST" if body else "GET", f"/{number}", NAMES[number % 3], body)
        ends = {"server": SERVERS[number % 3], "ports": (41000 + number, 80)}
        frames += conversation((True, sent), (False, http_response(200, b"z" * 20_000)), **ends)
    # A tunnel of which nothing is handed on once TLS is seen in it, and answers before the final one.
    opened = http_request("CONNECT", "x.example:443", "x.example:443")
    record = b"\x17\x03\x03\x04\x00" + bytes(1024)
    tunnel = [(True, opened), (False, b"HTTP/1.1 200 OK\r\n\r\n"), (True, HELLO), *[(True, record)] * 80]
    frames += conversation(*tunnel, ports=(42000, 80))
    early = b"HTTP/1.1 100 Continue\r\n\r\n"
    sent = http_request("GET", "/early", NAMES[0])
    for port in range(42001, 42007):
        turns = ((True, sent), (False, early), (False, http_response(200, b"z" * 3000)))
        frames += conversation(*turns, ports=(port, 80))
    path = tmp_path / "many.pcap"
    path.write_bytes(builders.pcap(frames))
    return path


def test_processes_read_what_threads_read(many: Path) -> None:
    alone = analyze(many)
    assert len(alone.messages) == 120 + 2 + 18
    for threads in (True, False):
        with dividing_from(-1, random.Random(1), threads=threads) as seen:
            assert bytes_of(analyze(many, jobs=3, notify=seen.told.append)) == bytes_of(alone)
        assert len(seen.starts) == 1
        assert seen.elsewhere > 20
        assert seen.told == []


def test_where_a_process_dies_all_is_read_again_and_it_is_said(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    with dividing_from(-1, random.Random(1), threads=False) as seen:
        begin = coordinator.ShardCoordinator.begin

        def and_kill(self: coordinator.ShardCoordinator, number: int, flow: int) -> None:
            # Before it is told to read: a moment later it may have told all there is.
            killed.append(self._partners[0]._process.process.pid)
            os.kill(killed[0], signal.SIGKILL)
            begin(self, number, flow)

        monkeypatch.setattr(coordinator.ShardCoordinator, "begin", and_kill)
        report = analyze(many, jobs=2, notify=seen.told.append)
    assert killed
    assert bytes_of(report) == bytes_of(analyze(many))
    assert [sentence.partition(": ")[2] for sentence in seen.told] == [
        "read again in one process, since several would not give the same: one of them has ended"
    ]


def test_where_a_process_says_what_cannot_be_all_is_read_again(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(number: int, step: Step, scan: PacketReader) -> shard_worker.Sign:
        return shard_worker.Sign(number, 1 + len(step.packets), scan.tracker.count, step.batch.first_frame)

    monkeypatch.setattr(shard_worker, "sign_of", wrong)  # in the threads; the other one has its own
    with dividing_from(3, random.Random(1)) as seen:
        assert bytes_of(analyze(many, jobs=2, notify=seen.told.append)) == bytes_of(analyze(many))
    assert len(seen.told) == 1


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("where", "name", "value", "why"),
    [
        (flow_eviction, "MOST_FLOWS", 20, "more flows"),
        (dispatcher, "MOST_READ", 5, "readers"),
        (dispatcher, "MOST_HELD", 1, "readers"),
        (dispatcher, "WEIGHED_EVERY", 1, ""),
        (dispatcher, "MOST_NAMES", 2, ""),
        (extraction, "CONTENT_BUDGET", 60_000, ""),
        (extraction, "CONTENT_BUDGET", 900_000, ""),
        (exchange_budget, "MOST_OTHERS", 90_000, ""),
        (exchange_budget, "MOST_EVIDENT", 90_000, ""),
        (stream_log, "MOST_LISTED", 2, ""),
    ],
)
def test_where_a_bound_is_met_the_report_is_that_of_one_pass(
    many: Path, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, value: int, why: str
) -> None:
    monkeypatch.setattr(where, name, value)
    if name in ("MOST_HELD", "MOST_READ"):
        monkeypatch.setattr(dispatcher, "WEIGHED_EVERY", 1)
        monkeypatch.setattr(http_flows, "LINGER_NS", 10**15)
    alone = analyze(many)
    with dividing_from(1, random.Random(2)) as seen:
        # Batches are as small in one pass: bounds that are looked at once a batch are met at the same place.
        alone = analyze(many)
        assert bytes_of(analyze(many, jobs=3, notify=seen.told.append)) == bytes_of(alone)
    assert seen.starts
    assert len(seen.told) == bool(why)
    assert all(why in sentence for sentence in seen.told)


def test_what_is_cut_weighs_less_wherever_it_was_read(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "CONTENT_BUDGET", 200_000)
    monkeypatch.setattr(exchange_budget, "MOST_OTHERS", 280_000)
    with dividing_from(-1, random.Random(4)) as seen:
        alone = analyze(many)
        assert {"content-budget", "exchanges-unlisted"} <= {problem.code for problem in alone.problems}
        assert bytes_of(analyze(many, jobs=2, notify=seen.told.append)) == bytes_of(alone)
    assert seen.told == []


def test_what_one_pass_has_forgotten_is_not_held_against_a_repetition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_log, "MOST_BYTES", 12_000)
    frames: list[bytes] = []
    for number in range(40):
        sent = http_request("POST", f"/{number}", NAMES[0], BODY)
        turns = ((True, sent), (False, http_response(200, b"z" * 4000)))
        frames += conversation(*turns, ports=(41000 + number, 80), close=False)
    again = [frame for frame in frames if len(frame) > 1000][20:60]
    path = tmp_path / "again.pcap"
    path.write_bytes(builders.pcap([*frames, *again]))
    with dividing_from(-1, random.Random(3)) as seen:
        monkeypatch.setattr(coordinator, "table_of", lambda _: (0, 1))
        alone = analyze(path)
        assert "repeat-unchecked" in {problem.code for problem in alone.problems}
        assert bytes_of(analyze(path, jobs=2, notify=seen.told.append)) == bytes_of(alone)
    assert len(seen.told) == 1
    assert "forgotten" in seen.told[0]


def test_small_captures_and_identifiers_of_the_owner_stay_in_one_process(many: Path) -> None:
    chain = [look(str(many))]
    assert not capture_session.may_be_divided(chain, Options(jobs=2))
    with dividing_from(3, random.Random(1)):
        assert capture_session.may_be_divided(chain, Options(jobs=2))
        assert not capture_session.may_be_divided(chain, Options())
        known = KnownValues.parse("imei=490154203237518")
        assert not capture_session.may_be_divided(chain, Options(jobs=2, known=known))


def test_captures_of_others_give_the_same_divided(corpus: Path) -> None:
    found = [path for path in sorted((corpus / "captures").rglob("*")) if path.is_file()]
    chance = random.Random(8)
    divided = 0
    for path in chance.sample([p for p in found if p.stat().st_size < 200_000], 40):
        with dividing_from(-1, chance, frames=chance.choice((10, 100))) as seen:
            alone = bytes_of(analyze(path))
            assert bytes_of(analyze(path, jobs=2, notify=seen.told.append)) == alone
        divided += seen.elsewhere > 0
    assert divided
