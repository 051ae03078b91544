"""The command as a process of its own that begins with everything imported.

`python -m analyzer` spends most of the time of a small capture importing. Here one process imports the
command and forks for each call: arguments, folder, environment, limits, standard streams and exit code are
those of a program. Tests of how the interpreter itself starts (encodings, closed streams, signals) start one
themselves.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parent.parent
BEGIN = "import sys; from tests.program import serve; serve(int(sys.argv[1]))"
# What commands import when they begin.
EARLY = (
    "analyzer.cli.scan", "analyzer.cli.parser", "analyzer.cli.report", "analyzer.cli.evidence",
    "analyzer.cli.diff", "analyzer.bundle.bundle", "analyzer.bundle.verify", "analyzer.compare.compare",
    "analyzer.redaction.redaction",
)  # fmt: skip
# A scan of it loads the tables of places and senders, too.
CAPTURE = ROOT / "captures" / "nokia7plus-reconstruction.pcap"
SIZE = 4  # bytes of a length


def call(
    words: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    given: bytes | None = None,
    limits: Mapping[int, int] | None = None,
    timeout: float = 600,
) -> subprocess.CompletedProcess[bytes]:
    """Run `phonehome` with these words; raise TimeoutExpired after `timeout` seconds.

    `given` is what stands on standard input, which is the null device otherwise. `limits` are those of
    `resource.setrlimit`.
    """
    arguments = [*map(str, words)]
    here, there = zip(
        *(os.pipe() for _ in range(2)), strict=True
    )  # output and errors: ends to read, to write
    stdin, feed = os.pipe() if given is not None else (os.open(os.devnull, os.O_RDONLY), None)
    request = {"words": arguments, "cwd": str(cwd), "env": dict(env), "limits": list((limits or {}).items())}
    line = _server()
    _send(line, request, (stdin, *there))
    for end in (stdin, *there):
        os.close(end)
    pid = _receive(line)[0]
    read: list[bytes] = [b"", b""]
    work = [threading.Thread(target=_read, args=(end, read, at)) for at, end in enumerate(here)]
    if feed is not None:
        work.append(threading.Thread(target=_write, args=(feed, given)))
    for thread in work:
        thread.start()
    line.settimeout(timeout)
    try:
        code = _receive(line)[0]
    except TimeoutError:
        os.kill(pid, signal.SIGKILL)
        line.settimeout(None)
        _receive(line)
        raise subprocess.TimeoutExpired(arguments, timeout) from None
    finally:
        line.settimeout(None)
        for thread in work:
            thread.join()
    return subprocess.CompletedProcess(arguments, code, *read)


@cache
def _server() -> socket.socket:
    """Start the process that forks; it ends with this one."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN, str(theirs.fileno())],
        cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
    )  # fmt: skip
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _read(end: int, into: list[bytes], at: int) -> None:
    with open(end, "rb") as file:
        into[at] = file.read()


def _write(end: int, data: bytes | None) -> None:
    try:
        with open(end, "wb") as file:
            file.write(data or b"")
    except BrokenPipeError:
        pass  # the command did not want it


def _send(line: socket.socket, said: Any, fds: Sequence[int] = ()) -> None:
    data = json.dumps(said).encode()
    head = len(data).to_bytes(SIZE, "big")
    socket.send_fds(line, [head], fds) if fds else line.sendall(head)
    line.sendall(data)


def _receive(line: socket.socket) -> tuple[Any, list[int]]:
    """Return what was said and the file descriptors that came with it; raise EOFError at the end."""
    head, fds, _flags, _address = socket.recv_fds(line, SIZE, 3)
    if len(head) < SIZE:
        raise EOFError
    data, left = b"", int.from_bytes(head, "big")
    while len(data) < left:
        data += line.recv(left - len(data))
    return json.loads(data), list(fds)


# ── in the process that forks ────────────────────────────────────────────────


def serve(number: int) -> None:
    """Fork for each request that comes on a socket, until it is closed."""
    from importlib import import_module

    for name in EARLY:
        import_module(name)
    _warm_up()
    line = socket.socket(fileno=number)
    while True:
        try:
            request, fds = _receive(line)
        except (EOFError, ConnectionError):
            return
        pid = os.fork()
        if not pid:
            line.close()
            _become(request, fds)
        for fd in fds:
            os.close(fd)
        _send(line, pid)
        _send(line, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _warm_up() -> None:
    """Do once what each command would do again: load tables, compile patterns and templates."""
    from analyzer import analyze
    from analyzer.report import json, terminal
    from analyzer.report.html import page

    report = analyze(CAPTURE)
    for write in (json.write, page.write, terminal.render):
        write(report)


def _become(request: dict[str, Any], fds: Sequence[int]) -> NoReturn:
    """Be the program, and end."""
    code: Any = 1
    try:
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
            os.close(fd)
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        for kind, most in request["limits"]:
            resource.setrlimit(kind, (most, most))
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115
        sys.argv = ["phonehome", *request["words"]]
        from analyzer.cli import main

        code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
