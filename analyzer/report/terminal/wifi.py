"""The terminal's part on Wi-Fi captured in the air: what was decrypted, what not, what to do."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from analyzer.model import WifiClient
from analyzer.report.language import _, plural
from analyzer.report.layout import facts, indented, say, section
from analyzer.report.reverse_translation import spoken
from analyzer.report.view import ReportView

_LISTED = 10


def wifi_section(view: ReportView) -> Iterator[RenderableType]:
    clients = view.report.wifi
    if not clients:
        return
    blocks = [block for client in view.some(clients, _LISTED) for block in _client(client, view)]
    yield section(_("Wi-Fi clients in the air"), *blocks, *view.rest(clients, _LISTED))


def _client(client: WifiClient, view: ReportView) -> tuple[RenderableType, ...]:
    network = (
        _("network {name}").format(name=client.ssid) if client.ssid else _("a network that was not named")
    )
    return (
        say(f"{view.device(client.station)} → {client.bssid}, {network}", "bold"),
        indented(
            facts(
                [
                    (_("handshake"), spoken(client.handshake)),
                    (_("decrypted"), f"{_frames(client.decrypted)} {client.cipher}".rstrip()),
                    (_("still encrypted"), _frames(client.protected)),
                    (_("note"), spoken(client.note) if client.note else ""),
                ]
            )
        ),
    )


def _frames(count: int) -> str:
    return plural(count, "{n} frame", "{n} frames")
