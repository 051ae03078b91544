"""A report and what its bundle shows → sheets to print: custody, covers, right of reply.

They follow from the report alone, byte for byte, so that `verify` can make them again. Lines of underscores
are for a pen. What a capture said is escaped, since a sheet may be shown in a terminal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from textwrap import fill

from analyzer.bundle.flow_groups import FlowGroup
from analyzer.model import CaptureInfo, Finding, Ping, Report
from analyzer.report.language import language
from analyzer.report.text import clip, visible
from analyzer.report.units import clock, counted
from analyzer.report.wording import FACTS, called, kind_name

CUSTODY, EDITOR, LAWYER, REPLY = "custody.txt", "cover-editor.txt", "cover-lawyer.txt", "right-of-reply.txt"
WIDTH = 96
MOST = 40  # connections that a sheet tells one by one; the report holds all
LONGEST = 160  # characters of a name or value
HANDOVERS = 6
LINE = "_" * 30
TO_FILL_IN = ("recorded by", "place", "device, model", "device, serial", "network", "method, settings")
# What each status of a ping shows, and what it leaves open.
STATUS = {
    "attempted": "attempted: a connection was begun; nothing shows that the data left or arrived",
    "delivered": "delivered: the receiver's system acknowledged the bytes; nothing shows that it used them",
    "answered": "answered: the receiver sent an answer to it",
    "accepted": "accepted: the answer says that it was taken",
}
_RECONSTRUCTION = "RECONSTRUCTION, no traffic of a real phone: {}"
_CUSTODY = """\
This sheet goes with the recording from hand to hand. What the files show is filled in; the rest is for those
who did it. Never write on it what you do not know.
"""
_EDITOR = """\
Before print:

[ ] phonehome verify was run on this folder with the original capture: level reached ________
[ ] somebody who did not make the bundle repeated one finding by hand (by-hand.txt)
[ ] custody.txt is filled in and signed from the recording to this desk
[ ] the company was given right-of-reply.txt; sent on ____________  answer due on ____________
[ ] what is printed shows pseudonyms, and comes from a bundle that was made with --redact
[ ] the text says "encoded, not encrypted" where that is the finding, and names the status that was reached
[ ] a finding called "looks like" or "worth checking" is printed as such, or not at all
[ ] a place is printed with its kind (located, registered, operated, named) and its source

What it cannot show, and no text may say: which app sent it, what the receiver did with it, what stood in
encrypted connections, and that a phone that was silent in this recording is silent otherwise.

Read by  {line}  date ____________  signature {line}
"""
_LAWYER = """\
What is claimed is in report.json, connection by connection; manifest.json names the file that shows each
claim, and the packets in captures/ are the evidence itself.

How it can be attacked, and what answers:

- "The files were changed."  SHA256SUMS and manifest.json state the SHA-256 of each file; phonehome verify
  compares them. Sums alone prove no origin: who changes a file can write new ones. A signature
  (manifest.json.sig, .minisig, .sigstore.json) proves who had the key, and an authority's time stamp
  (SHA256SUMS.tsr) proves since when the files are as they are, as far as key and root are trusted.
- "The packets were chosen or made up."  phonehome verify --capture ORIGINAL compares each packet with the
  original and builds the bundle again. Whether the original itself is genuine no file can show: custody.txt,
  the people named there and the device are the evidence of that.
- "The program misreads them."  by-hand.txt repeats it with tshark and openssl, without this program.
- "That is normal operation."  The report says what was sent, to whom and when. Whether that was allowed,
  announced or consented to is no question of packets.

Personal data: a bundle made without --redact holds real identifiers in clear text. It is for a court or an
expert, not for publication, and to be stored and handed over as such.

Read by  {line}  date ____________  signature {line}
"""
_REPLY = """\
To: {line}

