"""The picture for a person: at any size what matters is whole, and nothing reaches beyond the terminal."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from rich.console import Console

from analyzer.live import watch_session
from analyzer.live.flow_view import board
from analyzer.live.screen import picture
from analyzer.live.shutdown import Stop
from analyzer.live.sources import Feed
from analyzer.live.watch_session import WatchSession
from analyzer.session.options import Options
from tests import builders
from tests.live.running import HEADER, ping, records

TLS = bytes.fromhex("16030100c8010000c40303") + bytes(194)
SIZES = [(80, 24), (60, 12), (40, 10), (120, 40), (20, 6)]


@pytest.fixture(scope="module")
def session() -> Iterator[WatchSession]:
    """A watch that saw registrations of two phones and a connection by TLS."""
    stop = Stop()
    reading, writing = os.pipe()
    hello = builders.conversation((True, TLS), (False, bytes(3000)), ports=(50001, 443))
    sent = HEADER + b"".join(records(ping(40001 + n), 100 * n) for n in range(9)) + records(hello, 1000)
    threading.Thread(target=lambda: (os.write(writing, sent), os.close(writing)), daemon=True).start()
    found = WatchSession(Options(), stop)
    found.run(lambda: Feed("lan0 (dumpcap)", reading, stop))
    found.board = board(found.reading.scan.tracker.seen(), lambda _: None, 12)
    yield found
    stop.close()


def drawn(session: WatchSession, width: int, height: int) -> list[str]:
    console = Console(width=width, height=height, color_system=None, markup=False, highlight=False)
    with console.capture() as captured:
        console.print(picture(session, width, height, 1.0))
    return captured.get().splitlines()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_picture_fits_its_terminal(session: WatchSession, width: int, height: int) -> None:
    lines = drawn(session, width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize(("width", "height"), SIZES[:2])
def test_device_and_server_stand_first_and_nothing_of_an_alert_is_cut(
    session: WatchSession, width: int, height: int
) -> None:
    lines = drawn(session, width, height)
    text = " ".join(" ".join(lines).split())
    assert "ping 192.0.2.10 → zzhc.vnet.cn (202.96.192.0:80), located CN" in text
    if height > 12:
        assert "with IMEI, MEID, ICCID, IMSI, MAC address" in text
    assert "pings: 9 (answered 9)" in text
    assert "% of the bytes encrypted" in text
    assert "…" not in "".join(lines[-6:])


def test_a_watch_without_packets_asks_whether_it_is_the_right_interface(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch_session, "SILENT", 0.0)
    monkeypatch.setattr(watch_session, "FIRST_LOOK", 0.01)
    stop = Stop()
    reading, writing = os.pipe()

    class Silent(WatchSession):
        def _say_silence(self) -> None:
            super()._say_silence()
            stop.set()

    session = Silent(Options(), stop)
    with pytest.raises(watch_session.CaptureError):
        session.run(lambda: Feed("lan0", reading, stop))
    (said,) = (event.says for event in session.shown)
    assert said == "no packet yet after 0.0 s: is lan0 what was meant to be read?"
    assert "no packet yet: is this the right interface?" in drawn(session, 80, 24)
    os.close(writing)
    stop.close()
