"""`phonehome watch` as a program: what is told at once, and that nothing seen is lost at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.report.json import read
from tests import builders
from tests.capture.blocks import enhanced, interface, section, statistics
from tests.live.running import HEADER, PING, ROOT, SERVER, Watch, ping, records

RECONSTRUCTION = ROOT / "captures" / "nokia7plus-reconstruction.pcap"


def test_a_ping_is_told_before_it_is_answered_and_again_when_it_is() -> None:
    frames = ping()
    request = next(n for n, frame in enumerate(frames) if b"POST" in frame) + 1
    with Watch("-") as watch:
        watch.feed(HEADER + records(frames[:request]))
        told = watch.action("ping")  # nothing more is sent until it was told
        assert told["phonehome"]["status"] == "attempted"
        assert told["destination"] == {"ip": "202.96.192.0", "port": 80, "domain": "zzhc.vnet.cn"}
        assert told["phonehome"]["frame"] == request
        assert not told["phonehome"]["further"]
        watch.feed(records(frames[request:], request))
        again = watch.action("ping")
        assert again["phonehome"]["status"] == "answered"
        assert again["phonehome"]["further"]
        assert (told["event"]["kind"], again["event"]["kind"]) == ("alert", "event")
        assert watch.end() == 0


ENDLESS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
)


def frames_of(port: int, *messages: tuple[bool, bytes]) -> list[bytes]:
    return builders.conversation(*messages, server=SERVER, ports=(port, 80), close=False)


def test_a_request_is_an_alert_when_it_is_complete_whatever_its_answer_does() -> None:
    """An answer without end that begins in the same batch, and a second request on its connection."""
    with Watch("-") as watch:
        watch.feed(HEADER + records(frames_of(40001, (True, PING), (False, ENDLESS))))
        assert watch.action("ping")["source"]["port"] == 40001  # nothing more is sent until it was told
        watch.feed(records(frames_of(40002, (True, PING + PING), (False, ENDLESS)), 100))
        watch.action("ping")
        watch.action("ping")
        frames = frames_of(40001, (True, PING), (False, ENDLESS + b"0\r\n\r\n"))
        watch.feed(records(frames[-3:], 200))
        assert watch.action("ping")["phonehome"]["further"]
        assert watch.end() == 0
    alerts = [e for e in watch.events if e["event"]["kind"] == "alert" and e["event"]["action"] == "ping"]
    assert sorted(alert["source"]["port"] for alert in alerts) == [40001, 40002, 40002]


def test_the_report_of_a_pipe_is_that_of_the_file(tmp_path: Path) -> None:
    with Watch("-", "--json", tmp_path / "live.json") as watch:
        watch.feed(RECONSTRUCTION.read_bytes())
        assert watch.end() == 0
    live, whole = json.loads((tmp_path / "live.json").read_text()), analyze(RECONSTRUCTION)
    report = read(json.dumps(live))
    for part in ("destinations", "devices", "messages", "findings", "pings", "identifiers", "problems"):
        assert getattr(report, part) == getattr(whole, part), part
    assert report.region_packets.columns == whole.region_packets.columns
    assert report.captures[0].sha256 == whole.captures[0].sha256
    pings = [e for e in watch.events if e["event"]["action"] == "ping" and not e["phonehome"]["further"]]
    assert len(pings) == len(whole.pings) == 7
    assert all("reconstruct" in json.dumps(e).lower() for e in pings[1:])


def test_ctrl_c_ends_with_the_report_and_the_documents(tmp_path: Path) -> None:
    with Watch("-", "--plain", "--ndjson", tmp_path / "events", "--json", tmp_path / "report.json") as watch:
        watch.feed(HEADER + records(ping()))
        assert b"zzhc.vnet.cn" in watch.line(b"PING")
        assert watch.interrupt() == 0
    printed = b"".join(watch.lines)
    assert b"THE ANSWER" in printed
    assert b"1 activation payload" in printed
    assert len(read((tmp_path / "report.json").read_text()).pings) == 1
    assert (tmp_path / "events").stat().st_mode & 0o777 == 0o600
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [e["event"]["sequence"] for e in events] == list(range(1, len(events) + 1))


def test_a_file_that_grows_and_is_replaced_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "growing.pcap"
    first, second = ping(40001), ping(40002)
    path.write_bytes(HEADER + records(first[:4]))
    with Watch(path, "--json", tmp_path / "report.json", stdin=subprocess.DEVNULL) as watch:
        watch.action("destination")
        with path.open("ab") as file:
            file.write(records(first[4:], 4))
        watch.action("ping")
        (tmp_path / "next").write_bytes(HEADER + records(second, 100))
        os.replace(tmp_path / "next", path)
        watch.event(lambda e: e["event"]["action"] == "ping" and e["source"]["port"] == 40002)
        assert watch.interrupt() == 0
    report = read((tmp_path / "report.json").read_text())
    assert [p.source.port for p in report.pings] == [40001, 40002]
    assert len(report.captures) == 2
    assert [p.evidence.capture for p in report.pings] == [0, 1]


SENDER = """
import pathlib, sys, time
count = pathlib.Path(sys.argv[1])
number = int(count.read_text()) if count.exists() else 0
count.write_text(str(number + 1))
parts = [pathlib.Path(p).read_bytes() for p in sys.argv[2:]]
if number < len(parts):
    sys.stdout.buffer.write(parts[number])
    sys.stdout.flush()
    print("3 packets captured", file=sys.stderr)
    print("2 packets dropped by kernel", file=sys.stderr)
    sys.exit(1)
