"""Names of users in the form of e-mail addresses, tokens that open nothing, words that are no password."""

from __future__ import annotations

import json

import pytest

from analyzer.identifiers import KnownValues, findings_in
from analyzer.identifiers.authorization import proofs_in
from analyzer.identifiers.logins import parts_of_login
from analyzer.inspection.decode import fields_of
from tests.codecs.messages import request

EMAIL = "kari.nordmann@example.org"


def kinds(protocol: str, user: str, name: str = "User") -> set[str]:
    sent = request(b"", "", [(name, user)])
    return {f.kind for f in findings_in(fields_of(sent), KnownValues.none(), protocol)}


@pytest.mark.parametrize("protocol", ["diameter", "ldap", "amqp", "sip"])
def test_a_user_of_such_a_protocol_is_an_account(protocol: str) -> None:
    assert kinds(protocol, EMAIL) == {"account"}


def test_radius_carries_mailboxes_too() -> None:
    assert kinds("radius", EMAIL) == {"email"}
    assert kinds("radius", "0242010123456789@wlan.mnc001.mcc242.3gXpnetwork.org") <= {"account", "imsi"}
    assert kinds("ftp", EMAIL) == {"email"}


def test_the_name_of_a_worker_is_nobody_s() -> None:
    body = request(json.dumps({"hostname": "celery@worker.example.org"}).encode())
    assert not list(findings_in(fields_of(body), KnownValues.none(), "amqp"))


def test_a_token_of_gnutella_opens_nothing() -> None:
    assert list(proofs_in(request(b"", "/v1", [("X-Token", "a0b1c2d3e4f5a0b1c2d3e4f5")])))
    assert not list(proofs_in(request(b"", "/v1", [("X-Token", "YiUJ5OMwTo3jFFQL/mqB91Cwu; OcWmcw==")])))


def test_the_nickname_on_a_card_is_no_account() -> None:
    def of(xml: bytes) -> set[str]:
        return {f.kind for f in findings_in(fields_of(request(xml)), KnownValues.none())}

    assert of(b"<iq><vCard><NICKNAME>kari_n</NICKNAME></vCard></iq>") == set()
    assert of(b"<q><user><NICKNAME>kari_n</NICKNAME></user></q>") == {"account"}


def test_a_folder_is_no_password() -> None:
    def of(target: str) -> set[str]:
        return {part.kind for part in parts_of_login(fields_of(request(b"", target)))}

    assert "password" not in of("/iisadmpwd/..%c1%9c..%c1%9cwinnt/system32/cmd.exe")
    assert "password" in of("/login/user/kari/password/hemmelig123")
