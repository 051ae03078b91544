"""What clients and servers of many protocols say, written from their specifications: log-ins with one password.

Each row is a connection: the protocol, the server's port, who says what, and what is to be read of it.
"""

from __future__ import annotations

import base64
import json
import struct
from typing import NamedTuple

CLIENT, SERVER = 0, 1
USER, PASSWORD = b"kari.nordmann", b"Hemmelig9Secret"
PLAIN = b"\0" + USER + b"\0" + PASSWORD
IMEI = "490154203237518"


class Conversation(NamedTuple):
    """One connection, and the account and header that its messages are to give."""

    protocol: str
    port: int
    said: tuple[tuple[int, bytes], ...]
    account: bytes = USER
    readable: bool = True  # whether the password is
    header: tuple[str, str] = ("", "")
    needs_port: bool = False


def ber(tag: int, *parts: bytes) -> bytes:
    """Return a value with a length in the short or long form."""
    content = b"".join(parts)
    size = len(content)
    return (
        bytes((tag, size)) + content if size < 128 else bytes((tag, 0x82)) + size.to_bytes(2, "big") + content
    )


def mysql(sequence: int, payload: bytes) -> bytes:
    """Return a packet of MySQL."""
    return len(payload).to_bytes(3, "little") + bytes((sequence,)) + payload


def resp(*words: bytes) -> bytes:
    """Return a command of Redis."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def amqp_method(number: tuple[int, int], payload: bytes) -> bytes:
    """Return a method frame of AMQP 0-9-1."""
    body = struct.pack(">HH", *number) + payload
    return b"\x01\0\0" + struct.pack(">I", len(body)) + body + b"\xce"


def kafka(key: int, version: int, payload: bytes) -> bytes:
    """Return a request of Kafka."""
    body = struct.pack(">HHIH", key, version, 7, 7) + b"client1" + payload
    return struct.pack(">I", len(body)) + body


def smpp(command: int, payload: bytes) -> bytes:
    """Return a message of SMPP."""
    return struct.pack(">IIII", 16 + len(payload), command, 0, 1) + payload


def login_7() -> bytes:
    """Return LOGIN7 of TDS with its obfuscated password."""
    hidden = bytes((byte >> 4 | byte << 4 & 0xFF) ^ 0xA5 for byte in PASSWORD.decode().encode("utf-16-le"))
    texts = [b"phone".decode().encode("utf-16-le"), USER.decode().encode("utf-16-le"), hidden,
             "app".encode("utf-16-le"), *[b""] * 5]  # fmt: skip
    head, at, data = b"", 94, b""
    for one in texts:
        head += struct.pack("<HH", at + len(data), len(one) // 2)
        data += one
    fixed = struct.pack("<IIIIII", 94 + len(data), 0x74000004, 4096, 7, 100, 0) + bytes(12) + head
    fixed += bytes((0x00, 0x1B, 0x44, 0x11, 0x3A, 0xB7)) + bytes(94 - 78)
    body = fixed[:94] + data
    return b"\x10\x01" + struct.pack(">H", 8 + len(body)) + b"\0\0\1\0" + body


def avp(code: int, value: bytes, vendor: int = 0) -> bytes:
    """Return an AVP of Diameter."""
    head = struct.pack(">IB", code, 0xC0 if vendor else 0x40)
    size = (12 if vendor else 8) + len(value)
    return (
        head
        + size.to_bytes(3, "big")
        + (struct.pack(">I", vendor) if vendor else b"")
        + value
        + bytes(-size % 4)
    )


def diameter(command: int, *avps: bytes) -> bytes:
    """Return a request of Diameter."""
    body = b"".join(avps)
    size = (20 + len(body)).to_bytes(3, "big")
    return b"\x01" + size + b"\x80" + command.to_bytes(3, "big") + bytes(4) + b"\0\0\0\1\0\0\0\2" + body


def bson(*members: tuple[int, bytes, bytes]) -> bytes:
    """Return a document of BSON."""
    body = b"".join(bytes((kind,)) + name + b"\0" + value for kind, name, value in members) + b"\0"
    return struct.pack("<I", 4 + len(body)) + body


def op_msg(document: bytes) -> bytes:
    """Return a message of MongoDB."""
    return struct.pack("<IIIIIB", 21 + len(document), 1, 0, 2013, 0, 0) + document


def kasa(document: object) -> bytes:
    """Return a document as TP-Link's devices get it."""
    key, made = 171, bytearray()
    for byte in json.dumps(document).encode():
        key ^= byte
        made.append(key)
    return len(made).to_bytes(4, "big") + bytes(made)


