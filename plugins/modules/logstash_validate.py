#!/usr/bin/python
"""Runs Logstash's configuration test where it can do no harm."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_validate
short_description: Run Logstash's configuration test as the service's user, away from everything live
description:
  - Logstash's configuration test is not read-only. It creates path.data, queues and dead letter queues, takes the locks
    of a running instance, and leaves files that belong to whoever ran it.
  - This module creates a throw-away directory with a private copy of the settings, whose paths lead to data and logs in
    that directory, and runs the test there as the service's user with the service's environment. The directory is
    always removed; one left by a killed run is removed by the next.
  - The test runs in a systemd unit of its own with the properties of O(service), including those of O(drop_in), so that
    it is confined as the service will be. Without them, a confined process of the same user could escape through the
    test's entry below C(/proc). The unit ends with this module, even if that is killed, and 30 s after O(timeout) in
    any case.
  - If systemd is not running or is older than release 236, or if the host has no such unit, the test runs without one,
    and a warning says so. In the first and the last case there is no confined process that could escape; older releases
    do not know most of what confines one.
  - Java uses the service's own temporary directory, since Logstash does not start if native libraries cannot be loaded
    from it. Java removes what it puts there when it ends.
  - The test passes if a path.config matches no file, and Logstash then starts without that pipeline. So this is checked
    first, as the service's user, and so are files that it cannot read.
  - The test also passes if another program uses an input's port, and Logstash then restarts that input again and again.
    So ports that the pipelines name literally are checked first.
  - The test runs with the usual heap limit but starts small, since the running Logstash already has its own heap. Java
    agents, JMX ports and garbage collector logs are left out, since only one process can have them.
  - A failure names the file and the line, if Logstash's message can be traced to them.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
options:
  program:
    description: The C(logstash) program.
    type: path
    required: true
  user:
    description: The user that the service runs as.
    type: str
    required: true
  path:
    description: The directory in which throw-away directories are created, and which is removed with them.
    type: path
    required: true
  src:
    description: The staged settings directory, with C(logstash.yml), C(pipelines.yml) and the folder C(pipelines).
    type: path
    required: true
  live:
    description:
      - The live settings directory. Whatever is not staged, such as the keystore, is copied from it.
      - If the staged settings name their own files by their live paths, the copies are used instead.
    type: path
    required: true
  environment_files:
    description: The files that the service's environment is read from, in this order. Missing files are skipped.
    type: list
    elements: path
    default: []
  confinement:
    description:
      - How the unit confines the service - options of M(elk.deploy.logstash_confinement), which looks at the staged
        pipelines before the test. Empty for a unit that does not confine it. This is an option of the action.
    type: dict
    default: {}
  service:
    description:
      - The systemd unit that the settings are for. Its own ports do not count as taken, and the test has the properties
        of its files.
    type: str
    default: logstash.service
  unit:
    description: The text of the unit, if its file is still to be written. Empty if the host has it.
    type: str
    default: ""
  drop_in:
    description: The staged drop-in of the unit, used instead of the live C(elk-deploy.conf).
    type: path
  templates:
    description: The template of each file in the folder C(pipelines), by its name there. Only for messages.
    type: dict
    default: {}
  timeout:
    description: How many seconds the test may take.
    type: int
    default: 300
attributes:
  check_mode:
    support: full
    description: Does not run the test, since the settings have not been written.
"""

EXAMPLES = r"""
- name: Test the staged settings as the service's user
  elk.deploy.logstash_validate:
    program: /usr/share/logstash/bin/logstash
    user: logstash
    path: /var/lib/logstash-validation
    src: /etc/logstash/staged
    live: /etc/logstash
    environment_files: [/etc/default/logstash, /etc/logstash/staged/environment]
    drop_in: /etc/logstash/staged/unit.systemd
"""

