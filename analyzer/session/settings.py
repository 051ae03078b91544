"""What a run was asked for, beside the captures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from analyzer.conclusions.event_timeline import LogEntry
from analyzer.geo import Locator
from analyzer.geo.user_databases import UserDatabase
from analyzer.identifiers.owner_values import KnownValues
from analyzer.model import Body
from analyzer.packets.wifi.keys import WifiKey


@dataclass(frozen=True)
class Settings:
    """Options of `analyze` that each capture's scan needs; see there."""

    regions: tuple[str, ...] = ("CN",)
    known: KnownValues = field(default_factory=KnownValues.none)
    wifi: tuple[WifiKey, ...] = ()
    origin: str | None = None  # ISO 3166-1 code of the country where the capture was made
    dossiers: tuple[str, ...] = ()  # directories of the user's own
    log: tuple[LogEntry, ...] = ()  # what was done to the phone while the capture ran
    geo: tuple[UserDatabase, ...] = ()  # the user's own databases
    geo_date: date | None = None  # asked for in place of the capture's date
    put_aside: Callable[[Body], None] | None = None  # takes bodies that are too much for the report
    helpers: int = 0  # further processes that read and examine exchanges, where there are many
    told: Callable[[str], None] | None = None  # is told where such a process has been lost
    share: float = 1.0  # of the memory that a scan may fill: what runs for weeks takes less

    def locator(self, capture_ns: int | None) -> Locator:
        """Where addresses are looked up for a capture of this time."""
        return Locator(capture_ns, day=self.geo_date, regions=self.regions, given=self.geo)
