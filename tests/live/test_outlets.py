"""Who is told of events: programs, servers and files, and what they are not told."""

from __future__ import annotations

import http.server
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.live import delivery_queue, sinks
from analyzer.live.dedup import SeenOnce
from analyzer.live.delivery_queue import DeliveryQueue
from analyzer.live.events import Event, as_line
from analyzer.model import Endpoint
from tests.live.running import HEADER, PATIENCE, Watch, ping, records

IMEI = "490154203237518"
EVENT = Event(
    "ping", f"imei {IMEI} left\x1b[31m\nhere", 1_550_000_000_000_000_000, True,
    Endpoint("192.0.2.1", 5), None, Endpoint("198.51.100.2", 80), f"{IMEI}.example", 7,
    {"status": "answered", "fields": [{"key": "a", "value": IMEI}], "reasons": [f"it holds {IMEI}"]},
    ((IMEI, 8),),
)  # fmt: skip


class Hook:
    """A web server that keeps what is posted."""

    def __init__(self, status: int = 200, location: str = "") -> None:
        posted: list[dict[str, Any]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - the name that the library asks for

            def log_message(self, *_: Any) -> None:
                pass

        self.posted = posted
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()
    yield found
    found.server.shutdown()
    found.server.server_close()


def told(deliver: Any, *events: Event, masked: bool = True) -> DeliveryQueue:
    """The box after these events were handed on."""
    box = DeliveryQueue("--x", deliver, masked=masked, wants=lambda event: event.alert)
    for number, event in enumerate(events, 1):
        box.take(event, number)
    box.close()
    return box


# ── what is told ────────────────────────────────────────────────────────────


def test_a_document_has_names_of_the_elastic_common_schema() -> None:
    document = EVENT.document(3, created_ns=0)
    assert document["@timestamp"].startswith("2019-02-12T19:33:20")
    assert document["event"]["kind"] == "alert"
    assert document["destination"] == {"ip": "198.51.100.2", "port": 80, "domain": f"{IMEI}.example"}
    assert json.loads(as_line(document)) == document
    assert as_line(document).isascii()


def test_what_goes_to_other_computers_holds_no_identifier() -> None:
    text = json.dumps(EVENT.masked().document(1))
    assert IMEI not in text
    assert text.count("49015420*******") == 3
    assert "fields" not in text


def test_a_line_is_one_line_and_harmless() -> None:
    assert EVENT.line().endswith(f"imei {IMEI} left\\x1b[31m\\nhere")


def test_what_was_told_is_remembered_in_bounded_memory() -> None:
    memory: SeenOnce[int] = SeenOnce(100)
    assert all(memory.is_new(number) for number in range(1000))
    assert len(memory) <= 100
    assert not memory.is_new(999)
    assert memory.is_new(0)


# ── the queue ───────────────────────────────────────────────────────────────


def test_nobody_waits_for_a_slow_receiver_and_what_is_left_out_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery_queue, "AT_THE_END", 0.2)
    monkeypatch.setattr(delivery_queue, "MOST_WAITING", 5)
    gate = threading.Event()
    box = told(lambda _: gate.wait(PATIENCE), *[EVENT] * 50)
    gate.set()
    assert box.left_out >= 44
    assert f"{box.left_out} were left out" in box.account()


def test_a_failure_is_counted_and_said_and_the_next_one_is_tried() -> None:
    tries: list[int] = []

    def fail_first(document: dict[str, Any]) -> None:
        tries.append(document["event"]["sequence"])
        if len(tries) == 1:
            raise OSError("no route")

    box = told(fail_first, EVENT, EVENT)
    assert (tries, box.delivered, box.failed) == ([1, 2], 1, 1)
    assert box.account() == "--x: 1 events could not be delivered (no route)"


# ── programs ────────────────────────────────────────────────────────────────


