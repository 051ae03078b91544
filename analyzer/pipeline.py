"""analyze(): a capture in, a Report out. The whole story on one screen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple, TypeVar

from analyzer.capture.rotated_files import Look, chains
from analyzer.conclusions.device_filter import address_of
from analyzer.conclusions.merge import failed
from analyzer.conclusions.steps import concluded
from analyzer.conclusions.timing import LogEntry
from analyzer.geo.region_codes import region_of, regions_of
from analyzer.geo.user_databases import UserDatabase
from analyzer.identifiers.owner_values import KnownValues
from analyzer.model import Body, CaptureError, Problem, Report
from analyzer.packets.wifi import WifiKey
from analyzer.session.capture_session import OnProgress, Progress, read_session
from analyzer.session.settings import Settings
from analyzer.system.containment import Failed, contained

__all__ = ["OnProgress", "Progress", "analyze"]

T = TypeVar("T")
G = TypeVar("G")
APART = "it was read apart from the files that follow it, since reading them together failed ({})"


def analyze(
    *paths: str | os.PathLike[str],
    regions: str | Iterable[str] = ("CN",),
    device: str | None = None,
    known: KnownValues | None = None,
    wifi: Sequence[WifiKey] = (),
    origin: str | None = None,
    geo: Sequence[str | os.PathLike[str]] = (),
    geo_date: date | None = None,
    dossiers: Sequence[str | os.PathLike[str]] = (),
    log: Sequence[LogEntry] = (),
    progress: OnProgress | None = None,
    put_aside: Callable[[Body], None] | None = None,
    tac: str | os.PathLike[str] | None = None,
    jobs: int = 1,
    told: Callable[[str], None] | None = None,
) -> Report:
    """Read captures and report what left the phone readable, and where everything went.

    `paths` are capture files, or "-" for standard input; files that one recording was split into are read
    as one session, in the order of time whatever the order in which they are given. `regions` are ISO
    3166-1 alpha-2 codes in any case, in a text with commas between or one by one. `device` is the MAC or IP
    address of the one device to report on, `known` holds the owner's own identifiers, `wifi` keys that open
    encrypted Wi-Fi networks. `origin` is the country where the capture was made, against which round trips
    are held; `geo` are MaxMind DB files of the user's own, and `geo_date` stands for the capture's date in
    the choice of databases. `dossiers` are directories with dossiers of the user's own, `log` is what was
    done to the phone meanwhile (`triggers.read_log`). `tac` is a CSV file by which the maker and model of a
    phone are told from its IMEI (`detect.tac`). `put_aside` takes each body of which the report keeps the
    beginning only (`bodies.BodyFiles`).
    With `jobs`, the exchanges of a capture that holds many are read and examined in so many processes, with
    the same result; a program that asks for that has to guard its main module, as `multiprocessing` says.
    `told` gets a sentence where that has come to nothing, and all was read again in one.
    Raises CaptureError where no capture can be read (when one of several can't, that is a Problem of the
    report), ValueError where `regions`, `origin` or `device` name nothing that there is,
    or where one of `geo` or `dossiers` can't be used.
    """
    device = checked("device", address_of, device)
    settings = Settings(
        regions=checked("regions", regions_of, regions) or (),
        known=known or KnownValues.none(),
        wifi=tuple(wifi),
        origin=checked("origin", region_of, origin),
        geo=tuple(UserDatabase(os.fspath(path)) for path in geo),
        geo_date=geo_date,
        dossiers=tuple(os.fspath(path) for path in dossiers),
        log=tuple(log),
        put_aside=put_aside,
        helpers=jobs - 1,
        told=told,
    )
    reports: list[Report] = []
    errors: list[CaptureError] = []
    for chain in chains([os.fspath(path) for path in paths]):
        for read in read_chain(chain, settings, progress):
            if isinstance(read, Unreadable):
                if len(paths) == 1:
                    raise read.error
                errors.append(read.error)
            reports.append(read.report if isinstance(read, Unreadable) else read)
    if len(errors) == len(reports):
        raise CaptureError("; ".join(map(str, errors)) or "no capture was given")
    return concluded(reports, device, tac)


def checked(name: str, check: Callable[[G], T], given: G | None) -> T | None:
    """Return an argument as `check` gives it, None where it is None. Raises ValueError with its name."""
    try:
        return None if given is None else check(given)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


class Unreadable(NamedTuple):
    """A capture that can't be read: the report that says so, and the error itself."""

    report: Report
    error: CaptureError


def read_chain(
    chain: Sequence[Look], settings: Settings, progress: OnProgress | None = None
) -> Iterator[Report | Unreadable]:
    """A report for each session of a chain of files."""
    left = list(chain)
    while left:
        try:
            report, left = read_session(left, settings, progress)
            yield report
        except CaptureError as error:
            yield Unreadable(failed(left[0].path, str(error)), error)
            left = left[1:]
        except Exception as error:
            first, *left = left
            yield _alone(first, contained(error, "file", "captures"), settings, progress, bool(left))


def _alone(
    first: Look, why: Failed, settings: Settings, progress: OnProgress | None, was_one_of_several: bool
) -> Report | Unreadable:
    """What can be had of a file whose session could not be read: it alone, where there were further ones."""
    if was_one_of_several:
        try:
            report, _ = read_session([first], settings, progress)
            return replace(
                report, problems=(*report.problems, Problem("session-split", APART.format(why.error)))
            )
        except CaptureError as error:
            return Unreadable(failed(first.path, str(error)), error)
        except Exception as error:
            why = contained(error, "file", "captures")
    sentence = (
        f"{first.path}: could not be read: phonehome failed ({why.error}), which says nothing of the file"
    )
    return Unreadable(failed(first.path, sentence), CaptureError(sentence))