MYSQL_GREETING = mysql(
    0,
    b"\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15"
    + bytes(10)
    + b"ijklmnopqrst\0caching\0",
)
MYSQL_FLAGS = 0x200 | 1 << 15 | 1 << 19
MYSQL_HEAD = struct.pack("<IIB", MYSQL_FLAGS, 1 << 24, 33) + bytes(23) + USER + b"\0"
SASL_START = bson(
    (0x10, b"saslStart", b"\1\0\0\0"),
    (2, b"mechanism", b"\6\0\0\0PLAIN\0"),
    (5, b"payload", struct.pack("<IB", len(PLAIN), 0) + PLAIN),
    (2, b"$db", b"\x0a\0\0\0$external\0"),
)
TABLE = b"\x07productS" + struct.pack(">I", 7) + b"Example"


def opc_ua(request: int, node: int, content: bytes) -> bytes:
    """Return a message of OPC UA in one chunk."""
    head = struct.pack("<IIII", 6, 13, request, request) + b"\x01\0" + struct.pack("<H", node)
    return b"MSGF" + struct.pack("<I", 8 + len(head) + len(content)) + head + content


def counted(data: bytes, order: str = "<I") -> bytes:
    """Return bytes behind their length."""
    return struct.pack(order, len(data)) + data


def chunk(*values: bytes) -> bytes:
    """Return a message of Bolt."""
    return counted(b"".join(values), ">H") + b"\0\0"


def small(data: bytes) -> bytes:
    """Return a text of PackStream."""
    return bytes((0x80 + len(data),)) + data if len(data) < 16 else b"\xd0" + counted(data, "B")


def ntlm(user: str, domain: str) -> bytes:
    """Return NTLM's last message, with names in UTF-16."""
    parts = [b"", b"r" * 24, domain.encode("utf-16-le"), user.encode("utf-16-le"), b"", b""]
    made, at = b"NTLMSSP\0\3\0\0\0", 64
    for part in parts:
        made += struct.pack("<HHI", len(part), len(part), at)
        at += len(part)
    return made + b"\1\2\0\0" + b"".join(parts)


def smb(content: bytes) -> bytes:
    """Return a message of SMB 2 behind its session header."""
    return counted(b"\xfeSMB\x40" + bytes(59) + content, ">I")


NODE, WRITTEN = b"\x01\2\x07\0", b"\x0d\0\0\0\xff\xff\xff\xff\x07\x0c"
USER_TOKEN = counted(b"user") + counted(USER) + counted(PASSWORD) + b"\xff\xff\xff\xff"

