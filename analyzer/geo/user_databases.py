"""A MaxMind DB file of the user's own → an opinion on each address, beside those of the shipped databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from analyzer.geo.mmdb import DAMAGE, RecordAnswer, built_on, opened, said_in, sha256_of
from analyzer.model import GeoSource, Opinion

SPOILED_HERE = "the database is damaged where it would tell"


class UserDatabase:
    """One file; raises ValueError, one sentence, where it can't be used."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._open = ExitStack()
        try:
            self._reader = self._open.enter_context(opened(self.path))
        except OSError as error:
            raise ValueError(f"{path}: can't be read ({error.strerror})") from None
        self._metadata = self._reader.metadata()
        self.name = self._metadata.database_type or self.path.name
        self.date = built_on(self._reader)
        self._known: dict[str, Opinion] = {}
        self._spoiled: set[str] = set()

    @property
    def said(self) -> str:
        """Name and date, "GeoLite2-City 2026-11-03"."""
        return f"{self.name} {self.date.isoformat()}"

    def said_of(self, address: str) -> RecordAnswer:
        """What the file holds for an address; an IPv4-only file says nothing of IPv6."""
        if ":" in address and self._metadata.ip_version == 4:
            return RecordAnswer()
        try:
            record = self._reader.get(address.partition("%")[0])
        except DAMAGE:  # there, though elsewhere it may be sound
            self._spoiled.add(address)
            return RecordAnswer()
        return said_in(record) if record is not None else RecordAnswer()

    def opinion(self, address: str) -> Opinion:
        """The same as an opinion of a report."""
        if address not in self._known:
            said = self.said_of(address)
            detail = "; ".join(_details(said)) if address not in self._spoiled else SPOILED_HERE
            self._known[address] = Opinion("given", said.country, self.name, self.date.isoformat(), detail)
        return self._known[address]

    @cached_property
    def source(self) -> GeoSource:
        """How the report names the file."""
        about = self._metadata.description.get("en", "") or "no description"
        only = "" if self._metadata.ip_version == 6 else "; IPv4 only"
        return GeoSource(
            name=self.name,
            date=self.date.isoformat(),
            licence="the user's own copy, under its maker's terms",
            says=f"{about}{only}",
            attribution=f"file {self.path}",
            sha256=sha256_of(self.path),
            used_for="the user's own database, beside the others",
        )


def _details(said: RecordAnswer) -> Iterator[str]:
    if said.city:
        yield said.city
    if said.country_name:
        yield f"country named {said.country_name}"
    if said.registered:
        yield f"registered {said.registered}"
    if said.asn:
        yield f"AS{said.asn} {said.as_name}".rstrip()
    if said.anycast:
        yield "anycast"
