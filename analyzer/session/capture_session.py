"""Captures of one recording, read as one scan → their report."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from analyzer.capture import Capture
from analyzer.capture.rotated_files import Look
from analyzer.conclusions.capture_conclusions import with_conclusions
from analyzer.conclusions.frame_refs import placed
from analyzer.dissectors.http_flows import BoundMetError, SeenExchange
from analyzer.dossiers import Dossier, attempt_hosts, layouts_of, load
from analyzer.geo import Locator
from analyzer.identifiers.owner_values import Hit
from analyzer.inspection.decode import decode
from analyzer.inspection.known_ciphers import keys_of
from analyzer.model import Fields, Finding, Message, Report, Session
from analyzer.session import limitations
from analyzer.session.event_watch import EventWatch
from analyzer.session.exchange_builder import ends_of
from analyzer.session.extraction import FIRST_HERE, ExchangeFindings, Extractor
from analyzer.session.flow_eviction import FlowEviction, is_crowded
from analyzer.session.known_values import KnownValueSearch
from analyzer.session.late_search import LateSearch
from analyzer.session.options import Options
from analyzer.session.packet_reader import PacketReader, Step
from analyzer.session.region_packets import RegionWatch
from analyzer.session.report_builder import ReportBuilder, SessionParts

if TYPE_CHECKING:
    from analyzer.session.coordinator import ShardCoordinator
    from analyzer.session.worker_pool import WorkerPool

# Bytes of files from which reading may be divided; exchanges to come, by what was seen so far, and
# connections for each process, from which it is.
LONG, WORTH_DIVIDING, MANY = 64 << 20, 20_000, 8
AGAIN = "{path}: read again in one process, since several would not give the same: {why}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is: `done` and `size` in bytes of the capture, `size` None where unknown."""

    path: str
    done: int
    size: int | None
    frames: int


OnProgress = Callable[[Progress], None]


def read_session(
    chain: Sequence[Look], options: Options, progress: OnProgress | None
) -> tuple[Report, list[Look]]:
    """The report of the first file of a chain and of all that follow it without a break; the files left.

    Raises CaptureError where the first one can't be read.
    """
    if may_be_divided(chain, options):
        from analyzer.session.coordinator import LostError

        try:
            return _read(chain, options, progress, True)
        except (LostError, BoundMetError) as why:
            if options.notify is not None:
                options.notify(AGAIN.format(path=chain[0].path, why=why))
    return _read(chain, options, progress, False)


def _read(
    chain: Sequence[Look], options: Options, progress: OnProgress | None, divided: bool
) -> tuple[Report, list[Look]]:
    reading = SessionReader(options)
    with closing(reading):
        if divided:
            reading.divide(chain)
        captures: list[tuple[str, Capture]] = []
        for step in reading.scan.session(chain, captures):
            reading.take(step)
            path, capture = captures[-1]
            reading.done = sum(capture.source.decoded for _, capture in captures)
            if progress is not None:
                source = capture.source
                progress(Progress(path, source.decoded, source.size, capture.account.frames))
        read, left = chain[: len(captures)], list(chain[len(captures) :])
        return placed(with_session(reading.report(captures), read)), left


def may_be_divided(chain: Sequence[Look], options: Options) -> bool:
    """Whether the exchanges of these files may be worth reading in several processes.

    The owner's identifiers stay in one, and bodies are put aside once.
    """
    if not options.helpers or options.known or options.put_aside is not None:
        return False
    return _size(chain) >= LONG and all(os.path.isfile(entry.path) for entry in chain)


def _size(chain: Sequence[Look]) -> int:
    return sum(os.path.getsize(entry.path) for entry in chain if os.path.isfile(entry.path))


class Watcher(Protocol):
    """Somebody who looks on while a capture is read."""

    def heed(self, entry: ExchangeFindings) -> None:
        """An exchange was read."""

    def look(self, step: Step) -> None:
        """A batch was taken; its flows still have the numbers that the step says."""

    def idle(self) -> None:
        """A live capture is silent."""


