"""Keeps a certificate and a password in the emulator's Secrets Manager, where the log shipper or brokers look for them.

    python put_secret.py --endpoint http://127.0.0.1:4566 --name elk-local-log-shipper --directory build/elk-local/tls

reads `ca.crt`, `log-shipper.crt` and `log-shipper.key` there (--certificate names another one than `log-shipper`), and
`password`, which it makes when it is missing. Says on standard output whether anything was changed.
"""

import argparse
import json
import os
import secrets
from pathlib import Path

import boto3


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Keep a certificate and a password as a secret in the emulator.")
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--directory", required=True, type=Path)
    parser.add_argument("--certificate", default="log-shipper")
    options = parser.parse_args()
    folder = options.directory
    if not (folder / "password").exists():
        with open(os.open(folder / "password", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(secrets.token_urlsafe(24))
    name = options.certificate
    files = {"ca": "ca.crt", "certificate": f"{name}.crt", "key": f"{name}.key", "password": "password"}
    wanted = json.dumps({key: (folder / name).read_text() for key, name in files.items()})
    # The emulator takes any credentials.
    client = boto3.client(
        "secretsmanager",
        endpoint_url=options.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator",  # noqa: S106
    )
    try:
        found = client.get_secret_value(SecretId=options.name)["SecretString"]
    except client.exceptions.ResourceNotFoundException:
        client.create_secret(Name=options.name, SecretString=wanted)
        print("the secret was made")
        return
    if found != wanted:
        client.put_secret_value(SecretId=options.name, SecretString=wanted)
    print("the secret was renewed" if found != wanted else "the secret is there already")


if __name__ == "__main__":
    main()
