"""Log-ins by real clients: the account is named, the password is nowhere."""

from __future__ import annotations

import base64
import ftplib
import imaplib
import poplib
import smtplib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.dissectors import mail
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dissectors.text_logins import (
    NOT_SHOWN,
    LoginStream,
    TelnetStream,
    dialogue_of,
    erased,
    without_commands,
)
from analyzer.flows.reassembly import Segment
from analyzer.identifiers.credentials import credentials_in
from analyzer.model import Message
from analyzer.report.json import write
from tests import builders
from tests.dissectors.clear import Seen, of_corpus, read, read_frames
from tests.dissectors.relays import Said, dialogue, served
from tests.pipeline.captures import report_of

USER, PASSWORD = "kari.nordmann", "Hemmelig9Secret"


def said_to(
    greeting: bytes, replies: dict[bytes, bytes], end: bytes, log_in: Callable[[int], None]
) -> list[Said]:
    """What a client and a server on loopback said to each other."""
    with served(dialogue(greeting, replies, end)) as relay:
        log_in(relay.port)
    return relay.said


def by_ftp() -> list[Said]:
    def log_in(port: int) -> None:
        with ftplib.FTP() as ftp:
            ftp.connect("127.0.0.1", port, 5)
            ftp.login(USER, PASSWORD)
            ftp.quit()

    replies = {
        b"USER": b"331 Please\r\n",
        b"PASS": b"230 Welcome\r\n",
        b"QUIT": b"221 Bye\r\n",
        b"": b"200 ok\r\n",
    }
    return said_to(b"220-Welcome\r\n220 ready\r\n", replies, b"QUIT", log_in)


