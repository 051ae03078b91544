"""What a run was asked for, in a form that other processes take and by which results are told."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from analyzer.conclusions.timing import LogEntry
from analyzer.geo.user_databases import UserDatabase
from analyzer.identifiers.owner_values import KnownValues
from analyzer.packets.wifi import WifiKey
from analyzer.session.settings import Settings
from analyzer.version import VERSION

# Work that a guess at a passphrase costs whoever finds results (scrypt's N, RFC 7914 §2).
SCRYPT_COST = 1 << 14


@dataclass(frozen=True)
class Options:
    """Options of `analyze` that each capture's scan needs; see there. `geo` and `dossiers` are paths."""

    regions: tuple[str, ...] = ("CN",)
    known: KnownValues = field(default_factory=KnownValues.none)
    wifi: tuple[WifiKey, ...] = ()
    origin: str | None = None
    geo: tuple[str, ...] = ()
    geo_date: date | None = None
    dossiers: tuple[str, ...] = ()
    log: tuple[LogEntry, ...] = ()
    tac: str | None = None

    def settings(self) -> Settings:
        """The same for one process."""
        return Settings(
            regions=self.regions,
            known=self.known,
            wifi=self.wifi,
            origin=self.origin,
            geo=tuple(map(UserDatabase, self.geo)),
            geo_date=self.geo_date,
            dossiers=self.dossiers,
            log=self.log,
        )

    def fingerprint(self, salt: bytes) -> str:
        """The same text for the same options and version. Wi-Fi keys can't be read from it.

        The owner's identifiers have so few digits that no digest would hide them: they may not be kept, not
        even so, and `salt` has to be a new one in every run that was given some.
        """
        said = {
            "version": VERSION,
            "regions": self.regions,
            "origin": self.origin,
            "geo": [_digest([path]) for path in self.geo],
            "geo_date": str(self.geo_date or ""),
            "dossiers": [_digest(_files_in(folder)) for folder in self.dossiers],
            "log": [list(entry) for entry in self.log],
            "tac": _digest([self.tac]) if self.tac else "",
            "wifi": [_hidden(key, salt) for key in self.wifi],
            "known": salt.hex() if self.known else "",
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _digest(paths: Iterable[str]) -> str:
    """Of the contents of files."""
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _files_in(folder: str) -> list[str]:
    found = (os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return sorted(found)


def _hidden(key: WifiKey, salt: bytes) -> str:
    secret = repr((key.ssid, key.passphrase, key.psk, key.wep)).encode()
    return hashlib.scrypt(secret, salt=salt, n=SCRYPT_COST, r=8, p=1).hex()
