"""`phonehome scan`: captures → a report printed, and the documents that were asked for."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from typing import TYPE_CHECKING, Any

from analyzer.cli.arguments import (
    add_dossiers_choice,
    add_geo_choice,
    device,
    megabytes,
    region,
    regions,
    said,
)
from analyzer.cli.body_folder import Bodies
from analyzer.cli.console import DAMAGED, DONE, UNUSABLE, complain, say
from analyzer.cli.corpus import add_many_choices, is_for_many, jobs_for_one, run_many
from analyzer.cli.documents import Outputs, add_documents
from analyzer.cli.fail_on import add_gate, check_gate, gated
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import UnusableError
from analyzer.system.pipes import read_text

if TYPE_CHECKING:
    from analyzer.cli.progress import ProgressLine
    from analyzer.conclusions.timing import LogEntry
    from analyzer.identifiers.owner_values import KnownValues
    from analyzer.model import Report

# Bytes of a file of --known, and of --events.
MOST_KNOWN, MOST_LOG = 1 << 20, 1 << 24


def add(commands: Any) -> None:
    scan = commands.add_parser("scan", help="read captures and print the report")
    scan.add_argument(
        "captures",
        nargs="*",
        metavar="CAPTURE",
        help="pcap, pcapng or snoop, plain or compressed; - is stdin; also folders and patterns",
    )
    scan.add_argument("-r", dest="file", action="append", default=[], metavar="FILE", help="one more capture")
    add_choices(scan)
    scan.add_argument(
        "--memory",
        type=said(megabytes),
        metavar="MB",
        help="budget of tables and readers (default 256): what gives way is counted and reported",
    )
    scan.add_argument(
        "--events",
        metavar="FILE.csv",
        help="a log of what was done to the phone, lines of time,event: sends are set against it",
    )
    scan.add_argument(
        "--bodies",
        metavar="DIR",
        help="write the bodies of all messages into an empty folder, under safe names, with an index",
    )
    declare(
        scan,
        FileOption("captures", "CAPTURE", Role.CAPTURES),
        FileOption("file", "-r", Role.CAPTURES),
        FileOption("events", "--events", Role.READ),
        FileOption("bodies", "--bodies", Role.FOLDER),
    )
    add_many_choices(scan)
    add_documents(scan)
    add_gate(scan)
    scan.set_defaults(run=run)


def add_choices(command: argparse.ArgumentParser) -> None:
    """What is looked for and by which knowledge, whatever the packets come from."""
    command.add_argument(
        "--region",
        type=said(regions),
        default=("CN",),
        metavar="CODES",
        help="regions of the scope, ISO 3166-1 alpha-2, comma between (default CN; never summed)",
    )
    command.add_argument(
        "--device", type=said(device), metavar="MAC|IP", help="the phone, where several devices appear"
    )
    command.add_argument(
        "--known",
        metavar="KIND=VALUE,...|FILE",
        help="the owner's own identifiers (imei=...,iccid=...,mac=...): looked for, matched, never kept",
    )
    command.add_argument(
        "--wifi",
        type=said(_wifi_key),
        action="append",
        default=[],
        metavar="SSID:PASSPHRASE",
        help="opens WPA/WPA2 frames captured in the air; also 64 hex digits, or wep:DIGITS; repeatable",
    )
    command.add_argument(
        "--from",
        dest="origin",
        type=said(region),
        metavar="CODE",
        help="the country where the capture was made: round trips are held against what databases say",
    )
    add_geo_choice(command)
    add_dossiers_choice(command)
    command.add_argument(
        "--tac",
        metavar="FILE.csv",
        help="tells maker and model of a phone by its IMEI: columns tac, brand, model, or tac.csv in the "
        "user's data folder; none is shipped",
    )
    declare(command, FileOption("known", "--known", Role.KNOWN), FileOption("tac", "--tac", Role.TABLE))


def _wifi_key(text: str) -> Any:
    from analyzer.packets.wifi.keys import wifi_key

    return wifi_key(text)


def run(options: argparse.Namespace) -> int:
    paths = [*options.file, *options.captures]
    if not paths:
        raise UnusableError("scan needs a capture: a file, or - for standard input")
    # A scan makes many objects and few cycles: looking for cycles more rarely saves a tenth of its time.
    gc.set_threshold(200_000, 50, 50)
    check_gate(options.fail_on, options.known is not None)
    known = prepared(options)
    if is_for_many(paths, options):
        return run_many(paths, known, log_of(options.events), options)
    with Outputs(options) as outputs, Bodies(options.bodies) as bodies:
        report = _analyze(paths, known, options, bodies)
        outputs.write(report, options)
        bodies.write(outputs.eyes.report(report))
    return gated(report, options.fail_on, exit_code(report, options))


def prepared(options: argparse.Namespace, with_user_table: bool = True) -> KnownValues | None:
    """What `add_choices` named, found usable before the long scan; the owner's identifiers."""
    known = _known(options.known)
    _check_geo(options.geo)
    _check_dossiers(options.dossiers)
    if options.tac is not None or with_user_table:
        options.tac = tac_table(options.tac)
    if options.tac is not None:
        options.claims.reads("--tac", options.tac)
    return known


