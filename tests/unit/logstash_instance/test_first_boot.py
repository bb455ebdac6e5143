"""First boot from the first question to the last word, in simulated time."""

import json
import socket
import stat

import pytest
from instance_world import HOSTNAME, INSTANCE, NO_HOOK, Bundles, MetadataService, packed, refusal
from logstash_instance.aws import Aws
from logstash_instance.deployment import failure
from logstash_instance.errors import AS_LONG_AS_THERE_IS_TIME, DeadlineError, DeploymentError
from logstash_instance.first_boot import FirstBoot, World
from logstash_instance.metadata import Metadata

GROUP = {"group": "brokers-staging", "launch_hook": "elk-launch"}
SETTINGS = {
    "environment": "staging",
    "layer": "brokers",
    **GROUP,
    "launch_timeout": 900,
    "stack": "brokers",
    "stack_resource": "Group",
    "history": "s3://artifacts/deployments/staging",
    "notifications_topic": "arn:aws:sns:eu-west-1:123456789012:alarms",
}
HOOK = {"AutoScalingGroupName": "brokers-staging", "LifecycleHookName": "elk-launch", "InstanceId": INSTANCE}


class Playbook:
    """Stands in for the run of the playbook: takes ``seconds``, and then does what ``ends`` has for this run."""

    def __init__(self, time):
        self.time, self.seconds, self.ends, self.deployments = time, 100, [], []

    def __call__(self, deployment, deadline, meanwhile):
        self.deployments.append(deployment)
        for _second in range(self.seconds):
            self.time.seconds += 1
            meanwhile()
            if not deadline.left():
                raise DeadlineError("ansible-playbook still ran at the end of the time that there was.")
        if self.ends and (end := self.ends.pop(0)):
            raise end


class Instance:
    """One that boots: again and again with the same disk."""

    def __init__(self, time, aws, paths, service):
        self.time, self.aws, self.paths, self.service = time, aws, paths, service
        self.playbook = Playbook(time)
        self.stops = 0

    def describe(self, tags=None, **changes):
        settings = {name: value for name, value in {**SETTINGS, **changes}.items() if value is not None}
        self.service.describe(json.dumps(settings), tags or {})

    def boot(self):
        """Returns the status of the unit, and the result."""

        def stop():
            self.stops += 1

        world = World(
            paths=self.paths,
            clock=self.time.clock(),
            now=self.time.since_1970,
            metadata=lambda deadline: Metadata(deadline, self.service.endpoint, request_seconds=0.05),
            aws=lambda _region: Aws("eu-west-1", self.aws.client),
            deploy=self.playbook,
            stop_logstash=stop,
        )
        status = FirstBoot(world).run()
        return status, json.loads(self.paths.result.read_text())

    def words(self):
        """What the group, the stack and the topic were told."""
        return (
            [call["LifecycleActionResult"] for call in self.aws.named("complete_lifecycle_action")],
            [call["Status"] for call in self.aws.named("signal_resource")],
            len(self.aws.named("publish")),
        )


@pytest.fixture
def instance(time, aws, paths, metadata_service, bundles):
    made = Instance(time, aws, paths, metadata_service)
    made.describe(bundle=bundles.upload(packed()))
    return made


def abandoned(instance, code, *parts):
    """Boots an instance that has to say no, everywhere, and stops Logstash."""
    status, result = instance.boot()
    assert (status, result["result"], result["code"]) == (1, "abandon", code)
    for part in parts:
        assert part in result["reason"]
    assert instance.stops == 1
    assert instance.words() == (["ABANDON"], ["FAILURE"], 1)
    return result


# -- it works


def test_an_instance_that_deploys_itself_serves(instance, aws, bundles):
    status, result = instance.boot()
    assert status == 0
    assert result == {
        "result": "continue",
        "code": "deployed",
        "reason": "The playbook has deployed this instance.",
        "attempts": 1,
        "began": "2023-11-14T22:13:20Z",
        "ended": "2023-11-14T22:15:00Z",
        "instance": INSTANCE,
        "environment": "staging",
        "layer": "brokers",
        "bundle": instance.service.answers["user-data"].partition("staging/")[2][:64],
        "image": "0123456789abcdef",
    }
    assert instance.words() == (["CONTINUE"], ["SUCCESS"], 0)
    assert aws.named("complete_lifecycle_action") == [HOOK | {"LifecycleActionResult": "CONTINUE"}]
    assert instance.stops == 0
    (deployment,) = instance.playbook.deployments
    assert (deployment.hostname, deployment.region) == (HOSTNAME, "eu-west-1")
    history = f"s3://artifacts/deployments/staging/2023-11-14T22:13:20Z-{INSTANCE}-first-boot.json"
    assert json.loads(aws.objects[history]) == result
    assert stat.S_IMODE(instance.paths.result.stat().st_mode) == 0o644


