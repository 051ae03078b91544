"""Arguments → a report printed, a document written, an exit code: the only place that prints or exits.

Exit codes: 0 done · 1 kept for findings at a threshold that was asked for · 2 usage, unreadable
input or unwritable output · 3 results complete up to damage of the capture.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from analyzer.cli.arguments import parser
from analyzer.cli.output import Bodies, Output, UnusableError

if TYPE_CHECKING:
    from analyzer.cli.progress import ProgressLine
    from analyzer.detect.known import Known
    from analyzer.model import Report
    from analyzer.triggers import LogEntry

DONE, UNUSABLE, DAMAGED = 0, 2, 3
INTERRUPTED, PIPE_CLOSED = 130, 141  # 128 + the signal's number, as shells say it


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `phonehome`; returns the exit code."""
    try:
        options = parser().parse_args(arguments)
        code = _COMMANDS[options.command](options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # What is still buffered would raise again when the interpreter closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except UnusableError as error:
        _complain(str(error))
        return UNUSABLE


# ── scan ────────────────────────────────────────────────────────────────────


def _scan(options: argparse.Namespace) -> int:
    paths = [*options.file, *options.captures]
    if not paths:
        raise UnusableError("scan needs a capture: a file, or - for standard input")
    # A scan makes many objects and few cycles: looking for cycles more rarely saves a tenth of its time.
    gc.set_threshold(200_000, 50, 50)
    known = _known(options.known)
    _check_geo(options.geo)
    _check_dossiers(options.dossiers)
    options.tac = _tac_table(options.tac)
    inputs = [file for file in (options.known, options.events, options.tac) if file]
    keep = [*paths, *options.geo, *inputs]
    with Output(options.json, keep=keep) as output, Bodies(options.bodies) as bodies:
        report = _analyze(paths, known, options, bodies)
        _show(report, output, options)
        bodies.write(report)
    return _exit_code(report, options)


def _check_geo(files: list[str]) -> None:
    """The user's databases can be read, found out before the long scan."""
    from analyzer.locate.given import Given

    for file in files:
        try:
            Given(file)
        except ValueError as error:
            raise UnusableError(f"--geo: {error}") from None


def _check_dossiers(directories: list[str]) -> None:
    """The user's dossiers are right, found out before the long scan."""
    if directories:
        from analyzer.dossiers import DossierError, load

        try:
            load(*directories)
        except DossierError as error:
            raise UnusableError(f"--dossiers: {error}") from None


def _tac_table(path: str | None) -> str | None:
    """The table that was given, or the one in the user's data folder; found out before the long scan."""
    if path is None:
        from analyzer.locate.layers import user_folder

        own = user_folder().parent / "tac.csv"
        if not os.path.isfile(own):  # nor where the folder may not be looked into
            return None
        path = str(own)
    from analyzer.detect.tac import check_table

    try:
        check_table(path)
    except OSError as error:
        raise UnusableError(f"--tac: {path} can't be read ({error.strerror})") from None
    except ValueError as error:
        raise UnusableError(f"--tac: {error}") from None
    return path


def _log(path: str | None) -> tuple[LogEntry, ...]:
    if path is None:
        return ()
    from analyzer.triggers import read_log

    try:
        return read_log(path)
    except OSError as error:
        raise UnusableError(f"--events: {path} can't be read ({error.strerror})") from None
    except ValueError as error:  # UnicodeDecodeError is one
        raise UnusableError(f"--events: {error}") from None


def _analyze(paths: list[str], known: Known | None, options: argparse.Namespace, bodies: Bodies) -> Report:
    from analyzer.model import CaptureError
    from analyzer.pipeline import analyze

    log, watcher = _log(options.events), _progress(options)
    try:
        return analyze(
            *paths,
            regions=options.region,
            device=options.device,
            known=known,
            wifi=options.wifi,
            origin=options.origin,
            geo=options.geo,
            geo_date=options.geo_date,
            dossiers=options.dossiers,
            log=log,
            tac=options.tac,
            progress=watcher,
            put_aside=bodies.put_aside if options.bodies else None,
        )
    except CaptureError as error:
        raise UnusableError(str(error)) from None
    finally:
        if watcher:
            watcher.clear()


def _exit_code(report: Report, options: argparse.Namespace) -> int:
    """Also says on standard error which of several captures could not be read, and that one is damaged."""
    unreadable = [problem.what for problem in report.problems if problem.code == "unreadable"]
    for sentence in unreadable:
        _complain(sentence)
    if unreadable:
        return UNUSABLE
    if all(info.complete for info in report.captures):
        return DONE
    if sys.stderr.isatty() and not options.quiet:
        _complain("the capture is damaged: the results are complete up to the damage")
    return DAMAGED


def _progress(options: argparse.Namespace) -> ProgressLine | None:
    if options.quiet or not sys.stderr.isatty():
        return None
    from analyzer.cli.progress import ProgressLine

    return ProgressLine(_say)


def _known(given: str | None) -> Known | None:
    if given is None:
        return None
    from analyzer.detect.known import Known

    try:
        return Known.from_file(given) if os.path.exists(given) or "=" not in given else Known.parse(given)
    except OSError as error:
        raise UnusableError(f"--known: {given} can't be read ({error.strerror})") from None
    except ValueError as error:
        raise UnusableError(f"--known: {error}") from None


# ── report ──────────────────────────────────────────────────────────────────


def _report(options: argparse.Namespace) -> int:
    from analyzer.report import json

    try:
        saved = json.read(_read_text(options.saved))
    except ValueError as error:
        raise UnusableError(f"{options.saved}: {error}") from None
    with Output(options.json, keep=[options.saved]) as output:
        _show(saved, output, options)
    return DONE


def _read_text(path: str) -> str:
    try:
        if path == "-":
            return sys.stdin.buffer.read().decode("utf-8")
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise UnusableError(f"{path}: can't be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError("not a saved report: not UTF-8 text") from None


# ── geo ─────────────────────────────────────────────────────────────────────


def _geo(options: argparse.Namespace) -> int:
    from analyzer.cli.geo import geo

    try:
        _write(geo(options.words, options.geo, options.geo_date, options.region, width=_width()))
    except ValueError as error:
        raise UnusableError(str(error)) from None
    return DONE


# ── dossiers ────────────────────────────────────────────────────────────────


def _dossiers(options: argparse.Namespace) -> int:
    from analyzer.cli.dossiers import dossiers

    try:
        _write(dossiers(options.ids, options.dossiers, width=_width()))
    except ValueError as error:
        raise UnusableError(str(error)) from None
    return DONE


# ── output ──────────────────────────────────────────────────────────────────


def _show(report: Report, output: Output, options: argparse.Namespace) -> None:
    if output.wanted:
        from analyzer.report import json

        text = json.write(report)
        if output.path == "-":
            _write(text)
        else:
            output.write(text)
    if output.path != "-":
        _print_report(report, options)


def _print_report(report: Report, options: argparse.Namespace) -> None:
    from analyzer.report.terminal import render

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    _write(render(report, width=_width(), colour=colour, verbose=options.verbose))


def _width() -> int:
    """COLUMNS where it is set, else the terminal's own, else 80."""
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def _write(text: str) -> None:
    octets = memoryview(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
    sys.stdout.flush()
    while octets:  # an unbuffered stdout (python -u) may take less than it was given
        octets = octets[sys.stdout.buffer.write(octets) :]


def _complain(text: str) -> None:
    from analyzer.report.text import visible

    _say(f"phonehome: {visible(text)}\n")


def _say(text: str) -> None:
    with suppress(OSError):
        print(text, end="", file=sys.stderr, flush=True)


_COMMANDS = {"scan": _scan, "report": _report, "geo": _geo, "dossiers": _dossiers}
