"""A small certificate authority in a directory, for environment `local` and for tests; never for real environments.

    python local/certificates/authority.py --directory build/elk-local/tls \\
        --certificate broker=broker-1,localhost --certificate shipper

writes `ca.crt`, `ca.key` and, for each name, `<name>.crt` and `<name>.key` (PKCS#8, which all plugins of Logstash
read). Existing ones are kept as long as they are valid for another month and have the required names. The last line on
standard output says whether anything was made.
"""

import argparse
import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
LASTS, RENEWED = 397 * DAY, 30 * DAY

SIGNS = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """The authority whose certificate and key lie in a directory; made where there is none.

    `name` is its common name.
    """

    def __init__(self, directory: Path, name: str = "Authority of an environment for tests") -> None:
        self.directory = directory
        self.made = False
        self.path = directory / "ca.crt"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _holds(self.path, ()):
            self._key = _new_key()
            self._certificate = self._sign(name, self._key)
            self._write("ca", self._certificate, self._key)
            return
        self._certificate = x509.load_pem_x509_certificate(self.path.read_bytes())
        self._key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), password=None)

    def issue(
        self,
        name: str,
        hosts: tuple[str, ...] = (),
        begin: datetime.timedelta = -DAY,
        end: datetime.timedelta = LASTS,
    ) -> tuple[Path, Path]:
        """The paths of a certificate, for server and client alike, and of its key; `hosts` are names and addresses.

        `begin` and `end` are counted from now.
        """
        certificate, key = self.directory / f"{name}.crt", self.directory / f"{name}.key"
        if not _holds(certificate, hosts, self._certificate) or not key.exists() or (begin, end) != (-DAY, LASTS):
            made = _new_key()
            self._write(name, self._sign(name, made, hosts, between=(begin, end)), made)
        return certificate, key

    def _sign(self, name, key, hosts=(), between=(-DAY, LASTS)) -> x509.Certificate:
        authority = key is self._key
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if authority else self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + between[0])
            .not_valid_after(now + between[1])
            .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if authority:
            # Python refuses an authority without, from 3.13 on.
            builder = builder.add_extension(SIGNS, critical=True)
        else:
            usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
            builder = builder.add_extension(usages, critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> None:
        self.made = True
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        # The certificate last: it says that both are there.
        for suffix, content, mode in (
            ("key", text, 0o600),
            ("crt", certificate.public_bytes(serialization.Encoding.PEM), 0o644),
        ):
            temporary = self.directory / f".{name}.{suffix}"
            temporary.unlink(missing_ok=True)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
                stream.write(content)
            temporary.replace(self.directory / f"{name}.{suffix}")


def _new_key() -> rsa.RSAPrivateKey:
    # The tcp and redis outputs read RSA keys only.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _holds(path: Path, hosts: tuple[str, ...], issuer: x509.Certificate | None = None) -> bool:
    """Whether a certificate is there, holds for another month, and has these names and is this issuer's."""
    if not path.exists():
        return False
    found = x509.load_pem_x509_certificate(path.read_bytes())
    if found.not_valid_after_utc - datetime.datetime.now(datetime.UTC) < RENEWED:
        return False
    if not issuer and SIGNS not in [extension.value for extension in found.extensions]:
        return False
    if issuer:
        try:
            found.verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError):
            return False
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return not hosts
    return list(names) == [_general_name(host) for host in hosts]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make a small certificate authority and certificates of it.")
    parser.add_argument("--directory", required=True, type=Path)
    parser.add_argument("--certificate", action="append", default=[], metavar="NAME[=HOST,...]")
    options = parser.parse_args()
    authority = Authority(options.directory)
    for wanted in options.certificate:
        name, _, hosts = wanted.partition("=")
        authority.issue(name, tuple(host for host in hosts.split(",") if host))
    print("certificates were made" if authority.made else "certificates are there already")


if __name__ == "__main__":
    main()
