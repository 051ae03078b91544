"""Where a value was seen: endpoints, frames and decode paths.

Times are UTC nanoseconds since the Unix epoch, sizes are bytes, frame numbers start at 1 as in Wireshark.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a conversation; `port` is 0 where the protocol has none."""

    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a value stood: enough to find it in Wireshark and to decode it again by hand.

    `start` and `end` are byte offsets of the carrying message's bytes in the reassembled
    stream (TCP) or in the datagram (UDP); `path` names the steps from that message to the
    value, for example `("body", "base64", "json", "IMEI1")`.
    """

    frames: tuple[int, ...]
    flow: int | None = None
    start: int = 0
    end: int = 0
    path: tuple[str, ...] = ()
    capture: int = 0  # which of Report.captures the frames are of
    # (capture, frames) of what lies in later files of the same session.
    continued: tuple[tuple[int, tuple[int, ...]], ...] = ()

    def step(self, *names: str) -> Evidence:
        """The same place, one or more decode steps further in."""
        return replace(self, path=self.path + names)

    def __str__(self) -> str:
        return " › ".join(self.path)
