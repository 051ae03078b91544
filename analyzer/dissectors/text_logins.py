"""Log-ins in clear text (FTP, SMTP, POP3, IMAP, Telnet) to messages that name the account and no password.

That a password was readable is the news; the password itself, its length and its hash are not kept.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from analyzer.dissectors.byte_queue import ByteQueue
from analyzer.dissectors.clear_message import Headers, MessagePlace, message, place_of, text
from analyzer.dissectors.exchange import Exchange
from analyzer.dissectors.file_names import file_headers
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.mail import RECIPIENT, SENDER, Mail
from analyzer.dissectors.ntlm import ntlm_login
from analyzer.dissectors.unclassified import UnclassifiedBytes
from analyzer.flows.reassembly import Gap, Segment

NOT_SHOWN = "sent readable, not shown"
NOT_READABLE = "sent as a keyed hash, not readable"

# SASL mechanisms (IANA), and two that are in wide use without being there.
MECHANISMS = frozenset(
    ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM", "GSSAPI", "GS2-KRB5", "KERBEROS_V4", "EXTERNAL",
     "ANONYMOUS", "XOAUTH2", "OAUTHBEARER")
)  # fmt: skip

MOST_LINE = 4096
LONGEST_REPLY = 200
# Lines of one side that are read before a flow counts as something else.
MOST_STRANGE = 20

GREETING = re.compile(rb"(?:(220)[ -]|(\+OK)|(\* (?:OK|PREAUTH)\b))")
# RFC 959 §5.3.1, RFC 2228, RFC 2389, RFC 2428, RFC 3659, RFC 7151, and some without one.
FTP_COMMANDS = frozenset(
    b"""
    USER PASS ACCT CWD XCWD CDUP XCUP SMNT REIN QUIT PORT PASV TYPE STRU MODE RETR STOR STOU APPE ALLO REST
    RNFR RNTO ABOR DELE RMD XRMD MKD XMKD PWD XPWD LIST NLST SITE SYST STAT HELP NOOP AUTH ADAT PBSZ PROT CCC
    FEAT OPTS EPRT EPSV LANG MDTM MLSD MLST SIZE HOST CLNT MFMT XCRC CSID
    """.split()
)
SMTP_COMMANDS = frozenset(
    b"HELO EHLO LHLO AUTH MAIL RCPT DATA BDAT STARTTLS NOOP QUIT RSET VRFY EXPN HELP TURN ETRN".split()
)
POP_COMMANDS = frozenset(
    b"USER PASS APOP AUTH CAPA STLS QUIT NOOP STAT LIST RETR DELE RSET TOP UIDL LANG UTF8".split()
)
IMAP_TAGGED = re.compile(
    rb"([A-Za-z0-9.#$_\-]{1,32}) "
    rb"(LOGIN|AUTHENTICATE|CAPABILITY|STARTTLS|NOOP|ID|LOGOUT|SELECT|LIST|ENABLE)\b",
    re.IGNORECASE,
)
IMAP_ATOM = re.compile(rb'"((?:[^"\\]|\\.)*)"|([^\s"{()]+)|\{(\d{1,6})\+?\}')
IMAP_QUOTED = re.compile(rb'"((?:[^"\\]|\\.){0,1024})"|NIL')
MOST_TOLD = 60  # names and values of an ID command (RFC 2971 §3.3)
# A file whose name is an address of an interface, as phones and boxes ask for theirs.
FILE_COMMANDS = re.compile(rb"(?i:RETR|STOR|APPE|SIZE|MDTM) (?P<name>[!-~]{12,255})\Z")
SHORT_PORTS = {21: "ftp", 2121: "ftp", 25: "smtp", 587: "smtp", 110: "pop3", 143: "imap"}


class TextLine(NamedTuple):
    """A line without its end, and where it stood."""

    data: bytes
    place: MessagePlace

    def words(self) -> list[bytes]:
        return self.data.split()

    def rest(self) -> bytes:
        """What follows the first word."""
        return self.data.partition(b" ")[2].strip()


class Login:
    """A log-in under way: what was sent so far, and in which lines."""

    def __init__(self, protocol: str, method: str, line: TextLine) -> None:
        self.method = method
        self.user = ""
        self.password = ""  # a category, never the password
        self.secrets: set[bytes] = set()  # held only until the answer is read, to keep it out of that
        self._protocol = protocol
        self._places = [line.place]

    def goes_on(self, line: TextLine) -> None:
        """A further line belongs to it."""
        self._places.append(line.place)
        del self._places[8:]

    def request(self) -> HttpMessage:
        """The message of it; where the bytes stand is told, not what they are."""
        first, last = self._places[0], self._places[-1]
        frames = tuple(dict.fromkeys(frame for place in self._places for frame in place.frames))
        place = MessagePlace(first.start, last.end, frames, first.time_ns, last.end_ns)
        headers: Headers = [("User", self.user)] if self.user else []
        headers += [("Password", self.password)] if self.password else []
        return message(self._protocol, "request", place, method=self.method, headers=headers)

    def answer(self, line: TextLine, status: int | None) -> HttpMessage:
        """The server's answer to it, of which a repeated password is left out."""
        said = line.data[:LONGEST_REPLY]
        for secret in self.secrets:
            if secret:
                said = said.replace(secret, b"(not shown)")
        return message(self._protocol, "response", line.place, status=status, reason=text(said))


