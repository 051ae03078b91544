"""A Sigstore of the tests: authority, certificate log and transparency log, made with `cryptography` alone.

The parts and their forms: RFC 6962 §3.2 (the log's statement in a certificate), the note that a transparency
log signs (https://c2sp.org/signed-note), and Sigstore's bundle of version 0.3.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
SHA256 = ec.ECDSA(hashes.SHA256())


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def der(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def log_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(der(key)).digest()


class Sigstore:
    """Keys of all who take part, a trusted root, and signatures for any identity."""

    def __init__(self) -> None:
        self.authority, self.certificate_log, self.log = (
            ec.generate_private_key(ec.SECP256R1()) for _ in range(3)
        )
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example authority")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.root = (
            self._builder(self.name, self.authority, timedelta(days=100))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self.authority, hashes.SHA256())
        )

    def _builder(self, subject: x509.Name, key: Any, lasts: timedelta) -> x509.CertificateBuilder:
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(minutes=1))
            .not_valid_after(NOW + lasts)
            .add_extension(identifier, critical=False)
            .add_extension(issued_by, critical=False)
        )

    def trusted_root(self) -> bytes:
        """The document that says whom to trust."""
        since = {"start": (NOW - timedelta(days=1)).isoformat().replace("+00:00", "Z")}

        def log(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
            public = {
                "rawBytes": b64(der(key)),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": since,
            }
            where = {"baseUrl": "https://log.example", "hashAlgorithm": "SHA2_256"}
            return {**where, "publicKey": public, "logId": {"keyId": b64(log_id(key))}}

        authority = {
            "subject": {"organization": "example", "commonName": "example authority"},
            "uri": "https://authority.example",
            "certChain": {"certificates": [{"rawBytes": b64(self.root.public_bytes(Encoding.DER))}]},
            "validFor": since,
        }
        document = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self.log)],
            "certificateAuthorities": [authority],
            "ctlogs": [log(self.certificate_log)],
            "timestampAuthorities": [],
        }
        return json.dumps(document).encode()

    def _certificate(self, key: ec.EllipticCurvePrivateKey, identity: str, issuer: str) -> x509.Certificate:
        """A certificate for ten minutes, with the certificate log's statement."""
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        builder = (
            self._builder(x509.Name([]), key, timedelta(minutes=10))
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(identity)]), critical=True)
            .add_extension(x509.UnrecognizedExtension(ISSUER, issuer.encode()), critical=False)
        )
        bare = builder.sign(self.authority, hashes.SHA256())
        told = bare.tbs_certificate_bytes
        time = struct.pack(">Q", int(NOW.timestamp() * 1000))
        entry = log_id(self.authority) + len(told).to_bytes(3, "big") + told
        signed = self.certificate_log.sign(b"\0\0" + time + b"\0\1" + entry + b"\0\0", SHA256)
        statement = b"\0" + log_id(self.certificate_log) + time + b"\0\0" + b"\4\3"
        statement += struct.pack(">H", len(signed)) + signed
        inner = struct.pack(">HH", len(statement) + 2, len(statement)) + statement
        length = bytes((len(inner),)) if len(inner) < 0x80 else bytes((0x81, len(inner)))
        listed = b"\x04" + length + inner  # an OCTET STRING
        extension = x509.UnrecognizedExtension(SCT_LIST, listed)
        return builder.add_extension(extension, critical=False).sign(self.authority, hashes.SHA256())

    def bundle(self, data: bytes, identity: str, issuer: str) -> bytes:
        """What signing would write: signature, certificate, and the transparency log's record of both."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(key, identity, issuer)
        signature, digest = key.sign(data, SHA256), hashlib.sha256(data)
        public = {"content": b64(certificate.public_bytes(Encoding.PEM))}
        spec = {
            "data": {"hash": {"algorithm": "sha256", "value": digest.hexdigest()}},
            "signature": {"content": b64(signature), "publicKey": public},
        }
        body = _canonical({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec})
        root = hashlib.sha256(b"\0" + body).digest()  # of a tree of one leaf (RFC 6962 §2.1)
        note = f"log.example\n1\n{b64(root)}\n"
        mark = log_id(self.log)[:4] + self.log.sign(note.encode(), SHA256)
        time = int(NOW.timestamp())
        promised = {"body": b64(body), "integratedTime": time, "logID": log_id(self.log).hex(), "logIndex": 0}
        record = {
            "logIndex": "0",
            "logId": {"keyId": b64(log_id(self.log))},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
            "integratedTime": str(time),
            "inclusionPromise": {"signedEntryTimestamp": b64(self.log.sign(_canonical(promised), SHA256))},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": b64(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 log.example {b64(mark)}\n"},
            },
            "canonicalizedBody": b64(body),
        }
        document = {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [record],
            },
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": b64(digest.digest())},
                "signature": b64(signature),
            },
        }
        return json.dumps(document).encode()


def _canonical(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
