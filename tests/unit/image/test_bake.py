"""A bake makes an image once, and leaves nothing else, however it ends. Packer is a shell script here."""

import json
import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.image import bake as bake_module
from ansible_collections.elk.deploy.plugins.plugin_utils.image.bake import Bake, Cleaning, Interrupted, Order
from ansible_collections.elk.deploy.plugins.plugin_utils.image.errors import ImageError
from ansible_collections.elk.deploy.plugins.plugin_utils.image.inputs import Base
from ansible_collections.elk.deploy.plugins.plugin_utils.image.leftovers import Leftover
from ansible_collections.elk.deploy.plugins.plugin_utils.image.packer import Variables
from ansible_collections.elk.deploy.plugins.plugin_utils.image.runs import Runs, new_id

VARIABLES = Variables(
    "amazon-ebs", "debian-12", "x86_64", [], "", "", "", ["10.0.0.0/16"], 22, 20, "gp3", "", {"team": "logs"}
)  # fmt: skip
VALUES = {
    "region": "eu-west-1",
    "public_key": "",
    "variables": {
        "logstash_version": "9.5.2",
        "logstash_source": "repository",
        "logstash_package_url": "",
        "logstash_package_checksum": "",
        "logstash_plugins": [],
    },
}
MAKES_AN_IMAGE = 'echo "==> amazon-ebs.image: Creating AMI"'


class Account:
    """A cloud that remembers: {(kind, id): run}, and the fingerprints of what serves."""

    builder = "amazon-ebs"

    def __init__(self):
        self.things = {}
        self.serves = {}
        self.stuck = set()
        self.failing = ""

    def base(self, variables):
        return Base("ami-base", "/dev/xvda")

    def serving(self, fingerprint):
        return next((image for image, mark in self.serves.items() if mark == fingerprint), "")

    def prepare(self, run, variables, public_key, tags):
        assert tags == {"Name": f"bake {run}", "elk:bake": run, "elk:environment": "staging", "team": "logs"}
        assert public_key.startswith("ssh-ed25519 ")
        self.things |= {("key pair", "k"): run, ("security group", "sg"): run}
        if self.failing == "prepare":
            raise RuntimeError("AWS is away")
        # What Packer makes.
        self.things |= {("instance", "i"): run, ("image", "ami-new"): run, ("snapshot", "snap"): run}
        return {"key_name": "k"}

    def finish(self, run, fingerprint):
        if self.failing == "finish":
            raise ImageError("image_not_made", "no image")
        self.serves["ami-new"] = fingerprint
        return "ami-new"

    def leftovers(self, run=""):
        return [
            Leftover(kind, name, of)
            for (kind, name), of in self.things.items()
            if run in ("", of) and not (self.serves and kind in ("image", "snapshot"))
        ]

    def remove(self, leftover):
        if leftover.id in self.stuck:
            raise RuntimeError("in use")
        del self.things[leftover.kind, leftover.id]


class Script:
    """A Packer that runs a few lines of shell; $FILE has the variables of the run."""

    def __init__(self, lines):
        self.lines = lines
        self.given = None

    def build(self, variables, builder):
        assert builder == "amazon-ebs"
        self.given = json.loads(variables.read_text())
        return subprocess.Popen(
            ["bash", "-c", self.lines],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0,
            env={**os.environ, "KEY": self.given["key_file"]},
        )  # fmt: skip


@pytest.fixture
def account():
    return Account()


@pytest.fixture
def said():
    return []


@pytest.fixture
def bake(tmp_path, account, said):
    def run(lines=MAKES_AN_IMAGE):
        order = Order(tmp_path, tmp_path / "images", "staging", "brokers", VALUES, "1.2.0", "abc")
        script = Script(lines)
        run.script = script
        return Bake(order, script, VARIABLES, account, said.append).run()

    return run


def test_image_serves_afterwards_and_nothing_else_is_left(bake, account, said, tmp_path):
    assert bake('stat --format=%a "$KEY"; ' + MAKES_AN_IMAGE) == "ami-new"
    assert set(account.things) == {("image", "ami-new"), ("snapshot", "snap")}
    record = json.loads((tmp_path / "images/staging-brokers.json").read_text())
    assert record == {"image": "ami-new", "fingerprint": account.serves["ami-new"], "region": "eu-west-1"}
    (log,) = (tmp_path / "images/runs").glob("*/packer.log")
    assert log.read_text().splitlines()[0] == "600"
    assert any(line.endswith("Creating AMI") for line in said)