Handled = Iterator[Exchange]


class Dialogue:
    """Lines of client and server; a subclass a protocol says what they mean."""

    protocol = ""

    def __init__(self) -> None:
        self.login: Login | None = None
        self.encrypted = False  # from here on
        self.is_spoken_for = False  # whether the last line of the client belongs to a log-in or a mail

    def long_piece(self, data: bytes, place: MessagePlace) -> None:
        """Take bytes of the client that are too many for a line."""

    def mails(self, at_end: bool = False) -> list[HttpMessage]:  # noqa: ARG002
        """Return the mails that are whole by now, at the end of the flow the last one too."""
        return []

    def asked(self, line: TextLine) -> Iterator[Login]:
        """A line of the client; the log-in that it gives up without answer."""
        raise NotImplementedError

    def answered(self, line: TextLine) -> Iterator[tuple[Login, HttpMessage]]:
        """A line of the server; the log-in that it answers."""
        raise NotImplementedError


def mechanism_name(said: bytes) -> str:
    """The name of a registered mechanism; anything else could be a secret in its place."""
    name = text(said).upper()
    return name if name in MECHANISMS or name.startswith("SCRAM-SHA-") else "(another mechanism)"


def _plain(response: bytes) -> tuple[str, bytes] | None:
    """(user, password) of the PLAIN mechanism (RFC 4616), base64 as sent."""
    parts = _decoded(response).split(b"\0")
    return (text(parts[1] or parts[0]), parts[2]) if len(parts) == 3 else None


def _decoded(response: bytes) -> bytes:
    try:
        return binascii.a2b_base64(response + b"=" * (-len(response) % 4))
    except ValueError:
        return b""


def is_command(line: bytes, commands: frozenset[bytes]) -> bool:
    """Return whether a line in a SASL exchange is a command instead of base64, or gives the exchange up.

    `QUIT` is base64 too, of bytes that are no text (RFC 4954 §4: "*" cancels).
    """
    words = line.split()
    if not words or words[0] == b"*":
        return bool(words)
    if words[0].upper() not in commands:
        return False
    return len(words) > 1 or not _decoded(words[0]).isascii() or not text(_decoded(words[0])).isprintable()


class Mechanism:
    """One SASL exchange (RFC 4422) as SMTP, POP3 and IMAP carry it: base64 lines between prompts."""

    def __init__(self, name: bytes) -> None:
        self.name = name.upper()
        self._step = 0

    def take(self, login: Login, response: bytes) -> None:
        """One line of the client's."""
        response = response.strip()
        if not response or response in (b"*", b"="):
            return
        if self.name == b"PLAIN":
            found = _plain(response)
            if found:
                login.user, login.password = found[0], NOT_SHOWN
                login.secrets |= {found[1], response}
        elif self.name == b"LOGIN":
            self._take_login(login, response)
        elif self.name in (b"XOAUTH2", b"OAUTHBEARER"):
            user = re.search(rb"(?:user=|,a=)([^\x01,]{1,256})", _decoded(response))
            login.user = text(user[1]) if user else login.user
            login.password = "an access token was " + NOT_SHOWN
            login.secrets.add(response)
        else:
            login.password = NOT_READABLE
            if self.name == b"NTLM" and (found_in := ntlm_login(_decoded(response))):
                login.user = found_in.user
            if self.name == b"CRAM-MD5":  # RFC 2195: the user name, a blank, the digest
                login.user = text(_decoded(response).rpartition(b" ")[0])

    def _take_login(self, login: Login, response: bytes) -> None:
        if self._step == 0:
            login.user = text(_decoded(response))
        else:
            login.password = NOT_SHOWN
            login.secrets |= {_decoded(response), response}
        self._step += 1


