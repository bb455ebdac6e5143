"""Secrets, and names of the machine, are found in the texts of files; what only looks like them is not."""

import base64
import dataclasses
import json

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.image import contents

VALUE = 'correct "horse" battery'
BODY = base64.b64encode(bytes(range(96))).decode()
KEY = f"-----BEGIN PRIVATE KEY-----\n{BODY[:64]}\n{BODY[64:]}\n-----END PRIVATE KEY-----\n"
# In two parts, so that no scanner takes them for keys of somebody.
ACCESS_KEY = "AKIA" + "QRSTUVWXYZ234567"
SECRET_KEY = "abcdefghij/klmnopqrst+" + "ABCDEFGHIJKLMNOPQR"


def find(place, secrets=()):
    return [(found.path, found.line, found.code) for found in contents.search(["/etc", "/opt/elk"], secrets, place)]


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        KEY.replace("PRIVATE", "RSA PRIVATE"),
        KEY.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n", 1),
        json.dumps({"key": KEY}),
        f"aws_access_key_id = {ACCESS_KEY}",
        f"AWS_SECRET_ACCESS_KEY='{SECRET_KEY}'",
        f"password: {VALUE}",
        json.dumps({"password": VALUE}),
        base64.b64encode(f"user:{VALUE}".encode()).decode(),
        "https://user:correct%20%22horse%22%20battery@es.example.com",
    ],
)
def test_a_secret_is_found_with_its_line_and_never_told(place, put, text):
    put("/etc/default/logstash", f"first\nsecond\n{text}\n")
    assert find(place, [VALUE]) == [("/etc/default/logstash", 3, contents.SECRET)]
    told = " ".join(found.what for found in contents.search(["/etc"], [VALUE], place))
    for secret in (VALUE, ACCESS_KEY, SECRET_KEY, BODY[:40]):
        assert secret not in told


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
        "A key begins with -----BEGIN PRIVATE KEY-----.",
        KEY.replace("PRIVATE KEY", "CERTIFICATE"),
        "AKIAIOSFODNN7EXAMPLE",  # pragma: allowlist secret - AWS's own example, as the next
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",  # pragma: allowlist secret
        "AKIA" + "Q" * 40,
        f"c2Vjc{ACCESS_KEY} is a part of Base64",
        "a short word is no secret that is searched for: tiny",
        "",
    ],
)
def test_what_only_looks_like_one_is_not(place, put, text):
    put("/etc/x", text)
    assert find(place, ["tiny", VALUE]) == []


@pytest.mark.parametrize(
    "text",
    [
        "127.0.1.1 ip-10-0-3-7",
        "hosts: [ip-10-0-3-7.eu-west-1.compute.internal]",
        "http://10.0.3.7:9200",
        "10.0.3.7.",
        "address 2001:DB8::7",
        'match: {macaddress: "0a:1b:2c:3d:4e:5f"}',
    ],
)
def test_the_machine_is_found(place, put, text):
    put("/opt/elk/x.conf", text)
    assert find(place) == [("/opt/elk/x.conf", 1, contents.NAME)]


@pytest.mark.parametrize(
    "text", ["10.0.3.70", "110.0.3.7", "10.0.3.7.1", "my-ip-10-0-3-7", "ip-10-0-3-77", "2001:db8::77"]
)
def test_a_neighbour_is_not_the_machine(place, put, text):
    put("/etc/x", text)
    assert find(place) == []


def test_a_large_file_is_searched_in_blocks(place, put, monkeypatch):
    monkeypatch.setattr(contents, "BLOCK", 64)
    monkeypatch.setattr(contents, "OVERLAP", 32)
    lines = ["a line of a log"] * 20
    # Across the end of a block, and once more in another one.
    lines[3] = lines[15] = VALUE
    put("/etc/x", "\n".join(lines))
    assert find(place, [VALUE]) == [("/etc/x", 4, contents.SECRET)]
    lines[3] = "a line of a log"
    put("/etc/x", "\n".join(lines))
    assert find(place, [VALUE]) == [("/etc/x", 16, contents.SECRET)]


def test_each_file_is_looked_at_once_and_no_link_is_followed(tmp_path, place, put):
    file = put("/etc/a/b", KEY)
    (tmp_path / "etc/link").symlink_to(file)
    (tmp_path / "etc/folder").symlink_to(file.parent)
    found = contents.search(["/etc", "/etc/a", "/etc/a/", "/missing"], [], place)
    assert [one.path for one in found] == ["/etc/a/b"]


def test_what_is_not_in_the_image_is_not_looked_at(place, put):
    put("/etc/hosts", "10.0.3.7 me")
    put("/root/.ansible/tmp/x/args", KEY)
    other = dataclasses.replace(place, own=("/root/.ansible/tmp/x",), mounted=frozenset(["/etc/hosts"]))
    assert contents.search(["/etc", "/root"], [], other) == []


def test_keys_that_let_in_are_found_but_for_packers(place, put):
    put(
        "/home/admin/.ssh/authorized_keys",
        "# a comment\n\nssh-ed25519 AAAA packer_65f0-12ab\nssh-rsa AAAA alice@example.com\n",
    )
    put("/root/.ssh/authorized_keys", "command=\"echo 'Log in as admin'\" ssh-ed25519 AAAA packer_65f0-12ab\n")
    put("/root/.ssh/authorized_keys2", "ssh-ed25519 AAAA\n")
    assert [(found.path, found.line) for found in contents.authorized_keys(place)] == [
        ("/root/.ssh/authorized_keys2", 1),
        ("/home/admin/.ssh/authorized_keys", 4),
    ]
