"""Where a capture was made, as far as it shows: on the phone, beside the router, outside it, in the air.

Each clue is a fact with what it suggests. The first one sums up; it says so where nothing decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.flows.address_text import Words, is_group, is_local, is_v4
from analyzer.flows.devices import Sides
from analyzer.flows.ledger import Oriented
from analyzer.model import Clue

AIR = frozenset({105, 119, 127, 163, 192})
COOKED = frozenset({113, 276})
NO_LINK = frozenset({12, 14, 101, 228, 229})

ON_DEVICE = "on the device itself"
ON_DEVICE_OR_ROUTER = "on the device itself, or on a router that runs Linux"
LAN = "inside the local network: the router's LAN side, an access point or a mirrored port"
WAN = "on the router's outer side, behind its address translation: which device sent what can't be told"
MONITOR = "in the air (monitor mode)"
UNKNOWN = "can't be told from the packets"

# Values that systems start from; one less shows that one router has forwarded the packet.
INITIAL = (64, 128, 255)
# First packets needed before their time to live says anything.
ENOUGH = 5


@dataclass(frozen=True)
class Sight:
    """What the flows of a capture show of the place it was made."""

    links: Mapping[int, int]  # link type → frames
    untouched: int  # first packets of devices that no router has forwarded
    forwarded: int  # … that one router has
    shared: int  # … from shared address space (RFC 6598), as inside a provider's network
    own_public: int  # flows whose own end has a public IPv4 address
    own_private: int
    senders: int  # devices with a MAC address that talk to outside addresses
    oversized: frozenset[int]  # MAC addresses that sent more than a network card can at once


def look(
    links: Mapping[int, int],
    seen: Oriented,
    sides: Sides,
    hops: np.ndarray,
    oversized: Mapping[int, int],
    stands_for: np.ndarray | None = None,
) -> Sight:
    """Gather it from the flows; `hops` holds the time to live of each flow's first packet.

    `stands_for` tells for how many flows each one stands.
    """
    times = np.ones(len(hops), np.int64) if stands_for is None else stands_for
    outside = ~is_local(seen.remote_hi, seen.remote_lo) & ~is_group(seen.remote_hi, seen.remote_lo)
    first_own = outside & (sides.own == 0)
    hop = hops.astype(np.int64)
    private = is_local(seen.own_hi, seen.own_lo)
    public = is_v4(seen.own_hi, seen.own_lo) & ~private
    macs = {sides.devices[d].mac for d in set(sides.device[outside & (seen.up > 0)].tolist())}
    return Sight(
        links=links,
        untouched=int(times[first_own & np.isin(hop, INITIAL)].sum()),
        forwarded=int(times[first_own & np.isin(hop + 1, INITIAL)].sum()),
        shared=int(times[first_own & _is_shared(seen.own_hi, seen.own_lo)].sum()),
        own_public=int(times[outside & public].sum()),
        own_private=int(times[outside & private].sum()),
        senders=len(macs - {None}),
        oversized=frozenset(oversized) & frozenset(mac for mac in macs if mac is not None),
    )


def vantage(sight: Sight) -> tuple[Clue, ...]:
    """The clues, the conclusion first; none where no IP flow was seen."""
    clues = tuple(_clues(sight))
    if not clues and not sight.own_private and not sight.own_public:
        return ()
    return (Clue("where the capture was made", _conclusion(sight)), *clues)


def _conclusion(sight: Sight) -> str:
    links = frozenset(sight.links)
    if links & AIR:
        return MONITOR
    if links and links <= NO_LINK:
        return f"likely {ON_DEVICE}"
    if sight.oversized and sight.senders == 1:
        return f"likely {ON_DEVICE}"
    if links & COOKED:
        return f"likely {ON_DEVICE_OR_ROUTER}"
    outer = sight.own_public + sight.shared > 2 * sight.own_private
    if sight.forwarded >= ENOUGH and sight.forwarded > 2 * sight.untouched and outer:
        return f"likely {WAN}"
    if sight.own_private and sight.untouched >= ENOUGH and sight.untouched > 2 * sight.forwarded:
        return f"likely {LAN}" if sight.senders > 1 else f"likely {LAN}; {ON_DEVICE} is possible too"
    return UNKNOWN


def _clues(sight: Sight) -> Iterator[Clue]:
    links: Counter[str] = Counter()
    for link, frames in sight.links.items():
        for kind, said in _LINKS:
            if link in kind:
                links[said] += frames
    for said, frames in links.items():
        value, suggests = said.split("|")
        yield Clue("link type", f"{value} ({frames:,} frames)", suggests)
    if sight.untouched:
        value = f"{sight.untouched:,} flows begin with 64, 128 or 255: no router has forwarded these packets"
        yield Clue("time to live", value, "captured where the devices send, before any router")
    if sight.forwarded:
        value = f"{sight.forwarded:,} flows begin with one less than these: one router has forwarded them"
        yield Clue("time to live", value, "captured behind a router")
    if sight.own_public and not sight.own_private:
        yield Clue(
            "own addresses", "public ones only", "outside a router's address translation, or without one"
        )
    if sight.shared:
        value = f"{sight.shared:,} flows from shared address space (RFC 6598)"
        yield Clue("own addresses", value, "inside a provider's network, behind its address translation")
    if sight.senders > 1:
        yield Clue(
            "devices", f"{sight.senders:,} MAC addresses talk to outside addresses", "not on the phone itself"
        )
    for mac in sorted(sight.oversized):
        value = f"frames larger than a network card sends come from {mac:012x}"
        yield Clue("frame sizes", value, "captured on the sender, before its network card cut them")


_LINKS = (
    (AIR, f"802.11 frames|{MONITOR}"),
    (
        COOKED,
        "Linux cooked capture: all interfaces of one machine at once|on the machine that sends or forwards",
    ),
    (NO_LINK, "no link layer: a tunnel interface, as capture apps without root use|on the device itself"),
)


def _is_shared(hi: Words, lo: Words) -> np.ndarray:
    low = lo & np.uint64(0xFFFFFFFF)
    return np.asarray(is_v4(hi, lo) & (low >= 0x64400000) & (low <= 0x647FFFFF))
