"""The certificate that a TLS client up to version 1.2 sends in clear (RFC 5246 §7.4.6), as a message."""

from __future__ import annotations

from analyzer.dissectors.byte_queue import MOST_FRAMES
from analyzer.dissectors.clear_message import Headers, MessagePlace, message
from analyzer.dissectors.http1 import HttpMessage

HANDSHAKE, CERTIFICATE = 0x16, 11
# Bytes of handshake records behind the hello that are read.
MOST_FLIGHT = 1 << 15
# Attributes and names of a certificate (RFC 5280 §4.1.2.6, §4.2.1.6) that are read.
MOST_NAMES = 32


class ClientFlight:
    """Collects what a client sends in clear until its certificate is whole: `done` says that it is."""

    def __init__(self) -> None:
        self.done = False
        self.certificate: HttpMessage | None = None
        self._data = bytearray()
        self._frames: list[int] = []
        self._start, self._time_ns = 0, 0

    def feed(self, data: bytes, offset: int, frame: int, time_ns: int) -> None:
        """Take the next bytes of the client, in order, from its hello on."""
        if self.done:
            return
        if not self._data:
            self._start, self._time_ns = offset, time_ns
        self._data += data
        self._frames = [*self._frames, frame][:MOST_FRAMES]
        handshake, is_over = _handshake(self._data)
        chain = _message_of(handshake, CERTIFICATE)
        if chain is not None:
            place = MessagePlace(
                self._start,
                self._start + len(self._data),
                tuple(dict.fromkeys(self._frames)),
                self._time_ns,
                time_ns,
            )
            self.certificate = _certificate(chain, place)
        self.done = is_over or chain is not None or len(self._data) > MOST_FLIGHT
        if self.done:
            self._data.clear()


def _handshake(stream: bytearray) -> tuple[bytes, bool]:
    """The bytes of handshake records (RFC 5246 §6.2.1), and whether a record of another kind follows."""
    found, at = bytearray(), 0
    while at + 5 <= len(stream):
        if stream[at] != HANDSHAKE:
            return bytes(found), True
        length = int.from_bytes(stream[at + 3 : at + 5], "big")
        found += stream[at + 5 : at + 5 + length]
        at += 5 + length
    return bytes(found), False


def _message_of(handshake: bytes, kind: int) -> bytes | None:
    """The body of the first whole handshake message of a kind."""
    at = 0
    while at + 4 <= len(handshake):
        size = int.from_bytes(handshake[at + 1 : at + 4], "big")
        if handshake[at] == kind:
            return handshake[at + 4 : at + 4 + size] if at + 4 + size <= len(handshake) else None
        at += 4 + size
    return None


def _certificate(chain: bytes, place: MessagePlace) -> HttpMessage | None:
    """The message of the first certificate of a chain; None where it can't be read."""
    size = int.from_bytes(chain[3:6], "big")
    headers = _names(chain[6 : 6 + size]) if size else []
    return (
        message("tls", "request", place, method="Certificate", headers=headers, one_way=True)
        if headers
        else None
    )


def _names(data: bytes) -> Headers:
    from cryptography import x509

    headers: Headers = []
    try:
        certificate = x509.load_der_x509_certificate(data)
        for attribute in certificate.subject:
            value = attribute.value
            shown = value if isinstance(value, str) else value.hex()
            headers.append((attribute.oid._name, shown))
        headers.append(("certificate serial number", f"{certificate.serial_number:x}"))
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        headers += [("subjectAltName", str(name.value)) for name in names]
    except Exception:  # the library raises many kinds on hostile input; what was read before counts
        pass
    return headers[:MOST_NAMES]
