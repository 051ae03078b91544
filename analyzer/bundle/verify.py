"""A bundle → what is right in it, what is wrong, and what was not verified, one sentence each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.bundle.document_check import BundleDocuments, said
from analyzer.bundle.file_check import ANSWER, Files, listed
from analyzer.bundle.manifest import FRAMES, MANIFEST, REPORT, SUMS
from analyzer.bundle.original_check import Compared, compared, file_sha256, indices_of
from analyzer.bundle.packet_check import Shown, WrongError, shown
from analyzer.bundle.rescan import Identify, Scan, rescanned
from analyzer.bundle.selection import SelectionError
from analyzer.model import Report
from analyzer.redaction.commitment import key_mark
from analyzer.version import VERSION

# Parts of a report that captures and a version alone decide, and those that databases and options change.
FIRM = ("devices", "flows", "messages", "findings", "pings")
SOFT = (
    "destinations", "problems", "documented", "announcements", "tunnels", "conflicts", "gaps",
    "region_packets",
)  # fmt: skip


@dataclass(slots=True)
class VerifyOutcome:
    """What was checked, what was found wrong, and what was not verified."""

    checked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    compared: str = ""  # what every packet was found to be when it was compared with its original


@dataclass(frozen=True, slots=True)
class Tools:
    """What verifying needs of the layers above."""

    scan: Scan
    identify: Identify


def verify(
    directory: str, tools: Tools, captures: Sequence[str] = (), key: bytes | None = None
) -> VerifyOutcome:
    """Recheck a bundle; `captures` are originals that are there, `key` that of a redacted one.

    Raises RefusedError where there is no bundle, or an original can't be read.
    """
    root, outcome = Path(directory), VerifyOutcome()
    if not (root / SUMS).is_file():
        raise SelectionError(f"{directory}: holds no {SUMS}, so it is no bundle of phonehome evidence")
    files, outcome.wrong = listed(root)
    if outcome.wrong:
        return outcome
    try:
        _check(files, tools, captures, key, outcome)
    except WrongError as error:
        outcome.wrong.append(str(error))
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError):
        outcome.wrong.append(f"{MANIFEST}, {REPORT} or {FRAMES}: is not of the form that phonehome writes")
    return outcome


def _check(
    files: Files, tools: Tools, captures: Sequence[str], key: bytes | None, outcome: VerifyOutcome
) -> None:
    told = said(files)
    right = f"{len(files.sums)} files have the SHA-256 that {SUMS} says; the request is for {SUMS}"
    outcome.checked.append(right)
    packets = shown(files, list(told.shown), told.report, told.version, told.redacted)
    outcome.checked.append(
        f"{packets.count} packets in {len(packets.files)} captures are those of {FRAMES}, each with its time"
    )
    outcome.wrong += _missing(told, packets)
    again = rescanned(files, told, packets, tools.scan, tools.identify)
    outcome.wrong += again.wrong
    if not again.wrong:
        counts = ", ".join(f"{count} {word}{'s' * (count != 1)}" for word, count in again.right.items())
        outcome.checked.append(f"{counts or 'no claims'} are found again by scanning these packets")
    outcome.unverified += [*told.not_compared, *again.unverified]
    found = _originals(captures, told, key, outcome)
    _compare(found, files, told, packets, outcome)
    _scan_originals(found, told, tools, outcome)
    outcome.unverified += _beside(files, told)


def _missing(told: BundleDocuments, packets: Shown) -> Iterator[str]:
    """Each frame that a claim rests on, or that names an end of the connection, is in its file."""
    for name, group in told.shown.items():
        for capture, frame in sorted({*group.evidence, *group.named} - set(packets.files[name]))[:1]:
            yield f"{name}: does not hold frame {frame} of capture {capture + 1}, on which a claim rests"


def _beside(files: Files, told: BundleDocuments) -> Iterator[str]:
    if told.left_out:
        yield f"{told.left_out} more connections of {REPORT} have no packets in the bundle"
    report = told.report
    shown_claims = sum(len(group.pings) + len(group.findings) for group in told.shown.values())
    if (without := len(report.pings) + len(report.findings) - shown_claims) > 0:
        yield f"{without} pings and findings of {REPORT} have no packets in the bundle"
    if os.path.lexists(files.root / ANSWER):
        yield f"{ANSWER}: an authority's answer, was not checked; README.txt says how (openssl ts -verify)"


# ── originals ───────────────────────────────────────────────────────────────


def _originals(
    captures: Sequence[str], told: BundleDocuments, key: bytes | None, outcome: VerifyOutcome
) -> dict[int, str]:
    """Return the originals that are there, by their place in the manifest."""
    found: dict[int, str] = {}
    if key and told.report.redaction and told.report.redaction.key != key_mark(key):
        outcome.wrong.append("the key (--redact-key) is not the one that the bundle was redacted with")
    for path in captures:
        digest = file_sha256(path)
        indices = indices_of(digest, told.manifest, key)
        if not indices:
            outcome.wrong.append(_no_capture(path, digest, told, key))
        found |= dict.fromkeys(indices, path)
    return found


def _no_capture(path: str, digest: str, told: BundleDocuments, key: bytes | None) -> str:
    why = "nor with a commitment under this key" if key else ""
    if told.redacted and key is None:
        why = "and as the bundle is redacted, only its key (--redact-key) can show which capture it was"
    return f"{path}: has no SHA-256 of the manifest {why}".rstrip() + f" ({digest})"


def _compare(
    found: Mapping[int, str], files: Files, told: BundleDocuments, packets: Shown, outcome: VerifyOutcome
) -> None:
    """Compare every packet with the originals that are there."""
    wanted = {capture for capture, _ in packets.spots}
    count, changed = 0, 0
    for index, path in found.items():
        made = compared(path, index, packets, files, told.report)
        outcome.wrong += made.wrong
        count, changed = count + made.count, changed + made.changed
        if not made.wrong:
            outcome.checked.append(_compared(path, index, made))
    if found and not count:
        outcome.wrong.append("no packet of the bundle was compared with a capture that was given")
    if changed:
        outcome.unverified.append(
            f"the bytes of {changed} packets with pseudonyms: only their times and headers can be compared"
        )
    for index in sorted(wanted - found.keys()):
        of = f"capture {index + 1} ({told.report.captures[index].path})"
        outcome.unverified.append(f"nothing was compared with {of}, which was not given (--capture)")
    if wanted <= found.keys() and not outcome.wrong:
        pseudonyms = f", {changed} of them with pseudonyms" if changed else ""
        outcome.compared = f"those of the original{pseudonyms}"


def _compared(path: str, index: int, made: Compared) -> str:
    text = f"{path} is capture {index + 1}: {made.equal} packets have its bytes and its time"
    return f"{text}, {made.changed} its time and its headers" if made.changed else text


def _scan_originals(
    found: Mapping[int, str], told: BundleDocuments, tools: Tools, outcome: VerifyOutcome
) -> None:
    """Compare the rest of the report with a scan of all originals, where they are there."""
    report = told.report
    rest = f"what {REPORT} says of devices, destinations and packets that are not in the bundle"
    is_whole = len(found) == len(report.captures) and not told.redacted and report.version == VERSION
    if outcome.wrong or not is_whole:
        outcome.unverified.append(rest)
        return
    paths = [found[index] for index in range(len(report.captures))]
    if len(set(paths)) < len(paths):
        outcome.unverified.append(rest)
        return
    new = tools.scan(paths, report.scope.regions, report.scope.device)
    differing = [name for name in (*FIRM, *SOFT) if not _is_equal(name, report, new)]
    firm = [name for name in differing if name in FIRM and not report.known]
    outcome.wrong += [f"{REPORT}: says of {name} something else than a scan of the original" for name in firm]
    outcome.unverified += [
        f"what {REPORT} says of {name}: a scan of the original gives others (options or databases may differ)"
        for name in differing
        if name not in firm
    ]
    if not firm:
        outcome.checked.append(f"a scan of the original gives the {', '.join(FIRM)} of {REPORT}")


def _is_equal(name: str, report: Report, new: Report) -> bool:
    one, other = getattr(report, name), getattr(new, name)
    if name in ("flows", "region_packets"):
        return bool(one.rows() == other.rows())
    return bool(one == other)
