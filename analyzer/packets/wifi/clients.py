"""What was seen of each Wi-Fi client, and what would make the rest readable."""

from __future__ import annotations

from analyzer.model import WifiClient
from analyzer.packets.wifi.networks import Station, WifiSession
from analyzer.packets.wifi.suites import LONG, unopenable

TOGGLE = "toggle the phone's Wi-Fi while capturing, so that the four-way handshake is in the capture"


def clients(session: WifiSession, keys_given: bool) -> tuple[WifiClient, ...]:
    """Clients with protected or decrypted frames or a handshake, most frames first."""
    shown = [
        (key, client)
        for key, client in session.clients.items()
        if client.messages or client.decrypted or client.protected
    ]
    shown.sort(key=lambda entry: (-(entry[1].decrypted + entry[1].protected), entry[1].station))
    return tuple(_client(session, bssid, client, keys_given) for (bssid, _), client in shown)


def _client(session: WifiSession, bssid: bytes, client: Station, keys_given: bool) -> WifiClient:
    ssid = session.ssids.get(bssid)
    return WifiClient(
        station=client.station,
        bssid=client.bssid,
        ssid=ssid.decode("utf-8", "backslashreplace") if ssid else None,
        handshake=_handshake(client),
        decrypted=client.decrypted,
        protected=client.protected,
        cipher=client.cipher,
        note=_note(session, bssid, client, keys_given),
    )


def _handshake(client: Station) -> str:
    seen = sorted(client.messages & {1, 2, 3, 4})
    if not seen:
        return "not seen"
    if _is_enough(set(seen)):
        return "complete" if len(seen) == 4 else f"enough: messages {_listed(seen)} of 4"
    return f"incomplete: messages {_listed(seen)} of 4"


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def _note(session: WifiSession, bssid: bytes, client: Station, keys_given: bool) -> str:
    if not client.protected:
        return ""
    if client.handshakes or client.decrypted:
        return "frames from before the handshake, or under keys agreed outside the capture, stay encrypted"
    suite = unopenable(client.suites) or (None if client.suites else session.suites.get(bssid))
    if suite is not None and not client.tried:
        return f"the network uses {suite}, which a passphrase alone can't decrypt"
    if long := next((LONG[kind] for kind in client.suites if kind in LONG), None):
        return f"the network uses {long}, whose handshakes can't be read here"
    if not (_is_enough(client.messages) or client.transition):
        return f"the handshake is not in the capture: {TOGGLE}"
    if not keys_given:
        return "no key was given: use --wifi"
    if client.tried:
        return "none of the keys given fits the handshake" + (f" ({suite})" if suite else "")
    if bssid not in session.ssids:
        return "its name is not in the capture, so no key could be tried: give one as --wifi SSID:passphrase"
    return "no key was given for this network: use --wifi"


def _is_enough(messages: set[int]) -> bool:
    """Whether these messages of the handshake hold both nonces and a code to check them by."""
    return {1, 2} <= messages or {2, 3} <= messages
