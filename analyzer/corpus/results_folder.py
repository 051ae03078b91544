"""Reports → a folder, or a bucket, that lasts: each report as JSON, and tables of all as Parquet.

    RESULTS/reports/KEY.json      a report, written last of what a portion of captures gave
    RESULTS/TABLE/PART.parquet    a portion's rows of each table of `tables.TABLES`
    RESULTS/salt                  random bytes that go into fingerprints of keys

A file appears whole or not at all: it is written under a name that readers pass over, or put at once where
the storage has no such thing. A run that breaks off before a report leaves at most rows of which a later run
writes the same again: of several parts with rows of a session, the one made last counts (`summary`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.corpus.fingerprint import fingerprint as fingerprint_of
from analyzer.corpus.storage import StorageError, is_remote, reached, storage
from analyzer.model import Report
from analyzer.session.options import Options
from analyzer.system import files as disk

REPORTS, SALT = "reports", "salt"
# In the metadata of a captures table: the sizes of the other tables of its part, in bytes, as JSON.
SIZES = b"phonehome.sizes"


@dataclass(frozen=True, slots=True)
class ResultsFolder:
    """Where results are kept, and what they are read with."""

    url: str
    fingerprint: str
    has_some: bool  # results that may be those of captures still to be read


def prepared(url: str, options: Options) -> ResultsFolder:
    """A place for results, made if it is not there. StorageError where it can't be written."""
    files, root = storage(url)
    try:
        if is_remote(url):
            with reached(url):
                return _place(url, files, root, options)
        return _place(url, files, root, options)
    except (OSError, ValueError) as error:  # ValueError: the salt is none
        raise StorageError(f"{url}: can't be used for results ({error})") from None


def _place(url: str, files: Any, root: str, options: Options) -> ResultsFolder:
    if is_local(files):
        disk.make_folders(f"{root}/{REPORTS}")
    else:
        files.makedirs(f"{root}/{REPORTS}", exist_ok=True)
    salt = _salt(files, root)
    fingerprint = fingerprint_of(options, os.urandom(16) if options.known else salt)
    return ResultsFolder(url, fingerprint, bool(files.glob(f"{root}/{REPORTS}/*.json")))


class Results:
    """The results at a place."""

    def __init__(self, place: ResultsFolder) -> None:
        self.place = place
        self._files, self._root = storage(place.url)

    def report(self, key: str) -> Report | None:
        """The report of this key; None where there is none, or what is there is no report."""
        from analyzer.report.json import read

        try:
            return read(self._files.cat_file(self._report_path(key)).decode("ascii"))
        except (FileNotFoundError, ValueError):
            return None

    def keep(self, reports: Mapping[str, Report]) -> None:
        """Put reports, by their keys, and their tables in their places, the reports last."""
        from analyzer.corpus.corpus_tables import tables_of
        from analyzer.report.json import write

        part = hashlib.sha256("".join(sorted(reports)).encode()).hexdigest()[:32]
        put_tables(self._files, self._root, part, tables_of(reports, part, self.place.fingerprint))
        for key, report in reports.items():
            # Not forced to the disk: one that a power cut tears is no report, and is made again.
            put(self._files, self._report_path(key), write(report).encode("ascii"), durable=False)

    def _report_path(self, key: str) -> str:
        return f"{self._root}/{REPORTS}/{key}.json"


def reports_of(place: ResultsFolder, keys: Sequence[str]) -> list[Report]:
    """The reports of these keys; StorageError where one has gone."""
    results, found = Results(place), []
    for key in keys:
        report = results.report(key)
        if report is None:
            raise StorageError(f"{place.url}: the result {key} is gone")
        found.append(report)
    return found


def _salt(files: Any, root: str) -> bytes:
    path = f"{root}/{SALT}"
    if not files.exists(path):
        put(files, path, os.urandom(16).hex().encode())
    return bytes.fromhex(files.cat_file(path).decode())


def put_tables(files: Any, root: str, part: str, tables: Mapping[str, Any]) -> None:
    """Put the tables of a part, that of the captures last: it says how large the others are."""
    from analyzer.corpus.corpus_tables import as_parquet

    sizes: dict[str, int] = {}
    for name in sorted(tables, key=lambda name: name == "captures"):
        table = tables[name]
        if len(table):
            noted = {SIZES: json.dumps(sizes)} if name == "captures" else None
            data = as_parquet(table.replace_schema_metadata(noted))
            put(files, f"{root}/{name}/{part}.parquet", data)
            sizes[name] = len(data)


def put(files: Any, path: str, data: bytes, durable: bool = True) -> None:
    """A file that is there whole or not at all. Object stores put a whole object at once."""
    if not is_local(files):
        files.pipe_file(path, data)
        return
    disk.make_folders(path.rpartition("/")[0])
    disk.put(path, data, durable=durable)


def is_local(files: Any) -> bool:
    protocols = files.protocol if isinstance(files.protocol, tuple) else (files.protocol,)
    return "file" in protocols
