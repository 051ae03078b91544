"""`phonehome watch`: packets as they come → alerts at once, the report at the end."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from analyzer.cli.console import complain, sentences
from analyzer.cli.documents import READ_FIRST, Outputs, add_documents
from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import UnusableError
from analyzer.cli.scan import add_choices, exit_code, prepared
from analyzer.cli.signals import ENDING

if TYPE_CHECKING:
    from typing import BinaryIO

    from analyzer.identifiers.owner_values import KnownValues
    from analyzer.live.delivery_queue import DeliveryQueue
    from analyzer.live.events import Event
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
    watch.add_argument("--reconnect", action="store_true", help="run the program again when it ends")
    watch.add_argument("--plain", action="store_true", help="lines of text on a terminal too")
    _add_evidence(watch)
    _add_outlets(watch)
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
    group.add_argument("--rotate-size", type=_positive, default=100, metavar="MB", help="of a file (100)")
    group.add_argument("--rotate-time", type=_positive, default=3600, metavar="S", help="of a file (3600)")
    group.add_argument("--rotate-count", type=_positive, default=48, metavar="N", help="files kept (48)")


def _add_outlets(watch: argparse.ArgumentParser) -> None:
    group = watch.add_argument_group("who is told")
    group.add_argument("--ndjson", metavar="FILE|-", help="every event as a line of JSON, appended at once")
    group.add_argument(
        "--on-ping",
        metavar="CMD",
        help="run this once for each ping (no shell), the event as JSON on its stdin",
    )
    _add_receiver(group, "--webhook", "URL", "POST each alert as JSON")
    _add_receiver(
        group, "--syslog", "[udp://|tcp://|tls://]HOST[:PORT]|/dev/log", "a line for each alert; by UDP"
        " unless another is named"
    )
    _add_receiver(group, "--mqtt", "mqtt://HOST/TOPIC", "publish each alert (needs paho-mqtt)")
    group.add_argument(
        "--send-values", action="store_true", help="webhook, syslog and MQTT get identifiers in full"
    )


def _add_receiver(group: Any, name: str, metavar: str, what: str) -> None:
    group.add_argument(name, action="append", default=[], metavar=metavar, help=f"{what}; repeatable")


def _positive(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


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
    with ExitStack() as stack, Outputs(options, prints=options.ndjson != "-") as outputs:
        stop = stack.enter_context(_signals(Stop()))
        boxes = _boxes(options)
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
        outputs.write(report, options)
    if lost:
        with sentences():
            raise lost[0]
    return exit_code(report, options)


def _opener(options: argparse.Namespace) -> Callable[[Stop], Feed]:
    """What opens the next connection."""
    from analyzer.live import sources

    words = options.source
    if (options.interface is None) == (not words):
        raise UnusableError("watch needs one source: -, a file, a program after --, or --interface NAME")
    if options.filter and options.interface is None:
        raise UnusableError("--filter goes with --interface; a program after -- takes its own")
    if options.interface is not None:
        return lambda stop: sources.interface(options.interface, stop, options.filter)
    if len(words) > 1:
        return lambda stop: sources.Program(words, stop)
    if options.reconnect:
        raise UnusableError("--reconnect needs --interface or a program after --, to run it again")
    if words[0] == "-":
        return sources.standard_input
    return lambda stop: sources.GrowingFile(words[0], stop)


def _boxes(options: argparse.Namespace) -> list[DeliveryQueue]:
    """Who is told through a queue; UnusableError where what was named can't be used."""
    from analyzer.live import sinks, syslog_sender, webhook
    from analyzer.live.delivery_queue import DeliveryQueue

    masked = not options.send_values
    asked = (
        ("--on-ping", [options.on_ping] if options.on_ping is not None else [], sinks.program, False),
        ("--webhook", options.webhook, webhook.webhook, masked),
        ("--syslog", options.syslog, syslog_sender.syslog, masked),
        ("--mqtt", options.mqtt, sinks.mqtt, masked),
    )
    boxes = []
    for name, all_given, make, hides in asked:
        for number, given in enumerate(all_given, 1):
            try:
                deliver = make(given)
            except (ValueError, OSError) as error:
                raise UnusableError(f"{name}: {error}") from None
            called = f"{name} {number}" if len(all_given) > 1 else name
            wants = _is_ping if name == "--on-ping" else _is_alert
            boxes.append(DeliveryQueue(called, deliver, masked=hides, wants=wants))
    return boxes


def _is_alert(event: Event) -> bool:
    return event.alert


def _is_ping(event: Event) -> bool:
    return event.kind == "ping" and event.alert


def _session(
    options: argparse.Namespace,
    known: KnownValues | None,
    stop: Stop,
    lost: list[OSError],
    boxes: list[DeliveryQueue],
    stack: ExitStack,
) -> WatchSession:
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
    outlets: list[Sink] = [*boxes, *_lines(options, stop, lost, stack, on_terminal)]
    session = WatchSession(wanted, stop, outlets, masked=options.redact)
    if on_terminal and os.environ.get("TERM") != "dumb":
        from rich.console import Console

        from analyzer.live.screen import Screen

        session.view = Screen(Console(markup=False, emoji=False, highlight=False))
    if options.evidence is not None:
        session.rotation = _rotation(options, session)
    return session


def _lines(
    options: argparse.Namespace, stop: Stop, lost: list[OSError], stack: ExitStack, on_terminal: bool
) -> Iterator[Sink]:
    """Alerts as text, unless a view shows them, and events as NDJSON; `lost` gets why nobody reads them."""
    from analyzer.live.lines import EventLines, NdJson

    def gone(error: OSError) -> None:
        lost.append(error)
        stop.set()

    own = sys.stdout.buffer if options.ndjson != "-" and options.json != "-" else sys.stderr.buffer
    if not on_terminal and not options.quiet:
        yield EventLines(own, gone)
    if options.ndjson == "-":
        yield NdJson(sys.stdout.buffer, gone)
    elif options.ndjson is not None:
        yield NdJson(stack.enter_context(_appended(options.ndjson)), lambda _: complain("--ndjson: closed"))


def _appended(path: str) -> BinaryIO:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)  # it holds identifiers
        return os.fdopen(number, "ab", buffering=0)
    except OSError as error:
        raise UnusableError(f"--ndjson {path}: can't be written ({error.strerror})") from None


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


@contextmanager
def _signals(stop: Stop) -> Iterator[Stop]:
    """Within, Ctrl-C, SIGTERM and SIGHUP are a wish to stop; the second one ends at once."""

    def wish(*_: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    # SIGHUP that is ignored, as under nohup, stays so.
    asked = [n for n in (signal.SIGINT, *ENDING) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, wish) for number in asked}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
