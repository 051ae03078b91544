"""First bytes by which protocols are recognised, one row a protocol: what is read of each and what is not.

`begins` is a pattern for the first bytes of whoever is named by `side`. Well-known ports are a weak support: they
count only in rows with `on_port_only`, and never alone.
"""

from __future__ import annotations

import struct
from typing import NamedTuple


class Signature(NamedTuple):
    """One protocol: how it begins, where its class is, and what its messages give."""

    name: str  # the kind of the flow and the protocol of its messages
    title: str
    begins: bytes  # a pattern of `re`, in which a dot is any byte
    unit: str  # "module:Class" of `dissectors`
    reads: str
    unread: str
    source: str
    examples: tuple[bytes, ...]
    counterexamples: tuple[bytes, ...]
    side: str = "client"  # client, server, either
    ports: tuple[int, ...] = ()
    on_port_only: bool = False
    first: bytes = b"."  # of datagrams: a pattern for the first byte


_HTTP = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"
_TLS = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(32))
_NOISE = bytes((7 * n * n + 91 * n + 13) % 251 for n in range(64))
_NOT = (_HTTP, _TLS, _NOISE)

_LDAP_BIND = b"\x30\x1b\x02\x01\x01\x60\x16\x02\x01\x03\x04\x08cn=user1\x80\x07secret1"
_MYSQL_GREETING = (
    b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15"
    + bytes(10)
    + b"ijklmnopqrst\0"
)
_MYSQL_RESPONSE = b"\x3c\0\0\x01\x85\xa2\x0a\0\0\0\0\x01\x21" + bytes(23) + b"user1\0\0"
_POSTGRES = struct.pack(">II", 21, 0x30000) + b"user\0user1\0\0"
_KAFKA = struct.pack(">IHHIH", 17, 18, 0, 1, 7) + b"client1"
_SMPP = struct.pack(">IIII", 33, 2, 0, 1) + b"user1\0secret1\0\0\x34\0\0\0"
_DIAMETER = (
    b"\x01\x00\x00\x28\x80\x00\x01\x01\0\0\0\0" + bytes(8) + b"\0\0\x01\x08\x40\0\0\x12h.example.o\0\0"[:20]
)
_TDS = b"\x10\x01\x00\xc8\0\0\x01\0\xc0\0\0\0\x04\0\0\x74"
_RTMP = b"\x03" + bytes(8) + _NOISE
_MONGO = struct.pack("<IIII", 38, 1, 0, 2013) + bytes(5) + b"\x11\0\0\0\x10ping\0\x01\0\0\0\0"
_CASSANDRA = b"\x04\0\0\0\x01\0\0\0\x16\0\x01\0\x0bCQL_VERSION\0\x053.0.0"
_KASA = b"\0\0\0\x1d\xd0\xf2\x81\xf8\x8b\xff\x9a\xf7\xd5\xef\x94\xb6"
_RADIUS = b"\x01\x01\0\x1b" + bytes(16) + b"\x01\x07user1"
_SNMP = (
    b"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x0e\x30\x0c\x06\x08"
    + (b"\x2b\x06\x01\x02\x01\x01\x01\0\x05\0")
)
_GTP = b"\x32\x10\0\x10\0\0\0\0\0\1\0\0\x02\x42\x02\x00\x00\x00\x00\x00\xf0\x0e\x01\x0f\x01"[:24]
_STUN = b"\0\x03\0\x1c\x21\x12\xa4\x42" + bytes(12) + b"\0\x06\0\x05user1\0\0\0\0\x14\0\x0bexample.org\0"
_TUYA = b"\0\0\x55\xaa\0\0\0\0\0\0\0\x0a\0\0\0\x0a{}" + bytes(4) + b"\0\0\xaa\x55"

_CLICKHOUSE = b"\0\x0bexample cli\x18\x0c\xd0\xaa\x03\0\x05user1\x07secret1"
_MEMCACHED = b"\x80\x21\0\5" + bytes(4) + b"\0\0\0\x13" + bytes(12) + b"PLAIN\0user1\0secret1"
_BOLT = b"\x60\x60\xb0\x17\0\0\4\4" + bytes(12)
_ZMTP = b"\xff" + bytes(7) + b"\1\x7f\3\1PLAIN" + bytes(46)
_OPC_UA = b"HELF\x20\0\0\0" + bytes(20) + b"\xff\xff\xff\xff"
_SMB = b"\0\0\0\x44\xfeSMB\x40" + bytes(63)
_ZOOKEEPER = b"\0\0\0\x2d" + bytes(12) + b"\0\0\x75\x30" + bytes(8) + b"\0\0\0\x10" + bytes(17)

