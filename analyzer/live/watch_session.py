"""Feeds, one after the other → events while they are read, and one report of all of them."""

from __future__ import annotations

import select
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

from analyzer.capture import Capture
from analyzer.conclusions.frame_refs import placed
from analyzer.conclusions.steps import concluded
from analyzer.live.alert_summary import AlertSummary
from analyzer.live.alerts import AlertRules
from analyzer.live.dedup import SHARE, SeenOnce, give_back
from analyzer.live.delivery_queue import DeliveryQueue
from analyzer.live.drop_monitor import DropMonitor
from analyzer.live.events import Event
from analyzer.live.flow_view import FlowView, board
from analyzer.live.rotation import RotatedFile, Rotation
from analyzer.live.shutdown import Stop
from analyzer.live.sources import Feed, GrowingFile
from analyzer.live.watch_problems import joined, of_evidence, of_losses, uncounted
from analyzer.model import CaptureError, Problem, Report
from analyzer.report.units import span
from analyzer.session.capture_session import SessionReader
from analyzer.session.extraction import ExchangeFindings
from analyzer.session.options import Options
from analyzer.session.packet_reader import Step

NS = 1_000_000_000
# Seconds before a program is run again: doubled each time that it gave no packet.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# Connections with packets, beyond which no further one is made: a report names each of them, and each takes
# some kilobytes.
MOST_CONNECTIONS = 4096
# Seconds between two looks at what a program lost, and events that a view shows.
ASK_EVERY, MOST_SHOWN = 2.0, 200
# Seconds without a first packet after which that is said, and between two looks for it.
SILENT, FIRST_LOOK = 30.0, 0.25
# The share of the time that may go into the tables of a view.
BOARD_SHARE = 0.05
MOST_VALUES = 16_000

Open = Callable[[], Feed]


class Sink(Protocol):
    """Somebody who is told of events."""

    def take(self, event: Event, number: int) -> None: ...


