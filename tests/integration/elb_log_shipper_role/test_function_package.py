"""The action that builds the function's package, wherever the collection lies."""

import hashlib
import json
import zipfile

from playbook_project import Project

SETTINGS = {"LogHost": "broker", "LogPort": "5000", "LogTransport": "tcp"}


def test_package_is_built_in_check_mode_and_a_fault_is_told(tmp_path):
    project = Project(tmp_path)
    build = {"settings": json.dumps(SETTINGS), "dest": str(tmp_path / "package.zip")}
    wrong = {"settings": '{"LogHost": "#{Left}"}', "dest": str(tmp_path / "wrong.zip")}
    ended = project.play(
        {"elk.deploy.function_package": build, "register": "built"},
        {"elk.deploy.function_package": build, "register": "again"},
        {"elk.deploy.function_package": wrong, "register": "refused", "ignore_errors": True},
        {"ansible.builtin.debug": {"msg": "{{ [built.sha256, again.sha256, built.changed, refused.msg] | to_json }}"}},
        options=("--check",),
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    digest = hashlib.sha256((tmp_path / "package.zip").read_bytes()).hexdigest()
    assert ended.stdout.count(digest) == 2
    assert "could not be built: settings: the token #{Left} was not substituted" in ended.stdout
    assert "changed=0" in ended.stdout
    assert not (tmp_path / "wrong.zip").exists()


def test_salt_and_processor_reach_the_package(tmp_path):
    project = Project(tmp_path)
    wheel, salt = tmp_path / "isal-1.9.1-cp311-cp311-manylinux2014_x86_64.whl", tmp_path / "salt"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("isal/__init__.py", "")
    salt.write_text("0" * 64)
    build = {"settings": json.dumps(SETTINGS), "dest": str(tmp_path / "package.zip")}
    other = {"architecture": "x86_64", "wheels": [str(wheel)]}
    ended = project.play(
        {"elk.deploy.function_package": build, "register": "plain"},
        {"elk.deploy.function_package": {**build, "salt": str(salt)}, "register": "salted"},
        {"elk.deploy.function_package": {**build, **other}, "register": "built"},
        {
            "elk.deploy.function_package": {**build, "wheels": [str(wheel)]},
            "register": "refused",
            "ignore_errors": True,
        },
        {
            "ansible.builtin.assert": {
                "that": ["plain.sha256 != salted.sha256", "built is success", "refused is failed"]
            }
        },
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert wheel.name in ended.stdout
