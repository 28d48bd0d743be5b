"""A certificate authority of a test's own, and the certificates that it gives."""

import datetime as dt
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Papers:
    """A certificate and its key, as PEM files; the key is its owner's alone, as libpq wants it."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    folder: Path
    name: str = "test-ca"
    _own: ec.EllipticCurvePrivateKey = field(default_factory=_key)

    @property
    def file(self) -> Path:
        """Its own certificate, by which others know it."""
        path = self.folder / f"{self.name}.pem"
        if not path.exists():
            limits = x509.BasicConstraints(ca=True, path_length=0)
            made = _builder(self.name, self.name, self._own).add_extension(limits, critical=True)
            path.write_bytes(_pem(made.sign(self._own, hashes.SHA256())))
        return path

    def papers(self, subject: str, *names: str) -> Papers:
        """For a client, or for a server that is reached by these names and addresses."""
        key = _key()
        made = _builder(subject, self.name, key)
        if names:
            known = x509.SubjectAlternativeName([_general(each) for each in names])
            made = made.add_extension(known, critical=False)
        files = [self.folder / f"{self.name}-{subject}.{end}" for end in ("pem", "key")]
        files[0].write_bytes(_pem(made.sign(self._own, hashes.SHA256())))
        files[1].touch(mode=0o600)
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Papers(*files)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