class SessionReader:
    """One scan with all that looks at its packets; what depends on the capture's date waits for its first."""

    def __init__(self, options: Options, watcher: Watcher | None = None) -> None:
        self._options, self._watcher = options, watcher
        self._dossiers = load(*options.dossiers)
        keys_of(self._dossiers)  # a cipher that is not right is said before anything is read
        idle = watcher.idle if watcher else None
        self.scan = PacketReader(options.wifi, idle, options.share, layouts_of(self._dossiers))
        self._watch, self._search = EventWatch(), KnownValueSearch(options.known)
        heed = watcher.heed if watcher else None
        self._helpers: WorkerPool | None = None
        self._dividing: ShardCoordinator | None = None
        self._steps = self._size = 0
        self.done = 0  # bytes of the captures that were read
        self._extractor = Extractor(
            options.known, self._dossiers, options.put_aside, heed, options.share, self.scan.failures
        )
        # The owner's identifiers stay in this process; whoever watches is told at once.
        if options.helpers and not (options.known or heed):
            self._get_help()
        self._located: tuple[Locator, RegionWatch] | None = None

    def take(self, step: Step) -> None:
        """One batch that the scan has assigned."""
        scan = self.scan
        self._steps += 1
        attempt, frame, times = scan.failures.attempt, step.first_frame, step.batch.records.time_ns
        attempt("batch", "regions", frame, self._region()[1].watch, step, scan.tracker)
        attempt("batch", "events", frame, self._watch.look, step.packets, step.outline, times)
        attempt("batch", "known identifiers", frame, self._search.look, step, scan.tracker.flows)
        self._extractor.searched.add_cut(step.ids, step.packets)
        if self._dividing is not None:
            self._dividing.step(self._steps, step, scan)
        self._extract(scan.exchanges(step))
        if self._watcher is not None:
            attempt("batch", "alerts", frame, self._watcher.look, step)
        if is_crowded(scan):
            self._make_room()
        if self._dividing is not None and not self._dividing.begun:
            self._see_whether_to_divide(self._dividing)

    def unanswered(
        self, flows: Iterable[int], is_new: Callable[[Hashable], bool]
    ) -> Iterator[ExchangeFindings]:
        """What requests of these flows give away before their answers are complete; none of it is kept.

        `is_new` is asked with what tells a request from all others; one that is not new is passed over.
        """
        waiting = self.scan.observer.unanswered(flows, self.scan.tracker.flows)
        for flow, exchange, delivered in self.scan.failures.guarded(waiting, "batch", "alerts"):
            request = exchange.request or exchange.response
            if request is None or not is_new((tuple(request.frames[:1]), request.start, request.stream)):
                continue
            seen: list[ExchangeFindings] = []
            extractor = Extractor(self._options.known, self._dossiers, heed=seen.append)
            extractor.take(
                exchange, flow, ends_of(self.scan.tracker.flows, flow, exchange.direction), delivered
            )
            yield from seen

    def locator(self) -> Locator:
        """Where addresses are looked up, from the first packet on."""
        return self._region()[0]

    @property
    def dossiers(self) -> Sequence[Dossier]:
        return self._dossiers

    def report(self, captures: Sequence[tuple[str, Capture]]) -> Report:
        """Everything that was seen, once these captures have been read to their ends."""
        scan, extractor = self.scan, self._extractor
        for step in scan.rest():
            self.take(step)
        if self._dividing is not None:
            self._dividing.end(self._steps + 1, scan)
        self._extract(scan.observer.close(scan.tracker.flows))
        extractor.settle()
        locator, region = self._region()
        http = scan.observer.http_flows
        found = scan.failures.attempt("conclusion", "known identifiers", None, self._found, http)
        extractor.add(*(found or ((), ())))
        self._watch.add_requests(scan.asked)
        parts = SessionParts(captures, scan, extractor, region, locator, self._dossiers, self._options)
        assembly = ReportBuilder(parts)
        again = LateSearch(assembly, extractor, self._options.known)
        scan.failures.attempt("conclusion", "identifiers elsewhere", None, again.run)
        report = assembly.report()
        beside = (*self._search.problems(), *self._watch.problems())
        report = replace(report, problems=(*report.problems, *beside))
        given = (report, self._watch, self._options.log, self._dossiers, _fields_of)
        drawn = scan.failures.attempt("conclusion", "conclusions", None, with_conclusions, *given)
        return with_failures(report if drawn is None else drawn, scan)

    def _found(self, http: set[int]) -> tuple[Sequence[Hit], Sequence[Finding]]:
        """The owner's identifiers outside the exchanges; `http` are flows whose exchanges were searched."""
        whole = self._extractor.read_whole()
        return self._search.hits(http, whole), self._search.findings(http, whole)

    def close(self) -> None:
        """End what runs beside."""
        self._stay_whole()
        self._extractor.spool.close()
        if self._helpers is not None:
            self._helpers.close()

    def _make_room(self) -> None:
        """Put flows together that are over or long silent."""
        scan, extractor, region = self.scan, self._extractor, self._region()[1]
        if self._dividing is not None:
            if self._dividing.begun:
                raise BoundMetError("it holds more flows than memory is meant for")
            self._stay_whole()
            self._get_help()
        extractor.settle()
        hosts = attempt_hosts(self._dossiers)
        named = {name.address for name in scan.observer.names if name.address and name.name in hosts}
        clearing = FlowEviction(scan, extractor.hosts(), named)
        self._extract(clearing.let_go())
        extractor.settle()
        retired = clearing.retire(region.listed(scan.tracker.count))
        region.renumber(retired.new, len(retired.flows))
        scan.reassembler.forget_parts(region.frames().tolist())  # of what is listed, now that this is known
        for part in (extractor, self._search):
            part.renumber(retired.row)

    def _region(self) -> tuple[Locator, RegionWatch]:
        if self._located is None:
            locator = self._options.locator(self.scan.tally.first_ns)
            self._located = locator, RegionWatch(locator, self._options.regions, self._options.share)
        return self._located

    def divide(self, chain: Sequence[Look]) -> None:
        """Have the exchanges of these files read in several processes, once many are seen."""
        from analyzer.session.coordinator import ShardCoordinator

        self._helpers, self._size = None, _size(chain)
        self._extractor.lend(None)
        self._dividing = ShardCoordinator(chain, self._options, self.scan.observer.notes.recent)
        self.scan.observer.http.elsewhere = self._dividing

    def _see_whether_to_divide(self, dividing: ShardCoordinator) -> None:
        """Begin where many exchanges of many connections are to come; where of few, have them examined."""
        if dividing.prepared:
            if dividing.is_ready():
                dividing.begin(self._steps + 1, self.scan.tracker.count)
        elif self._extractor.taken >= FIRST_HERE:
            to_come = self._extractor.taken * (self._size - self.done) / max(self.done, 1)
            if to_come >= WORTH_DIVIDING and len(self.scan.observer.http_flows) >= MANY * dividing.count:
                dividing.prepare()
            else:
                self._stay_whole()
                self._get_help()

    def _stay_whole(self) -> None:
        """Read all that is to come here."""
        if self._dividing is not None:
            self.scan.observer.http.elsewhere = None
            self._dividing.close()
            self._dividing = None

    def _get_help(self) -> None:
        from analyzer.session.worker_pool import WorkerPool

        self._helpers = WorkerPool(self._options.helpers, self._options.dossiers)
        self._extractor.lend(self._helpers)

    def _extract(self, seen: Iterable[Any]) -> None:
        for one in seen:
            if isinstance(one, SeenExchange):
                ends = ends_of(self.scan.tracker.flows, one.flow, one.exchange.direction)
                self._extractor.take(one.exchange, one.flow, ends, one.delivered)
            else:  # examined where it was read
                self._extractor.keep_read(one)


def _fields_of(message: Message) -> Fields:
    """The fields of a message."""
    return decode(message).fields


def with_failures(report: Report, scan: PacketReader) -> Report:
    """The report with what could not be read because a part of this program failed."""
    met = scan.failures.problems()
    if not met:
        return report
    return replace(
        report,
        problems=(*report.problems, *met),
        blind_spots=(*report.blind_spots, *limitations.of_failures(scan)),
    )


def with_session(report: Report, read: Sequence[Look]) -> Report:
    """The report with why its captures were read as one, where there are several."""
    if len(read) < 2:
        return report
    named = len({entry.pattern for entry in read}) == 1
    names = (
        "their names differ in numbers only" if named else "each begins within a minute of the one before it"
    )
    why = f"the same format, link types and snapshot length, times one after the other, and {names}"
    infos = report.captures
    gaps = [
        (after.first_ns - before.last_ns) // 1000
        for before, after in pairwise(infos)
        if after.first_ns is not None and before.last_ns is not None
    ]
    return replace(report, sessions=(Session(tuple(range(len(infos))), why, tuple(gaps)),))
