"""Reports made by hand, with synthetic identifiers and documentation addresses only."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from analyzer.model import (
    Body,
    CaptureInfo,
    Coverage,
    Destination,
    Device,
    Endpoint,
    Evidence,
    Finding,
    GeoSource,
    KnownKind,
    Message,
    Name,
    Opinion,
    Ping,
    PingField,
    Place,
    Problem,
    Report,
    Scope,
    Table,
)

START = 1_550_124_000_000_000_000  # 2019-02-14 06:00:00 UTC
MINUTE = 60_000_000_000
PHONE = "02:00:5e:10:00:01"
CONTROL = "02:00:5e:10:00:02"
SERVER = Endpoint("192.0.2.15", 80)
CLIENT = Endpoint("10.0.0.7", 41000)
IMEI = "490154203237518"
PAYLOAD = b64encode(b'{"REGVER":"5.0","IMEI1":"490154203237518","MACID":"02:00:5e:10:00:01"}')
MESSAGES = (1, 3, 5)  # numbers of the requests; each response is the next number


def place(address: str, located: str, registered: str, verdict: str, asn: int = 64500) -> Place:
    return Place(
        address=address,
        verdict=verdict,
        opinions=(
            Opinion("located", located, "GeoLite2", "2019-12-24"),
            Opinion("registered", registered, "RIR", "2026-10"),
        ),
        today=(Opinion("located", located, "DB-IP", "2026-10"),),
        asn=asn,
        as_name="Example Network",
    )


def request(number: int, minute: int) -> Message:
    frame = 40 + number
    return Message(
        number=number,
        protocol="http/1.1",
        role="request",
        flow=minute,
        source=CLIENT,
        destination=SERVER,
        time_ns=START + minute * MINUTE,
        end_ns=START + minute * MINUTE + 1_000,
        evidence=Evidence((frame,), minute, 0, 200),
        method="POST",
        target="/",
        host="register.example",
        headers=(("Host", "register.example"), ("Content-Type", "application/encrypted-json")),
        body=Body(len(PAYLOAD), sha256(PAYLOAD).hexdigest(), PAYLOAD),
        peer=number + 1,
        delivered=True,
    )


def response(number: int, minute: int) -> Message:
    content = b'{"resultCode":"1","resultDesc":"Check error"}'
    return Message(
        number=number,
        protocol="http/1.1",
        role="response",
        flow=minute,
        source=SERVER,
        destination=CLIENT,
        time_ns=START + minute * MINUTE + 90_000_000,
        end_ns=START + minute * MINUTE + 90_001_000,
        evidence=Evidence((40 + number,), minute, 0, 120),
        status=200,
        reason="OK",
        headers=(("Content-Type", "application/json"),),
        body=Body(len(content), sha256(content).hexdigest(), content),
        peer=number - 1,
    )


def ping(number: int, minute: int) -> Ping:
    return Ping(
        dossier="example-registration",
        title="Example self-registration",
        status="answered",
        time_ns=START + minute * MINUTE,
        flow=minute,
        device=PHONE,
        source=CLIENT,
        destination=SERVER,
        host="register.example",
        message=number,
        evidence=Evidence((40 + number,), minute, 0, 200, ("body",)),
        reasons=("the keys REGVER, IMEI1 and MACID stand together",),
        status_reasons=("HTTP 200; resultCode 1 (Check error)",),
        fields=(
            PingField("REGVER", "5.0", "version of the registration grammar"),
            PingField("IMEI1", IMEI, "IMEI of the first SIM slot"),
            PingField("MACID", PHONE, "MAC address of the phone's Wi-Fi"),
        ),
        encoding="base64 of JSON: encoded, not encrypted",
        client="the 2017 registration client",
        confidence="high",
    )


def attempt() -> Ping:
    return Ping(
        dossier="example-registration",
        title="Example self-registration",
        status="attempted",
        time_ns=START,
        flow=9,
        device=PHONE,
        source=CLIENT,
        destination=SERVER,
        host="register.example",
        message=None,
        evidence=Evidence((12,), 9),
        reasons=("the name register.example is this sender's",),
        status_reasons=("the connection was never opened",),
        confidence="low",
    )


def imei(number: int, minute: int) -> Finding:
    return Finding(
        kind="imei",
        value=IMEI,
        raw=IMEI,
        name="IMEI1",
        confidence="high",
        reasons=("its check digit is right", "the key says IMEI"),
        evidence=Evidence((40 + number,), minute, 20, 120, ("body", "base64", "json", "IMEI1")),
        message=number,
        time_ns=START + minute * MINUTE,
        known=True,
        details={"tac": "49015420"},
    )


def maybe_mac() -> Finding:
    return Finding(
        kind="mac",
        value="02:00:5e:10:00:01",
        raw="02005E100001",
        name="m",
        confidence="low",
        reasons=("twelve hexadecimal digits",),
        evidence=Evidence((77,), 4, 0, 80, ("query", "m")),
        message=99,
        time_ns=START + 7 * MINUTE,
    )


def destination(
    address: str,
    located: str,
    registered: str,
    *,
    scope: tuple[str, ...] = (),
    device: str = PHONE,
    size: int = 1,
) -> Destination:
    return Destination(
        device=device,
        address=address,
        protocol="tcp",
        port=80 if scope else 443,
        flows=3,
        packets_up=12 * size,
        packets_down=9 * size,
        bytes_up=4_000 * size,
        bytes_down=2_000 * size,
        first_ns=START,
        last_ns=START + 50 * MINUTE,
        kinds={"http": 3} if scope else {"tls": 3},
        ended={"closed": 2, "unanswered": 1},
        names=(Name(f"host-{address[-2:].strip('.')}.example", "dns", 31),),
        place=place(
            address, located, registered, f"agree {located}" if located == registered else "sources disagree"
        ),
        in_scope=located == "CN",
        scope_claims=scope,
    )


def device(id_: str, address: str, name: str) -> Device:
    return Device(id_, id_, (address, "fe80::1"), (Name(name, "dhcp", 1),), "Example Phones", 900, 120_000)


FLOWS = Table(
    {
        "flow": [0, 1],
        "device": [PHONE, PHONE],
        "source": ["10.0.0.7", "10.0.0.7"],
        "source_port": [41000, 41001],
        "destination": ["192.0.2.15", "198.51.100.4"],
        "destination_port": [80, 443],
        "protocol": ["tcp", "tcp"],
        "kind": ["http", "tls"],
        "name": ["register.example", None],
        "packets_up": [6, 8],
        "packets_down": [5, 7],
        "bytes_up": [900, 1200],
        "bytes_down": [400, 9000],
        "first_ns": [START, START + 1],
        "last_ns": [START + MINUTE, START + 2 * MINUTE + 999_999_999],
        "ended": ["closed", "open"],
    }
)

REGION_PACKETS = Table(
    {
        "frame": [41, 43],
        "time_ns": [START, START + 5],
        "device": [PHONE, PHONE],
        "source": ["10.0.0.7", "10.0.0.7"],
        "destination": ["192.0.2.15", "192.0.2.15"],
        "protocol": ["tcp", "tcp"],
        "destination_port": [80, 80],
        "length": [74, 366],
        "claim": ["located CN (GeoLite2 2019-12-24)"] * 2,
    }
)

CAPTURE = CaptureInfo(
    path="captures/example.pcap",
    size=123_456,
    sha256="ab" * 32,
    format="pcap (microseconds, little-endian)",
    link_types={"Ethernet": 1200},
    frames=1200,
    first_ns=START,
    last_ns=START + 60 * MINUTE,
    ip_packets=1188,
    not_ip={"ARP": 12},
)

SOURCES = (
    GeoSource(
        "DB-IP Country Lite",
        "2026-10",
        "CC BY 4.0",
        "where the address is believed to be",
        "IP Geolocation by DB-IP",
        "cd" * 32,
        "https://db-ip.com",
        "location today",
    ),
)


def sample_report() -> Report:
    """One phone that registered three times and tried once more, a control phone, no damage."""
    sends = tuple(zip(MESSAGES, (1, 21, 34), strict=True))
    exchanges = [
        m for number, minute in sends for m in (request(number, minute), response(number + 1, minute))
    ]
    return Report(
        version="0.1.0",
        created_ns=START + 90 * MINUTE,
        captures=(CAPTURE,),
        scope=Scope(),
        devices=(device(PHONE, "10.0.0.7", "Phone-7"), device(CONTROL, "10.0.0.8", "Control")),
        destinations=(
            destination(
                "192.0.2.15",
                "CN",
                "CN",
                scope=("located CN (GeoLite2 2019-12-24)", "registered CN (RIR 2026-10)"),
            ),
            destination("192.0.2.99", "SG", "CN", scope=("registered CN (RIR 2026-10)",), size=2),
            destination("198.51.100.4", "SG", "SG", size=50),
            destination("2001:db8::4", "NO", "NO", device=CONTROL, size=7),
        ),
        flows=FLOWS,
        messages=tuple(exchanges),
        findings=(*(imei(number, minute) for number, minute in sends), maybe_mac()),
        pings=(attempt(), *(ping(number, minute) for number, minute in sends)),
        region_packets=REGION_PACKETS,
        known=(KnownKind("imei", True, 3, ("base64",)), KnownKind("iccid", False, 0)),
        geo_sources=SOURCES,
        geo_note="Places as believed on 2019-12-24, 313 days after the capture; today's answers beside them.",
        blind_spots=("62 % of the flows were encrypted: their content can't be seen.",),
        coverage=READABLE,
        problems=(Problem("gap", "612 bytes of one stream were not captured", 77, 2),),
        reconstruction="Made by code from the protocol's public client sources, with synthetic identifiers.",
    )


# What became of the packets of a capture in which all was encrypted, and of one with readable requests.
ENCRYPTED = (Coverage("encrypted", "tls", 900, 720_000), Coverage("no-content", "ARP", 20, 1_200))
READABLE = (
    *ENCRYPTED,
    Coverage("searched", "http", 40, 9_000),
    Coverage("answers", "http", 30, 5_000),
    Coverage("not-searched", "dns", 10, 900),
)


def quiet_report() -> Report:
    """A capture in which nothing was readable and nothing went to the region."""
    return Report(
        version="0.1.0",
        created_ns=START,
        captures=(CAPTURE,),
        scope=Scope(),
        devices=(device(CONTROL, "10.0.0.8", "Control"),),
        destinations=(destination("198.51.100.4", "SG", "SG"),),
        flows=FLOWS,
        messages=(),
        findings=(),
        pings=(),
        region_packets=Table({name: [] for name in REGION_PACKETS.columns}),
        blind_spots=("All flows were encrypted: their content can't be seen.",),
        coverage=ENCRYPTED,
    )