class WatchView:
    """A picture of the session, drawn anew from time to time; this one shows nothing."""

    def draw(self, session: WatchSession) -> None:
        """The session as it stands."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""


@dataclass
class Counts:
    """What was counted so far."""

    frames: int = 0
    connections: int = 0
    started: float = field(default_factory=time.monotonic)
    pings: Counter[str] = field(default_factory=Counter)  # by status as last told
    identifiers: Counter[str] = field(default_factory=Counter)  # different ones, by kind
    events: int = 0


class WatchSession:
    """One run: `run` reads until its feeds end or the wish to stop comes, `report` tells all of it.

    `opens` gives the next feed; with `again` it is asked for another whenever one ends.
    """

    def __init__(
        self,
        options: Options,
        stop: Stop,
        outlets: Sequence[Sink] = (),
        *,
        masked: bool = False,
    ) -> None:
        """`masked` hides what identifies from everybody who is told."""
        self.counts, self.shown = Counts(), deque[Event](maxlen=MOST_SHOWN)
        self.board, self.source = FlowView(), ""
        self.rotation: Rotation | None = None
        self.view = WatchView()
        self.summary = AlertSummary()
        self.run_number: int | None = None  # among those that wrote into the same file of events
        self._stop, self._outlets, self._masked = stop, tuple(outlets), masked
        self.queues = [outlet for outlet in outlets if isinstance(outlet, DeliveryQueue)]
        self.reading = SessionReader(replace(options, share=SHARE), self)
        self._noticing = AlertRules(self.tell, options.regions, self.reading)
        self.losses = DropMonitor(lambda sentence: self.say("loss", sentence))
        self._captures: list[tuple[str, Capture]] = []
        self._problems: list[Problem] = []
        self.notice: str | None = None
        self._feed: Feed | None = None
        self._capture: Capture | None = None
        self._asked = self._boarded = 0.0
        self._said_problems, self._is_over = 0, False
        self._opened_at, self._is_silent = 0.0, False
        self._broken_since: float | None = None
        self._uncounted: dict[str, None] = {}  # feeds that do not count their losses
        self._board_took = 0.0
        self._values: SeenOnce[tuple[str, str]] = SeenOnce(MOST_VALUES)

    # ── reading ─────────────────────────────────────────────────────────

    def run(self, opens: Open, *, again: bool = False) -> None:
        """Read to the end of the feed; CaptureError where not one connection could be read."""
        pause, failure, is_news = FIRST_PAUSE, "", True
        while not self._stop.is_set():
            before = self.counts.frames
            try:
                self._connect(opens())
                is_news = True
            except CaptureError as error:
                is_news, failure = str(error) != failure, str(error)
                if is_news and not self._stop.is_set():
                    self.say("source", failure, alert=again or bool(self._captures))
            replaced = isinstance(self._feed, GrowingFile) and self._feed.is_replaced
            if self._stop.is_set() or not (again or replaced) or self._has_enough():
                break
            had_packets = self.counts.frames > before
            if replaced and had_packets:
                continue
            self._broken_since = self._broken_since or time.monotonic()
            pause = FIRST_PAUSE if replaced or had_packets else min(pause * 2, LONGEST_PAUSE)
            if not replaced and is_news:
                grow = f", with pauses that grow to {span(int(LONGEST_PAUSE * NS))}"
                self.say("source", f"it is opened again in {span(int(pause * NS))}{grow}")
            if self._wait(pause):
                break
        if self._stop.why:
            self.say("source", f"the watch ends: {self._stop.why}", alert=False)
        if not self._captures:
            raise CaptureError(failure or f"{self.source or 'watch'}: no packet came")

    def _has_enough(self) -> bool:
        """Whether there were as many connections as a report can tell of, which is said."""
        if len(self._captures) < MOST_CONNECTIONS:
            return False
        most = f"{MOST_CONNECTIONS:,} connections"
        sentence = f"{most} were read, as many as one report tells of: the watch ends"
        self.say("source", sentence)
        self.problem("connections-live", f"{sentence}; what came later is not in this report")
        return True

    def _connect(self, feed: Feed) -> None:
        """One connection from its beginning to its end."""
        self._feed, self.source = feed, feed.name
        tallies = self.reading.scan.tallies
        position = len(tallies)
        self.counts.connections += 1
        self._say_listening(feed)
        self._draw()
        self._await_first(feed)
        capture = self._opened(feed)
        empty = ""
        try:
            for step in self.reading.scan.steps(capture):
                self._take(step)
        except CaptureError as error:
            empty = str(error)
        finally:
            # One that never showed a packet leaves no trace in the session.
            if capture.account.frames:
                self._captures.append((feed.name, capture))
                if not (feed.counts_losses or _counts_losses(capture)):
                    self._uncounted[feed.name] = None
            else:
                del tallies[position:]
            feed.close()
            ending = feed.ending()
            self.losses.look(feed.lost, capture.account)
            self.losses.next_connection()
        if ending and not empty:
            self.say("source", f"{feed.name}: {ending}")
        self._say_problems(capture)
        if empty:
            raise CaptureError(f"{feed.name}: {ending}" if ending else empty)

    def _await_first(self, feed: Feed) -> None:
        """Wait for the first bytes, while the view goes on."""
        self._capture, self._opened_at, self._is_silent = None, time.monotonic(), True
        while not self._stop.is_set():
            if select.select([feed.fileno(), self._stop.fd], [], [], FIRST_LOOK)[0]:
                return
            self._tick()

    def _say_silence(self) -> None:
        """Say once that no packet has come for long, as on an interface without traffic."""
        feed = self._feed
        if feed is None or not self._is_silent or time.monotonic() - self._opened_at < SILENT:
            return
        self._is_silent = False
        self.say("source", f"no packet yet after {span(int(SILENT * NS))}: {feed.doubt()}")

    def _say_problems(self, capture: Capture) -> None:
        """Say what is new of what is wrong with the stream."""
        problems = capture.account.problems
        for problem in problems[self._said_problems :]:
            self.say("source", problem.what)
        self._said_problems = len(problems)

    def _say_listening(self, feed: Feed) -> None:
        since, self._broken_since = self._broken_since, None
        after = f" again, after {span(int((time.monotonic() - since) * NS))}" if since is not None else ""
        self.say("source", f"listening to {feed.name}{after}", alert=since is not None)

    def _opened(self, feed: Feed) -> Capture:
        """The capture of a feed; CaptureError with what the program said where nothing came."""
        try:
            self._capture, self._said_problems = Capture(feed.name, feed), 0
        except CaptureError as error:
            feed.close()
            why = feed.ending()
            raise CaptureError(f"{feed.name}: {why}" if why else str(error)) from None
        return self._capture

    def _take(self, step: Step) -> None:
        captured = step.captured
        if captured is not None and self.rotation is not None:
            was_failing = self.rotation.failed
            self.rotation.take(captured)
            if self.rotation.failed and not was_failing:
                self.say("evidence", self.rotation.failed)
        if self.notice is None and self.reading.scan.tally.notice is not None:
            self.notice = self.reading.scan.tally.notice
            self.say("source", f"RECONSTRUCTION, not traffic of a real phone: {self.notice}")
        flows = self.reading.scan.tracker.count
        self.reading.take(step)
        if self.reading.scan.tracker.count < flows:  # some were put together
            give_back()
        self._noticing.settle(self.reading.scan.observer.names)
        if captured is not None and len(captured.records):
            self.counts.frames += len(captured.records)
            self._is_silent = False
            self.losses.packet(int(step.batch.records.time_ns[-1]))
        self._tick()

    def _wait(self, seconds: float) -> bool:
        """Wait while the view goes on; whether the wish to stop came."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._stop.wait(min(left, 0.25)):
                return True
            self._say_deliveries()
            self._draw()
        return self._stop.is_set()

    # ── looking on (`reading.Watcher`) ──────────────────────────────────

    def heed(self, entry: ExchangeFindings) -> None:
        self._noticing.heed(entry)

    def look(self, step: Step) -> None:
        self._noticing.look(step)

    def idle(self) -> None:
        self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        self._say_deliveries()
        self._say_summary()
        self._say_silence()
        if self._feed is not None and self._capture is not None:
            if now - self._asked >= ASK_EVERY and self.counts.frames:
                self._asked = now
                self._feed.ask()
            self._say_problems(self._capture)
            self.losses.look(self._feed.lost, self._capture.account)
            self.losses.look_at_gaps(self.reading.scan.observer.gaps, self.reading.scan.observer.gap_bytes)
        if self._feed is not None and (news := self._feed.news()):
            self.say("source", news)
        self._draw()

    def _draw(self) -> None:
        if type(self.view) is WatchView:
            return
        now = time.monotonic()
        if now - self._boarded >= max(1.0, self._board_took / BOARD_SHARE):
            self.board = board(self.reading.scan.tracker.seen(), self._noticing.names.get, 12)
            self._boarded = time.monotonic()
            self._board_took = self._boarded - now
        self.view.draw(self)

    # ── telling ─────────────────────────────────────────────────────────

    def say(
        self, kind: str, sentence: str, *, alert: bool = True, details: Mapping[str, Any] | None = None
    ) -> None:
        """Something about the session itself."""
        self.tell(Event(kind, sentence, time.time_ns(), alert, details=details or {}))

    def _say_summary(self, at_end: bool = False) -> None:
        for sentence in self.summary.due(at_end):
            self.say("summary", sentence)

    def _say_deliveries(self) -> None:
        """Receivers that failed, or work again."""
        for box in self.queues:
            for notice in box.notices():
                details = {"receiver": notice.receiver, "working": notice.is_working}
                # What is known when all receivers are done can be told to none of them.
                self.say("receiver", notice.sentence, alert=not self._is_over, details=details)

    def tell(self, event: Event) -> None:
        """Hand an event to everybody who is told."""
        if self.notice is not None:  # a synthetic capture says so in every event
            event = replace(event, details={**event.details, "reconstruction": self.notice})
        if self.rotation is not None and event.alert and event.kind in ("ping", "identifier", "name"):
            where = self.rotation.mark(event.frame)
            if where is not None:
                name, frame = where
                event = replace(event, details={**event.details, "evidence": {"file": name, "frame": frame}})
        event = self.summary.passed(event)
        if self.run_number is not None:
            event = replace(event, details={**event.details, "run": self.run_number})
        self.counts.events += 1
        self._count(event)
        event = event.masked() if self._masked else event
        self._show(event)
        for outlet in self._outlets:
            outlet.take(event, self.counts.events)

    def _show(self, event: Event) -> None:
        """Keep an alert for the view; what adds to it takes its line."""
        if event.is_further:
            for index, shown in enumerate(self.shown):
                if shown.kind == event.kind and shown.frame == event.frame:
                    self.shown[index] = event
                    return
        if event.alert or event.is_further:
            self.shown.append(event)

    def tell_file(self, what: str, written: RotatedFile) -> None:
        """A file of the evidence capture was ended or removed."""
        says = f"{written.path.name}: {what}"
        details = {"file": written.path.name, "frames": written.frames, "sha256": written.sha256}
        alert = "with what was found" in what
        self.tell(Event("evidence", says, time.time_ns(), alert, details=details))

    def _count(self, event: Event) -> None:
        if event.kind == "ping":
            status = str(event.details.get("status", ""))
            self.counts.pings[status] += 1
            self.counts.pings["all"] += not event.details.get("further")
        elif event.kind == "identifier":
            kind = str(event.details.get("kind", ""))
            if self._values.is_new((kind, str(event.details.get("value", "")))):
                self.counts.identifiers[kind] += 1

    # ── the end ─────────────────────────────────────────────────────────

    def problem(self, code: str, sentence: str, count: int = 1) -> None:
        """Have the report say something of the session beside the results."""
        self._problems.append(Problem(code, sentence, count=count))

    def end(self) -> None:
        """Nothing more comes: end the evidence capture, and what waits to be delivered."""
        self._say_summary(at_end=True)
        if self.rotation is not None:
            self.rotation.close()
        self._is_over = True
        for box in self.queues:
            box.begin_to_end()
        for box in self.queues:
            box.close()
            if said := box.account():
                self.problem("alerts-live", said, box.failed + box.left_out)
        self._say_deliveries()

    def report(self, device: str | None = None, tac: str | None = None) -> Report:
        """Everything that was seen in all connections."""
        report = self.reading.report(self._captures)
        met = (*self._problems, *of_losses(self.losses), *of_evidence(self.rotation))
        spots = (*uncounted(list(self._uncounted)), *report.blind_spots)
        report = replace(report, problems=(*report.problems, *met), blind_spots=spots)
        if len(self._captures) > 1:
            report = replace(report, sessions=(joined(report),))
        return concluded([placed(report)], device, tac)


def _counts_losses(capture: Capture) -> bool:
    """Whether the stream itself says how many packets were lost."""
    return any(one.dropped is not None for one in capture.account.interfaces)
