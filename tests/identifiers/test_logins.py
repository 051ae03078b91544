"""Log-ins over HTTP: the account, that a password was readable and never the password; what is no log-in."""

from __future__ import annotations

import base64
import json

import pytest

from analyzer.identifiers import KnownValues, findings_in
from analyzer.identifiers.credentials import SECRET_MASK, LogIns, credentials_in, with_log_ins
from analyzer.inspection.decode import decode
from analyzer.model import Message
from analyzer.session.secret_removal import without_secrets
from tests.codecs.messages import request

PASSWORD = "Fjord&Fjell/7 æ"
FORM = "Fjord%26Fjell%2F7+%C3%A6"
USERINFO = FORM.replace("+", "%20")


def log_ins(message: Message) -> LogIns:
    return credentials_in(message, decode(message).fields)


def found(message: Message) -> list[tuple[str, str]]:
    return [(f.kind, f.value) for f in log_ins(message).findings]


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def ntlm(user: str, domain: str) -> str:
    """An AUTHENTICATE_MESSAGE ([MS-NLMP] §2.2.1.3) with empty answers to the challenge."""
    texts = [b"", b"", domain.encode("utf-16-le"), user.encode("utf-16-le"), b"", b""]
    head, at, rest = b"NTLMSSP\0" + (3).to_bytes(4, "little"), 64, b""
    for text in texts:
        head += len(text).to_bytes(2, "little") * 2 + at.to_bytes(4, "little")
        at, rest = at + len(text), rest + text
    return base64.b64encode(head + (1).to_bytes(4, "little") + rest).decode()


def soap(kind: str) -> bytes:
    return (
        f'<e:Envelope xmlns:e="urn:e" xmlns:s="urn:s"><e:Header><s:UsernameToken><s:Username>kari</s:Username>'  # noqa: E501
        f'<s:Password Type="urn:x#{kind}">geheim77</s:Password></s:UsernameToken></e:Header><e:Body/></e:Envelope>'  # noqa: E501
    ).encode()


def rpc(method: str, *texts: str) -> bytes:
    params = "".join(f"<param><value><string>{text}</string></value></param>" for text in texts)
    return f"<methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>".encode()


ACCOUNT, HELD = ("account", "kari.n"), ("password", "not shown (account kari.n)")
LOG_INS: dict[str, Message] = {
    "Basic": request(b"", "/", [("Authorization", basic(f"kari.n:{PASSWORD}"))]),
    "Basic to a proxy": request(b"", "/", [("Proxy-Authorization", basic(f"kari.n:{PASSWORD}"))]),
    "a form": request(f"username=kari.n&password={FORM}&submit=Log+in".encode()),
    "a form in Norwegian": request(f"brukernavn=kari.n&passord={FORM}&knapp=Logg+inn".encode()),
    "a form in German": request(f"benutzername=kari.n&kennwort={FORM}".encode()),
    "a form in pinyin": request(f"yonghuming=kari.n&mima={FORM}".encode()),
    "a form of a framework": request(f"ctl00%24c%24txtUserName=kari.n&ctl00%24c%24txtPassword={FORM}".encode()),  # noqa: E501
    "a form of objects": request(f"user%5Blogin%5D=kari.n&user%5Bpassword%5D={FORM}".encode()),
    "a button called Login": request(f"userid=kari.n&pwd={FORM}&Login=Login".encode()),
    "a query": request(b"", f"/update?ID=kari.n&PASSWORD={FORM}&t=5", method="GET"),
    "a target with userinfo": request(b"", f"ftp://kari.n:{USERINFO}@ftp.example.org/a", method="GET"),
    "a token of Neo4j": request(
        json.dumps({"scheme": "basic", "principal": "kari.n", "credentials": PASSWORD}).encode()
    ),
    "a query of InfluxDB": request(b"", f"/write?db=home&u=kari.n&p={FORM}"),
    "a query of Subsonic": request(b"", f"/rest/ping.view?u=kari.n&p={FORM}&v=1.16.1&c=app", method="GET"),
    "JSON": request(json.dumps({"login_id": "kari.n", "password": PASSWORD}).encode()),
    "JSON in depth": request(json.dumps({"auth": {"name": "kari.n", "pwd": PASSWORD}, "v": "1"}).encode()),
    "JSON in base64": request(base64.b64encode(json.dumps({"user": "kari.n", "passwd": PASSWORD}).encode())),
    "XML-RPC": request(rpc("blog.login", "kari.n", "Fjord&amp;Fjell/7 æ")),
    "XML-RPC of a blog": request(rpc("metaWeblog.newPost", "1", "kari.n", "Fjord&amp;Fjell/7 æ")),
    "JSON-RPC": request(json.dumps({"method": "session.login", "params": ["kari.n", PASSWORD]}).encode()),
}  # fmt: skip


