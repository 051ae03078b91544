"""Reading by several processes, as tests want it: from any batch on, small batches, any flow anywhere.

Threads stand for the processes, so that a test takes no time to start them; they share nothing but the pipes.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from unittest.mock import patch

from analyzer.capture import pcap, pcapng, snoop
from analyzer.capture.rotated_files import Look
from analyzer.session import capture_session, coordinator, extraction, shard_worker
from analyzer.session.shard_worker import ShardTask, Start


class InThread:
    """Serves a share in a thread of this process."""

    def __init__(self, connection: Connection, task: ShardTask) -> None:
        self._thread = threading.Thread(target=shard_worker.serve, args=(connection, task), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()


class Seen:
    """What became of the divisions under `dividing_from`."""

    def __init__(self) -> None:
        self.starts: list[tuple[int, int]] = []
        self.elsewhere = 0  # payloads and ends of flows that were read elsewhere
        self.told: list[str] = []  # why it was read again


@contextmanager
def dividing_from(
    exchanges: int, chance: random.Random, frames: int = 20, threads: bool = True
) -> Iterator[Seen]:
    """Divide any capture once so many exchanges were read, or from the start for -1, each flow to anybody.

    Without `threads` there are processes, and batches as large as ever.
    """
    seen = Seen()
    begin, read, close_flow = (
        coordinator.ShardCoordinator.begin,
        coordinator.ShardCoordinator.read,
        coordinator.ShardCoordinator.close_flow,
    )

    def and_note(self: coordinator.ShardCoordinator, number: int, flow: int) -> None:
        seen.starts.append(tuple(Start(number, flow)))
        begin(self, number, flow)

    def and_count(self: coordinator.ShardCoordinator, flow: int) -> object:
        seen.elsewhere += 1
        return read(self, flow)

    def and_count_end(self: coordinator.ShardCoordinator, flow: int) -> object:
        seen.elsewhere += 1
        return close_flow(self, flow)

    def table_of(count: int) -> tuple[int, ...]:
        return tuple(chance.randrange(-1, count) for _ in range(chance.randint(1, 20)))

    divide = capture_session.SessionReader.divide

    def at_once(self: capture_session.SessionReader, chain: Sequence[Look]) -> None:
        divide(self, chain)
        assert self._dividing is not None
        self._dividing.prepare()
        self._dividing.begin(1, 0)

    with ExitStack() as stack:
        if exchanges < 0:
            stack.enter_context(patch.object(capture_session.SessionReader, "divide", at_once))
        for where, name, value in (
            (capture_session, "LONG", 0),
            (capture_session, "WORTH_DIVIDING", -1),
            (capture_session, "MANY", 0),
            (capture_session, "FIRST_HERE", exchanges),
            (extraction, "FIRST_HERE", exchanges),
            (coordinator, "table_of", table_of),
            (coordinator.Partner, "is_ready", lambda partner: partner._connection.poll(60)),
            (coordinator.ShardCoordinator, "begin", and_note),
            (coordinator.ShardCoordinator, "read", and_count),
            (coordinator.ShardCoordinator, "close_flow", and_count_end),
        ):
            stack.enter_context(patch.object(where, name, value))
        if threads:
            stack.enter_context(patch.object(coordinator, "spawned", InThread))
            for module in (pcap, pcapng, snoop):
                stack.enter_context(patch.object(module, "room_for", lambda _: frames))
        yield seen