def test_the_hook_hears_before_the_stack_does(instance, aws):
    """The stack may go on with the next instance as soon as it has the signal."""
    instance.boot()
    names = [name for name, _arguments in aws.calls]
    assert names.index("complete_lifecycle_action") < names.index("signal_resource") < names.index("put_object")


def test_a_later_boot_has_nothing_to_do(instance, aws):
    instance.boot()
    before = len(aws.calls)
    instance.service.answers.clear()
    status, _result = instance.boot()
    assert status == 0
    assert len(aws.calls) == before
    assert len(instance.playbook.deployments) == 1


def test_tags_win_over_user_data(instance, bundles):
    instance.describe(
        tags={"Environment": "production", "Layer": "indexers"},
        bundle=bundles.upload(packed(), environment="production", logstash_versions={"indexers": "9.5.2"}),
    )
    _status, result = instance.boot()
    assert (result["result"], result["environment"], result["layer"]) == ("continue", "production", "indexers")


def test_an_instance_without_a_group_completes_and_signals_nothing(instance):
    nothing = dict.fromkeys((*GROUP, "launch_timeout", "stack", "stack_resource", "history", "notifications_topic"))
    instance.describe(**nothing, bundle=json.loads(instance.service.answers["user-data"])["bundle"])
    status, _result = instance.boot()
    assert status == 0
    assert {name for name, _arguments in instance.aws.calls} == {"get_object"}


def test_a_stack_that_is_not_updated_takes_no_signal_and_that_is_no_failure(instance, aws, caplog):
    caplog.set_level("INFO")
    aws.update_waits = False
    assert instance.boot()[0] == 0
    assert "Stack brokers takes no signal, as always when no update of it goes on." in caplog.messages


# -- the hook's time


def test_the_hook_is_extended_at_the_beginning_and_while_a_long_deployment_runs(instance, aws):
    instance.playbook.seconds = 800
    assert instance.boot()[0] == 0
    assert len(aws.named("record_lifecycle_action_heartbeat")) == 1 + 800 // 120
    assert aws.named("record_lifecycle_action_heartbeat")[0] == HOOK


def test_a_deployment_that_takes_too_long_is_ended_before_the_hook_ends(instance, time):
    instance.playbook.seconds = 5000
    result = abandoned(instance, "launch_timeout_reached", "840 of the 900 seconds", "first-boot.log")
    assert time.seconds <= 900
    assert result["attempts"] == 1


def test_a_short_hook_keeps_a_margin_too(instance, time, bundles):
    instance.describe(launch_timeout=40, bundle=bundles.upload(packed()))
    abandoned(instance, "launch_timeout_reached", "30 of the 40 seconds")
    assert time.seconds < 40


def test_a_hook_that_begins_to_wait_later_hears_too(instance, aws):
    """The group looks at its new instances from time to time."""
    instance.playbook.seconds = 1
    aws.faults["record_lifecycle_action_heartbeat"] = [refusal("ValidationError", NO_HOOK)]
    aws.faults["complete_lifecycle_action"] = [refusal("ValidationError", NO_HOOK)] * 3
    assert instance.boot()[0] == 0
    assert aws.hook_waits is False
    assert len(aws.named("complete_lifecycle_action")) == 4


def test_a_hook_that_does_not_wait_any_more_is_no_failure(instance, aws, caplog):
    caplog.set_level("INFO")
    aws.hook_waits = False
    assert instance.boot()[0] == 0
    assert "Hook elk-launch of group brokers-staging does not wait for this instance (any more)." in caplog.messages


def test_an_instance_that_may_not_complete_its_hook_is_not_in_service(instance, aws):
    aws.faults["complete_lifecycle_action"] = [refusal("AccessDenied", "no", 403)] * 100
    status, result = instance.boot()
    assert (status, result["result"], result["code"]) == (1, "abandon", "hook_not_completed")
    assert "autoscaling:CompleteLifecycleAction" in result["reason"]
    assert instance.stops == 1


