"""The first bytes of files that are no capture of packets that can be read here, to what they are."""

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

# What the programs that capture say to people, before a capture that was meant to follow alone.
BANNERS = (b"tcpdump: ", b"dropped privs to ", b"Capturing on ", b"Running as user", b"* daemon ", b"adb: ")
BANNER = (
    "the text that a program says beside its capture, at the beginning of the file; capture again without "
    "“2>&1”, with “tcpdump -w FILE”, or over adb with “adb exec-out”"
)
# A capture in UTF-16: Windows PowerShell reads the output of programs as text.
IN_UTF16 = (
    "a file in UTF-16, as Windows PowerShell writes what a program puts out behind “>”; bytes are lost by "
    "that: capture again with “-w FILE”, or in the command prompt (cmd)"
)
LFS = (
    "a pointer of Git LFS, and not the file it stands for; get that with “git lfs pull”, or from the "
    "page of the repository"
)
ETL = (
    "an event trace of Windows (.etl); convert it with “etl2pcapng IN OUT”, or “pktmon etl2pcap IN --out OUT”"
)
CONVERTED = (
    "a pcapng file whose line ends were converted, as a transfer in text mode does; copy the original again "
    "in binary mode"
)

TEXT = "text; a capture of packets comes from “tcpdump -w FILE” or the like"
# Text by its first character.
TEXTS = {
    "{": "a JSON document; a saved report is shown by “phonehome report”",
    "<": "an XML or HTML document",
}

TAR_MAGIC, TAR_MAGIC_AT = b"ustar", 257
LOOK = TAR_MAGIC_AT + len(TAR_MAGIC)


def _is_event_trace(start: bytes) -> bool:
    """Return whether a buffer of a trace with its system header begins here (evntrace.h)."""
    size = int.from_bytes(start[:4], "little")
    is_buffer = 0x400 <= size <= 0x1000000 and size % 0x400 == 0
    return is_buffer and len(start) > 0x4C and start[0x4A] in (1, 2) and start[0x4B] == 0xC0


def _is_utf16(start: bytes) -> bool:
    """Return whether a byte order mark begins the file and every other byte of what follows is often zero."""
    return start[:2] == b"\xff\xfe" and start[3:64:2].count(0) >= 8


# What is told by more than fixed first bytes.
NAMED = (
    (lambda start: start.startswith(BANNERS), BANNER),
    (_is_utf16, IN_UTF16),
    (lambda start: start.startswith(b"version https://git-lfs"), LFS),
    (_is_event_trace, ETL),
    (lambda start: start.startswith((b"\r\n\r\r\n", b"\n\r\n", b"\n\n\n")), CONVERTED),
)


def refusal(start: bytes) -> str:
    """What the file is that begins with these bytes, for the end of a sentence."""
    for magic, name in OTHER_CAPTURES:
        if start.startswith(magic):
            return f"this is {name}; convert it with “editcap -F pcap IN OUT”"
    for magic, name in OTHERS:
        if start.startswith(magic):
            return f"this is {name}"
    for fits, name in NAMED:
        if fits(start):
            return f"this is {name}"
    if start[TAR_MAGIC_AT:].startswith(TAR_MAGIC):
        return "this is a tar archive; unpack it first"
    if _is_text(start):
        return f"this is {TEXTS.get(chr(start[0]), TEXT)}"
    return f"not a pcap, pcapng or snoop file (starts {start[:4].hex()})"


def _is_text(start: bytes) -> bool:
    """Whether these are printable ASCII characters and white space."""
    return len(start) >= 8 and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in start)
