"""Role, stack, emulator and function together. The tests build on one another, in the order of this file."""

import base64
import dataclasses
import hashlib
import io
import json
import re
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.module_utils.aws.bucket_policy import Request, allows
from ansible_collections.elk.deploy.plugins.module_utils.aws.log_delivery import Destination, deliveries
from botocore.exceptions import EndpointConnectionError
from build_zip import build_zip
from elasticsearch_mapping import refusals
from waiting import wait_for

ROOT = Path(__file__).resolve().parents[3]
STACK = "elb-logs"
SMOKE_TEST = "elb-log-shipper-smoke-test"
FUNCTION = "elb-logs-shipper"
LOG_LINE = (
    "2026-03-02T08:00:00.123456Z {name} 198.51.100.23:49152 10.0.1.15:8080 0.000043 0.001337 0.000057 200 200 0 5120 "
    '"GET https://www.example.com:443/ HTTP/1.1" "Mozilla/5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2\n'
)


def put_log(aws, name, lines=1, bucket=None):
    key = f"AWSLogs/000000000000/elasticloadbalancing/a b+{name}.log"
    aws.emulator.client("s3").put_object(
        Bucket=bucket or aws.variables["elb_log_shipper_log_bucket"], Key=key, Body=LOG_LINE.format(name=name) * lines
    )
    return key


def recap_of(result):
    assert result.returncode == 0, result.stdout + result.stderr
    return result.recap


def said(result):
    """What a run printed, without the breaks that Ansible puts into long lines, and as it is outside of quotes."""
    return " ".join((result.stdout + result.stderr).replace("\\n", " ").replace('\\"', '"').split())


def left_overs(aws):
    """Something of each kind that the stack makes, as somebody else would have it: (names, how to remove them)."""
    s3, logs, sqs = (aws.emulator.client(service) for service in ("s3", "logs", "sqs"))
    bucket, group, queue = aws.variables["elb_log_shipper_log_bucket"], f"/aws/lambda/{FUNCTION}", f"{FUNCTION}-objects"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=bucket, Key="before", Body=b"1")
    logs.create_log_group(logGroupName=group)
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="before")

    def remove():
        # All of it was still there.
        assert s3.get_object(Bucket=bucket, Key="before")["Body"].read() == b"1"
        assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "before"
        s3.delete_object(Bucket=bucket, Key="before")
        s3.delete_bucket(Bucket=bucket)
        logs.delete_log_group(logGroupName=group)
        sqs.delete_queue(QueueUrl=url)

    return (f"Bucket {bucket}", f"Log group {group}", f"Queue {queue}"), remove


def test_what_was_there_before_is_named_and_left_alone(aws):
    """Before the first run; the next test goes on from an empty account."""
    names, remove = left_overs(aws)
    try:
        result = aws.play("elb_logs.yml")
        assert result.returncode != 0
        for name in names:
            assert f"{name} already exists" in result.stdout
        assert "elb_log_shipper_log_bucket" in result.stdout
        assert aws.emulator.client("cloudformation").describe_stacks()["Stacks"] == []
        assert aws.play("elb_logs.yml", "--check").returncode != 0
    finally:
        remove()
        delete_bucket(aws.emulator.client("s3"), aws.variables["elb_log_shipper_artifact_bucket"])


def delete_bucket(s3, bucket):
    """With all versions of its objects."""
    for one in s3.list_object_versions(Bucket=bucket).get("Versions", []):
        s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
    s3.delete_bucket(Bucket=bucket)


def test_a_bucket_of_that_name_in_another_account_is_not_used(aws):
    """Names are unique in all of S3: somebody who guesses the next one makes it first, with a package in it."""
    stranger = aws.emulator.client("s3", account="222222222222")
    bucket = aws.variables["elb_log_shipper_artifact_bucket"]
    stranger.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    try:
        result = aws.play("elb_logs.yml")
        assert result.returncode != 0
        assert f"bucket {bucket} is not account 000000000000's" in result.stdout
        assert "Contents" not in stranger.list_objects_v2(Bucket=bucket)
        assert stranger.get_bucket_versioning(Bucket=bucket).get("Status") is None
        assert aws.emulator.client("cloudformation").describe_stacks()["Stacks"] == []
    finally:
        delete_bucket(stranger, bucket)


def test_check_mode_before_the_first_run_changes_nothing(aws):
    recap = recap_of(aws.play("elb_logs.yml", "--check"))
    assert recap["changed"] == 3  # bucket, package, stack
    assert aws.emulator.client("s3").list_buckets()["Buckets"] == []
    # The one that its change set was worked out for is deleted again.
    stacks = aws.emulator.client("cloudformation").describe_stacks()["Stacks"]
    assert [one["StackStatus"] for one in stacks] == ["DELETE_COMPLETE"]