class Ftp(Dialogue):
    """RFC 959 §4.1.1, RFC 4217."""

    protocol = "ftp"

    def __init__(self) -> None:
        super().__init__()
        self._tls_asked = False
        self._files: list[HttpMessage] = []

    def mails(self, at_end: bool = False) -> list[HttpMessage]:  # noqa: ARG002
        files, self._files = self._files, []
        return files

    def asked(self, line: TextLine) -> Iterator[Login]:
        command = line.data[:4].upper()
        self.is_spoken_for = command in (b"USER", b"PASS", b"ACCT", b"AUTH", b"ADAT")
        if (found := FILE_COMMANDS.match(line.data)) and (headers := file_headers(found["name"], False)):
            self.is_spoken_for = True
            self._files.append(
                message("ftp", "request", line.place, method=command.decode(), headers=headers, one_way=True)
            )
        if command == b"USER":
            if self.login is not None:
                yield self.login
            self.login = Login(self.protocol, "USER", line)
            self.login.user = text(line.rest())
        elif command in (b"PASS", b"ACCT"):
            self.login = self.login or Login(self.protocol, "PASS", line)
            self.login.goes_on(line)
            self.login.method, self.login.password = "PASS", NOT_SHOWN
            self.login.secrets.add(line.rest())
        self._tls_asked = command == b"AUTH"

    def answered(self, line: TextLine) -> Iterator[tuple[Login, HttpMessage]]:
        code = line.data[:3]
        if not code.isdigit() or line.data[3:4] == b"-":
            return
        self.encrypted = self._tls_asked and code == b"234"
        # 331 asks for the password.
        if self.login is not None and code not in (b"331", b"332", b"220", b"120"):
            login, self.login = self.login, None
            yield login, login.answer(line, int(code))


class Pop(Dialogue):
    """RFC 1939 §7, RFC 5034, RFC 2595."""

    protocol = "pop3"

    def __init__(self) -> None:
        super().__init__()
        self._mechanism: Mechanism | None = None
        self._tls_asked = False

    def asked(self, line: TextLine) -> Iterator[Login]:
        self.is_spoken_for = True
        if self._mechanism is not None and self.login is not None:
            if not is_command(line.data, POP_COMMANDS):
                self.login.goes_on(line)
                self._mechanism.take(self.login, line.data)
                return
            self.login = self._mechanism = None
        words = line.words()
        command = words[0].upper() if words else b""
        self.is_spoken_for = command in (b"USER", b"PASS", b"APOP", b"AUTH", b"*")
        self._tls_asked = command == b"STLS"
        if command == b"USER":
            if self.login is not None:
                yield self.login
            self.login = Login(self.protocol, "USER", line)
            self.login.user = text(line.rest())
        elif command == b"PASS":
            self.login = self.login or Login(self.protocol, "PASS", line)
            self.login.goes_on(line)
            self.login.method, self.login.password = "PASS", NOT_SHOWN
            self.login.secrets.add(line.rest())
        elif command == b"APOP" and len(words) == 3:
            self.login = Login(self.protocol, "APOP", line)
            self.login.user, self.login.password = text(words[1]), NOT_READABLE
        elif command == b"AUTH" and len(words) > 1:
            self.login = Login(self.protocol, f"AUTH {mechanism_name(words[1])}", line)
            self._mechanism = Mechanism(words[1])
            if len(words) > 2:
                self._mechanism.take(self.login, words[2])

    def answered(self, line: TextLine) -> Iterator[tuple[Login, HttpMessage]]:
        good, bad = line.data.startswith(b"+OK"), line.data.startswith(b"-ERR")
        self.encrypted = self._tls_asked and good
        # The answer to USER alone lets go on or, with an error, ends it.
        waits = self.login is not None and self.login.method == "USER" and good
        if self.login is not None and (good or bad) and not waits:
            login, self.login, self._mechanism = self.login, None, None
            yield login, login.answer(line, None)


