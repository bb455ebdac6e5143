"""The policies of the stacks: what has to be allowed is, and nothing in them could be left out.

service_calls.csv has what AWS's services ask for, and what has to be refused, with sources. What the function asks for
is recorded here, from its own code.
"""

import csv
import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws.bucket_policy import Request
from aws_calls import sitecustomize
from botocore.client import BaseClient
from elb_log_shipper import handler
from elb_log_shipper.aws import continuations, s3, secrets
from iam_requests import requests_of
from shipper_receivers import HttpReceiver
from stack_policies import EVERYBODY, Call, narrowed, policies, read_calls, wrong

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
ACCOUNT = "123456789012"
AWS = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": ACCOUNT}
SECRETS = {
    "secretsmanager": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:elb-logs-abcdef",
    "ssm": f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/elb/password",
}
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:elb-logs-shipper"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:elb-logs-shipper"
# All that the templates can have.
ELB_LOGS = policies(
    ROOT / "roles/elb_log_shipper/files/elb-logs.yml",
    {
        "LogBucketName": "logs",
        "LogPrefix": "elb/",
        "OtherAccounts": "222222222222",
        "OtherAccountsSources": "arn:aws:logs:eu-west-1:222222222222:*",
        "MoreLogs": "arn:aws:s3:::logs/elb/AWSLogs/222222222222/*",
        "LoadBalancerAccountId": "156460612806",
        "VpcSubnetIds": "subnet-1",
        "ReadsSecrets": "true",
        "SecretArns": ",".join(SECRETS.values()),
    },
    {
        **AWS,
        "FunctionRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/function",
        "Function.Arn": FUNCTION,
        "Live": f"{FUNCTION}:live",
        "Objects.Arn": f"{QUEUE}-objects",
        "FailedEvents.Arn": f"{QUEUE}-failed",
        "FunctionLogGroup.Arn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/elb-logs-shipper:*",
    },
)
TOPICS = policies(
    ROOT / "templates/cloudformation/notifications.yml",
    {"Environment": "test"},
    {
        **AWS,
        "AlarmsTopic": f"arn:aws:sns:eu-west-1:{ACCOUNT}:elk-test-alarms",
        "NotificationsTopic": f"arn:aws:sns:eu-west-1:{ACCOUNT}:elk-test-notifications",
        "Key.Arn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/one",
    },
)
SECRETS_KEY, TOPICS_KEY = (f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{name}" for name in ("secrets", "topics"))
HOSTS = policies(
    ROOT / "templates/cloudformation/hosts.yml",
    {
        "Environment": "test",
        "Layer": "brokers",
        "ArtifactBucket": "artifacts",
        "ReadsSecrets": "true",
        "SecretArns": ",".join(SECRETS.values()),
        "SecretsKeyArn": SECRETS_KEY,
        "NotificationsTopicArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:elk-test-notifications",
        "NotificationsKeyArn": TOPICS_KEY,
        "Monitored": "true",
    },
    {
        **AWS,
        "AWS::StackName": "broker-test",
        "AWS::URLSuffix": "amazonaws.com",
        "InstanceRole.Arn": f"arn:aws:iam::{ACCOUNT}:role/broker-test",
    },
)
LOG = (ROOT / "tests/unit/elb_log_shipper/data/classic_elb.log").read_bytes() * 500
POLICIES = ELB_LOGS | TOPICS | HOSTS
STATEMENTS = [(policy, number) for policy, document in POLICIES.items() for number in range(len(document["Statement"]))]
NARROWED = [(policy, what, less) for policy, document in POLICIES.items() for what, less in narrowed(document)]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """S3, SQS and both stores of secrets."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer(LOG, "text/plain")

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            asked = self.headers["X-Amz-Target"]
            answers = {
                "AmazonSQS.SendMessage": {"MessageId": "1", "MD5OfMessageBody": ""},
                "secretsmanager.GetSecretValue": {"SecretString": "word"},
                "AmazonSSM.GetParameter": {"Parameter": {"Value": "word"}},
            }
            self._answer(json.dumps(answers[asked]).encode(), "application/x-amz-json-1.1")

        def _answer(self, body, kind):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def recorded(endpoint, tmp_path_factory):
    """The calls that the function makes: it ships an object, with a password from a store of secrets, until the time is
    up; then again with the other store."""
    folder = tmp_path_factory.mktemp("function")
    with pytest.MonkeyPatch.context() as monkeypatch:
        ship(endpoint, monkeypatch, folder)
    return [json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()]


def ship(endpoint, monkeypatch, folder):
    monkeypatch.setattr(BaseClient, "_make_api_call", BaseClient._make_api_call)
    sitecustomize.patch(BaseClient, folder / "calls.jsonl")
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "ELB_LOG_SHIPPER_SETTINGS": str(folder / "settings.json"),
        continuations.QUEUE_VARIABLE: f"{endpoint}/{ACCOUNT}/elb-logs-shipper-objects",
    }.items():
        monkeypatch.setenv(name, value)
    for client in (s3._client, continuations._client):
        client.cache_clear()
    for store, arn in SECRETS.items():
        secrets.forget()
        receiver = HttpReceiver([200])
        settings = {
            "LogHost": "127.0.0.1",
            "LogPort": str(receiver.port),
            "LogTransport": "http",
            "LogUser": "elb",
            "LogPassword": f"{store}:{arn}",
            "Environment": "test",
            "Component": "balancer",
            "Application": "shop",
            "TimeoutSeconds": 20,
            "RetrySeconds": 0,
        }
        (folder / "settings.json").write_text(json.dumps(settings))
        records = [{"s3": {"bucket": {"name": "logs"}, "object": {"key": f"elb/AWSLogs/{ACCOUNT}/one"}}}]
        # The time is up once something has arrived, and there is more than fits into one request.
        late = SimpleNamespace(get_remaining_time_in_millis=lambda to=receiver: 8_000 if to.events else 100_000)
        handler.lambda_handler({"Records": records}, late)
        handler._sinks.close()
        receiver.close()
    for client in (s3._client, continuations._client):
        client.cache_clear()


@pytest.fixture(scope="module")
def calls(recorded) -> list[Call]:
    """All that is asked for."""
    of_function = {one for call in recorded for one in requests_of(call, ACCOUNT)}
    own = [
        Call("FunctionRole", Request(EVERYBODY, *one, {"lambda:SourceFunctionArn": f"{FUNCTION}:7"}))
        for one in sorted(of_function)
    ]
    return [*read_calls(HERE / "service_calls.csv"), *own]


def test_the_function_asks_for_objects_secrets_and_the_queue_of_the_rest(recorded):
    asked = {action for call in recorded for action, _resource in requests_of(call, ACCOUNT)}
    assert asked == {"s3:GetObject", "sqs:SendMessage", "secretsmanager:GetSecretValue", "ssm:GetParameter"}


def test_what_is_asked_for_is_allowed_and_nothing_else(calls):
    assert wrong(POLICIES, calls) == []
    assert {one.policy for one in calls} == set(POLICIES)


def test_nothing_in_a_policy_can_be_left_out(calls):
    """Each statement, each action, resource and principal of several, and each condition."""
    needless = [f"{policy}: {what}" for policy, what, less in NARROWED if not wrong(POLICIES | {policy: less}, calls)]
    assert needless == []
    assert len(NARROWED) > 60


def unnamed(statement) -> Iterator[str]:
    """The actions and resources of a statement that have no name: any that end in any text from their beginning on."""
    actions, resources = (
        [value] if isinstance(value, str) else value for value in (statement["Action"], statement["Resource"])
    )
    yield from (one for one in actions if "*" in one)
    # The name is what follows the service, region and account.
    yield from (one for one in resources if re.match(r"\*|(arn:[^:]+:[^:]+:[^:]*:[^:]*:)[*?]", one))


def test_what_has_no_name_has_a_reason():
    reasons = {
        (row["policy"], row["statement"], row["value"]): row
        for row in csv.DictReader((HERE / "without_names.csv").open())
    }
    assert [key for key, row in reasons.items() if not (row["reason"] and row["source"].startswith("https://"))] == []
    found = {
        (policy, statement["Sid"], value)
        for policy, number in STATEMENTS
        for statement in [POLICIES[policy]["Statement"][number]]
        if statement["Effect"] == "Allow" and "Sid" in statement
        for value in unnamed(statement)
    }
    assert found == set(reasons)
