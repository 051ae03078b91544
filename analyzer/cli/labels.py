"""`phonehome labels`: what reviewers said of what was found → listed, and kept in a file for all runs."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from analyzer.cli.console import DONE, write
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import UnusableError
from analyzer.cli.redaction import given_key, key_of

if TYPE_CHECKING:
    from analyzer.corpus.reviewed_labels import LabelIndex, ReviewLabel


def add(commands: Any) -> None:
    command = commands.add_parser("labels", help="what reviewers said of findings: confirmed, false alarm")
    command.add_argument("labels", metavar="FILE.csv", help="kind,value,label,by,when,note; made if missing")
    for label in ("confirmed", "false alarm"):
        command.add_argument(
            f"--{label.replace(' ', '-')}",
            action="append",
            default=[],
            metavar="KIND=VALUE",
            help=f"label this as {label}: imei=…, host=…, device=…, message=…, capture=SHA-256; repeatable",
        )
    command.add_argument("--by", metavar="NAME", help="who says so")
    command.add_argument("--note", metavar="TEXT", default="", help="why")
    command.add_argument(
        "--redact-key",
        metavar="FILE",
        help="write keyed hashes in place of the values; the key is made where FILE is missing",
    )
    declare(
        command,
        FileOption("labels", "FILE.csv", Role.WRITTEN),
        FileOption("redact_key", "--redact-key", Role.KEY),
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.labels == "-" or (os.path.exists(options.labels) and not os.path.isfile(options.labels)):
        raise UnusableError(f"{options.labels}: labels are kept in a file of their own")
    given = {"confirmed": options.confirmed, "false alarm": options.false_alarm}
    if not any(given.values()):
        _list(options)
        return DONE
    if not (options.by or "").strip():
        raise UnusableError("--by NAME is missing: a label says who gave it")
    from analyzer.corpus.reviewed_labels import text_of, with_labels
    from analyzer.system import files

    before = read(options.labels) if os.path.lexists(options.labels) else []
    key = key_of(options.redact_key)
    new = [_label(word, label, options, key) for label, words in given.items() for word in words]
    twice = with_labels([], new, key)[1]
    if twice:
        raise UnusableError(f"{twice[0].kind}={twice[0].value} is labelled twice; a thing has one label")
    after, replaced = with_labels(before, new, key)
    try:
        files.put(options.labels, text_of(after))
    except OSError as error:
        raise UnusableError(f"{options.labels}: can't be written ({error.strerror})") from None
    write("".join(f"replaced: {_said(label)}\n" for label in replaced))
    write("".join(f"labelled: {_said(label)}\n" for label in new))
    return DONE


def index(path: str, key_path: str | None) -> LabelIndex:
    """The labels of a file, opened with a key that has to be there."""
    from analyzer.corpus.reviewed_labels import LabelIndex

    return LabelIndex(read(path), given_key(key_path))


def read(path: str) -> list[ReviewLabel]:
    """The labels of a file; UnusableError with what is wrong."""
    from analyzer.corpus.reviewed_labels import read_labels

    try:
        return read_labels(path)
    except OSError as error:
        raise UnusableError(f"{path}: can't be read ({error.strerror})") from None
    except ValueError as error:
        raise UnusableError(str(error)) from None


def _list(options: argparse.Namespace) -> None:
    from analyzer.report.units import counted

    found = read(options.labels)
    write("".join(f"{_said(label)}\n" for label in found))
    write(f"{counted(len(found), 'label')}\n")


def _label(word: str, label: str, options: argparse.Namespace, key: bytes | None) -> ReviewLabel:
    from datetime import UTC, datetime

    from analyzer.corpus.reviewed_labels import hidden, label_of

    kind, _, value = (part.strip() for part in word.partition("="))
    kind = kind.lower()
    if not kind or not value:
        raise UnusableError(f"{word[:80]!r} is not KIND=VALUE, such as host=a.example")
    value = hidden(key, kind, value) if key is not None else value
    today = datetime.now(UTC).date().isoformat()
    return label_of({"kind": kind, "value": value, "label": label, "by": options.by.strip(), "when": today,
                     "note": options.note.strip()})  # fmt: skip


def _said(label: ReviewLabel) -> str:
    from analyzer.report.text import visible

    note = f": {label.note}" if label.note else ""
    return visible(f"{label.label}  {label.kind} {label.value}  {label.by}, {label.when.isoformat()}{note}")
