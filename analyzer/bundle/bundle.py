"""A report and its captures → a folder that shows each finding to whoever doubts it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.bundle.flow_groups import MOST, FlowGroup, groups
from analyzer.bundle.frame import CapturedFrame
from analyzer.bundle.hand_repetition import BY_HAND, by_hand
from analyzer.bundle.manifest import (
    FRAMES,
    FRAMES_CSV,
    MANIFEST,
    README,
    REPORT,
    REQUEST,
    SUMS,
    Making,
    commands,
    frame_rows,
    frames_csv,
    frames_json,
    manifest,
    sha256,
    sums,
)
from analyzer.bundle.newsroom_sheets import CUSTODY, EDITOR, LAWYER, REPLY, sheets
from analyzer.bundle.pcapng_writer import pcapng
from analyzer.bundle.selection import SelectionError, refuse_what_cannot_be_shown, select
from analyzer.bundle.timestamp import request_for
from analyzer.model import Message, Report
from analyzer.redaction.redaction import Redactor, new_key
from analyzer.system.files import Folder, NotEmptyError
from analyzer.version import VERSION

FOLDER = "captures"
STANDARD_INPUT = "-"
PRINTED = frozenset((CUSTODY, EDITOR, LAWYER, REPLY, BY_HAND))

_README = """\
Evidence made by phonehome
==========================
{what}

