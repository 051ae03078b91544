"""Messages and fields made by hand for the tests of decode, detect and dossiers."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.model import Body, Endpoint, Evidence, Field, Message

PHONE, SERVER = Endpoint("192.0.2.10", 40000), Endpoint("198.51.100.20", 80)


def request(
    body: bytes = b"",
    target: str = "/",
    headers: Iterable[tuple[str, str]] = (),
    method: str = "POST",
    host: str = "www.example.com",
    delivered: bool | None = None,
    server: Endpoint = SERVER,
) -> Message:
    """A request with frame 7 as its evidence."""
    return Message(
        number=1,
        protocol="http/1.1",
        role="request",
        flow=3,
        source=PHONE,
        destination=server,
        time_ns=0,
        end_ns=0,
        evidence=Evidence((7,), 3, 10, 10 + len(body)),
        method=method,
        target=target,
        host=host,
        headers=tuple(headers),
        body=Body(len(body), None, body),
        delivered=delivered,
    )


def response(body: bytes = b"", status: int | None = 200) -> Message:
    """A response to it."""
    return Message(
        number=2,
        protocol="http/1.1",
        role="response",
        flow=3,
        source=SERVER,
        destination=PHONE,
        time_ns=1,
        end_ns=1,
        evidence=Evidence((8,), 3),
        status=status,
        body=Body(len(body), None, body),
        peer=1,
    )


def field(name: str, value: str | bytes, beside: Iterable[str] = ()) -> Field:
    """One field of a form."""
    return Field(name, value, Evidence((7,), 3, path=("body", "form", name)), 1, frozenset(beside))
