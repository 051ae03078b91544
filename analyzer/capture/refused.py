"""The first octets of files that are no capture of packets that can be read here, to what they are."""

from __future__ import annotations

# What holds packets in another format, as the Wireshark tools read and convert them.
OTHER_CAPTURES: tuple[tuple[bytes, str], ...] = (
    (b"RTSS", "a Microsoft Network Monitor 1 file"),
    (b"GMBU", "a Microsoft Network Monitor 2 file"),
    (b"TRSNIFF data", "a Sniffer (DOS) file"),
    (b"XCP\0", "a NetXray or Sniffer (Windows) file"),
    (b"\x05VNF", "a Visual Networks file"),
    (b"ObserverPktBuffer", "an Observer file"),
    (b"\xaa\xaa\xaa\xaa", "an InfoVista 5View file"),
    (b"TR\0d", "an HP-UX nettl file"),
    (b"\x01\x10\x4c\x00", "a Novell LANalyzer file"),
    (b"iptrace ", "an AIX iptrace file"),
    (b"\x7fver", "an OmniPeek file"),
    (b"\x00\x00\x02\x00\x12\x05\x00\x10", "a Tektronix K12 file"),
)

# What holds no Wi-Fi traffic, or nothing that was captured.
OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"btsnoop\0", "a Bluetooth HCI log (btsnoop); it holds no Wi-Fi traffic"),
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x1f\x9d", "a file of Unix compress (.Z); unpack it first"),
    (b"LZIP", "an lzip archive; unpack it first"),
    (b"\x02\x21\x4c\x18", "an LZ4 archive of the legacy format; unpack it first"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x7fELF", "a program"),
    (b"+---------+---------------+----------+", "a K12 text file"),
)

TEXT = "text; a capture of packets comes from “tcpdump -w FILE” or the like"
# Text by its first character.
TEXTS = {
    "{": "a JSON document; a saved report is shown by “phonehome report”",
    "<": "an XML or HTML document",
}

TAR_MAGIC, TAR_MAGIC_AT = b"ustar", 257
LOOK = TAR_MAGIC_AT + len(TAR_MAGIC)


def refusal(start: bytes) -> str:
    """What the file is that begins with these octets, for the end of a sentence."""
    for magic, name in OTHER_CAPTURES:
        if start.startswith(magic):
            return f"this is {name}; convert it with “editcap -F pcap IN OUT”"
    for magic, name in OTHERS:
        if start.startswith(magic):
            return f"this is {name}"
    if start[TAR_MAGIC_AT:].startswith(TAR_MAGIC):
        return "this is a tar archive; unpack it first"
    if _is_text(start):
        return f"this is {TEXTS.get(chr(start[0]), TEXT)}"
    return f"not a pcap, pcapng or snoop file (starts {start[:4].hex()})"


def _is_text(start: bytes) -> bool:
    """Whether these are printable ASCII characters and white space."""
    return len(start) >= 8 and all(32 <= octet < 127 or octet in b"\t\r\n" for octet in start)