captures/*.pcapng  a flow each: its packets from the first to the last, the DNS answer that named the server,
                   the DHCP messages that named the phone. Each packet has a comment: why it is here, and
                   its number in the capture that was recorded. Wireshark shows it; tshark with
                   -T fields -e frame.number -e frame.comment.
frames.csv, .json  every packet here and its number there.
report.json        the report that says what was found; phonehome report report.json prints it.
manifest.json      captures, versions, databases, what stands in which file, and the command that made this.
SHA256SUMS         of all files but itself; sha256sum -c SHA256SUMS checks them.
SHA256SUMS.tsq     a request for a time stamp of SHA256SUMS (RFC 3161), not sent to anyone.
custody.txt        who recorded it and in whose hands it was since: lines to fill in and sign.
cover-editor.txt, cover-lawyer.txt
                   what to check before print, and what answers which objection.
right-of-reply.txt what was observed, for the company to comment on; without values.
by-hand.txt        commands that repeat each finding with tshark and openssl.

{made}

To check everything:

    phonehome verify THIS-FOLDER --capture THE-ORIGINAL-CAPTURE

By hand, with Wireshark's tshark alone: the sums, what each packet is, and the bodies of HTTP as they were
sent, whose SHA-256 are those in report.json (base64 -d undoes base64; manifest.json says which file shows
what). They are written outside this folder, which is to stay as it is:

    sha256sum -c SHA256SUMS
    tshark -r captures/flow-0001.pcapng -T fields -e frame.number -e frame.comment
    tshark -q -r captures/flow-0001.pcapng --export-objects http,../by-hand
    sha256sum ../by-hand/*

To sign it, with one of these; the signature stays in this folder, and manifest.json states all other files:

    ssh-keygen -Y sign -n phonehome-evidence -f KEY manifest.json
    minisign -S -s KEY -m manifest.json
    sigstore sign manifest.json

To have the time confirmed by an authority of your choice, whose address goes in place of URL:

    curl -H "Content-Type: application/timestamp-query" --data-binary @SHA256SUMS.tsq -o SHA256SUMS.tsr URL

To check both, with keys and roots that you got from their owners and not from this folder:

    phonehome verify THIS-FOLDER --key KEY.pub --tsa-roots ROOTS.pem

What this proves and what it can't: docs/evidence.md of phonehome.
"""
_MADE = """\
Made by phonehome {version} with {python} on {system}. What it stands on, library by library, is in
manifest.json (environment and command: SHA-256 {mark}).
To make it anew:

{commands}"""
_PLAIN = """\
The packets are byte for byte those of the capture. They hold real identifiers: this folder is not to be
published."""
_REDACTED = """\
REDACTED: identifiers in the packets and in the report are pseudonyms of the same form. Lengths, checksums
and TCP sequence numbers were repaired where they had to be; nothing else of the packets was changed."""
_RECONSTRUCTION = "RECONSTRUCTION, no traffic of a real phone: "


@dataclass(frozen=True, slots=True)
class BundleRequest:
    """What a bundle is to be."""

    paths: Sequence[str]  # the captures, in the order of the report
    making: Making
    key: bytes | None = None  # for pseudonyms
    redact: bool = False
    withhold: frozenset[tuple[int, int]] = frozenset()  # connections, by capture and flow, without payload


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that belongs into the folder, by name, and all packets in one file."""

    files: dict[str, bytes]
    together: bytes
    flows: int
    frames: int
    left_out: int


def bundle(report: Report, asked: BundleRequest) -> Bundle:
    """The bundle in memory. Raises RefusedError or CaptureError, one sentence each."""
    _check(report, asked)
    found = groups(report)
    if not found:
        raise SelectionError("the report holds no ping and no finding, so there is nothing to show")
    chosen = found[:MOST]
    frames = select(report.captures, asked.paths, chosen)
    shown = report
    if asked.redact:
        shown, chosen, frames = _redacted(report, asked, chosen, frames)
    names = [f"{FOLDER}/flow-{number:04}.pcapng" for number in range(1, len(chosen) + 1)]
    files = {name: _capture(shown, each) for name, each in zip(names, frames, strict=True)}
    rows = [row for name, each in zip(names, frames, strict=True) for row in frame_rows(name, each)]
    made = dict(zip(names, chosen, strict=True))
    files |= {
        FRAMES: frames_json(rows),
        FRAMES_CSV: frames_csv(rows),
        REPORT: _document(shown),
        README: readme(shown, asked.making),
        **printed(shown, made),
    }
    digests = {name: sha256(data) for name, data in files.items()}
    files[MANIFEST] = manifest(shown, made, len(found) - len(chosen), asked.making, digests)
    files[SUMS] = sums(sorted(files.items()))
    files[REQUEST] = request_for(files[SUMS])
    return Bundle(files, _capture(shown, _together(frames)), len(chosen), len(rows), len(found) - len(chosen))


def _check(report: Report, asked: BundleRequest) -> None:
    if report.redaction is not None:
        raise SelectionError(
            "the report is redacted and can't be held against its captures any more; make the bundle of the "
            "report as scan wrote it, with --redact"
        )
    for info, path in zip(report.captures, asked.paths, strict=True):
        if info.sha256 is None or path == STANDARD_INPUT:
            raise SelectionError(
                "the capture came from standard input: name the file that holds it with --capture FILE"
                if info.sha256
                else f"{info.path}: the report holds no SHA-256 of it, so no file can be shown to be it"
            )
    refuse_what_cannot_be_shown(report.captures, sum(client.decrypted for client in report.wifi))


def _redacted(
    report: Report, asked: BundleRequest, chosen: list[FlowGroup], frames: list[list[CapturedFrame]]
) -> tuple[Report, list[FlowGroup], list[list[CapturedFrame]]]:
    """Report, groups and frames with pseudonyms by one key."""
    from analyzer.bundle.packet_redaction import redacted_frames
    from analyzer.redaction.secrets import is_log_in

    redactor = Redactor(report, asked.key or new_key())
    shown = redactor.report()
    messages: dict[tuple[int, int], list[Message]] = defaultdict(list)
    for message in report.messages:
        messages[message.evidence.capture, message.flow].append(message)
    made = [
        redacted_frames(
            redactor,
            messages[group.capture, group.flow],
            group,
            each,
            (group.capture, group.flow) in asked.withhold,
        )
        for group, each in zip(chosen, frames, strict=True)
    ]
    again = {(group.capture, group.flow): group for group in groups(shown)}
    for at, group in again.items():
        group.withheld = at in asked.withhold or any(map(is_log_in, messages[at]))
    return shown, [again[group.capture, group.flow] for group in chosen], made


def _capture(report: Report, frames: Sequence[CapturedFrame]) -> bytes:
    comments = [comment_of(report, (frame.capture, frame.number), frame.why) for frame in frames]
    return pcapng(frames, comments, about(report))


def comment_of(report: Report, place: tuple[int, int], why: Sequence[str]) -> str:
    """Return the comment of a packet; `place` is its capture and its number there."""
    capture, number = place
    return f"{'; '.join(why)} [frame {number} of {report.captures[capture].path}]"


def about(report: Report) -> str:
    """Return the remark that stands in every capture of a bundle: what it was cut from."""
    synthetic = _RECONSTRUCTION + report.reconstruction + " " if report.reconstruction else ""
    redacted = report.redaction.says + " " if report.redaction else ""
    captures = ", ".join(f"{info.path}{_hash(info.sha256)}" for info in report.captures)
    return f"{synthetic}{redacted}Cut by phonehome {report.version} from {captures}"


def _hash(sha256: str | None) -> str:
    return f" (SHA-256 {sha256})" if sha256 else ""


def _together(frames: Sequence[Sequence[CapturedFrame]]) -> list[CapturedFrame]:
    """Every frame once, with all reasons."""
    every: dict[tuple[int, int], CapturedFrame] = {}
    for each in frames:
        for frame in each:
            kept = every.setdefault((frame.capture, frame.number), frame)
            kept.why += [why for why in frame.why if why not in kept.why]
    return sorted(every.values(), key=lambda frame: (frame.time_ns, frame.capture, frame.number))


def printed(report: Report, shown: Mapping[str, FlowGroup]) -> dict[str, bytes]:
    """Return the sheets to print, by name; `shown` are the connections by the names of their files."""
    return {**sheets(report, shown), BY_HAND: by_hand(report, shown)}


def readme(report: Report, making: Making) -> bytes:
    """Return the text that stands beside the documents, in UTF-8."""
    what = _PLAIN if report.redaction is None else _REDACTED
    if report.reconstruction:
        what = f"{_RECONSTRUCTION}{report.reconstruction}\n\n{what}"
    made = _MADE.format(
        version=VERSION,
        python=making.environment["python"],
        system=making.environment["system"],
        mark=making.mark,
        commands="\n".join(f"    {command}" for command in commands(report)),
    )
    return _README.format(what=what, made=made).encode("utf-8", "backslashreplace")


def write(made: Bundle, directory: str) -> None:
    """Write into a folder that is new or empty, marked until all is there. Raises RefusedError, OSError."""
    try:
        folder = Folder(directory)
    except NotEmptyError as error:
        raise SelectionError(f"{directory}: is {error.strerror}, and nothing is written over") from None
    try:
        for name, data in made.files.items():
            folder.write(name, data)
        folder.finish()
    finally:
        folder.discard()


def _document(report: Report) -> bytes:
    from analyzer.report import json

    return json.write(report).encode("ascii")