RETURN = r"""
places:
  description: The lines that caused the failure, each with file, line, text and, if it is known, template.
  type: list
  elements: dict
  returned: failure of the test
reasons:
  description: Why the test failed, each reason complete and on one line.
  type: list
  elements: str
  returned: failure of the test
confined:
  description: Whether the test ran in a unit with the service's properties.
  type: bool
  returned: when it ran
output:
  description: What the test printed; only the beginning and the end if it is long.
  type: str
  returned: when it ran
"""

import errno
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import (
    accounts,
    confined_unit,
    environment,
    explanations,
    input_ports,
    java_options,
    listening,
    logstash_log,
    pipeline_places,
    service_manager,
    settings_copy,
    untrusted_paths,
)
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule

OUTPUT_LINES = 40
SHOWN = 10
# Only the end of the test's log is read, however large it is.
LOG_BYTES = 1_000_000
TIMED_OUT = (124, 137)
ROOT = "/"
# After the timeout: until when systemd ends a test that nothing else has ended.
UNIT_SECONDS = 30
# Over what jvm.options has, since the last of two options counts.
SMALL_START = "-Xms64m"


class UnsafeSettingsError(Exception):
    """The settings are refused before Logstash is asked; the message says why."""


def check_files(copy, user):
    """Raises UnsafeSettingsError for what Logstash's own test accepts, or explains badly.

    Looks at the staged files rather than at the copies, whose modes are not those that will be live.
    """
    if not copy.patterns():
        raise UnsafeSettingsError(
            f"there is no pipeline in {copy.staged}: neither pipelines.yml nor logstash.yml there has a path.config, "
            "so that nothing would be tested. Correct src, or stage the settings first"
        )
    patterns = [(pipeline, value.replace(str(copy.settings), str(copy.staged))) for pipeline, value in copy.patterns()]
    names = [str(copy.staged / name) for name in copy.texts]

    def look():
        read = {file for _pipeline, value in patterns for file in settings_copy.expand(value)}
        return {
            "empty": [(pipeline, value) for pipeline, value in patterns if not settings_copy.expand(value)],
            "unreadable": [name for name in names if not os.access(name, os.R_OK)],
            "unread": [name for name in names if name.startswith(f"{copy.staged}/pipelines/") and name not in read],
        }

    seen = accounts.do_as(copy.account, look)
    if seen["unreadable"]:
        more = f" and {len(seen['unreadable']) - SHOWN} more" if len(seen["unreadable"]) > SHOWN else ""
        raise UnsafeSettingsError(
            f"User {user} can't read {', '.join(seen['unreadable'][:SHOWN])}{more}. Give its group the right to "
            "read, and to enter the directories above"
        )
    if seen["empty"]:
        listed = ", ".join(
            f"{pipeline} ({value.replace(str(copy.staged), str(copy.live))})" for pipeline, value in seen["empty"]
        )
        raise UnsafeSettingsError(
            f"path.config of pipeline {listed} matches no file that user {user} can see; Logstash would start without "
            "it. Name its templates in logstash_pipelines, or remove the pipeline"
        )
    if seen["unread"]:
        listed = ", ".join(os.path.relpath(name, copy.staged) for name in seen["unread"][:SHOWN])
        raise UnsafeSettingsError(
            f"No path.config matches {listed}; Logstash would not read it. Give its template in logstash_pipelines a "
            "name that ends in .conf"
        )


def check_ports(copy, pid):
    """Raises UnsafeSettingsError for ports that inputs name literally and another program has."""
    others = listening.others(pid)
    taken = [
        f"{found.port} (the input {found.plugin} in {name})"
        for names in copy.pipelines()
        for name in names
        for found in input_ports.find(copy.texts[name])
        if any(is_same_address(found, other) for other in others)
    ]
    if taken:
        raise UnsafeSettingsError(
            f"Another program listens on port {', '.join(dict.fromkeys(taken[:SHOWN]))}; the input would be started "
            "again and again. Stop that program, or set another port"
        )


