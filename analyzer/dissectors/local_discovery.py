"""What devices say to their local network (SSDP, mDNS), each thing once with how often it was said."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.dissectors.ssdp import SsdpFact
from analyzer.flows.flow_ids import New

# Different things said that are kept; further ones are counted.
MOST_SAID = 5_000


@dataclass(slots=True)
class DiscoveryMessage:
    """One thing said, by whom, how often, and where it was first seen."""

    said: SsdpFact
    flow: int
    address: str
    frame: int
    time_ns: int
    times: int = 0


class LocalNetwork:
    """Gathers what is said; the same words of the same address count once more."""

    def __init__(self, share: float = 1.0) -> None:
        """`share` is the part of the usual number that is kept."""
        self._most = int(MOST_SAID * share)
        self._heard: dict[tuple[str, SsdpFact], DiscoveryMessage] = {}
        self.left_out = 0

    def add(self, said: SsdpFact, flow: int, address: str, frame: int, time_ns: int) -> None:
        """Something that `address` said in a datagram of this flow."""
        heard = self._heard.get((address, said))
        if heard is None:
            if len(self._heard) >= self._most:
                self.left_out += 1
                return
            heard = self._heard[address, said] = DiscoveryMessage(said, flow, address, frame, time_ns)
        heard.times += 1

    def renumber(self, new: New) -> None:
        """Go on with new numbers of flows (`flows.renumbering`); what is of none any more is forgotten."""
        for heard in self._heard.values():
            heard.flow = int(new[heard.flow])
        self._heard = {key: heard for key, heard in self._heard.items() if heard.flow >= 0}

    def heard(self) -> list[DiscoveryMessage]:
        """Everything, in the order of first frames."""
        return sorted(self._heard.values(), key=lambda heard: heard.frame)
