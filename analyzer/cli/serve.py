"""`phonehome serve`: a page of this computer on which captures are dropped."""

from __future__ import annotations

import argparse
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from analyzer.cli.arguments import regions, said
from analyzer.cli.console import DONE, complain, write
from analyzer.cli.documents import DOCUMENTS
from analyzer.cli.extras import missing
from analyzer.cli.output import UnusableError

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.serve.jobs import Kind

MOST_CONNECTIONS = 256

# What the page offers, in this order, of each document: the ending of its file, what it is, its name.
_FORMS = {
    "html": ("html", "text/html", "the report to read and print"),
    "json": ("json", "application/json", "everything, for programs"),
}
_EYES = ((True, "report-redacted", "pseudonyms for identifiers"), (False, "report", "identifiers in full"))


def add(commands: Any) -> None:
    serve = commands.add_parser("serve", help="a page in the browser for those who don't use a terminal")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1: this computer)")
    serve.add_argument("--port", type=_port, default=0, help="default: one that is free")
    serve.add_argument("--open", action="store_true", help="open the page in the browser")
    serve.add_argument("--region", type=said(regions), default=("CN",), metavar="CODES", help="as in scan")
    limits = serve.add_argument_group("limits of a scan")
    limits.add_argument("--max-upload", type=_positive, default=8000, metavar="MB")
    limits.add_argument("--max-memory", type=_positive, default=3000, metavar="MB")
    limits.add_argument("--max-time", type=_positive, default=1800, metavar="SECONDS")
    serve.set_defaults(run=run)


def _positive(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def run(options: argparse.Namespace) -> int:
    try:
        import uvicorn

        from analyzer.serve.app import application
        from analyzer.serve.connection import BoundedConnection
        from analyzer.serve.guard import Secrets
        from analyzer.serve.jobs import JobLimits, Jobs
    except ModuleNotFoundError as error:
        raise UnusableError(missing("serve", error.name, "serve")) from None
    listening = _socket(options.host, options.port)
    with listening:
        port = listening.getsockname()[1]
        limits = JobLimits(options.max_upload * 10**6, options.max_memory * 10**6, options.max_time)
        keys, jobs = Secrets(), Jobs(limits, kinds(), options.region)
        app = application(jobs, keys, _hosts(options.host, port), port)
        server = uvicorn.Server(
            uvicorn.Config(
                app, log_level="error", access_log=False, server_header=False, date_header=False,
                http=BoundedConnection, ws="none", lifespan="on", limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=5,
            )
        )  # fmt: skip
        address = f"http://{_shown(options.host)}:{port}/?token={keys.token}"
        write(f"{address}\n")
        complain("open this address in a browser of this computer; Ctrl-C ends it and removes everything")
        if not _is_loopback(options.host):
            complain(f"{options.host} can be reached by other computers: whoever has the address can look in")
        if options.open:
            _open(address, jobs.folder)
        try:
            with _hang_up(server):
                server.run(sockets=[listening])
        finally:
            import shutil

            shutil.rmtree(jobs.folder, ignore_errors=True)
    return DONE


def _open(address: str, folder: Path) -> None:
    """Open the page in the browser by way of a file that only its owner reads.

    The words of a browser's command line are seen by every user of the computer, and the address opens the
    page. A browser that runs in the terminal ends before `open` comes back, so that waits in a thread.
    """
    import threading
    import webbrowser

    page = folder / "open.html"
    refresh = f'<meta http-equiv="refresh" content="0;url={address}">'
    page.write_text(f"<!DOCTYPE html>{refresh}<title>phonehome</title>\n")
    threading.Thread(target=webbrowser.open, args=(page.as_uri(),), daemon=True).start()


@contextmanager
def _hang_up(server: Any) -> Iterator[None]:
    """Within, SIGHUP ends the server as Ctrl-C does, unless it is ignored, as under nohup."""
    number = getattr(signal, "SIGHUP", None)
    if number is None or signal.getsignal(number) is signal.SIG_IGN:
        yield
        return

    def end(*_: Any) -> None:
        server.should_exit = True

    before = signal.signal(number, end)
    try:
        yield
    finally:
        signal.signal(number, before)


def kinds() -> list[Kind]:
    """The documents that each scan writes: all that a report can be written as."""
    from analyzer.serve.jobs import Kind

    made = {document.name: document for document in DOCUMENTS}
    return [
        Kind(f"{name}.{ending}", made[form].module, made[form].writer, f"{title}, {how}", media, redacted)
        for form, (ending, media, title) in _FORMS.items()
        for redacted, name, how in _EYES
    ]


def _socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(64)  # whoever opens the address early waits
    except OSError as error:
        made.close()
        raise UnusableError(f"{host} port {port}: can't be listened at ({error.strerror or error})") from None
    return made


def _hosts(host: str, port: int) -> set[str]:
    """Values of the Host header that mean this page."""
    names = {_shown(host), *(("127.0.0.1", "localhost", "[::1]") if _is_loopback(host) else ())}
    return {f"{name.lower()}:{port}" for name in names} | (names if port == 80 else set())


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
