"""Results → whether they are whole: cut tables are made again from the reports, broken runs are known.

A table that a full disk, a copy or a power cut has shortened would stop every summary. The rows of a report
are in the report too, so they are made again without its capture. A run leaves a mark beside the results
until it has read all its captures; a later one that read the same takes it away.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.corpus.corpus_tables import TABLES, tables_of
from analyzer.corpus.results_folder import REPORTS, SIZES, Results, ResultsFolder, is_local, put, put_tables
from analyzer.corpus.storage import StorageError, storage

MARK = "unfinished-"
# When the last run over captures began; one that goes on with a broken run began when that did.
LAST_RUN = "last-run.json"
# Reports whose rows are made again together.
TOGETHER = 64
ENDING = ".parquet"


@dataclass
class ResultPart:
    """The files of one part: sizes in bytes by table; what its captures table says, if it can be read."""

    sizes: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, str | None] = field(default_factory=dict)  # key → fingerprint of its settings
    cut: list[str] = field(default_factory=list)  # tables


def repaired(place: ResultsFolder) -> list[str]:
    """Make cut tables again from the reports that are kept; gives sentences of what was found.

    Only of a local folder: object stores put a whole object at once. Raises StorageError.
    """
    files, root = storage(place.url)
    if not place.has_some or not is_local(files):
        return []
    try:
        return list(_repaired(place, files, root))
    except OSError as error:
        raise StorageError(f"{place.url}: cut tables can't be made again ({error.strerror})") from None


def _repaired(place: ResultsFolder, files: Any, root: str) -> Iterator[str]:
    # The reports first: the tables of one that is there by now are there, too, whoever is writing.
    keys = {os.path.basename(path).removesuffix(".json") for path in files.glob(f"{root}/{REPORTS}/*.json")}
    parts = _parts(root)
    cut = {name: part for name, part in parts.items() if part.cut}
    whole = {key for part in parts.values() if not part.cut for key in part.sessions}
    lost = sorted(keys - whole)
    if not cut and not lost:
        return
    settings = {key: said for part in cut.values() for key, said in part.sessions.items()}
    made, restored = _made_again(place, files, root, lost, settings)
    for name, part in cut.items():
        for table in part.sizes:
            if (table, name) not in made:
                with suppress(FileNotFoundError):
                    os.unlink(_path(root, table, name))
    names = ", ".join(f"{table}/{name}{ENDING}" for name, part in cut.items() for table in part.cut)
    what = f"cut tables were found ({names})" if names else "rows of some reports were missing in the tables"
    yield f"{place.url}: {what}; they are made again from {restored:,} reports"
    left = len({key for part in cut.values() for key in part.sessions} - whole - keys)
    if left:
        yield f"{place.url}: {left:,} reports of these tables are gone too; scan their captures again"


def _made_again(
    place: ResultsFolder, files: Any, root: str, keys: Sequence[str], settings: Mapping[str, str | None]
) -> tuple[set[tuple[str, str]], int]:
    """Write the rows of reports anew; gives (table, part) of each file, and of how many reports."""
    results, made, restored = Results(place), set(), 0
    groups: dict[str | None, list[str]] = defaultdict(list)
    for key in keys:
        groups[settings.get(key)].append(key)
    for said, of_group in groups.items():
        for start in range(0, len(of_group), TOGETHER):
            found = {key: results.report(key) for key in of_group[start : start + TOGETHER]}
            reports = {key: report for key, report in found.items() if report is not None}
            if reports:
                part = hashlib.sha256("".join(sorted(reports)).encode()).hexdigest()[:32]
                tables = tables_of(reports, part, said)
                put_tables(files, root, part, tables)
                made |= {(name, part) for name, table in tables.items() if len(table)}
                restored += len(reports)
    return made, restored


def _parts(root: str) -> dict[str, ResultPart]:
    parts: dict[str, ResultPart] = defaultdict(ResultPart)
    for table in TABLES:
        with suppress(FileNotFoundError), os.scandir(f"{root}/{table}") as entries:
            for entry in entries:
                if entry.name.endswith(ENDING) and not entry.name.startswith("."):
                    parts[entry.name.removesuffix(ENDING)].sizes[table] = entry.stat().st_size
    for name, part in parts.items():
        _look(root, name, part)
    return parts


def _look(root: str, name: str, part: ResultPart) -> None:
    """Find out which tables of a part are cut: by the sizes noted when they were made, and their ends."""
    noted: dict[str, int] = {}
    if "captures" in part.sizes:
        try:
            captures = pq.read_table(_path(root, "captures", name), columns=["session", "settings"])
            part.sessions = dict(
                zip(captures["session"].to_pylist(), captures["settings"].to_pylist(), strict=True)
            )
            noted = json.loads((captures.schema.metadata or {}).get(SIZES, b"{}"))
        except (pa.ArrowException, OSError, KeyError, ValueError):
            part.cut.append("captures")
    part.cut += [table for table, size in noted.items() if part.sizes.get(table) != size]
    part.cut += [
        table
        for table in part.sizes
        if table not in part.cut and table != "captures" and not _ends_well(_path(root, table, name))
    ]


def _ends_well(path: str) -> bool:
    """Whether the end of a Parquet file, which says where all else is, can be read."""
    try:
        pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return False
    return True


def _path(root: str, table: str, part: str) -> str:
    return f"{root}/{table}/{part}{ENDING}"


# ── runs ────────────────────────────────────────────────────────────────────


def begin(place: ResultsFolder, captures: Iterable[str]) -> None:
    """Note that a run over these captures has begun. Raises OSError."""
    files, root = storage(place.url)
    digests = _digests(captures)
    name = hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
    note = {"what": "a run of phonehome that has not read all these captures yet", "captures": digests}
    mark, last = f"{root}/{MARK}{name}.json", f"{root}/{LAST_RUN}"
    if not (files.exists(mark) and files.exists(last)):
        put(files, last, json.dumps({"began": datetime.now(UTC).isoformat()}).encode())
    put(files, mark, json.dumps(note).encode())


def last_run(files: Any, root: str) -> datetime | None:
    """When the last run began, in UTC; None where that is not noted, or can't be read."""
    try:
        began = json.loads(files.cat_file(f"{root}/{LAST_RUN}"))["began"]
        return datetime.fromisoformat(began).astimezone(UTC)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def finish(place: ResultsFolder, captures: Iterable[str]) -> None:
    """Note that these captures are read: marks of this run, and of earlier ones that wanted no others, go."""
    files, root = storage(place.url)
    read = set(_digests(captures))
    for path in files.glob(f"{root}/{MARK}*.json"):
        with suppress(OSError, ValueError, KeyError):
            if read.issuperset(json.loads(files.cat_file(path))["captures"]):
                files.rm_file(path)


def unfinished(files: Any, root: str) -> int:
    """How many runs have not come to their end, or are going on."""
    return len(files.glob(f"{root}/{MARK}*.json"))


def _digests(captures: Iterable[str]) -> list[str]:
    paths = (path if "://" in path else os.path.abspath(path) for path in captures)
    return sorted(hashlib.sha256(os.fsencode(path)).hexdigest()[:16] for path in paths)
