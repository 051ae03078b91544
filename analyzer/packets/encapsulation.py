"""The digits of a packet's path to words: which encapsulations were passed on the way to the packet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from analyzer.packets import layers
from analyzer.packets.layers import FAR, HEADER_BASE, LAST_OVER_IP, PATH_BASE

NAMES = {
    layers.IN_IP: "IP in IP", layers.IN_GRE: "GRE", layers.IN_GRE_UDP: "GRE in UDP", layers.IN_VXLAN: "VXLAN",
    layers.IN_VXLAN_GPE: "VXLAN-GPE", layers.IN_GENEVE: "Geneve", layers.IN_GTP: "GTP-U",
    layers.IN_L2TP: "L2TP", layers.IN_TEREDO: "Teredo", layers.IN_MPLS_UDP: "MPLS in UDP",
    layers.IN_MPLS_IP: "MPLS in IP", layers.IN_PIM: "PIM register", layers.IN_ETHERNET_IP: "Ethernet in IP",
    layers.IN_MPLS: "MPLS", layers.IN_PPPOE: "PPPoE", layers.IN_ERSPAN: "ERSPAN", layers.IN_NSH: "NSH",
    layers.IN_MACSEC: "MACsec (signed, not encrypted)", layers.IN_PBB: "provider backbone bridge",
    layers.IN_WIFI: "802.11", layers.IN_PPTP: "PPTP", layers.IN_WCCP: "WCCP redirect",
    layers.IN_BCP: "PPP bridging", layers.IN_TZSP: "TZSP", layers.IN_CAPWAP: "CAPWAP",
    layers.IN_AYIYA: "AYIYA", layers.IN_ESP: "IPsec ESP (not encrypted)", layers.IN_LISP: "LISP",
    layers.IN_BY_FORM: "a tunnel without a name", layers.IN_BATMAN: "batman-adv", layers.IN_TRILL: "TRILL",
    layers.IN_MOBILE_MUX: "Qualcomm multiplexing", layers.IN_ISL: "Cisco ISL",
}  # fmt: skip

# The label stack is named by what carries it, and need not be named again.
REPEATED = {layers.IN_MPLS_UDP: layers.IN_MPLS, layers.IN_MPLS_IP: layers.IN_MPLS}

Ends = tuple[str, str]  # source and destination of an IP header


def codes_of(path: int) -> list[int]:
    """The encapsulations of a PATH, outermost first."""
    codes: list[int] = []
    while path:
        path, code = divmod(path, PATH_BASE)
        codes.insert(0, code)
    return [c for at, c in enumerate(codes) if not at or REPEATED.get(codes[at - 1]) != c]


def offsets_of(outer: int) -> list[int | None]:
    """Where each IP header of an OUTER began in its frame, outermost first; None where it was too far in."""
    offsets: list[int | None] = []
    while outer:
        outer, digit = divmod(outer, HEADER_BASE)
        offsets.insert(0, None if digit == FAR else digit - 1)
    return offsets


def kinds_of(path: int) -> tuple[str, ...]:
    """The names of a PATH's encapsulations, outermost first."""
    return tuple(NAMES[code] for code in codes_of(path))


def path_text(path: int, ends: Sequence[Ends | None]) -> str:
    """From the innermost outwards: "GTP-U 10.0.0.1 → 10.0.0.2, inside MPLS".

    `ends` are those of the IP headers passed, outermost first, None where they aren't known.
    """
    headers, steps = iter(ends), []
    for code in codes_of(path):
        between = next(headers, None) if code <= LAST_OVER_IP else None
        steps.append(f"{NAMES[code]} {between[0]} → {between[1]}" if between else NAMES[code])
    runs = [(step, len(list(same))) for step, same in groupby(reversed(steps))]
    return ", inside ".join(step if times == 1 else f"{step} × {times}" for step, times in runs)