def by_smtp(mechanism: str) -> list[Said]:
    def log_in(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as smtp:
            smtp.ehlo()
            smtp.user, smtp.password = USER, PASSWORD
            smtp.auth(mechanism, getattr(smtp, "auth_" + mechanism.lower().replace("-", "_")))

    first = {
        "PLAIN": b"235 ok\r\n",
        "LOGIN": b"334 UGFzc3dvcmQ6\r\n",
        "CRAM-MD5": b"334 PDEuMkBleGFtcGxlLm9yZz4=\r\n",
    }
    replies = {
        b"EHLO": b"250-localhost\r\n250 AUTH PLAIN LOGIN CRAM-MD5\r\n",
        b"AUTH": first[mechanism],
        b"QUIT": b"221 bye\r\n",
        b"": b"235 ok\r\n",
    }
    return said_to(b"220 mail.example.org ESMTP\r\n", replies, b"QUIT", log_in)


def by_pop(apop: bool) -> list[Said]:
    def log_in(port: int) -> None:
        pop = poplib.POP3("127.0.0.1", port, timeout=5)
        if apop:
            pop.apop(USER, PASSWORD)
        else:
            pop.user(USER)
            pop.pass_(PASSWORD)
        pop.quit()

    return said_to(b"+OK ready <1.2@example.org>\r\n", {b"": b"+OK\r\n"}, b"QUIT", log_in)


def by_imap() -> list[Said]:
    def log_in(port: int) -> None:
        imap = imaplib.IMAP4("127.0.0.1", port, timeout=5)
        imap.login(USER, PASSWORD)
        imap.logout()

    replies = {
        b"CAPABILITY": b"* CAPABILITY IMAP4REV1\r\nTAG OK done\r\n",
        b"LOGOUT": b"* BYE\r\nTAG OK bye\r\n",
        b"": b"TAG OK welcome\r\n",
    }
    return said_to(b"* OK ready\r\n", replies, b"LOGOUT", log_in)


def log_ins(said: list[Said], tmp_path: Path, port: int = 3333) -> list[Seen]:
    """The exchanges that a capture of these bytes gives, on a port that says nothing."""
    frames = builders.conversation(*said, ports=(40000, port))
    seen = read_frames(frames, tmp_path / "log-in.pcap").exchanges
    return [one for one in seen if one.request is None or one.request.protocol != mail.PROTOCOL]


CLIENTS: dict[str, tuple[Callable[[], list[Said]], str, str, str]] = {
    "FTP": (by_ftp, "ftp", "PASS", NOT_SHOWN),
    "SMTP PLAIN": (lambda: by_smtp("PLAIN"), "smtp", "AUTH PLAIN", NOT_SHOWN),
    "SMTP LOGIN": (lambda: by_smtp("LOGIN"), "smtp", "AUTH LOGIN", NOT_SHOWN),
    "SMTP CRAM-MD5": (
        lambda: by_smtp("CRAM-MD5"),
        "smtp",
        "AUTH CRAM-MD5",
        "sent as a keyed hash, not readable",
    ),
    "POP3": (lambda: by_pop(False), "pop3", "PASS", NOT_SHOWN),
    "POP3 APOP": (lambda: by_pop(True), "pop3", "APOP", "sent as a keyed hash, not readable"),
    "IMAP": (by_imap, "imap", "LOGIN", NOT_SHOWN),
}


@pytest.mark.parametrize(("client", "protocol", "method", "category"), CLIENTS.values(), ids=CLIENTS)
def test_a_real_clients_log_in_is_read_on_any_port(
    client: Callable[[], list[Said]], protocol: str, method: str, category: str, tmp_path: Path
) -> None:
    (seen,) = log_ins(client(), tmp_path)
    assert seen.request is not None
    assert (seen.request.protocol, seen.request.method) == (protocol, method)
    assert dict(seen.request.headers) == {"User": USER, "Password": category}
    assert seen.response is not None
    assert seen.delivered is True


@pytest.mark.parametrize("client", [entry[0] for entry in CLIENTS.values()], ids=CLIENTS)
def test_no_form_of_the_password_is_in_the_report(client: Callable[[], list[Said]], tmp_path: Path) -> None:
    report = report_of(builders.conversation(*client(), ports=(40000, 3333)), tmp_path / "a.pcap")
    text = write(report)
    encoded = [base64.b64encode(PASSWORD.encode() + b" " * n).decode()[:16] for n in range(3)]
    plain = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    assert any(message.header("user") == USER for message in report.messages)
    assert not any(form in text for form in (PASSWORD, plain, *encoded))


def test_account_and_password_are_findings(tmp_path: Path) -> None:
    report = report_of(builders.conversation(*by_ftp(), ports=(40000, 21)), tmp_path / "a.pcap")
    found = {(f.kind, f.value, f.confidence) for f in report.findings}
    assert found == {("account", USER, "high"), ("password", f"not shown (account {USER})", "high")}
    assert {kind for row in report.destinations for kind in row.kinds} == {"ftp"}


def test_a_server_that_repeats_the_password_does_not_bring_it_into_the_report(tmp_path: Path) -> None:
    said = [
        (False, b"220 FTP\r\n"), (True, b"USER a\r\n"), (False, b"331\r\n"), (True, b"PASS hunter2\r\n"),
        (False, b"530 hunter2 is wrong\r\n"),
    ]  # fmt: skip
    (seen,) = log_ins(said, tmp_path)
    assert seen.response is not None
    assert seen.response.reason == "530 (not shown) is wrong"
    assert seen.response.status == 530


def test_an_imap_log_in_with_literals_and_quotes() -> None:
    for lines in (
        [b'a LOGIN "kari" "x y"'],
        [b"a LOGIN {4}", b"kari {3}", b"x y"],
        [b"a login kari {3+}", b"x y"],
    ):
        stream = LoginStream(0, 143)
        list(stream.feed(1, Segment(0, b"* OK hi\r\n", 1, 1)))
        offset = 0
        for number, line in enumerate(lines):
            data = line + b"\r\n"
            assert list(stream.feed(0, Segment(offset, data, number + 2, 1))) == []
            offset += len(data)
        (exchange,) = stream.feed(1, Segment(9, b"a OK\r\n", 9, 1))
        assert exchange.request is not None
        assert exchange.request.headers == [("User", "kari"), ("Password", NOT_SHOWN)]


def test_imap_authenticate_is_read_from_the_line_behind_the_prompt() -> None:
    stream = LoginStream(0, 143)
    response = base64.b64encode(b"\0kari\0hunter2") + b"\r\n"
    list(stream.feed(1, Segment(0, b"* OK hi\r\n", 1, 1)))
    list(stream.feed(0, Segment(0, b"a AUTHENTICATE PLAIN\r\n", 2, 1)))
    list(stream.feed(1, Segment(9, b"+ \r\n", 3, 1)))
    list(stream.feed(0, Segment(22, response, 4, 1)))
    (exchange,) = stream.feed(1, Segment(13, b"a NO\r\n", 5, 1))
    assert exchange.request is not None
    assert exchange.request.headers == [("User", "kari"), ("Password", NOT_SHOWN)]


def test_nothing_is_read_behind_starttls(tmp_path: Path) -> None:
    said = [
        (False, b"220 m ESMTP\r\n"), (True, b"EHLO a\r\n"), (False, b"250 ok\r\n"), (True, b"STARTTLS\r\n"),
        (False, b"220 go\r\n"), (True, b"AUTH PLAIN AGEAYg==\r\n"), (False, b"235 ok\r\n"),
    ]  # fmt: skip
    assert log_ins(said, tmp_path) == []


def test_mail_that_holds_a_log_in_is_none(tmp_path: Path) -> None:
    for command in (b"DATA\r\n", b"BDAT 22 LAST\r\n"):
        answer = b"354 go\r\n" if command.startswith(b"DATA") else b""
        said = [
            (False, b"220 mail ESMTP\r\n"), (True, b"EHLO a\r\n"), (False, b"250 ok\r\n"), (True, command),
            (False, answer), (True, b"AUTH PLAIN AGEAYg==\r\n"),
        ]  # fmt: skip
        assert log_ins(said, tmp_path) == []


def test_a_telnet_log_in_typed_with_corrections(tmp_path: Path) -> None:
    said = [
        (False, b"\xff\xfd\x18\xff\xfd\x20"), (True, b"\xff\xfb\x18"),
        (False, b"\xff\xfa\x18\x01\xff\xf0login: "), (True, b"k"), (False, b"k"), (True, b"x"), (False, b"x"),
        (True, b"\x7fari\r\n"), (False, b"ari\r\nPassword: "),
        (True, b"hunter2\r\0"), (False, b"\r\n"), (False, b"Last login: today\r\n$ "),
    ]  # fmt: skip
    (seen,) = log_ins(said, tmp_path, 2323)
    assert seen.request is not None
    assert seen.request.headers == [("User", "kari"), ("Password", NOT_SHOWN)]


@pytest.mark.parametrize(
    ("greeting", "command", "protocol"),
    [
        (b"220 FTP server", b"USER a", "ftp"),
        (b"220 mail", b"EHLO a", "smtp"),
        (b"220 mail ESMTP", b"NOOP", "smtp"),
        (b"220 something", b"NOOP", ""),
        (b"+OK", b"CAPA", "pop3"),
        (b"* OK", b"a1 CAPABILITY", "imap"),
        (b"SSH-2.0", b"USER a", ""),
        (b"220 a", b"GET / HTTP/1.1", ""),
        (b"", b"USER a", ""),
    ],
)
def test_greeting_and_command_together_tell_the_protocol(
    greeting: bytes, command: bytes, protocol: str
) -> None:
    assert dialogue_of(greeting, command) == protocol


@given(st.binary(max_size=60))
def test_erasing_never_leaves_an_erasing_key(typed: bytes) -> None:
    assert not set(erased(typed)) & {8, 127}


@given(st.binary(max_size=40), st.integers(0, 40))
def test_telnet_commands_are_the_same_in_any_cutting(data: bytes, cut: int) -> None:
    whole, left = without_commands(data)
    first, pending = without_commands(data[:cut])
    second, pending = without_commands(pending + data[cut:])
    assert (first + second, pending) == (whole, left)


def test_a_message_of_another_protocol_names_no_account() -> None:
    from tests.dissectors.clear import PLACED

    message = Message(1, "http/1.1", "request", headers=(("User", "a"), ("Password", NOT_SHOWN)), **PLACED)
    assert credentials_in(message).findings == ()


LOG_INS_IN_CORPUS = {
    "zeek__zeek/testing/btest/Traces/ftp/ipv6.pcap": [("ftp", "PASS", 230)],
    "ntop__nDPI/tests/cfgs/default/pcap/pop3.pcap": [("pop3", "PASS", None)]
    + 3 * [("pop3", "AUTH PLAIN", None)],
    "ntop__nDPI/tests/cfgs/default/pcap/emotet.pcap": [("smtp", "AUTH LOGIN", 235)],
    "ntop__nDPI/tests/cfgs/default/pcap/telnet.pcap": [("telnet", "login", None)],
    "zeek__zeek/testing/btest/Traces/ftp/ftp-auth-tls.pcap": [],
}


@pytest.mark.parametrize(("name", "expected"), LOG_INS_IN_CORPUS.items(), ids=LOG_INS_IN_CORPUS)
def test_log_ins_of_the_corpus_are_those_that_tshark_shows(
    name: str, expected: list[tuple[str, str, int | None]]
) -> None:
    found = [
        (seen.request.protocol, seen.request.method, seen.response and seen.response.status)
        for seen in read(of_corpus(name)).exchanges
        if seen.request is not None
        and seen.request.protocol
        and not seen.request.protocol.startswith("mail ")  # what a mail says is a message of its own
    ]
    assert found == expected


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=30)), max_size=8))
def test_any_bytes_end_without_an_exception(said: list[Said]) -> None:
    for reader in (LoginStream(0, 21), LoginStream(0, 143), TelnetStream(0)):
        offsets = [0, 0]
        list(reader.feed(1, Segment(0, b"220 FTP\r\n", 1, 1)))
        for up, data in said:
            list(reader.feed(0 if up else 1, Segment(offsets[up], data, 1, 1)))
            offsets[up] += len(data)
        list(reader.close())


