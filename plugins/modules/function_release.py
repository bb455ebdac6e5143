#!/usr/bin/python
"""Lets the alias of a function run what was deployed, or an earlier version, once that has shipped a synthetic line."""

from __future__ import annotations

DOCUMENTATION = r"""
module: function_release
short_description: Let the alias of a function run what was deployed, or an earlier version
description:
  - Publishes what was deployed as a version, if the alias runs something else; invokes that version with an event that
    has it ship a synthetic line; and moves the alias to it. A version that fails is deleted, and the alias stays.
  - Before that it compares the hash that Lambda reports for the function's code with the SHA-256 of the package.
    CloudFormation does not notice if somebody has replaced the code since.
  - Afterwards it deletes old versions. With O(rollback_to) it moves the alias to a version that is there, likewise.
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  name:
    description: Name of the function.
    type: str
    required: true
  alias:
    description: Name of the alias that everything invokes.
    type: str
    default: live
  sha256:
    description: SHA-256 of the package that was deployed, in Base64. Required without O(rollback_to).
    type: str
  bucket:
    description: The bucket that has the package. Error messages name it, like the next two.
    type: str
    default: ""
  key:
    description: Key of the package.
    type: str
    default: ""
  version:
    description: Version of the package.
    type: str
    default: ""
  configuration:
    description:
      - What else would be deployed, by the names of Lambda's API, such as C(Timeout). Used in check mode, in which the
        function is still as it was.
    type: dict
    default: {}
  smoke:
    description: Whether a version must have shipped a synthetic line before the alias is moved to it.
    type: bool
    default: true
  versions_kept:
    description: How many of the last versions stay. The alias' own and the one before it always do.
    type: int
    default: 5
  protected_versions:
    description: Further versions that are never deleted.
    type: list
    elements: str
    default: []
  rollback_to:
    description: The version to return to, or V(previous) for the one that the alias ran before.
    type: str
attributes:
  check_mode:
    support: full
    description: Says what would be published, and where the alias would be moved.
  diff_mode:
    support: full
    description: Shows the alias' version before and after.
"""

EXAMPLES = r"""
- name: Let the alias run the package
  elk.deploy.function_release:
    name: elb-logs-shipper
    sha256: "{{ package.sha256 }}"
    bucket: example-staging-artifacts
    key: elb_log_shipper/package.zip
    version: "{{ package.version }}"

- name: Return to the version before
  elk.deploy.function_release:
    name: elb-logs-shipper
    rollback_to: previous
"""

RETURN = r"""
msg:
  description: What was done, or would be, in a sentence or two.
  type: str
  returned: success
  sample: Alias live of function elb-logs-shipper runs version 4 instead of 3 (code).
running:
  description: The version that the alias runs; empty in check mode before there is an alias, or a version.
  type: str
  returned: success
before:
  description: The version that a rollback returns to; empty if there is none.
  type: str
  returned: success
differences:
  description: What the alias' version had otherwise than what was deployed.
  type: list
  elements: str
  returned: success
pruned:
  description: The versions that were deleted, or would be.
  type: list
  elements: str
  returned: success
"""

import base64
import contextlib
import json
import secrets

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.elk.deploy.plugins.module_utils.aws import function_versions as versions
from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions

# The function ends by itself at its own limit; the answer needs some time to come here.
ANSWER_SECONDS = 30
# A version in a VPC becomes active once its network interfaces are there, which may take minutes.
WAITER = {"Delay": 2, "MaxAttempts": 300}
TO_BE_PUBLISHED = "a new version"


class ReleaseError(Exception):
    """The alias can't be moved; it stays where it was."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def smoke_test(number):
    """A smoke test's id, and the event that asks the log shipper for it."""
    name = f"version-{number}-{secrets.token_hex(4)}"
    return name, json.dumps({"smoke": {"id": name}})


