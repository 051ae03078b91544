"""Who is told of events: programs, servers and files, and what they are not told."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analyzer.live import delivery_queue, sinks, webhook
from analyzer.live.dedup import SeenOnce
from analyzer.live.delivery_queue import DeliveryQueue, EventRefusedError
from analyzer.live.events import Event, as_line
from analyzer.live.syslog_sender import syslog
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
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


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


def test_an_event_is_tried_again_until_it_is_taken_and_both_are_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery_queue, "FIRST_PAUSE", 0.01)
    tries: list[int] = []
    done = threading.Event()

    def fail_first(document: dict[str, Any]) -> None:
        tries.append(document["event"]["sequence"])
        if len(tries) <= 3:
            raise OSError("no route")
        if document["event"]["sequence"] == 2:
            done.set()

    box = DeliveryQueue("--x", fail_first, masked=True, wants=lambda event: event.alert)
    box.take(EVENT, 1)
    box.take(EVENT, 2)
    assert done.wait(PATIENCE)
    box.close()
    assert (tries, box.delivered, box.failed, box.account()) == ([1, 1, 1, 1, 2], 2, 0, "")
    first, second = box.notices()
    assert first.sentence == (
        "--x: an event could not be delivered (no route); events wait, and are tried again"
    )
    assert second.sentence.startswith("--x: works again after ")
    assert (first.is_working, second.is_working) == (False, True)


def test_pauses_grow_and_the_end_waits_for_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    enough = threading.Event()
    real = threading.Condition.wait_for

    def wait_for(self: Any, predicate: Any, timeout: float | None = None) -> Any:
        if timeout is None:
            return real(self, predicate)
        pauses.append(timeout)
        if len(pauses) < 9:
            return real(self, predicate, 0)
        enough.set()
        return real(self, predicate, timeout)

    def fail(_: Any) -> None:
        raise OSError("no route")

    monkeypatch.setattr(threading.Condition, "wait_for", wait_for)
    box = DeliveryQueue("--x", fail, masked=True, wants=lambda event: event.alert)
    for number in (1, 2, 3):
        box.take(EVENT, number)
    assert enough.wait(PATIENCE)
    box.close()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert box.account() == "--x: 3 of 3 events could not be delivered (no route)"


def test_an_event_that_is_refused_holds_up_no_other() -> None:
    def refuse_first(document: dict[str, Any]) -> None:
        if document["event"]["sequence"] == 1:
            raise EventRefusedError("it answered with status 400")

    box = told(refuse_first, EVENT, EVENT)
    assert (box.delivered, box.failed) == (1, 1)
    assert [notice.is_working for notice in box.notices()] == [False, True]


def test_a_receiver_is_not_told_of_its_own_failures() -> None:
    box = DeliveryQueue("--x", lambda _: None, masked=True, wants=lambda event: event.alert)
    for name in ("--x", "--y"):
        box.take(Event("receiver", "failed", 0, details={"receiver": name}), 1)
    box.close()
    assert box.delivered == 1


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
    assert told(webhook.webhook(hook.url), EVENT).delivered == 1
    assert hook.posted[0]["event"]["action"] == "ping"
    assert IMEI not in json.dumps(hook.posted)


@pytest.mark.parametrize("drips", [False, True])
def test_the_time_for_an_event_is_bounded_as_a_whole(monkeypatch: pytest.MonkeyPatch, drips: bool) -> None:
    """A server that answers nothing, and one that sends a byte now and then."""
    monkeypatch.setattr(webhook, "SERVER_TIME", 0.3)
    monkeypatch.setattr(delivery_queue, "AT_THE_END", PATIENCE)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                while not stop.wait(0.05):
                    connection.sendall(b"H" if drips else b"")

        threading.Thread(target=serve, daemon=True).start()
        box = told(webhook.webhook(f"http://127.0.0.1:{server.getsockname()[1]}/"), EVENT)
        stop.set()
    assert box.last_failure == "it took longer than 0 s"


@pytest.mark.parametrize(("status", "is_refusal"), [(400, True), (413, True), (404, False), (503, False)])
def test_what_a_web_server_answers_decides_whether_it_is_tried_again(status: int, is_refusal: bool) -> None:
    server = Hook(status)
    with pytest.raises(OSError, match=f"it answered with status {status}") as raised:
        webhook.webhook(server.url)(EVENT.document(1))
    server.server.shutdown()
    server.server.server_close()
    assert isinstance(raised.value, EventRefusedError) == is_refusal


def test_a_webhook_follows_no_redirect(hook: Hook) -> None:
    other = Hook(307, hook.url)
    box = told(webhook.webhook(other.url), EVENT)
    other.server.shutdown()
    other.server.server_close()
    assert (box.failed, hook.posted) == (1, [])
    assert box.last_failure == "it answered with status 307"


def test_a_webhook_that_is_not_there_is_said() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    box = told(webhook.webhook(f"http://127.0.0.1:{port}/"), EVENT)
    assert "refused" in box.last_failure


def test_syslog_is_one_escaped_line_without_identifiers() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(PATIENCE)
        told(syslog(f"127.0.0.1:{server.getsockname()[1]}"), EVENT)
        datagram = server.recv(65536)
    assert datagram == rb"<12>phonehome: ping: imei 49015420******* left\x1b[31m\nhere"


def test_udp_syslog_notices_that_nobody_listens_and_when_somebody_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery_queue, "FIRST_PAUSE", 0.05)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    box = DeliveryQueue("--syslog", syslog(f"udp://127.0.0.1:{port}"), masked=True, wants=lambda _: True)
    box.take(EVENT, 1)
    _until(lambda: box.is_failing)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", port))
        server.settimeout(PATIENCE)
        assert server.recv(65536).startswith(b"<12>phonehome: ping: ")
        box.close()
    assert (box.delivered, box.failed) == (1, 0)
    first, second = (notice.sentence for notice in box.notices())
    assert "nobody listens there (ICMP port unreachable)" in first
    assert "works again" in second


def _received(server: socket.socket, framed: list[bytes], context: ssl.SSLContext | None = None) -> None:
    """Take one message each of some connections, and close them."""
    with contextlib.suppress(OSError):
        while True:
            plain, _ = server.accept()
            with plain if context is None else context.wrap_socket(plain, server_side=True) as connection:
                framed.append(connection.recv(65536))


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_syslog_by_tcp_and_tls_connects_again(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_queue, "FIRST_PAUSE", 0.05)
    context = None
    if scheme == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certificate(tmp_path))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "both.pem"))
    framed: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_received, args=(server, framed, context), daemon=True).start()
        where = f"{scheme}://localhost:{server.getsockname()[1]}"
        box = DeliveryQueue("--syslog", syslog(where), masked=True, wants=lambda _: True)
        for number in (1, 2, 3):
            box.take(EVENT, number)
        _until(lambda: len(framed) >= 3)
        box.close()
    length, _, message = framed[0].partition(b" ")
    assert int(length) == len(message)
    assert re.match(rb"<12>1 2019-02-12T19:33:20\.0+Z \S+ phonehome \d+ ping - imei 49015420\*", message)


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_received, args=(server, [], context), daemon=True).start()
        with pytest.raises(OSError, match="its certificate is not accepted"):
            syslog(f"tls://localhost:{server.getsockname()[1]}")(EVENT.document(1))


def _certificate(folder: Path) -> Path:
    """A certificate for localhost that signs itself, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
         "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key),
         "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


