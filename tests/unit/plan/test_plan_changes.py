"""What a plan says about each changed task of a run in check mode."""

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.plan_changes import Change, Host, changes, table

SERVICE_TASK = ("ansible.builtin.systemd_service", "Run the service")


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


def test_only_changed_items_of_a_loop():
    results = [
        {"changed": False, "msg": "no"},
        {"changed": True, "msg": "yes", "invocation": {"module_args": {"name": "b"}}},
    ]
    assert of({"results": results}) == [("b", "yes")]


def test_restart_is_told_apart_from_other_changes_of_the_service():
    host = Host()
    host.add(*SERVICE_TASK, {"name": "logstash.service", "state": "restarted"}, {})
    assert (host.service, host.shown) == ("restart", [])
    host = Host()
    host.add(*SERVICE_TASK, {"name": "logstash.service", "state": "started"}, {})
    assert (host.service, [one.what for one in host.shown]) == ("untouched", ["logstash.service"])
    host = Host()
    host.add(*SERVICE_TASK, {"name": "other.service", "state": "restarted"}, {})
    assert (host.service, [one.what for one in host.shown]) == ("untouched", ["other.service"])


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
