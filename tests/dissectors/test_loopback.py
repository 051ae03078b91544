"""Real servers on the loopback interface, captured by dumpcap: the whole way from packets to messages."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets.asyncio.client
import websockets.asyncio.server
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded

from analyzer import analyze
from analyzer.model import Message

pytestmark = pytest.mark.skipif(
    shutil.which("dumpcap") is None or os.geteuid() != 0, reason="capturing needs dumpcap and its rights"
)
HOST = "127.0.0.1"
IMEI = "490154203237518"  # of the documentation of the check digit


@contextmanager
def captured(path: Path, *ports: int) -> Iterator[None]:
    """Everything on the loopback interface to and from these ports goes to a file meanwhile."""
    filter_ = " or ".join(f"tcp port {port}" for port in ports)
    command = ["dumpcap", "-q", "-P", "-i", "lo", "-f", filter_, "-w", str(path)]
    dumpcap = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert dumpcap.stderr is not None
    try:
        told = ""
        while "File:" not in told:  # it is ready then
            told = dumpcap.stderr.readline()
            if not told:
                pytest.skip("dumpcap can't capture on the loopback interface here")
        yield
        _wait_for_silence(path)
    finally:
        dumpcap.terminate()
        dumpcap.communicate()


def _wait_for_silence(path: Path) -> None:
    """Until the file has not grown for a while."""
    sizes = [-1]
    while len(sizes) < 6 or len(set(sizes[-5:])) > 1:
        time.sleep(0.1)
        sizes.append(path.stat().st_size)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def run_meanwhile(path: Path, ports: tuple[int, ...], talk: Callable[[], Awaitable[Any]]) -> list[Message]:
    with captured(path, *ports):
        asyncio.run(asyncio.wait_for(talk(), 30))
    return list(analyze(path).messages)


# ── the parties ─────────────────────────────────────────────────────────────


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application that answers a request with its own body."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        event = await receive()
        body, more = body + event.get("body", b""), event.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-path", scope["raw_path"])]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def hypercorn_on(port: int) -> Iterator[None]:
    """An HTTP/2 server for clear text."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config, loop, ended = Config(), asyncio.new_event_loop(), asyncio.Event()
    config.bind, config.loglevel = [f"{HOST}:{port}"], "CRITICAL"
    serving = serve(echo, config, shutdown_trigger=ended.wait)
    thread = threading.Thread(target=lambda: loop.run_until_complete(serving), daemon=True)
    thread.start()
    _wait_for(port)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server did not start")


async def ask_http_2(port: int, bodies: list[bytes], through: bytes = b"") -> None:
    """POST each body on a stream of its own over one connection; `through` opens a proxy first."""
    reader, writer = await asyncio.open_connection(HOST, port)
    if through:
        await open_proxy(reader, writer, through)
    client = H2Connection(H2Configuration(client_side=True))
    client.initiate_connection()
    for number, body in enumerate(bodies):
        fields = [
            (":method", "POST"),
            (":path", f"/{number}"),
            (":scheme", "http"),
            (":authority", "a.example"),
        ]
        client.send_headers(1 + 2 * number, [*fields, ("content-type", "text/plain")])
        for at in range(0, len(body), 10_000):
            client.send_data(1 + 2 * number, body[at : at + 10_000])
        client.end_stream(1 + 2 * number)
    writer.write(client.data_to_send())
    ended = 0
    while ended < len(bodies):
        for event in client.receive_data(await reader.read(65536)):
            if isinstance(event, DataReceived):
                client.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            ended += isinstance(event, StreamEnded)
        writer.write(client.data_to_send())
    writer.close()
    await writer.wait_closed()


async def open_proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handshake: bytes) -> None:
    """Send the greeting of SOCKS 5 and its request, or a CONNECT, and wait for the answers."""
    if handshake.startswith(b"CONNECT"):
        writer.write(handshake)
        await reader.readuntil(b"\r\n\r\n")
        return
    writer.write(b"\5\1\0")
    await reader.readexactly(2)
    writer.write(handshake)
    await reader.readexactly(10)


