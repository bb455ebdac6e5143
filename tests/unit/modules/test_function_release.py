"""The module function_release against recorded answers of Lambda, for what no emulator does."""

import base64
import io
import json

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import RetryingBotoClientWrapper
from ansible_collections.elk.deploy.plugins.modules import function_release
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

NAME = "shipper"
OLD, NEW = "old-sha256", "new-sha256"


def version(number, sha256, description=""):
    return {"FunctionName": NAME, "Version": number, "CodeSha256": sha256, "Description": description, "Timeout": 300}


class Aws:
    """A stub of Lambda: what it is expected to be asked, in this order, and answers."""

    def __init__(self, patch):
        self._client = boto3.client("lambda", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
        self._stub = Stubber(self._client)
        self._stub.activate()
        self.asked = []
        self._client.meta.events.register("provide-client-params.lambda", self._note)
        patch.setattr(AnsibleAWSModule, "client", self.client)

    def client(self, service, retry_decorator=None, **options):
        assert service == "lambda"
        if options:  # a smoke test is not repeated because its answer was lost
            assert options["config"]["retries"] == {"total_max_attempts": 1}
        return RetryingBotoClientWrapper(self._client, retry_decorator)

    def _note(self, model, **_):
        self.asked.append(model.name)

    def answers(self, operation, expected=None, **answer):
        self._stub.add_response(operation, answer, {"FunctionName": NAME, **expected} if expected else None)

    def refuses(self, operation, code, status=400):
        self._stub.add_client_error(operation, code, "refused", status)

    def there(self, *versions, latest=NEW, running="1", aliases=()):
        self.answers("list_versions_by_function", Versions=[version("$LATEST", latest), *versions])
        live = {"Name": "live", "FunctionVersion": running, "RevisionId": "r1"}
        self.answers("list_aliases", Aliases=[live, *aliases])

    def is_active(self, state="Active", **more):
        self.answers("get_function_configuration", {"Qualifier": ANY}, **version("2", NEW), State=state, **more)

    def publishes(self, number="2"):
        self.answers("get_function_configuration", LastUpdateStatus="Successful")
        self.answers(
            "publish_version",
            {"CodeSha256": NEW, "Description": "Follows version 1"},
            **version(number, NEW, "Follows version 1"),
        )

    def invoked(self, payload, log="", **more):
        body = json.dumps(payload).encode() if not isinstance(payload, bytes) else payload
        self.answers(
            "invoke",
            {"Qualifier": ANY, "LogType": "Tail", "Payload": ANY},
            StatusCode=200,
            LogResult=base64.b64encode(log.encode()).decode(),
            Payload=StreamingBody(io.BytesIO(body), len(body)),
            **more,
        )

    def ships(self):
        self.invoked({"smoke": "version-2-0a0a0a0a", "lines": 1, "acknowledged": 1, "unparsed": 0})

    def moves(self, number="2"):
        self.answers(
            "update_alias",
            {
                "Name": "live",
                "FunctionVersion": number,
                "RevisionId": "r1",
                "RoutingConfig": {"AdditionalVersionWeights": {}},
            },
            FunctionVersion=number,
        )

    def deletes(self, number):
        self.answers("delete_function", {"Qualifier": number}, StatusCode=204)

    def asked_all(self):
        self._stub.assert_no_pending_responses()


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setattr(function_release.secrets, "token_hex", lambda length: "0a" * length)
    monkeypatch.setitem(function_release.WAITER, "Delay", 0)
    return Aws(monkeypatch)


@pytest.fixture
def release(run_module):
    def run(**options):
        given = {} if "rollback_to" in options else {"sha256": NEW, "bucket": "b", "key": "k", "version": "v"}
        return run_module(function_release, name=NAME, region="eu-west-1", **given, **options)

    return run


def test_new_code_is_published_tried_and_made_live_in_this_order(aws, release):
    aws.there(version("1", OLD))
    aws.publishes()
    aws.is_active()
    aws.ships()
    aws.moves()
    result = release()
    assert (result["changed"], result["running"], result["before"]) == (True, "2", "1")
    assert result["msg"] == f"Alias live of function {NAME} runs version 2 instead of version 1 (code)."
    aws.asked_all()


def test_what_runs_already_is_left_alone(aws, release):
    aws.there(version("1", NEW))
    result = release()
    assert (result["changed"], result["running"]) == (False, "1")
    aws.asked_all()


LOG = 'START\n{"event": "failed"}\nREPORT'


@pytest.mark.parametrize(
    ("answer", "more", "said"),
    [
        (
            {"errorType": "DeliveryError", "errorMessage": "nobody there"},
            {"FunctionError": "Unhandled"},
            "nobody there",
        ),
        (b"Task timed out", {"FunctionError": "Unhandled"}, "Task timed out"),
        ({"smoke": "version-2-0a0a0a0a", "lines": 1, "acknowledged": 0, "unparsed": 0}, {}, "it answered"),
        ({"smoke": "version-2-0a0a0a0a", "lines": 1, "acknowledged": 1, "unparsed": 1}, {}, "it answered"),
        ({"smoke": "another", "lines": 1, "acknowledged": 1, "unparsed": 0}, {}, "it answered"),
        ({"objects": 0, "lines": 0}, {}, "it answered"),
        (None, {}, "it answered null"),
        (b"", {}, "it answered"),
    ],
)
def test_a_version_that_does_not_ship_is_deleted_and_the_alias_stays(aws, release, answer, more, said):
    aws.there(version("1", OLD))
    aws.publishes()
    aws.is_active()
    aws.invoked(answer, LOG, **more)
    aws.deletes("2")
    result = release()
    assert result["failed"]
    assert result["codes"] == ["function_smoke_failed"]
    assert said in result["msg"]
    assert "Alias live stays at version 1." in result["msg"]
    assert '- {"event": "failed"}\n- REPORT' in result["msg"]
    aws.asked_all()


def test_a_version_that_does_not_become_active_is_deleted(aws, release):
    aws.there(version("1", OLD))
    aws.publishes()
    aws.is_active("Pending")
    aws.is_active("Failed", StateReason="The subnet has no free addresses")
    aws.deletes("2")
    result = release()
    assert result["codes"] == ["function_version_unusable"]
    assert "is in state Failed: The subnet has no free addresses" in result["msg"]
    aws.asked_all()


def test_a_version_that_was_there_before_is_not_deleted(aws, release):
    aws.there(version("1", OLD), version("2", NEW, "Follows version 1"))
    aws.is_active()
    aws.invoked({"errorMessage": "no"}, FunctionError="Unhandled")
    assert release()["failed"]
    aws.asked_all()
    assert "DeleteFunction" not in aws.asked


def test_two_runs_at_once_do_not_move_the_alias_back(aws, release):
    aws.there(version("1", OLD), version("2", NEW))
    aws.is_active()
    aws.ships()
    aws.refuses("update_alias", "PreconditionFailedException", 412)
    assert "Somebody else has moved alias live" in release()["msg"]


def test_the_smoke_test_can_be_left_out(aws, release):
    aws.there(version("1", OLD))
    aws.publishes()
    aws.is_active()
    aws.moves()
    assert release(smoke=False)["changed"]
    aws.asked_all()


def test_code_that_was_exchanged_is_not_published(aws, release):
    aws.there(version("1", OLD), latest="evil")
    result = release()
    assert result["codes"] == ["function_code_replaced"]
    assert f"Function {NAME} does not run the package that was deployed: its code has SHA-256 evil" in result["msg"]
    assert "--s3-key k --s3-object-version v" in result["msg"]
    aws.asked_all()


def test_old_versions_go_but_for_those_that_an_alias_leads_to(aws, release):
    listed = [version(str(number), OLD) for number in range(1, 9)] + [version("9", NEW, "Follows version 7")]
    canary = {"Name": "c", "FunctionVersion": "3", "RoutingConfig": {"AdditionalVersionWeights": {"4": 0.1}}}
    aws.there(*listed, running="9", aliases=[canary])
    for number in ("2", "5", "6"):
        aws.deletes(number)
    result = release(versions_kept=2, protected_versions=["1"])
    assert (result["changed"], result["pruned"]) == (True, ["2", "5", "6"])
    assert "Old versions 2, 5, 6 were deleted." in result["msg"]
    aws.asked_all()


def test_check_mode_says_what_would_be_published_and_deleted_and_does_nothing(aws, release):
    listed = [version(str(number), OLD) for number in (1, 2, 3)]
    aws.there(*listed, latest=OLD, running="3")
    result = release(check=True, configuration={"Timeout": 20}, versions_kept=2)
    assert result["changed"]
    assert (
        f"Alias live of function {NAME} would run a new version instead of version 3 (code, timeout)." in result["msg"]
    )
    assert "Old versions 1, 2 would be deleted." in result["msg"]  # the new one, and the one before it
    assert result["diff"] == {"before": "version 3\n", "after": "a new version\n"}
    aws.asked_all()


def test_check_mode_before_there_is_a_function_or_an_alias(aws, release):
    aws.refuses("list_versions_by_function", "ResourceNotFoundException", 404)
    assert not release(check=True)["changed"]
    aws.answers("list_versions_by_function", Versions=[version("$LATEST", OLD)])
    aws.answers("list_aliases", Aliases=[])
    result = release(check=True)
    assert not result["changed"]
    assert "The stack would make alias live" in result["msg"]


def test_a_stack_without_the_alias_is_told(aws, release):
    aws.answers("list_versions_by_function", Versions=[version("$LATEST", NEW)])
    aws.answers("list_aliases", Aliases=[])
    assert release()["codes"] == ["function_alias_missing"]


def test_a_long_list_is_read_to_its_end(aws, release):
    first = [version("$LATEST", NEW), version("1", OLD)]
    aws.answers("list_versions_by_function", Versions=first, NextMarker="more")
    aws.answers("list_versions_by_function", {"Marker": "more"}, Versions=[version("2", NEW)])
    aws.answers("list_aliases", Aliases=[{"Name": "live", "FunctionVersion": "2", "RevisionId": "r1"}])
    assert not release()["changed"]


def test_a_rollback_tries_the_version_first_and_deletes_nothing(aws, release):
    listed = [version(str(number), OLD) for number in (1, 2, 3)]
    aws.there(*listed, version("4", NEW, "Follows version 3"), running="4")
    aws.is_active()
    aws.invoked({"smoke": "version-3-0a0a0a0a", "lines": 1, "acknowledged": 1, "unparsed": 0})
    aws.moves("3")
    result = release(rollback_to="previous", versions_kept=1)
    assert (result["changed"], result["running"], result["pruned"]) == (True, "3", [])
    aws.asked_all()
    assert "DeleteFunction" not in aws.asked


def test_a_version_that_sleeps_is_woken_up_first(aws, release):
    aws.there(version("1", OLD), version("2", NEW, "Follows version 1"), running="2")
    aws.is_active("Inactive")
    aws.refuses("invoke", "ResourceConflictException", 409)
    aws.is_active("Pending")
    aws.is_active()
    aws.invoked({"smoke": "version-1-0a0a0a0a", "lines": 1, "acknowledged": 1, "unparsed": 0})
    aws.moves("1")
    assert release(rollback_to="previous")["changed"]
    aws.asked_all()


def test_a_rollback_whose_version_does_not_ship_changes_nothing(aws, release):
    aws.there(version("1", OLD), version("2", NEW), running="2")
    aws.is_active()
    aws.invoked({"errorMessage": "no"}, FunctionError="Unhandled")
    result = release(rollback_to="1")
    assert "Alias live stays at version 2." in result["msg"]
    aws.asked_all()


def test_a_rollback_to_what_runs_changes_nothing(aws, release):
    aws.there(version("1", OLD), version("2", NEW), running="2")
    assert not release(rollback_to="2")["changed"]
    aws.asked_all()


def test_a_rollback_to_a_version_that_is_gone_is_told(aws, release):
    aws.there(version("2", NEW), running="2")
    result = release(rollback_to="previous")
    assert result["codes"] == ["function_version_missing"]
    assert "there is no version before 2, which it runs. There are: 2" in result["msg"]
    assert "-e function_version=NUMBER" in result["msg"]