CONVERSATIONS = (
    Conversation("ldap", 389, (
        (CLIENT, ber(0x30, b"\2\1\1", ber(0x60, b"\2\1\3", ber(4, USER), ber(0x80, PASSWORD)))),
        (SERVER, ber(0x30, b"\2\1\1", ber(0x61, b"\x0a\1\0\4\0\4\0"))),
    )),
    Conversation("ldap", 389, (
        (CLIENT, ber(0x30, b"\2\1\1", ber(0x60, b"\2\1\3\4\0", ber(0xA3, ber(4, b"PLAIN"), ber(4, PLAIN))))),
    )),
    Conversation("mysql", 3306, (
        (SERVER, MYSQL_GREETING),
        (CLIENT, mysql(1, MYSQL_HEAD + b"\x14" + b"x" * 20 + b"mysql_native_password\0")),
        (SERVER, mysql(2, b"\xfemysql_clear_password\0")),
        (CLIENT, mysql(3, PASSWORD + b"\0")),
        (SERVER, mysql(4, b"\0\0\0\2\0\0\0")),
        (CLIENT, mysql(0, b"\x03insert into d(imei) values('490154203237518')")),
    )),
    Conversation("mysql", 3306, (
        (CLIENT, mysql(1, MYSQL_HEAD + b"\x14" + b"x" * 20 + b"mysql_native_password\0")),
    ), readable=False),
    Conversation("postgresql", 5432, (
        (CLIENT, b"\0\0\0\x08\x04\xd2\x16\x2f"),
        (SERVER, b"N"),
        (CLIENT, struct.pack(">II", 8 + 5 + len(USER) + 2, 0x30000) + b"user\0" + USER + b"\0\0"),
        (SERVER, b"R\0\0\0\x08\0\0\0\3"),
        (CLIENT, b"p" + struct.pack(">I", 5 + len(PASSWORD)) + PASSWORD + b"\0"),
        (SERVER, b"R\0\0\0\x08\0\0\0\0"),
        (CLIENT, b"Q\0\0\0\x35select * from d where imei = '490154203237518' limit\0"[:54]),
    )),
    Conversation("redis", 6379, (
        (CLIENT, resp(b"AUTH", USER, PASSWORD)), (SERVER, b"+OK\r\n"),
        (CLIENT, resp(b"HSET", b"phone", b"imei", IMEI.encode())),
    ), header=("imei", IMEI)),
    Conversation("redis", 6379, ((CLIENT, resp(b"HELLO", b"3", b"AUTH", USER, PASSWORD)),)),
    Conversation("redis", 6379, ((CLIENT, b"AUTH " + PASSWORD + b"\r\n"),), account=b"default", needs_port=True),
    Conversation("nats", 4222, (
        (SERVER, b'INFO {"server_id":"A"}\r\n'),
        (CLIENT, b'CONNECT {"user":"%s","pass":"%s","lang":"go"}\r\nPUB a.b 23\r\n{"imei":"%s"}\r\n'
         % (USER, PASSWORD, b"4901542032375")),
    )),
    Conversation("stomp", 61613, (
        (CLIENT, b"CONNECT\nhost:h\nlogin:" + USER + b"\npasscode:" + PASSWORD + b"\n\n\0"),
        (SERVER, b"CONNECTED\nversion:1.2\n\n\0\n"),
        (CLIENT, b"SEND\ndestination:/q\n\n{\"imei\":\"490154203237518\"}\0"),
    )),
    Conversation("amqp", 5672, (
        (CLIENT, b"AMQP\0\0\x09\x01"), (SERVER, amqp_method((10, 10), b"\0\x09\0\0\0\0\0\0\0\5PLAIN\0\0\0\5en_US")),
        (CLIENT, amqp_method((10, 11), struct.pack(">I", len(TABLE)) + TABLE + b"\5PLAIN"
                             + struct.pack(">I", len(PLAIN)) + PLAIN + b"\5en_US")),
    ), header=("product", "Example")),
    Conversation("amqp", 5672, (
        (CLIENT, b"AMQP\x03\x01\0\0"), (SERVER, b"AMQP\x03\x01\0\0"),
        (CLIENT, struct.pack(">IBBH", 8 + 6 + 7 + 2 + len(PLAIN), 2, 1, 0) + b"\0\x53\x41\xc0\x40\2\xa3\5PLAIN\xa0"
         + bytes((len(PLAIN),)) + PLAIN),
    )),
    Conversation("kafka", 9092, (
        (CLIENT, kafka(17, 1, b"\0\5PLAIN")), (SERVER, b"\0\0\0\x0c\0\0\0\7\0\0\0\0\0\0\0\0"),
        (CLIENT, kafka(36, 1, struct.pack(">I", len(PLAIN)) + PLAIN)),
    )),
    Conversation("smpp", 2775, (
        (CLIENT, smpp(9, USER + b"\0" + PASSWORD[:8] + b"\0\0\x34\0\0\0")),
        (SERVER, smpp(0x80000009, b"S\0")),
        (CLIENT, smpp(4, b"\0\1\1" + b"1234\0" + b"\1\1" + b"4790123456\0" + bytes(3) + b"\0\0" + bytes(4)
                      + b"\x04hey.")),
    ), header=("MSISDN", "+4790123456")),
    Conversation("tds", 1433, ((CLIENT, login_7()),), header=("client id MAC", "00:1b:44:11:3a:b7")),
    Conversation("irc", 6667, (
        (CLIENT, b"CAP LS 302\r\nPASS " + PASSWORD + b"\r\nNICK k\r\nUSER " + USER + b" 0 * :Kari\r\n"),
        (SERVER, b":s 001 k :Welcome\r\n"),
    )),
    Conversation("irc", 6667, (
        (CLIENT, b"NICK k\r\nCAP REQ :sasl\r\nAUTHENTICATE PLAIN\r\n"), (SERVER, b"AUTHENTICATE +\r\n"),
        (CLIENT, b"AUTHENTICATE " + base64.b64encode(PLAIN) + b"\r\n"),
    )),
    Conversation("irc", 6667, (
        (CLIENT, b"NICK k\r\nUSER k 0 * :K\r\n"),
        (CLIENT, b"PRIVMSG NickServ :IDENTIFY " + USER + b" " + PASSWORD + b"\r\n"),
    )),
    Conversation("xmpp", 5222, (
        (CLIENT, b"<?xml version='1.0'?><stream:stream to='example.org' xmlns='jabber:client'>"),
        (SERVER, b"<?xml version='1.0'?><stream:stream id='1'><stream:features/>"),
        (CLIENT, b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + base64.b64encode(PLAIN)
         + b"</auth>"),
    )),
    Conversation("xmpp", 5222, (
        (CLIENT, b"<stream:stream to='example.org'>"),
        (CLIENT, b"<iq type='set'><query xmlns='jabber:iq:auth'><username>" + USER + b"</username><password>"
         + PASSWORD + b"</password></query></iq>"),
    )),
    Conversation("nntp", 119, (
        (SERVER, b"200 news\r\n"), (CLIENT, b"AUTHINFO USER " + USER + b"\r\n"), (SERVER, b"381 go\r\n"),
        (CLIENT, b"AUTHINFO PASS " + PASSWORD + b"\r\n"),
    )),
    Conversation("managesieve", 4190, (
        (SERVER, b'"IMPLEMENTATION" "Example"\r\nOK\r\n'),
        (CLIENT, b'AUTHENTICATE "PLAIN" "' + base64.b64encode(PLAIN) + b'"\r\n'),
    )),
    Conversation("asterisk manager", 5038, (
        (SERVER, b"Asterisk Call Manager/5.0\r\n"),
        (CLIENT, b"Action: Login\r\nUsername: " + USER + b"\r\nSecret: " + PASSWORD + b"\r\n\r\n"),
    )),
    Conversation("rsync", 873, (
        (CLIENT, b"@RSYNCD: 31.0\n"), (SERVER, b"@RSYNCD: 31.0\n"), (CLIENT, b"photos\n"),
        (SERVER, b"@RSYNCD: AUTHREQD abc\n"), (CLIENT, USER + b" c2VjcmV0c2VjcmV0\n"), (SERVER, b"@RSYNCD: OK\n"),
    ), readable=False),
    Conversation("rlogin", 513, (
        (CLIENT, b"\0"), (CLIENT, b"phone\0" + USER + b"\0xterm/38400\0"), (SERVER, b"\0Password: "),
        (CLIENT, PASSWORD + b"\r"),
    ), readable=False),
    Conversation("mongodb", 27017, ((CLIENT, op_msg(SASL_START)),)),
    Conversation("cassandra", 9042, (
        (CLIENT, b"\x04\0\0\0\x01\0\0\0\x16\0\x01\0\x0bCQL_VERSION\0\x053.0.0"), (SERVER, b"\x84\0\0\0\x03\0\0\0\4\0\2ab"),
        (CLIENT, b"\x04\0\0\1\x0f" + struct.pack(">II", 4 + len(PLAIN), len(PLAIN)) + PLAIN),
    )),
    Conversation("diameter", 3868, (
        (CLIENT, diameter(257, avp(264, b"phone.example.org"))),
        (CLIENT, diameter(272, avp(1, USER), avp(2, PASSWORD), avp(443, avp(450, b"\0\0\0\1") + avp(444, b"242010123456789")),
                          avp(1401, avp(1402, b"49015420323751", 10415), 10415))),
    ), header=("IMSI", "242010123456789")),
    Conversation("kasa", 9999, (
        (CLIENT, kasa({"smartlife.iot.common.cloud": {"bind": {"username": USER.decode(), "password": PASSWORD.decode()}}})),
    )),
    Conversation("clickhouse", 9000, (
        (CLIENT, b"\0\x0bexample cli\x18\x0c\xd0\xaa\x03\0" + counted(USER, "B") + counted(PASSWORD, "B")),
        (SERVER, b"\0\x07example\x18\x0c\xd0\xaa\x03"),
        (CLIENT, b"\1\0\0\0insert into d(imei) values('490154203237518')"),
    )),
    Conversation("memcached", 11211, (
        (CLIENT, b"\x80\x20" + bytes(22)), (SERVER, b"\x81\x20" + bytes(6) + b"\0\0\0\5" + bytes(12) + b"PLAIN"),
        (CLIENT, b"\x80\x21\0\5" + bytes(4) + struct.pack(">I", 5 + len(PLAIN)) + bytes(12) + b"PLAIN" + PLAIN),
        (SERVER, b"\x81\x21" + bytes(22)),
        (CLIENT, b"\x80\x01\0\3\x08" + bytes(6) + b"\x1a" + bytes(20) + b"imei" + IMEI.encode()),
    )),
    Conversation("bolt", 7687, (
        (CLIENT, b"\x60\x60\xb0\x17\0\0\4\4" + bytes(12)), (SERVER, b"\0\0\4\4"),
        (CLIENT, chunk(b"\xb1\x01\xa3", small(b"scheme"), small(b"basic"), small(b"principal"), small(USER),
                       small(b"credentials"), small(PASSWORD))),
        (SERVER, chunk(b"\xb1\x70\xa0")),
        (CLIENT, chunk(b"\xb3\x10", small(b"MERGE (d {imei: $imei})"), b"\xa1", small(b"imei"), small(IMEI.encode()), b"\xa0")),
    ), header=("imei", IMEI)),
    Conversation("bolt", 7687, (
        (CLIENT, b"\x60\x60\xb0\x17\0\0\1\xff" + bytes(12)), (SERVER, b"\0\0\1\xff\1\0\0\0\5\0"),
        (CLIENT, b"\0\0\0\5\0" + chunk(b"\xb1\x01\xa0")),
        (CLIENT, chunk(b"\xb1\x6a\xa3", small(b"scheme"), small(b"kerberos"), small(b"principal"), small(USER),
                       small(b"credentials"), small(PASSWORD))),
    ), readable=False),
    Conversation("zmtp", 5555, (
        (CLIENT, b"\xff" + bytes(7) + b"\1\x7f"), (SERVER, b"\xff" + bytes(7) + b"\1\x7f\3"),
        (CLIENT, b"\3\1PLAIN" + bytes(47)), (SERVER, b"\1PLAIN" + bytes(47)),
        (CLIENT, b"\4" + counted(b"\5HELLO" + counted(USER, "B") + counted(PASSWORD, "B"), "B")),
        (SERVER, b"\4\x08\7WELCOME"), (CLIENT, b"\0\x1a" + b'{"imei":"490154203237518"}'),
    )),
    Conversation("opc ua", 4840, (
        (CLIENT, b"HELF\x20\0\0\0" + bytes(20) + b"\xff\xff\xff\xff"),
        (CLIENT, opc_ua(3, 467, bytes(40) + b"\1\0\x44\1\1" + counted(USER_TOKEN) + bytes(8))),
        (CLIENT, opc_ua(4, 554, bytes(40) + b"\2\0" + counted(b"Imei"))),
        (SERVER, opc_ua(4, 557, bytes(24) + b"\1\0\0\0" + bytes(4) + b"\1\0\0\0" + NODE + b"\xff\xff\xff\xff" + bytes(4))),
        (CLIENT, opc_ua(5, 673, bytes(40) + NODE + WRITTEN + counted(IMEI.encode()) + bytes(12))),
    ), header=("Imei", IMEI)),
    Conversation("smb", 445, (
        (CLIENT, smb(bytes(40))), (SERVER, smb(bytes(40))), (CLIENT, smb(b"\x19\0" + bytes(22) + ntlm("kari.nordmann", "HOME"))),
    ), readable=False, header=("domain", "HOME")),
    Conversation("zookeeper", 2181, (
        (CLIENT, b"\0\0\0\x2d" + bytes(12) + b"\0\0\x75\x30" + bytes(8) + b"\0\0\0\x10" + bytes(17)),
        (CLIENT, counted(b"\xff\xff\xff\xfc" + struct.pack(">II", 100, 0) + counted(b"digest", ">I")
                         + counted(USER + b":" + PASSWORD, ">I"), ">I")),
    )),
    Conversation("line log-in", 3493, (
        (CLIENT, b"USERNAME " + USER + b"\n"), (SERVER, b"OK\n"), (CLIENT, b"PASSWORD " + PASSWORD + b"\n"),
        (SERVER, b"OK\n"), (CLIENT, b"LIST VAR ups\n"),
    )),
    Conversation("line log-in", 6600, (
        (SERVER, b"OK MPD 0.23.5\n"), (CLIENT, b'password "' + PASSWORD + b'"\n'), (SERVER, b"OK\n"),
    ), account=b""),
    Conversation("line log-in", 10011, (
        (SERVER, b"TS3\n\rWelcome\n\r"), (CLIENT, b"login " + USER + b" " + PASSWORD + b"\n"),
    )),
    Conversation("line log-in", 8021, (
        (SERVER, b"Content-Type: auth/request\n\n"), (CLIENT, b"userauth " + USER + b":" + PASSWORD + b"\n\n"),
    )),
    Conversation("line log-in", 7777, ((CLIENT, b"LOGIN " + USER + b" " + PASSWORD + b"\r\n"), (SERVER, b"OK\r\n"))),
    Conversation("line log-in", 14580, (
        (SERVER, b"# ready\r\n"), (CLIENT, b"user " + USER + b" pass " + PASSWORD + b" vers x 1\r\n"),
    )),
    Conversation("prompts", 4000, (
        (SERVER, b"Welcome\r\nlogin: "), (CLIENT, USER + b"\r\n"), (SERVER, b"Password: "), (CLIENT, PASSWORD + b"\r\n"),
        (SERVER, b"$ "),
    )),
    Conversation("cvs", 2401, (
        (CLIENT, b"BEGIN AUTH REQUEST\n/repo\n" + USER + b"\nA" + PASSWORD + b"\nEND AUTH REQUEST\n"),
        (SERVER, b"I LOVE YOU\n"), (CLIENT, b"Root /repo\n"),
    )),
    Conversation("subversion", 3690, (
        (SERVER, b"( success ( 2 2 ( ) ( edit-pipeline svndiff1 ) ) ) "), (CLIENT, b"( 2 ( edit-pipeline ) 20:svn://example.org/r ) "),
        (SERVER, b"( success ( ( PLAIN ) 7:example ) ) "),
        (CLIENT, b"( PLAIN ( " + b"%d:%s ) ) "
         % (len(base64.b64encode(PLAIN)), base64.b64encode(PLAIN))),
    )),
)  # fmt: skip