def test_packer_gets_what_the_tags_and_the_manifest_are_made_of(bake, account):
    bake()
    given = bake.script.given
    mark = account.serves["ami-new"]
    assert given["identity"]["elk:logstash"] == "9.5.2"
    assert given["base_image"] == "ami-base"
    assert given["root_device"] == "/dev/xvda"
    # By its name, an image that Packer had no time to tag is found.
    assert given["image_name"].endswith(given["bake"])
    inputs = json.loads(Path(given["inputs_file"]).read_text())
    assert inputs["image_inputs"]["fingerprint"] == mark
    assert inputs["image_inputs"]["inputs"]["base_image"] == "ami-base"
    assert inputs["logstash_version"] == "9.5.2"
    assert not Path(given["key_file"]).exists()


def test_the_same_image_is_not_made_again(bake, said):
    first = bake()
    said.clear()
    assert bake("exit 1") == first
    assert said[-1] == f"image {first} serves; nothing baked"


def test_a_bake_that_fails_leaves_nothing(bake, account, said):
    with pytest.raises(ImageError, match=r"^\[bake_failed\] Packer ended with 3;"):
        bake("echo '==> amazon-ebs.image: Launching'; exit 3")
    assert account.things == {}
    assert said[-1].startswith("nothing of run ")


@pytest.mark.parametrize("part", ["prepare", "finish"])
def test_so_does_one_that_fails_before_or_after_packer(bake, account, part):
    account.failing = part
    with pytest.raises((RuntimeError, ImageError)):
        bake()
    assert account.things == {}


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP"])
def test_a_bake_that_is_interrupted_lets_packer_end_and_leaves_nothing(bake, account, tmp_path, name):
    with pytest.raises(Interrupted):
        bake(f"trap 'echo I clean up; exit 1' INT; kill -{name} $PPID; while true; do sleep 0.1; done")
    assert account.things == {}
    (log,) = (tmp_path / "images/runs").glob("*/packer.log")
    assert "I clean up" in log.read_text()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_packer_that_does_not_end_is_killed(bake, account, monkeypatch):
    monkeypatch.setattr(bake_module, "_INTERRUPT_SECONDS", 0.2)
    with pytest.raises(Interrupted):
        bake("trap '' INT; kill -TERM $PPID; while true; do sleep 0.1; done")
    assert account.things == {}


def test_what_cannot_be_removed_is_named_though_the_image_serves(bake, account):
    account.stuck = {"k"}
    with pytest.raises(
        ImageError, match=r"^\[bake_not_removed\] image ami-new serves, .* key pair k\..*make bake-clean"
    ):
        bake()
    assert ("security group", "sg") not in account.things


def test_after_a_failure_it_is_named_beside_the_failure(bake, account, said):
    account.stuck = {"i"}
    with pytest.raises(ImageError, match=r"^\[bake_failed\]"):
        bake("exit 1")
    assert set(account.things) == {("instance", "i")}
    assert "could not remove instance i: in use" in said
    assert said[-1].endswith("instance i. Remove it: make bake-clean")


NOW = datetime(2026, 11, 28, 17, 30, tzinfo=UTC)
OLD, YOUNG = new_id(NOW - timedelta(hours=5)), new_id(NOW - timedelta(hours=1))


@pytest.fixture
def clean(tmp_path, account, said):
    account.things = {("instance", "i-old"): OLD, ("volume", "v-young"): YOUNG, ("key pair", "hand"): "by-hand"}
    runs = Runs(tmp_path)

    def of(**options):
        return Cleaning(**{"age": timedelta(hours=3), **options}).of(account, runs, NOW, said.append)

    of.runs = runs
    return of


def test_cleaning_removes_what_is_of_dead_runs_only(clean, account, said):
    assert clean() == 1
    assert set(account.things) == {("volume", "v-young"), ("key pair", "hand")}
    assert f"removed instance i-old, of run {OLD}" in said
    assert f"left alone: 1 of run {YOUNG}, since it began less than 3:00:00 ago, or not by `make bake`" in said


def test_cleaning_that_only_looks_removes_nothing(clean, account, said):
    assert clean(look=True) == 1
    assert ("instance", "i-old") in account.things
    assert f"would remove instance i-old, of run {OLD}" in said


def test_a_run_that_is_named_is_cleaned_at_any_age_unless_it_runs(clean, account, said):
    with clean.runs.running(YOUNG):
        assert clean(run=YOUNG) == 0
    assert said[0] == f"left alone: 1 of run {YOUNG}, since it runs"
    assert clean(run=YOUNG) == 1
    assert set(account.things) == {("instance", "i-old"), ("key pair", "hand")}


def test_a_run_of_this_checkout_that_ended_is_cleaned_at_once(clean, account):
    with clean.runs.running(YOUNG):
        pass
    clean()
    assert set(account.things) == {("key pair", "hand")}
