"""The dissectors: by which first bytes each is recognised, what it reads, and where its class is.

A dissector is loaded at its first match. A port alone names nothing; where first bytes alone are too few to
tell, `on_port_only` wants one of the ports too. Examples must match, counter-examples must not;
`docs/protocols.md` is made from these rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

from analyzer.dissectors.signatures import TCP_SIGNATURES, UDP_SIGNATURES, Signature

__all__ = [
    "NAMES",
    "TCP_SIGNATURES",
    "UDP_SIGNATURES",
    "MalformedError",
    "Signature",
    "load",
    "may_begin",
    "of_datagram",
    "of_stream",
]


class MalformedError(ValueError):
    """The bytes are not of the protocol, or are cut."""


NAMES = frozenset(row.name for row in (*TCP_SIGNATURES, *UDP_SIGNATURES))
# First payloads shorter than this may go on in the next segment.
SHORT = 8
_ANY = re.compile(
    b"|".join(b"(?:" + row.begins + b")" for row in TCP_SIGNATURES), re.DOTALL
)  # what the beginning of some stream may be
_LINE = re.compile(rb"[ -~\t]{1,200}\r?\n")  # a server may greet so before its client logs in
UDP_FIRSTS = frozenset(
    first
    for first in range(256)
    if any(re.match(row.first, bytes((first,)), re.DOTALL) for row in UDP_SIGNATURES)
)


class _Compiled(NamedTuple):
    row: Signature
    pattern: re.Pattern[bytes]


_TCP = tuple(_Compiled(row, re.compile(row.begins, re.DOTALL)) for row in TCP_SIGNATURES)
_UDP = tuple(_Compiled(row, re.compile(row.begins, re.DOTALL)) for row in UDP_SIGNATURES)


@lru_cache(maxsize=256)
def load(unit: str) -> Any:
    """Return the class or function that "module:name" names."""
    module, _, name = unit.partition(":")
    return getattr(import_module(f".{module}", __package__), name)


def may_begin(data: bytes) -> bool:
    """Return whether a stream's first payload may be of one of these protocols."""
    return len(data) < SHORT or _ANY.match(data) is not None or _LINE.fullmatch(data) is not None


def of_stream(data: bytes, is_client: bool, port: int) -> Signature | None:
    """Return the signature that one side's first bytes fit; `port` is the server's."""
    for row, pattern in _TCP:
        if (row.side == "client" and not is_client) or (row.side == "server" and is_client):
            continue
        if row.on_port_only and port not in row.ports:
            continue
        if pattern.match(data) is not None and _fits(row, data):
            return row
    return None


def of_datagram(data: bytes, ports: Sequence[int]) -> list[Signature]:
    """Return the signatures that a datagram fits."""
    return [
        row
        for row, pattern in _UDP
        if (not row.on_port_only or any(port in row.ports for port in ports))
        and pattern.match(data) is not None
    ]


def _fits(row: Signature, data: bytes) -> bool:
    """Return whether the dissector's own check of the first bytes holds, where it has one."""
    check: Callable[[bytes], bool] | None = getattr(load(row.unit), "fits", None)
    return check is None or check(data)