def test_the_first_run_deploys(aws):
    result = aws.play("elb_logs.yml")
    assert recap_of(result)["changed"] == 3  # bucket, package, stack
    said = result.stdout.partition("Show what to enter at the load balancers")[2]
    assert re.search(
        rf"Enter at each load balancer.*\n.*\bs3://{aws.variables['elb_log_shipper_log_bucket']}$", said, re.MULTILINE
    )
    stack = aws.emulator.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    groups = aws.emulator.client("logs").describe_log_groups()["logGroups"]
    assert [one["logGroupName"] for one in groups] == [f"/aws/lambda/{FUNCTION}"]


def live_version(aws, function=FUNCTION):
    return aws.emulator.client("lambda").get_alias(FunctionName=function, Name="live")["FunctionVersion"]


def versions_of(aws, function=FUNCTION):
    listed = aws.emulator.client("lambda").list_versions_by_function(FunctionName=function)["Versions"]
    return [one["Version"] for one in listed if one["Version"] != "$LATEST"]


def invoked_by_triggers(aws, function=FUNCTION, bucket=None):
    """What the bucket, and Lambda for the queue, invoke, by its ARN without the name in front."""
    bucket = bucket or aws.variables["elb_log_shipper_log_bucket"]
    notification = aws.emulator.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    arns = [one["LambdaFunctionArn"] for one in notification.get("LambdaFunctionConfigurations", [])]
    mappings = aws.emulator.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    arns += [one["FunctionArn"] for one in mappings if f":{function}-objects" in one["EventSourceArn"]]
    return [arn.partition(f":function:{function}")[2] for arn in arns]


def test_every_trigger_invokes_the_alias_which_runs_the_first_version(aws):
    assert invoked_by_triggers(aws) == [":live", ":live"]
    assert live_version(aws) == "1"
    assert versions_of(aws) == ["1"]


def test_the_second_run_and_check_mode_change_nothing(aws):
    assert recap_of(aws.play("elb_logs.yml"))["changed"] == 0
    assert recap_of(aws.play("elb_logs.yml", "--check"))["changed"] == 0


def test_the_deployed_code_is_the_package_of_that_hash(aws):
    function = aws.emulator.client("lambda").get_function(FunctionName=FUNCTION)
    with urllib.request.urlopen(function["Code"]["Location"]) as response:  # noqa: S310 - the emulator's address
        package = response.read()
    key, salt = keys_of(aws)
    assert salt == "elb_log_shipper/salt"
    assert key == f"elb_log_shipper/{hashlib.sha256(package).hexdigest()}.zip"
    assert function["Configuration"]["CodeSha256"] == base64.b64encode(hashlib.sha256(package).digest()).decode()
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        settings = json.loads(archive.read("elb_log_shipper/settings.json"))
    assert settings["Environment"] == "test"
    assert settings["LogHost"] == aws.emulator.gateway