class Smtp(Dialogue):
    """RFC 5321, RFC 4954, RFC 3207. Each mail becomes a message of its own."""

    protocol = "smtp"

    def __init__(self) -> None:
        super().__init__()
        self._mechanism: Mechanism | None = None
        self._tls_asked = self._data_asked = self._in_mail = self._in_chunk = False
        self._mail: Mail | None = None
        self._mails: list[HttpMessage] = []

    def mails(self, at_end: bool = False) -> list[HttpMessage]:
        if at_end:
            self._end_mail()
        whole, self._mails = self._mails, []
        return whole

    def long_piece(self, data: bytes, place: MessagePlace) -> None:
        if self._in_mail or self._in_chunk:
            self._mail = self._mail or Mail(place)
            self._mail.piece(data, place)

    def asked(self, line: TextLine) -> Iterator[Login]:
        self.is_spoken_for = True
        if self._in_mail or self._in_chunk:
            self._take_mail(line)
            return
        if self._mechanism is not None and self.login is not None:
            if not is_command(line.data, SMTP_COMMANDS):
                self.login.goes_on(line)
                self._mechanism.take(self.login, line.data)
                return
            self.login = self._mechanism = None
        words = line.words()
        command = words[0].upper() if words else b""
        self.is_spoken_for = command in (b"AUTH", b"MAIL", b"RCPT", b"*")
        self._take_envelope(command, line)
        self._tls_asked, self._data_asked = command == b"STARTTLS", command == b"DATA"
        self._in_chunk = command == b"BDAT"  # RFC 3030: mail up to the server's answer
        if command == b"AUTH" and len(words) > 1:
            if self.login is not None:
                yield self.login
            self.login = Login(self.protocol, f"AUTH {mechanism_name(words[1])}", line)
            self._mechanism = Mechanism(words[1])
            if len(words) > 2:
                self._mechanism.take(self.login, words[2])

    def _take_envelope(self, command: bytes, line: TextLine) -> None:
        if command in (b"MAIL", b"RSET", b"QUIT", b"EHLO", b"HELO"):
            self._end_mail()
        if command in (b"MAIL", b"RCPT"):
            self._mail = self._mail or Mail(line.place)
            self._mail.envelope(SENDER if command == b"MAIL" else RECIPIENT, line.data, line.place)

    def _take_mail(self, line: TextLine) -> None:
        self._mail = self._mail or Mail(line.place)
        if self._in_mail and line.data == b".":
            self._in_mail = False
            self._end_mail()
        else:
            self._mail.line(line.data, line.place)

    def _end_mail(self) -> None:
        if self._mail is not None:
            self._mails.append(self._mail.message())
            self._mail = None

    def answered(self, line: TextLine) -> Iterator[tuple[Login, HttpMessage]]:
        code = line.data[:3]
        if not code.isdigit() or line.data[3:4] == b"-":
            return
        self.encrypted = self._tls_asked and code == b"220"
        self._in_mail = self._data_asked and code == b"354"
        self._data_asked = self._in_chunk = False
        if self.login is not None and code != b"334":
            login, self.login, self._mechanism = self.login, None, None
            yield login, login.answer(line, int(code))


