#!/usr/bin/env python3
"""Read every message and finding of a report again from its capture, by what its Evidence says alone.

    python tests/rereading/reread.py CAPTURE…

Of each message: its start line stands at the offset named, each byte in the frame named, its body has the
hash claimed. Of each finding: its value comes out where its path leads. What differs is printed without
values; what this tool can't follow is counted, not called right.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from analyzer import analyze  # noqa: E402
from analyzer.model import Finding, Message, Report  # noqa: E402
from tests.rereading.payload_bytes import Carried, Stretch, carried_in, stretch_at  # noqa: E402
from tests.rereading.steps import NotFollowedError, opened, value_at  # noqa: E402

HIDDEN = frozenset(("password", "access_token"))


@dataclass
class Reread:
    """What came of reading again."""

    counts: Counter[str] = field(default_factory=Counter)
    differing: list[str] = field(default_factory=list)

    def note(self, what: str, is_right: bool, where: str) -> None:
        self.counts[f"{what} {'right' if is_right else 'differing'}"] += 1
        if not is_right:
            self.differing.append(f"{what}: {where}")


def reread(path: Path, report: Report) -> Reread:
    """A capture's HTTP/1 messages over TCP, and the findings in them."""
    done, carried = Reread(), carried_in(path)
    messages = {m.number: m for m in report.messages if m.protocol.startswith("http/1")}
    for message in messages.values():
        _reread_message(done, carried, message, f"{path.name} message {message.number}")
    for finding in report.findings:
        if finding.message in messages:
            where = f"{path.name} {finding.kind} {finding.evidence}"
            _reread_finding(done, carried, finding, messages[finding.message], where)
    return done


def _reread_message(done: Reread, carried: dict[int, Carried], message: Message, where: str) -> None:
    found = _stretch(carried, message)
    if found is None and not message.complete:
        done.counts["incomplete message, not read again"] += 1
        return
    done.note("start line", found is not None, where)
    if found is None:
        return
    done.counts["message by another count of bytes"] += found.shift != 0
    done.note("frames", _are_frames(carried, message, found), where)
    if message.complete and message.body.sha256 is not None and not message.tolerated:
        digest = hashlib.sha256(opened(found.data).sent).hexdigest()
        done.note("body", digest == message.body.sha256, where)


def _stretch(carried: dict[int, Carried], message: Message) -> Stretch | None:
    evidence = message.evidence
    begins = (message.method or "").encode() if message.role == "request" else b"HTTP/"
    return stretch_at(carried, evidence.frames, evidence.start, evidence.end, begins)


def _are_frames(carried: dict[int, Carried], message: Message, found: Stretch) -> bool:
    """Whether each byte stands in the frame that `frames_of` names for it."""
    start = message.evidence.start
    for place in _places(start, message.evidence.end):
        frames = message.frames_of(place, place + 1)
        piece = carried.get(frames[0]) if len(frames) == 1 else None
        at = place + found.shift - piece.offset if piece else -1
        if piece is None or not 0 <= at < len(piece.payload):
            return False
        if piece.payload[at] != found.data[place - start]:
            return False
    return True


def _places(start: int, end: int) -> Iterator[int]:
    """All of a short message's bytes, every 97th and the ends of a long one."""
    yield from range(start, end, 1 if end - start < 5000 else 97)
    yield end - 1


def _reread_finding(
    done: Reread, carried: dict[int, Carried], finding: Finding, message: Message, where: str
) -> None:
    found = _stretch(carried, message)
    if found is None:
        done.counts["finding in an incomplete message"] += 1
        return
    try:
        values = value_at(opened(found.data), finding.evidence.path)
    except NotFollowedError as step:
        done.counts[f"finding not followed: {step}"] += 1
        return
    except Exception as error:
        values = [type(error).__name__]
    done.note("finding", any(_holds(value, finding) for value in values), where)


def _holds(value: object, finding: Finding) -> bool:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if (
        finding.kind in HIDDEN
    ):  # a report holds no password and no token; something stands where the path leads
        return bool(text)
    return finding.raw in text


def main() -> int:
    total = Reread()
    for name in sys.argv[1:]:
        done = reread(Path(name), analyze(name))
        total.counts += done.counts
        total.differing += done.differing
    for what, count in sorted(total.counts.items()):
        print(f"{count:7,}  {what}")
    print("\n".join(total.differing))
    return min(len(total.differing), 1)


if __name__ == "__main__":
    sys.exit(main())
