"""analyze(): a capture in, a Report out. The whole story on one screen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from analyzer.assembly import Assembly, Parts
from analyzer.capture import Capture
from analyzer.conclude import with_conclusions
from analyzer.conclude.identifiers import identifiers
from analyzer.conclude.merging import failed, merge
from analyzer.conclude.narrowing import only_device
from analyzer.detect.known import Known
from analyzer.dossiers import load
from analyzer.extraction import Ends, Extractor
from analyzer.flows.addresses import address_text
from analyzer.flows.table import A_HI, A_LO, A_PORT, B_HI, B_LO, B_PORT
from analyzer.flows.tracker import FlowTracker
from analyzer.locate import Locator
from analyzer.locate.given import Given
from analyzer.model import CaptureError, Endpoint, Report
from analyzer.packets.wifi import WifiKey
from analyzer.protocols.observer import SeenExchange
from analyzer.region import RegionWatch
from analyzer.scanning import Scan
from analyzer.seeded import SeededSearch
from analyzer.settings import Settings
from analyzer.triggers import LogEntry, Watch


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is: `done` and `size` in octets of the capture, `size` None where unknown."""

    path: str
    done: int
    size: int | None
    frames: int


OnProgress = Callable[[Progress], None]


def analyze(
    *paths: str | os.PathLike[str],
    regions: Sequence[str] = ("CN",),
    device: str | None = None,
    known: Known | None = None,
    wifi: Sequence[WifiKey] = (),
    origin: str | None = None,
    geo: Sequence[str | os.PathLike[str]] = (),
    geo_date: date | None = None,
    dossiers: Sequence[str | os.PathLike[str]] = (),
    log: Sequence[LogEntry] = (),
    progress: OnProgress | None = None,
) -> Report:
    """Read captures and report what left the phone readable, and where everything went.

    `paths` are capture files, or "-" for standard input. `regions` are ISO 3166-1 alpha-2 codes,
    `device` is the MAC or IP address of the one device to report on, `known` holds the owner's own
    identifiers, `wifi` keys that open encrypted Wi-Fi networks. `origin` is the country where the capture
    was made, against which round trips are held; `geo` are MaxMind DB files of the user's own, and
    `geo_date` stands for the capture's date in the choice of databases. `dossiers` are directories with
    dossiers of the user's own, `log` is what was done to the phone meanwhile (`triggers.read_log`). Raises
    CaptureError where no capture can be read (when one of several can't, that is a Problem of the report),
    ValueError where one of `geo` or `dossiers` can't be used.
    """
    settings = Settings(
        regions=tuple(regions),
        known=known or Known.none(),
        wifi=tuple(wifi),
        origin=origin,
        geo=tuple(Given(os.fspath(path)) for path in geo),
        geo_date=geo_date,
        dossiers=tuple(os.fspath(path) for path in dossiers),
        log=tuple(log),
    )
    reports: list[Report] = []
    errors: list[CaptureError] = []
    for path in paths:
        try:
            reports.append(_analyze_one(os.fspath(path), settings, progress))
        except CaptureError as error:
            if len(paths) == 1:
                raise
            errors.append(error)
            reports.append(failed(os.fspath(path), str(error)))
    if len(errors) == len(paths):
        raise CaptureError("; ".join(map(str, errors)) or "no capture was given")
    report = merge(reports)
    report = report if device is None else only_device(report, device)
    return replace(report, identifiers=identifiers(report))


def _analyze_one(path: str, settings: Settings, progress: OnProgress | None) -> Report:
    capture, scan, dossiers = Capture(path), Scan(settings.wifi), load(*settings.dossiers)
    watch, search = Watch(), SeededSearch(settings.known)
    extractor = Extractor(settings.known, dossiers)
    locator: Locator | None = None
    region: RegionWatch | None = None
    for step in scan.steps(capture):
        if region is None or locator is None:
            locator = settings.locator(scan.tally.first_ns)
            region = RegionWatch(locator, settings.regions)
        region.watch(step, scan.tracker)
        watch.look(step.packets, step.batch.records.time_ns)
        search.look(step, scan.tracker.flows)
        _take(scan.exchanges(step), scan.tracker, extractor)
        if progress is not None:
            source = capture.source
            progress(Progress(path, source.decoded, source.size, capture.account.frames))
    _take(scan.observer.close(scan.tracker.flows), scan.tracker, extractor)
    if region is None or locator is None:
        locator = settings.locator(None)
        region = RegionWatch(locator, settings.regions)
    extractor.add(search.hits(scan.observer.http_flows), search.findings(scan.observer.http_flows))
    report = Assembly(Parts(capture, path, scan, extractor, region, locator, dossiers, settings)).report()
    return with_conclusions(report, watch, settings.log, dossiers)


def _take(seen: Iterable[SeenExchange], tracker: FlowTracker, extractor: Extractor) -> None:
    for flow, exchange, delivered in seen:
        extractor.take(exchange, flow, _ends(tracker, flow, exchange.direction), delivered)


def _ends(tracker: FlowTracker, flow: int, direction: int) -> Ends:
    """The ends of a flow; the client is A unless requests went from B to A."""
    numbers, words = tracker.flows.numbers[flow].tolist(), tracker.flows.addresses[flow].tolist()
    a = Endpoint(address_text(words[A_HI], words[A_LO]), numbers[A_PORT])
    b = Endpoint(address_text(words[B_HI], words[B_LO]), numbers[B_PORT])
    return Ends(b, a) if direction else Ends(a, b)