def test_a_program_gets_the_event_and_no_shell_reads_its_words(tmp_path: Path) -> None:
    script = tmp_path / "take it.py"
    script.write_text(
        "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read() + sys.argv[2])"
    )
    target = tmp_path / "told"
    command = f"{sys.executable} '{script}' {target} ';touch $IFS {tmp_path}/attacked'"
    box = told(sinks.program(command), EVENT, masked=False)
    assert box.delivered == 1
    document, _, word = target.read_text().rpartition(";")
    assert json.loads(document)["phonehome"]["fields"][0]["value"] == IMEI
    assert word == f"touch $IFS {tmp_path}/attacked"
    assert not (tmp_path / "attacked").exists()


def test_a_program_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "PROGRAM_TIME", 0.3)
    box = told(sinks.program(f"{sys.executable} -c 'import time; time.sleep(600)'"), EVENT)
    assert box.failed == 1
    assert "took longer" in box.last_failure


def test_the_exit_code_of_a_program_is_said() -> None:
    box = told(sinks.program(f"{sys.executable} -c 'raise SystemExit(7)'"), EVENT)
    assert box.last_failure == "it ended with exit code 7"


# ── servers ─────────────────────────────────────────────────────────────────


def test_a_webhook_gets_json_without_identifiers(hook: Hook) -> None:
    assert told(sinks.webhook(hook.url), EVENT).delivered == 1
    assert hook.posted[0]["event"]["action"] == "ping"
    assert IMEI not in json.dumps(hook.posted)


def test_a_webhook_follows_no_redirect(hook: Hook) -> None:
    other = Hook(307, hook.url)
    box = told(sinks.webhook(other.url), EVENT)
    other.server.shutdown()
    other.server.server_close()
    assert (box.failed, hook.posted) == (1, [])
    assert box.last_failure == "it answered with status 307"


def test_a_webhook_that_is_not_there_is_said() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    box = told(sinks.webhook(f"http://127.0.0.1:{port}/"), EVENT)
    assert "refused" in box.last_failure


def test_syslog_is_one_escaped_line_without_identifiers() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(PATIENCE)
        told(sinks.syslog(f"127.0.0.1:{server.getsockname()[1]}"), EVENT)
        datagram = server.recv(65536)
    assert datagram == rb"<12>phonehome: ping: imei 49015420******* left\x1b[31m\nhere"


def test_mqtt_is_published_to_a_broker(tmp_path: Path) -> None:
    broker = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if broker is None:
        pytest.skip("no mosquitto is installed")
    paho = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    (tmp_path / "conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen([broker, "-c", str(tmp_path / "conf")], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        came: list[bytes] = []
        ready = threading.Event()
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = lambda _client, _data, message: came.append(message.payload)
        client.connect("127.0.0.1", port)
        client.subscribe("home/alerts", qos=1)
        client.loop_start()
        assert ready.wait(PATIENCE)
        box = told(sinks.mqtt(f"mqtt://127.0.0.1:{port}/home/alerts"), EVENT)
        until = time.monotonic() + PATIENCE
        while not came and time.monotonic() < until:
            time.sleep(0.05)
        client.loop_stop()
        assert box.delivered == 1, box.last_failure
        assert json.loads(came[0])["event"]["action"] == "ping"
        assert IMEI.encode() not in came[0]
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_watch_tells_all_of_them_and_says_what_failed(hook: Hook, tmp_path: Path) -> None:
    take = tmp_path / "take.py"
    take.write_text("import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"mqtt://127.0.0.1:{unused.getsockname()[1]}/a"
    arguments = ["--webhook", hook.url, "--mqtt", nobody, "--json", "report.json"]
    with Watch("-", *arguments, "--on-ping", f"{sys.executable} {take} pings", cwd=tmp_path) as watch:
        watch.feed(HEADER + records(ping()))
        assert watch.end() == 0
    pings = [json.loads(line) for line in (tmp_path / "pings").read_text().splitlines()]
    assert [p["phonehome"]["status"] for p in pings] == ["answered"]
    assert IMEI in json.dumps(pings)
    assert hook.posted
    assert IMEI not in json.dumps(hook.posted)
    assert "--mqtt: " in (tmp_path / "report.json").read_text()


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
