"""Events → a web address, each POSTed as JSON; the time for one is bounded as a whole, not by the read."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from analyzer.live.delivery_queue import EventRefusedError
from analyzer.version import VERSION

SERVER_TIME = 10.0  # seconds that a server gets for one event
# Answers after which the same event is not sent again: it is what the server objects to (RFC 9110 §15.5).
REFUSALS = frozenset({400, 405, 406, 411, 413, 414, 415, 422})


def webhook(url: str) -> Callable[[dict[str, Any]], None]:
    """POST each event to this address, and follow no redirect: events go nowhere else."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is no http or https address")
    _ = parts.port  # ValueError where it is none
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"phonehome/{VERSION}",
        "Connection": "close",
        **_authorization(parts),
    }

    def deliver(document: dict[str, Any]) -> None:
        status = _posted(parts, json.dumps(document).encode(), headers)
        if status in REFUSALS:
            raise EventRefusedError(f"it answered with status {status}")
        if not 200 <= status < 300:
            raise OSError(f"it answered with status {status}")

    return deliver


def _posted(parts: SplitResult, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer; OSError where none came in time."""
    connection, target = _connection(parts)
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        if connection.sock is not None:
            with suppress(OSError):  # a TLS connection's own shutdown waits for the other side
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    timer = threading.Timer(SERVER_TIME, end)
    timer.daemon = True
    timer.start()
    try:
        connection.request("POST", target, body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException, AttributeError) as error:
        if is_late.is_set() or isinstance(error, TimeoutError):
            raise OSError(f"it took longer than {SERVER_TIME:.0f} s") from None
        if isinstance(error, OSError) and not isinstance(error, http.client.HTTPException):
            raise OSError(error.strerror or str(error)) from None
        raise OSError("it closed the connection without an answer that can be read") from None
    finally:
        timer.cancel()
        connection.close()


def _connection(parts: SplitResult) -> tuple[http.client.HTTPConnection, str]:
    """A connection to the server, or to the proxy that the environment names, and the target to ask for."""
    host, target = parts.hostname or "", f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    proxy = urlsplit(getproxies().get(parts.scheme, ""))
    if not proxy.hostname or proxy_bypass(host):
        return kind(host, parts.port, timeout=SERVER_TIME), target
    connection = kind(proxy.hostname, proxy.port or 8080, timeout=SERVER_TIME)
    if parts.scheme == "https":
        connection.set_tunnel(host, parts.port)
        return connection, target
    return connection, f"http://{parts.netloc.rpartition('@')[2]}{target}"


def _authorization(parts: SplitResult) -> dict[str, str]:
    """The user and password of an address as a header (RFC 7617)."""
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
