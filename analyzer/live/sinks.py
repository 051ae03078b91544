"""Who may be told of events: a program, a web address, a syslog server, an MQTT broker.

Each function gives something for an `Outbox`: it takes a JSON document and raises OSError where it was not
taken. ValueError, one sentence, where what the user named can't be used.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import shlex
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from analyzer.report.text import visible
from analyzer.version import VERSION

# Seconds that a program and a server get for one event.
PROGRAM_TIME, SERVER_TIME = 30.0, 5.0
LONGEST_SYSLOG = 1024  # bytes of a message that every receiver takes (RFC 3164 §4.1)
SYSLOG_PORT = 514

Deliver = Callable[[dict[str, Any]], None]


def program(command: str) -> Deliver:
    """Run a program, one at a time, with the event as JSON on its standard input; no shell reads it."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ValueError(f"{command!r} can't be taken apart ({error})") from None
    if not words:
        raise ValueError("no program is named")

    def deliver(document: dict[str, Any]) -> None:
        try:
            done = subprocess.run(
                words,
                input=json.dumps(document).encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=PROGRAM_TIME,
                start_new_session=True,  # Ctrl-C ends the watch, not what was begun
            )
        except subprocess.TimeoutExpired:
            raise OSError(f"it took longer than {PROGRAM_TIME:.0f} s and was ended") from None
        if done.returncode:
            raise OSError(f"it ended with exit code {done.returncode}")

    return deliver


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Events go to the address that the user named and to no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


def webhook(url: str) -> Deliver:
    """POST each event as JSON."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is no http or https address")
    opener = urllib.request.build_opener(_NoRedirects)
    headers = {"Content-Type": "application/json", "User-Agent": f"phonehome/{VERSION}"}

    def deliver(document: dict[str, Any]) -> None:
        request = urllib.request.Request(url, json.dumps(document).encode(), headers, method="POST")
        try:
            with opener.open(request, timeout=SERVER_TIME):
                pass
        except urllib.error.HTTPError as error:
            error.close()
            raise OSError(f"it answered with status {error.code}") from None
        except urllib.error.URLError as error:
            raise OSError(str(error.reason)) from None

    return deliver


class _Strict(logging.handlers.SysLogHandler):
    """Says what went wrong in place of printing it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002
        error = sys.exc_info()[1]
        raise OSError(f"it could not be sent ({error})") from None


def syslog(where: str) -> Deliver:
    """One line an event: to HOST or HOST:PORT by UDP, or to a socket such as /dev/log."""
    address: str | tuple[str, int] = where
    if not where.startswith("/"):
        parts = _split(f"//{where}")
        address = (parts[0], parts[1] or SYSLOG_PORT)
    handler = _Strict(address, facility=logging.handlers.SysLogHandler.LOG_USER)
    handler.append_nul = False

    def deliver(document: dict[str, Any]) -> None:
        level = logging.WARNING if document["event"]["kind"] == "alert" else logging.INFO
        text = f"phonehome: {document['event']['action']}: {visible(document['message'])}"
        data = text.encode()[:LONGEST_SYSLOG].decode("utf-8", "ignore")
        handler.emit(logging.LogRecord("phonehome", level, "", 0, data, None, None))

    return deliver


def mqtt(url: str) -> Deliver:
    """Publish each event as JSON: mqtt://[USER:PASSWORD@]HOST[:PORT]/TOPIC, mqtts:// for TLS."""
    parts = urlsplit(url)
    topic = unquote(parts.path.lstrip("/"))
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or not topic:
        raise ValueError(f"{url!r} is not of the form mqtt://HOST/TOPIC")
    if "#" in url or set(topic) & set("+#\0"):
        raise ValueError(f"the topic {topic!r} holds a wildcard")
    try:
        from paho.mqtt import client as paho
        from paho.mqtt.enums import CallbackAPIVersion
    except ModuleNotFoundError:
        raise ValueError(
            "MQTT needs the package paho-mqtt, which is not installed: pip install '.[mqtt]'"
        ) from None
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect_timeout = SERVER_TIME
    if parts.username:
        client.username_pw_set(unquote(parts.username), unquote(parts.password or "") or None)
    if parts.scheme == "mqtts":
        client.tls_set()
    port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
    state = {"begun": False}

    def deliver(document: dict[str, Any]) -> None:
        if not state["begun"]:
            client.connect(parts.hostname or "", port, keepalive=60)
            client.loop_start()
            state["begun"] = True
        try:
            published = client.publish(topic, json.dumps(document), qos=1)
            published.wait_for_publish(SERVER_TIME)
            done = published.is_published()
        except RuntimeError as error:
            raise OSError(str(error)) from None
        if not done:
            raise OSError("the broker did not acknowledge it")

    return deliver


def _split(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{url[2:]!r} is no host and port ({error})") from None
    if not host:
        raise ValueError(f"{url[2:]!r} names no host")
    socket.getaddrinfo(host, None)
    return host, port
