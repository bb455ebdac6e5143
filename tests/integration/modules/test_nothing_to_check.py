"""A call that would check nothing fails: its "ok" would be taken for an answer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.modules import logstash_health, logstash_validate, unmanaged_files
from playbook_project import Project

ACTIONS = [
    # action, its options, the message; "" for a call that has something to check
    (
        "octopus_check",
        {},
        "octopus_check has nothing to check: src, pipelines, text and required are all missing or empty",
    ),
    (
        "octopus_check",
        {"src": [], "text": {}, "required": []},
        "octopus_check has nothing to check: src, pipelines, text and required",
    ),
    ("octopus_check", {"scr": ["a.conf"]}, "octopus_check: wrong options: scr. Supported parameters include"),
    ("octopus_check", {"src": ["a.cnf"]}, "Could not find or access 'a.cnf'"),
    ("octopus_check", {"src": ["empty"]}, "templates/empty: nothing to check: it has no files; correct src"),
    (
        "octopus_check",
        {"src": ["binary"]},
        "templates/binary: nothing to check: no text file in it matches files (**/*)",
    ),
    (
        "octopus_check",
        {"src": ["tree"], "files": ["*.cnf", "x/*"], "text": {"a": "b"}},
        (
            "templates/tree: nothing to check: no text file in it matches files (*.cnf, x/*); correct src, "
            "files or exclude"
        ),
    ),
    ("octopus_check", {"src": ["tree"], "exclude": ["**/*"]}, "templates/tree: nothing to check: it has no files"),
    (
        "octopus_check",
        {"src": ["tree"], "files": ["*.cnf"], "warn_no_match": False},
        "octopus_check has nothing to check: no text file was found in tree",
    ),
    ("octopus_check", {"src": ["tree"], "files": ["*.cnf"], "warn_no_match": False, "text": {"a": "b"}}, ""),
    ("octopus_check", {"src": ["tree"]}, ""),
    ("octopus_check", {"text": {"a": "b"}}, ""),
    (
        "octopus_check",
        {"text": {"a": None, "b": ""}},
        "octopus_check has nothing to check: src, pipelines, text and required",
    ),
    ("octopus_check", {"text": {"a": "", "b": "c"}}, ""),
    ("octopus_check", {"text": {"a": None, "b": "c"}}, "text a is null; expected a text"),
    ("octopus_check", {"required": ["Port"]}, ""),
    (
        "logstash_check",
        {"version": "9.5.2"},
        (
            "logstash_check has nothing to check: settings, pipelines, heap_size, jvm_options, environment, "
            "tls_files are all"
        ),
    ),
    ("logstash_check", {"version": "9.5.2", "settings": {}, "heap_size": ""}, "logstash_check has nothing to check"),
    ("logstash_check", {"version": "9.5.2", "heap_size": "1g"}, ""),
    ("logstash_plugins", {"check_only": True}, "logstash_plugins has nothing to check: plugins is missing or empty"),
    ("logstash_plugins", {"check_only": True, "plugins": []}, "logstash_plugins has nothing to check"),
    ("logstash_plugins", {}, "logstash_plugins has nothing to do: neither plugins nor fingerprint is given"),
    ("logstash_plugins", {"check_only": True, "plugins": [{"name": "logstash-output-http", "version": "6.0.2"}]}, ""),
    ("octopus_import", {"src": "{{ playbook_dir }}/templates/empty", "dest": "{{ playbook_dir }}/out"}, "empty"),
]


def test_actions(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("variables.yml", "- {name: Port, value: 8080}\n")
    project.write("templates/tree/a.conf", "#{Port}")
    project.write("templates/binary/a.bin", b"\0")
    (tmp_path / "templates/empty").mkdir()
    tasks = [{f"elk.deploy.{action}": options, "ignore_errors": True} for action, options, _ in ACTIONS]
    result = project.play(*tasks)
    for part, (action, options, message) in zip(result.stdout.split("TASK [")[1:], ACTIONS, strict=True):
        failed = "fatal: " in part
        assert failed == bool(message), (action, options, part)
        assert message in part, (action, options, part)


@pytest.mark.parametrize("check", [False, True])
def test_health_without_pipelines(run_module, check: bool) -> None:
    result = run_module(logstash_health, check=check, pipelines=[], log_file="/nowhere", timeout=0)
    assert result["failed"]
    assert "pipelines is empty, so nothing would be checked" in result["msg"]


@pytest.mark.parametrize("places", [[], ["etc/logstash/conf.d"], ["/etc/logstash/conf.d", "*.conf"]])
def test_unmanaged_files_of_no_place(run_module, places: list[str]) -> None:
    result = run_module(unmanaged_files, places=places)
    assert result["failed"]
    assert "so nothing would be found. Expected absolute paths" in result["msg"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as another user")
@pytest.mark.parametrize("content", [None, "# - pipeline.id: main\n", "- pipeline.id: main\n"])
def test_validation_of_settings_without_a_pipeline(run_module, open_path: Path, content: str | None) -> None:
    """The real test of such settings would be of something else than what is to run."""
    program = open_path / "logstash"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    (open_path / "live/staged").mkdir(parents=True)
    if content is not None:
        (open_path / "live/staged/pipelines.yml").write_text(content)
    result = run_module(
        logstash_validate,
        program=str(program),
        user="nobody",
        path=str(open_path / "validation"),
        src=str(open_path / "live/staged"),
        live=str(open_path / "live"),
    )
    assert result["failed"]
    assert f"there is no pipeline in {open_path}/live/staged" in result["msg"]
    assert not (open_path / "validation").exists()
