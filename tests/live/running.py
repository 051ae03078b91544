"""The command `watch`, run as a program that is fed piece by piece, and what it is fed."""

from __future__ import annotations

import base64
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from tests import builders
from tests.builders import conversation, http_request, http_response

ROOT = Path(__file__).parents[2]
PATIENCE = 60  # seconds after which a test goes on, and fails

# Synthetic identifiers in the grammar of the China Telecom registration.
PAYLOAD = {
    "UETYPE": "1",
    "MODEL": "TEST",
    "REGVER": "8.0",
    "SWVER": "1",
    "OSVER": "9",
    "HWVER": "1",
    "IMEI1": "490154203237518",
    "IMEI2": "490154203237518",
    "MEID": "A0000012345678",
    "SIM1ICCID": "89860012345678901230",
    "SIM1LTEIMSI": "460111234567890",
    "MACID": "00:00:5e:00:53:a7",
}
BODY = base64.b64encode(json.dumps(PAYLOAD).encode())
PING = http_request("POST", "/", "zzhc.vnet.cn", BODY, Content_Type="application/encrypted-json")
ANSWER = http_response(200, b'{"resultCode":"1","resultDesc":"Check error"}')
SERVER = "202.96.192.0"


def ping(port: int = 40000, answered: bool = True, body: bytes | None = None) -> list[bytes]:
    """The frames of a registration."""
    request = PING if body is None else http_request("POST", "/", "zzhc.vnet.cn", body)
    messages = [(True, request), *([(False, ANSWER)] if answered else [])]
    return conversation(*messages, server=SERVER, ports=(port, 80), close=answered)


def records(frames: list[bytes], start: int = 0) -> bytes:
    """The records of a pcap file without its header."""
    times = [builders.START_NS + (start + n) * 1_000_000 for n in range(len(frames))]
    return builders.pcap(frames, times_ns=times)[24:]


HEADER = builders.pcap([])


class Watch:
    """The program, with its events as they come."""

    def __init__(
        self,
        *arguments: str | Path,
        stdin: int = subprocess.PIPE,
        cwd: Path | None = None,
        before: Sequence[str] = (),
    ) -> None:
        """`before` are words that the command is begun with, such as those that choose a namespace."""
        command = [sys.executable, "-m", "analyzer", "watch", *map(str, arguments)]
        if "--ndjson" not in command:
            command[4:4] = ["--ndjson", "-", "-q"]
        self.process = subprocess.Popen(
            [*before, *command], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        self.events: list[dict[str, Any]] = []
        self.lines: list[bytes] = []
        self._came: queue.Queue[bytes | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def feed(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def event(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until an event comes that is wanted."""
        while True:
            line = self._came.get(timeout=PATIENCE)
            assert line is not None, (self.events, self.process.stderr and self.process.stderr.read())
            self.lines.append(line)
            if line.startswith(b"{"):
                self.events.append(json.loads(line))
                if wanted(self.events[-1]):
                    return self.events[-1]

    def action(self, name: str) -> dict[str, Any]:
        return self.event(lambda event: event["event"]["action"] == name)

    def line(self, wanted: bytes) -> bytes:
        """Wait for a line that holds this."""
        while True:
            line = self._came.get(timeout=PATIENCE)
            assert line is not None, self.lines
            self.lines.append(line)
            if wanted in line:
                return line

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        """Close its input and wait; the exit code."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        while (line := self._came.get()) is not None:
            self.lines.append(line)
            if line.startswith(b"{"):
                self.events.append(json.loads(line))
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._came.put(line)
        self._came.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