def test_the_artifact_bucket_is_private_keeps_versions_and_belongs_to_one_class_of_environments(aws):
    s3, bucket = aws.emulator.client("s3"), aws.variables["elb_log_shipper_artifact_bucket"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    controls = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert controls["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    asked = Request(
        ("AWS", "000000000000"), "s3:GetObject", f"arn:aws:s3:::{bucket}/x", {"aws:SecureTransport": "true"}
    )
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    opened = policy | {"Statement": [*policy["Statement"], allow]}
    for account, secure, may in (
        ("000000000000", "true", True),
        ("000000000000", "false", False),
        ("2" * 12, "true", False),
    ):
        context = {"aws:SecureTransport": secure, "aws:PrincipalAccount": account}
        assert allows(opened, dataclasses.replace(asked, principal=("AWS", account), context=context)) == may
    result = aws.play("elb_logs.yml", elb_log_shipper_environment_class="production")
    assert result.returncode != 0
    assert f"bucket {bucket} belongs to environments of class 'test'" in result.stdout


def test_the_packages_hash_cannot_be_worked_out_from_its_settings(aws, tmp_path):
    """Whoever may see a key or a function's CodeSha256 could try guesses at the settings against it."""
    (settings,) = package_of(aws, "elb_log_shipper/settings.json")
    guessed = build_zip(ROOT / "lambda", settings.decode(), tmp_path / "guess.zip", architecture="x86_64")
    assert f"elb_log_shipper/{guessed}.zip" not in keys_of(aws)


def package_of(aws, *names):
    """Members of the package that is deployed."""
    function = aws.emulator.client("lambda").get_function(FunctionName=FUNCTION)
    with urllib.request.urlopen(function["Code"]["Location"]) as response:  # noqa: S310 - the emulator's address
        archive = zipfile.ZipFile(io.BytesIO(response.read()))
    return [archive.read(name) for name in names]


def test_a_package_that_was_exchanged_after_its_upload_is_not_deployed(aws):
    """The key has the right hash in its name, and somebody has put something else there."""
    s3, bucket = aws.emulator.client("s3"), aws.variables["elb_log_shipper_artifact_bucket"]
    key, _ = keys_of(aws)
    version = s3.put_object(Bucket=bucket, Key=key, Body=b"PK evil")["VersionId"]
    result = aws.play("elb_logs.yml")
    assert result.returncode != 0
    assert "is not the package that was built" in result.stdout
    assert version in result.stdout
    s3.delete_object(Bucket=bucket, Key=key, VersionId=version)


def test_the_stack_pins_the_packages_version(aws):
    """CloudFormation would fetch again what lies there, where the function is made anew or put back."""
    key, _ = keys_of(aws)
    s3, bucket = aws.emulator.client("s3"), aws.variables["elb_log_shipper_artifact_bucket"]
    version = s3.head_object(Bucket=bucket, Key=key)["VersionId"]
    stack = aws.emulator.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    # The emulator gives no value for an empty list.
    given = {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack["Parameters"]}
    assert (given["CodeKey"], given["CodeVersion"]) == (key, version)


def test_code_that_was_exchanged_in_the_function_is_noticed(aws):
    """CloudFormation sees no change; the function's own hash tells."""
    client = aws.emulator.client("lambda")
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("elb_log_shipper/handler.py", "lambda_handler = print\n")
    key, _ = keys_of(aws)
    s3, bucket = aws.emulator.client("s3"), aws.variables["elb_log_shipper_artifact_bucket"]
    version = s3.head_object(Bucket=bucket, Key=key)["VersionId"]
    client.update_function_code(FunctionName=FUNCTION, ZipFile=other.getvalue())
    try:
        client.get_waiter("function_updated_v2").wait(FunctionName=FUNCTION)
        result = aws.play("elb_logs.yml")
        assert result.returncode != 0
        assert f"Function {FUNCTION} does not run the package that was deployed" in result.stdout
    finally:
        # The hint that it names.
        client.update_function_code(FunctionName=FUNCTION, S3Bucket=bucket, S3Key=key, S3ObjectVersion=version)
        client.get_waiter("function_updated_v2").wait(FunctionName=FUNCTION)


def keys_of(aws):
    listed = aws.emulator.client("s3").list_objects_v2(Bucket=aws.variables["elb_log_shipper_artifact_bucket"])
    return [one["Key"] for one in listed["Contents"]]


def test_a_new_log_object_arrives_line_by_line(aws, sink):
    put_log(aws, "first", lines=12)
    wait_for(lambda: len(sink.lines) >= 12, "delivery of 12 lines")
    assert len(sink.lines) == 12
    event = sink.lines[0]
    assert (event["LoadBalancerName"], event["Status"], event["Application"]) == ("first", 200, "shop")
    assert event["Environment"] == "test"


def test_events_of_a_mixed_object_of_all_formats_fit_the_index_template(aws, sink):
    samples = sorted((ROOT / "tests/unit/elb_log_shipper/data").glob("*.log"))
    log = b"\n".join([*(path.read_bytes() for path in samples), b"no line of a load balancer"])
    key = "AWSLogs/000000000000/elasticloadbalancing/eu-west-1/2026/03/02/mixed.log"
    bucket = aws.variables["elb_log_shipper_log_bucket"]
    aws.emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=log)
    count = len(list(filter(None, log.split(b"\n"))))

    def of_it():
        return [one for one in sink.lines if one["ObjectKey"] == key]

    wait_for(lambda: len(of_it()) >= count, f"delivery of {count} lines")
    template = json.loads((ROOT / "templates/elasticsearch/mappings-original.json").read_text())["template"]
    assert [problem for event in of_it() for problem in refusals(event, template["mappings"])] == []
    assert {one.get("LogKind") for one in of_it()} == {"access", "connection", "health_check", None}
    assert {(one["Bucket"], one["Region"], one["AccountId"]) for one in of_it()} == {
        (bucket, "eu-west-1", "000000000000")
    }


def test_the_function_runs_unprivileged_in_a_container_of_this_emulator(aws):
    (container,) = aws.emulator.containers()
    processes = aws.emulator.run("docker", "top", container, "-eo", "uid,pid,args").stdout
    runtime = next(line for line in processes.splitlines() if "awslambdaric" in line)
    assert "elb_log_shipper.handler.lambda_handler" in runtime
    assert runtime.split()[0] == "993"


def test_the_functions_log_is_kept(aws):
    logs = aws.emulator.client("logs")

    def messages():
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{FUNCTION}")["events"]
        return "".join(one["message"] for one in found)

    wait_for(lambda: "REPORT RequestId:" in messages(), "report in the log group")
    assert '"lines": 12' in messages() or '"lines":12' in messages()