time.sleep(60)
"""


def test_a_program_that_breaks_off_is_run_again_and_nothing_seen_is_lost(tmp_path: Path) -> None:
    (tmp_path / "sender.py").write_text(SENDER)
    cut = HEADER + records(ping(40001), 0) + records(ping(40009)[:1])[:30]  # broken off within a record
    (tmp_path / "a").write_bytes(cut)
    (tmp_path / "b").write_bytes(HEADER + records(ping(40002), 500))
    command = [sys.executable, "sender.py", "count", "a", "b"]
    arguments = ["--reconnect", "--json", "report.json", "--", *command]
    with Watch(*arguments, stdin=subprocess.DEVNULL, cwd=tmp_path) as watch:
        watch.event(lambda e: e["event"]["action"] == "ping" and e["source"]["port"] == 40002)
        watch.event(lambda e: "exit code 1" in e["message"])
        assert watch.interrupt() == 3  # a record was cut
    report = read((tmp_path / "report.json").read_text())
    assert [p.source.port for p in report.pings] == [40001, 40002]
    assert "connections of one live capture" in report.sessions[0].why
    codes = {problem.code: problem for problem in report.problems}
    assert codes["lost-live"].count == 4
    assert "cut-record" in codes
    assert [e["message"] for e in watch.events if e["event"]["action"] == "loss"] == [
        "2 more packets were lost before they got here, 2 in all",
        "2 more packets were lost before they got here, 4 in all",
    ]


def test_what_the_stream_says_was_dropped_is_told_while_it_runs() -> None:
    stream = section() + interface() + b"".join(map(enhanced, ping()))
    with Watch("-") as watch:
        watch.feed(stream + statistics(0, (5, (7).to_bytes(8, "little"))))
        assert watch.action("loss")["message"].startswith("7 more packets were lost")
        watch.end()


EMPTY = f"import sys; sys.stdout.buffer.write({HEADER!r})"


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "watch needs one source"),
        (["-", "--interface", "lo"], "watch needs one source"),
        (["-", "--reconnect"], "--reconnect needs"),
        (["-", "--filter", "tcp"], "--filter goes with --interface"),
        (["/nonexistent/file"], "/nonexistent/file: can't be opened"),
        (["/dev/null"], "is not a file that grows"),
        (["--", "/nonexistent/program", "x"], "/nonexistent/program: can't be run"),
        (["--", sys.executable, "-c", "import sys; sys.exit('no right to capture')"], "no right to capture"),
        (["-", "--webhook", "file:///etc/passwd"], "is no http or https address"),
        (["-", "--mqtt", "mqtt://127.0.0.1/a/#"], "holds a wildcard"),
        (["-", "--on-ping", "'"], "can't be taken apart"),
        (["-", "-w", "/nonexistent/folder/file"], "nothing can be written into"),
        (["--", sys.executable, "-c", EMPTY], "no packet came"),
        (["-", "--rotate-count", "0"], "no whole number above 0"),
        (["-", "--ndjson", "-", "--json", "-"], "can't both go to standard output"),
    ],
)
def test_what_can_not_be_used_is_one_sentence(arguments: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "analyzer", "watch", *arguments],
        input=b"", capture_output=True, cwd=ROOT, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_nobody_reading_the_lines_any_more_ends_it_and_writes_the_documents(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "analyzer", "watch", "-", "--json", str(tmp_path / "report.json")]
    watch = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert watch.stdin is not None
    assert watch.stdout is not None
    with watch, watch.stdout:
        watch.stdin.write(HEADER + records(ping(40001)))
        watch.stdin.flush()
        assert b"PING" in watch.stdout.readline()
        watch.stdout.close()
        watch.stdin.write(records(ping(40002), 100))
        watch.stdin.close()
        assert watch.wait(60) == 141
    assert len(read((tmp_path / "report.json").read_text()).pings) == 2


def test_text_of_the_capture_reaches_a_line_only_escaped() -> None:
    frames = builders.conversation(
        (True, builders.http_request("POST", "/", "a\x1b[31mb.example", b"imei=490154203237518")),
        (False, builders.http_response(200, b"ok")),
    )
    done = subprocess.run(
        [sys.executable, "-m", "analyzer", "watch", "-"],
        input=HEADER + records(frames), capture_output=True, cwd=ROOT, check=True, timeout=60,
    )  # fmt: skip
    assert b"IDENTIFIER" in done.stdout
    assert b"\\x1b[31m" in done.stdout
    assert b"\x1b" not in done.stdout
