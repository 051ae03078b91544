"""The attacking captures through every output there is: terminal, documents, bundles, alerts, screens.

OUTPUTS lists the commands; what each prints and writes is looked at in the same way, whatever its form.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from analyzer.live import sinks
from analyzer.live.events import Event
from analyzer.live.shutdown import Stop
from analyzer.live.sources import Feed
from analyzer.live.syslog_sender import LONGEST, syslog
from analyzer.live.watch_session import WatchSession
from analyzer.live.webhook import webhook
from analyzer.report.json import read
from analyzer.session.options import Options
from tests.hostile import captures
from tests.hostile.test_hostile import ROOT, SECONDS, UNSAFE, installed, phonehome

# What no text format of ours needs: controls, text turned around, hidden text, line ends of other alphabets.
HIDDEN = re.compile("[\u00ad\u2028\u2029\U000e0000-\U000e007f]")
# Each with what must be there first: its words, and the files that it may write.
MADE = (
    ("scan", ["scan", "attacks.pcapng", "--json", "a.json", "-v"], {"a.json"}),
    ("air", ["scan", "air.pcap", "--json", "b.json", "-v"], {"b.json"}),
    ("results", ["scan", "both", "--results", "kept", "--jobs", "1"], {"kept"}),
)
OUTPUTS = (
    ("report", ["report", "a.json", "-v"], set()),
    ("air again", ["report", "b.json", "-v"], set()),
    ("redacted", ["report", "a.json", "-v", "--redact"], set()),
    ("html en", ["report", "a.json", "--html", "en.html"], {"en.html"}),
    ("html nb", ["report", "a.json", "--html", "nb.html", "--lang", "nb"], {"nb.html"}),
    ("html of the air", ["report", "b.json", "--html", "air.html", "--show-identifiers"], {"air.html"}),
    ("diff", ["diff", "a.json", "b.json", "--device-a", "all", "--device-b", "all", "-v"], set()),
    (
        "diff as json",
        ["diff", "b.json", "a.json", "--device-a", "all", "--device-b", "all", "--json", "d.json"],
        {"d.json"},
    ),
    ("summary", ["summary", "kept", "-v"], set()),
    ("summary as csv", ["summary", "kept", "--csv", "s"], {"s"}),
    ("summary as html", ["summary", "kept", "--html", "s.html", "--show-identifiers"], {"s.html"}),
    ("evidence", ["evidence", "a.json", "-o", "e", "-q"], {"e"}),
    ("evidence for others", ["evidence", "a.json", "-o", "r", "--redact", "-q"], {"r"}),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the attacking captures and their reports."""
    made = tmp_path_factory.mktemp("outputs")
    (made / "both").mkdir()
    for name, data in (("attacks.pcapng", captures.attacks()), ("air.pcap", captures.air())):
        (made / name).write_bytes(data)
        (made / "both" / name).write_bytes(data)
    return made


@pytest.fixture(scope="module")
def done(folder: Path) -> dict[str, subprocess.CompletedProcess[bytes]]:
    """What each command printed."""
    found, there = {}, {path.name for path in folder.iterdir()}
    for name, words, writes in (*MADE, *OUTPUTS):
        found[name] = phonehome(*words, cwd=folder)
        now = {path.name for path in folder.iterdir()}
        assert now - there <= writes, name
        there = now
    return found


NAMES = [name for name, *_ in (*MADE, *OUTPUTS)]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_command_prints_is_harmless(done: dict[str, Any], name: str) -> None:
    told = done[name]
    assert told.returncode in (0, 3), told.stderr.decode()[-400:]
    assert b"Traceback" not in told.stderr
    for printed in (told.stdout.decode(), told.stderr.decode()):
        assert UNSAFE.findall(printed) == []
        assert HIDDEN.findall(printed) == []