async def proxy(port: int) -> asyncio.Server:
    """A proxy for CONNECT and SOCKS 5 that connects to where it is asked to on this machine."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(3)
        if first == b"\5\1\0":
            writer.write(b"\5\0")
            request = await reader.readexactly(10)
            target, answer = int.from_bytes(request[-2:], "big"), b"\5\0\0\1" + bytes(6)
        else:
            line = first + await reader.readuntil(b"\r\n\r\n")
            target, answer = int(line.split()[1].rpartition(b":")[2]), b"HTTP/1.1 200 OK\r\n\r\n"
        inner_reader, inner_writer = await asyncio.open_connection(HOST, target)
        writer.write(answer)
        await asyncio.gather(pass_on(reader, inner_writer), pass_on(inner_reader, writer))

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, HOST, port)


def content_of(found: list[Message], role: str, protocol: str) -> list[bytes]:
    return [m.body.content for m in found if m.role == role and m.protocol == protocol]


BODIES = [b'{"imei":"%s"}' % IMEI.encode(), b"x" * 50_000, b"third"]


# ── the tests ───────────────────────────────────────────────────────────────


def test_requests_to_an_http_2_server_are_read(tmp_path: Path) -> None:
    port = free_port()
    with hypercorn_on(port):
        found = run_meanwhile(tmp_path / "h2.pcap", (port,), lambda: ask_http_2(port, BODIES))
    asked = sorted((m.target or "", m.host, m.body.content) for m in found if m.role == "request")
    assert asked == [(f"/{number}", "a.example", body) for number, body in enumerate(BODIES)]
    answers = {m.header("x-path"): m.body.content for m in found if m.role == "response"}
    assert answers == {f"/{number}": body for number, body in enumerate(BODIES)}
    assert all(m.complete and m.delivered for m in found if m.role == "request")


@pytest.mark.parametrize("kind", ["CONNECT", "SOCKS 5"])
def test_http_2_through_a_proxy_is_read(tmp_path: Path, kind: str) -> None:
    port, between = free_port(), free_port()
    target = f"{HOST}:{port}"
    handshake = b"\5\1\0\1" + socket.inet_aton(HOST) + port.to_bytes(2, "big")
    if kind == "CONNECT":
        handshake = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()

    async def talk() -> None:
        async with await proxy(between):
            await ask_http_2(between, BODIES, handshake)

    with hypercorn_on(port):
        found = run_meanwhile(tmp_path / "proxy.pcap", (between,), talk)
    named = f"CONNECT {target}" if kind == "CONNECT" else f"SOCKS 5 CONNECT {target}"
    inside = [m for m in found if m.protocol == "http/2"]
    assert {m.tunnel for m in inside} == {(named,)}
    assert sorted(content_of(found, "request", "http/2")) == sorted(BODIES)


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_messages_to_a_websocket_server_are_read(tmp_path: Path, compression: str | None) -> None:
    port = free_port()
    mine = [f'{{"imei":"{IMEI}","n":{number}}}' for number in range(5)] + ["long " * 20_000]

    async def answer(connection: Any) -> None:
        async for message in connection:
            await connection.send(message.upper())

    async def talk() -> None:
        async with websockets.asyncio.server.serve(answer, HOST, port, compression=compression):
            there = f"ws://{HOST}:{port}/room"
            async with websockets.asyncio.client.connect(there, compression=compression) as connection:
                for message in mine:
                    await connection.send(message)
                    assert await connection.recv() == message.upper()

    found = run_meanwhile(tmp_path / "ws.pcap", (port,), talk)
    up = [m for m in found if m.protocol == "websocket" and m.role == "request" and m.method == "text"]
    assert [m.body.content.decode() for m in up] == mine
    assert {m.target for m in up} == {"/room"}
    down = [m for m in found if m.protocol == "websocket" and m.role == "response" and m.method == "text"]
    assert [m.body.content.decode() for m in down] == [message.upper() for message in mine]
    assert bool(up[0].body.codings) == (compression is not None)
