"""An interface of this computer → whether it is up, down or gone, and a sentence when that changes."""

from __future__ import annotations

import socket
import struct
import sys
import time
from contextlib import suppress

from analyzer.report.units import span

NS = 1_000_000_000
LOOK_EVERY = 0.5  # seconds
# netdevice(7), Linux
SIOCGIFFLAGS, NAME_SIZE, REQUEST_SIZE = 0x8913, 16, 40
IFF_UP, IFF_RUNNING = 0x1, 0x40
SENTENCES = {
    "down": "{name} is down: no packet comes until it is up",
    "no link": "{name} has no link: no packet comes until it has one",
    "gone": "{name} is gone: there is no such interface any more",
}


class LinkState:
    """Looks at the interface from time to time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._looked = 0.0
        self._state = state_of(name)
        self._since = time.monotonic()

    def look(self) -> str:
        """What is new, in a sentence; empty where nothing is."""
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY:
            return ""
        self._looked = now
        state = state_of(self._name)
        if state == self._state:
            return ""
        lasted, was_known = span(int((now - self._since) * NS)), bool(self._state)
        self._state, self._since = state, now
        if state in SENTENCES:
            return SENTENCES[state].format(name=self._name)
        return f"{self._name} is up again, after {lasted}" if was_known and state else ""


def state_of(name: str) -> str:
    """ "up", "down", "no link" or "gone"; empty where that can't be told."""
    if not sys.platform.startswith("linux") or len(name.encode()) >= NAME_SIZE:
        return ""
    import fcntl

    with suppress(OSError):
        if all(name != known for _, known in socket.if_nameindex()):
            return "gone" if name != "any" else ""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            request = name.encode().ljust(REQUEST_SIZE, b"\0")
            answer = fcntl.ioctl(asked, SIOCGIFFLAGS, request)
        flags = struct.unpack_from("H", answer, NAME_SIZE)[0]
        if not flags & IFF_UP:
            return "down"
        return "up" if flags & IFF_RUNNING else "no link"
    return ""