_SUPL = bytes.fromhex("001002000080004c000404850d961fe4")

TCP_SIGNATURES = (
    Signature(
        "ldap", "LDAP", rb"\x30(?:[\x0c-\x7f]|\x81.|\x82..|\x83...|\x84....)\x02(?:\x01.|\x02..|\x03...|\x04....)[\x60\x63\x77]",
        "ldap:Ldap", "names that bind, how the password was sent; the text of other requests",
        "results in detail; anything after StartTLS", "RFC 4511",
        (_LDAP_BIND,), (*_NOT, _LDAP_BIND[:5] + b"\x04" + _LDAP_BIND[6:]), ports=(389, 3268),
    ),
    Signature(
        "mysql", "MySQL, MariaDB", rb"[\x20-\xff]\0\0\0\x0a[\d.]{3,12}[ -~]{0,80}\0", "database_servers:MySql",
        "user, database, attributes of the client, statements", "rows of results, compressed packets",
        "MySQL client/server protocol", (_MYSQL_GREETING,), _NOT, side="server", ports=(3306,),
    ),
    Signature(
        "mysql", "MySQL, MariaDB (the server was not captured)",
        rb"..\0\x01.[\x02\x82-\xff].{2}.{4}.\0{19}.{4}[!-~]{1,80}\0", "database_servers:MySql",
        "as above", "as above", "MySQL client/server protocol", (_MYSQL_RESPONSE,), _NOT, ports=(3306,),
    ),
    Signature(
        "postgresql", "PostgreSQL",
        rb"\0\0..\0\x03\0[\0-\x02][a-z_]{2,40}\0|\0\0\0\x08\x04\xd2\x16[\x2f\x30]", "database_servers:PostgreSql",
        "user, database, settings, how the password was sent, statements, their values by column",
        "rows of results in binary form", "PostgreSQL message formats",
        (_POSTGRES, b"\0\0\0\x08\x04\xd2\x16\x2f"), _NOT, ports=(5432,),
    ),
    Signature(
        "redis", "Redis, Valkey", rb"\*[1-9]\d{0,5}\r\n\$\d{1,9}\r\n", "text_commands:Redis",
        "AUTH, HELLO, ACL; keys and values of commands", "modules' own encodings", "Redis serialization protocol",
        (b"*2\r\n$4\r\nAUTH\r\n$7\r\nsecret1\r\n",), (*_NOT, b"*1\r\nPING\r\n"), ports=(6379,),
    ),
    Signature(
        "redis", "Redis, commands in a line", rb"(?i:AUTH |HELLO \d|PING\r?\n)[^\r\n]*\r?\n?", "text_commands:Redis",
        "as above", "as above", "Redis serialization protocol", (b"AUTH secret1\r\n",), _NOT, ports=(6379,),
        on_port_only=True,
    ),
    Signature(
        "nats", "NATS", rb'INFO \{"', "text_commands:Nats", "CONNECT, payloads that are published",
        "signatures of keys", "NATS client protocol", (b'INFO {"server_id":"a"}\r\n',), _NOT, side="server",
        ports=(4222,),
    ),
    Signature(
        "nats", "NATS (the server was not captured)", rb'CONNECT \{"', "text_commands:Nats", "as above", "as above",
        "NATS client protocol", (b'CONNECT {"user":"user1"}\r\n',), (*_NOT, b"CONNECT a:443 HTTP/1.1\r\n"), ports=(4222,),
    ),
    Signature(
        "stomp", "STOMP", rb"[\r\n]*(?:CONNECT|STOMP)\r?\n(?:[a-z-]{2,40}:[^\r\n]*\r?\n)+", "text_commands:Stomp",
        "CONNECT with login, headers and bodies of SEND", "transactions", "STOMP 1.2",
        (b"CONNECT\nlogin:user1\npasscode:secret1\n\n\0",), (*_NOT, b"CONNECT a:443 HTTP/1.1\r\n\r\n"),
        ports=(61613,),
    ),
    Signature(
        "amqp", "AMQP 0-9-1, 1.0", rb"AMQP[\0\x02\x03][\0\x01][\0\x09][\0\x01]", "brokers:Amqp",
        "Start-Ok, sasl-init, properties of the client, bodies", "typed values of version 1.0",
        "AMQP 0-9-1 specification; OASIS AMQP 1.0", (b"AMQP\0\0\x09\x01", b"AMQP\x03\x01\0\0"), _NOT, ports=(5672,),
    ),
    Signature(
        "kafka", "Kafka", rb"\0[\0-\x0f]..\0[\0-\x64]\0[\0-\x19]....\0[\x01-\x7f][ -~]", "brokers:Kafka",
        "names of clients, SASL PLAIN, records that are not compressed", "batches under snappy, lz4 or zstd",
        "Kafka protocol guide", (_KAFKA,), (*_NOT, _KAFKA[:13] + b"\x7f" + _KAFKA[14:]), ports=(9092,),
    ),
    Signature(
        "smpp", "SMPP", rb"\0[\0\x01]..\0\0\0[\x01\x02\x09]\0\0\0\0....[!-~]{0,15}\0[ -~]{0,8}\0[ -~]{0,12}\0[\0-\x60]",
        "brokers:Smpp", "binds, numbers and text of short messages", "packed 7-bit text", "SMPP 3.4, 5.0",
        (_SMPP,), _NOT, ports=(2775,),
    ),
    Signature(
        "diameter", "Diameter", rb"\x01[\0-\x02]..[\0\x20\x40\x60\x80\xa0\xc0\xd0\xe0]\0[\0-\x01].\0..." rb".{8}\0..[\0-\xff][\0\x40\x80\xc0]\0",
        "subscribers:Diameter", "user names, subscriptions, terminals, EAP identities", "charging in detail; SCTP",
        "RFC 6733, RFC 8506, 3GPP TS 29.272", (_DIAMETER,), _NOT, side="either", ports=(3868,),
    ),
    Signature(
        "tds", "TDS (Microsoft SQL Server)",
        rb"\x10[\0\x01]..\0\0[\0-\x05]\0.{4}[\0-\x09]\0\0[\x70-\x74]|\x12\x01\0.\0\0[\0\x01]\0\0\0[\x10-\x40]\0[\x04-\x06]",
        "database_servers:Tds", "user, host name, application, database, the client's MAC; statements",
        "rows of results; sessions under TLS", "MS-TDS", (_TDS,), _NOT, ports=(1433,),
    ),
    Signature(
        "rtmp", "RTMP", rb"\x03.{4}\0{4}.", "appliances:Rtmp", "connect, publish and other first commands",
        "pictures and sound", "Adobe RTMP 1.0", (_RTMP,), _NOT, ports=(1935,),
    ),
    Signature(
        "rsync", "rsync daemon", rb"@RSYNCD: \d", "chat:Rsync", "user, modules and paths",
        "files; the answer to the challenge", "rsync, clientserver.c", (b"@RSYNCD: 31.0\n",), _NOT, side="either",
        ports=(873,),
    ),
    Signature(
        "rlogin", "rlogin", rb"\0[!-~]{1,32}\0[!-~]{1,32}\0[\w.+-]{1,32}/\d{2,6}\0", "chat:Rlogin",
        "names of the user on both sides", "what is typed: a password may be among it", "RFC 1282",
        (b"\0user1\0user2\0xterm/38400\0",), _NOT, ports=(513,),
    ),
    Signature(
        "irc", "IRC", rb"(?i:CAP (?:LS|REQ|END)|PASS [^\r\n]+\r?\n|NICK [^\s:]{1,64}\r?\n|USER (?:\S+ ){3}:)",
        "chat:Irc", "PASS, USER, OPER, SASL, log-ins at services, what is said", "DCC", "RFC 2812, IRCv3",
        (b"NICK user1\r\nUSER user1 0 * :User\r\n", b"CAP LS 302\r\n", b"PASS secret1\r\nNICK user1\r\n"),
        (*_NOT, b"USER user1\r\n", b"PASS secret1\r\n"), ports=(6667,),
    ),
    Signature(
        "xmpp", "XMPP", rb"(?:<\?xml[^>]{0,80}\?>\s*)?<stream:stream[\s]", "chat:Xmpp",
        "SASL and XEP-0078 log-ins, stanzas", "anything after STARTTLS", "RFC 6120, XEP-0078",
        (b"<?xml version='1.0'?><stream:stream to='example.org'>",), (*_NOT, b"<?xml version='1.0'?><a/>"),
        side="either", ports=(5222,),
    ),
    Signature(
        "nntp", "NNTP", rb"(?i:AUTHINFO (?:USER|PASS|SASL) |MODE READER\r\n)", "chat:Nntp", "AUTHINFO, articles",
        "yEnc", "RFC 3977, RFC 4643", (b"AUTHINFO USER user1\r\n",), _NOT, ports=(119,),
    ),
    Signature(
        "managesieve", "ManageSieve", rb'"IMPLEMENTATION" "', "chat:Sieve", "AUTHENTICATE, scripts",
        "anything after STARTTLS", "RFC 5804", (b'"IMPLEMENTATION" "Example"\r\n',), _NOT, side="server", ports=(4190,),
    ),
    Signature(
        "asterisk manager", "Asterisk Manager Interface", rb"Asterisk Call Manager/", "chat:Manager",
        "Login, events and their numbers", "", "Asterisk documentation, AMI", (b"Asterisk Call Manager/5.0\r\n",),
        _NOT, side="server", ports=(5038,),
    ),
    Signature(
        "mongodb", "MongoDB", rb".{3}\0.{8}(?:\xdd\x07|\xd4\x07)\0\0", "database_servers:Mongo",
        "documents of commands, SASL log-ins", "compressed messages", "MongoDB wire protocol",
        (_MONGO,), _NOT, ports=(27017,),
    ),
    Signature(
        "cassandra", "Cassandra", rb"[\x03-\x05][\0-\x1f]..\x01\0\0\0.\0.\0.[A-Z_]{6}|[\x03-\x05]\0..\x05\0\0\0\0\Z",
        "database_servers:Cassandra", "PLAIN log-ins, statements", "compressed frames", "Cassandra native protocol",
        (_CASSANDRA,), _NOT, ports=(9042,),
    ),
    Signature(
        "zabbix", "Zabbix", rb"ZBXD[\x01\x03\x05\x07]", "appliances:Zabbix", "documents of agents and senders", "",
        "Zabbix protocol header", (b"ZBXD\x01\x02\0\0\0\0\0\0\0{}",), _NOT, side="either", ports=(10050, 10051),
    ),
    Signature(
        "slimproto", "SlimProto", rb"HELO\0\0\0[\x0a-\xff]", "appliances:SlimProto", "the player's address and number",
        "sound", "SlimProto TCP protocol", (b"HELO\0\0\0\x24\x0c\0\0\x00\x5e\x00\x53\x01",), (*_NOT, b"HELO example.org\r\n"),
        ports=(3483,),
    ),
    Signature(
        "kasa", "TP-Link Kasa", rb"\0[\0-\x0f]..\xd0(?:\xf2|\xad)", "appliances:Kasa",
        "documents; passwords of networks and accounts are named, not kept", "", "XOR with an autokey of 171",
        (_KASA,), _NOT, side="either", ports=(9999,),
    ),
    Signature(
        "tuya", "Tuya", rb"\0\0\x55\xaa.{4}\0\0\0.\0\0", "appliances:Tuya", "documents in clear text",
        "payloads under a key of the device", "tinytuya", (_TUYA,), _NOT, side="either", ports=(6668,),
    ),
    Signature(
        "supl", "SUPL without TLS", rb"\0.[\x01-\x03][\0-\x09][\0-\x09]", "supl:Supl",
        "IMSI or MSISDN of the terminal", "cells and positions", "OMA-TS-ULP 2.0", (_SUPL,), _NOT, ports=(7275, 7276),
    ),
    Signature(
        "clickhouse", "ClickHouse", rb"\0[\x01-\x7f][A-Za-z][\w .()/@:+-]{0,126}.{3}", "binary_logins:ClickHouse",
        "user, database, name of the client; statements", "compressed blocks", "ClickHouse native protocol",
        (_CLICKHOUSE,), (*_NOT, _CLICKHOUSE[:-1]), ports=(9000,),
    ),
    Signature(
        "memcached", "memcached, Couchbase: the binary protocol", rb"\x80...[\0\x04\x08\x14]\0..\0[\0-\x0f].{14}",
        "binary_logins:Memcached", "SASL log-ins, keys and values", "compressed values",
        "memcached binary protocol", (_MEMCACHED,), (*_NOT, b"\x80\x21\0\x14" + _MEMCACHED[4:]), ports=(11211,),
    ),
    Signature(
        "bolt", "Bolt: Neo4j, Memgraph", rb"\x60\x60\xb0\x17.{16}", "binary_logins:Bolt",
        "principal, whether the credentials were readable, statements and their parameters", "rows of results in detail",
        "Bolt protocol, PackStream", (_BOLT,), _NOT, ports=(7687,),
    ),
    Signature(
        "zmtp", "ZMTP: ZeroMQ", rb"\xff\0{7}.\x7f", "binary_logins:Zmtp", "PLAIN log-ins, parts of messages",
        "anything under CURVE", "RFC 23/ZMTP, RFC 24/ZMTP-PLAIN", (_ZMTP, _ZMTP[:10]), _NOT, side="either",
    ),
    Signature(
        "opc ua", "OPC UA", rb"(?:HEL|RHE|OPN)F...\0.{4}", "binary_logins:OpcUa",
        "who activates a session, texts that are written with the names of their nodes",
        "anything that is signed and encrypted", "OPC 10000-6", (_OPC_UA,), (*_NOT, b"HELO example.org\r\n"),
        ports=(4840,),
    ),
    Signature(
        "smb", "SMB", rb"\0...[\xfe\xff]SMB", "binary_logins:Smb", "account, domain and computer of NTLM log-ins; names of files",
        "sessions that are encrypted", "MS-SMB2, MS-NLMP", (_SMB,), _NOT, ports=(445, 139),
    ),
    Signature(
        "zookeeper", "ZooKeeper", rb"\0\0\0[\x2c\x2d]\0{4}.{8}\0...[\0-\xff]{8}\0\0\0\x10", "binary_logins:ZooKeeper",
        "digest log-ins, paths and data", "SASL with Kerberos", "zookeeper.jute", (_ZOOKEEPER,), _NOT, ports=(2181,),
    ),
    Signature(
        "line log-in", "log-ins in lines: USER or LOGIN, then PASS",
        rb"(?i:USER|USERNAME|LOGIN)[ \t]+[!-~]{1,64}\r?\n|(?i:LOGIN)[ \t]+[!-~]{1,64}[ \t]+[!-~]{1,64}\r?\n"
        rb"|(?i:USER|LOGIN)[ \t]+[!-~]{1,64}[ \t]+(?i:PASS|PASSWORD)[ \t]", "line_logins:LineLogin",
        "user, that a password was readable, other lines", "", "USER and PASS as RFC 959 has them; Network UPS Tools",
        (b"USERNAME user1\n", b"LOGIN user1\r\n", b"LOGIN user1 secret1\n", b"user user1 pass secret1 vers a\n"), (*_NOT, b"USER user1 0 * :User\r\n", b"LOGIN,user1\r\n"),
        ports=(3493,),
    ),
    Signature(
        "line log-in", "log-ins in lines, by their greeting: MPD, TeamSpeak, FreeSWITCH",
        rb"OK MPD \d|TS3[\r\n]|Content-Type: auth/request\r?\n", "line_logins:LineLogin", "as above", "",
        "MPD protocol, ServerQuery, mod_event_socket",
        (b"OK MPD 0.23.5\n", b"TS3\n\r", b"Content-Type: auth/request\n\n"), (*_NOT, b"OK\r\n"), side="server",
        ports=(6600, 10011, 8021),
    ),
    Signature(
        "prompts", "prompts for a user and a password, without Telnet",
        rb"[\x07-\x0d\x1b -~]{0,240}?(?i:login|user ?name)(?: as)?: ?\Z", "line_logins:Prompts", "user, that a password was typed",
        "", "RFC 854 without its commands", (b"login: ", b"Welcome\r\nUsername:"), (*_NOT, b"login: kari\r\n"), side="server",
    ),
    Signature(
        "cvs", "CVS, pserver", rb"BEGIN (?:AUTH|VERIFICATION|GSSAPI) REQUEST\n", "line_logins:Cvs",
        "user, repository, names of files", "", "CVS client/server protocol", (b"BEGIN AUTH REQUEST\n/repo\n",), _NOT,
        ports=(2401,),
    ),
    Signature(
        "subversion", "Subversion, svnserve", rb"\( success \( [12] \d ", "line_logins:Subversion",
        "PLAIN and CRAM-MD5 log-ins, paths", "anything under Cyrus SASL's encryption", "ra_svn protocol",
        (b"( success ( 2 2 ( ) ( edit-pipeline ) ) ) ",), _NOT, side="server", ports=(3690,),
    ),
)  # fmt: skip