@pytest.mark.parametrize("line", [b"AUTH SEVNTUVMSUc5", b"AUTH hunter2 hunter2"])
def test_what_stands_in_place_of_a_mechanism_is_not_shown(line: bytes, tmp_path: Path) -> None:
    said = [
        (False, b"220 m ESMTP\r\n"),
        (True, b"EHLO a\r\n"),
        (False, b"250 ok\r\n"),
        (True, line + b"\r\n"),
    ]
    (seen,) = log_ins([*said, (False, b"501 no\r\n")], tmp_path)
    assert seen.request is not None
    assert seen.request.method == "AUTH (another mechanism)"


MAIL = (
    (False, b"220 m ESMTP\r\n"), (True, b"EHLO a\r\n"), (False, b"250 ok\r\n"),
    (True, b"MAIL FROM:<kari@example.org> SIZE=90\r\n"), (False, b"250 ok\r\n"),
    (True, b"RCPT TO:<ola@example.com>\r\n"), (False, b"250 ok\r\n"),
    (True, b"DATA\r\n"), (False, b"354 go\r\n"),
    (True, b"From: Kari\r\n <kari.n@example.org>\r\nSubject: s\r\n\r\n..two dots\r\n"),
    (True, b"POST /x HTTP/1.1\r\n.\r\n"), (False, b"250 ok\r\n"), (True, b"QUIT\r\n"),
)  # fmt: skip