def is_same_address(found, other):
    """Whether an input cannot listen beside another socket. One whose address is not known may."""
    everywhere = input_ports.EVERY_ADDRESS
    return found.port == other.port and (
        found.host == other.address
        or bool(found.host and found.host in everywhere)
        or bool(found.host and other.address in everywhere)
    )


def test_environment(copy, files, account):
    """The environment that systemd gives the service, without root's own; Ruby's temporary files lie in the copy."""
    service = environment.read(files)
    options = environment.without_exclusive(service.get("LS_JAVA_OPTS", "").split())
    found = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": account.pw_dir,
        "USER": account.pw_name,
        "LOGNAME": account.pw_name,
        "SHELL": "/bin/sh",
        **{name: copy.redirected(value) for name, value in service.items()},
        "LS_JAVA_OPTS": " ".join([*options, SMALL_START]),
        "TMPDIR": str(copy.path / "tmp"),
    }
    if (copy.settings / "jvm.options").exists():
        found["LS_JVM_OPTS"] = str(copy.settings / "jvm.options")
    return found


def confinement(module, account):
    """The ConfinedUnit to test in, or None where there can't be one, with a warning."""
    params = module.params
    try:
        files = confined_unit.service_files(ROOT, params["service"], params["drop_in"], params["unit"])
        return confined_unit.ConfinedUnit(module.run_command, files, account, params["timeout"] + UNIT_SECONDS, ROOT)
    except confined_unit.NoConfinementError as error:
        module.warn(
            f"The configuration test runs as user {account.pw_name}, but not confined as {params['service']} is: "
            f"{error}."
        )
        return None


def run_test(copy, params, account, unit):
    """Runs the test; returns its exit code and what it printed, or wrote to its log when it printed no reason."""
    command = [
        # Ends the test even if this process is killed.
        *["timeout", "--kill-after=10", str(params["timeout"])],
        *[params["program"], "--path.settings", str(copy.settings), "--config.test_and_exit"],
    ]
    variables = test_environment(copy, params["environment_files"], account)
    if unit:
        with unit:
            code, output = unit.run(command, variables, [copy.path / name for name in ("data", "logs", "tmp")])
    else:
        # Another process of that user may have stopped what is to end the program.
        seconds = params["timeout"] + UNIT_SECONDS
        code, output = accounts.run_program(account, command, variables, seconds, untrusted_paths.MOST_TEXT)
        code = TIMED_OUT[0] if code is None else code
    if code and not find_reasons(output):
        output += read_log(copy, account)
    return code, output


def read_log(copy, account):
    """The end of what the test wrote to its log. The directory is the user's, who may have put anything there."""
    path = str(copy.path / "logs" / "logstash-plain.log")
    try:
        descriptor = untrusted_paths.open_file(path, {account.pw_uid})
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"(The test's own log was not read: {error.strerror})\n"
    try:
        start = max(0, os.fstat(descriptor).st_size - LOG_BYTES)
        return untrusted_paths.read_up_to(descriptor, LOG_BYTES, start).decode("utf-8", "replace")
    finally:
        os.close(descriptor)


def find_reasons(output):
    """The reasons why the test failed, each once and whole, in the order of the output."""
    return logstash_log.reasons(logstash_log.entries(output.splitlines()))