@pytest.mark.parametrize("way", LOG_INS)
def test_a_log_in_is_found_with_its_account_and_without_its_password(way: str) -> None:
    assert found(LOG_INS[way]) == [ACCOUNT, HELD]
    assert all(f.certainty == "identifier" for f in log_ins(LOG_INS[way]).findings)
    assert PASSWORD not in repr(log_ins(LOG_INS[way]).findings)


@pytest.mark.parametrize("way", LOG_INS)
def test_the_password_does_not_stay_in_the_message(way: str) -> None:
    message = LOG_INS[way]
    made = without_secrets(message, log_ins(message).secrets)
    assert PASSWORD not in [*decode(made).fields.values]
    text = repr(made)
    assert basic(f"kari.n:{PASSWORD}") not in text
    assert FORM not in text
    assert SECRET_MASK in text or made.body.left_out
    assert made.body.sha256 == message.body.sha256


OTHERS: dict[str, tuple[Message, list[tuple[str, str]]]] = {
    "Basic without a password": (
        request(b"", "/", [("Authorization", basic("kari@example.org:"))]),
        [("account", "kari@example.org"), ("email", "kari@example.org")],
    ),
    "Basic with an analytics library's key": (
        request(b'{"batch":[],"writeKey":"w1","sentAt":"x"}', "/", [("Authorization", basic("w1:"))]),
        [("access_token", "not shown")],
    ),
    "Digest": (
        request(b"", "/", [("Authorization", 'Digest username="kari", realm="a", response="c96a1547cdb054c1"')]),  # noqa: E501
        [("account", "kari")],
    ),
    "NTLM": (request(b"", "/", [("Authorization", "NTLM " + ntlm("kari", "HJEM"))]), [("account", "kari")]),
    "WS-Security, password in clear": (
        request(soap("PasswordText")),
        [("account", "kari"), ("password", "not shown (account kari)")],
    ),
    "WS-Security, a digest": (request(soap("PasswordDigest")), [("account", "kari")]),
    "a bearer token": (
        request(b"", "/", [("Authorization", "Bearer aGVtbWVsaWctbm9ra2VsLTEyMw")]),
        [("access_token", "not shown")],
    ),
    "an API key": (request(b"", "/", [("X-Api-Key", "7f3a9c1e5b")]), [("access_token", "not shown")]),
    "an OAuth token in a form": (
        request(b"access_token=ya29.a0AfH6SMB1xyz1234567890&v=1"),
        [("access_token", "not shown")],
    ),
    "a token in place of the password": (
        request(b"user=kari&password=ya29.a0AfH6SMB1xyz1234567890"),
        [("account", "kari"), ("access_token", "not shown")],
    ),
    "a hash in place of the password": (
        request(b"user=kari&password=5f4dcc3b5aa765d61d8327deb882cf99"),
        [("account", "kari")],
    ),
    "a cookie": (request(b"", "/", [("Cookie", "lang=nb; user=kari_n")]), [("account", "kari_n")]),
}  # fmt: skip


@pytest.mark.parametrize("way", OTHERS)
def test_other_proofs_are_what_they_are(way: str) -> None:
    message, wanted = OTHERS[way]
    assert found(message) == wanted


NO_LOG_INS: dict[str, Message] = {
    "a button alone": request(b"Login=Login&step=2"),
    "empty fields": request(b"username=&password="),
    "tokens of forms": request(
        b"csrf_token=fd5584a7dee4e132e590db5fea3c578b754b78ec&authenticity_token=ypeBEsobvcr6wjGzmiPcTaeG7yuYB3ha"
        b"&__RequestVerificationToken=ccb031537a7d6f76cf383606162063ff5b107b42"
    ),
    "words about passwords": request(b"password_hint=hund&show_password=true&password_strength=3&has_password=1"),  # noqa: E501
    "a signature": request(b"user_count=12&sign=c96a1547cdb054c1b48f5ae9d703f1d8"),
    "a signed request": request(b"", "/", [("Authorization", 'FUS nonce="", signature="MzMxMTg0MmE3NGM0NzM2ODM2"')]),  # noqa: E501
    "asterisks": request(b"user_agent=x&password=********"),
    "a push token": request(b"device_token=740f4707bebcf74f9b7c25d48e3358945f6aa01da5ddb387462c7eaf61bb78ad"),
}  # fmt: skip


@pytest.mark.parametrize("way", NO_LOG_INS)
def test_what_is_no_log_in_is_left_alone(way: str) -> None:
    assert found(NO_LOG_INS[way]) == []


def test_an_account_is_listed_once_and_by_its_surest_reason() -> None:
    message = LOG_INS["a form"]
    fields = decode(message).fields
    every = with_log_ins(findings_in(fields, KnownValues.none()), log_ins(message))
    assert [(f.kind, f.confidence) for f in every] == [("account", "high"), ("password", "high")]


def test_a_working_directory_is_no_password() -> None:
    """As a log of sudo has it: `USER=root ; PWD=/home/kari`."""
    assert found(request(b"USER=root; PWD=/home/kari; COMMAND=/bin/ls")) == []
    assert found(request(b"USER=root&PWD=hunter2")) != []