def test_words_that_are_throttled_are_said_again(instance, aws):
    for operation in ("complete_lifecycle_action", "signal_resource", "put_object"):
        aws.faults[operation] = [refusal("Throttling", "Rate exceeded")] * 2
    assert instance.boot()[0] == 0
    assert aws.hook_waits is False
    assert any("first-boot.json" in address for address in aws.objects)


def test_heartbeats_that_fail_do_not_fail_the_deployment(instance, aws):
    aws.faults["record_lifecycle_action_heartbeat"] = [refusal("AccessDenied", "no", 403)] * 100
    assert instance.boot()[0] == 0


# -- it says no


def test_a_silent_metadata_service(instance, time):
    with socket.create_server(("127.0.0.1", 0)) as server:  # it takes connections, and never answers
        instance.service = MetadataService()
        instance.service.endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        status, result = instance.boot()
    assert (status, result["result"], result["code"]) == (1, "abandon", "metadata_unavailable")
    assert "does not answer" in result["reason"]
    assert instance.stops == 1
    assert time.seconds <= 120
    assert instance.words() == ([], [], 0)  # nobody is known to tell


def test_wrong_settings_are_told_to_the_hook_that_is_right(instance):
    instance.describe(bundle="nothing", archive="x")
    result = abandoned(instance, "instance_settings_invalid", "bundle is 'nothing'", "archive is 'x'")
    assert result["instance"] == INSTANCE
    assert instance.playbook.deployments == []


def test_a_broken_bundle(instance, bundles):
    instance.describe(bundle=bundles.upload(b"no tar"))
    abandoned(instance, "bundle_invalid", "cannot be unpacked")


def test_a_wrong_checksum(instance, aws, bundles):
    address = bundles.upload(packed())
    tar = address.replace(".json", ".tar.gz")
    aws.objects[tar] = aws.objects[tar][:-1] + b"x"
    instance.describe(bundle=address)
    abandoned(instance, "bundle_checksum_wrong", "SHA-256")


def test_a_wrong_signature(instance, aws, paths):
    paths.public_key.write_bytes(Bundles(aws).public_key)
    abandoned(instance, "bundle_signature_invalid", "not of the key that this image trusts")


def test_a_bundle_of_another_environment(instance, bundles):
    instance.describe(tags={"Environment": "production"}, bundle=bundles.upload(packed()))
    abandoned(instance, "bundle_of_other_environment", "of environment staging", "is of production")


def test_a_missing_bundle(instance, time, bundles):
    instance.describe(bundle=f"{bundles.folder}/{'0' * 64}.json")
    abandoned(instance, "object_missing", "0" * 64)
    assert time.seconds < 10


def test_a_bundle_that_may_not_be_read(instance, aws, time):
    aws.faults["get_object"] = [refusal("AccessDenied", "Access Denied", 403)] * 100
    abandoned(instance, "access_denied", "s3:GetObject")
    assert time.seconds <= 120


def test_s3_that_is_throttled_for_a_while(instance, aws, time):
    aws.faults["get_object"] = [refusal("SlowDown", "Reduce your request rate", 503)] * 8
    assert instance.boot()[0] == 0
    assert time.seconds > 100


def test_s3_that_is_throttled_for_too_long(instance, aws, time):
    aws.faults["get_object"] = [refusal("SlowDown", "Reduce your request rate", 503)] * 1000
    abandoned(instance, "aws_request_failed", "SlowDown")
    assert 700 < time.seconds < 900


def test_a_missing_secret(instance):
    output = (
        "[ERROR]: Task failed: The lookup plugin 'amazon.aws.secretsmanager_secret' failed: Failed to find secret x"
    )
    instance.playbook.ends = [failure(f"{output} (ResourceNotFound)\nOrigin: p.yml", 2)]
    result = abandoned(instance, "instance_deployment_failed", "Failed to find secret x (ResourceNotFound)")
    assert result["attempts"] == 1


def test_a_failure_that_may_pass_is_worth_another_run(instance):
    instance.playbook.ends = [DeploymentError("no", "package_failed", retry_seconds=AS_LONG_AS_THERE_IS_TIME), None]
    status, result = instance.boot()
    assert (status, result["attempts"]) == (0, 2)