RADIUS = (
    b"\x04\x07\0\x64"
    + bytes(16)
    + b"\x01\x0f"
    + USER
    + b"\x1f\x1300-1b-44-11-3a-b7"
    + (
        b"\x1a\x17"
        + struct.pack(">IBB", 10415, 1, 17)
        + b"242010123456789"
        + b"\x1e\x1e"
        + b"00-1B-44-11-3A-B8:Hytte-5G-NO"[:28]
    )
)
RADIUS = RADIUS[:2] + len(RADIUS).to_bytes(2, "big") + RADIUS[4:]
GTP_1 = (
    b"\x32\x10\0\x28\0\0\0\0\0\1\0\0"
    + b"\x02\x42\x02\x01\x21\x43\x65\x87\xf9"
    + (b"\x86\0\7\x91\x74\x09\x21\x43\x65\xf7" + b"\x9a\0\x08\x94\x10\x45\x02\x23\x73\x15\x08")
)
GTP_1 = GTP_1[:2] + (len(GTP_1) - 8).to_bytes(2, "big") + GTP_1[4:]
SNMP = ber(
    0x30, b"\2\1\1", ber(4, PASSWORD), ber(0xA0, b"\2\1\1\2\1\0\2\1\0", ber(0x30, ber(0x30, b"\6\1\x2b\5\0")))
)


