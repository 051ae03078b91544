"""The packets of a bundle, scanned again → whether its report says what they show."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from analyzer.bundle import claim_check
from analyzer.bundle.document_check import BundleDocuments
from analyzer.bundle.file_check import Files
from analyzer.bundle.manifest import MANIFEST, REPORT
from analyzer.bundle.packet_check import At, Shown
from analyzer.bundle.pcapng_reader import bytes_at
from analyzer.bundle.recordings import Recording, recordings, write
from analyzer.model import Identifier, Report, Scope
from analyzer.version import VERSION

Scan = Callable[[Sequence[str], Scope], Report]
"""Captures and what was asked for → their report."""
Identify = Callable[[Report], tuple[Identifier, ...]]
"""A report → the identifiers that follow from its findings."""
ASTERISKS = b"****"  # stand in packets for what could not be written anew
RECONSTRUCTION = "reconstruction"  # in a capture's file name


@dataclass(slots=True)
class Rescanned:
    """What scanning again gave."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    lost: set[At] = field(default_factory=set)  # connections of which a claim is wrong


def rescanned(
    files: Files, said: BundleDocuments, packets: Shown, scan: Scan, identify: Identify
) -> Rescanned:
    """Compare what the report says of its connections with what a scan of their packets gives."""
    report, made = said.report, Rescanned()
    masked, redacted = bool(report.known), said.redacted
    terms = claim_check.Terms(report.version == VERSION and not masked and not redacted, masked, redacted)
    shown = {(group.capture, group.flow): group for group in said.shown.values()}
    totals = claim_check.ClaimResults()
    notices: list[str] = []
    with tempfile.TemporaryDirectory(prefix="phonehome-") as folder:
        for number, recording in enumerate(recordings(report, packets)):
            path = Path(folder) / f"packets-{number}.pcapng"
            write(recording, packets, files, path)
            new = scan([str(path)], replace(report.scope, device=None))
            path.unlink()
            notices += _notices(report, recording, new)
            withheld = _Withheld(files, packets)
            _add(totals, claim_check.compare(report, new, recording, shown, terms, withheld))
    made.right, made.lost = totals.right, totals.lost
    made.wrong += [*totals.wrong, *_about_notices(report, notices), *_about_more(report, terms, totals)]
    if report.version == VERSION and not _has_identifiers(report, identify(report)):
        made.wrong.append(f"{REPORT}: its list of identifiers is not that of its findings")
    made.wrong += _about_withheld(said, files, packets)
    made.unverified += _unverified(report, terms, totals, notices)
    return made


def _has_identifiers(report: Report, derived: Sequence[Identifier]) -> bool:
    """Whether the list of identifiers is that of the findings.

    Two values without a letter or a digit may share a pseudonym: then they are counted together.
    """
    if report.redaction is None:
        return report.identifiers == tuple(derived)
    said, found = (_times(each) for each in (report.identifiers, derived))
    return said == found


def _times(identifiers: Sequence[Identifier]) -> Counter[tuple[str, str]]:
    times: Counter[tuple[str, str]] = Counter()
    for each in identifiers:
        times[each.kind, each.value] += each.times
    return times


@dataclass(frozen=True, slots=True)
class _Withheld:
    """Whether asterisks stand in one of some packets."""

    files: Files
    packets: Shown

    def __call__(self, places: Sequence[At]) -> bool:
        spots = [self.packets.spots[place] for place in places if place in self.packets.spots]
        for spot in spots:
            with self.files.open(spot.file) as file:
                if ASTERISKS in bytes_at(file, spot.offset):
                    return True
        return False


def _add(totals: claim_check.ClaimResults, told: claim_check.ClaimResults) -> None:
    totals.right += told.right
    totals.more += told.more
    totals.wrong += told.wrong
    totals.lost |= told.lost
    totals.withheld += told.withheld
    totals.elsewhere += told.elsewhere


def _notices(report: Report, recording: Recording, new: Report) -> Iterator[str]:
    """What the packets, or names of captures, say of a reconstruction."""
    if new.reconstruction:
        yield new.reconstruction
        return
    names = [os.path.basename(report.captures[at].path).lower() for at in recording.captures]
    if any(RECONSTRUCTION in name for name in names):
        yield ""


def _about_notices(report: Report, notices: Sequence[str]) -> Iterator[str]:
    said = report.reconstruction
    if notices and not said:
        yield f"{REPORT}: does not say that the capture is a reconstruction, as its packets or its name do"
    elif said and report.redaction is None:
        other = f"{REPORT}: has another notice of the reconstruction than its packets"
        yield from (other for each in notices if each not in said)


def _about_more(report: Report, terms: claim_check.Terms, totals: claim_check.ClaimResults) -> Iterator[str]:
    """What the packets show and the report leaves out, though it would have listed it."""
    is_bounded = any(problem.code in claim_check.UNLISTED for problem in report.problems)
    for word, count in totals.more.items():
        if count and terms.is_exact and not is_bounded:
            yield f"{REPORT}: leaves out {count} {word}(s) that its packets show"


def _about_withheld(said: BundleDocuments, files: Files, packets: Shown) -> Iterator[str]:
    """What the manifest calls withheld and the packets show."""
    is_withheld = _Withheld(files, packets)
    for name, group in said.shown.items():
        if group.withheld and not is_withheld(packets.files[name]):
            yield f"{MANIFEST}: calls the payload of {name} withheld, and its packets show it"


def _unverified(
    report: Report, terms: claim_check.Terms, totals: claim_check.ClaimResults, notices: Sequence[str]
) -> Iterator[str]:
    if totals.withheld:
        yield f"{totals.withheld} claims of {REPORT} rest on what is withheld or masked in the packets"
    if totals.elsewhere:
        yield f"{totals.elsewhere} values of {REPORT} rest on devices or tables that are not in the bundle"
    if report.reconstruction and not notices:
        yield f"{REPORT} calls the capture a reconstruction; none of the packets says so"
    if not terms.is_exact:
        yield (
            f"of each claim of {REPORT} kind, value, time, addresses and frames were compared; "
            "reasons and bodies were not"
        )
    for word, count in totals.more.items():
        if count and not terms.is_exact:
            yield f"the packets also show {count} {word}(s) that {REPORT} does not list"
