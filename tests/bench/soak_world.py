"""What a watch is tried on: servers and receivers at the router, phones that register; run in namespaces.

    python soak_world.py servers FOLDER SECONDS
    python soak_world.py phones FOLDER SECONDS

Servers answer at once, slowly, without end, or never. Receivers refuse, answer 500, hang or send a byte now
and then for the first third of the time. Each writes what it got into FOLDER.
Identifiers are synthetic.
"""

from __future__ import annotations

import base64
import http.server
import itertools
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

SERVER, PORT = "202.96.192.0", 80
ROUTER = "192.168.77.1"
FAILING = 90.0  # seconds at most: a queue holds 1,000 alerts
KINDS = ("fast", "slow", "endless", "never", "pipelined")
# How each receiver fails for the first third of the time, and its port.
WEBHOOKS = {"refuses": 9001, "answers 500": 9002, "hangs": 9003, "drips": 9004, "works": 9005}
SYSLOG_UDP, SYSLOG_TCP = 9010, 9011
A_CONNECTION = 50  # messages by TCP, after which it is closed
FILLER = 500  # bytes of each of the many other datagrams
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def imei_of(number: int) -> str:
    """A synthetic IMEI with a valid check digit (3GPP TS 23.003 annex B)."""
    digits = f"49015420{number:06d}"
    doubled = [int(d) * (1 + at % 2) for at, d in enumerate(digits)]
    return digits + str(-sum(d // 10 + d % 10 for d in doubled) % 10)


def request(number: int, kind: str) -> bytes:
    """A registration in the grammar of China Telecom's."""
    imei = imei_of(number)
    fields = {
        "UETYPE": "1", "MODEL": "TEST", "REGVER": "8.0", "SWVER": "1", "OSVER": "9", "HWVER": "1",
        "IMEI1": imei, "IMEI2": imei, "MEID": "A0000012345678", "SIM1ICCID": "89860012345678901230",
        "SIM1LTEIMSI": "460111234567890", "MACID": "00:00:5e:00:53:a7",
    }  # fmt: skip
    body = base64.b64encode(json.dumps(fields).encode())
    head = f"POST /{kind} HTTP/1.1\r\nHost: zzhc.vnet.cn\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


# ── phones ──────────────────────────────────────────────────────────────────


def phones(folder: Path, seconds: float) -> None:
    """Register again and again, one kind of answer after the other; write when the last byte was sent."""
    until, numbers, rounds = time.monotonic() + seconds, itertools.count(1), itertools.cycle(KINDS)
    threading.Thread(target=_fill, args=(folder, until), daemon=True).start()
    with (folder / "sent").open("a") as log:
        while time.monotonic() < until:
            if not (folder / "pause").exists():
                kind = next(rounds)
                count = 2 if kind == "pipelined" else 1
                _register([next(numbers) for _ in range(count)], kind, log, until)
            time.sleep(0.2)


def _register(numbers: list[int], kind: str, log: Any, until: float) -> None:
    try:
        opened = socket.create_connection((SERVER, PORT), 3)
        time.sleep(0.02)
        opened.sendall(b"".join(request(number, kind) for number in numbers))
    except OSError:
        return
    for number in numbers:
        log.write(json.dumps({"imei": imei_of(number), "kind": kind, "at": time.time()}) + "\n")
    log.flush()
    threading.Thread(target=_read, args=(opened, until), daemon=True).start()


def _read(opened: socket.socket, until: float) -> None:
    with opened, suppress(OSError):
        while time.monotonic() < until + 5:
            opened.settimeout(max(until + 5 - time.monotonic(), 0.01))
            if not opened.recv(65536):
                return


def _fill(folder: Path, until: float) -> None:
    """Some megabits a second of what nothing is found in, so that evidence files are turned."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while time.monotonic() < until:
            with suppress(OSError):
                for _ in range(0 if (folder / "pause").exists() else 20):
                    sender.sendto(bytes(FILLER), (ROUTER, 9999))
            time.sleep(0.05)


# ── servers ─────────────────────────────────────────────────────────────────


def servers(folder: Path, seconds: float) -> None:
    """Serve until the time is over."""
    failing = min(seconds / 3, FAILING)
    works_at = time.monotonic() + failing
    _accept(socket.create_server((SERVER, PORT), backlog=256), _answer)
    for name, port in WEBHOOKS.items():
        threading.Thread(target=_webhook, args=(folder, name, port, works_at), daemon=True).start()
    threading.Thread(target=_syslog_udp, args=(folder, works_at), daemon=True).start()
    time.sleep(failing)
    _syslog_tcp(folder)
    time.sleep(seconds + 60)


def _accept(listening: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    def work() -> None:
        while True:
            opened, _ = listening.accept()
            threading.Thread(target=serve, args=(opened,), daemon=True).start()

    threading.Thread(target=work, daemon=True).start()


def _answer(opened: socket.socket) -> None:
    """Answer by the path of the first request."""
    with opened, suppress(OSError):
        kind = opened.recv(65536).split(b" ", 2)[1].decode().strip("/")
        if kind == "fast":
            opened.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"resultCode":"0"}')
        elif kind != "never":
            opened.sendall(HEAD)
            for _ in range(10**6 if kind == "endless" else 12):
                opened.sendall(b"1\r\nx\r\n")
                time.sleep(0.5)
        while opened.recv(65536):
            pass


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes events; what it does before it works is its server's `how`."""

    def do_POST(self) -> None:
        """Keep an event, or fail."""
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_failing = time.monotonic() < server.works_at
        if is_failing and server.how in ("hangs", "drips"):
            with suppress(OSError):
                for _ in range(20):
                    self.wfile.write(b"H" if server.how == "drips" else b"")
                    time.sleep(3)
            return
        if not is_failing:
            server.log.write(body + b"\n")
        self.send_response(500 if is_failing else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _webhook(folder: Path, how: str, port: int, works_at: float) -> None:
    if how == "refuses":
        time.sleep(max(works_at - time.monotonic(), 0))
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", port), Hook)
    server.how, server.works_at = how, 0 if how == "works" else works_at
    server.log = (folder / f"got {how}").open("ab", buffering=0)
    server.serve_forever()


def _syslog_udp(folder: Path, works_at: float) -> None:
    time.sleep(max(works_at - time.monotonic(), 0))
    log = (folder / "got udp").open("ab", buffering=0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", SYSLOG_UDP))
        while True:
            log.write(server.recv(65536) + b"\n")


def _syslog_tcp(folder: Path) -> None:
    """Takes messages, each behind its length (RFC 6587 §3.4.1), and closes a connection after some."""
    log = (folder / "got tcp").open("ab", buffering=0)

    def take(opened: socket.socket) -> None:
        with opened, suppress(OSError, ValueError), opened.makefile("rb") as stream:
            for _ in range(A_CONNECTION):
                length = b""
                while (digit := stream.read(1)) and digit != b" ":
                    length += digit
                log.write(stream.read(int(length)) + b"\n")

    _accept(socket.create_server(("127.0.0.1", SYSLOG_TCP)), take)


if __name__ == "__main__":
    {"servers": servers, "phones": phones}[sys.argv[1]](Path(sys.argv[2]), float(sys.argv[3]))