def test_it_is_run_three_times_at_most(instance):
    instance.playbook.ends = [
        DeploymentError(f"no {number}", "package_failed", retry_seconds=AS_LONG_AS_THERE_IS_TIME) for number in range(9)
    ]
    result = abandoned(instance, "package_failed", "no 2")
    assert result["attempts"] == 3


def test_a_mistake_of_the_program_itself_is_said_too(instance):
    instance.playbook.ends = [ZeroDivisionError("oops")]
    abandoned(instance, "instance_failed", "ZeroDivisionError: oops")


def test_the_last_word_of_a_failure_is_abandon(instance, aws):
    """The group ends the instance then, whatever it was about to say."""
    instance.playbook.ends = [DeploymentError("no", "health_failed")]
    instance.boot()
    assert [name for name, _arguments in aws.calls[-4:]] == [
        *("signal_resource", "put_object", "publish", "complete_lifecycle_action"),
    ]


def test_a_disk_that_is_full_does_not_keep_the_hook_waiting(instance, monkeypatch):
    def full(*_arguments, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("logstash_instance.report.save", full)
    with pytest.raises(OSError, match="No space left"):
        instance.boot()
    assert instance.words()[0] == ["ABANDON"]


def test_logstash_is_stopped_before_anybody_hears(instance, aws):
    instance.playbook.ends = [DeploymentError("no", "health_failed")]
    heard = []
    aws.complete_lifecycle_action = lambda **_arguments: heard.append(instance.stops)
    instance.boot()
    assert heard == [1]


# -- again


class Killed(BaseException):
    """The power goes."""


@pytest.mark.parametrize("operation", ["record_lifecycle_action_heartbeat", "get_object", "complete_lifecycle_action"])
def test_the_next_boot_goes_on_after_one_that_was_cut_off(instance, aws, operation):
    aws.faults[operation] = [Killed()]
    with pytest.raises(Killed):
        instance.boot()
    assert not instance.paths.result.exists()
    status, result = instance.boot()
    assert (status, result["result"]) == (0, "continue")
    assert instance.words()[0][-1] == "CONTINUE"


def test_a_boot_in_the_middle_of_the_playbook_goes_on_with_the_bundle_that_is_there(instance, aws):
    instance.playbook.ends = [Killed()]
    with pytest.raises(Killed):
        instance.boot()
    assert not instance.paths.result.exists()
    status, result = instance.boot()
    assert (status, result["attempts"]) == (0, 2)
    assert [call["Key"].rpartition(".")[2] for call in aws.named("get_object")] == ["json", "gz", "json"]


def test_a_boot_between_the_hook_and_the_result_ends_the_same(instance, aws):
    aws.faults["signal_resource"] = [Killed()]
    with pytest.raises(Killed):
        instance.boot()
    status, result = instance.boot()
    assert (status, result["result"]) == (0, "continue")


def test_a_boot_after_a_failure_tries_again(instance):
    instance.playbook.ends = [DeploymentError("no", "health_failed"), None]
    assert instance.boot()[0] == 1
    status, result = instance.boot()
    assert (status, result["result"]) == (0, "continue")


# -- what is told


def test_history_that_cannot_be_written_leaves_the_result_on_the_instance(instance, aws, caplog):
    aws.faults["put_object"] = [refusal("AccessDenied", "no", 403)] * 100
    status, result = instance.boot()
    assert (status, result["result"]) == (0, "continue")
    assert any("The result is not in the history" in message for message in caplog.messages)
    assert instance.words() == (["CONTINUE"], ["SUCCESS"], 0)


def test_the_topic_hears_of_a_failure_with_the_reason(instance, aws):
    instance.playbook.ends = [DeploymentError("[health_failed] main does not run", "health_failed")]
    instance.boot()
    (message,) = aws.named("publish")
    assert message["Subject"] == f"first-boot of {INSTANCE}: abandon (staging, brokers)"
    assert json.loads(message["Message"])["code"] == "health_failed"


def test_the_journal_has_the_result_in_plain_lines(instance, caplog):
    caplog.set_level("INFO")
    instance.boot()
    assert {"result: continue", "attempts: 1", f"instance: {INSTANCE}"} <= set(caplog.messages)
