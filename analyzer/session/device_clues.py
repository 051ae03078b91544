"""What a capture shows of each device to clues for what it is: evidence, never a certainty."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from analyzer.dissectors.datagrams import LearnedName
from analyzer.dissectors.dhcp import DhcpClient
from analyzer.flows.address_text import mac_text
from analyzer.identifiers.makers import maker_of
from analyzer.model import Clue, Message

ANDROID, APPLE, WINDOWS, LINUX = (
    "an Android device",
    "an Apple device",
    "a Windows computer",
    "a Linux system",
)
IPHONE, IPAD, MAC = "an iPhone", "an iPad", "a Mac"

# Clues of one kind shown of a device at most.
MOST_OF_A_KIND = 3

VENDOR_CLASSES = (
    ("android-dhcp", ANDROID), ("MSFT", WINDOWS), ("dhcpcd", "Linux, or Android before 6"),
    ("udhcp", "a small Linux system: router, camera, box"), ("systemd", LINUX), ("HUAWEI:android", ANDROID),
)  # fmt: skip

# Options that a DHCP client asks for, in its order, as systems' own sources and captures show them.
OPTION_LISTS = (
    ("1,3,6,15,26,28,51,58,59,43", ANDROID),
    ("1,33,3,6,15,28,51,58,59", ANDROID),
    ("1,121,3,6,15,119,252", "an Apple device"),
    ("1,121,3,6,15,108,114,119", "an Apple device"),
    ("1,3,6,15,31,33,43,44,46,47", WINDOWS),
    ("1,15,3,6,44,46,47,31,33", WINDOWS),
    ("1,28,2,3,15,6,119,12", LINUX),
)

# Hosts that systems ask to find out whether a network is open.
CHECK_HOSTS = {
    "connectivitycheck.gstatic.com": ANDROID,
    "connectivitycheck.android.com": ANDROID,
    "clients3.google.com": "an Android device or Chrome",
    "connectivitycheck.platform.hicloud.com": "a Huawei phone",
    "connectivitycheck.cbg-app.huawei.com": "a Huawei phone",
    "connect.rom.miui.com": "a Xiaomi phone",
    "conn1.oppomobile.com": "an OPPO phone",
    "conn2.oppomobile.com": "an OPPO phone",
    "wifi.vivo.com.cn": "a vivo phone",
    "captive.apple.com": APPLE,
    "www.msftconnecttest.com": WINDOWS,
    "www.msftncsi.com": WINDOWS,
    "detectportal.firefox.com": "Firefox",
    "nmcheck.gnome.org": LINUX,
    "connectivity-check.ubuntu.com": LINUX,
    "network-test.debian.org": LINUX,
}

AGENTS = (
    # What Android's connectivity check sends, whatever the device (NetworkMonitor in its sources).
    (re.compile(r"\(X11; Linux x86_64\).*Chrome/60\.0\.3112\.32 Safari"), ANDROID),
    (re.compile(r"\bAndroid\b|\bDalvik/|okhttp/"), ANDROID),
    (re.compile(r"\biPhone\b"), IPHONE),
    (re.compile(r"\biPad\b"), IPAD),
    (re.compile(r"\bCFNetwork/|\bDarwin/|CaptiveNetworkSupport"), APPLE),
    (re.compile(r"\bMac OS X\b|\bMacintosh\b"), MAC),
    (re.compile(r"\bWindows\b|Microsoft (NCSI|BITS)|Microsoft-CryptoAPI"), WINDOWS),
    (re.compile(r"\bLinux\b"), LINUX),
)
OWN_NAMES = (
    (re.compile(r"\biphone\b|-iphone|iphone-"), IPHONE),
    (re.compile(r"\bipad\b"), IPAD),
    (re.compile(r"^android[-_]|^galaxy|^pixel|^nokia|^oneplus|^redmi|^xiaomi|^huawei|^honor"), "a phone"),
    (re.compile(r"^desktop-|^laptop-"), WINDOWS),
    (re.compile(r"macbook|imac"), MAC),
)
# Initial values that systems give packets; a packet that was forwarded carries less.
TIMES_TO_LIVE = {64: "Android, Apple or Linux", 128: "Windows", 255: "network equipment"}


class ClueBook:
    """Collects clues by device id, MAC or address; made once a report."""

    def __init__(self) -> None:
        self._of: dict[str, list[Clue]] = defaultdict(list)

    def of(self, *keys: str) -> tuple[Clue, ...]:
        """The clues of a device under its id and addresses, at most a few of a kind, the first seen first."""
        kept: list[Clue] = []
        kinds: Counter[str] = Counter()
        for clue in (clue for key in keys for clue in self._of.get(key, ())):
            if kinds[clue.kind] < MOST_OF_A_KIND and clue not in kept:
                kinds[clue.kind] += 1
                kept.append(clue)
        return tuple(kept)

    def add_mac(self, mac: str) -> None:
        """Who made the network card, or that the address names nobody."""
        first = int(mac[:2], 16)
        if first & 2:
            said = "locally administered: randomised, or set by software; it names no maker"
            self._add(mac, Clue("MAC address", said))
        elif not first & 1 and (maker := maker_of(mac)):
            self._add(mac, Clue("MAC address", f"assigned to {maker} (IEEE registry)"))

    def add_dhcp(self, clients: Mapping[DhcpClient, int]) -> None:
        """What devices say of themselves when they ask for an address."""
        for client, frame in clients.items():
            mac = mac_text(client.mac)
            if client.name:
                self._add(mac, Clue("DHCP name", client.name, _match(OWN_NAMES, client.name.lower()), frame))
            if client.vendor_class:
                suggests = next(
                    (s for start, s in VENDOR_CLASSES if client.vendor_class.startswith(start)), ""
                )
                self._add(mac, Clue("DHCP vendor class", client.vendor_class, suggests, frame))
            if client.asked_for:
                listed = ",".join(map(str, client.asked_for))
                suggests = next((s for start, s in OPTION_LISTS if listed.startswith(start)), "")
                self._add(mac, Clue("DHCP options asked for", listed, suggests, frame))

    def add_names(self, seen: Iterable[LearnedName]) -> None:
        """Connectivity checks by the names asked for, and mDNS names of local addresses."""
        for named in seen:
            if named.how == "dns" and named.asked_by and named.name in CHECK_HOSTS:
                clue = Clue("connectivity check", named.name, CHECK_HOSTS[named.name], named.frame)
                self._add_once(named.asked_by, clue)
            elif named.how == "mdns" and named.address:
                clue = Clue("mDNS name", named.name, _match(OWN_NAMES, named.name.lower()), named.frame)
                self._add_once(named.address, clue)

    def add_messages(self, messages: Sequence[Message]) -> None:
        """User-Agent headers and connectivity checks of plaintext requests."""
        for message in messages:
            if message.role != "request":
                continue
            frame = message.evidence.frames[0] if message.evidence.frames else None
            if agent := message.header("user-agent"):
                self._add_once(
                    message.source.address, Clue("User-Agent", agent, _match(AGENTS, agent), frame)
                )
            host = (message.host or "").lower()
            if host in CHECK_HOSTS:
                clue = Clue("connectivity check", host, CHECK_HOSTS[host], frame)
                self._add_once(message.source.address, clue)

    def add_fingerprints(self, found: Iterable[tuple[str, str, int]]) -> None:
        """(device id, JA4, frame) of TLS connections: the most frequent ones of each device."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        frames: dict[tuple[str, str], int] = {}
        for device, ja4, frame in found:
            counts[device][ja4] += 1
            frames.setdefault((device, ja4), frame)
        for device, counted in counts.items():
            for ja4, times in counted.most_common(MOST_OF_A_KIND):
                value = f"{ja4} ({times:,} {'time' if times == 1 else 'times'})"
                self._add(device, Clue("TLS fingerprint (JA4)", value, "", frames[device, ja4]))

    def add_programs(self, found: Iterable[tuple[str, str, int]]) -> None:
        """(device id, program, frame) of QUIC clients that name themselves in the clear, as Google's did."""
        for device, program, frame in found:
            self._add_once(device, Clue("QUIC user agent", program, _match(AGENTS, program), frame))

    def add_times_to_live(self, found: Mapping[str, Counter[int]]) -> None:
        """The usual time to live of a device's first packets."""
        for device, counted in found.items():
            self._add(device, _time_to_live(max(counted, key=counted.__getitem__)))

    def _add(self, key: str, clue: Clue) -> None:
        if clue not in self._of[key]:
            self._of[key].append(clue)

    def _add_once(self, key: str, clue: Clue) -> None:
        """Only the first frame of what is said again and again."""
        if not any(c.kind == clue.kind and c.value == clue.value for c in self._of[key]):
            self._add(key, clue)


@cache
def _time_to_live(value: int) -> Clue:
    """One for all devices: of a flood there are many."""
    return Clue("time to live", str(value), TIMES_TO_LIVE.get(value, ""))


def _match(table: Sequence[tuple[re.Pattern[str], str]], text: str) -> str:
    return next((suggests for pattern, suggests in table if pattern.search(text)), "")
