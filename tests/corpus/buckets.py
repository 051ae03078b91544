"""An S3 server on the loopback interface, by any version of moto that pyproject.toml allows."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

HOST = "127.0.0.1"


@contextmanager
def buckets() -> Iterator[str]:
    """Run a server; give its URL."""
    server = pytest.importorskip("moto.server")
    port = free_port()  # versions before 5.0.13 do not say which one they chose
    running = server.ThreadedMotoServer(ip_address=HOST, port=port)
    running.start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        running.stop()


def free_port() -> int:
    """Return a port that nobody listened at a moment ago."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])
