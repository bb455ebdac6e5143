"""The users' two promises: one command brings everything up and proves it, and removes all of it again."""

import gzip
import io
import json
import os
import re
import subprocess
import uuid
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests
import systemd_host
from waiting import wait_for

BUCKET = "example-local-elb-logs"
EVENTS = "/var/log/logstash/events.jsonl"
ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests/unit/elb_log_shipper/data"


def put(environment, name, body):
    """Puts an object into the bucket under a load balancer's key."""
    environment.aws("s3").put_object(Bucket=BUCKET, Key=key_of(name), Body=body)


def key_of(name):
    return f"AWSLogs/1/elasticloadbalancing/eu-west-1/2026/03/02/{name}.log"


def arrived(environment, name, count):
    """The events at the broker of a load balancer's name, once there are so many; raw lines carry it in their text."""

    def events():
        command = ["docker", "exec", environment.broker, "grep", "-F", name, EVENTS]
        lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
        found = [
            event for event in map(json.loads, lines) if name in event.get("LoadBalancerName", event.get("Message"))
        ]
        return found if len(found) >= count else []

    return wait_for(events, f"{count} events of {name}")


def test_deployment_after_a_killed_attempt_shows_the_events_at_the_broker(deployed):
    assert "12 events have arrived" in deployed
    assert f"Bucket {BUCKET}, prefix (none); at the load balancers: s3://{BUCKET}" in " ".join(deployed.split())
    assert deployed.count("LoadBalancerName: verify-") == 12  # the raw one has it from the name of its object
    for check in ("version", "settings", "monitor", "input broker_tcp", "input broker_http", "bucket", "function"):
        assert re.search(rf"(?m)^{check} +passed ", deployed), check
    assert "Environment local is up." in deployed
    assert "make destroy" in deployed


def test_verification_fails_when_the_bucket_lets_no_load_balancer_in(environment, deployed):
    """The log that it puts there itself would arrive."""
    s3 = environment.aws("s3")
    policy = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    assert "delivery.logs.amazonaws.com" in policy
    try:
        s3.put_bucket_policy(Bucket=BUCKET, Policy=policy.replace("AWSLogs/", "elsewhere/AWSLogs/"))
        ended = environment.playbook("verify.yml")
    finally:
        s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    assert ended.returncode != 0
    said = " ".join(ended.stdout.split())
    assert f"The policy of bucket {BUCKET} does not let access logs of Network Load Balancers of account" in said
    assert "events have arrived" not in said
    # All other checks were made, and whatever reads JUnit sees which one has failed.
    suites = {suite.get("name"): suite for suite in ElementTree.parse(ROOT / "build/verify/local.xml").getroot()}  # noqa: S314
    failed = [case.get("name") for case in suites["load-balancer logs"] if case.find("failure") is not None]
    assert failed == ["bucket"]
    assert (suites["broker-1"].get("failures"), suites["alarms"].get("failures")) == ("0", "0")
    assert int(suites["broker-1"].get("tests")) > 10


def test_verification_finds_what_somebody_has_changed_on_a_host(environment, deployed):
    environment.inside("chmod", "0700", "/var/log/logstash")
    try:
        ended = environment.playbook("verify.yml", "--limit", "brokers")
    finally:
        environment.inside("chmod", "0750", "/var/log/logstash")
    assert ended.returncode != 0
    assert "broker-1: directory /var/log/logstash: /var/log/logstash is logstash:logstash 0700." in ended.stdout


def test_second_deployment_changes_nothing_and_says_so(environment, deployed):
    assert "Nothing had to be changed" in environment.run("deploy.sh")


