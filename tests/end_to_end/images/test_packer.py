"""`make bake` with Packer's own builder for EC2, real SSH and Ansible: only the account of AWS is an emulator.

The playbook is a small one of this test, which writes down what it was given.
"""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from process_tree import kill_tree
from waiting import wait_for

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = """
- name: Bake
  hosts: brokers:indexers:shippers
  become: true
  gather_facts: false
  tasks:
    - name: Write down who and what
      ansible.builtin.copy:
        content: "{{ {'hosts': ansible_play_hosts_all, 'groups': group_names, 'output': broker_output | default(''),
                      'inputs': image_inputs} | to_json }}"
        dest: /etc/baked.json
        owner: root
        mode: "0644"
    - name: Copy a file of some size
      ansible.builtin.copy:
        src: /bin/bash
        dest: /opt/copied
        mode: "0755"
    - name: Say that it is here
      ansible.builtin.file:
        path: HERE
        state: touch
        mode: "0644"
      delegate_to: localhost
      become: false
    - name: Do what may fail
      ansible.builtin.command: {cmd: "COMMAND"}
      changed_when: true
    - name: Write the manifest
      ansible.builtin.copy:
        content: "{}"
        dest: "{{ image_manifests }}/{{ image_inputs.fingerprint }}.json"
        mode: "0644"
      delegate_to: localhost
      become: false
"""


@pytest.fixture
def bake(tmp_path, endpoint):
    """Starts `make bake` of staging with a var file of this test."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "ELK_IMAGES": str(tmp_path / "images"),
        "ENV": "staging",
    }
    started = []

    def start(instance=None, *, verb="bake", command="true", **values):
        playbook = tmp_path / "bake.yml"
        playbook.write_text(PLAYBOOK.replace("HERE", str(tmp_path / "here")).replace("COMMAND", command))
        given = {"playbook": str(playbook), **values}
        if instance:
            given |= {"ssh_host": "127.0.0.1", "ssh_port": instance.port}
        # JSON is HCL's other form.
        (tmp_path / "more.pkrvars.json").write_text(json.dumps(given))
        process = subprocess.Popen(
            [ROOT / "scripts/bake.sh", verb, "staging"],
            env=environment | {"VAR_FILE": str(tmp_path / "more.pkrvars.json"), "LAYER": "brokers"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        kill_tree(process.pid)
        process.wait()


def of_session(session):
    """The processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def ended(process):
    """What a bake said, which has to end well."""
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said


def of_bakes(ec2):
    """{kind: what is there with the tag of a bake}; instances only until they are terminated."""
    tagged = [{"Name": "tag-key", "Values": ["elk:bake"]}]
    reservations = ec2.describe_instances(Filters=tagged)["Reservations"]
    return {
        "instances": [
            one
            for reservation in reservations
            for one in reservation["Instances"]
            if one["State"]["Name"] != "terminated"
        ],
        "images": ec2.describe_images(Owners=["self"], Filters=tagged)["Images"],
        "snapshots": ec2.describe_snapshots(OwnerIds=["self"], Filters=tagged)["Snapshots"],
        "volumes": ec2.describe_volumes(Filters=tagged)["Volumes"],
        "keys": ec2.describe_key_pairs()["KeyPairs"],
        "groups": [one for one in ec2.describe_security_groups()["SecurityGroups"] if one["GroupName"] != "default"],
    }


def is_in_its_playbook(ec2, folder):
    """Waits until a bake is there, step by step: on a busy machine each takes its time."""
    running = "images/runs/*/running.json"
    wait_for(lambda: list(folder.glob(running)), "the run")
    wait_for(lambda: of_bakes(ec2)["instances"], "the instance")
    log = next(folder.glob(running)).parent / "packer.log"
    wait_for(lambda: "Executing Ansible" in log.read_text(), "Ansible")
    wait_for((folder / "here").exists, "the playbook")


def nothing_is_left(ec2):
    assert not any(of_bakes(ec2).values()), of_bakes(ec2)


def tags_of(thing):
    return {tag["Key"]: tag["Value"] for tag in thing["Tags"]}


