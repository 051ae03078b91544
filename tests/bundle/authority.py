"""A time-stamping authority of the test's own, run by openssl, and keys made by ssh-keygen and minisign."""

from __future__ import annotations

import subprocess
from pathlib import Path

CONFIGURATION = """\
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[stamper]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[request]
distinguished_name = name
prompt = no
[name]
CN = unused
"""


def run(*words: str | Path, data: bytes | None = None, cwd: Path | None = None) -> bytes:
    """The output of a program that has to succeed."""
    told = [str(word) for word in words]
    done = subprocess.run(told, input=data, capture_output=True, check=False, timeout=60, cwd=cwd)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


class Authority:
    """A root, and below it a certificate for time stamps (RFC 3161 §2.3)."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self.folder, self.root = folder, folder / "root.pem"
        (folder / "conf").write_text(CONFIGURATION.format(folder=folder))
        (folder / "serial").write_text("01\n")
        self._certificate("root", f"/O={name}/CN=Root", "-x509", "-days", "30", "-extensions", "root")
        self._certificate("stamper", f"/O={name}/CN=Stamper")
        run(
            *("openssl", "x509", "-req", "-in", folder / "stamper.pem", "-days", "30", "-set_serial", "2"),
            *("-CA", self.root, "-CAkey", folder / "root.key", "-extfile", folder / "conf"),
            *("-extensions", "stamper", "-out", folder / "signer.pem"),
        )

    def _certificate(self, what: str, subject: str, *more: str) -> None:
        run(
            *("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-config", self.folder / "conf"),
            *("-subj", subject, "-keyout", self.folder / f"{what}.key", "-out", self.folder / f"{what}.pem"),
            *more,
        )

    def answer(self, query: Path, answer: Path) -> None:
        """Answer a request as an authority would."""
        run(
            *("openssl", "ts", "-reply", "-config", self.folder / "conf", "-queryfile", query),
            *("-signer", self.folder / "signer.pem", "-inkey", self.folder / "stamper.key", "-out", answer),
        )


def ssh_key(folder: Path, kind: str, *more: str) -> Path:
    """The path of a new private key; the public one lies beside it."""
    path = folder / f"id_{kind}_{len(list(folder.glob('id_*')))}"
    run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "desk@example.org", "-f", path, *more)
    return path