def test_an_event_that_fails_to_the_last_retry_is_kept(aws):
    """Nobody listens: three attempts, then the event waits in the queue."""
    key = put_log(aws, "lost")
    stack = aws.emulator.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    url = next(one["OutputValue"] for one in stack["Outputs"] if one["OutputKey"] == "FailedEventsQueueUrl")
    sqs = aws.emulator.client("sqs")
    received = wait_for(
        lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages"), "message in the queue"
    )
    body = json.loads(received[0]["Body"])
    assert body["requestContext"]["condition"] == "RetriesExhausted"
    assert urllib.parse.unquote_plus(body["requestPayload"]["Records"][0]["s3"]["object"]["key"]) == key


def url_of(aws, output, name=STACK):
    stack = aws.emulator.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return next(one["OutputValue"] for one in stack["Outputs"] if one["OutputKey"] == output)


def lines_of(sink, name):
    return [one for one in sink.lines if one["LoadBalancerName"] == name]


def test_the_rest_of_an_object_is_shipped_through_the_queue(aws, sink):
    """As the function hands it on near its time limit: from the second of three lines on."""
    key = put_log(aws, "rest", lines=3)
    wait_for(lambda: len(lines_of(sink, "rest")) >= 3, "delivery of the whole object")
    ids = [one["EventId"] for one in lines_of(sink, "rest")]
    sink.lines.clear()
    offset = len(LOG_LINE.format(name="rest"))
    rest = {"bucket": aws.variables["elb_log_shipper_log_bucket"], "key": key, "offset": offset, "line": 1}
    aws.emulator.client("sqs").send_message(
        QueueUrl=url_of(aws, "ObjectsQueueUrl"), MessageBody=json.dumps({"continue": rest})
    )
    wait_for(lambda: len(lines_of(sink, "rest")) >= 2, "delivery of the rest")
    assert [one["EventId"] for one in lines_of(sink, "rest")] == ids[1:]


def test_the_deployed_policy_lets_load_balancers_of_the_named_accounts_deliver(aws):
    others = ["222222222222", "012345678901"]
    bucket = aws.variables["elb_log_shipper_log_bucket"]
    try:
        assert recap_of(aws.play("elb_logs.yml", elb_log_shipper_delivering_accounts=others))["changed"] == 1
        policy = json.loads(aws.emulator.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
        to = Destination(bucket, "", "eu-west-1", "aws")
        assert [one for one in deliveries(policy, to, ["000000000000", *others]) if one["refused"]] == []
        assert [one for one in deliveries(policy, to, ["999999999999"]) if one["accounts"]] == []
    finally:
        assert recap_of(aws.play("elb_logs.yml"))["changed"] == 1


# A stack of its own: the emulator makes a bucket's notifications, and does not change them.
QUEUED = {
    "elb_log_shipper_trigger": "sqs",
    "elb_log_shipper_stack_name": "queued",
    "elb_log_shipper_log_bucket": "test-queued",
}


def test_the_trigger_may_be_a_queue(aws, sink):
    """The same package ships what comes through the queue, each line once."""
    assert recap_of(aws.play("elb_logs.yml", **QUEUED))["changed"] == 1  # the stack; the package is there
    assert recap_of(aws.play("elb_logs.yml", **QUEUED))["changed"] == 0
    bucket = QUEUED["elb_log_shipper_log_bucket"]
    notification = aws.emulator.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    assert not notification.get("LambdaFunctionConfigurations")
    assert notification["QueueConfigurations"][0]["QueueArn"].endswith(":queued-shipper-objects")
    put_log(aws, "queued", lines=12, bucket=bucket)
    put_log(aws, "queued-too", lines=5, bucket=bucket)
    wait_for(lambda: len(sink.lines) >= 17, "delivery of 17 lines")
    assert (len(lines_of(sink, "queued")), len(lines_of(sink, "queued-too"))) == (12, 5)
    assert len({one["EventId"] for one in sink.lines}) == 17
    names = ["VisibilityTimeout"]
    url = url_of(aws, "ObjectsQueueUrl", "queued")
    attributes = aws.emulator.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    assert int(attributes["Attributes"]["VisibilityTimeout"]) == 6 * aws.variables["elb_log_shipper_timeout"]


def test_a_message_that_fails_repeats_no_other_and_waits_for_its_next_try(aws, sink):
    """An object that is not there fails its own message only, which stays in the queue."""
    bucket = QUEUED["elb_log_shipper_log_bucket"]
    gone = {"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": "gone.log"}}}]}
    url = url_of(aws, "ObjectsQueueUrl", "queued")
    aws.emulator.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(gone))
    put_log(aws, "beside", lines=2, bucket=bucket)
    wait_for(lambda: len(lines_of(sink, "beside")) >= 2, "delivery of what can be had")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left():
        attributes = aws.emulator.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    wait_for(lambda: left() == 1, "single message that is left")
    assert len(lines_of(sink, "beside")) == 2
    aws.emulator.client("sqs").purge_queue(QueueUrl=url)