@pytest.mark.parametrize(
    ("user", "base", "values"),
    [
        ("admin", "ami-00000000000000d02", {"use_proxy": False}),
        ("admin", "ami-00000000000000d02", {"use_proxy": True}),
        (
            "ec2-user",
            "ami-00000000000000a23",
            {"distribution": "amazon-linux-2023", "architecture": "arm64", "use_proxy": False},
        ),
    ],
    ids=["directly", "through-the-proxy", "amazon-linux-on-graviton"],
)
def test_image_is_made_tagged_and_made_once(bake, ec2, instance, tmp_path, user, base, values):  # noqa: PLR0913, PLR0917
    host = instance(user)
    said = ended(bake(host, tags={"team": "logs"}, **values))

    left = of_bakes(ec2)
    (image,), (snapshot,) = left.pop("images"), left.pop("snapshots")
    assert not any(left.values()), left
    assert f"image {image['ImageId']} serves" in said
    baked = json.loads(host.shell("cat /etc/baked.json"))
    fingerprint = baked["inputs"]["fingerprint"]
    expected = {
        "team": "logs",
        "elk:fingerprint": fingerprint,
        "elk:logstash": baked["inputs"]["inputs"]["logstash"],
        "elk:plugins": "none",
        "elk:base-image": base,
        "elk:environment": "staging",
    }
    for thing in (image, snapshot):
        assert expected.items() <= tags_of(thing).items()
        assert set(tags_of(thing)) == {*expected, "Name", "elk:bake", "elk:toolkit", "elk:commit"}
    assert (tmp_path / f"images/{fingerprint}.json").is_file()

    # The environment's variables apply, and none of its hosts is touched.
    assert baked["hosts"] == ["image"]
    assert baked["groups"] == ["brokers"]
    assert baked["output"] == "redis"
    # Nobody has a key to the image.
    assert host.shell(f"cat /home/{user}/.ssh/authorized_keys") == ""

    (reservation,) = ec2.describe_instances()["Reservations"]
    (builder,) = reservation["Instances"]
    assert builder["State"]["Name"] == "terminated"
    assert builder["MetadataOptions"]["HttpTokens"] == "required"
    assert builder["ImageId"] == base

    # The same inputs need no second image.
    assert f"image {image['ImageId']} serves; nothing baked" in ended(bake(**values))
    assert len(ec2.describe_instances()["Reservations"]) == 1


def test_a_bake_whose_playbook_fails_leaves_nothing_and_says_why(bake, ec2, instance):
    process = bake(instance(), command="ls /no-such-file-of-the-bake")
    said, _ = process.communicate()
    assert process.returncode == 1
    assert "/no-such-file-of-the-bake" in said
    assert "[bake_failed] Packer ended with " in said
    nothing_is_left(ec2)
    assert ec2.describe_images(Owners=["self"])["Images"] == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_bake_that_is_interrupted_leaves_nothing(bake, ec2, instance, tmp_path, name):
    process = bake(instance(), command="sleep 600")
    is_in_its_playbook(ec2, tmp_path)
    assert of_bakes(ec2)["instances"]
    process.send_signal(signal.Signals[name])
    said, _ = process.communicate()
    assert process.returncode == 130, said
    assert "interrupted" in said
    nothing_is_left(ec2)
    assert of_session(process.pid) == []


def test_what_a_killed_bake_left_is_found_and_removed_and_the_image_that_serves_is_not(bake, ec2, instance, tmp_path):
    ended(bake(instance()))
    (serving,) = of_bakes(ec2)["images"]
    (tmp_path / "here").unlink()

    process = bake(instance(), command="sleep 600", root_volume_size=30)
    is_in_its_playbook(ec2, tmp_path)
    kill_tree(process.pid)
    process.communicate()
    left = of_bakes(ec2)
    assert len(left["instances"]) == len(left["keys"]) == len(left["groups"]) == 1
    # As a kill while Packer makes the image leaves it: neither image nor snapshot have a tag yet.
    run = tags_of(left["instances"][0])["elk:bake"]
    half_made = ec2.create_image(InstanceId=left["instances"][0]["InstanceId"], Name=f"elk-brokers-9.5.2-x86_64-{run}")

    said = ended(bake(verb="clean"))
    assert f"removed instance {left['instances'][0]['InstanceId']}" in said
    assert f"removed image {half_made['ImageId']}" in said
    now = of_bakes(ec2)
    assert [one["ImageId"] for one in now.pop("images")] == [serving["ImageId"]]
    assert [tags_of(one)["elk:fingerprint"] for one in now.pop("snapshots")] == [tags_of(serving)["elk:fingerprint"]]
    assert not any(now.values()), now
    mine = ec2.describe_snapshots(
        OwnerIds=["self"], Filters=[{"Name": "description", "Values": ["Created by CreateImage*"]}]
    )
    assert len(mine["Snapshots"]) == 1
    assert "nothing to remove" in ended(bake(verb="clean"))


def test_wrong_values_are_said_before_anything_is_made(bake, ec2):
    process = bake(ssh_cidrs=["0.0.0.0/0"])
    said, _ = process.communicate()
    assert process.returncode == 1
    assert "[image_settings_invalid]" in said
    assert "The networks for SSH are a list" in said
    nothing_is_left(ec2)
