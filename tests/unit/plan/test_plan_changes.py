"""What a plan says about each changed task of a run in check mode."""

from pathlib import Path

import pytest
import yaml
from ansible_collections.elk.deploy.plugins.plugin_utils.plan_changes import Change, Host, changes, is_service, table

ROOT = Path(__file__).parents[3]

SYSTEMD_TASK = ("ansible.builtin.systemd_service", "Restart it in a hook")
ROLES_TASK = ("elk.deploy.logstash_service", "Run the service with the live settings")


def of(result, arguments=None, action="ansible.builtin.copy"):
    return [(one.what, one.change) for one in changes(action, "Do it", arguments or {}, result)]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("", "a\nb\n", "new, 2 lines"),
        ("a\nb\n", "", "removed, 2 lines"),
        ("a\nb\nc\n", "a\nx\ny\nc\n", "+2 -1 lines"),
        ("logstash 8.5.3\n", "logstash 8.6.2\n", "logstash 8.5.3 -> logstash 8.6.2"),
        ("a\nb\n", "a\nb", "changes"),
    ],
)
def test_file_is_named_by_the_difference_and_says_how_it_changes(before, after, change):
    result = {"diff": {"before": before, "after": after, "before_header": "old.conf", "after_header": "new.conf"}}
    assert of(result) == [("new.conf", change)]


def test_every_file_of_a_directory_has_an_entry_and_its_folders_have_none():
    diff = [
        {"prepared": "folder pipelines\n"},
        {"before": "", "after": "x\n", "after_header": "pipelines/a.conf"},
        {"prepared": "secret.conf changes; not shown\n"},
    ]
    assert of({"diff": diff}) == [("pipelines/a.conf", "new, 1 lines"), ("secret.conf changes; not shown", "changes")]


def test_attributes_of_a_path():
    diff = {"before": {"path": "/srv/a", "state": "absent"}, "after": {"path": "/srv/a", "state": "directory"}}
    assert of({"diff": diff}, {"path": "/srv/a"}) == [("/srv/a", "state: absent -> directory")]


def test_created_paths_without_a_difference():
    assert of({"created": ["/srv/a", "/srv/b"]}) == [("/srv/a", "new"), ("/srv/b", "new")]


@pytest.mark.parametrize(
    ("arguments", "what"), [({"dest": "/etc/a"}, "/etc/a"), ({"name": "b"}, "b"), ({}, "copy"), ({"dest": ""}, "copy")]
)
def test_change_without_a_difference_is_named_by_its_arguments(arguments, what):
    assert of({"diff": []}, arguments) == [(what, "changes")]


def test_a_stack_has_a_line_for_each_resource():
    lines = ["~ Errors AWS::CloudWatch::Alarm (Threshold)", "! Log AWS::S3::Bucket would be REPLACED (BucketName)"]
    found = changes("elk.deploy.stack", "Deploy", {"stack_name": "alarms"}, {"changed": True, "changes": lines})
    assert [(one.what, one.change) for one in found] == [("alarms", line) for line in lines]


def test_only_changed_items_of_a_loop():
    results = [
        {"changed": False, "msg": "no"},
        {"changed": True, "msg": "yes", "invocation": {"module_args": {"name": "b"}}},
    ]
    assert of({"results": results}) == [("b", "yes")]


@pytest.mark.parametrize(
    ("task", "arguments", "service", "what"),
    [
        (ROLES_TASK, {"state": "started", "restart": True}, "restart", []),
        (ROLES_TASK, {"state": "started", "restart": False}, "untouched", ["logstash.service"]),
        (ROLES_TASK, {"state": "stopped", "restart": "no"}, "untouched", ["logstash.service"]),
        (SYSTEMD_TASK, {"name": "logstash.service", "state": "restarted"}, "restart", []),
        (SYSTEMD_TASK, {"name": "logstash.service", "state": "started"}, "untouched", ["logstash.service"]),
        (SYSTEMD_TASK, {"name": "other.service", "state": "restarted"}, "untouched", ["other.service"]),
    ],
)
def test_restart_is_told_apart_from_other_changes_of_the_service(task, arguments, service, what):
    host = Host()
    host.add(*task, arguments, {})
    assert (host.service, [one.what for one in host.shown]) == (service, what)


def test_the_role_runs_the_service_by_the_task_that_a_plan_looks_for():
    tasks = yaml.safe_load((ROOT / "roles/logstash/tasks/service.yml").read_text(encoding="utf-8"))
    assert any(is_service(action, arguments) for task in tasks for action, arguments in task.items() if "." in action)


def test_records_are_shown_only_where_nothing_else_changes():
    host = Host()
    host.add("elk.deploy.logstash_deployment_record", "Remember", {"path": "/etc/logstash/proven"}, {})
    assert [one.what for one in host.shown] == ["/etc/logstash/proven"]
    host.add("ansible.builtin.copy", "Copy", {"dest": "/etc/a"}, {})
    assert [one.what for one in host.shown] == ["/etc/a"]


def test_difference_is_a_unified_diff():
    (one,) = changes("a.b.c", "Do it", {}, {"diff": {"before": "a\nb\n", "after": "a\nc\n", "after_header": "f"}})
    assert one.diff == "--- f (now)\n+++ f (planned)\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"


def test_table_has_every_host_in_order():
    busy, broken, quiet = Host(changes=[Change("/etc/a", "new, 1 lines", "Copy")], service="restart"), Host(), Host()
    broken.errors.append("Check: no disk\nmore")
    text = table({"c-quiet": quiet, "b-broken": broken, "a-busy": busy})
    assert [line.split() for line in text.splitlines()] == [
        ["HOST", "WHAT", "CHANGE", "TASK"],
        ["a-busy", "/etc/a", "new,", "1", "lines", "Copy"],
        ["a-busy", "logstash.service", "restarts"],
        ["b-broken", "error", "Check:", "no", "disk"],
        ["c-quiet", "nothing", "would", "change"],
    ]
