"""The same image gives the same manifest, whatever machine it was baked on and when."""

import json

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.image import manifest

HOME = "/usr/share/logstash"
LOGSTASH = {"version": "9.5.2", "home": HOME}
INPUTS = {"base_image": "ami-0123", "logstash_version": "9.5.2", "plugins": []}
PACKAGES = [
    "acl 2.3.1-3 amd64",
    "apt 2.6.1 amd64",
    "bash 5.2.15-2 amd64",
    "dash 0.5.12-2 amd64",
    "zlib1g 1:1.2.13 amd64",
]
OUTPUT = "config-files vim 9.0 amd64\n" + "".join(f"installed {line}\n" for line in reversed(PACKAGES))


def run(command):
    return 0, OUTPUT, ""


@pytest.fixture
def image(place, put):
    put("/etc/os-release", 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    put(
        f"{HOME}/Gemfile.lock",
        "    logstash-output-http (6.0.2-java)\n    logstash-input-http (4.1.0)\n    rack (3.0)\n",
    )
    put("/proc/sys/kernel/hostname", "ip-10-0-3-7")
    return place


def test_it_names_what_is_in_the_image(image):
    made = manifest.make(run, "apt", LOGSTASH, {"fingerprint": "0123456789abcdef", "inputs": INPUTS}, image)
    assert made.pop("architecture")
    assert made == {
        "format": 1,
        "fingerprint": "0123456789abcdef",
        "inputs": INPUTS,
        "system": "Debian GNU/Linux 12 (bookworm)",
        "logstash": "9.5.2",
        "plugins": {"logstash-input-http": "4.1.0", "logstash-output-http": "6.0.2"},
        "packages": PACKAGES,
    }


def test_the_same_image_gives_the_same_text(image):
    def reversed_run(command):
        return 0, "\n".join(reversed(OUTPUT.splitlines())), ""

    first = manifest.make(run, "apt", LOGSTASH, {"inputs": INPUTS}, image)
    second = manifest.make(reversed_run, "apt", LOGSTASH, {"inputs": dict(reversed(INPUTS.items()))}, image)
    assert manifest.text(first) == manifest.text(second)
    assert json.loads(manifest.text(first)) == first


def test_the_fingerprint_changes_with_every_input():
    whole = manifest.fingerprint(INPUTS)
    others = {manifest.fingerprint({**INPUTS, name: "other"}) for name in INPUTS}
    assert len({whole, *others}) == len(INPUTS) + 1
    assert manifest.FINGERPRINT.fullmatch(whole)
    assert manifest.fingerprint(dict(reversed(INPUTS.items()))) == whole


def test_a_fingerprint_that_is_none_is_refused(image):
    with pytest.raises(manifest.ManifestError, match=r"image_inputs.fingerprint is '../x'; expected 16 hex digits"):
        manifest.make(run, "apt", LOGSTASH, {"fingerprint": "../x"}, image)


def test_a_package_database_that_cannot_be_read_is_told():
    def broken(command):
        return 1, "", f"{command[0]}: database is locked"

    with pytest.raises(manifest.ManifestError, match="rpm ended with 1: rpm: database is locked"):
        manifest.packages(broken, "dnf")
