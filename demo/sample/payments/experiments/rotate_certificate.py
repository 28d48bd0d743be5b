"""Rotates a throwaway client certificate the way the real script does, and tells whether the new one is served."""
import datetime
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def issue(folder: Path, days: int) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "payments.example.org")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=days)).sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tls.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def days_left(folder: Path) -> int:
    certificate = x509.load_pem_x509_certificate((folder / "tls.crt").read_bytes())
    return (certificate.not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)).days


if __name__ == "__main__":
    action, folder = sys.argv[1], Path(sys.argv[2])
    if action == "issue":
        issue(folder, int(sys.argv[3]))
    else:
        left = days_left(folder)
        print(f"{left} days left")
        sys.exit(0 if left >= 30 else 1)
