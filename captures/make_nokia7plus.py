#!/usr/bin/env python3
"""Write the two reconstructions of the Nokia 7 Plus case, with a sidecar text each.

    python captures/make_nokia7plus.py [--out DIRECTORY]

No phone was recorded. An hour on a Norwegian home Wi-Fi in February 2019 is built from the
registration client's public sources and from press reports; the sidecars say what comes from
where and what is assumed. The same octets come out on every run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from homewifi import identifiers as ids
from homewifi import registration
from homewifi.network import US, Host, Recorder, marker, write_pcap
from homewifi.services import Phone, http_date
from homewifi.tcp import Connection, seconds

HERE = Path(__file__).parent
SEED = 20190321
BOOT = int(datetime(2019, 2, 20, 16, 1, tzinfo=UTC).timestamp()) * US

NOTICE = (
    "a program made this capture from the registration client's public sources; no phone was recorded, every "
    "identifier is synthetic, and the server's address is an assumption."
)

# Assumed for the reconstruction: the address of 2019 is not public. This is the first address
# of a block announced by AS4812 China Telecom (Group), which every database consulted puts in CN.
REGISTRATION_SERVER = "202.96.192.0"

BOOK = {
    registration.HOST: REGISTRATION_SERVER,
    "connectivitycheck.gstatic.com": "172.217.20.99",
    "www.google.com": "216.58.211.132",
    "time.android.com": "216.239.35.8",
    "mtalk.google.com": "108.177.14.188",
    "play.googleapis.com": "216.58.211.138",
    "www.youtube.com": "216.58.211.142",
    "ec2-54-169-20-10.ap-southeast-1.compute.amazonaws.com": "54.169.20.10",
    "ec2-52-74-219-71.ap-southeast-1.compute.amazonaws.com": "52.74.219.71",
    "www.nrk.no": "160.68.205.231",
    "example.com": "93.184.216.34",
}
SINGAPORE = tuple(name for name in BOOK if ".ap-southeast-1." in name)
BROWSER = (
    "Mozilla/5.0 (Linux; Android 8.1.0) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/72.0.3626.105 Mobile Safari/537.36"
)
CHINA_RTT = 318_000

WAKES = [seconds(after_boot) for after_boot in (552.4, 1023.1, 1600.9, 2301.7, 2875.2, 3368.6)]

Send = Callable[["Story", int], None]


@dataclass
class Story:
    """One hour: the phone of the case, the control phone, and the router between them and the world."""

    recorder: Recorder
    phone: Phone
    control: Phone

    # ── the registration, in each of the ways in which it can go ──

    def _connect(self, at: int) -> Connection:
        server = self.phone.server(registration.HOST, CHINA_RTT)
        return Connection.between(self.recorder, self.phone.host, server, 80, at)

    def _post(self, at: int) -> tuple[bytes, bytes]:
        return registration.request(registration.encode(registration.payload(at)))

    def _refused(self, link: Connection) -> None:
        link.down(registration.refusal(http_date(link.now)), note="answer: Check error")
        link.close(by="server")

    def post_refused(self, at: int) -> None:
        """Head and body in one segment; the server answers `Check error`."""
        head, body = self._post(at)
        link = self._connect(at).open()
        link.up(head + body, note="POST, one segment")
        self._refused(link)

    def post_in_two(self, at: int) -> None:
        """Head and body in a segment each."""
        head, body = self._post(at)
        link = self._connect(at).open()
        link.up(head, body, note="POST, two segments")
        self._refused(link)

    def post_retransmitted(self, at: int) -> None:
        """The first copy goes unacknowledged, the second is answered."""
        head, body = self._post(at)
        link = self._connect(at).open()
        link.up(head + body, answer=False, note="POST, sent again 650 ms later")
        link.again(head + body, wait=seconds(0.65))
        link.up()
        self._refused(link)

    def post_out_of_order(self, at: int) -> None:
        """The rest of the body was captured before the head."""
        head, body = self._post(at)
        link = self._connect(at).open()
        link.up_swapped(head + body[:400], body[400:], note="POST, second segment captured before the first")
        self._refused(link)

    def no_connection(self, at: int) -> None:
        """SYN and its retransmissions; nothing comes back."""
        link = self._connect(at)
        self.recorder.notes.append((len(self.recorder.frames), "SYN that is never answered: attempted"))
        link.syn()
        for wait in (1.01, 2.02, 4.08, 8.16):
            link.syn(wait=seconds(wait))

    def post_unanswered(self, at: int) -> None:
        """Every byte is acknowledged; no answer comes, and after 30 s the phone closes."""
        head, body = self._post(at)
        link = self._connect(at).open()
        link.up(head + body, note="POST, acknowledged, never answered: delivered")
        link.fin_unanswered(seconds(30))

    def post_in_two_unanswered(self, at: int) -> None:
        """The same in two segments."""
        head, body = self._post(at)
        link = self._connect(at).open()
        link.up(head, body, note="POST, two segments, acknowledged, never answered: delivered")
        link.fin_unanswered(seconds(30))

    def post_unacknowledged(self, at: int) -> None:
        """The connection opens, then the server falls silent: delivery can't be shown."""
        head, body = self._post(at)
        link = self._connect(at).open()
        link.up(head + body, answer=False, note="POST, never acknowledged: attempted")
        for wait in (0.64, 1.28, 2.56, 5.12):
            link.again(head + body, wait=seconds(wait))
        link.give_up(seconds(20))

    # ── the hour ──

    def boot(self, send: Send) -> None:
        """The phone joins, checks its connection, and registers 60 s after power-on."""
        at = self.phone.join(BOOT, first=True)
        self.phone.private_dns_probe(at + seconds(0.1))
        at = self.phone.connectivity_check(at + seconds(0.4))
        self.phone.clock(at + seconds(0.7))
        self.phone.mdns(at + seconds(1.1))
        self.phone.tls(at + seconds(1.3), "www.google.com", 29_000, up=900, down=5_000)
        self.phone.tls(at + seconds(2.2), "mtalk.google.com", 38_000, up=700, down=1_900, port=5228)
        self.phone.tls(at + seconds(4), "play.googleapis.com", 30_000, up=2_400, down=26_000)
        self.phone.tls(at + seconds(6), SINGAPORE[0], 186_000, up=1_900, down=3_700)
        self.phone.quic(at + seconds(9), "www.youtube.com", down=90_000)
        self._register(BOOT + seconds(60), send)

    def wake(self, at: int, send: Send) -> None:
        """Wi-Fi comes back, connectivity fires, the client tries again."""
        at = self.phone.join(at, first=False)
        at = self.phone.connectivity_check(at + seconds(0.3))
        self.phone.mdns(at + seconds(0.8))
        self.phone.tls(at + seconds(0.9), "mtalk.google.com", 38_000, up=600, down=1_400, port=5228)
        self._register(at + seconds(2.3), send)
        name = SINGAPORE[at // US % 2]
        self.phone.tls(at + seconds(5), name, 186_000, up=1_500 + at % 900, down=2_800)
        self.phone.quic(at + seconds(11), "www.youtube.com", down=45_000)

    def _register(self, at: int, send: Send) -> None:
        send(self, self.phone.resolve(at, registration.HOST))

    def control_hour(self) -> None:
        """The second phone: its own browsing, one plain page, a connectivity check, no registration."""
        at = self.control.join(BOOT + seconds(210), first=True)
        at = self.control.connectivity_check(at + seconds(0.5))
        self.control.tls(at + seconds(2), "www.nrk.no", 11_000, up=1_700, down=64_000)
        page = b"<!doctype html><title>Example Domain</title><p>This domain is for use in documents.</p>\n"
        self.control.plain_get(at + seconds(31), "example.com", BROWSER, page)
        self.control.tls(at + seconds(44), "www.nrk.no", 11_000, up=2_100, down=88_000)
        at = self.control.join(BOOT + seconds(31 * 60), first=False)
        at = self.control.connectivity_check(at + seconds(0.5))
        self.control.quic(at + seconds(3), "www.youtube.com", down=120_000)
        self.control.tls(at + seconds(20), "mtalk.google.com", 38_000, up=600, down=1_200, port=5228)


def story() -> Story:
    """The cast, with fixed addresses and a fixed seed."""
    recorder = Recorder(random.Random(SEED))
    router = Host("192.168.10.1", ids.ROUTER_MAC)
    nokia = Host("192.168.10.52", ids.PHONE_MAC, clock=91_000)
    other = Host("192.168.10.61", ids.CONTROL_MAC, clock=7_400_000)
    return Story(
        recorder,
        Phone(nokia, router, recorder, "Nokia-7-plus", "android-dhcp-9", BOOK),
        Phone(other, router, recorder, "control-phone", "android-dhcp-8.1.0", BOOK),
    )


ANSWERED: tuple[Send, ...] = (
    Story.post_refused,
    Story.post_refused,
    Story.post_in_two,
    Story.post_retransmitted,
    Story.post_out_of_order,
    Story.post_refused,
    Story.post_refused,
)
UNANSWERED: tuple[Send, ...] = (
    Story.no_connection,
    Story.post_unanswered,
    Story.no_connection,
    Story.post_unacknowledged,
    Story.post_in_two_unanswered,
    Story.post_unanswered,
    Story.no_connection,
)
CAPTURES = {
    "nokia7plus-reconstruction": (ANSWERED, "The server refuses each registration with `Check error`."),
    "nokia7plus-reconstruction-unanswered": (UNANSWERED, "The server never answers."),
}


def record(sends: tuple[Send, ...]) -> Recorder:
    """Play the hour: the marker frame, the boot, the wake-ups, the control phone."""
    tale = story()
    tale.recorder.put(BOOT - seconds(2), marker(NOTICE), note="the notice that this is a reconstruction")
    tale.boot(sends[0])
    for at, send in zip(WAKES, sends[1:], strict=True):
        tale.wake(BOOT + at, send)
    tale.control_hour()
    return tale.recorder


def sidecar(name: str, about: str, recorder: Recorder, sha256: str) -> str:
    """The text beside the capture, with what happens in which frame."""
    rows = [f"| {number} | {_iso(time)} | {note} |" for number, time, note in recorder.events()]
    parts = {
        "NAME": name,
        "ABOUT": about,
        "SHA256": sha256,
        "FRAMES": str(len(recorder.frames)),
        "SEED": str(SEED),
        "SERVER": REGISTRATION_SERVER,
        "PAYLOAD": json.dumps(registration.VALUES | {"REGDATE": "yyyy-MM-dd HH:mm:ss"}, indent=1),
        "EVENTS": "\n".join(["| frame | time (UTC) | what |", "|---|---|---|", *rows]),
    }
    text = (HERE / "homewifi" / "sidecar.md").read_text()
    for key, value in parts.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def _iso(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / US, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the two reconstructions of the Nokia 7 Plus case.")
    parser.add_argument("--out", type=Path, default=HERE, help="where to write (default: beside this file)")
    out = parser.parse_args().out
    for name, (sends, about) in CAPTURES.items():
        recorder = record(sends)
        capture = out / f"{name}.pcap"
        write_pcap(capture, recorder.sorted_frames())
        digest = hashlib.sha256(capture.read_bytes()).hexdigest()
        (out / f"{name}.md").write_text(sidecar(name, about, recorder, digest))
        print(f"{capture}  {len(recorder.frames)} frames  SHA-256 {digest}")


if __name__ == "__main__":
    main()