def _check_geo(files: list[str]) -> None:
    """The user's databases can be read, found out before the long scan."""
    from analyzer.geo.user_databases import UserDatabase

    for file in files:
        try:
            UserDatabase(file)
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


def tac_table(path: str | None) -> str | None:
    """The table that was given, or the one in the user's data folder; found out before the long scan."""
    if path is None:
        from analyzer.geo.databases import user_folder

        own = user_folder().parent / "tac.csv"
        if not os.path.isfile(own):  # nor where the folder may not be looked into
            return None
        path = str(own)
    from analyzer.identifiers.tac import check_table

    try:
        check_table(path)
    except OSError as error:
        raise UnusableError(f"--tac: {path} can't be read ({error.strerror})") from None
    except ValueError as error:
        raise UnusableError(f"--tac: {error}") from None
    return path


def log_of(path: str | None) -> tuple[LogEntry, ...]:
    if path is None:
        return ()
    from analyzer.conclusions.timing import read_log

    try:
        return read_log(path, read_text(path, MOST_LOG))
    except OSError as error:
        raise UnusableError(f"--events: {path} can't be read ({error.strerror})") from None
    except ValueError as error:  # UnicodeDecodeError is one
        raise UnusableError(f"--events: {error}") from None


def _analyze(
    paths: list[str], known: KnownValues | None, options: argparse.Namespace, bodies: Bodies
) -> Report:
    from analyzer.model import CaptureError
    from analyzer.pipeline import analyze

    log, watcher = log_of(options.events), _progress(options)
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
            jobs=jobs_for_one(paths, options),
            memory=options.memory,
            notify=None if options.quiet else complain,
            put_aside=bodies.put_aside if options.bodies and not options.redact else None,
        )
    except CaptureError as error:
        raise UnusableError(str(error)) from None
    finally:
        if watcher:
            watcher.clear()


def exit_code(report: Report, options: argparse.Namespace) -> int:
    """Also says on standard error which of several captures could not be read, and that one is damaged."""
    unreadable = [problem.what for problem in report.problems if problem.code == "unreadable"]
    for sentence in unreadable:
        complain(sentence)
    if unreadable:
        return UNUSABLE
    from analyzer.system.containment import is_whole, unread

    if is_whole(report):
        return DONE
    if failures := unread(report.problems):
        for problem in failures if not options.quiet else ():
            complain(problem.what)
        return DAMAGED
    if sys.stderr.isatty() and not options.quiet:
        complain("the capture is damaged: the results are complete up to the damage")
    return DAMAGED


def _progress(options: argparse.Namespace) -> ProgressLine | None:
    if options.quiet or not sys.stderr.isatty():
        return None
    from analyzer.cli.progress import ProgressLine

    return ProgressLine(say)


def _known(given: str | None) -> KnownValues | None:
    if given is None:
        return None
    from analyzer.identifiers.owner_values import KnownValues

    try:
        return (
            KnownValues.of_lines(given, read_text(given, MOST_KNOWN))
            if os.path.exists(given) or "=" not in given
            else KnownValues.parse(given)
        )
    except OSError as error:
        hint = "" if "=" in given else ", nor is it of the form KIND=VALUE"
        raise UnusableError(f"--known: {given} can't be read ({error.strerror}){hint}") from None
    except ValueError as error:
        raise UnusableError(f"--known: {error}") from None