class Imap(Dialogue):
    """RFC 9051 §6.2."""

    protocol = "imap"

    def __init__(self) -> None:
        super().__init__()
        self._mechanism: Mechanism | None = None
        self._tag = self._tls_tag = b""
        self._wanted = 0  # parts of LOGIN that are still to come
        self._literal = False  # whether the next line begins with one of them
        self._told: list[HttpMessage] = []  # what the client says of itself

    def mails(self, at_end: bool = False) -> list[HttpMessage]:  # noqa: ARG002
        told, self._told = self._told, []
        return told

    def asked(self, line: TextLine) -> Iterator[Login]:
        self.is_spoken_for = True
        if self._mechanism is not None and (line.data.strip() == b"*" or IMAP_TAGGED.match(line.data)):
            self.login = self._mechanism = None  # RFC 9051 §6.2.2: given up
            if line.data.strip() == b"*":
                return
        if self.login is not None and (self._mechanism or self._literal):
            self.login.goes_on(line)
            if self._mechanism:
                self._mechanism.take(self.login, line.data)
            else:
                self._take_parts(self.login, line.data, True)
            return
        found = IMAP_TAGGED.match(line.data)
        self.is_spoken_for = found is not None and found[2].upper() in (b"LOGIN", b"AUTHENTICATE", b"ID")
        if found is None:
            return
        tag, command, rest = found[1], found[2].upper(), line.data[found.end() :].strip()
        if command == b"STARTTLS":
            self._tls_tag = tag
        elif command == b"ID":
            self._told = _told_of_client(rest, line.place)
        elif command in (b"LOGIN", b"AUTHENTICATE"):
            if self.login is not None:
                yield self.login
            self._tag = tag
            self.login = Login(self.protocol, command.decode(), line)
            if command == b"LOGIN":
                self._wanted = 2
                self._take_parts(self.login, rest, False)
            else:
                name, _, first = rest.partition(b" ")
                self.login.method = f"AUTHENTICATE {mechanism_name(name)}"
                self._mechanism = Mechanism(name)
                self._mechanism.take(self.login, first)

    def _take_parts(self, login: Login, data: bytes, is_literal: bool) -> None:
        """User name and password: quoted, bare, or announced by their length and in a line of their own."""
        at = 0
        self._literal = False
        while self._wanted and not self._literal:
            found = None if is_literal else IMAP_ATOM.match(data, at)
            if found is not None and found[3] is not None:
                self._literal = True
                return
            if is_literal:
                # A literal of the user name ends where the next part begins, the password's with the line.
                value, _, tail = data.partition(b" ") if self._wanted == 2 else (data, b"", b"")
                data, at, is_literal = tail, 0, False
            elif found is not None:
                value = found[1] if found[1] is not None else found[2]
                at = found.end()
            else:
                return
            while data[at : at + 1] == b" ":
                at += 1
            if self._wanted == 2:
                login.user = text(value)
            else:
                login.password = NOT_SHOWN
                login.secrets.add(value)
            self._wanted -= 1

    def answered(self, line: TextLine) -> Iterator[tuple[Login, HttpMessage]]:
        tag, _, said = line.data.partition(b" ")
        self.encrypted = bool(self._tls_tag) and tag == self._tls_tag and said[:2].upper() == b"OK"
        if self.login is not None and tag == self._tag:
            login, self.login, self._mechanism, self._literal = self.login, None, None, False
            yield login, login.answer(line, None)


def _told_of_client(said: bytes, place: MessagePlace) -> list[HttpMessage]:
    """The message of an ID command (RFC 2971): a list of names and values in turn."""
    words = [text(found[1] or b"") for found in IMAP_QUOTED.finditer(said)][:MOST_TOLD]
    pairs = [(name, value) for name, value in zip(words[::2], words[1::2], strict=False) if name and value]
    headers = [
        (f"client {name}" if name.lower() in ("user", "password") else name, value) for name, value in pairs
    ]
    return [message("imap", "request", place, method="ID", headers=headers, one_way=True)] if headers else []


DIALOGUES: dict[str, Callable[[], Dialogue]] = {"ftp": Ftp, "smtp": Smtp, "pop3": Pop, "imap": Imap}


def dialogue_of(greeting: bytes, command: bytes) -> str:
    """Which protocol a server's greeting and a client's first command belong to; "" for none."""
    found = GREETING.match(greeting) if greeting else None
    first = command.split(b" ", 1)[0].strip().upper()
    if found is None:
        return ""
    if found[1]:
        if first in (b"HELO", b"EHLO", b"LHLO"):
            return "smtp"
        if first in FTP_COMMANDS - SMTP_COMMANDS:
            return "ftp"
        if first in SMTP_COMMANDS & FTP_COMMANDS or first in SMTP_COMMANDS:
            return "smtp" if b"SMTP" in greeting.upper() else "ftp" if b"FTP" in greeting.upper() else ""
        return ""
    if found[2]:
        return "pop3" if first in POP_COMMANDS else ""
    return "imap" if IMAP_TAGGED.match(command) else ""


def one_sided(command: bytes, port: int) -> str:
    """The protocol of a client's first command where the server's greeting was not captured."""
    named = SHORT_PORTS.get(port, "")
    first = command.split(b" ", 1)[0].strip().upper()
    commands = {"ftp": FTP_COMMANDS, "smtp": SMTP_COMMANDS, "pop3": POP_COMMANDS}.get(named, frozenset())
    if first in commands or (named == "imap" and IMAP_TAGGED.match(command)):
        return named
    return ""


