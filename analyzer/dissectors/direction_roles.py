"""The two sides of a flow: which one asks, and of which one that is searched which no reader takes."""

from __future__ import annotations

from analyzer.flows.address_text import is_home
from analyzer.flows.flow_table import A_HI, A_LO, A_PORT, ASKED_A, ASKED_B, B_HI, B_LO, B_PORT, MARKS, Flows


def client_of(flows: Flows, flow: int) -> int:
    """Return the side that opened the connection; where no SYN was seen, the one with the higher port."""
    marks = int(flows.numbers[flow, MARKS])
    if marks & (ASKED_A | ASKED_B):
        return 0 if marks & ASKED_A else 1
    return 0 if flows.numbers[flow, A_PORT] >= flows.numbers[flow, B_PORT] else 1


def searched_sides(flows: Flows, flow: int) -> tuple[bool, bool]:
    """Return of A and B whether what it sends is searched: what comes from outside is not the device's.

    In a local network both are; where neither end is in one, the side that asks is.
    """
    words = flows.addresses[flow].tolist()
    a, b = is_home(words[A_HI], words[A_LO]), is_home(words[B_HI], words[B_LO])
    if a or b:
        return a, b
    return (True, False) if client_of(flows, flow) == 0 else (False, True)
