"""The terminal's part on Wi-Fi captured in the air: what was decrypted, what not, what to do."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from analyzer.model import WifiClient
from analyzer.report.layout import facts, indented, say, section
from analyzer.report.view import ReportView

_LISTED = 10


def wifi_section(view: ReportView) -> Iterator[RenderableType]:
    clients = view.report.wifi
    if not clients:
        return
    blocks = [block for client in view.some(clients, _LISTED) for block in _client(client)]
    yield section("Wi-Fi clients in the air", *blocks, *view.rest(clients, _LISTED))


def _client(client: WifiClient) -> tuple[RenderableType, ...]:
    network = f"network {client.ssid}" if client.ssid else "a network that was not named"
    return (
        say(f"{client.station} at {client.bssid}, {network}", "bold"),
        indented(
            facts(
                [
                    ("handshake", client.handshake),
                    ("decrypted", f"{client.decrypted:,} frames {client.cipher}".rstrip()),
                    ("encrypted", f"{client.protected:,} frames were not decrypted"),
                    ("note", client.note),
                ]
            )
        ),
    )