def shown(environment, what):
    """What `make status` or `make history` says as JSON."""
    ended = subprocess.run(
        [ROOT / "scripts/show.sh", what, "local"],
        env={**os.environ, "ELK_INVENTORY": str(environment.inventory), "FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def test_status_shows_the_broker_and_the_history_its_deployment(environment, deployed):
    status = shown(environment, "status")
    assert status["wrong"] == []
    assert [(one["host"], one["state"]) for one in status["hosts"]] == [("broker-1", "ready")]
    last = shown(environment, "history")["deployments"][-1]
    assert (last["host"], last["result"], last["release"]) == ("broker-1", "deployed", status["hosts"][0]["release"])


def alarms_of(environment):
    """The deployed alarms by name, composites among them, as CloudWatch describes them."""
    pages = environment.aws("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {one["AlarmName"]: one for one in [*pages["MetricAlarms"], *pages["CompositeAlarms"]]}


def stacks_of(environment):
    """When each stack was changed last, by its name."""
    stacks = environment.aws("cloudformation").describe_stacks()["Stacks"]
    return {
        one["StackName"]: one.get("LastUpdatedTime", one["CreationTime"])
        for one in stacks
        if one["StackStatus"] != "DELETE_COMPLETE"
    }


def test_all_stacks_are_up_and_the_alarms_notify_the_topic(environment, deployed):
    assert stacks_of(environment).keys() == {"notifications-local", "elb-logs", "alarms-local", "dashboard-local"}
    alarms = alarms_of(environment)
    errors = alarms["local-broker-connection-errors"]
    assert (errors["Statistic"], errors["Threshold"], errors["Period"], errors["EvaluationPeriods"]) == (
        "Sum",
        100,
        60,
        5,
    )
    topics = environment.aws("sns").list_topics()["Topics"]
    (topic,) = (one["TopicArn"] for one in topics if one["TopicArn"].endswith("-alarms"))
    assert alarms["local-broker-trouble"]["AlarmActions"] == alarms["local-broker-trouble"]["OKActions"] == [topic]
    assert "local-broker-connection-errors" in alarms["local-broker-trouble"]["AlarmRule"]


def test_a_changed_threshold_updates_one_alarm(environment, deployed):
    before = alarms_of(environment)
    change = json.dumps({"alarm_changes": {"broker-connection-errors": {"threshold": 250}}})
    shown = environment.playbook("cloudwatch.yml", "--check", "-e", change)
    assert shown.returncode == 0, shown.stdout
    assert alarms_of(environment) == before
    ended = environment.playbook("cloudwatch.yml", "-e", change)
    assert ended.returncode == 0, ended.stdout
    for said in (shown.stdout, ended.stdout):
        assert "BrokerConnectionErrors AWS::CloudWatch::Alarm" in said
        assert set(re.findall(r"\b(\w+) AWS::CloudWatch::Alarm", said)) == {"BrokerConnectionErrors"}
    assert alarms_of(environment)["local-broker-connection-errors"]["Threshold"] == 250
    assert environment.playbook("cloudwatch.yml").returncode == 0
    assert alarms_of(environment)["local-broker-connection-errors"]["Threshold"] == 100
    assert "changed=0" in environment.playbook("cloudwatch.yml").stdout


def test_a_deleted_stack_comes_back_and_no_other_is_touched(environment, deployed):
    before, names = stacks_of(environment), alarms_of(environment).keys()
    cloudformation = environment.aws("cloudformation")
    cloudformation.delete_stack(StackName="alarms-local")
    wait_for(lambda: "alarms-local" not in stacks_of(environment), "removal of the stack")
    ended = environment.playbook("site.yml", "--tags", "notifications,elb_logs,cloudwatch")
    assert ended.returncode == 0, ended.stdout
    after = stacks_of(environment)
    assert {name: time for name, time in after.items() if name != "alarms-local"} == {
        name: time for name, time in before.items() if name != "alarms-local"
    }
    assert alarms_of(environment).keys() == names


def test_preflight_refuses_the_statistic_that_hid_an_outage(environment, deployed):
    """With it refused by nobody, an alarm test fails, and draws the series that nobody would have heard of."""
    change = json.dumps({"alarm_changes": {"broker-connection-errors": {"statistic": "Maximum"}}})
    refused = environment.playbook("site.yml", "-e", change)
    assert refused.returncode != 0
    assert "[alarm_statistic_meaningless]" in refused.stdout
    tested = environment.playbook("alarms.yml", "-e", change)
    assert tested.returncode != 0
    assert "The broker refuses connections for two days" in tested.stdout


def test_a_subscriber_hears_of_each_alarm_and_of_the_outage_that_nobody_heard_of(environment, deployed):
    ended = environment.playbook("drill.yml")
    assert ended.returncode == 0, ended.stdout
    assert "6 alarms rang, and the subscriber of the drill heard of each" in " ".join(ended.stdout.split())
    left = environment.aws("cloudwatch").describe_alarms(AlarmNamePrefix="drill-")["MetricAlarms"]
    assert left == []
    assert not environment.aws("sqs").list_queues(QueueNamePrefix="alarm-drill").get("QueueUrls")


def test_every_field_of_real_lines_arrives(environment, deployed):
    name = f"fields-{uuid.uuid4().hex}"
    lines = (DATA / "classic_elb.log").read_bytes().replace(b"web-prod", name.encode())
    expected = [
        json.loads(line.replace("web-prod", name))
        for line in (DATA / "classic_elb.expected.jsonl").read_text().splitlines()
        if "web-prod" in line
    ]
    put(environment, name, lines)
    events = arrived(environment, name, len(expected))
    context = {"Environment": "local", "Application": "website", "Component": "load-balancer"}
    of_the_object = {(event.pop("Bucket"), event.pop("ObjectKey"), event.pop("Region")) for event in events}
    assert of_the_object == {(BUCKET, key_of(name), "eu-west-1")}
    for event in events:
        for added in ("@timestamp", "@version", "ArrivalTime"):
            event.pop(added, None)
    # Each has an id of its own, of the object and of its place in it.
    ids = {event.pop("EventId") for event in events}
    assert (len(ids), len({one.partition("-")[0] for one in ids})) == (len(events), 1)
    wanted = [{**event, **context} for event in expected]
    assert [event for event in wanted if event not in events] == []
    assert len(events) == len(wanted)


def test_gzip_object_with_a_key_that_has_to_be_decoded_arrives(environment, deployed):
    name = f"gzip-{uuid.uuid4().hex}"
    line = (DATA / "classic_elb.log").read_bytes().splitlines()[0].replace(b"web-prod", name.encode())
    put(environment, f"a key+with=signs {name}", gzip.compress(line + b"\n" + line + b"\n"))
    assert len(arrived(environment, name, 2)) == 2


def test_function_runs_the_deployed_package_with_its_settings(environment, deployed):
    function = environment.aws("lambda").get_function(FunctionName="elb-logs-shipper")
    package = zipfile.ZipFile(io.BytesIO(requests.get(function["Code"]["Location"], timeout=30).content))
    settings = json.loads(package.read("elb_log_shipper/settings.json"))
    assert settings["LogHost"] == environment.broker
    assert settings["Environment"] == "local"
    assert function["Configuration"]["Handler"] == "elb_log_shipper.handler.lambda_handler"


def test_transport_is_switched_to_http_and_back_by_one_variable(environment, deployed):
    name = f"http-{uuid.uuid4().hex}"
    ended = environment.playbook("elb_logs.yml", "-e", "log_transport=http")
    assert ended.returncode == 0, ended.stdout
    put(environment, name, (DATA / "classic_elb.log").read_bytes().replace(b"web-prod", name.encode()))
    inputs = json.loads(environment.inside("curl", "-s", "localhost:9600/_node/stats/pipelines"))["pipelines"]["broker"]
    before = {plugin["id"]: plugin["events"]["out"] for plugin in inputs["plugins"]["inputs"]}
    assert len(arrived(environment, name, 12)) == 12
    inputs = json.loads(environment.inside("curl", "-s", "localhost:9600/_node/stats/pipelines"))["pipelines"]["broker"]
    after = {plugin["id"]: plugin["events"]["out"] for plugin in inputs["plugins"]["inputs"]}
    assert after["broker_http"] - before["broker_http"] >= 12
    # Canaries, one in a quarter of a minute.
    assert after["broker_tcp"] - before["broker_tcp"] < 12
    assert environment.playbook("elb_logs.yml").returncode == 0


def test_rendered_settings_are_the_ones_on_the_host(environment, deployed, tmp_path):
    ended = environment.playbook("render.yml", "-e", f"render_to={tmp_path}")
    assert ended.returncode == 0, ended.stdout
    rendered = {
        str(path.relative_to(tmp_path / "broker-1")): path.read_text()
        for path in (tmp_path / "broker-1").rglob("*")
        if path.is_file() and path.parent.name != "tls"
    }
    assert set(rendered) == {
        "environment",
        "logstash.yml",
        "pipelines.yml",
        "unit.systemd",
        "pipelines/broker/10-input.conf",
        "pipelines/broker/20-canary.conf",
        "pipelines/broker/30-output-file.conf",
    }
    for name, text in rendered.items():
        assert environment.inside("cat", f"/etc/logstash/current/{name}") == text


def test_one_changed_variable_is_one_restart(environment, deployed):
    before = environment.inside("systemctl", "show", "--value", "--property", "MainPID", "logstash")
    ended = environment.playbook("logstash.yml", "-e", '{"logstash_settings": {"pipeline.workers": 1}}')
    assert ended.returncode == 0, ended.stdout
    after = environment.inside("systemctl", "show", "--value", "--property", "MainPID", "logstash")
    assert before != after
    again = environment.playbook("logstash.yml", "-e", '{"logstash_settings": {"pipeline.workers": 1}}')
    assert "changed=0" in again.stdout
    assert environment.inside("systemctl", "show", "--value", "--property", "MainPID", "logstash") == after


def test_a_phase_can_be_run_alone_and_the_next_one_goes_on_from_it(environment, deployed):
    setting = json.dumps({"logstash_settings": {"pipeline.batch.size": 100}})
    before = environment.inside("systemctl", "show", "--value", "--property", "MainPID", "logstash")
    ended = environment.playbook("logstash.yml", "--tags", "logstash_configure", "-e", setting)
    assert ended.returncode == 0, ended.stdout
    assert "pipeline.batch.size: 100" in environment.inside("cat", "/etc/logstash/logstash.yml")
    assert environment.inside("systemctl", "show", "--value", "--property", "MainPID", "logstash") == before
    ended = environment.playbook("logstash.yml", "--tags", "logstash_service", "-e", setting)
    assert ended.returncode == 0, ended.stdout
    assert environment.inside("systemctl", "show", "--value", "--property", "MainPID", "logstash") != before
    assert "changed=0" in environment.playbook("logstash.yml", "-e", setting).stdout


def test_token_without_a_value_stops_everything_before_a_host_is_touched(environment, deployed, tmp_path):
    (tmp_path / "broken.conf").write_text("input { stdin { } }\noutput { tcp { host => '#{NoSuchHost}' port => 1 } }\n")
    before = environment.inside("find", "/etc/logstash", "-newermt", "@0")
    pipelines = json.dumps(
        {"logstash_template_path": str(tmp_path), "logstash_pipelines": [{"id": "x", "templates": ["broken.conf"]}]}
    )
    ended = environment.playbook("site.yml", "-e", pipelines)
    assert ended.returncode != 0
    assert "#{NoSuchHost}" in ended.stdout
    assert "broken.conf:2" in ended.stdout
    assert "Gathering Facts" not in ended.stdout
    assert environment.inside("find", "/etc/logstash", "-newermt", "@0") == before


def test_dynamic_inventory_finds_the_tagged_instances_of_its_environment(environment, deployed):
    """The staging inventory's EC2 source against the emulator's EC2."""
    ec2 = environment.aws("ec2")
    for name, of in (("broker-9", "staging"), ("broker-8", "production")):
        tags = [
            {"Key": "Name", "Value": name},
            {"Key": "Layer", "Value": "brokers"},
            {"Key": "Environment", "Value": of},
        ]
        ec2.run_instances(
            ImageId="ami-00000000",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )
    listed = subprocess.run(
        [ROOT / ".venv/bin/ansible-inventory", "-i", ROOT / "inventories/staging/ec2/aws_ec2.yml", "--list"],
        env={
            **os.environ,
            "AWS_ACCESS_KEY_ID": "emulator",
            "AWS_SECRET_ACCESS_KEY": "emulator",
            "AWS_ENDPOINT_URL": environment.variables["aws_endpoint_url"],
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(listed.stdout)["brokers"]["hosts"] == ["broker-9"]


@pytest.fixture
def container_of_another(environment):
    """The name of a container that is not the environment's, and that a removal must leave alone."""
    name = f"{environment.instance.removesuffix('-e2e')}-of-another"
    systemd_host.remove(name)
    systemd_host.docker("run", "--detach", f"--name={name}", systemd_host.IMAGE, "sleep", "infinity")
    yield name
    systemd_host.remove(name)


def test_destroy_removes_all_of_it_and_nothing_else(environment, deployed, container_of_another):
    endpoint = environment.variables["aws_endpoint_url"]
    environment.run("destroy.sh")
    for command in (["docker", "ps", "-a"], ["docker", "network", "ls"]):
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert environment.instance not in listed
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{endpoint}/_localstack/health", timeout=5)
    assert not (environment.inventory / "group_vars/all/generated.yml").exists()
    running = systemd_host.docker("ps", "--format", "{{.Names}}").split()
    assert container_of_another in running


def test_destroy_again_finds_nothing_to_do(environment, deployed):
    assert "changed=0" in environment.run("destroy.sh")
