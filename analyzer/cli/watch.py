"""`phonehome watch`: packets as they come → alerts at once, the report at the end."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from analyzer.cli.console import sentences
from analyzer.cli.documents import READ_FIRST, Outputs, add_documents
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.kept_report import write_or_keep
from analyzer.cli.output import UnusableError
from analyzer.cli.scan import add_choices, exit_code, prepared
from analyzer.cli.signals import ENDING
from analyzer.cli.watch_outlets import add_outlets, lines, queues, whole

if TYPE_CHECKING:
    from analyzer.identifiers.owner_values import KnownValues
    from analyzer.live.delivery_queue import DeliveryQueue
    from analyzer.live.rotation import Rotation
    from analyzer.live.shutdown import Stop
    from analyzer.live.sources import Feed
    from analyzer.live.watch_session import Sink, WatchSession

_EPILOG = """\
examples:
  ssh router tcpdump -U -w - 'not port 22' | phonehome watch -
  phonehome watch --reconnect -- ssh router tcpdump -U -w - 'not port 22'
  phonehome watch --interface wlan0 -w evidence.pcapng --ndjson events.ndjson
Only what the options name is told to anyone else; what goes to other computers carries identifiers masked."""


def add(commands: Any) -> None:
    watch = commands.add_parser(
        "watch",
        help="look at packets as they come, and tell at once what leaves readable",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    watch.add_argument(
        "source",
        nargs="*",
        metavar="SOURCE",
        help="- for standard input, a file that grows, or after -- a program with its words",
    )
    watch.add_argument(
        "-i",
        "--interface",
        metavar="NAME",
        help="capture through dumpcap or tcpdump, with their rights",
    )
    watch.add_argument("--filter", default="", metavar="EXPR", help="with --interface: what to let through")
    watch.add_argument(
        "--buffer",
        type=whole,
        default=64,
        metavar="MB",
        help="with --interface: memory of the kernel for packets that wait (64)",
    )
    watch.add_argument("--reconnect", action="store_true", help="run the program again when it ends")
    watch.add_argument("--plain", action="store_true", help="lines of text on a terminal too")
    _add_evidence(watch)
    add_outlets(watch)
    add_choices(watch)
    declare(
        watch,
        FileOption("source", "SOURCE", Role.SOURCE),
        FileOption("evidence", "-w", Role.SERIES),
        FileOption("ndjson", "--ndjson", Role.WRITTEN),
        FileOption("on_ping", "--on-ping", Role.PROGRAM),
    )
    add_documents(watch, READ_FIRST)
    watch.set_defaults(run=run)


def _add_evidence(watch: argparse.ArgumentParser) -> None:
    group = watch.add_argument_group("evidence capture")
    group.add_argument(
        "-w",
        dest="evidence",
        metavar="FILE.pcapng",
        help="keep the packets, in numbered files; those in which something was found are removed last",
    )
    group.add_argument("--rotate-size", type=whole, default=100, metavar="MB", help="of a file (100)")
    group.add_argument("--rotate-time", type=whole, default=3600, metavar="S", help="of a file (3600)")
    group.add_argument("--rotate-count", type=whole, default=48, metavar="N", help="files kept (48)")


def run(options: argparse.Namespace) -> int:
    from analyzer.live.shutdown import Stop
    from analyzer.model import CaptureError

    if options.redact:
        raise UnusableError(
            "--redact can't hold for alerts, which are told as they come: write --json FILE, then use "
            "phonehome report FILE --redact"
        )
    known = prepared(options)
    opens = _opener(options)
    if options.ndjson == "-" and options.json == "-":
        raise UnusableError("--ndjson and --json can't both go to standard output")
    if options.redact and options.evidence is not None:
        raise UnusableError("-w keeps packets as they are, identifiers in them, which --redact would hide")
    prints, on_terminal = options.ndjson != "-", sys.stdout.isatty()
    with ExitStack() as stack, Outputs(options, prints, answer_last=on_terminal) as outputs:
        stop = stack.enter_context(_signals(Stop()))
        boxes = queues(options)
        lost: list[OSError] = []
        session = _session(options, known, stop, lost, boxes, stack)
        try:
            with session.view:
                session.run(lambda: opens(stop), again=options.reconnect)
        except CaptureError as error:
            raise UnusableError(str(error)) from None
        finally:
            session.end()
        report = session.report(options.device, options.tac)
        write_or_keep(outputs, report, options, on_terminal)
    if lost:
        with sentences():
            raise lost[0]
    return exit_code(report, options)


def _opener(options: argparse.Namespace) -> Callable[[Stop], Feed]:
    """What opens the next connection."""
    from analyzer.live import capturer, sources

    words = options.source
    if (options.interface is None) == (not words):
        raise UnusableError("watch needs one source: -, a file, a program after --, or --interface NAME")
    if options.filter and options.interface is None:
        raise UnusableError("--filter goes with --interface; a program after -- takes its own")
    if options.interface is not None:
        given = options.interface, options.filter, options.buffer
        return lambda stop: capturer.interface(given[0], stop, *given[1:])
    if len(words) > 1:
        return lambda stop: sources.Program(words, stop)
    if options.reconnect:
        raise UnusableError("--reconnect needs --interface or a program after --, to run it again")
    if words[0] == "-":
        return sources.standard_input
    return lambda stop: sources.GrowingFile(words[0], stop)


def _session(
    options: argparse.Namespace,
    known: KnownValues | None,
    stop: Stop,
    lost: list[OSError],
    boxes: list[DeliveryQueue],
    stack: ExitStack,
) -> WatchSession:
    from analyzer.live.alert_summary import AlertSummary
    from analyzer.live.event_file import EventFile
    from analyzer.live.watch_session import WatchSession
    from analyzer.session.options import Options

    wanted = Options.of(
        regions=options.region,
        known=known,
        wifi=options.wifi,
        origin=options.origin,
        geo=options.geo,
        geo_date=options.geo_date,
        dossiers=options.dossiers,
    )
    on_terminal = sys.stdout.isatty() and not options.plain and options.ndjson != "-" and options.json != "-"
    outlets: list[Sink] = [*boxes, *lines(options, stop, lost, stack, on_terminal)]
    session = WatchSession(wanted, stop, outlets, masked=options.redact)
    session.summary = AlertSummary(options.quiet_after)
    session.run_number = next((one.run for one in outlets if isinstance(one, EventFile)), None)
    if on_terminal and os.environ.get("TERM") != "dumb":
        from rich.console import Console

        from analyzer.live.screen import Screen

        session.view = Screen(Console(markup=False, emoji=False, highlight=False))
    if options.evidence is not None:
        session.rotation = _rotation(options, session)
    return session


def _rotation(options: argparse.Namespace, session: WatchSession) -> Rotation:
    from analyzer.live.rotation import Rotation

    folder = os.path.dirname(options.evidence) or "."
    if not os.access(folder, os.W_OK):
        raise UnusableError(f"-w {options.evidence}: nothing can be written into {folder}")
    return Rotation(
        options.evidence,
        session.tell_file,
        size=options.rotate_size * 1_000_000,
        seconds=options.rotate_time,
        count=options.rotate_count,
    )


_WISHES = {
    signal.SIGINT: "Ctrl-C",
    signal.SIGTERM: "SIGTERM, by which a program is asked to end",
    getattr(signal, "SIGHUP", None): "SIGHUP, since its terminal was closed",
}


@contextmanager
def _signals(stop: Stop) -> Iterator[Stop]:
    """Within, Ctrl-C, SIGTERM and SIGHUP are a wish to stop; the second one ends at once."""

    def wish(number: int, _: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set(_WISHES.get(number, signal.Signals(number).name))

    # SIGHUP that is ignored, as under nohup, stays so.
    asked = [n for n in (signal.SIGINT, *ENDING) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, wish) for number in asked}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