def test_changed_settings_are_new_code(aws, sink):
    changed = changed_settings(aws, "billing")
    checked = aws.play("elb_logs.yml", "--check", **changed)
    assert recap_of(checked)["changed"] == 3  # package, stack, alias
    assert f"Alias live of function {FUNCTION} would run a new version instead of version 1 (code)." in said(checked)
    assert len(keys_of(aws)) == 2  # the package, and the salt
    assert recap_of(aws.play("elb_logs.yml", **changed))["changed"] == 3
    assert len(keys_of(aws)) == 3
    assert live_version(aws) == "2"
    (tried,) = lines_of(sink, SMOKE_TEST)  # by the new code, before it got objects
    assert (tried["Application"], tried["Environment"]) == ("billing", "test")
    put_log(aws, "second")
    wait_for(lambda: lines_of(sink, "second"), "delivery by the new code")
    assert lines_of(sink, "second")[0]["Application"] == "billing"
    assert recap_of(aws.play("elb_logs.yml", **changed))["changed"] == 0
    assert recap_of(aws.play("elb_logs.yml", "--check", **changed))["changed"] == 0
    assert lines_of(sink, SMOKE_TEST) == [tried]


def changed_settings(aws, application, **more):
    return {"octopus_variables": aws.variables["octopus_variables"] | {"Application": application} | more}


def test_a_version_that_can_ship_nothing_gets_no_objects(aws, sink, sink_port):
    """The settings name a port that nobody listens at. The stack has the new code, and the alias stays with the old."""
    broken = changed_settings(aws, "broken", LogPort=1)
    result = aws.play("elb_logs.yml", **broken)
    assert result.returncode != 0
    assert f"Version 3 of function {FUNCTION} could not ship a synthetic line: DeliveryError: " in said(result)
    assert f"{aws.emulator.gateway}:1" in said(result)
    assert "Alias live stays at version 2." in said(result)
    assert '- {"level": "ERROR", "event": "failed"' in said(result)
    assert (live_version(aws), versions_of(aws)) == ("2", ["1", "2"])
    put_log(aws, "meanwhile")
    wait_for(lambda: lines_of(sink, "meanwhile"), "delivery by the version before")
    assert lines_of(sink, "meanwhile")[0]["Application"] == "billing"


def test_a_run_that_ended_before_the_alias_was_moved_is_completed(aws, sink):
    """What is deployed has been published already, and is not published again."""
    aws.emulator.client("lambda").publish_version(FunctionName=FUNCTION)  # the broken one
    (published,) = set(versions_of(aws)) - {"1", "2"}
    broken = changed_settings(aws, "broken", LogPort=1)
    assert f"would run version {published} instead of version 2" in said(aws.play("elb_logs.yml", "--check", **broken))
    assert aws.play("elb_logs.yml", **broken).returncode != 0
    assert published in versions_of(aws), "this run did not make it"
    assert recap_of(aws.play("elb_logs.yml", elb_log_shipper_smoke=False, **broken))["changed"] == 1
    assert live_version(aws) == published
    assert lines_of(sink, SMOKE_TEST) == []


def test_a_rollback_returns_to_the_version_before_and_the_next_deployment_goes_forward(aws, sink):
    """The version before is the one that ran: the broken one is skipped, since it did not follow itself."""
    assert recap_of(aws.play("rollback.yml", "--tags", "elb_logs", "--check"))["changed"] == 1
    result = aws.play("rollback.yml", "--tags", "elb_logs")
    assert recap_of(result)["changed"] == 1
    assert "runs version 2 instead of version" in said(result)
    assert live_version(aws) == "2"
    assert lines_of(sink, SMOKE_TEST)[0]["Application"] == "billing"
    repaired = changed_settings(aws, "repaired")
    assert recap_of(aws.play("elb_logs.yml", **repaired))["changed"] == 3
    forward = live_version(aws)
    assert recap_of(aws.play("rollback.yml", "--tags", "elb_logs"))["changed"] == 1
    assert live_version(aws) == "2"
    assert recap_of(aws.play("elb_logs.yml", **repaired))["changed"] == 1
    assert live_version(aws) == forward


def test_a_rollback_to_a_version_by_its_number(aws, sink):
    result = aws.play("rollback.yml", "--tags", "elb_logs", "-e", "function_version=77")
    assert result.returncode != 0
    assert "there is no version 77. There are: 1 (of " in said(result)
    assert recap_of(aws.play("rollback.yml", "--tags", "elb_logs", "-e", "function_version=1"))["changed"] == 1
    assert recap_of(aws.play("rollback.yml", "--tags", "elb_logs", "-e", "function_version=1"))["changed"] == 0
    assert live_version(aws) == "1"
    put_log(aws, "first-again")
    wait_for(lambda: lines_of(sink, "first-again"), "delivery by the first version")
    assert lines_of(sink, "first-again")[0]["Application"] == "shop"


