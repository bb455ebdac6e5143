"""The CloudFormation templates: valid, and in step with the roles that bring them their parameters."""

import re
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.module_utils.aws.template import UNKNOWN, Template
from elb_log_shipper.aws.continuations import QUEUE_VARIABLE

ROOT = Path(__file__).resolve().parents[3]
SCANNER = ROOT / "build/policy_scanner/venv/bin/checkov"
TEMPLATES = sorted(
    path
    for folder in ("templates", "roles")
    for path in (ROOT / folder).rglob("*.yml")
    if "\nResources:" in path.read_text()
)


class Loader(yaml.SafeLoader):
    """Reads a template with its short forms, `!Ref x` as {"Ref": "x"}."""


def _short_form(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    return {name: loader.construct_sequence(node, deep=True)}


Loader.add_multi_constructor("!", _short_form)


@pytest.fixture(scope="module")
def elb_logs():
    return yaml.load((ROOT / "roles/elb_log_shipper/files/elb-logs.yml").read_text(), Loader)  # noqa: S506 - a SafeLoader


@pytest.fixture(scope="module")
def role():
    return {
        part: yaml.safe_load((ROOT / f"roles/elb_log_shipper/{part}/main.yml").read_text())
        for part in ("defaults", "vars")
    }


def statements(document):
    """The statements of a policy, those behind a condition too."""
    for statement in document["Statement"]:
        yield from (one for one in statement.get("Fn::If", [statement]) if isinstance(one, dict) and "Effect" in one)


def test_the_role_gives_parameters_that_exist_and_all_that_are_needed(elb_logs, role):
    given = set(role["vars"]["_elb_log_shipper_stack"]["parameters"])
    assert given <= set(elb_logs["Parameters"])
    assert {name for name, one in elb_logs["Parameters"].items() if "Default" not in one} <= given


def test_the_roles_defaults_are_the_templates(elb_logs, role):
    defaults = role["defaults"]
    for name, variable in {
        "LogPrefix": "log_prefix",
        "LoadBalancerAccountId": "load_balancer_account_id",
        "LogExpirationDays": "log_expiration_days",
        "Architecture": "architecture",
        "TimeoutSeconds": "timeout",
        "MemoryMegabytes": "memory",
        "FunctionLogDays": "function_log_days",
        "Trigger": "trigger",
    }.items():
        assert elb_logs["Parameters"][name]["Default"] == defaults[f"elb_log_shipper_{variable}"]


def test_the_role_and_the_template_take_the_same_log_ages(elb_logs):
    specs = yaml.safe_load((ROOT / "roles/elb_log_shipper/meta/argument_specs.yml").read_text())["argument_specs"]
    choices = specs["main"]["options"]["elb_log_shipper_function_log_days"]["choices"]
    assert choices == elb_logs["Parameters"]["FunctionLogDays"]["AllowedValues"]


def test_the_handler_exists(elb_logs):
    module, _, function = elb_logs["Parameters"]["Handler"]["Default"].rpartition(".")
    assert callable(getattr(import_module(module), function))


def test_the_function_may_do_what_it_needs_only(elb_logs):
    role = elb_logs["Resources"]["FunctionRole"]["Properties"]
    assert "ManagedPolicyArns" not in role
    allowed = [one for policy in role["Policies"] for one in statements(policy["PolicyDocument"])]
    by_name = {one["Sid"]: one for one in allowed}
    assert by_name["ReadLogs"]["Action"] == "s3:GetObject"
    for one in allowed:
        assert "*" not in str(one["Action"])
        assert one["Resource"] != "*" or one["Sid"] == "LookAtVpc" or one["Effect"] == "Deny"


def test_what_lambda_needs_for_a_vpc_the_functions_code_may_not_do(elb_logs):
    (policy,) = elb_logs["Resources"]["FunctionRole"]["Properties"]["Policies"]
    by_name = {one["Sid"]: one for one in statements(policy["PolicyDocument"])}
    joins, looks, denied = by_name["JoinVpc"], by_name["LookAtVpc"], by_name["CodeMakesNoInterfaces"]
    assert (denied["Effect"], denied["Resource"]) == ("Deny", "*")
    assert sorted(denied["Action"]) == sorted([*joins["Action"], *looks["Action"]])
    # These two are the only ones that AWS lets no resource be named for.
    assert looks["Action"] == ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
    assert joins["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:*/*"}
    arn = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${FunctionName}"
    either = [{"Fn::Sub": arn}, {"Fn::Sub": f"{arn}:*"}]
    assert denied["Condition"] == {"ArnLike": {"lambda:SourceFunctionArn": either}}


def test_the_function_takes_one_version_of_the_package(elb_logs, role):
    """What is put under the package's key later is never deployed."""
    code = elb_logs["Resources"]["Function"]["Properties"]["Code"]
    assert code == {
        "S3Bucket": {"Ref": "CodeBucket"},
        "S3Key": {"Ref": "CodeKey"},
        "S3ObjectVersion": {"Ref": "CodeVersion"},
    }
    assert "Default" not in elb_logs["Parameters"]["CodeVersion"]
    given = role["vars"]["_elb_log_shipper_stack"]["parameters"]["CodeVersion"]
    assert given == "{{ __elb_log_shipper_object.version }}"


def test_code_signing_is_an_option(elb_logs, role):
    parameter = elb_logs["Parameters"]["CodeSigningConfigArn"]
    function = elb_logs["Resources"]["Function"]["Properties"]
    assert parameter["Default"] == role["defaults"]["elb_log_shipper_code_signing_config_arn"] == ""
    assert function["CodeSigningConfigArn"]["Fn::If"] == ["HasCodeSigning", {"Ref": "CodeSigningConfigArn"}, NOTHING]
    for arn, taken in {
        "": True,
        "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0f6c334abcdea4d8b": True,
        "arn:aws:lambda:eu-west-1:123456789012:function:x": False,
        "csc-0f6c334abcdea4d8b": False,
    }.items():
        assert (re.fullmatch(parameter["AllowedPattern"], arn) is not None) == taken
        own = role["vars"]["_elb_log_shipper_signing_arn"]
        assert (not arn or re.match(own, arn) is not None) == taken


def test_the_function_may_read_the_secrets_that_are_named_only(elb_logs):
    (policy,) = elb_logs["Resources"]["FunctionRole"]["Properties"]["Policies"]
    chosen = [one["Fn::If"] for one in policy["PolicyDocument"]["Statement"] if "Fn::If" in one]
    (statement,) = [if_so for condition, if_so, _ in chosen if condition == "HasSecrets"]
    assert statement["Resource"] == {"Ref": "SecretArns"}
    # What the package calls, with either kind of reference.
    assert statement["Action"] == ["secretsmanager:GetSecretValue", "ssm:GetParameter"]


@pytest.mark.parametrize(
    ("arn", "taken"),
    [
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:elb-logs-??????", True),
        ("arn:aws-cn:ssm:cn-north-1:123456789012:parameter/elb/*", True),
        ("secretsmanager:elb-logs", False),
        ("arn:aws:s3:::bucket", False),
        ("*", False),
        ("arn:aws:ssm:a,*", False),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:*", False),
        ("arn:aws:secretsmanager:*:*:secret:elb-logs", False),
        ("arn:aws:secretsmanager:eu-west-1:*:secret:elb-logs", False),
        ("arn:aws:secretsmanager:*", False),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/*", False),
        ("arn:aws:ssm:eu-west-1:123456789012:*", False),
    ],
)
def test_the_role_takes_arns_of_secrets_only(role, arn, taken):
    (check,) = [
        one["ok"] for one in role["vars"]["_elb_log_shipper_input_checks"] if one["variable"].endswith("secret_arns")
    ]
    assert "reject('match', _elb_log_shipper_secret_arn)" in check
    assert (re.match(role["vars"]["_elb_log_shipper_secret_arn"], arn) is not None) == taken


def notifications(template):
    return template["Resources"]["LogBucket"]["Properties"]["NotificationConfiguration"]


def branches(value):
    """What a condition chooses from."""
    _, if_so, if_not = value["Fn::If"]
    return if_so, if_not


NOTHING = {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize(
    ("trigger", "condition", "kind", "target"),
    [
        ("s3", "NotifiesFunction", "LambdaConfigurations", "Function"),
        ("sqs", "NotifiesQueue", "QueueConfigurations", "Queue"),
    ],
)
def test_the_trigger_is_chosen_by_one_parameter(elb_logs, trigger, condition, kind, target):
    assert trigger in elb_logs["Parameters"]["Trigger"]["AllowedValues"]
    assert elb_logs["Conditions"][condition] == {"Fn::Equals": [{"Ref": "Trigger"}, trigger]}
    assert notifications(elb_logs)[kind]["Fn::If"][0] == condition
    (one,), other = branches(notifications(elb_logs)[kind])
    assert other == NOTHING
    assert one["Event"] == "s3:ObjectCreated:*"
    assert one[target]
    assert one["Filter"]["Fn::If"] == [
        "HasPrefix",
        {"S3Key": {"Rules": [{"Name": "prefix", "Value": {"Ref": "LogPrefix"}}]}},
        NOTHING,
    ]


def test_the_role_offers_the_triggers_that_the_template_has(elb_logs):
    spec = yaml.safe_load((ROOT / "roles/elb_log_shipper/meta/argument_specs.yml").read_text())
    option = spec["argument_specs"]["main"]["options"]["elb_log_shipper_trigger"]
    assert option["choices"] == elb_logs["Parameters"]["Trigger"]["AllowedValues"]


def test_a_message_is_hidden_for_six_times_the_functions_timeout(elb_logs, role):
    given = role["vars"]["_elb_log_shipper_stack"]["parameters"]["QueueVisibilitySeconds"]
    assert given == "{{ 6 * elb_log_shipper_timeout | int }}"
    parameters = elb_logs["Parameters"]
    assert parameters["QueueVisibilitySeconds"]["Default"] == 6 * parameters["TimeoutSeconds"]["Default"]
    assert parameters["QueueVisibilitySeconds"]["MaxValue"] >= 6 * parameters["TimeoutSeconds"]["MaxValue"]
    assert elb_logs["Resources"]["Objects"]["Properties"]["VisibilityTimeout"] == {"Ref": "QueueVisibilitySeconds"}


def test_a_message_that_fails_comes_again_alone_and_is_kept_in_the_end(elb_logs):
    resources = elb_logs["Resources"]
    mapping = resources["FunctionWorksOffObjects"]
    assert "Condition" not in mapping, "the rest of an object goes through the queue with every trigger"
    assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["Properties"]["EventSourceArn"] == {"Fn::GetAtt": "Objects.Arn"}
    queue, kept = resources["Objects"]["Properties"], resources["FailedEvents"]["Properties"]
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": "FailedEvents.Arn"},
        "maxReceiveCount": {"Ref": "QueueAttempts"},
    }
    assert queue["MessageRetentionPeriod"] < kept["MessageRetentionPeriod"], "there a message keeps its age"


def test_the_function_knows_its_queue(elb_logs):
    variables = elb_logs["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
    assert variables == {QUEUE_VARIABLE: {"Ref": "Objects"}}


def test_the_function_may_do_with_its_queue_what_it_needs_only(elb_logs):
    (policy,) = elb_logs["Resources"]["FunctionRole"]["Properties"]["Policies"]
    by_name = {one["Sid"]: one for one in statements(policy["PolicyDocument"])}
    queue = {"Fn::GetAtt": "Objects.Arn"}
    assert by_name["WorkOffObjects"]["Resource"] == by_name["HandOnTheRest"]["Resource"] == queue
    # What Lambda's guide asks for to work a queue off.
    assert by_name["WorkOffObjects"]["Action"] == ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    assert by_name["HandOnTheRest"]["Action"] == "sqs:SendMessage"


def test_only_the_log_bucket_may_notify_the_queue(elb_logs):
    policy = elb_logs["Resources"]["ObjectsPolicy"]["Properties"]["PolicyDocument"]
    allowed, *others = policy["Statement"]
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "s3.amazonaws.com"}, "sqs:SendMessage")
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
        "ArnEquals": {"aws:SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:s3:::${LogBucketName}"}},
    }
    assert [one["Effect"] for one in others] == ["Deny"]


@pytest.mark.parametrize("name", ["BucketMayInvokeLive", "BucketMayInvoke"])
def test_only_the_own_accounts_bucket_may_invoke(elb_logs, name):
    permission = elb_logs["Resources"][name]["Properties"]
    assert permission["Action"] == "lambda:InvokeFunction"
    assert permission["Principal"] == "s3.amazonaws.com"
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert permission["SourceArn"] == {"Fn::Sub": "arn:${AWS::Partition}:s3:::${LogBucketName}"}


def test_the_alias_and_its_first_version_never_change(elb_logs):
    """CloudFormation sets the alias to the version that the template names as soon as anything about it is to be
    updated, wherever a release has moved it. So whoever changes one of these brings back the oldest code."""
    assert elb_logs["Resources"]["FirstVersion"] == {
        "Type": "AWS::Lambda::Version",
        "Properties": {
            "FunctionName": {"Ref": "Function"},
            "Description": "The stack's first version, which its template refers to",
        },
    }
    assert elb_logs["Resources"]["Live"] == {
        "Type": "AWS::Lambda::Alias",
        "Properties": {
            "FunctionName": {"Ref": "Function"},
            "FunctionVersion": {"Fn::GetAtt": "FirstVersion.Version"},
            "Name": "live",
        },
    }


def test_every_trigger_invokes_the_alias(elb_logs):
    resources, alias = elb_logs["Resources"], {"Ref": "Live"}
    (notified,), _ = branches(notifications(elb_logs)["LambdaConfigurations"])
    assert notified["Function"] == alias
    assert resources["FunctionWorksOffObjects"]["Properties"]["FunctionName"] == alias
    assert resources["BucketMayInvokeLive"]["Properties"]["FunctionName"] == alias
    retries = resources["LiveRetries"]
    assert (retries["DependsOn"], retries["Properties"]["Qualifier"]) == (
        "Live",
        resources["Live"]["Properties"]["Name"],
    )


def test_s3_may_go_on_to_notify_the_function_as_former_templates_said(elb_logs):
    """It does so for minutes after an update that names the alias, and what it may not deliver it forgets. These names
    are those of the former templates: others would be made anew, and these deleted before S3 has changed over."""
    resources = elb_logs["Resources"]
    assert resources["BucketMayInvoke"]["Properties"]["FunctionName"] == {"Fn::GetAtt": "Function.Arn"}
    former, live = resources["FunctionRetries"]["Properties"], resources["LiveRetries"]["Properties"]
    assert former == {**live, "Qualifier": "$LATEST"}


def test_what_exists_first(elb_logs):
    resources = elb_logs["Resources"]
    assert set(resources["LogBucket"]["DependsOn"]) == {"ObjectsPolicy", "BucketMayInvokeLive", "LiveRetries"}
    assert resources["Function"]["DependsOn"] == "FunctionLogGroup"


def uses_of(names, value, path=()):
    """Where conditions or parameters of these names are used, as paths into the template."""
    if isinstance(value, dict):
        for key, inner in value.items():
            used = inner[0] if key == "Fn::If" else inner if key in ("Ref", "Condition") else None
            if isinstance(used, str) and used in names:
                yield path
            yield from uses_of(names, inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from uses_of(names, inner, (*path, number))


def test_another_trigger_changes_the_buckets_notification_and_nothing_else(elb_logs):
    """S3 takes minutes to change over, and forgets what it may not deliver meanwhile: so that both may always be
    notified, the function always works its queue off, and one call of S3 replaces the one notification by the other."""
    used = set(uses_of({"NotifiesFunction", "NotifiesQueue", "Trigger"}, elb_logs["Resources"]))
    place = ("LogBucket", "Properties", "NotificationConfiguration")
    assert used == {(*place, "LambdaConfigurations"), (*place, "QueueConfigurations")}
    for name in ("Objects", "ObjectsPolicy", "BucketMayInvokeLive", "FunctionWorksOffObjects"):
        assert "Condition" not in elb_logs["Resources"][name]
    assert "Fn::If" not in str(elb_logs["Resources"]["ObjectsPolicy"])


def test_the_functions_own_log_has_an_end_and_may_have_a_key(elb_logs):
    log = elb_logs["Resources"]["FunctionLogGroup"]["Properties"]
    assert log["RetentionInDays"] == {"Ref": "FunctionLogDays"}
    assert log["KmsKeyId"] == {"Fn::If": ["HasLogKey", {"Ref": "FunctionLogKmsKeyArn"}, NOTHING]}


def test_a_reserve_is_an_option_and_the_queue_does_not_ask_for_more(elb_logs):
    """A message that Lambda can't run has used up one of its tries."""
    resources, parameter = elb_logs["Resources"], elb_logs["Parameters"]["ReservedConcurrency"]
    reserve = {"Ref": "ReservedConcurrency"}
    assert resources["Function"]["Properties"]["ReservedConcurrentExecutions"]["Fn::If"] == [
        "HasReserve",
        reserve,
        NOTHING,
    ]
    mapping = resources["FunctionWorksOffObjects"]["Properties"]
    assert mapping["ScalingConfig"]["Fn::If"] == ["HasReserve", {"MaximumConcurrency": reserve}, NOTHING]
    taken = [
        number
        for number in ("", "0", "1", "2", "20", "1000", "1001")
        if re.fullmatch(parameter["AllowedPattern"], number)
    ]
    assert (parameter["Default"], taken) == ("", ["", "2", "20", "1000"])


def test_the_stacks_security_group_lets_out_to_logstash_and_the_endpoints_only(elb_logs):
    group = elb_logs["Resources"]["FunctionSecurityGroup"]
    assert group["Condition"] == "MakesSecurityGroup"
    assert "SecurityGroupIngress" not in group["Properties"]
    rules = {}
    for condition, rule, other in (one["Fn::If"] for one in group["Properties"]["SecurityGroupEgress"]):
        assert (rule["IpProtocol"], rule["FromPort"], other) == ("tcp", rule["ToPort"], NOTHING)
        (kind,) = set(rule) - {"Description", "IpProtocol", "FromPort", "ToPort"}
        rules[condition] = (rule["FromPort"], kind, rule[kind])
    port = {"Ref": "LogPort"}
    assert rules == {
        "HasLogHostCidr": (port, "CidrIp", {"Ref": "LogHostCidr"}),
        "HasLogHostSecurityGroup": (port, "DestinationSecurityGroupId", {"Ref": "LogHostSecurityGroupId"}),
        "HasLogHostPrefixList": (port, "DestinationPrefixListId", {"Ref": "LogHostPrefixListId"}),
        "HasEndpointsPrefixList": (443, "DestinationPrefixListId", {"Ref": "EndpointsPrefixListId"}),
        "HasEndpointsSecurityGroup": (443, "DestinationSecurityGroupId", {"Ref": "EndpointsSecurityGroupId"}),
    }


def test_a_function_in_a_vpc_has_the_stacks_security_group_or_those_that_are_named(elb_logs):
    inside, nowhere = branches(elb_logs["Resources"]["Function"]["Properties"]["VpcConfig"])
    assert nowhere == NOTHING
    own, named = branches(inside["SecurityGroupIds"])
    assert own == [{"Fn::GetAtt": "FunctionSecurityGroup.GroupId"}]
    assert named == {"Ref": "VpcSecurityGroupIds"}


def test_alarms_find_the_names_that_they_need(elb_logs):
    names = {"FunctionName", "LiveAlias", "FailedEventsQueueName", "ObjectsQueueName", "LogBucketName", "LogGroupName"}
    assert names <= set(elb_logs["Outputs"])


def test_logs_outlive_the_stack_and_are_nobody_elses(elb_logs):
    bucket = elb_logs["Resources"]["LogBucket"]
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"
    assert all(bucket["Properties"]["PublicAccessBlockConfiguration"].values())
    policy = elb_logs["Resources"]["LogBucketPolicy"]["Properties"]["PolicyDocument"]
    by_name = {one["Sid"]: one for one in statements(policy)}
    assert by_name["EncryptedTransportOnly"]["Effect"] == "Deny"
    assert [name for name, one in by_name.items() if one["Effect"] == "Deny"] == ["EncryptedTransportOnly"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_each_finding_of_the_scanner_that_stays_has_its_reason_beside_it(template):
    """The scan itself is a part of `make lint`."""
    skips = re.findall(r"checkov:skip=?(.*)", template.read_text())
    assert [skip for skip in skips if not re.fullmatch(r"CKV2?_AWS_\d+:\S.{20,}\.", skip)] == []


def test_lint_scans_the_templates():
    assert "scripts/scan.sh" in (ROOT / "scripts/test.sh").read_text().partition("run_lint()")[2].partition("\n}")[0]


@pytest.mark.skipif(not SCANNER.exists(), reason="`make lint` has not run here, which installs the scanner")
def test_the_scanner_finds_what_is_weak(tmp_path):
    bucket = {
        "Type": "AWS::S3::Bucket",
        "Properties": {"AccessControl": "PublicReadWrite"},
    }
    (tmp_path / "weak.yml").write_text(yaml.safe_dump({"Resources": {"Weak": bucket}}))
    command = [SCANNER, "--directory", tmp_path, "--framework", "cloudformation", "--skip-download", "--compact"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "AWS::S3::Bucket.Weak" in result.stdout


def test_events_that_failed_are_kept(elb_logs):
    retries = elb_logs["Resources"]["LiveRetries"]["Properties"]
    assert retries["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": "FailedEvents.Arn"}


@pytest.fixture(scope="module")
def topics():
    return yaml.load((ROOT / "templates/cloudformation/notifications.yml").read_text(), Loader)  # noqa: S506 - a SafeLoader


OWN_ALARMS = {
    "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    "ArnLike": {
        "aws:SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"}
    },
}


@pytest.mark.parametrize("topic", ["AlarmsTopic", "NotificationsTopic"])
def test_alarms_of_this_account_alone_may_publish_and_nobody_in_clear_text(topics, topic):
    properties = topics["Resources"][f"{topic}Policy"]["Properties"]
    assert properties["Topics"] == [{"Ref": topic}]
    allowed, denied = statements(properties["PolicyDocument"])
    assert (allowed["Effect"], allowed["Action"], allowed["Resource"]) == ("Allow", "sns:Publish", {"Ref": topic})
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Condition"] == OWN_ALARMS
    assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", "*", "sns:Publish")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_key_of_the_topics_lets_their_alarms_publish(topics):
    by_name = {one["Sid"]: one for one in statements(topics["Resources"]["Key"]["Properties"]["KeyPolicy"])}
    alarms = by_name["AlarmsOfThisAccount"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert alarms["Condition"] == OWN_ALARMS
    # Without it, nobody could change the key any more.
    root = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    assert by_name["OwnAccount"]["Principal"] == {"AWS": root}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("create", True),
        ("none", True),
        ("arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", True),
        ("alias/aws/sns", False),
        ("arn:aws:kms:eu-west-1:123456789012:alias/aws/sns", False),
        ("", False),
    ],
)
def test_the_key_that_lets_no_alarm_publish_is_not_taken(topics, given, taken):
    pattern = topics["Parameters"]["EncryptionKey"]["AllowedPattern"]
    assert (re.fullmatch(pattern, given) is not None) == taken


@pytest.mark.parametrize(
    ("given", "key"), [("create", True), ("none", False), ("arn:aws:kms:eu-west-1:1:key/x", False)]
)
def test_a_key_is_made_where_it_is_asked_for(given, key):
    text = (ROOT / "templates/cloudformation/notifications.yml").read_text()
    template = Template(text, {"Environment": "test", "EncryptionKey": given}, {})
    made = {name: properties for name, _kind, properties in template.resources()}
    assert ("Key" in made) == key
    for topic in ("AlarmsTopic", "NotificationsTopic"):
        used = made[topic].get("KmsMasterKeyId")
        assert (used is UNKNOWN) if key else (used == (None if given == "none" else given))