def test_a_mail_is_a_message_with_its_envelope(tmp_path: Path) -> None:
    found = read_frames(builders.conversation(*MAIL, ports=(40000, 3333)), tmp_path / "mail.pcap")
    (made,) = [
        seen.request for seen in found.exchanges if seen.request and seen.request.protocol == mail.PROTOCOL
    ]
    assert made.headers == [
        ("Mail-From", "kari@example.org"), ("Rcpt-To", "ola@example.com"),
        ("From", "Kari <kari.n@example.org>"), ("Subject", "s"),
    ]  # fmt: skip
    assert made.body.body()[0].content == b".two dots\r\nPOST /x HTTP/1.1\r\n"
    assert len(found.exchanges) == 1


@pytest.mark.parametrize("command", [b"QUIT", b"RSET", b"NOOP", b"*", b"quit"])
@pytest.mark.parametrize("answer", [b"250 ok\r\n", b""])
def test_a_command_in_place_of_a_user_name_is_no_log_in(
    command: bytes, answer: bytes, tmp_path: Path
) -> None:
    said = [
        (False, b"220 m ESMTP\r\n"), (True, b"EHLO a\r\n"), (False, b"250 ok\r\n"), (True, b"AUTH LOGIN\r\n"),
        (False, b"334 VXNlcm5hbWU6\r\n"), (True, command + b"\r\n"), (False, answer),
    ]  # fmt: skip
    assert log_ins(said, tmp_path) == []