class Function:
    """A function with its versions and its alias.

    :param client: what a lost answer can be asked again of; ``invoking``: with which nothing is done twice.
    """

    def __init__(self, client, invoking, name, alias):
        self._client, self._invoking = client, invoking
        self.name, self.alias = name, alias
        self.versions, self.aliases = [], {}

    def read(self):
        """Whether there is such a function."""
        try:
            self.versions = self._all("list_versions_by_function", "Versions")
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return False
            raise
        self.aliases = {one["Name"]: one for one in self._all("list_aliases", "Aliases")}
        return True

    def _all(self, operation, key):
        found, more = [], {}
        while True:
            answer = getattr(self._client, operation)(FunctionName=self.name, aws_retry=True, **more)
            found += answer[key]
            if not answer.get("NextMarker"):
                return found
            more = {"Marker": answer["NextMarker"]}

    @property
    def running(self):
        return self.aliases[self.alias]["FunctionVersion"]

    @property
    def latest(self):
        return versions.latest_of(self.versions)

    def in_use(self):
        """The versions that an alias leads to, ours or another."""
        for one in self.aliases.values():
            yield one["FunctionVersion"]
            yield from one.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})

    def publish(self, sha256):
        """A version of what was deployed: its number, and whether it is new."""
        self._wait("function_updated")
        published = self._client.publish_version(
            FunctionName=self.name, CodeSha256=sha256, Description=versions.description(self.running), aws_retry=True
        )
        number = published["Version"]
        is_new = all(one["Version"] != number for one in self.versions)
        if is_new:
            self.versions.append(published)
        return number, is_new

    def wait_until_active(self, number):
        """Lambda lets a version sleep that nobody invokes for weeks; the invocation that wakes it up fails.

        https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html

        :raises ReleaseError: it does not become active.
        """
        state = self._client.get_function_configuration(FunctionName=self.name, Qualifier=number, aws_retry=True)
        if state.get("State", "Active") == "Active":
            return
        if state["State"] == "Inactive":
            with contextlib.suppress(botocore.exceptions.ClientError):
                self._invoking.invoke(FunctionName=self.name, Qualifier=number, Payload=smoke_test(number)[1])
        try:
            self._wait("function_active", Qualifier=number)
        except botocore.exceptions.WaiterError as error:
            state = error.last_response if isinstance(error.last_response, dict) else {}
            raise ReleaseError(
                "function_version_unusable",
                f"Version {number} of function {self.name} is in state {state.get('State', 'unknown')}: "
                f"{state.get('StateReason') or error}. Mend what it names, such as subnets without free addresses, and "
                "run again.",
            ) from None

    def _wait(self, waiter, **more):
        self._client.get_waiter(waiter).wait(FunctionName=self.name, WaiterConfig=WAITER, **more)

    def smoke(self, number):
        """Has a version ship a synthetic line.

        :raises ReleaseError: it can't, or says something else.
        """
        name, payload = smoke_test(number)
        answer = self._invoking.invoke(
            FunctionName=self.name, Qualifier=number, LogType="Tail", Payload=payload, aws_retry=True
        )
        said = answer["Payload"].read().decode("utf-8", "replace")
        try:
            result = json.loads(said)
        except ValueError:
            result = said
        if not isinstance(result, dict):
            result = {}
        if "FunctionError" in answer:
            problem = f"{result.get('errorType', 'an error')}: {result.get('errorMessage', said)}"
        elif result != {"smoke": name, "lines": 1, "unparsed": 0, "acknowledged": 1}:
            problem = f"it answered {said}, and not that one line was parsed, shipped and acknowledged"
        else:
            return
        tail = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace").strip()
        raise ReleaseError(
            "function_smoke_failed",
            f"Version {number} of function {self.name} could not ship a synthetic line: {problem}\n"
            f"Alias {self.alias} stays at version {self.running}. Mend the cause and run again. The end of its log:\n"
            + "\n".join(f"- {line}" for line in tail.splitlines()),
        )

    def move(self, number):
        """Lets the alias run a version, and no other beside it.

        :raises ReleaseError: somebody else has moved it since it was read.
        """
        try:
            self._client.update_alias(
                FunctionName=self.name,
                Name=self.alias,
                FunctionVersion=number,
                RoutingConfig={"AdditionalVersionWeights": {}},
                RevisionId=self.aliases[self.alias]["RevisionId"],
                aws_retry=True,
            )
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailedException":
                raise
            raise ReleaseError(
                "aws_request_failed",
                f"Somebody else has moved alias {self.alias} of function {self.name} during this run. Run again.",
            ) from None
        self.aliases[self.alias] = {**self.aliases[self.alias], "FunctionVersion": number, "RoutingConfig": {}}

    def delete(self, number):
        self._client.delete_function(FunctionName=self.name, Qualifier=number, aws_retry=True)
        self.versions = [one for one in self.versions if one["Version"] != number]


