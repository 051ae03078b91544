"""A bundle → what is right in it, what is wrong, and what was not verified, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.bundle.authorship import Authorship, Trust, authorship
from analyzer.bundle.document_check import BundleDocuments, misprinted, misstated, said
from analyzer.bundle.environment import code_sha256
from analyzer.bundle.file_check import Files, listed
from analyzer.bundle.manifest import FRAMES, MANIFEST, REPORT, SUMS
from analyzer.bundle.original_check import Compared, compared, file_sha256, indices_of
from analyzer.bundle.packet_check import Shown, WrongError, shown
from analyzer.bundle.rebuild import rebuilt
from analyzer.bundle.rescan import Identify, Rescanned, Scan, rescanned
from analyzer.bundle.selection import SelectionError
from analyzer.redaction.commitment import key_mark
from analyzer.report.units import iso

NOBODY = Trust()
STABLE_CLAIMS = "bytes, times, hosts, addresses, decoded values and counts"


@dataclass(slots=True)
class VerifyOutcome:
    """What was checked, what was found wrong, and what was not verified."""

    checked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    stated: list[str] = field(default_factory=list)  # what the bundle says of itself, and nothing can show
    compared: str = ""  # what every packet was found to be when it was compared with its original
    is_built_again: bool = False  # of the original, with every file equal
    author: str = ""  # whose signature was verified, or why none was
    time: str = ""  # which time stamp was verified, or why none was


@dataclass(frozen=True, slots=True)
class Tools:
    """What verifying needs of the layers above."""

    scan: Scan
    identify: Identify


def verify(
    directory: str,
    tools: Tools,
    captures: Sequence[str] = (),
    key: bytes | None = None,
    trust: Trust = NOBODY,
) -> VerifyOutcome:
    """Recheck a bundle; `captures` are originals that are there, `key` that of a redacted one.

    `trust` says whose signatures and time stamps count.

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
    outcome.wrong += misstated(files)
    _take_authorship(authorship(files.beside(), trust), outcome)
    return outcome


def _take_authorship(found: Authorship, outcome: VerifyOutcome) -> None:
    """Take what signatures and time stamps show, which is of the files as they are, right or wrong."""
    outcome.checked += found.checked
    outcome.wrong += found.wrong
    outcome.unverified += found.unverified
    outcome.author, outcome.time = found.author, found.time


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
    if not again.wrong:
        counts = ", ".join(f"{count} {word}{'s' * (count != 1)}" for word, count in again.right.items())
        outcome.checked.append(f"{counts or 'no claims'} are found again by scanning these packets")
    outcome.unverified += [*told.not_compared, *again.unverified]
    found = _originals(captures, told, key, outcome)
    _compare(found, files, told, packets, outcome)
    _build_again(found, files, told, tools, key, outcome)
    _take_rescanned(again, outcome)
    outcome.wrong += misprinted(files, told)
    outcome.stated += _stated(told)
    outcome.unverified += _beside(told)


def _take_rescanned(again: Rescanned, outcome: VerifyOutcome) -> None:
    """Take what a scan of the packets gives otherwise: wrong, unless all of it follows from the original."""
    if outcome.is_built_again:
        outcome.unverified += [f"by the packets of the bundle alone: {each}" for each in again.wrong]
    elif again.wrong:
        outcome.wrong[:0] = again.wrong
        outcome.compared = ""


def _missing(told: BundleDocuments, packets: Shown) -> Iterator[str]:
    """Each frame that a claim rests on, or that names an end of the connection, is in its file."""
    for name, group in told.shown.items():
        for capture, frame in sorted({*group.evidence, *group.named} - set(packets.files[name]))[:1]:
            yield f"{name}: does not hold frame {frame} of capture {capture + 1}, on which a claim rests"


def _beside(told: BundleDocuments) -> Iterator[str]:
    if told.left_out:
        yield f"{told.left_out} more connections of {REPORT} have no packets in the bundle"
    report = told.report
    shown_claims = sum(len(group.pings) + len(group.findings) for group in told.shown.values())
    if (without := len(report.pings) + len(report.findings) - shown_claims) > 0:
        yield f"{without} pings and findings of {REPORT} have no packets in the bundle"


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


def _build_again(
    found: Mapping[int, str],
    files: Files,
    told: BundleDocuments,
    tools: Tools,
    key: bytes | None,
    outcome: VerifyOutcome,
) -> None:
    """Build the bundle again, where all originals are there, and the key of a redacted one."""
    report = told.report
    rest = f"what {REPORT} says of devices, destinations and packets that are not in the bundle"
    has_key = not told.redacted or key is not None
    if outcome.wrong or len(found) < len(report.captures) or not has_key:
        outcome.unverified.append(rest)
        return
    made = rebuilt(files, told, [found[index] for index in range(len(report.captures))], tools.scan, key)
    outcome.wrong += made.wrong
    if made.equal:
        outcome.is_built_again = True
        outcome.unverified.clear()  # whatever could not be compared one by one
        outcome.checked.append(f"built again from the original, all {made.equal} files are equal to these")
    if not made.obstacles:
        return
    outcome.unverified += [f"the bundle was not built again: {each}" for each in made.obstacles]
    outcome.unverified += [
        f"this version judges differently: {each.name}: {each.before} → {each.now}" for each in made.judged
    ]
    if not made.wrong:
        outcome.checked.append(f"a scan of the original gives the stable claims of {REPORT}: {STABLE_CLAIMS}")


def _stated(told: BundleDocuments) -> Iterator[str]:
    """What a bundle says of itself and no packet can show."""
    names = ", ".join(info.path for info in told.report.captures)
    yield f"that the report was made at {iso(told.report.created_ns)} by phonehome {told.report.version}"
    yield f"the names of the captures: {names}"
    python, system = told.making.environment["python"], told.making.environment["system"]
    same = told.making.environment["code"] == code_sha256()
    code = "whose own files are those of this one" if same else "whose own files are not those of this one"
    yield f"the command, and what it ran on: {python} on {system}, a phonehome {code}"