def fail_test(module, copy, code, output, unit):
    """Fails with everything that is known about the failure."""
    params = module.params
    places = []
    for place in pipeline_places.find_places(output, copy.texts, copy.pipelines()):
        template = params["templates"].get(place.file.partition("pipelines/")[2], "")
        text = module.mask.foreign(copy.shown(place.text))
        places.append({"file": place.file, "line": place.line, "text": text, "template": template})
    output = module.mask.foreign(copy.shown(output))
    reasons = find_reasons(output)
    if code in TIMED_OUT:
        reasons.insert(
            0,
            f"It did not end within {params['timeout']} s. Raise logstash_validation_timeout if the host is slow or "
            "the configuration large",
        )
    not_started = unit.why_not_started(code) if unit and not reasons else ""
    reasons += [not_started] if not_started else []
    where = [
        f"{place['file']} line {place['line']}{' (template ' + place['template'] + ')' if place['template'] else ''}: "
        f"{place['text']}"
        for place in places[:SHOWN]
    ]
    tail = logstash_log.shortened(output, OUTPUT_LINES // 2, OUTPUT_LINES // 2)
    said = " | ".join(reasons[:SHOWN]) or tail
    words = logstash_log.words(logstash_log.entries(output.splitlines()))
    module.fail_json(
        code="configuration_refused",
        msg="\n".join(
            [
                f"Logstash's own test refuses the staged settings (run as user {params['user']}, exit status {code}). "
                f"{said}",
                *[f"Look at {line}" for line in where],
                *explanations.explain(words),
                *java_options.explain(words, option_files(copy, params["environment_files"])),
            ]
        ),
        reasons=reasons,
        places=places,
        output=tail,
        confined=bool(unit),
    )


def option_files(copy, environment_files):
    """The files with Java's options: those that people edit, rather than their copies."""
    return [str(copy.live / "jvm.options"), *environment_files]


def remove(base):
    """Removes the directory of the tests with all of its content, including leftovers of killed runs."""
    try:
        shutil.rmtree(base, ignore_errors=True)
    except RecursionError:
        # The user has nested directories deeper than Python goes.
        subprocess.run(["rm", "-rf", "--", str(base)], check=False)  # noqa: S603, S607 - of the system


def main():
    """Runs the module."""
    module = AnsibleModule(
        argument_spec={
            "program": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "src": {"type": "path", "required": True},
            "live": {"type": "path", "required": True},
            "environment_files": {"type": "list", "elements": "path", "default": []},
            "service": {"type": "str", "default": "logstash.service"},
            "unit": {"type": "str", "default": ""},
            "drop_in": {"type": "path"},
            "templates": {"type": "dict", "default": {}},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    params = module.params
    if module.check_mode:
        module.exit_json(changed=False, msg="The configuration test runs once the settings are staged.")
    try:
        account = accounts.find_account(params["user"])
    except accounts.NoSuchUserError as error:
        module.fail_json(code="account_missing", msg=str(error))
    if not os.access(params["program"], os.X_OK):
        module.fail_json(
            code="logstash_missing", msg=f"There is no program {params['program']}; install the package first."
        )

    base = Path(params["path"])
    remove(base)
    try:
        # The directory of a test that still runs may not be removable; the next run removes it.
        base.mkdir(exist_ok=True)
        base.chmod(0o711)
        # A unique name, so that a test of a killed run that still runs cannot interfere with this one.
        copy = settings_copy.SettingsCopy(
            Path(tempfile.mkdtemp(dir=base)), params["src"], params["live"], account, params["environment_files"]
        )
        copy.make()
        check_files(copy, params["user"])
        check_ports(copy, service_manager.main_process(module.run_command, params["service"]))
        unit = confinement(module, account)
        code, output = run_test(copy, params, account, unit)
        if code:
            fail_test(module, copy, code, output, unit)
    except accounts.WorkFailedError as error:
        module.fail_json(
            code="configuration_test_failed",
            msg=f"The staged settings could not be examined. {error} Nothing live was changed.",
        )
    except UnsafeSettingsError as error:
        module.fail_json(code="configuration_test_refused", msg=f"The staged settings are refused: {error}.")
    except confined_unit.ReloadError as error:
        module.fail_json(
            code="configuration_test_failed",
            msg=f"The configuration test can't be prepared: {error}. Nothing live was changed.",
        )
    except OSError as error:
        full = " Free some space on its volume." if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        module.fail_json(
            code="configuration_test_failed",
            msg=f"The configuration test can't be prepared in {base}: {error.strerror or error}.{full}",
        )
    finally:
        remove(base)
    module.exit_json(
        changed=False, confined=bool(unit), output=module.mask.foreign(copy.shown(logstash_log.shortened(output)))
    )


if __name__ == "__main__":
    main()