class Run:
    """One run of the module."""

    def __init__(self, module, function):
        self.options, self.check, self.function = module.params, module.check_mode, function
        self.found = function.running
        self.differences, self.moved_to = (), ""

    def release(self):
        """Lets the alias run what was deployed. What happened, in words; empty when nothing had to."""
        function, sha256 = self.function, self.options["sha256"]
        latest = dict(function.latest)
        if self.check:
            latest |= {"CodeSha256": sha256, **self.options["configuration"]}
            if "VpcConfig" in self.options["configuration"]:
                latest["VpcConfig"] = {**function.latest.get("VpcConfig", {}), **latest["VpcConfig"]}
        else:
            self._compare(latest["CodeSha256"])
        release = versions.release(function.versions, function.running, latest)
        self.differences = release.differences
        if not release.differences:
            return ""
        number, is_new = release.published or TO_BE_PUBLISHED, False
        if not self.check:
            if not release.published:
                number, is_new = function.publish(sha256)
            self._try(number, delete=is_new)
        return self._moved(number, f" ({', '.join(release.differences)})")

    def rollback(self):
        """Returns to an earlier version. What happened, in words; empty when nothing had to."""
        try:
            number = versions.target(self.function.versions, self.function.running, self.options["rollback_to"])
        except versions.NoSuchVersionError as error:
            raise ReleaseError(
                "function_version_missing",
                f"Alias {self.function.alias} of function {self.function.name} can't be moved: there is {error}. Name "
                "one of them with -e function_version=NUMBER, or deploy the settings and code that you want back: "
                "playbooks/site.yml --tags elb_logs.",
            ) from None
        if number == self.function.running:
            return ""
        if not self.check:
            self._try(number)
        return self._moved(number)

    def _compare(self, found):
        options = self.options
        if found == options["sha256"]:
            return
        raise ReleaseError(
            "function_code_replaced",
            f"Function {options['name']} does not run the package that was deployed: its code has SHA-256 {found}, "
            f"expected {options['sha256']}. Somebody has replaced it, which CloudFormation does not notice. Alias "
            f"{options['alias']} still runs version {self.found}. Find out who may update the function, then restore "
            f"the package: aws lambda update-function-code --function-name {options['name']} "
            f"--s3-bucket {options['bucket']} --s3-key {options['key']} --s3-object-version {options['version']}",
        )

    def _try(self, number, *, delete=False):
        """Moves the alias to a version that works; one that does not is deleted, if this run has made it."""
        try:
            self.function.wait_until_active(number)
            if self.options["smoke"]:
                self.function.smoke(number)
        except BaseException:
            if delete:
                # Where that fails, too, the next run takes this version.
                with contextlib.suppress(botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
                    self.function.delete(number)
            raise
        self.function.move(number)

    def _moved(self, number, why=""):
        self.moved_to = number if number == TO_BE_PUBLISHED else f"version {number}"
        verb = "would run" if self.check else "runs"
        return (
            f"Alias {self.function.alias} of function {self.function.name} {verb} {self.moved_to} instead of version "
            f"{self.found}{why}."
        )

    def prune(self):
        """Deletes the versions that may go: their numbers."""
        function = self.function
        there, running = list(function.versions), function.running
        if self.check and self.moved_to == TO_BE_PUBLISHED:
            there.append(versions.following(there, running))
            running = there[-1]["Version"]
        protected = [*self.options["protected_versions"], *function.in_use()]
        gone = versions.superfluous(there, running, self.options["versions_kept"], protected)
        if not self.check:
            for number in gone:
                function.delete(number)
        return gone


def run(module, function):
    alias, name = module.params["alias"], module.params["name"]
    result = {"running": "", "before": "", "differences": [], "pruned": []}
    there = function.read()
    if module.check_mode and (not there or alias not in function.aliases):
        summary = f"The stack would make alias {alias} of function {name}, which runs what is deployed."
        module.exit_json(changed=False, msg=summary, **result)
    if not there:
        raise ReleaseError("function_alias_missing", f"There is no function {name}. Deploy its stack first.")
    if alias not in function.aliases:
        raise ReleaseError(
            "function_alias_missing",
            f"Function {name} has no alias {alias}. Deploy its stack; if that has a template of your own "
            "(elb_log_shipper_template), bring it up to date.",
        )
    one = Run(module, function)
    rollback = module.params["rollback_to"] is not None
    done = one.rollback() if rollback else one.release()
    # Nothing is deleted on the way back: it may be taken again.
    pruned = [] if rollback else one.prune()
    summary = done or f"Alias {alias} of function {name} runs version {function.running}, as it did before."
    if pruned:
        verb = "would be deleted" if module.check_mode else "were deleted"
        summary += f" Old versions {', '.join(pruned)} {verb}."
    result = {
        "running": function.running,
        "before": versions.before(function.versions, function.running) or "",
        "differences": list(one.differences),
        "pruned": pruned,
    }
    if done:
        result["diff"] = {"before": f"version {one.found}\n", "after": f"{one.moved_to}\n"}
    module.exit_json(changed=bool(done or pruned), msg=summary, **result)


def main():
    module = AwsModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "alias": {"type": "str", "default": "live"},
            "sha256": {"type": "str"},
            "bucket": {"type": "str", "default": ""},
            "key": {"type": "str", "default": "", "no_log": False},  # the name of an object
            "version": {"type": "str", "default": ""},
            "configuration": {"type": "dict", "default": {}},
            "smoke": {"type": "bool", "default": True},
            "versions_kept": {"type": "int", "default": 5},
            "protected_versions": {"type": "list", "elements": "str", "default": []},
            "rollback_to": {"type": "str"},
        },
        required_one_of=[("sha256", "rollback_to")],
        mutually_exclusive=[("sha256", "rollback_to")],
        supports_check_mode=True,
    )
    name = module.params["name"]
    patient = AWSRetry.jittered_backoff(catch_extra_error_codes=["TooManyRequestsException"])
    try:
        client = module.client("lambda", retry_decorator=patient)
        limit = 900  # of any function
        once = {"read_timeout": limit + ANSWER_SECONDS, "retries": {"total_max_attempts": 1}, "tcp_keepalive": True}
        invoking = module.client("lambda", retry_decorator=patient, config=once)
        run(module, Function(client, invoking, name, module.params["alias"]))
    except ReleaseError as error:
        module.fail_json(code=error.code, msg=str(error))
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Releasing function {name} failed")


if __name__ == "__main__":
    main()
