"""Who signed a bundle and when it existed: made here and checked by other programs, and the reverse."""

from __future__ import annotations

import base64
import hashlib
import random
import re
import shutil
import socket
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.bundle.authority import Authority, run, ssh_key
from tests.bundle.making import bundle, call, capture
from tests.bundle.sigstore_chain import Sigstore

pytest.importorskip("asyncssh")
pytest.importorskip("minisign")
Told = pytest.CaptureFixture[str]
needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
KINDS = (("ed25519",), ("ecdsa",), ("rsa", "-b", "2048"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authorship")
    return bundle(folder, capture(folder, "a query alone"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "own", "Example Stamps")


def verified(capsys: Told, *words: str | Path) -> tuple[int, str]:
    capsys.readouterr()
    code = call("verify", *words)
    return code, capsys.readouterr().out


def signed(folder: Path, key: Path, made: Path) -> Path:
    """A new bundle of the report beside another bundle, signed by the command itself."""
    target = folder / "signed"
    assert call("evidence", made.parent / "report.json", "-q", "-o", target, "--sign", key) == 0
    return target


# ── SSH ─────────────────────────────────────────────────────────────────────


@needs_ssh
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[0])
def test_what_the_command_signs_ssh_keygen_verifies(
    tmp_path: Path, made: Path, kind: tuple[str, ...]
) -> None:
    key = ssh_key(tmp_path, *kind)
    target = signed(tmp_path, key, made)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"desk@example.org {key.with_suffix('.pub').read_text()}")
    said = run(
        *("ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "desk@example.org", "-n", "phonehome-evidence"),
        *("-s", target / "manifest.json.sig"),
        data=(target / "manifest.json").read_bytes(),
    )
    assert b"Good" in said


@needs_ssh
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[0])
def test_what_ssh_keygen_signs_verify_verifies(
    tmp_path: Path, copy: Path, kind: tuple[str, ...], capsys: Told
) -> None:
    key = ssh_key(tmp_path, *kind)
    run("ssh-keygen", "-Y", "sign", "-q", "-n", "phonehome-evidence", "-f", key, copy / "manifest.json")
    code, out = verified(capsys, copy, "--key", key.with_suffix(".pub"))
    fingerprint = run("ssh-keygen", "-l", "-f", key.with_suffix(".pub")).decode().split()[1]
    assert code == 0
    assert f"Author: SSH key {fingerprint} (desk@example.org)." in out
    assert "Time: not verified (no authority's time stamp lies beside it)." in out


@needs_ssh
def test_a_signature_of_a_security_key_is_verified(tmp_path: Path, copy: Path, capsys: Told) -> None:
    """Made as such a key makes it (OpenSSH, PROTOCOL.u2f); ssh-keygen says that it is right."""
    key, kind, application = ed25519.Ed25519PrivateKey.generate(), b"sk-ssh-ed25519@openssh.com", b"ssh:"
    public = _strings(kind, key.public_key().public_bytes_raw(), application)
    data = (copy / "manifest.json").read_bytes()
    name = b"phonehome-evidence"
    message = b"SSHSIG" + _strings(name, b"", b"sha512", hashlib.sha512(data).digest())
    touched = b"\x01" + (7).to_bytes(4, "big")  # by a finger; a count of signatures
    signed = key.sign(hashlib.sha256(application).digest() + touched + hashlib.sha256(message).digest())
    blob = b"SSHSIG" + (1).to_bytes(4, "big")
    blob += _strings(public, name, b"", b"sha512", _strings(kind, signed) + touched)
    armoured = (
        b"-----BEGIN SSH SIGNATURE-----\n" + base64.encodebytes(blob) + b"-----END SSH SIGNATURE-----\n"
    )
    (copy / "manifest.json.sig").write_bytes(armoured)
    (tmp_path / "key.pub").write_text(f"{kind.decode()} {base64.b64encode(public).decode()} token\n")
    (tmp_path / "allowed").write_text(f"token {(tmp_path / 'key.pub').read_text()}")
    run(
        *("ssh-keygen", "-Y", "verify", "-f", tmp_path / "allowed", "-I", "token", "-n", name.decode()),
        *("-s", copy / "manifest.json.sig"),
        data=data,
    )
    code, out = verified(capsys, copy, "--key", tmp_path / "key.pub")
    assert code == 0
    assert "(token)." in out


def _strings(*values: bytes) -> bytes:
    return b"".join(len(value).to_bytes(4, "big") + value for value in values)


@needs_ssh
def test_a_signature_without_a_key_is_not_verified_and_of_another_key_is_wrong(
    tmp_path: Path, made: Path, capsys: Told
) -> None:
    own, other = ssh_key(tmp_path, "ed25519"), ssh_key(tmp_path, "ed25519")
    target = signed(tmp_path, own, made)
    code, out = verified(capsys, target)
    assert code == 0
    assert "NOT VERIFIED: manifest.json.sig: whose signature it is" in out
    assert "Author: not verified (" in out
    code, out = verified(capsys, target, "--key", other.with_suffix(".pub"))
    assert code == 1
    assert "WRONG: manifest.json: is not signed with a key of" in out
    code, out = verified(capsys, made, "--key", own.with_suffix(".pub"))
    assert code == 1
    assert "there is no signature" in out


@needs_ssh
def test_a_signature_for_another_purpose_or_of_another_manifest_is_wrong(
    tmp_path: Path, copy: Path, capsys: Told
) -> None:
    key = ssh_key(tmp_path, "ed25519")
    public = key.with_suffix(".pub")
    run("ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", key, copy / "manifest.json")
    assert verified(capsys, copy, "--key", public)[0] == 1
    other = tmp_path / "other"
    other.write_bytes((copy / "manifest.json").read_bytes() + b" ")
    run("ssh-keygen", "-Y", "sign", "-q", "-n", "phonehome-evidence", "-f", key, other)
    shutil.copy(tmp_path / "other.sig", copy / "manifest.json.sig")
    assert verified(capsys, copy, "--key", public)[0] == 1


@needs_ssh
@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("desk@example.org,night@example.org {}", True),
        ('desk@example.org namespaces="phonehome-evidence" {}', True),
        ('desk@example.org namespaces="git" {}', False),
        ('desk@example.org valid-before="20200101" {}', False),
        ("# nobody\n\n{}", True),
    ],
)
def test_lines_of_allowed_signers_count_as_openssh_says(
    tmp_path: Path, copy: Path, line: str, holds: bool, capsys: Told
) -> None:
    key = ssh_key(tmp_path, "ed25519")
    run("ssh-keygen", "-Y", "sign", "-q", "-n", "phonehome-evidence", "-f", key, copy / "manifest.json")
    allowed = tmp_path / "allowed"
    allowed.write_text(line.format(key.with_suffix(".pub").read_text()))
    code, out = verified(capsys, copy, "--key", allowed)
    assert code == (0 if holds else 1)
    assert ("Author: SSH key" in out) is holds


