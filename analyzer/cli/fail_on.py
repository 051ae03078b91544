"""`--fail-on`: a report → the exit code 1 and one sentence, where it holds what was asked about.

What was found stays found, whatever else could not be read: a threshold that is met goes before damage (3)
and captures that can't be read (2). Where none is met these codes stand, and a sentence says what could not
be judged; `unread` asks for exactly that.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from analyzer.cli.arguments import said
from analyzer.cli.console import DAMAGED, FOUND, complain
from analyzer.cli.output import UnusableError

if TYPE_CHECKING:
    from analyzer.model import Report

# word → what it counts; `analyzer.report.fail_on.COUNTERS` has the same words.
WORDS = {
    "ping": "activation pings, attempts without a request among them",
    "identifier": "what the report calls an identifier, not what only looks like one",
    "region": "packets to addresses located in the scope",
    "known": "identifiers given with --known",
    "unread": "what could not be read, was not opened or not searched; TLS, QUIC and other encryption apart",
}


def add_gate(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--fail-on",
        type=said(thresholds),
        default=(),
        metavar="WORDS",
        help="leave with exit code 1 where the report holds one of these, comma between: "
        + "; ".join(f"{word} ({counts})" for word, counts in WORDS.items()),
    )


def thresholds(text: str) -> tuple[str, ...]:
    """Words of `WORDS` with commas between, each once; ValueError that names them."""
    words = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",")))
    for word in words:
        if word not in WORDS:
            raise ValueError(f"{word!r} is nothing to fail on; known are {', '.join(WORDS)}")
    return words


def check_gate(asked: tuple[str, ...], is_known_given: bool) -> None:
    """UnusableError where a threshold could not be met by any capture."""
    if "known" in asked and not is_known_given:
        raise UnusableError("--fail-on known: no identifier of the owner was given with --known to look for")


def gated(report: Report, asked: tuple[str, ...], code: int) -> int:
    """The exit code with the gate: 1 and one sentence where a threshold is met, else `code`."""
    if not asked:
        return code
    from analyzer.report.fail_on import met, unjudged

    if clauses := met(report, asked):
        complain(f"--fail-on {'; '.join(clauses)}")
        return FOUND
    words, why = ", ".join(asked), unjudged(report)
    if code == DAMAGED:
        why = "; ".join(filter(None, ("a capture is damaged, so this is no proof", why)))
        complain(f"--fail-on {words}: none in what could be read; {why}")
    elif why:
        complain(f"--fail-on {words}: none in what was searched; the rest could not be judged: {why}")
    return code