def test_a_rollback_that_can_ship_nothing_stays(aws):
    """Nobody listens."""
    result = aws.play("rollback.yml", "--tags", "elb_logs", "-e", "function_version=2")
    assert result.returncode != 0
    assert "Alias live stays at version 1." in said(result)
    assert live_version(aws) == "1"


def test_a_rollback_of_hosts_leaves_the_function_alone(aws):
    assert aws.play("rollback.yml").returncode == 0
    assert live_version(aws) == "1"


def test_an_update_of_the_stack_alone_leaves_the_alias_where_it_is(aws, sink):
    """The template names the first version, and the alias runs another."""
    repaired = changed_settings(aws, "repaired")
    recap_of(aws.play("elb_logs.yml", **repaired))
    moved = live_version(aws)
    assert moved != "1"
    assert recap_of(aws.play("elb_logs.yml", elb_log_shipper_function_log_days=60, **repaired))["changed"] == 1
    assert live_version(aws) == moved
    tagged = {"elb_log_shipper_tags": {"Team": "platform"}, "elb_log_shipper_function_log_days": 60}
    aws.play("elb_logs.yml", **tagged, **repaired)
    assert live_version(aws) == moved


def test_changed_memory_is_a_new_version_and_the_last_ones_stay(aws, sink):
    more = {"elb_log_shipper_memory": 320, "elb_log_shipper_versions_kept": 1} | changed_settings(aws, "repaired")
    before = live_version(aws)
    result = aws.play("elb_logs.yml", **more)
    recap_of(result)
    assert "(memory)" in said(result)
    # The last one; the one before it; the first, which the template refers to.
    assert versions_of(aws) == ["1", before, live_version(aws)]
    assert int(live_version(aws)) > int(before)
    assert recap_of(aws.play("elb_logs.yml", **more))["changed"] == 0


def former_template(path):
    """The stack's template as it was before there was an alias: everything invoked the function itself."""
    template = yaml.load((ROOT / "roles/elb_log_shipper/files/elb-logs.yml").read_text(), TemplateLoader)  # noqa: S506 - safe
    resources = template["Resources"]
    for name in ("FirstVersion", "Live", "BucketMayInvokeLive", "LiveRetries"):
        del resources[name]
    resources["LogBucket"]["DependsOn"] = ["ObjectsPolicy", "BucketMayInvoke"]
    (notified,) = resources["LogBucket"]["Properties"]["NotificationConfiguration"]["LambdaConfigurations"]["Fn::If"][1]
    notified["Function"] = {"Fn::GetAtt": ["Function", "Arn"]}
    resources["FunctionWorksOffObjects"]["Properties"]["FunctionName"] = {"Ref": "Function"}
    for name in ("LiveAlias", "LiveAliasArn", "FirstVersion"):
        del template["Outputs"][name]
    path.write_text(json.dumps(template))
    return str(path)


class TemplateLoader(yaml.SafeLoader):
    """Reads a template with its short forms as the long ones."""


def _long_form(loader, suffix, node):
    if isinstance(node, yaml.SequenceNode):
        return {f"Fn::{suffix}": loader.construct_sequence(node, deep=True)}
    value = loader.construct_scalar(node)
    if suffix in ("Ref", "Condition"):
        return {suffix: value}
    return {f"Fn::{suffix}": value.split(".") if suffix == "GetAtt" else value}


TemplateLoader.add_multi_constructor("!", _long_form)


def test_a_stack_from_before_there_was_an_alias_is_taken_over(aws, sink, tmp_path):
    function, bucket = "former-shipper", "test-former"
    former = {"elb_log_shipper_stack_name": "former", "elb_log_shipper_log_bucket": bucket}
    result = aws.play("elb_logs.yml", elb_log_shipper_template=former_template(tmp_path / "former.yml"), **former)
    assert result.returncode != 0
    assert f"Function {function} has no alias live." in said(result)
    assert invoked_by_triggers(aws, function, bucket) == ["", ""]
    put_log(aws, "former", bucket=bucket)
    wait_for(lambda: lines_of(sink, "former"), "delivery by the former stack")

    assert recap_of(aws.play("elb_logs.yml", **former))["changed"] == 1
    assert invoked_by_triggers(aws, function, bucket) == [":live", ":live"]
    assert live_version(aws, function) == "1"
    put_log(aws, "taken-over", bucket=bucket)
    wait_for(lambda: lines_of(sink, "taken-over"), "delivery by the alias")
    # S3 goes on to notify the function for minutes.
    policy = json.loads(aws.emulator.client("lambda").get_policy(FunctionName=function)["Policy"])
    assert [one["Resource"].partition(f":function:{function}")[2] for one in policy["Statement"]] == [""]
    assert recap_of(aws.play("elb_logs.yml", **former))["changed"] == 0


