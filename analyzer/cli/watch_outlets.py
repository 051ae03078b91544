"""Who is told of the events of a watch: options, and what they name made ready."""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from analyzer.cli.console import complain
from analyzer.cli.output import UnusableError

if TYPE_CHECKING:
    from analyzer.live.delivery_queue import DeliveryQueue
    from analyzer.live.event_file import EventFile
    from analyzer.live.events import Event
    from analyzer.live.shutdown import Stop
    from analyzer.live.watch_session import Sink


def add_outlets(watch: argparse.ArgumentParser) -> None:
    group = watch.add_argument_group("who is told")
    group.add_argument("--ndjson", metavar="FILE|-", help="every event as a line of JSON, appended at once")
    group.add_argument(
        "--ndjson-size", type=whole, metavar="MB", help="a full --ndjson becomes FILE.1, FILE.1 FILE.2, …"
    )
    group.add_argument("--ndjson-count", type=whole, default=9, metavar="N", help="full files kept (9)")
    group.add_argument(
        "--quiet-after",
        type=whole,
        metavar="N",
        help="alerts of a kind in a minute, from which on the others are summed up (20 of destinations and "
        "names; of identifiers too where it is given; never of pings)",
    )
    group.add_argument(
        "--on-ping",
        metavar="CMD",
        help="run this once for each ping (no shell), the event as JSON on its stdin",
    )
    _add_receiver(group, "--webhook", "URL", "POST each alert as JSON")
    _add_receiver(
        group,
        "--syslog",
        "[udp://|tcp://|tls://]HOST[:PORT]|/dev/log",
        "a line for each alert; by UDP unless another is named",
    )
    _add_receiver(group, "--mqtt", "mqtt://HOST/TOPIC", "publish each alert (needs paho-mqtt)")
    group.add_argument(
        "--send-values", action="store_true", help="webhook, syslog and MQTT get identifiers in full"
    )


def whole(text: str) -> int:
    """A whole number above 0, of an option."""
    if not text.isdigit() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _add_receiver(group: Any, name: str, metavar: str, what: str) -> None:
    group.add_argument(name, action="append", default=[], metavar=metavar, help=f"{what}; repeatable")


def queues(options: argparse.Namespace) -> list[DeliveryQueue]:
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


def lines(
    options: argparse.Namespace, stop: Stop, lost: list[OSError], stack: ExitStack, on_terminal: bool
) -> Iterator[Sink]:
    """Alerts as text, unless a view shows them, and events as NDJSON; `lost` gets why a reader is gone."""
    from analyzer.live.lines import EventLines, NdJson

    def gone(error: OSError) -> None:
        if error.errno != errno.EIO:  # which is a terminal that was closed
            lost.append(error)
        stop.set("nobody reads what it prints any more")

    own = sys.stdout.buffer if options.ndjson != "-" and options.json != "-" else sys.stderr.buffer
    if not on_terminal and not options.quiet:
        yield EventLines(own, gone)
    if options.ndjson == "-":
        yield NdJson(sys.stdout.buffer, gone)
    elif options.ndjson is not None:
        yield _event_file(options, stack)


def _event_file(options: argparse.Namespace, stack: ExitStack) -> EventFile:
    """The file of events; UnusableError where it can't be written."""
    from analyzer.live.event_file import EventFile

    def failed(error: OSError) -> None:
        complain(f"--ndjson {options.ndjson}: can't be written ({error.strerror}); it is tried again")

    size = (options.ndjson_size or 0) * 1_000_000
    try:
        log = EventFile(options.ndjson, failed, size, options.ndjson_count)
    except OSError as error:
        raise UnusableError(f"--ndjson {options.ndjson}: can't be written ({error.strerror})") from None
    stack.callback(log.close)
    return log
