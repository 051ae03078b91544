"""Wi-Fi frames of a capture to the packets inside them, decrypted where a key is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from analyzer.packets.wifi import ciphers
from analyzer.packets.wifi.ccm import Bytes, Rows
from analyzer.packets.wifi.ccmp_batch import (
    Flags,
    FrameBuffer,
    OpenedFrames,
    nothing_opened,
    opened_frames,
    sender_of,
)
from analyzer.packets.wifi.frames import (
    ASSOCIATION_REQUEST,
    AUTHENTICATION,
    BEACON,
    DATA,
    EAPOL_SNAP,
    MANAGEMENT,
    PROBE_RESPONSE,
    REASSOCIATION_REQUEST,
    REASSOCIATION_RESPONSE,
    REQUESTS,
    WifiFrame,
    elements,
    ethernet_frames,
    parse,
)
from analyzer.packets.wifi.handshake import (
    KeyFrame,
    SessionKeys,
    candidates,
    group_keys,
    is_mic_right,
    key_frame,
    psk_of,
)
from analyzer.packets.wifi.kernel import GROUP_BIT, PROTECTED, RETRY
from analyzer.packets.wifi.keys import WifiKey
from analyzer.packets.wifi.suites import FAST, UNOPENABLE, chosen_suites
from analyzer.packets.wifi.transition import Transition, group_key, transition
from analyzer.packets.wifi.transition import candidates as fast_candidates

CCMP = "CCMP"
SSID, RSN = 0, 48
# Bytes before the elements of a management frame (IEEE 802.11-2020 §9.3.3).
FIXED = {BEACON: 12, PROBE_RESPONSE: 12, ASSOCIATION_REQUEST: 4, REASSOCIATION_REQUEST: 10}
# Of an authentication frame: algorithm, sequence, status; the number of fast transition (§9.4.1.1).
AUTHENTICATION_FIXED, BY_FAST_TRANSITION = 6, 2
REASSOCIATION_FIXED = 6  # capabilities, status, association identifier

# Clients and keys remembered at most: a busy place shows thousands of passers-by.
MOST_CLIENTS = 4096
MOST_KEYS = 8


@dataclass
class Station:
    """One station at one access point."""

    station: str
    bssid: str
    messages: set[int] = field(default_factory=set)  # of the four-way handshake, as seen
    handshakes: int = 0  # that fit a given key
    anonce: bytes = b""
    snonce: bytes = b""
    second: KeyFrame | None = None
    keys: list[SessionKeys] = field(default_factory=list)  # newest first
    suites: frozenset[int] = frozenset()  # of authentication and key management, as the station chose
    transition: Transition | None = None
    tried: int = 0  # keys that were tried on a handshake
    decrypted: int = 0
    protected: int = 0  # frames that were not decrypted
    cipher: str = ""


class WifiSession:
    """Follows networks, handshakes and clients over the frames of a capture."""

    def __init__(self, keys: Sequence[WifiKey] = ()) -> None:
        self._given = keys
        self.clients: dict[tuple[bytes, bytes], Station] = {}  # by (BSSID, station)
        self.ssids: dict[bytes, bytes] = {}
        self.suites: dict[bytes, str] = {}  # what makes a network impossible to decrypt
        self.protected_management: set[bytes] = set()
        self.group_keys: dict[bytes, list[bytes]] = {}
        self.asked: tuple[str, bytes] | None = None  # what the last frame asks for, and the station that asks
        self.counts: Counter[str] = Counter()
        self._psks: dict[bytes, list[bytes]] = {}
        self._cipher: dict[bytes, str] = {}  # that last opened a frame, by BSSID
        self.room = FrameBuffer()
        self._last: dict[int, int] = {}  # sequence number by sender

    def take(self, data: bytes) -> tuple[list[bytes], bool]:
        """(Ethernet frames inside, whether it is a retry) of one captured frame, from its MAC header on.

        Frames that are readable as they stand give nothing: they are read in place.
        """
        frame, self.asked = parse(data), None
        if frame is None:
            return [], False
        if frame.kind == MANAGEMENT:
            self._manage(frame)
            return [], False
        if frame.kind != DATA or frame.subtype & 4:
            return [], False
        if self._is_repeated(frame):
            return [], True
        if frame.flags & PROTECTED:
            is_checked = len(frame.header) + len(frame.body) < len(data)
            return self._decrypt(frame, is_checked), False
        if frame.body.startswith(EAPOL_SNAP):
            self._shake_hands(frame)
        return (ethernet_frames(True, b"", b"", frame.body) if frame.aggregate else []), False

    def open_many(self, data: Bytes, mac: Rows, end: Rows) -> OpenedFrames:
        """As `opened_frames`, with the newest key of each client; nothing is noted of the frames yet."""
        if not any(client.cipher == CCMP for client in self.clients.values()):
            return nothing_opened(self.room)
        return opened_frames(data, mac, end, self._ccmp_key, self.room)

    def note_opened(self, opened: OpenedFrames, new: Flags) -> None:
        """Count those that are no repetition for their clients."""
        counts = np.bincount(opened.client[new], minlength=len(opened.clients)).tolist()
        for client, count in zip(opened.clients, counts, strict=True):
            if count:
                known = self._client(*client)
                known.decrypted += count
                known.cipher = known.cipher or CCMP

    def note_cipher(self, bssid: bytes, station: bytes) -> None:
        """A frame of this client was opened with others, after all that was read before."""
        if (bssid, station) in self.clients:
            self.clients[bssid, station].cipher = CCMP

    def _ccmp_key(self, bssid: bytes, station: bytes) -> bytes | None:
        client = self.clients.get((bssid, station))
        return client.keys[0].tk[:16] if client and client.keys and client.cipher == CCMP else None

    # ── what announces itself ───────────────────────────────────────────

    def _manage(self, frame: WifiFrame) -> None:
        if frame.subtype in REQUESTS and not self._is_repeated(frame):
            self.asked = REQUESTS[frame.subtype], frame.transmitter
        if frame.subtype == AUTHENTICATION:
            self._authenticate(frame)
        elif frame.subtype == REASSOCIATION_RESPONSE:
            self._take_fast_group_key(frame)
        fixed = FIXED.get(frame.subtype)
        networks = max(len(self.ssids), len(self.suites), len(self.protected_management))
        if fixed is None or networks > MOST_CLIENTS:
            return
        found = elements(frame.body, fixed)
        ssid = found.get(SSID, b"")
        if ssid.strip(b"\0") and frame.bssid not in self.ssids:
            self.ssids[frame.bssid] = ssid
        if RSN in found and frame.subtype in (BEACON, PROBE_RESPONSE):
            self._read_rsn(frame.bssid, found[RSN])
        elif RSN in found:  # what a station that joins chose
            self.client_of(frame).suites = chosen_suites(found[RSN])

    def _authenticate(self, frame: WifiFrame) -> None:
        """A station that changes to another access point agrees on keys without a handshake (§13.5.2)."""
        algorithm, sequence, status = (int.from_bytes(frame.body[at : at + 2], "little") for at in (0, 2, 4))
        told = transition(frame.body, AUTHENTICATION_FIXED)
        if (algorithm, sequence, status) != (BY_FAST_TRANSITION, 2, 0) or told is None:
            return
        client = self.client_of(frame)
        client.transition, client.anonce, client.snonce = told, told.anonce, told.snonce
        for keys in self._fast_keys(client, frame.bssid):  # those that are wrong open nothing
            client.keys = [keys, *client.keys][:MOST_KEYS]

    def _take_fast_group_key(self, frame: WifiFrame) -> None:
        """The group key that a station gets with the answer to its change of access point."""
        client = self.clients.get((frame.bssid, frame.receiver))
        for keys in client.keys if client is not None else ():
            key = group_key(frame.body, REASSOCIATION_FIXED, keys.kek)
            if key is not None:
                self._keep_group_key(frame.bssid, key)

    def _keep_group_key(self, bssid: bytes, group: bytes) -> None:
        known = self.group_keys.setdefault(bssid, [])
        if group not in known:
            known.insert(0, group)
            del known[MOST_KEYS:]

    def _fast_keys(self, client: Station, bssid: bytes) -> Iterator[SessionKeys]:
        """Yield what the given keys may have led to by fast transition."""
        told, ssid = client.transition, self.ssids.get(bssid)
        if told is None or ssid is None:
            return
        station = bytes.fromhex(client.station.replace(":", ""))
        for psk in self._psks_of(bssid):
            client.tried += 1
            yield from fast_candidates(psk, ssid, told, bssid, station, (client.anonce, client.snonce))

    def _read_rsn(self, bssid: bytes, rsn: bytes) -> None:
        kinds = chosen_suites(rsn)
        if kinds and kinds <= set(UNOPENABLE):
            self.suites[bssid] = UNOPENABLE[min(kinds)]
        at = 8 + 4 * int.from_bytes(rsn[6:8], "little")
        count = int.from_bytes(rsn[at : at + 2], "little")
        capabilities = int.from_bytes(rsn[at + 2 + 4 * count : at + 4 + 4 * count], "little")
        if capabilities & 0x0040:  # management frame protection required
            self.protected_management.add(bssid)

    def _is_repeated(self, frame: WifiFrame) -> bool:
        sender = sender_of(frame.transmitter, frame.tid if frame.subtype & 8 else -1)
        return self.comes_again(sender, frame.sequence, bool(frame.flags & RETRY))

    def comes_again(self, sender: int, sequence: int, retry: bool) -> bool:
        """Whether a frame repeats the one before it of the same `many.sender_of`."""
        again = retry and self._last.get(sender) == sequence
        if len(self._last) > 16 * MOST_CLIENTS:
            self._last.clear()
        self._last[sender] = sequence
        return again

    # ── handshakes ──────────────────────────────────────────────────────

    def client_of(self, frame: WifiFrame) -> Station:
        """The station that a frame comes from or goes to."""
        station = frame.transmitter if frame.bssid == frame.receiver else frame.receiver
        return self._client(frame.bssid, station)

    def _client(self, bssid: bytes, station: bytes) -> Station:
        key = (bssid, station)
        client = self.clients.get(key)
        if client is None:
            if len(self.clients) >= MOST_CLIENTS:
                self.clients.pop(next(iter(self.clients)))
                self.counts["clients forgotten"] += 1
            client = self.clients[key] = Station(station.hex(":"), bssid.hex(":"))
        return client

    def _shake_hands(self, frame: WifiFrame) -> None:
        key = key_frame(frame.body[8:])
        if key is None:
            return
        client = self.client_of(frame)
        message = key.message
        client.messages.add(message)
        if message in (1, 3):
            client.anonce = key.nonce
            if client.second is not None and message == 3:
                self._agree(client, frame)
        elif message == 2:
            client.snonce, client.second = key.nonce, key
            if RSN in (found := elements(key.data, 0)):
                client.suites = chosen_suites(found[RSN])
            client.transition = transition(key.data)
            if client.anonce:
                self._agree(client, frame)
        if message in (3, 5):
            self._learn_group_keys(client, frame.bssid, key)

    def _agree(self, client: Station, frame: WifiFrame) -> None:
        """Try the given keys on the handshake; its second message's MIC tells which one fits."""
        second = client.second
        assert second is not None
        ap, station = frame.bssid, bytes.fromhex(client.station.replace(":", ""))
        for keys in self._candidates(client, second, ap, station):
            if is_mic_right(keys, second):
                if keys not in client.keys:
                    client.handshakes += 1
                    client.keys = [keys, *client.keys][:MOST_KEYS]
                return

    def _candidates(
        self, client: Station, second: KeyFrame, ap: bytes, station: bytes
    ) -> Iterator[SessionKeys]:
        """Yield the session keys that the given keys may have led to."""
        if client.suites & FAST:
            yield from self._fast_keys(client, ap)
            return
        for psk in self._psks_of(ap):
            client.tried += 1
            yield from candidates(psk, second.version, ap, station, client.anonce, client.snonce)

    def _psks_of(self, bssid: bytes) -> list[bytes]:
        if bssid not in self._psks:
            ssid = self.ssids.get(bssid)
            made = [psk for key in self._given if (psk := _psk(key, ssid)) is not None]
            if ssid is None:  # not announced yet: try again at the next handshake
                return made
            self._psks[bssid] = made
        return self._psks[bssid]

    def _learn_group_keys(self, client: Station, bssid: bytes, key: KeyFrame) -> None:
        for keys in client.keys[:1]:
            for group in group_keys(keys, key).values():
                self._keep_group_key(bssid, group)

    # ── decryption ──────────────────────────────────────────────────────

    def _decrypt(self, frame: WifiFrame, is_checked: bool) -> list[bytes]:
        client = self.client_of(frame) if not frame.receiver[0] & GROUP_BIT else None
        for payload, cipher in self._opened_either_way(frame, client, is_checked):
            if client is not None:
                client.decrypted += 1
                client.cipher = cipher
            else:
                self.counts["group decrypted"] += 1
            if payload.startswith(EAPOL_SNAP):  # rekeying under the old keys
                self._shake_hands(frame._replace(body=payload))
            return ethernet_frames(frame.aggregate, frame.destination, frame.source, payload)
        if client is not None:
            client.protected += 1
        else:
            self.counts["group protected"] += 1
        return []

    def _opened_either_way(
        self, frame: WifiFrame, client: Station | None, is_checked: bool
    ) -> Iterator[tuple[bytes, str]]:
        """As `_opened`; the last bytes may be a check sequence that is not right."""
        yield from self._opened(frame, client)
        if not is_checked:
            yield from self._opened(frame._replace(body=frame.body[:-4]), client)

    def _opened(self, frame: WifiFrame, client: Station | None) -> Iterator[tuple[bytes, str]]:
        """Payloads that some key opens, with the cipher's name."""
        if len(frame.body) < 8:
            return
        if not frame.body[3] & 0x20:  # no extended IV: WEP
            for given in self._given:
                if given.wep and (payload := ciphers.wep(given.wep, frame)) is not None:
                    yield payload, "WEP"
            return
        temporal = [keys.tk for keys in client.keys] if client else self.group_keys.get(frame.bssid, [])
        for key in temporal:
            for name in self._likely(frame.bssid):
                payload = ciphers.CIPHERS[name](key, frame)
                if payload is not None:
                    self._cipher[frame.bssid] = name
                    yield payload, name

    def _likely(self, bssid: bytes) -> Sequence[str]:
        """Ciphers to try, the one that last opened a frame of this network first."""
        last = self._cipher.get(bssid)
        return ([last] if last else []) + [name for name in ciphers.CIPHERS if name != last]


def _psk(key: WifiKey, ssid: bytes | None) -> bytes | None:
    """The pre-shared key that a given key means for a network, None where it is for another."""
    if key.psk is not None:
        return key.psk
    if key.passphrase is None:
        return None
    if key.ssid is not None:
        return psk_of(key.passphrase, key.ssid) if ssid is None or ssid == key.ssid else None
    return psk_of(key.passphrase, ssid) if ssid is not None else None
