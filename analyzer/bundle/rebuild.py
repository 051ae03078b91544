"""The originals of a bundle → its report derived anew, the bundle built again, and what is different.

Where version, options and databases are those that the report states, the whole bundle is built again and
compared file by file, leaf by leaf. Where one of them is another, the stable claims have to be equal
(`report_comparison.py`), and what is judged differently is listed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from analyzer.bundle.bundle import STANDARD_INPUT, Bundle, BundleRequest, about
from analyzer.bundle.document_check import BundleDocuments
from analyzer.bundle.file_check import Files
from analyzer.bundle.manifest import MANIFEST, REPORT, sha256
from analyzer.bundle.pcapng_reader import StrangeError, packets
from analyzer.bundle.report_comparison import Judgment, compared
from analyzer.bundle.rescan import Scan
from analyzer.bundle.selection import SelectionError
from analyzer.bundle.self_check import checked_bundle
from analyzer.model import CaptureError, Report
from analyzer.redaction.redaction import Redactor
from analyzer.report import json as reports
from analyzer.version import VERSION

MOST_SENTENCES = 20  # of one file
LONGEST_NAME, LONGEST_VALUE = 200, 60  # characters
OF_PACKET = ("time_ns", "link", "wire", "data", "comment")


@dataclass(slots=True)
class Rebuilt:
    """What building again gave."""

    equal: int = 0  # files that are equal, where all was built again
    wrong: list[str] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)  # why it could not be built again
    judged: list[Judgment] = field(default_factory=list)  # by another version or other databases


def rebuilt(
    files: Files, told: BundleDocuments, paths: Sequence[str], scan: Scan, key: bytes | None
) -> Rebuilt:
    """Compare a bundle with what its originals give; `paths` are in the order of its report."""
    made, claimed = Rebuilt(), told.report
    derived = derive(claimed, paths, scan, key)
    shown = derived if claimed.redaction is None or key is None else Redactor(derived, key).report()
    made.obstacles = list(obstacles(claimed, shown))
    if made.obstacles:
        result = compared(claimed, shown)
        made.judged = result.judged
        if not claimed.known:
            lost = result.lost[:MOST_SENTENCES]
            made.wrong += [f"{REPORT}: the original does not show the {each}" for each in lost]
        return made
    try:
        again = checked_bundle(derived, BundleRequest(paths, told.making, key, claimed.redaction is not None))
    except (SelectionError, CaptureError) as error:
        made.wrong.append(f"{REPORT}: no bundle can be made of what the original gives: {error}")
        return made
    made.wrong += _differences(files, again, claimed)
    made.equal = 0 if made.wrong else len(again.files)
    return made


# ── the report ──────────────────────────────────────────────────────────────


def derive(claimed: Report, paths: Sequence[str], scan: Scan, key: bytes | None = None) -> Report:
    """Return the report of the originals by the options that a report states, with what only it can state."""
    with tempfile.TemporaryDirectory(prefix="phonehome-") as folder:
        names = [
            _link(Path(folder) / str(at), info.path, path)
            for at, (info, path) in enumerate(zip(claimed.captures, paths, strict=True))
        ]
        scope = claimed.scope
        if claimed.redaction is not None and key is not None and scope.device:
            scope = replace(scope, device=_device(claimed, scan(names, replace(scope, device=None)), key))
        new = scan(names, scope)
    new = replace(new, created_ns=claimed.created_ns)
    if len(new.captures) != len(paths):
        return new
    return new if claimed.redaction is not None else _with_names(new, claimed)


def _link(folder: Path, claimed: str, path: str) -> str:
    """Return a name for an original under which its file name is the one that the report states.

    Names decide which files one recording was split into, and whether one calls itself a reconstruction.
    """
    name = os.path.basename(claimed)
    try:
        if 0 < len(name) <= LONGEST_NAME and name not in (".", "..", STANDARD_INPUT):
            folder.mkdir()
            (folder / name).symlink_to(os.path.abspath(path))
            return str(folder / name)
    except (OSError, ValueError):  # no links on this system, or no name for a file
        pass
    return path


def _device(claimed: Report, whole: Report, key: bytes) -> str | None:
    """Return the device for which the `device` of a redacted scope is the pseudonym."""
    shown = Redactor(whole, key).report()
    pairs = zip(shown.devices, whole.devices, strict=True)
    wanted = claimed.scope.device
    return next((real.id for made, real in pairs if made.id == wanted), wanted)


def _with_names(new: Report, claimed: Report) -> Report:
    """Return the report with the claimed names of captures, wherever the report holds one."""
    text = reports.write(new)
    for info, said in zip(new.captures, claimed.captures, strict=True):
        if info.path != said.path:
            text = text.replace(json.dumps(info.path)[1:-1], json.dumps(said.path)[1:-1])
    named = reports.read(text)
    captures = tuple(
        replace(info, size=said.size) if said.path == STANDARD_INPUT and said.size is None else info
        for info, said in zip(named.captures, claimed.captures, strict=True)
    )
    return replace(named, captures=captures, scope=_named_inputs(named, claimed))


def _named_inputs(new: Report, claimed: Report) -> Any:
    """Return the scope with the claimed names of files that have the same SHA-256."""
    return claimed.scope if _inputs(new) == _inputs(claimed) and _asked(new) == _asked(claimed) else new.scope


def _inputs(report: Report) -> Counter[tuple[str, str | None]]:
    return Counter((each.option, each.sha256) for each in report.scope.inputs or ())


def _asked(report: Report) -> Any:
    return replace(report.scope, inputs=None)


def obstacles(claimed: Report, new: Report) -> Iterator[str]:
    """Yield why a new report need not be equal to the claimed one in every word."""
    if claimed.version != VERSION:
        yield f"{REPORT} was made by phonehome {claimed.version}, this is {VERSION}"
    missing, more = _inputs(claimed) - _inputs(new), _inputs(new) - _inputs(claimed)
    for option, digest in missing:
        of = f" (the file of SHA-256 {digest})" if digest else ""
        yield f"the scan was given {option}{of}, which was not given now"
    for option, _ in more:
        yield f"{option} was given now, and not to the scan that the report states"
    here = {(each.name, each.date, each.sha256) for each in new.geo_sources}
    for each in claimed.geo_sources:
        if (each.name, each.date, each.sha256) not in here:
            yield f"the database {each.name} {each.date} (SHA-256 {each.sha256}) is not here"


# ── the files ───────────────────────────────────────────────────────────────


def _differences(files: Files, again: Bundle, claimed: Report) -> Iterator[str]:
    """Yield what is different in each file, the documents that others follow from first."""
    names = again.files.keys() | files.sums.keys()
    for name in sorted(names, key=lambda name: (name != REPORT, name == MANIFEST, name)):
        if name not in again.files:
            yield f"{name}: does not follow from the original"
        elif name in files.sums and files.sums[name] != sha256(again.files[name]):
            yield from _in_file(name, files, again.files[name], claimed)
        elif name not in files.sums and not name.startswith("SHA256SUMS"):
            yield f"{name}: is missing, and follows from the original"


def _in_file(name: str, files: Files, wanted: bytes, claimed: Report) -> Iterator[str]:
    if name.endswith(".pcapng"):
        yield from _in_capture(name, files, wanted, claimed)
        return
    data = files.document(name)
    if name.endswith(".json"):
        try:
            leaves = list(differing(json.loads(data), json.loads(wanted)))[:MOST_SENTENCES]
        except (ValueError, RecursionError):
            leaves = []
        for path, said, found in leaves:
            yield f"{name}: {path} is {_quoted(said)}, of the original follows {_quoted(found)}"
        if leaves:
            return
    pairs = zip(data.splitlines(), wanted.splitlines(), strict=False)
    number = next((at for at, (one, other) in enumerate(pairs, start=1) if one != other), 0)
    where = f"line {number}" if number else "its end"
    yield f"{name}: {where} is not what follows from the original"


def _in_capture(name: str, files: Files, wanted: bytes, claimed: Report) -> Iterator[str]:
    """Yield which packet is the first that differs, and in what."""
    remark = about(claimed)
    try:
        with files.open(name) as file:
            said = list(packets(file, remark, VERSION))
        found = list(packets(BytesIO(wanted), remark, VERSION))
    except StrangeError:
        yield f"{name}: is not the capture that follows from the original"
        return
    for number, (one, other) in enumerate(zip(said, found, strict=False), start=1):
        for what in OF_PACKET:
            if getattr(one, what) != getattr(other, what):
                yield f"{name}: packet {number} has another {_word(what)} than follows from the original"
                return
    yield f"{name}: holds {len(said)} packets, of the original follow {len(found)}"


def _word(what: str) -> str:
    return {"time_ns": "time", "wire": "length on the wire", "link": "link type"}.get(what, what)


def differing(said: Any, found: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield each leaf in which two JSON documents differ: its path, and both values."""
    if isinstance(said, Mapping) and isinstance(found, Mapping):
        for key in {**said, **found}:
            inner = f"{path}.{key}" if path else str(key)
            if key not in said or key not in found:
                yield inner, said.get(key), found.get(key)
            elif said[key] != found[key]:
                yield from differing(said[key], found[key], inner)
    elif isinstance(said, list) and isinstance(found, list):
        if len(said) != len(found):
            yield f"{path} (how many)", len(said), len(found)
        for at, (one, other) in enumerate(zip(said, found, strict=False)):
            if one != other:
                yield from differing(one, other, f"{path}[{at}]")
    elif said != found or type(said) is not type(found):
        yield path, said, found


def _quoted(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=repr)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