class LoginStream:
    """A TCP flow that opens as one of the dialogues does."""

    def __init__(self, client: int, port: int) -> None:
        self.client = client
        self.name = ""
        self.proven = self.ended = False
        self._port = port
        self._sides = (ByteQueue(), ByteQueue())
        self._dialogue: Dialogue | None = None
        self._greeting = b""
        self._skip = [False, False]  # in the middle of a line too long, or behind a gap
        self._strange = 0
        self._remains = UnclassifiedBytes(
            client
        )  # lines of the client that are neither of a log-in nor of a mail

    def feed(self, side: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Log-ins that this piece answers."""
        data = self._sides[side]
        if isinstance(piece, Gap):
            data.clear()
            self._skip[side] = True
            return
        data.add(piece)
        while not self.ended and (end := data.data.find(b"\n")) >= 0:
            taken = data.take(end + 1)
            if self._skip[side]:
                self._skip[side] = False
                continue
            line = TextLine(taken.data.rstrip(b"\r\n"), place_of(taken))
            yield from self._line(side, line)
        if len(data) > MOST_LINE:
            taken = data.take(len(data))
            if self._dialogue is not None and side == self.client:
                self._dialogue.long_piece(taken.data, place_of(taken))
            self._skip[side] = True
            self.ended = self.ended or not self.proven

    @property
    def sealed(self) -> bool:
        """Whether TLS follows on what was read (STARTTLS)."""
        return self._dialogue is not None and self._dialogue.encrypted

    def close(self) -> Iterator[Exchange]:
        """A log-in that was not answered."""
        if self._dialogue is not None and self._dialogue.login is not None:
            login, self._dialogue.login = self._dialogue.login, None
            yield Exchange(login.request(), None, self.client)
        yield from self._others(True)

    def _others(self, at_end: bool) -> Iterator[Exchange]:
        """Mails, and what else the client has said."""
        for mail in self._dialogue.mails(at_end) if self._dialogue is not None else ():
            yield Exchange(mail, None, self.client)
        if at_end:
            self._remains.flush()
        yield from self._remains.give()

    def _line(self, side: int, line: TextLine) -> Iterator[Exchange]:
        if self._dialogue is None:
            self._recognise(side, line)
        if self._dialogue is None:
            return
        if side == self.client:
            for login in self._dialogue.asked(line):
                yield Exchange(login.request(), None, self.client)
            if not self._dialogue.is_spoken_for:
                self._remains.add(_segment(line))
            yield from self._others(False)
        else:
            for login, answer in self._dialogue.answered(line):
                yield Exchange(login.request(), answer, self.client)
            self.ended = self._dialogue.encrypted

    def _recognise(self, side: int, line: TextLine) -> None:
        if side != self.client:
            self._greeting = self._greeting or line.data
            self._strange += 1
        else:
            found = dialogue_of(self._greeting, line.data)
            found = found or ("" if self._greeting else one_sided(line.data, self._port))
            if found:
                self._dialogue, self.name, self.proven = DIALOGUES[found](), found, True
            self._strange += 5
        self.ended = self._dialogue is None and self._strange > MOST_STRANGE


def _segment(line: TextLine) -> Segment:
    """Return the line as it stood in the stream."""
    place = line.place
    end = b"\r\n" if place.end - place.start - len(line.data) > 1 else b"\n"
    return Segment(place.start, line.data + end, place.frames[0], place.time_ns)


# ── Telnet ──────────────────────────────────────────────────────────────────

IAC, SE, SB, WILL, DONT = 255, 240, 250, 251, 254
LOGIN_PROMPT = re.compile(rb"(?:login|user(?: ?name)?|account) ?(?:as)?: *\Z", re.IGNORECASE)
PASSWORD_PROMPT = re.compile(rb"pass(?:word|code|phrase)?[^\r\n:]{0,40}: *\Z", re.IGNORECASE)
LAST_SAID = 256  # bytes of the server's that are looked at for a prompt
MOST_TYPED = 256


def opens_telnet(data: bytes) -> bool:
    """Whether bytes begin with the negotiation of a Telnet option (RFC 854, RFC 855)."""
    return len(data) >= 3 and data[0] == IAC and WILL <= data[1] <= DONT and data[2] <= 49


class TelnetStream:
    """A Telnet session up to its log-in: what is typed at the prompts."""

    name = "telnet"

    def __init__(self, client: int) -> None:
        self.client = client
        self.proven = True
        self.ended = False
        self._said = b""  # the end of what the server wrote
        self._typed = bytearray()
        self._places: list[MessagePlace] = []
        self._login: Login | None = None
        self._asks = ""  # "user", "password" while such a prompt stands
        self._pending = [b"", b""]
        self._remains = UnclassifiedBytes(client)  # what is typed elsewhere than at these prompts
        self._is_heard = False

    def feed(self, side: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """The log-in, once the server goes on after the password."""
        if isinstance(piece, Gap):
            self._pending[side] = b""
            return
        data, self._pending[side] = without_commands(self._pending[side] + piece.data)
        place = MessagePlace(
            piece.offset, piece.offset + len(piece.data), (piece.frame,), piece.time_ns, piece.time_ns
        )
        if side != self.client:
            yield from self._server(data, place)
        elif self._asks:
            self._type(data, place)
        elif data and self._is_heard:  # else a prompt may have been missed
            self._remains.add(piece)
            yield from self._remains.give()

    def close(self) -> Iterator[Exchange]:
        """A log-in without an answer."""
        if self._login is not None and self._login.password:
            yield Exchange(self._login.request(), None, self.client)
        self._login = None
        self._remains.flush()
        yield from self._remains.give()

    def _server(self, data: bytes, place: MessagePlace) -> Iterator[Exchange]:
        said = data.strip(b"\r\n\0 ")
        self._is_heard = self._is_heard or bool(said)
        if self._login is not None and self._login.password and said:
            login, self._login = self._login, None
            yield Exchange(login.request(), login.answer(TextLine(b"", place), None), self.client)
        self._said = (self._said + data)[-LAST_SAID:]
        for asks, prompt in (("user", LOGIN_PROMPT), ("password", PASSWORD_PROMPT)):
            if prompt.search(self._said[-64:]):
                self._asks = asks
                self._typed.clear()
                self._said = b""

    def _type(self, data: bytes, place: MessagePlace) -> None:
        self._places.append(place)
        del self._places[MOST_TYPED:]
        self._typed += data[:MOST_TYPED]
        line, end, _ = bytes(self._typed).replace(b"\n", b"\r").partition(b"\r")
        if not end:
            del self._typed[MOST_TYPED:]
            return
        first, last = self._places[0], self._places[-1]
        frames = tuple(dict.fromkeys(frame for p in self._places for frame in p.frames))
        whole = TextLine(line, MessagePlace(first.start, last.end, frames, first.time_ns, last.end_ns))
        self._places.clear()
        self._typed.clear()
        if self._asks == "user":
            self._login = Login("telnet", "login", whole)
            self._login.user = text(erased(line).strip())
        elif line:
            self._login = self._login or Login("telnet", "login", whole)
            self._login.goes_on(whole)
            self._login.password = NOT_SHOWN
        self._asks = ""


def erased(typed: bytes) -> bytes:
    """A typed line with its corrections made: backspace and delete take the last character away."""
    kept = bytearray()
    for byte in typed:
        if byte in (8, 127):
            del kept[-1:]
        else:
            kept.append(byte)
    return bytes(kept)


def without_commands(data: bytes) -> tuple[bytes, bytes]:
    """(text, the beginning of a command that is cut) of Telnet bytes (RFC 854)."""
    kept = bytearray()
    at = 0
    while (found := data.find(IAC, at)) >= 0:
        kept += data[at:found]
        following = data[found + 1 : found + 2]
        if not following:
            return bytes(kept), data[found:]
        if following[0] == IAC:
            kept.append(IAC)
            at = found + 2
        elif following[0] == SB:
            end = data.find(bytes((IAC, SE)), found)
            if end < 0:
                return bytes(kept), data[found:] if len(data) - found < MOST_LINE else b""
            at = end + 2
        elif WILL <= following[0] <= DONT:
            if found + 3 > len(data):
                return bytes(kept), data[found:]
            at = found + 3
        else:
            at = found + 2
    return bytes(kept + data[at:]), b""
