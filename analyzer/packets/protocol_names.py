"""Numbers of link types and EtherTypes to their names."""

from __future__ import annotations

from analyzer.capture.records import SNOOP_LINK, UNDESCRIBED_LINK

# https://www.tcpdump.org/linktypes.html
LINK_TYPES = {
    0: "BSD loopback", 1: "Ethernet", 3: "AX.25", 6: "IEEE 802.5 Token Ring", 7: "ARCNET", 8: "SLIP",
    9: "PPP", 10: "FDDI", 12: "raw IP", 14: "raw IP", 50: "PPP in HDLC framing", 51: "PPPoE",
    100: "ATM RFC 1483", 101: "raw IP", 104: "Cisco HDLC", 105: "IEEE 802.11", 107: "Frame Relay",
    108: "OpenBSD loopback", 113: "Linux cooked v1", 117: "OpenBSD pflog",
    119: "IEEE 802.11 with Prism header",
    122: "IP over Fibre Channel", 123: "SunATM", 127: "IEEE 802.11 with radiotap", 129: "ARCNET (Linux)",
    137: "Juniper MLPPP", 143: "DOCSIS",
    163: "IEEE 802.11 with AVS header",
    182: "MFR", 187: "Bluetooth HCI H4", 189: "USB (Linux)", 192: "PPI", 195: "IEEE 802.15.4",
    201: "Bluetooth HCI H4 with direction", 220: "USB (Linux, padded)", 228: "raw IPv4", 229: "raw IPv6",
    226: "Solaris ipnet", 235: "DVB-CI", 239: "NFLOG", 242: "IP over InfiniBand", 249: "USBPcap",
    251: "Bluetooth LE", 253: "Netlink",
    256: "Bluetooth LE with header", 258: "Apple pktap", 274: "Ethernet with MPacket preamble",
    276: "Linux cooked v2", 281: "Ethernet with Broadcom tag", 282: "Ethernet behind Broadcom tag",
    284: "Ethernet with DSA tag", 285: "Ethernet with EDSA tag",
    # What these hold is known to whoever wrote the capture alone.
    **{147 + number: f"DLT_USER{number}, private use" for number in range(16)},
}  # fmt: skip

# https://www.iana.org/assignments/ieee-802-numbers
ETHERTYPES = {
    0x0806: "ARP", 0x8035: "RARP", 0x888E: "EAPOL", 0x88CC: "LLDP", 0x88B5: "IEEE 802 local experimental",
    0x88B7: "OUI-extended EtherType", 0x8863: "PPPoE discovery", 0x8864: "PPPoE session, not IP",
    0x8847: "MPLS, not IP", 0x8848: "MPLS, not IP", 0x88E1: "HomePlug", 0x8899: "Realtek loop detection",
    0x893A: "IEEE 1905.1", 0x8902: "CFM", 0x9000: "loopback test", 0x88E5: "MACsec", 0x86DD: "IPv6, not read",
    0x0800: "IPv4, not read",
    # Numbers of packets.kernel beyond the EtherTypes.
    0x10000: "802.11 management", 0x10001: "802.11 control", 0x10002: "802.11 without data",
    0x10003: "802.11 protected (encrypted)", 0x10004: "802.11 aggregate (A-MSDU)", 0x10005: "802.11, cut",
    0x10006: "802.11 repeated", 0x10007: "netlink messages of Linux",
}  # fmt: skip


def link_name(link: int) -> str:
    """ "Ethernet"; "link type 105 (IEEE 802.11)" where it isn't a common one."""
    if link >= SNOOP_LINK:
        return f"snoop data link type {link - SNOOP_LINK}"
    if link == UNDESCRIBED_LINK:
        return "an interface that the file does not describe"
    name = LINK_TYPES.get(link)
    if name is None:
        return f"link type {link}"
    return name if link == 1 else f"{name} (link type {link})"


def ethertype_name(ethertype: int) -> str:
    """ "ARP"; the number in hexadecimal where it has no name here."""
    if ethertype <= 1500:
        return "IEEE 802.3 or 802.2 without IP"
    return ETHERTYPES.get(ethertype, f"EtherType 0x{ethertype:04x}")