UDP_SIGNATURES = (
    Signature(
        "radius", "RADIUS", rb"[\x01-\x05\x0b\x0c\x28\x2b].\0*[\0-\x0f].{17}[\x01-\xff][\x02-\xff]|[\x01-\x05\x0b\x0c\x28\x2b].[\0-\x0f].{17}",
        "subscribers:radius", "user, stations, access points, 3GPP identities, EAP identities",
        "passwords, which are under a key; EAP methods with TLS", "RFC 2865, 2866, 3579, 3GPP TS 29.061",
        (_RADIUS,), (_HTTP, b"\x01\x01\0"), ports=(1812, 1813, 1645, 1646, 3799), on_port_only=True,
        first=rb"[\x01-\x05\x0b\x0c\x28\x2b]",
    ),
    Signature(
        "snmp", "SNMP", rb"\x30(?:[\x14-\x7f]|\x81.|\x82..)\x02\x01[\0\x01\x03]", "datagram_services:snmp",
        "that a community was readable, names of users, text of values, addresses of interfaces",
        "numbers of MIBs", "RFC 1157, 3416, 3414",
        (_SNMP,), _NOT, first=rb"\x30", ports=(161, 162),
    ),
    Signature(
        "tftp", "TFTP", rb"\0[\x01\x02][!-~]{1,255}\0(?i:octet|netascii|mail)\0", "datagram_services:tftp",
        "names of files, a MAC address in them", "files", "RFC 1350", (b"\0\x01a.cfg\0octet\0",), _NOT,
        first=rb"\0", ports=(69,),
    ),
    Signature(
        "gtp", "GTP-C", rb"[\x30-\x3f\x40-\x5f][\x01-\xff]..", "subscribers:gtp", "IMSI, MSISDN, IMEI, access point name",
        "quality of service; user packets", "3GPP TS 29.060, TS 29.274", (_GTP,), (_TLS, b"\x91\0\0\0"),
        ports=(2123, 3386), on_port_only=True, first=rb"[\x30-\x5f]",
    ),
    Signature(
        "stun", "STUN, TURN", rb"[\0-\x3f].{3}\x21\x12\xa4\x42.{12}", "datagram_services:stun",
        "the name of a user of a relay; text in attributes of a maker's own",
        "names that are made for one call", "RFC 8489, RFC 8656", (_STUN,), _NOT, first=rb"[\0-\x3f]",
        ports=(3478,),
    ),
    Signature(
        "miio", "miIO", rb"\x21\x31.{30}", "appliances:miio", "the device's number, that its token is readable",
        "commands, which are under that token", "mihome binary protocol",
        (b"\x21\x31\0\x20" + b"\xff" * 28,), _NOT, first=rb"\x21", ports=(54321,),
    ),
    Signature(
        "tuya", "Tuya broadcast", rb"\0\0\x55\xaa.{8}\0\0.{2}", "appliances:tuya",
        "documents in clear text, or under the key that is published", "payloads under a key of the device", "tinytuya",
        (_TUYA,), _NOT, first=rb"\0", ports=(6666, 6667),
    ),
    Signature(
        "kasa", "TP-Link Kasa", rb"\xd0(?:\xf2|\xad)", "appliances:kasa", "documents", "", "XOR with an autokey of 171",
        (_KASA[4:],), _NOT, first=rb"\xd0", ports=(9999,),
    ),
    Signature(
        "broadlink", "Broadlink set-up", rb"\0{32}..\0{4}\x14\0", "appliances:broadlink",
        "name of the network; that its password was readable", "other packets, which are under a key",
        "python-broadlink, protocol.md", (bytes(32) + b"\x01\x02\0\0\0\0\x14" + bytes(97),), _NOT, first=rb"\0",
        ports=(80,),
    ),
    Signature(
        "statsd", "statsd", rb"[^\s:|@#]{1,255}:[^|\n]{0,255}\|(?:c|g|ms|h|s|d|m)(?:\||\n|\Z)|_e\{\d{1,4},\d{1,5}\}:|_sc\|[^|\n]{1,200}\|[0-3](?:\||\n|\Z)", "datagram_services:statsd",
        "names, values and tags of metrics, events and service checks", "", "statsd metric types, DogStatsD",
        (b"app.users:1|c|#city:a", b"_e{3,5}:SIM|a new|#city:a", b"_sc|app|0|#city:a"), _NOT,
        first=rb"[A-Za-z_]", ports=(8125,),
    ),
)  # fmt: skip
