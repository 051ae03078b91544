"""An object to what it holds in memory: whatever a reader keeps of a flow, without knowing the reader."""

from __future__ import annotations

import sys
from typing import Any

from analyzer.flows.retransmissions import Retransmissions

# What is shared by many, or is no data.
PASSED_OVER = (type, Retransmissions, type(sys), type(lambda: None), type("".join))
CONTAINERS = (list, tuple, set, frozenset)


def held(thing: Any) -> int:
    """Bytes that an object and all below it take, each object once; shared memories and code left out."""
    seen: set[int] = set()
    waiting, total = [thing], 0
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen or isinstance(one, PASSED_OVER):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        if isinstance(one, dict):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, CONTAINERS) or type(one).__name__ == "deque":
            waiting += one
        elif not isinstance(one, (bytes, bytearray, str, int, float)):
            waiting += _parts(one)
    return total


def _parts(one: Any) -> list[Any]:
    """What an object's fields hold."""
    if (bound := getattr(one, "__self__", None)) is not None:  # a method
        return [bound]
    found = list(getattr(one, "__dict__", {}).values())
    for kind in type(one).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        found += [getattr(one, name, None) for name in ((slots,) if isinstance(slots, str) else slots)]
    return found
