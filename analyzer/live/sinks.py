"""Receivers of events other than web and syslog servers: a program, an MQTT broker.

Each function gives something for a `DeliveryQueue`: it takes a JSON document and raises OSError where it was
not taken. ValueError, one sentence, where what the user named can't be used.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from analyzer.live.delivery_queue import EventRefusedError

# Seconds that a program and a broker get for one event.
PROGRAM_TIME, BROKER_TIME = 30.0, 10.0

Deliver = Callable[[dict[str, Any]], None]


def program(command: str) -> Deliver:
    """Run a program, one at a time, with the event as JSON on its standard input; no shell reads it.

    It is run once for an event, whatever becomes of it.
    """
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
            raise EventRefusedError(f"it took longer than {PROGRAM_TIME:.0f} s and was ended") from None
        except BrokenPipeError:
            return  # it did not read what it was given
        except OSError as error:
            raise EventRefusedError(f"{words[0]} can't be run ({error.strerror})") from None
        if done.returncode:
            raise EventRefusedError(f"it ended with exit code {done.returncode}")

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
    client.connect_timeout = BROKER_TIME
    client.reconnect_delay_set(1, 30)
    if parts.username:
        client.username_pw_set(unquote(parts.username), unquote(parts.password or "") or None)
    if parts.scheme == "mqtts":
        client.tls_set()
    port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
    return MqttPublisher(client, parts.hostname, port, topic)


class MqttPublisher:
    """Publishes one event at a time, with quality of service 1: what the broker acknowledged is delivered.

    The client keeps what was not acknowledged and sends it again after each connection, so an event that is
    tried again is not published a second time, but waited for.
    """

    def __init__(self, client: Any, host: str, port: int, topic: str) -> None:
        self._client, self._host, self._port, self._topic = client, host, port, topic
        self._has_begun = False
        self._changed = threading.Condition()
        self._published: dict[str, Any] | None = None  # the event that is under way
        self._number: int | None = None  # the client's own for it
        self._acknowledged: set[int] = set()
        self._refusal = ""
        client.on_publish, client.on_connect = self._on_publish, self._on_connect

    def __call__(self, document: dict[str, Any]) -> None:
        if not self._has_begun:
            self._client.connect(self._host, self._port, keepalive=60)
            self._client.loop_start()
            self._has_begun = True
        if self._published is not document:
            self._number = self._client.publish(self._topic, json.dumps(document), qos=1).mid
            self._published = document
        with self._changed:
            done = self._changed.wait_for(lambda: self._number in self._acknowledged, BROKER_TIME)
            self._acknowledged.clear()
        if not done:
            raise OSError(self._refusal or self._state())
        self._published = None

    def _state(self) -> str:
        is_there = self._client.is_connected()
        return "the broker did not acknowledge it" if is_there else "there is no connection to the broker"

    def _on_publish(self, _client: Any, _data: Any, number: int, *_: Any) -> None:
        with self._changed:
            self._acknowledged.add(number)
            self._changed.notify_all()

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, *_: Any) -> None:
        self._refusal = f"the broker refuses the connection ({reason})" if reason.is_failure else ""