def test_in_a_vpc_the_function_has_the_stacks_security_group(aws):
    """The emulator makes the group and none of its rules, which a unit test looks at."""
    ec2 = aws.emulator.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    inside = {
        "elb_log_shipper_stack_name": "inside",
        "elb_log_shipper_log_bucket": "test-inside",
        "elb_log_shipper_vpc_subnet_ids": [subnet["SubnetId"]],
        "elb_log_shipper_vpc_id": subnet["VpcId"],
        "elb_log_shipper_log_host_destination": "10.0.1.0/24",
        "elb_log_shipper_endpoint_destinations": ["sg-8c9d0e1f"],
    }
    recap_of(aws.play("elb_logs.yml", **inside))
    function = aws.emulator.client("lambda").get_function_configuration(FunctionName="inside-shipper")
    assert function["VpcConfig"]["SubnetIds"] == [subnet["SubnetId"]]
    (name,) = function["VpcConfig"]["SecurityGroupIds"]
    (group,) = ec2.describe_security_groups(GroupIds=[name])["SecurityGroups"]
    assert (group["VpcId"], group["IpPermissions"]) == (subnet["VpcId"], [])
    assert group["Description"].startswith("Function inside-shipper: ")
    assert recap_of(aws.play("elb_logs.yml", **inside))["changed"] == 0
    assert recap_of(aws.play("elb_logs.yml", "--check", **inside))["changed"] == 0


NAMES = {"LogHost": "h", "LogPort": 1, "Component": "c", "Application": "a"}


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"elb_log_shipper_log_bucket": ""}, 'elb_log_shipper_log_bucket is ""'),
        ({"elb_log_shipper_log_prefix": "AWSLogs/"}, 'elb_log_shipper_log_prefix is "AWSLogs/"'),
        ({"elb_log_shipper_delivering_accounts": [1402433619]}, "elb_log_shipper_delivering_accounts is "),
        (
            {"octopus_variables": NAMES | {"LogTransport": "tcp", "LogHost": {"value": "h", "sensitive": True}}},
            "settings.json holds a secret (variable LogHost)",
        ),
        ({"elb_log_shipper_timeout": 901}, "elb_log_shipper_timeout is 901"),
        ({"elb_log_shipper_trigger": "cron"}, "elb_log_shipper_trigger"),
        ({"elb_log_shipper_vpc_subnet_ids": ["subnet-1"]}, "elb_log_shipper_vpc_security_group_ids is []"),
        ({"elb_log_shipper_vpc_id": "vpc-0a1b2c3d"}, 'elb_log_shipper_vpc_id is "vpc-0a1b2c3d"'),
        ({"elb_log_shipper_log_host_destination": "10.0.1.0/24"}, "elb_log_shipper_log_host_destination is "),
        ({"elb_log_shipper_versions_kept": 0}, "elb_log_shipper_versions_kept is 0"),
        ({"elb_log_shipper_reserved_concurrency": 1}, "elb_log_shipper_reserved_concurrency is 1"),
        ({"octopus_variables": NAMES}, "LogTransport"),
    ],
)
def test_wrong_inputs_are_named_before_anything_is_touched(aws, variables, named):
    result = aws.play("elb_logs.yml", **variables)
    assert result.returncode != 0
    assert named in (result.stdout + result.stderr).replace("\\", "")
    assert result.recap["changed"] == 0


def test_a_stack_that_fails_says_why_and_the_next_run_heals_it(aws, tmp_path):
    template = tmp_path / "stack.yml"
    resource = {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.11", "Handler": "a.b"}}
    resource["Properties"] |= {"Role": "arn:aws:iam::000000000000:role/r"}
    resource["Properties"] |= {"Code": {"S3Bucket": "test-artifacts", "S3Key": "absent.zip"}}
    declared = {"Name": {"Type": "String"}, "Pin": {"Type": "String", "NoEcho": True}}
    template.write_text(json.dumps({"Parameters": declared, "Resources": {"Broken": resource}}))
    stack = {"name": "other", "template": str(template), "parameters": {"Name": "quite-private", "Pin": "hidden-one"}}
    result = aws.play("stacks.yml", aws_stacks_stacks=[stack])
    assert result.returncode != 0
    assert "with values for Name, Pin." in result.stdout
    assert "quite-private" not in result.stdout + result.stderr
    assert "hidden-one" not in result.stdout + result.stderr
    assert "Stack other could not be created or updated" in result.stdout + result.stderr
    assert "AWS::Lambda::Function Broken" in result.stdout + result.stderr

    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}
    template.write_text(json.dumps({"Parameters": {"Name": {"Type": "String"}}, "Resources": {"Queue": queue}}))
    stack["parameters"] = {"Name": "other-#{Octopus.Environment.Name}"}
    recap_of(aws.play("stacks.yml", aws_stacks_stacks=[stack]))
    assert recap_of(aws.play("stacks.yml", aws_stacks_stacks=[stack]))["changed"] == 0
    assert aws.emulator.client("sqs").get_queue_url(QueueName="other-test")["QueueUrl"]


