"""The command `serve`, run as a program on loopback, and a client that holds its cookie."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

ROOT = Path(__file__).parents[2]
CAPTURE = ROOT / "captures" / "nokia7plus-reconstruction.pcap"
PATIENCE = 300.0  # seconds: a busy machine is no failure


class Served:
    """The program; `address` opens the page once."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
        command = [sys.executable, "-m", "analyzer", "serve", *arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=folder
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().decode().strip()
        self.base = self.address.partition("/?")[0]

    @contextmanager
    def opened(self) -> Iterator[Client]:
        """A client that opened the page by its address."""
        with self._client() as client:
            assert client.get(self.address).status_code == 303
            yield client

    @contextmanager
    def returning(self, cookies: httpx.Cookies) -> Iterator[Client]:
        """Give a client that holds the cookies of one that opened the page."""
        with self._client(cookies) as client:
            yield client

    def _client(self, cookies: httpx.Cookies | None = None) -> Client:
        client = Client(base_url=self.base, headers={"Origin": self.base}, timeout=PATIENCE, cookies=cookies)
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(self.base.rpartition(":")[2])), 1).close()
                return client
            except ConnectionRefusedError:
                assert time.monotonic() < until
                time.sleep(0.05)

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


class Client(httpx.Client):
    """A browser without eyes."""

    def key(self) -> str:
        found = re.search('name="key" value="([^"]+)"', self.get("/").text)
        assert found is not None
        return found[1]

    def upload(self, *files: tuple[str, bytes], key: str | None = None) -> httpx.Response:
        """Upload files of these names."""
        parts: list[Any] = [("captures", file) for file in files]
        return self.post("/captures", data={"key": self.key() if key is None else key}, files=parts)

    def over(self, job: str) -> dict[str, Any]:
        """Wait until a scan is over; what its state says."""
        until = time.monotonic() + PATIENCE
        while True:
            state: dict[str, Any] = self.get(f"{job}/state").json()
            if state["state"] in ("done", "failed"):
                return state
            assert time.monotonic() < until, state
            time.sleep(0.1)