def test_a_user_may_be_named_like_a_command(tmp_path: Path) -> None:
    said = [
        (False, b"220 m ESMTP\r\n"), (True, b"EHLO a\r\n"), (False, b"250 ok\r\n"), (True, b"AUTH LOGIN\r\n"),
        (False, b"334 VXNlcm5hbWU6\r\n"), (True, b"cXVpdA==\r\n"), (False, b"334 UGFzc3dvcmQ6\r\n"),
        (True, b"c2VjcmV0\r\n"), (False, b"235 ok\r\n"),
    ]  # fmt: skip
    (seen,) = log_ins(said, tmp_path)
    assert seen.request is not None
    assert dict(seen.request.headers)["User"] == "quit"


@pytest.mark.parametrize("command", ["CWD /x", "RETR /f", "SIZE /f", "MKD /x", "POST /x HTTP/1.1"])
@pytest.mark.parametrize("first", [True, False])
def test_a_line_that_looks_like_http_silences_no_log_in(command: str, first: bool, tmp_path: Path) -> None:
    log_in = [
        (True, b"USER kari\r\n"),
        (False, b"331 p\r\n"),
        (True, b"PASS s3cret\r\n"),
        (False, b"230 ok\r\n"),
    ]
    line = [(True, command.encode() + b"\r\n"), (False, b"530 no\r\n")]
    if first and command.startswith("POST"):
        pytest.skip("no client of FTP begins so")
    said = [(False, b"220 f FTP\r\n"), *((line + log_in) if first else (log_in + line))]
    found = read_frames(builders.conversation(*said, ports=(40000, 3333)), tmp_path / "ftp.pcap")
    (seen,) = found.exchanges
    assert seen.request is not None
    assert dict(seen.request.headers) == {"User": "kari", "Password": NOT_SHOWN}
    assert not any(b"s3cret" in made.body.body()[0].content for made in found.others)


def heard(greeting: bytes, said: bytes) -> list[HttpMessage]:
    """Return what is read of a client's lines behind a greeting, without an answer."""
    stream = LoginStream(0, 143)
    made = [*stream.feed(1, Segment(0, greeting, 1, 1)), *stream.feed(0, Segment(0, said, 2, 1))]
    return [each.request for each in made if each.request is not None]


def test_what_an_imap_client_tells_of_itself_is_read() -> None:
    told = b'1 ID ("name" "mail" "device-id" "490154203237518" "os" NIL)\r\n'
    (seen,) = heard(b"* OK IMAP4rev1 ready\r\n", told)
    assert seen.headers == [("name", "mail"), ("device-id", "490154203237518")]


def test_files_that_are_named_by_an_address_are_read() -> None:
    said = b"RETR 00:1b:44:11:3a:b7.xml\r\nRETR SEP001B44113AB7.cnf.xml\r\n"
    others = b"STOR 202003010812.zip\r\nSTOR 3f9a1c2b7d4e.js\r\n"
    told = [
        value
        for made in heard(b"220 ready\r\n", b"TYPE I\r\nPASV\r\n" + said + others)
        for value in made.values("file name mac")
    ]
    assert told == ["00:1b:44:11:3a:b7", "001b44113ab7"]