def _until(is_so: Any) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


class Broker:
    """In place of paho's client: keeps what is published and acknowledges it later."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.on_publish: Any = None
        self.on_connect: Any = None

    def connect(self, *_: Any, **__: Any) -> None:
        pass

    def loop_start(self) -> None:
        pass

    def is_connected(self) -> bool:
        return False

    def publish(self, _: str, payload: str, **__: Any) -> Any:
        self.published.append(payload)
        return SimpleNamespace(mid=len(self.published))


def test_what_a_broker_acknowledges_late_is_delivered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a restart of the broker the client keeps what was published and sends it again itself."""
    monkeypatch.setattr(sinks, "BROKER_TIME", 0.05)
    monkeypatch.setattr(delivery_queue, "FIRST_PAUSE", 0.01)
    broker = Broker()
    publisher = sinks.MqttPublisher(broker, "localhost", 1883, "home")
    box = DeliveryQueue("--mqtt", publisher, masked=True, wants=lambda _: True)
    box.take(EVENT, 1)
    _until(lambda: box.is_failing)
    broker.on_publish(broker, None, 1)
    _until(lambda: not box.waiting)
    box.close()
    assert (len(broker.published), box.delivered, box.failed) == (1, 1, 0)
    assert "there is no connection to the broker" in box.notices()[0].sentence


def test_mqtt_is_published_to_a_broker(tmp_path: Path) -> None:
    broker = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if broker is None:
        pytest.skip("no mosquitto is installed")
    paho = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    (tmp_path / "conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
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
