"""Which version an alias is to run, which one was before, and which may go."""

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws import function_versions as versions

BASE = {
    "CodeSha256": "a",
    "Handler": "x.y",
    "Runtime": "python3.11",
    "Architectures": ["arm64"],
    "Timeout": 300,
    "MemorySize": 256,
    "Environment": {"Variables": {"QUEUE": "q"}},
    "VpcConfig": {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"], "VpcId": "vpc-1"},
    "Role": "role",
}


def version(number, follows=None, **more):
    said = {"Description": versions.description(follows)} if follows else {}
    return {**BASE, "Version": number, "LastModified": f"2026-03-0{number[-1]}T08:00:00.000+0000", **said, **more}


def latest(**more):
    return {**BASE, "Version": "$LATEST", **more}


def test_what_runs_what_was_deployed_needs_no_version():
    assert versions.release([latest(), version("1")], "1", latest()) == versions.Release(())


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"CodeSha256": "b"}, "code"),
        ({"Handler": "x.z"}, "handler"),
        ({"Runtime": "python3.12"}, "runtime"),
        ({"Architectures": ["x86_64"]}, "architecture"),
        ({"Timeout": 20}, "timeout"),
        ({"MemorySize": 512}, "memory"),
        ({"EphemeralStorage": {"Size": 1024}}, "temporary storage"),
        ({"Environment": {"Variables": {"QUEUE": "other"}}}, "environment"),
        ({"Environment": {}}, "environment"),
        ({"VpcConfig": {**BASE["VpcConfig"], "SubnetIds": ["subnet-1"]}}, "VPC"),
        ({"VpcConfig": {**BASE["VpcConfig"], "SecurityGroupIds": ["sg-2"]}}, "VPC"),
        ({"Role": "other"}, "role"),
        ({"Layers": [{"Arn": "layer"}]}, "layers"),
        ({"DeadLetterConfig": {"TargetArn": "queue"}}, "queue of failed events"),
    ],
)
def test_what_a_version_freezes_needs_a_new_one_when_it_changes(change, word):
    assert versions.release([version("1")], "1", latest(**change)) == versions.Release((word,))


@pytest.mark.parametrize(
    "same",
    [
        {"Description": "another"},
        {"LastModified": "later", "RevisionId": "other", "FunctionArn": "arn:8"},
        {"RuntimeVersionConfig": {"RuntimeVersionArn": "patched by AWS"}},
        {"VpcConfig": {"SubnetIds": ["subnet-2", "subnet-1"], "SecurityGroupIds": ["sg-1"]}},
        {"Layers": []},
        {"DeadLetterConfig": None},
    ],
)
def test_what_means_the_same_needs_none(same):
    assert versions.release([version("1")], "1", latest(**same)) == versions.Release(())


def test_no_vpc_is_the_same_however_it_is_said():
    nowhere = {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""}
    assert versions.differences(latest(VpcConfig=nowhere), latest(VpcConfig=None)) == ()


def test_the_newest_version_is_taken_when_it_is_what_was_deployed():
    """A run was killed before it moved the alias, or the alias was moved back by hand."""
    there = [version("3"), version("4", "3", CodeSha256="b")]
    assert versions.release(there, "3", latest(CodeSha256="b")) == versions.Release(("code",), "4")


def test_an_older_version_is_not_taken_again():
    """The inventory went back to what version 3 has: what runs before it then is 4."""
    there = [version("3"), version("4", "3", CodeSha256="b")]
    assert versions.release(there, "4", latest()) == versions.Release(("code",))


def test_an_alias_that_somebody_let_run_latest_gets_a_version():
    assert versions.release([version("1")], "$LATEST", latest()).differences == ("no version",)
    assert versions.release([version("1")], "$LATEST", latest()).published == "1"
    assert versions.before([version("1"), version("2")], "$LATEST") == "2"
    assert versions.superfluous([version("1"), version("2")], "$LATEST", 1) == ["1"]


def test_the_version_before_is_the_one_that_ran():
    """Version 4 was rolled back to 3, so that 5 follows 3; and before 3 was 1, since 2 is gone."""
    there = [version("1"), version("3", "2"), version("4", "3"), version("5", "3")]
    assert versions.before(there, "5") == "3"
    assert versions.before(there, "4") == "3"
    assert versions.before(there, "3") == "1"
    assert versions.before(there, "1") is None


def test_numbers_are_no_texts():
    there = [version("9"), version("10"), version("11")]
    assert versions.before(there, "10") == "9"
    assert versions.before(there, "11") == "10"
    assert versions.superfluous(there, "11", 1) == ["9"]
    assert versions.release([version("9", CodeSha256="c"), version("10")], "9", latest()).published == "10"


def test_a_rollback_returns_to_the_version_before_or_to_the_one_that_is_named():
    there = [latest(), version("1"), version("2", "1"), version("3", "1")]
    assert versions.target(there, "3", "previous") == "1"
    assert versions.target(there, "3", "2") == "2"
    assert versions.target(there, "1", "3") == "3"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("previous", "no version before 1, which it runs"), ("7", "no version 7"), ("$LATEST", "no ver")],
)
def test_a_version_that_is_not_there_lists_those_that_are(wanted, said):
    with pytest.raises(versions.NoSuchVersionError) as raised:
        versions.target([latest(), version("1"), version("2", "1")], "1", wanted)
    assert said in str(raised.value)
    assert "There are: 1 (of 2026-03-01T08:00:00), 2 (of 2026-03-02T08:00:00)" in str(raised.value)


def test_the_last_versions_stay():
    there = [latest(), *(version(str(number), str(number - 1)) for number in range(1, 10))]
    assert versions.superfluous(there, "9", 5) == ["1", "2", "3", "4"]
    assert versions.superfluous(there, "9", 20) == []


def test_what_runs_and_what_is_before_it_always_stay():
    there = [version(str(number), str(number - 1)) for number in range(1, 10)]
    assert versions.superfluous(there, "4", 2) == ["1", "2", "5", "6", "7"]
    assert versions.superfluous(there, "9", 1) == ["1", "2", "3", "4", "5", "6", "7"]
    assert versions.superfluous(there, "9", 0) == ["1", "2", "3", "4", "5", "6", "7"]


def test_protected_versions_stay():
    there = [version(str(number)) for number in range(1, 6)]
    assert versions.superfluous(there, "5", 1, protected=["1"]) == ["2", "3"]