def broadlink_setup() -> bytes:
    """Return the datagram by which a device is told to join a network."""
    made = bytearray(0x88)
    made[0x26] = 0x14
    made[68 : 68 + 8] = b"Hytte-5G"
    made[100 : 100 + len(PASSWORD)] = PASSWORD
    made[132], made[133], made[134] = 8, len(PASSWORD), 3
    made[0x20:0x22] = (0xBEAF + sum(made) & 0xFFFF).to_bytes(2, "little")
    return bytes(made)


class Datagram(NamedTuple):
    """One datagram, and a header of its message."""

    protocol: str
    port: int
    data: bytes
    header: tuple[str, str]


DATAGRAMS = (
    Datagram("radius", 1813, RADIUS, ("IMSI", "242010123456789")),
    Datagram("radius", 1813, RADIUS, ("Calling-Station-Id MAC", "00:1b:44:11:3a:b7")),
    Datagram("radius", 1813, RADIUS, ("BSSID", "00:1b:44:11:3a:b8")),
    Datagram("gtp", 2123, GTP_1, ("IMSI", "242010123456789")),
    Datagram("gtp", 2123, GTP_1, ("IMEISV", "4901542032375180")),
    Datagram("gtp", 2123, GTP_1, ("MSISDN", "+47901234567")),
    Datagram("snmp", 161, SNMP, ("Password", "the community was sent readable, not shown")),
    Datagram("tftp", 69, b"\0\x01SEP001B44113AB7.cnf.xml\0octet\0", ("file name MAC", "001b44113ab7")),
    Datagram("stun", 3478, b"\0\x03\0\x20\x21\x12\xa4\x42" + bytes(12) + b"\0\x06\0\x05user1\0\0\0\0\x14\0\x0bexample.org\0"
             b"\x80\x22\0\0", ("User", "user1")),
    Datagram("miio", 54321, b"\x21\x31\0\x20\0\0\0\0\x03\xb2\xf8\x54\0\0\0\1" + bytes(range(1, 17)),
             ("Password", "the device's token was sent readable, not shown")),
    Datagram("tuya", 6666, b"\0\0\x55\xaa" + bytes(7) + b"\x0a" + struct.pack(">I", 27) + b'{"gwId":"0123456"}x'
             + bytes(4) + b"\0\0\xaa\x55", ("", "")),
    Datagram("broadlink", 80, broadlink_setup(), ("SSID", "Hytte-5G")),
    Datagram("statsd", 8125, b"_e{3,7}:SIM|changed|#carrier:a,imei:490154203237518\n", ("imei", IMEI)),
    Datagram("statsd", 8125, b"app.start:1|c|#imei:490154203237518\n", ("imei", IMEI)),
    Datagram("kasa", 9999, kasa({"system": {"get_sysinfo": {"mac": "00:1B:44:11:3A:B7"}}})[4:], ("", "")),
)  # fmt: skip
