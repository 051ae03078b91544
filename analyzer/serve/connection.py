"""HTTP connections of the page: the time for a request's head is bounded, and those that only wait give way.

Without that, whoever can reach the port holds it closed for its owner by opening connections and sending
nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_TIME = 10.0  # seconds for the first line and the headers of a request
MOST_WAITING = 32  # connections whose request has not come; the oldest gives way


class BoundedConnection(H11Protocol):
    """A connection that has to ask within a time."""

    _waiting: dict[BoundedConnection, asyncio.TimerHandle] = {}  # noqa: RUF012  of the one server of a process

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._watch_head()
        while len(self._waiting) > MOST_WAITING:
            next(iter(self._waiting))._give_up()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        """Begin to wait for a request, or end it once its head is there."""
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._forget()
        elif self not in self._waiting:
            self._waiting[self] = self.loop.call_later(HEAD_TIME, self._give_up)

    def _forget(self) -> None:
        timer = self._waiting.pop(self, None)
        if timer is not None:
            timer.cancel()

    def _give_up(self) -> None:
        self._forget()
        self.transport.abort()