We intend to publish what is listed below and ask for your comment before we do. Values that identify a
person or a device are not in this letter; on request we show them to you in a way that protects their owner.
Times are UTC. A recording shows what crossed one network; it does not show what happened inside your systems.
"""
_REPEATED = """\
How to repeat it: record the traffic of such a device at the access point, from its first start or after a
reset, and read the connection with Wireshark. {by_hand}, which we can send you, has the commands.
"""
_QUESTIONS = """\
We ask you:

1. Is it correct that the data was sent as described? If not, what is wrong?
   {line}{line}
2. For what purpose was it sent, to whom does the receiver belong, and who has access to it?
   {line}{line}
3. How long is it kept, where, and was it passed on?
   {line}{line}
4. Were users told, and where? Did they consent?
   {line}{line}
5. Which models, versions and dates are affected, and has it been changed since?
   {line}{line}

Please answer by ____________ to {line}
"""


def sheets(report: Report, shown: Mapping[str, FlowGroup]) -> dict[str, bytes]:
    """Return the sheets by the names of their files, in UTF-8; `shown` are the connections by theirs."""
    with language("en"):
        made = {
            CUSTODY: ("CHAIN OF CUSTODY", _custody(report)),
            EDITOR: ("COVER SHEET FOR THE EDITOR", _cover(report, shown, _EDITOR)),
            LAWYER: ("COVER SHEET FOR THE LAWYER", _cover(report, shown, _LAWYER)),
            REPLY: ("RIGHT OF REPLY", _reply(report, shown)),
        }
        return {name: _sheet(report, title, lines) for name, (title, lines) in made.items()}


def _sheet(report: Report, title: str, lines: Iterable[str]) -> bytes:
    head = [title, "=" * len(title), ""]
    if report.reconstruction:
        head += [_wrapped(_RECONSTRUCTION.format(visible(report.reconstruction))), ""]
    if report.redaction is not None:
        head += [_wrapped(report.redaction.says), ""]
    return ("\n".join((*head, *lines)).rstrip() + "\n").encode("utf-8", "backslashreplace")


# ── custody ─────────────────────────────────────────────────────────────────


def _custody(report: Report) -> Iterator[str]:
    yield _CUSTODY
    for number, info in enumerate(report.captures, start=1):
        yield f"Recording {number} of {len(report.captures)}: {_said(info.path)}"
        yield from _recording(report, number - 1, info)
        yield ""
        yield from (f"  {what:17} {LINE}" for what in TO_FILL_IN)
        yield ""
    yield from _devices(report)
    yield "Handed over"
    yield f"  {'date, time':18}{'from':26}{'to':26}signature"
    yield from ("  " + "  ".join(("_" * 16, "_" * 24, "_" * 24, "_" * 20)) for _ in range(HANDOVERS))
    yield ""
    yield f"Report made {clock(report.created_ns)} by phonehome {report.version}; bundle received by {LINE}"


def _recording(report: Report, at: int, info: CaptureInfo) -> Iterator[str]:
    commitments = report.redaction.commitments if report.redaction else ()
    told = {
        "SHA-256": info.sha256 or "left out, since the bundle is redacted",
        "commitment": commitments[at] if at < len(commitments) else None,
        "format": info.format,
        "size": None if info.size is None else f"{info.size:,} bytes",
        "packets": f"{info.frames:,}",
        "first packet": None if info.first_ns is None else clock(info.first_ns),
        "last packet": None if info.last_ns is None else clock(info.last_ns),
        "whole": "yes" if info.complete else "no: the file ends within a packet",
        "written by": "; ".join(f"{what}: {name}" for what, name in info.made_with.items()) or None,
        "interfaces": "; ".join(filter(None, (each.name for each in info.interfaces))) or None,
        "remark": info.comment or None,
    }
    for what, said in told.items():
        if said is not None:
            yield f"  {what:17} {_said(said)}"


def _devices(report: Report) -> Iterator[str]:
    yield "Devices seen in it, by what they said themselves; mark the one that the findings are about"
    for device in report.devices[:MOST]:
        names = ", ".join(dict.fromkeys(_said(each.name) for each in device.names))
        facts = filter(
            None,
            (
                device.vendor and _said(device.vendor),
                names,
                ", ".join(each for each in device.addresses[:4] if each != device.id),
            ),
        )
        yield f"  [ ] {_said(device.id)}  {'; '.join(facts)}"
    if (more := len(report.devices) - MOST) > 0:
        yield f"  … and {counted(more, 'further device')}, listed in report.json"
    yield ""


# ── covers ──────────────────────────────────────────────────────────────────


def _cover(report: Report, shown: Mapping[str, FlowGroup], text: str) -> Iterator[str]:
    yield f"Report of {clock(report.created_ns)}, phonehome {report.version}"
    yield f"{counted(len(report.captures), 'capture')}, {counted(len(shown), 'connection')} with packets here"
    pings: Counter[str] = Counter(ping.status for ping in report.pings)
    yield from (f"pings {STATUS[status]} ({pings[status]})" for status in STATUS if pings[status])
    classes = Counter(found.certainty for found in report.findings)
    yield from (f"values of the class {name!r}: {count}" for name, count in sorted(classes.items()))
    if not report.pings and not report.findings:
        yield "Nothing was found. That is no proof that nothing was sent."
    yield ""
    yield text.format(line=LINE)


# ── right of reply ──────────────────────────────────────────────────────────


def _reply(report: Report, shown: Mapping[str, FlowGroup]) -> Iterator[str]:
    yield _REPLY.format(line=LINE)
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, group in shown.items():
        times = f"{clock(group.first_ns)} to {clock(group.last_ns)}: {name}"
        alike[tuple(_observed(report, group))].append(times)
    for number, (sentences, seen) in enumerate(list(alike.items())[:MOST], start=1):
        yield f"{number}. {sentences[0]}, {counted(len(seen), 'time')}"
        yield from (f"   {each}" for each in seen[:MOST])
        if (more := len(seen) - MOST) > 0:
            yield f"   … and {more:,} times more"
        yield from chain.from_iterable(map(_indented, sentences[1:]))
        yield ""
    if (more := len(alike) - MOST) > 0:
        yield f"… and {counted(more, 'further kind')} of connections, listed in report.json.\n"
    yield _REPEATED.format(by_hand="by-hand.txt")
    yield _QUESTIONS.format(line=LINE)


def _observed(report: Report, group: FlowGroup) -> Iterator[str]:
    """Yield where a connection went, and a sentence for each thing that was sent in it."""
    address, port = group.ends[1]
    hosts = ", ".join(map(_said, dict.fromkeys(_hosts(report, group))))
    yield f"{group.protocol.upper()} to {address} port {port}" + (f" ({hosts})" if hosts else "")
    for ping in group.pings:
        yield f"{_said(ping.title)}; {STATUS[ping.status]}{_encoding(ping)}"
    yield from dict.fromkeys(_value(each) for each in group.findings if each.kind not in FACTS)
    if facts := dict.fromkeys(kind_name(each.kind) for each in group.findings if each.kind in FACTS):
        yield f"beside it, what many phones share: {', '.join(facts)}"


def _hosts(report: Report, group: FlowGroup) -> Iterator[str]:
    yield from (ping.host for ping in group.pings if ping.host)
    numbers = {found.message for found in group.findings}
    yield from (each.host for each in report.messages if each.number in numbers and each.host)


def _encoding(ping: Ping) -> str:
    return f"; {_said(ping.encoding)}" if ping.encoding else ""


def _value(found: Finding) -> str:
    """A value by its kind, its field and the steps to it, never the value itself."""
    steps = " → ".join(map(_said, found.evidence.path))
    return f"{called(found)}, class {found.certainty}, in field {_said(found.name)} ({steps})"


def _indented(text: str) -> Iterator[str]:
    yield fill(text, WIDTH, initial_indent="   - ", subsequent_indent="     ", break_long_words=False)


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False)


def _said(text: str) -> str:
    return visible(clip(text, LONGEST))