@needs_ssh
def test_a_spoiled_signature_is_wrong_and_no_traceback(tmp_path: Path, made: Path) -> None:
    from analyzer.bundle.authorship import SSH, Trust, authorship

    key = ssh_key(tmp_path, "ed25519")
    public = ("key", key.with_suffix(".pub").read_bytes())
    target = signed(tmp_path, key, made)
    files = {name: (target / name).read_bytes() for name in ("manifest.json", "SHA256SUMS", SSH)}
    assert authorship(files, Trust([public])).authors
    chance = random.Random(26)
    for _ in range(300):
        data = bytearray(files[SSH])
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(30, len(data) - 30)] = chance.randrange(256)
        if bytes(data).split() != files[SSH].split():
            assert authorship(files | {SSH: bytes(data)}, Trust([public])).wrong


@needs_ssh
def test_a_key_that_asks_for_a_passphrase_asks_a_terminal(tmp_path: Path, made: Path, capsys: Told) -> None:
    key = ssh_key(tmp_path, "ed25519")
    run("ssh-keygen", "-q", "-p", "-P", "", "-N", "hemmelig", "-f", key)
    told = call("evidence", made.parent / "report.json", "-o", tmp_path / "new", "--sign", key)
    assert told == 2
    assert "ssh-keygen -Y sign" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


# ── minisign ────────────────────────────────────────────────────────────────


def test_a_minisign_key_signs_and_verifies(tmp_path: Path, made: Path, capsys: Told) -> None:
    minisign = pytest.importorskip("minisign")
    pair = minisign.KeyPair.generate()
    (tmp_path / "secret").write_bytes(bytes(pair.secret_key))
    (tmp_path / "public").write_bytes(bytes(pair.public_key))
    (tmp_path / "other").write_bytes(bytes(minisign.KeyPair.generate().public_key))
    target = signed(tmp_path, tmp_path / "secret", made)
    code, out = verified(capsys, target, "--key", tmp_path / "public")
    assert code == 0
    assert "Author: minisign key " in out
    assert verified(capsys, target, "--key", tmp_path / "other")[0] == 1