def texts(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that was written, those inside archives too."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "cap" not in path.suffix and path.suffix not in (".parquet", ".tsq"):
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        assert not re.search(r"^/|\.\.|\\|^[A-Za-z]:", name), name
                        if "cap" not in Path(name).suffix:
                            yield f"{path.name}/{name}", archive.read(name)
            else:
                yield str(path.relative_to(folder)), path.read_bytes()


@pytest.mark.usefixtures("done")
def test_no_file_holds_a_raw_control_and_no_cell_a_formula(folder: Path) -> None:
    met = []
    for name, data in texts(folder):
        text = data.decode()
        assert UNSAFE.findall(text.replace("\r\n", "\n")) == [], name
        assert HIDDEN.findall(text) == [], name
        met.append(name)
        if name.endswith(".csv"):
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            bad = [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
            assert [c for c in bad if not re.fullmatch(r"[+-]?\d+(\.\d+)?", c)] == [], name
        if name.endswith(".json"):
            json.loads(text)
    assert {"a.json", "d.json", "en.html", "nb.html", "s.html"} <= set(met)
    assert any(name.startswith("e/") for name in met)
    assert any(name.startswith("s/") for name in met)


@pytest.mark.usefixtures("done")
def test_every_new_vector_was_met(folder: Path) -> None:
    """An attack that no reader sees proves nothing."""
    report = read((folder / "a.json").read_text())
    names = {name.how for row in (*report.devices, *report.destinations) for name in row.names}
    assert {"dns", "sni", "host"} <= names
    assert any(said.protocol == "ssdp" for said in report.announcements)
    assert any(said.protocol == "mdns" for said in report.announcements)
    assert any("dhcp" in clue.kind.lower() for device in report.devices for clue in device.clues)
    assert {"syslog", "ftp"} <= {message.protocol.partition("/")[0] for message in report.messages}
    assert any(captures.LOOKALIKE.split(".")[0] in text for text in _strings(report.messages))
    assert len(read((folder / "b.json").read_text()).wifi) > 10
    dumped = (folder / "b.json").read_text()
    assert "\\u001b]0;attacked" in dumped or "\\\\x1b]0;attacked" in dumped


def _strings(messages: Any) -> Iterator[str]:
    for message in messages:
        for _, value in message.headers:
            yield value.encode("latin-1", "replace").decode("utf-8", "replace")


@pytest.mark.parametrize("name", ["en.html", "nb.html", "air.html", "s.html"])
@pytest.mark.usefixtures("done")
def test_a_page_runs_and_fetches_nothing(folder: Path, name: str, browser: Any) -> None:
    page, asked, dialogs = browser.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    path = folder / name
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.attacked === undefined")
    assert dialogs == []
    assert [url for url in asked if url != path.as_uri() and not url.startswith("data:")] == []
    assert page.locator("a[href^='javascript:' i]").count() == 0
    assert HIDDEN.findall(page.inner_text("body")) == []
    page.close()


# ── live ────────────────────────────────────────────────────────────────────


class Heard:
    """An outlet that keeps all events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def take(self, event: Event, _: int) -> None:
        self.events.append(event)


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[WatchSession, list[Event]]]:
    stop, heard = Stop(), Heard()
    session = WatchSession(Options(), stop, [heard])
    from analyzer.live.flow_view import board

    for data in (captures.attacks(), captures.air()):
        reading, writing = os.pipe()
        sender = threading.Thread(target=_send, args=(writing, data), daemon=True)
        sender.start()
        feed = Feed(f"a feed {captures.ANSI}{captures.LINES}", reading, stop)
        session.run(lambda feed=feed: feed)  # type: ignore[misc]
    session.board = board(session.reading.scan.tracker.seen(), session._noticing.names.get, 12)
    session.end()
    yield session, heard.events
    stop.close()


def _send(writing: int, data: bytes) -> None:
    with os.fdopen(writing, "wb") as file:
        file.write(data)


def test_the_screen_shows_nothing_raw(watched: tuple[WatchSession, list[Event]]) -> None:
    from rich.console import Console

    from analyzer.live.screen import picture

    told = io.StringIO()
    console = Console(file=told, width=200, height=60, force_terminal=True, color_system=None)
    console.print(picture(watched[0], 200, 60, 1.0))
    shown = told.getvalue()
    assert "zzhc.vnet.cn" in shown
    assert "\\x1b" in shown
    assert UNSAFE.findall(shown) == []
    assert HIDDEN.findall(shown) == []


def test_each_event_is_one_harmless_line(watched: tuple[WatchSession, list[Event]]) -> None:
    assert len(watched[1]) > 100
    for number, event in enumerate(watched[1], 1):
        for text in (event.line(), event.masked().line()):
            assert UNSAFE.findall(text + "\n") == []
            assert "\n" not in text
        json.dumps(event.document(number))


def test_syslog_gets_one_line_an_event_and_no_second_message(
    watched: tuple[WatchSession, list[Event]],
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        deliver = syslog(f"127.0.0.1:{receiver.getsockname()[1]}")
        for number, event in enumerate(watched[1][:300], 1):
            deliver(event.masked().document(number))
            got = receiver.recv(65536)
            assert re.fullmatch(rb"<1[24]>phonehome: [a-z]+: [^\x00-\x1f\x7f]*", got), got
            assert UNSAFE.findall(got.decode() + "\n") == []
            assert len(got) <= LONGEST + 4


class Redirects(BaseHTTPRequestHandler):
    """Sends whoever posts on to an address inside (SSRF)."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.asked.append(f"POST {self.path}")
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.codes.pop())
        port = self.server.server_address[1]
        self.send_header("Location", f"http://127.0.0.1:{port}/inside")
        self.end_headers()

    codes: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        self.asked.append(f"GET {self.path}")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_webhook_is_led_nowhere(watched: tuple[WatchSession, list[Event]], code: int) -> None:
    Redirects.asked, Redirects.codes = [], [code]
    with HTTPServer(("127.0.0.1", 0), Redirects) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        deliver = webhook(f"http://127.0.0.1:{server.server_address[1]}/hook")
        with pytest.raises(OSError, match=str(code)):
            deliver(watched[1][0].document(1))
        server.shutdown()
    assert Redirects.asked == ["POST /hook"]


TELLS = "import json, os, sys; print(json.dumps([sys.argv, dict(os.environ), sys.stdin.read()]))"


def test_a_program_is_told_on_its_input_and_nowhere_else(
    watched: tuple[WatchSession, list[Event]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its words nor its environment hold anything of the capture, and no shell reads them."""
    ran: list[Any] = []
    run = subprocess.run

    def watch_run(words: Any, **given: Any) -> Any:
        assert not given.get("shell")
        assert "env" not in given
        given["stdout"] = subprocess.PIPE
        result = run(words, **given)
        ran.append((words, json.loads(result.stdout)))
        return result

    monkeypatch.setattr(sinks.subprocess, "run", watch_run)
    monkeypatch.chdir(tmp_path)
    pings = [e for e in watched[1] if e.kind == "ping" and any(t in str(e.details) for t in captures.TEXTS)]
    deliver = sinks.program(f'"{sys.executable}" -c "{TELLS}" "two words"')
    for number, event in enumerate((pings or [e for e in watched[1] if e.kind == "ping"])[:10], 1):
        deliver(event.document(number))
    assert len(ran) == 10
    for words, (argv, environment, told) in ran:
        assert words[1:] == ["-c", TELLS, "two words"]
        assert argv == ["-c", "two words"]
        held = [n for n, v in environment.items() if any(t in v for t in captures.TEXTS if len(t) > 4)]
        assert held == []
        by_libraries = {"LC_CTYPE", "COLUMNS", "LINES"}  # of C, behind Python's back
        assert {*environment} - {*os.environ} - by_libraries == set()
        assert json.loads(told)["event"]["action"] == "ping"
    assert list(tmp_path.iterdir()) == []


def test_the_masked_events_hold_no_identifier(watched: tuple[WatchSession, list[Event]]) -> None:
    pings = [e for e in watched[1] if e.kind in ("ping", "identifier")]
    assert any(captures.IMEI in json.dumps(e.document(1)) for e in pings)
    assert not [e for e in pings if captures.IMEI in json.dumps(e.masked().document(1))]


# ── limits ──────────────────────────────────────────────────────────────────


def test_header_names_without_end_are_bounded_and_said(tmp_path: Path) -> None:
    (tmp_path / "heads.pcap").write_bytes(captures.long_heads())
    done = phonehome("scan", "heads.pcap", "--json", "out.json", cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr.decode()[-400:]
    report = read((tmp_path / "out.json").read_text())
    assert len(report.messages) >= 1
    assert (tmp_path / "out.json").stat().st_size < 20 << 20
    said = " ".join(p.what for p in report.problems) + " ".join(
        t for m in report.messages for t in m.tolerated
    )
    said += " ".join(m for message in report.messages for m in message.missing)
    assert re.search(r"header|head", said), said


def test_every_document_was_asked_for() -> None:
    """A new kind of document has to come through here or through `test_hostile`."""
    assert {d.name for d in installed()} <= {
        "json", "html", "ndjson", "csv", "parquet", "har", "zeek", "eve", "sarif", "stix", "misp",
        "sqlite", "kit",
    }  # fmt: skip
    assert SECONDS
    assert ROOT.is_dir()
