"""Captures of one recording, read as one scan → their report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from analyzer.capture import Capture
from analyzer.capture.sessions import Look, follows
from analyzer.conclude import with_conclusions
from analyzer.dossiers import Dossier, attempt_hosts, load
from analyzer.flows.addresses import address_text
from analyzer.flows.table import A_HI, A_LO, A_PORT, B_HI, B_LO, B_PORT
from analyzer.locate import Locator
from analyzer.model import Endpoint, Report, Session
from analyzer.protocols.observer import SeenExchange
from analyzer.scan.assembly import Assembly, Parts
from analyzer.scan.crowd import Clearing, is_crowded
from analyzer.scan.extraction import Ends, Extracted, Extractor
from analyzer.scan.placing import placed
from analyzer.scan.region import RegionWatch
from analyzer.scan.scanning import Scan, Step
from analyzer.scan.seeded import SeededSearch
from analyzer.scan.settings import Settings
from analyzer.triggers import Watch

if TYPE_CHECKING:
    from analyzer.scan.helping import Helpers


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is: `done` and `size` in octets of the capture, `size` None where unknown."""

    path: str
    done: int
    size: int | None
    frames: int


OnProgress = Callable[[Progress], None]


def read_session(
    chain: Sequence[Look], settings: Settings, progress: OnProgress | None
) -> tuple[Report, list[Look]]:
    """The report of the first file of a chain and of all that follow it without a break; the files left.

    Raises CaptureError where the first one can't be read.
    """
    reading = Reading(settings)
    with closing(reading):
        return _read(reading, chain, progress)


def _read(reading: Reading, chain: Sequence[Look], progress: OnProgress | None) -> tuple[Report, list[Look]]:
    captures: list[tuple[str, Capture]] = []
    for position, entry in enumerate(chain):
        if position and not follows(chain[position - 1], reading.scan.tally.last_ns, entry):
            break
        capture = Capture(entry.path)
        captures.append((entry.path, capture))
        for step in reading.scan.steps(capture):
            reading.take(step)
            if progress is not None:
                source = capture.source
                progress(Progress(entry.path, source.decoded, source.size, capture.account.frames))
    read, left = chain[: len(captures)], list(chain[len(captures) :])
    return placed(with_session(reading.report(captures), read)), left


class Watcher(Protocol):
    """Somebody who looks on while a capture is read."""

    def heed(self, entry: Extracted) -> None:
        """An exchange was read."""

    def look(self, step: Step) -> None:
        """A batch was taken; its flows still have the numbers that the step says."""

    def idle(self) -> None:
        """A live capture is silent."""


class Reading:
    """One scan with all that looks at its packets; what depends on the capture's date waits for its first."""

    def __init__(self, settings: Settings, watcher: Watcher | None = None) -> None:
        self.scan = Scan(settings.wifi, watcher.idle if watcher else None, settings.share)
        self._settings, self._watcher = settings, watcher
        self._dossiers = load(*settings.dossiers)
        self._watch, self._search = Watch(), SeededSearch(settings.known)
        heed = watcher.heed if watcher else None
        self._helpers: Helpers | None = None
        # The owner's identifiers stay in this process; whoever watches is told at once.
        if settings.helpers and not (settings.known or heed):
            from analyzer.scan.helping import Helpers

            self._helpers = Helpers(settings.helpers, settings.dossiers)
        self._extractor = Extractor(
            settings.known, self._dossiers, settings.put_aside, heed, self._helpers, settings.share
        )
        self._located: tuple[Locator, RegionWatch] | None = None

    def take(self, step: Step) -> None:
        """One batch that the scan has assigned."""
        scan = self.scan
        self._region()[1].watch(step, scan.tracker)
        self._watch.look(step.packets, step.outline, step.batch.records.time_ns)
        self._search.look(step, scan.tracker.flows)
        self._extract(scan.exchanges(step))
        if self._watcher is not None:
            self._watcher.look(step)
        if is_crowded(scan):
            self._make_room(step.batch.large)

    def unanswered(self, flows: Iterable[int]) -> Iterator[Extracted]:
        """What requests of these flows give away before they are answered; none of it is kept."""
        for flow, exchange, delivered in self.scan.observer.unanswered(flows, self.scan.tracker.flows):
            seen: list[Extracted] = []
            extractor = Extractor(self._settings.known, self._dossiers, heed=seen.append)
            extractor.take(exchange, flow, self._ends(flow, exchange.direction), delivered)
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
        self._extract(scan.observer.close(scan.tracker.flows))
        extractor.settle()
        locator, region = self._region()
        http = scan.observer.http_flows
        extractor.add(self._search.hits(http), self._search.findings(http))
        self._watch.add_requests(scan.asked)
        parts = Parts(captures, scan, extractor, region, locator, self._dossiers, self._settings)
        report = Assembly(parts).report()
        report = replace(report, problems=(*report.problems, *self._search.problems()))
        return with_conclusions(report, self._watch, self._settings.log, self._dossiers)

    def close(self) -> None:
        """End what runs beside."""
        if self._helpers is not None:
            self._helpers.close()

    def _make_room(self, large: bool) -> None:
        """Put flows together that are over or long silent."""
        scan, extractor, region = self.scan, self._extractor, self._region()[1]
        extractor.settle()
        hosts = attempt_hosts(self._dossiers)
        named = {name.address for name in scan.observer.names if name.address and name.name in hosts}
        clearing = Clearing(scan, extractor.hosts(), named)
        self._extract(clearing.let_go())
        extractor.settle()
        retired = clearing.retire(region.listed(scan.tracker.count), large)
        region.renumber(retired.new, len(retired.flows))
        scan.reassembler.forget_parts(region.frames().tolist())  # of what is listed, now that this is known
        for part in (extractor, self._search):
            part.renumber(retired.row)

    def _region(self) -> tuple[Locator, RegionWatch]:
        if self._located is None:
            locator = self._settings.locator(self.scan.tally.first_ns)
            self._located = locator, RegionWatch(locator, self._settings.regions, self._settings.share)
        return self._located

    def _extract(self, seen: Iterable[SeenExchange]) -> None:
        for flow, exchange, delivered in seen:
            self._extractor.take(exchange, flow, self._ends(flow, exchange.direction), delivered)

    def _ends(self, flow: int, direction: int) -> Ends:
        """The ends of a flow; the client is A unless requests went from B to A."""
        flows = self.scan.tracker.flows
        numbers, words = flows.numbers[flow].tolist(), flows.addresses[flow].tolist()
        a = Endpoint(address_text(words[A_HI], words[A_LO]), numbers[A_PORT])
        b = Endpoint(address_text(words[B_HI], words[B_LO]), numbers[B_PORT])
        return Ends(b, a) if direction else Ends(a, b)


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