def test_a_secret_that_cloudformation_would_show_is_refused_before_anything_is_touched(aws, tmp_path):
    template = tmp_path / "stack.yml"
    queue = {"Type": "AWS::SQS::Queue"}
    declared = {"Token": {"Type": "String"}}
    template.write_text(json.dumps({"Parameters": declared, "Resources": {"Queue": queue}}))
    secret = {"Secret": {"value": "a-sensitive-value", "sensitive": True}}
    stack = {"name": "telling", "template": str(template), "parameters": {"Token": "#{Secret | ToBase64}"}}
    variables = {"octopus_variables": secret, "aws_stacks_stacks": [stack]}
    result = aws.play("stacks.yml", **variables)
    assert result.returncode != 0
    assert "stack telling: parameter Token holds a secret (variable Secret)" in result.stdout
    names = [one["StackName"] for one in aws.emulator.client("cloudformation").describe_stacks()["Stacks"]]
    assert "telling" not in names
    declared["Token"]["NoEcho"] = True
    template.write_text(json.dumps({"Parameters": declared, "Resources": {"Queue": queue}}))
    result = aws.play("stacks.yml", "-vvv", **variables)
    recap_of(result)
    for form in ("a-sensitive-value", base64.b64encode(b"a-sensitive-value").decode()):
        assert form not in result.stdout + result.stderr


def test_what_is_left_of_a_creation_goes_only_when_nothing_of_before_goes_with_it(aws, tmp_path):
    """Somebody's own attempt, which failed at a log group that was there, left a stack that can't be updated."""
    resources = {"Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/before"}}}
    resources["Fails"] = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.11",
            "Handler": "a.b",
            "Role": "arn:aws:iam::000000000000:role/r",
            "Code": {"S3Bucket": "test-artifacts", "S3Key": "absent.zip"},
        },
    }
    cloudformation, logs = (aws.emulator.client(service) for service in ("cloudformation", "logs"))
    attempt = json.dumps({"Resources": {"Fails": resources["Fails"]}})
    cloudformation.create_stack(StackName="leftover", TemplateBody=attempt, OnFailure="DO_NOTHING")

    def status():
        return cloudformation.describe_stacks(StackName="leftover")["Stacks"][0]["StackStatus"]

    wait_for(lambda: "FAILED" in status() or "ROLLBACK_COMPLETE" in status(), "failed creation")
    logs.create_log_group(logGroupName="/before")
    template = tmp_path / "stack.yml"
    template.write_text(json.dumps({"Resources": {"Log": resources["Log"]}}))
    stacks = {"aws_stacks_stacks": [{"name": "leftover", "template": str(template)}]}
    failed, left = status(), aws.play("stacks.yml", **stacks)
    assert left.returncode != 0
    assert "Log group /before already exists" in left.stdout
    assert status() == failed
    assert logs.describe_log_groups(logGroupNamePrefix="/before")["logGroups"]

    logs.delete_log_group(logGroupName="/before")
    stopped = aws.play("stacks.yml", aws_stacks_replace_failed_creation=False, **stacks)
    assert stopped.returncode != 0
    assert f"Stack leftover is in state {failed}" in stopped.stdout
    assert recap_of(aws.play("stacks.yml", "--check", **stacks))["changed"] == 1
    assert status() == failed
    recap_of(aws.play("stacks.yml", **stacks))
    assert status() == "CREATE_COMPLETE"
    assert recap_of(aws.play("stacks.yml", **stacks))["changed"] == 0


def test_the_emulator_listens_on_loopback_and_the_gateway_only(emulator):
    sockets = emulator.run("ss", "-Hltn", f"sport = :{emulator.port}").stdout.splitlines()
    addresses = {line.split()[3] for line in sockets}
    assert addresses == {f"127.0.0.1:{emulator.port}", f"{emulator.gateway}:{emulator.port}"}


def test_no_image_is_pulled_and_nothing_is_downloaded(emulator):
    log = (emulator.state / "emulator.log").read_text()
    assert "Pulling" not in log
    assert "ownloading" not in log


def test_a_second_start_changes_nothing(emulator):
    again = emulator.start()
    assert again.returncode == 0
    assert "already running" in again.stdout
    other = emulator.start(port=emulator.port + 1)
    assert other.returncode == 1
    assert "--port" in other.stderr


def test_stop_removes_the_function_containers(aws, emulator):
    """Last of this file: the emulator is empty after it."""
    assert emulator.containers()
    try:
        stopped = emulator.stop()
        assert stopped.returncode == 0
        assert emulator.containers() == []
        with pytest.raises(EndpointConnectionError):
            aws.emulator.client("s3").list_buckets()
        assert "not running" in emulator.stop().stdout
    finally:
        again = emulator.start()
    assert again.returncode == 0, again.stdout + again.stderr
