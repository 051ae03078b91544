"""Numbers that the packet kernels share: layers, what a Wi-Fi frame is instead, encapsulations."""

from __future__ import annotations

# The layers that a frame is peeled through.
STOP, ETHERNET, TYPED, IP, PPP, GRE, MPLS, WIFI, LLC, NSH = range(10)

# What an IEEE 802.11 frame without a readable packet is; beyond the values an EtherType can have.
WIFI_MANAGEMENT, WIFI_CONTROL, WIFI_NO_DATA, WIFI_PROTECTED, WIFI_AGGREGATE, WIFI_CUT, WIFI_RETRY = range(
    0x10000, 0x10007
)
# A message between Linux's kernel and its programs, which crossed no network.
NETLINK = 0x10007

# Layers peeled at most. A phone's frame has three to six, but a tower must not hide an IP packet from
# the ledger, and each layer takes bytes of the frame, so a high bound costs no more than it has to.
MAX_LAYERS = 128

# Encapsulations of a packet's path, in 6 bits each. Up to LAST_OVER_IP they are carried by an IP packet
# of their own; the rest stand between two headers. IN_BY_FORM is one without a name of its own.
(
    IN_IP, IN_GRE, IN_GRE_UDP, IN_VXLAN, IN_VXLAN_GPE, IN_GENEVE, IN_GTP, IN_L2TP, IN_TEREDO, IN_MPLS_UDP,
    IN_MPLS_IP, IN_PIM, IN_ETHERNET_IP, IN_TZSP, IN_CAPWAP, IN_AYIYA, IN_ESP, IN_LISP, IN_BY_FORM,
) = range(1, 20)  # fmt: skip
LAST_OVER_IP = IN_BY_FORM
(
    IN_MPLS, IN_PPPOE, IN_ERSPAN, IN_NSH, IN_MACSEC, IN_PBB, IN_WIFI, IN_PPTP, IN_WCCP, IN_BCP, IN_BATMAN,
    IN_TRILL, IN_MOBILE_MUX, IN_ISL,
) = range(20, 34)  # fmt: skip

# A path is the codes as digits to the base 64, the outermost in the highest place: ten at most.
# The IP headers passed are digits to the base 2^15: where each began in its frame, from 1, the outermost
# in the highest place, four at most; FAR where it began further in.
PATH_BASE, PATH_FULL = 64, 1 << 54
HEADER_BASE, HEADERS_FULL, FAR = 1 << 15, 1 << 45, (1 << 15) - 1