def test_a_published_signature_of_minisign_is_verified() -> None:
    """The one of the documentation, made by minisign itself: https://jedisct1.github.io/minisign/."""
    pytest.importorskip("minisign")
    from analyzer.bundle.minisign_signature import signer, trusted_comment

    by = signer(b"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3")
    signature = (
        b"untrusted comment: signature from minisign secret key\n"
        b"RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n"
        b"trusted comment: timestamp:1555779966\tfile:test\n"
        b"QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==\n"
    )
    assert by.identifier == "E7620F1842B4E81F"
    assert trusted_comment(b"test", signature, by) == "timestamp:1555779966\tfile:test"
    assert trusted_comment(b"Test", signature, by) is None
    assert trusted_comment(b"test", signature.replace(b"file:test", b"file:best"), by) is None
    assert trusted_comment(b"test", signature[:80], by) is None


# ── Sigstore ────────────────────────────────────────────────────────────────

WHO, CONFIRMED = "desk@example.org", "https://login.example"


def _by_sigstore(root: Path, who: str = WHO, confirmed: str = CONFIRMED) -> list[str | Path]:
    return ["--sigstore-identity", who, "--sigstore-issuer", confirmed, "--sigstore-root", root]


def test_a_sigstore_bundle_is_verified_without_a_network(
    tmp_path: Path, copy: Path, capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sigstore")
    chain = Sigstore()
    root, other = tmp_path / "root.json", tmp_path / "other.json"
    root.write_bytes(chain.trusted_root())
    other.write_bytes(Sigstore().trusted_root())
    beside = copy / "manifest.json.sigstore.json"
    beside.write_bytes(chain.bundle((copy / "manifest.json").read_bytes(), WHO, CONFIRMED))
    monkeypatch.setattr(socket.socket, "connect", _refuse)
    code, out = verified(capsys, copy, *_by_sigstore(root))
    assert code == 0
    assert f"Author: Sigstore identity {WHO}, confirmed by {CONFIRMED}." in out
    code, out = verified(capsys, copy)
    assert code == 0
    assert "NOT VERIFIED: manifest.json.sigstore.json: whose signature it is" in out
    for wrong in (_by_sigstore(root, "night@example.org"), _by_sigstore(root, WHO, "https://x.example")):
        assert verified(capsys, copy, *wrong)[0] == 1
    assert verified(capsys, copy, *_by_sigstore(other))[0] == 1
    assert call("verify", copy, *_by_sigstore(copy / "manifest.json")) == 2
    assert "is no trusted root of Sigstore" in capsys.readouterr().err
    beside.write_bytes(chain.bundle(b"another manifest", WHO, CONFIRMED))
    code, out = verified(capsys, copy, *_by_sigstore(root))
    assert code == 1
    assert "WRONG: manifest.json.sigstore.json: is no signature of manifest.json" in out


def _refuse(*_: object) -> None:
    raise AssertionError("a connection was made")


def test_a_spoiled_sigstore_bundle_is_no_signature() -> None:
    pytest.importorskip("sigstore")
    from analyzer.bundle.sigstore_signature import SigstoreSigner, objection

    chain = Sigstore()
    signer, good = SigstoreSigner(WHO, CONFIRMED, chain.trusted_root()), chain.bundle(b"data", WHO, CONFIRMED)
    assert objection(b"data", good, signer) is None
    chance = random.Random(1)
    values = list(re.finditer(rb'(?<=")[A-Za-z0-9+/]{30,}', good))
    assert len(values) >= 7  # certificate, signature, body, hashes, promise
    for _ in range(150):
        found, data = chance.choice(values), bytearray(good)
        at = chance.randrange(found.start(), found.end() - 3)  # the last bits of base64 may be of no byte
        data[at] = ord("A") if data[at] != ord("A") else ord("B")
        assert objection(b"data", bytes(data), signer) is not None, at


# ── time ────────────────────────────────────────────────────────────────────


@needs_openssl
def test_an_answer_to_the_request_shows_the_time(copy: Path, authority: Authority, capsys: Told) -> None:
    authority.answer(copy / "SHA256SUMS.tsq", copy / "SHA256SUMS.tsr")
    run(
        *("openssl", "ts", "-verify", "-data", copy / "SHA256SUMS", "-in", copy / "SHA256SUMS.tsr"),
        *("-CAfile", authority.root),
    )
    code, out = verified(capsys, copy, "--tsa-roots", authority.root)
    assert code == 0
    assert "right: SHA256SUMS.tsr: SHA256SUMS existed at 20" in out
    assert "CN=Stamper,O=Example Stamps" in out
    assert "Author: not verified (" in out
    code, out = verified(capsys, copy)
    assert code == 0
    assert "NOT VERIFIED: SHA256SUMS.tsr" in out
    assert "Time: not verified (no roots were given)." in out


@needs_openssl
def test_an_answer_under_another_root_or_of_other_bytes_is_wrong(
    tmp_path: Path, copy: Path, authority: Authority, capsys: Told
) -> None:
    other = Authority(tmp_path / "other", "Example Stamps")  # of the same names
    authority.answer(copy / "SHA256SUMS.tsq", copy / "SHA256SUMS.tsr")
    code, out = verified(capsys, copy, "--tsa-roots", other.root)
    assert code == 1
    assert "WRONG: SHA256SUMS.tsr: does not show when SHA256SUMS existed" in out
    (tmp_path / "data").write_bytes((copy / "SHA256SUMS").read_bytes() + b"x")
    run(
        *("openssl", "ts", "-query", "-data", tmp_path / "data", "-sha512", "-cert"),
        *("-out", tmp_path / "query"),
    )
    authority.answer(tmp_path / "query", copy / "SHA256SUMS.tsr")
    assert verified(capsys, copy, "--tsa-roots", authority.root)[0] == 1
    (copy / "SHA256SUMS.tsr").unlink()
    code, out = verified(capsys, copy, "--tsa-roots", authority.root)
    assert code == 1
    assert "there is no answer of a time-stamping authority" in out


@needs_openssl
def test_a_certificate_that_is_not_for_time_stamps_gives_none(
    copy: Path, authority: Authority, tmp_path: Path, capsys: Told
) -> None:
    authority.answer(copy / "SHA256SUMS.tsq", copy / "SHA256SUMS.tsr")
    code = call("verify", copy, "--tsa-roots", authority.folder / "signer.pem")
    assert code == 2
    assert "holds no root" in capsys.readouterr().err
    (tmp_path / "no.pem").write_text("nothing")
    assert call("verify", copy, "--tsa-roots", tmp_path / "no.pem") == 2
    assert "holds no certificates in PEM" in capsys.readouterr().err


@needs_openssl
def test_no_byte_of_an_answer_can_be_changed(copy: Path, authority: Authority) -> None:
    from analyzer.bundle.timestamp import answered, certificates

    authority.answer(copy / "SHA256SUMS.tsq", copy / "SHA256SUMS.tsr")
    data, answer = (copy / "SHA256SUMS").read_bytes(), (copy / "SHA256SUMS.tsr").read_bytes()
    roots = certificates(authority.root.read_bytes())
    right = answered(data, answer, roots)
    chance = random.Random(3161)
    for _ in range(200):
        spoiled = bytearray(answer)
        spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
        try:
            assert answered(data, bytes(spoiled), roots).time_ns == right.time_ns
        except ValueError:
            continue


# ── options ─────────────────────────────────────────────────────────────────


def test_what_is_no_key_is_one_sentence(tmp_path: Path, made: Path, capsys: Told) -> None:
    for name, data in (("text", b"hello\n"), ("empty", b""), ("bytes", bytes(range(256))), ("RW", b"RWabc")):
        (tmp_path / name).write_bytes(data)
        assert call("verify", made, "--key", tmp_path / name) == 2, name
        assert "give a public key of SSH or minisign" in capsys.readouterr().err
        assert (
            call("evidence", made.parent / "report.json", "-o", tmp_path / "x", "--sign", tmp_path / name)
            == 2
        )
        assert "can't sign" in capsys.readouterr().err
    assert call("verify", made, "--key", tmp_path / "absent") == 2
    assert call("verify", made, "--sigstore-identity", "kari@example.org") == 2
    assert (
        call("evidence", made.parent / "report.json", "-w", tmp_path / "w", "--sign", tmp_path / "text") == 2
    )


def test_only_signatures_may_lie_beside_what_the_manifest_states(copy: Path, capsys: Told) -> None:
    (copy / "manifest.json.asc").write_bytes(b"x")
    code, out = verified(capsys, copy)
    assert code == 1
    assert "manifest.json.asc: does not belong to the bundle" in out
    (copy / "manifest.json.asc").unlink()
    (copy / "manifest.json.sig").write_bytes(b"x" * (1 << 20) + b"x")
    assert verified(capsys, copy)[0] == 1
