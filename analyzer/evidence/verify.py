"""A bundle → what is wrong with it, one sentence each; nothing where it is whole and shows what it says."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyzer.capture import Capture
from analyzer.evidence.bundle import FOLDER
from analyzer.evidence.groups import groups
from analyzer.evidence.manifest import FRAMES, MANIFEST, REPORT, REQUEST, SCHEMA, SUMS, sha256, sums
from analyzer.evidence.selecting import RefusedError
from analyzer.evidence.timestamp import request_for
from analyzer.model import CaptureError, Report

Scan = Callable[[str, Sequence[str]], Report]
"""A capture and the regions of the scope → its report."""
ANSWERS = frozenset(("SHA256SUMS.tsr",))  # what an authority gave back, put beside the request
LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_.\-]+(?:/[A-Za-z0-9_.\-]+)?)")
LARGEST = 1 << 30  # octets of a file that is read whole
MASK = "*"
# Of these a redacted bundle holds too little, or nothing: coordinates are coarse, log-ins withheld.
NOT_AGAIN = frozenset(("location", "account", "password", "access_token"))


@dataclass(slots=True)
class Outcome:
    """What was checked, and what was found wrong."""

    checked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def verify(directory: str, scan: Scan, captures: Sequence[str] = (), key: bytes | None = None) -> Outcome:
    """Recheck a bundle; `captures` are originals that are there, `key` that of a redacted one.

    Raises RefusedError where there is no bundle.
    """
    root, outcome = Path(directory), Outcome()
    if not (root / SUMS).is_file():
        raise RefusedError(f"{directory}: holds no {SUMS}, so it is no bundle of phonehome evidence")
    files = _files(root, outcome)
    if outcome.wrong:
        return outcome
    outcome.checked.append(f"{len(files)} files have the SHA-256 that {SUMS} says; the request is for {SUMS}")
    try:
        document, report, rows = _documents(files)
    except ValueError as error:
        outcome.wrong.append(str(error))
        return outcome
    try:
        if strange := _strange({str(entry["file"]) for entry in (*document["files"], *rows)} - set(files)):
            outcome.wrong.append(strange)
            return outcome
        outcome.wrong += _contradictions(document, report)
        _check_frames(root, rows, outcome)
        _check_findings(root, document, scan, outcome)
        for path in captures:
            _check_original(path, document, rows, key, outcome)
    except (KeyError, TypeError, AttributeError):  # of documents that somebody else wrote
        outcome.wrong.append(f"{MANIFEST} or {FRAMES}: is not of the form that phonehome writes")
    return outcome


def _strange(names: set[str]) -> str:
    """The sentence that a document names files that are none of the bundle's; empty where it doesn't."""
    return f"{MANIFEST} or {FRAMES}: names {min(names)}, which is no file of the bundle" if names else ""


# ── files ───────────────────────────────────────────────────────────────────


def _files(root: Path, outcome: Outcome) -> dict[str, bytes]:
    """All files that are listed and right."""
    listed = (root / SUMS).read_bytes()
    found: dict[str, bytes] = {}
    for line in listed.decode("ascii", "replace").splitlines():
        entry = LINE.fullmatch(line)
        if entry is None or ".." in entry[2]:
            outcome.wrong.append(f"{SUMS}: was changed: it has a line that is none of its own")
            continue
        octets = _octets(root / entry[2])
        if octets is None:
            outcome.wrong.append(f"{entry[2]}: is missing, or is no plain file")
        elif sha256(octets) != entry[1]:
            outcome.wrong.append(f"{entry[2]}: was changed: its SHA-256 is not the one in {SUMS}")
        else:
            found[entry[2]] = octets
    if not outcome.wrong and sums(sorted(found.items())) != listed:
        outcome.wrong.append(f"{SUMS}: was changed: it is not in the form that it was written in")
    outcome.wrong += _not_listed(root, set(found))
    request = _octets(root / REQUEST)
    if request is None:
        outcome.wrong.append(f"{REQUEST}: is missing")
    elif request != request_for(listed):
        outcome.wrong.append(f"{REQUEST}: was changed, or {SUMS} was: it is not the request for that file")
    return found


def _octets(path: Path) -> bytes | None:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
            return None
        return path.read_bytes()
    except OSError:
        return None


def _not_listed(root: Path, listed: set[str]) -> Iterator[str]:
    known = listed | {SUMS, REQUEST, FOLDER} | ANSWERS
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name not in known and not any(each.startswith(f"{name}/") for each in listed):
            yield f"{name}: does not belong to the bundle"


def _documents(files: dict[str, bytes]) -> tuple[dict[str, Any], Report, list[dict[str, Any]]]:
    from analyzer.report import json as reports

    for name in (MANIFEST, REPORT, FRAMES):
        if name not in files:
            raise ValueError(f"{name}: is not in the bundle")
    try:
        document, rows = json.loads(files[MANIFEST]), json.loads(files[FRAMES])
        report = reports.read(files[REPORT].decode("ascii"))
    except ValueError as error:
        raise ValueError(f"the bundle can't be read: {error}") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or not isinstance(rows, list):
        raise ValueError(f"{MANIFEST}: is not of schema {SCHEMA}, which this version reads")
    return document, report, rows


# ── what it says ────────────────────────────────────────────────────────────

Said = tuple[str, ...]


def _contradictions(document: dict[str, Any], report: Report) -> Iterator[str]:
    """The manifest says of each flow what the report says."""
    shown = {
        (group.capture, group.flow): (
            Counter((p.dossier, p.status) for p in group.pings),
            Counter((f.kind, f.value) for f in group.findings),
        )
        for group in groups(report)
    }
    for entry in document["files"]:
        said = (
            Counter((p["dossier"], p["status"]) for p in entry["pings"]),
            Counter((f["kind"], f["value"]) for f in entry["findings"]),
        )
        if shown.get((entry["capture"], entry["flow"])) != said:
            yield f"{MANIFEST}: says of {entry['file']} something else than {REPORT}"
    if not document["left_out"] and len(document["files"]) != len(shown):
        yield f"{MANIFEST}: does not show every flow of {REPORT}"


def _check_frames(root: Path, rows: list[dict[str, Any]], outcome: Outcome) -> None:
    """Each packet of each capture is the one of the map."""
    by_file: dict[str, list[str]] = {}
    for row in rows:
        by_file.setdefault(row["file"], []).append(row["sha256"])
    before = len(outcome.wrong)
    for name, digests in by_file.items():
        try:
            found = [sha256(octets) for _, octets in _frames(str(root / name))]
        except CaptureError as error:
            outcome.wrong.append(f"{name}: {error}")
            continue
        if found != digests:
            outcome.wrong.append(f"{name}: its packets are not those of {FRAMES}")
    if len(outcome.wrong) == before:
        outcome.checked.append(f"{len(rows)} packets in {len(by_file)} captures are those of {FRAMES}")


def _frames(path: str) -> Iterator[tuple[int, bytes]]:
    for batch in Capture(path):
        records = batch.records
        for row, (start, size) in enumerate(
            zip(records.offset.tolist(), records.captured.tolist(), strict=True)
        ):
            yield batch.first_frame + row, bytes(batch.data[start : start + size])


def _check_findings(root: Path, document: dict[str, Any], scan: Scan, outcome: Outcome) -> None:
    """A scan of each capture finds again what the manifest says."""
    before, count = len(outcome.wrong), 0
    for entry in document["files"]:
        try:
            report = scan(str(root / entry["file"]), document["scope"]["regions"])
        except CaptureError as error:
            outcome.wrong.append(f"{entry['file']}: {error}")
            continue
        said = list(_said(entry, document["redacted"]))
        found: list[Said] = [("ping", p.dossier, p.status) for p in report.pings]
        found += [(f.kind, f.value, " › ".join(f.evidence.path)) for f in report.findings]
        count += len(said)
        for what in _missing(said, found):
            outcome.wrong.append(f"{entry['file']}: {' '.join(what)} is not found again")
    if len(outcome.wrong) == before:
        outcome.checked.append(f"{count} pings and findings are found again by scanning these captures")


def _said(entry: dict[str, Any], redacted: bool) -> Iterator[Said]:
    if redacted and entry.get("withheld") is True:
        return
    for ping in entry["pings"]:
        yield "ping", ping["dossier"], ping["status"]
    for found in entry["findings"]:
        # What --known found in payload nothing else recognises.
        if not found["value"].startswith(MASK) and not (redacted and found["kind"] in NOT_AGAIN):
            yield found["kind"], found["value"], " › ".join(found["path"])


def _missing(said: list[Said], found: list[Said]) -> Iterator[Said]:
    left = list(found)
    for what in said:
        again = next((other for other in left if _is_same(what, other)), None)
        if again is None:
            yield what
        else:
            left.remove(again)


def _is_same(said: Said, found: Said) -> bool:
    """Asterisks stand for what the owner gave."""
    if said[0] != found[0] or said[2] != found[2] or len(said[1]) != len(found[1]):
        return said == found
    return all(a in (MASK, b) for a, b in zip(said[1], found[1], strict=True))


# ── the original ────────────────────────────────────────────────────────────


def _check_original(
    path: str, document: dict[str, Any], rows: list[dict[str, Any]], key: bytes | None, outcome: Outcome
) -> None:
    """The capture is one of those, and its frames are the ones that are shown."""
    digest = file_sha256(path)
    index = _index_of(digest, document, key)
    if index is None:
        why = "nor with a commitment under this key" if key else ""
        if document["redacted"] and key is None:
            why = "and as the bundle is redacted, only its key (--redact-key) can show which capture it was"
        outcome.wrong.append(f"{path}: has no SHA-256 of the manifest {why}".rstrip() + f" ({digest})")
        return
    if document["redacted"]:
        outcome.checked.append(f"{path} is capture {index + 1}, by the commitment under the key")
        return
    wanted: dict[int, set[str]] = {}
    for row in rows:
        if row["capture"] == index:
            wanted.setdefault(row["original_frame"], set()).add(row["sha256"])
    left = dict(wanted)
    for number, octets in _frames(path):
        digests = left.pop(number, None)
        if digests is not None and digests != {sha256(octets)}:
            outcome.wrong.append(f"{path}: frame {number} is not the packet that the bundle shows for it")
    outcome.wrong += [f"{path}: has no frame {number}, which the bundle shows" for number in left]
    outcome.checked.append(f"{path} is capture {index + 1}; {len(wanted)} of its frames were compared")


def _index_of(digest: str, document: dict[str, Any], key: bytes | None) -> int | None:
    for index, info in enumerate(document["captures"]):
        if info["sha256"] == digest:
            return index
        if key and info["commitment"]:
            made = hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()
            if hmac.compare_digest(made, info["commitment"]):
                return index
    return None


def file_sha256(path: str) -> str:
    """Of a file as it lies on disk. Raises RefusedError."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RefusedError(f"{path}: can't be read ({error.strerror})") from None
