"""Events → a syslog server: by UDP, TCP or TLS, or the socket of this computer.

UDP acknowledges nothing; a closed port is noticed (ICMP port unreachable). TCP and TLS carry
messages of RFC 5424, each behind its length (RFC 6587 §3.4.1, RFC 5425 §4.3).
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from analyzer.report.text import visible

SERVER_TIME = 10.0  # seconds to connect, and to send one event
# Seconds after an event in which the other side may say that it was not taken.
HEARD = 0.05
LONGEST = 1024  # bytes of a message that every receiver takes (RFC 3164 §4.1)
PORTS = {"udp": 514, "tcp": 601, "tls": 6514}  # RFC 5426, RFC 3195, RFC 5425
USER, WARNING, INFO = 1 << 3, 4, 6  # RFC 5424 §6.2.1


def syslog(where: str) -> Callable[[dict[str, Any]], None]:
    """One line an event: to [udp://|tcp://|tls://]HOST[:PORT], or to a socket such as /dev/log."""
    sender = SyslogSender(where) if where.startswith("/") else _to_server(where)

    def deliver(document: dict[str, Any]) -> None:
        sender.send(_line(document) if sender.is_datagram else _framed(document))

    return deliver


class SyslogSender:
    """A socket that is opened when it is needed, and anew after each failure."""

    def __init__(self, path: str = "", host: str = "", port: int = 0, scheme: str = "udp") -> None:
        self._path, self._host, self._port, self._scheme = path, host, port, scheme
        self._socket: socket.socket | None = None

    @property
    def is_datagram(self) -> bool:
        return self._scheme == "udp"

    def send(self, data: bytes) -> None:
        """Send one message; OSError, one sentence, where it was not taken as far as can be known."""
        try:
            if self._socket is None:
                self._socket = self._opened()
            self._socket.settimeout(SERVER_TIME)
            self._socket.sendall(data)
            if not self._path:
                _hear(self._socket)
        except OSError as error:
            self._close()
            raise OSError(self._why(error)) from None

    def _opened(self) -> socket.socket:
        if self._path:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            made.settimeout(SERVER_TIME)
            made.connect(self._path)
            return made
        if self.is_datagram:
            family, kind, _, _, address = socket.getaddrinfo(self._host, self._port, 0, socket.SOCK_DGRAM)[0]
            made = socket.socket(family, kind)
            made.connect(address)
            return made
        plain = socket.create_connection((self._host, self._port), SERVER_TIME)
        if self._scheme == "tcp":
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self._host)

    def _why(self, error: OSError) -> str:
        if isinstance(error, ConnectionRefusedError):
            return "nobody listens there" + (" (ICMP port unreachable)" if self.is_datagram else "")
        if isinstance(error, TimeoutError):
            return f"it took longer than {SERVER_TIME:.0f} s"
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted ({error.verify_message})"
        return error.strerror or str(error)

    def _close(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None


def _hear(opened: socket.socket) -> None:
    """Wait a moment for an error or the end of the connection; OSError where it comes."""
    opened.settimeout(HEARD)
    with suppress(TimeoutError, ssl.SSLWantReadError):
        if not opened.recv(1) and opened.type == socket.SOCK_STREAM:
            raise ConnectionResetError(None, "it closed the connection")


def _to_server(where: str) -> SyslogSender:
    scheme, _, rest = where.rpartition("://")
    scheme = scheme or "udp"
    if scheme not in PORTS:
        raise ValueError(f"{scheme!r} is none of udp, tcp and tls")
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{rest!r} is no host and port ({error})") from None
    if not host:
        raise ValueError(f"{rest!r} names no host")
    socket.getaddrinfo(host, None)
    return SyslogSender(host=host, port=port or PORTS[scheme], scheme=scheme)


def _severity(document: dict[str, Any]) -> int:
    return USER | (WARNING if document["event"]["kind"] == "alert" else INFO)


def _line(document: dict[str, Any]) -> bytes:
    """The message as datagrams carry it since RFC 3164."""
    text = f"phonehome: {document['event']['action']}: {visible(document['message'])}"
    return f"<{_severity(document)}>".encode() + _cut(text)


def _framed(document: dict[str, Any]) -> bytes:
    """The message of RFC 5424 §6 behind its length."""
    # A fraction of a second has at most six digits there (RFC 5424 §6.2.3).
    stamp, _, fraction = document["@timestamp"].rstrip("Z").partition(".")
    host = "".join(c for c in socket.gethostname() if 33 <= ord(c) < 127)[:255] or "-"
    time = f"{stamp}.{(fraction or '0')[:6]}Z"
    head = f"<{_severity(document)}>1 {time} {host} phonehome {os.getpid()} {document['event']['action']} - "
    message = head.encode() + _cut(visible(document["message"]))
    return str(len(message)).encode() + b" " + message


def _cut(text: str) -> bytes:
    """The text in at most so many bytes, no character cut."""
    return text.encode("utf-8", "backslashreplace")[:LONGEST].decode("utf-8", "ignore").encode()
