"""What a deployment asks of AWS, from the first plan to a rollback, in an environment whose names are the inventories'.

The calls are recorded. tests/unit/least_privilege/deployer_calls.jsonl has them, and the unit tests beside it hold the
deployer's policy against them. With ELK_RECORD_CALLS=1 this file writes them anew. The tests build on one another, in
this order.
"""

import dataclasses
import json
import os
import subprocess
from pathlib import Path

import ansible_process
import pytest
import recorded_calls
import yaml
from bundle_keys import signing_options
from deployer_policy import ENVIRONMENT, refused

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT / "inventories/shared"


@pytest.fixture(scope="module")
def deployment(aws, tmp_path_factory):
    """Names as all inventories have them; one environment of several in its account."""
    shared = {}
    for name in ("all.yml", "alarms.yml"):
        shared |= yaml.safe_load((SHARED / name).read_text())
    connection = {name: value for name, value in aws.variables.items() if name.startswith("aws_")}
    variables = {
        **shared,
        **connection,
        "octopus_environment": ENVIRONMENT,
        "octopus_variables": aws.variables["octopus_variables"] | {"LogTls": "false", "LogUser": ""},
        "broker_load_balancer": {"type": "classic", "name": "brokers"},
        "elb_log_shipper_timeout": aws.variables["elb_log_shipper_timeout"],
        "elb_log_shipper_architecture": "arm64" if os.uname().machine == "aarch64" else "x86_64",
        "aws_stacks_termination_protection": True,
    }
    yield dataclasses.replace(aws, variables=variables, inventory=tmp_path_factory.mktemp("inventory-deployer"))
    # Whatever comes next begins with an empty account.
    aws.emulator.stop()
    again = aws.emulator.start()
    assert again.returncode == 0, again.stdout + again.stderr


def play(deployment, *playbooks, **variables):
    for playbook, *arguments in playbooks:
        ended = deployment.play(playbook, *arguments, **variables)
        assert ended.returncode == 0, ended.stdout + ended.stderr


SITE = ("notifications.yml", "elb_logs.yml", "cloudwatch.yml")


def test_plan_deployment_and_second_deployment(deployment, sink):
    play(deployment, *((name, "--check") for name in SITE[:2]))
    play(deployment, *((name,) for name in SITE))
    play(deployment, *((name, "--check") for name in SITE))


def test_a_template_that_goes_through_the_artifact_bucket(deployment, sink, tmp_path):
    template = (ROOT / "roles/elb_log_shipper/files/elb-logs.yml").read_text()
    large = tmp_path / "elb-logs.yml"
    large.write_text(template.replace("Description: Ships each new", "Description: Ships any new", 1) + "# \n" * 20_000)
    for arguments in (("--check",), ()):
        play(deployment, ("elb_logs.yml", *arguments), elb_log_shipper_template=str(large))


def test_changed_settings_and_a_rollback(deployment, sink):
    changed = deployment.variables["octopus_variables"] | {"Application": "other"}
    play(deployment, ("elb_logs.yml",), octopus_variables=changed, elb_log_shipper_versions_kept=1)
    play(deployment, ("rollback.yml", "--tags", "elb_logs"))


# The emulator makes roles, and security groups. Launch templates, groups and load balancers it only says that it has
# made: no instance starts. It can't make indexers, since it looks up outputs that a condition leaves out.
GROUP = {
    "min": 3,
    "max": 4,
    "instance_type": "m7g.large",
    "image": "ami-0123456789abcdef0",
    "bundle": f"s3://example-{ENVIRONMENT}-artifacts/bundles/{ENVIRONMENT}/{'3f' * 32}.json",
}
GROUPS = {
    "instance_groups": {"brokers": GROUP},
    "instance_group_defaults": {
        "vpc": "vpc-0a1b2c3d4e5f60718",
        "subnets": ["subnet-0a1b2c3d4e5f60718"],
        "endpoints": {"prefix_list": "pl-6da54004", "security_group": "sg-0a1b2c3d4e5f60718"},
    },
}


def test_groups_of_instances(deployment):
    play(deployment, ("groups.yml", "--check"), **GROUPS | {"instance_groups": {"brokers": GROUP, "indexers": GROUP}})
    play(deployment, ("groups.yml",), ("groups.yml", "--check"), **GROUPS)
    # Without a load balancer in the inventory, alarms watch that of the brokers' group.
    alarms = deployment.play("cloudwatch.yml", "--check", broker_load_balancer={}, **GROUPS)
    assert alarms.returncode == 0, alarms.stdout + alarms.stderr
    assert "+ BrokerTargetResets AWS::CloudWatch::Alarm" in alarms.stdout


def test_a_bundle_an_upgrade_and_the_way_back(deployment, tmp_path):
    # What the emulator takes for credentials is in no bundle.
    hidden = {name: deployment.variables[name] for name in ("aws_access_key", "aws_secret_key")}
    rest = {name: value for name, value in deployment.variables.items() if name not in hidden}
    inventory = tmp_path / "inventory"
    bundles = dataclasses.replace(deployment, variables=rest, inventory=inventory)
    given = {**signing_options(tmp_path), "bundle_dest": str(tmp_path / "bundles"), "bundle_architectures": ["x86_64"]}
    options = ("-e", json.dumps(hidden | given))

    play(bundles, ("bundle.yml", "--check", *options), ("bundle.yml", *options))
    (first,) = (path.name.removesuffix(".tar.gz") for path in (tmp_path / "bundles").iterdir())
    play(bundles, ("bundle.yml", *options), bundle_extra_vars={"logstash_version": "9.9.9"})
    play(bundles, ("bundle.yml", "-e", f"bundle={first}", *options))

    with deployment.calls.open("a") as calls:
        calls.write(bundles.calls.read_text())


def test_drill(deployment):
    series = {"title": "Throttles", "alarm": "function-throttles", "series": "0 5x3 0x5", "expected": ["ALARM", "OK"]}
    play(deployment, ("drill.yml",), drill_alarms=["function-throttles"], drill_series=[series])


def test_verification(deployment):
    play(deployment, ("verify.yml",))


def test_the_dynamic_inventory(deployment):
    """The instances of a group have its tags, and no name."""
    tags = [{"Key": "Environment", "Value": "staging"}, {"Key": "Layer", "Value": "brokers"}]
    deployment.emulator.client("ec2").run_instances(
        ImageId="ami-0123456789abcdef0",
        MinCount=2,
        MaxCount=2,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    ended = subprocess.run(
        [ansible_process.BIN / "ansible-inventory", "-i", ROOT / "inventories/staging/ec2/aws_ec2.yml", "--list"],
        env={
            **os.environ,
            "AWS_ACCESS_KEY_ID": "emulator",
            "AWS_SECRET_ACCESS_KEY": "emulator",
            "AWS_ENDPOINT_URL": deployment.emulator.endpoint,
            **recorded_calls.environment(deployment.calls),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert len(set(found["brokers"]["hosts"])) == 2, found


def test_the_deployers_policy_allows_each_call(deployment):
    calls = recorded_calls.read(deployment.calls)
    assert len(recorded_calls.operations(calls)) > 50
    assert refused(calls) == []
    if os.environ.get("ELK_RECORD_CALLS"):
        recorded_calls.write_known(calls)
    known = recorded_calls.operations(recorded_calls.read(recorded_calls.KNOWN))
    assert recorded_calls.operations(calls) == known, "Record them: see 'Add a call of AWS' in CONTRIBUTING.md."
