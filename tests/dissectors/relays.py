"""Real clients and servers on loopback, with a relay between them that writes down what each says."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Said = tuple[bool, bytes]  # whether the client said it, and the bytes


def free_port() -> int:
    """A UDP port that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


class TcpRelay:
    """Forwards one connection after the other; `said` holds the bytes of both sides in their order."""

    def __init__(self, server_port: int) -> None:
        self.said: list[Said] = []
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._server_port))
        ways = [(client, server, True), (server, client, False)]
        threads = [threading.Thread(target=self._forward, args=way, daemon=True) for way in ways]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        client.close()
        server.close()

    def _forward(self, source: socket.socket, destination: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.said.append((up, data))
                destination.sendall(data)
            destination.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def served(answer: Callable[[socket.socket], None]) -> Iterator[TcpRelay]:
    """A relay to a server that handles one connection with `answer`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    relay = TcpRelay(listener.getsockname()[1])
    try:
        yield relay
    finally:
        relay.close()
        thread.join(10)
        listener.close()


def dialogue(greeting: bytes, replies: dict[bytes, bytes], end: bytes) -> Callable[[socket.socket], None]:
    """A server that greets, answers each line by how it begins, and ends behind `end`."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(greeting)
        for line in connection.makefile("rb"):
            tag, _, rest = line.partition(b" ")
            command = rest if greeting.startswith(b"*") else line
            reply = next((r for c, r in replies.items() if command.upper().startswith(c)), replies[b""])
            connection.sendall(reply.replace(b"TAG", tag))
            if command.upper().startswith(end):
                return

    return answer


class UdpRelay:
    """Forwards datagrams between one client and a server, and writes them down."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.said: list[Said] = []
        self._server = server
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port: int = self._socket.getsockname()[1]
        self._client: tuple[str, int] | None = None
        self._open = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._open = False
        self._thread.join(10)
        self._socket.close()

    def _run(self) -> None:
        while self._open:
            try:
                data, source = self._socket.recvfrom(65536)
            except (TimeoutError, ConnectionError):
                continue
            up = source != self._server
            self._client = source if up else self._client
            self.said.append((up, data))
            destination = self._server if up else self._client
            if destination is not None:
                self._socket.sendto(data, destination)
