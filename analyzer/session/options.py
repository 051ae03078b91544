"""What a run is asked for, checked once: the fields are the keywords of `analyze`."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from typing import Any, TypedDict, TypeVar

from analyzer.conclusions.device_filter import address_of
from analyzer.conclusions.event_log import read_log
from analyzer.conclusions.event_timeline import LogEntry
from analyzer.geo import Locator
from analyzer.geo.region_codes import region_of, regions_of
from analyzer.geo.user_databases import UserDatabase
from analyzer.identifiers.owner_values import KnownValues
from analyzer.model import Body
from analyzer.packets.wifi.keys import WifiKey, wifi_key

# Megabytes of the tables and readers of a scan: by default, at least and at most.
MEMORY, LEAST_MEMORY, MOST_MEMORY = 256, 32, 8192
T = TypeVar("T")
G = TypeVar("G")
Path = str | os.PathLike[str]


class OptionFields(TypedDict, total=False):
    """The fields of `Options`, each of which `analyze` takes as a keyword."""

    regions: str | Iterable[str]
    device: str | None
    known: KnownValues | Mapping[str, str] | str | None
    wifi: str | Sequence[WifiKey | str]
    origin: str | None
    geo: Path | Sequence[Path]
    geo_date: date | str | None
    dossiers: Path | Sequence[Path]
    log: Path | Sequence[LogEntry]
    tac: Path | None
    jobs: int
    memory: int | None
    put_aside: Callable[[Body], None] | None
    notify: Callable[[str], None] | None


@dataclass(frozen=True)
class Options:
    """What a run is asked for, in a form that other processes take. Raises ValueError that names the field.

    `regions` are ISO 3166-1 alpha-2 codes, `origin` is the one where the capture was made, `device` the MAC
    or IP address of the one device to report on. `known` holds the owner's own identifiers
    (`{"imei": "490154203237518"}` or `"imei=…,mac=…"`), `wifi` keys of Wi-Fi networks (`"SSID:passphrase"`).
    `geo` are MaxMind DB files of the user's own, `geo_date` replaces the capture's date in the choice of
    databases (a date, or `"2019-03-21"`), `dossiers` are directories of the user's own. `log` is what was
    done to the phone while the capture ran, or the CSV file with it, `tac` a CSV file by which an IMEI names
    maker and model.

    With `jobs`, the exchanges of a capture that holds many are read in so many processes, with the same
    result. `put_aside` takes each body of which the report keeps the beginning only, `notify` a sentence
    where a process was lost and all was read again in one.

    `memory` is the budget of a scan's tables and readers in megabytes: every bound on what is held is given
    for 256 MB and scaled to it. `share` is the part of that budget that may be used.
    """

    regions: tuple[str, ...] = ("CN",)
    device: str | None = None
    known: KnownValues = KnownValues.none()  # noqa: RUF009 - frozen
    wifi: tuple[WifiKey, ...] = ()
    origin: str | None = None
    geo: tuple[str, ...] = ()
    geo_date: date | None = None
    dossiers: tuple[str, ...] = ()
    log: tuple[LogEntry, ...] = ()
    tac: str | None = None
    jobs: int = 1
    put_aside: Callable[[Body], None] | None = None
    notify: Callable[[str], None] | None = None
    share: float = 1.0  # what runs for weeks takes less

    @classmethod
    def of(cls, **given: Any) -> Options:
        """Return checked options of what a user gave; see `OptionFields`."""
        _refuse_unknown(given, [*(field.name for field in fields(cls)), "memory"])
        told = {name: value for name, value in given.items() if value is not None}
        if (memory := told.pop("memory", None)) is not None:
            told["share"] = told.get("share", 1.0) * _checked("memory", _budget, memory)
        options = cls(
            **{name: _checked(name, _CHECKS.get(name, _as_it_is), value) for name, value in told.items()}
        )
        _ = options.databases  # opened now, so that one that can't be used is known before the long scan
        return options

    @property
    def helpers(self) -> int:
        """Return how many further processes may read and examine exchanges."""
        return self.jobs - 1

    @cached_property
    def databases(self) -> tuple[UserDatabase, ...]:
        """Return the user's own databases, opened. Raises ValueError where one can't be used."""
        return tuple(UserDatabase(path) for path in self.geo)

    def locator(self, capture_ns: int | None) -> Locator:
        """Return where addresses are looked up for a capture of this time."""
        return Locator(capture_ns, day=self.geo_date, regions=self.regions, given=self.databases)

    def __getstate__(self) -> dict[str, Any]:
        """Leave open files to the process that opened them."""
        return {name: value for name, value in self.__dict__.items() if name != "databases"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def _budget(memory: int) -> float:
    """Return how many times the usual bounds a budget in megabytes allows."""
    if not LEAST_MEMORY <= memory <= MOST_MEMORY:
        raise ValueError(f"{memory} MB is not between {LEAST_MEMORY} and {MOST_MEMORY:,}")
    return memory / MEMORY


def _refuse_unknown(given: Iterable[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"{name} is not an option; {hint}")


def _paths(given: Path | Iterable[Path]) -> tuple[str, ...]:
    several = [given] if isinstance(given, str | os.PathLike) else given
    return tuple(os.fspath(path) for path in several)


def _known(given: KnownValues | Mapping[str, str] | str) -> KnownValues:
    if isinstance(given, KnownValues):
        return given
    if isinstance(given, Mapping):
        return KnownValues.parse(",".join(f"{kind}={value}" for kind, value in given.items()))
    return KnownValues.parse(given)


def _wifi(given: str | Iterable[WifiKey | str]) -> tuple[WifiKey, ...]:
    several = [given] if isinstance(given, str) else given
    return tuple(wifi_key(key) if isinstance(key, str) else key for key in several)


def _day(given: date | str) -> date:
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise ValueError(f"{given!r} is not a day such as 2019-02-20") from None


def _log(given: Path | Iterable[LogEntry]) -> tuple[LogEntry, ...]:
    return read_log(given) if isinstance(given, str | os.PathLike) else tuple(given)


def _jobs(given: int) -> int:
    if isinstance(given, int) and not isinstance(given, bool) and given >= 1:
        return given
    raise ValueError(f"{given!r} is no number of processes from 1 on")


def _as_it_is(given: G) -> G:
    return given


def _checked(name: str, check: Callable[[G], T], given: G) -> T:
    try:
        return check(given)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    except (TypeError, AttributeError):
        raise ValueError(f"{name}: a value of the type {type(given).__name__} is not expected here") from None


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "regions": regions_of,
    "device": address_of,
    "known": _known,
    "wifi": _wifi,
    "origin": region_of,
    "geo": _paths,
    "geo_date": _day,
    "dossiers": _paths,
    "log": _log,
    "tac": os.fspath,
    "jobs": _jobs,
}
