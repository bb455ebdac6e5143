"""What logstash_monitor reads on a host, computed on the control node from the variables of role logstash_monitor.

Every function takes the variables, and is pure. :func:`files` holds secrets; :func:`faults` shows none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils.logstash.environment import NAME as ENVIRONMENT_NAME
from ..module_utils.logstash.environment import environment_file
from ..module_utils.messages import coded
from .logstash.plan import PROVEN, Variables

SETTINGS = "/etc/logstash-monitor"
STATE = "/var/lib/logstash-monitor"

# An id of a plugin, which names a file as well.
INPUT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# A name of Logstash's keystore, which only Logstash can read: the value is in logstash_keystore as well.
KEYSTORE_NAME = re.compile(r"\$\{([^}]+)\}")
HIGHEST_PORT = 65535
NO_TLS = {"ca": "", "server_name": "", "certificate": "", "key": ""}


def config(read: Variables) -> dict[str, Any]:
    """The content of config.json. Nothing in it is secret: passwords are in files of their own."""
    user = str(read.substituted("logstash_monitor_api_user") or "")
    cloudwatch = read("logstash_monitor_cloudwatch")
    return {
        "environment": read("logstash_monitor_environment_name"),
        "layer": read("logstash_monitor_layer"),
        "host": read("logstash_monitor_host"),
        "interval": int(read("logstash_monitor_interval")),
        "api": {
            "url": read("logstash_monitor_api_url").strip(),
            "user": user,
            "password_file": f"{SETTINGS}/passwords/api" if user else "",
            "ca": _tls_path(read("logstash_monitor_api_ca")),
        },
        "listen": {
            "address": read("logstash_monitor_address"),
            "port": int(read("logstash_monitor_port")),
        },
        "pipelines": read("logstash_monitor_pipelines"),
        "inputs": [_input(one) for one in read.substituted("logstash_monitor_inputs")],
        "canary": {
            "interval": int(read("logstash_monitor_canary_interval")),
            "timeout": int(read("logstash_monitor_canary_timeout")),
            "max_age": int(read("logstash_monitor_canary_max_age")),
        },
        "cloudwatch": {"endpoint": "", "namespace": "Logstash", **cloudwatch} if cloudwatch else None,
        "restart": {
            "enabled": boolean(read("logstash_monitor_restart")),
            "after": int(read("logstash_monitor_restart_after")),
            "at_most": int(read("logstash_monitor_restart_at_most")),
            "within": int(read("logstash_monitor_restart_within")),
        },
        "service": read("logstash_monitor_service"),
        "log_file": read("logstash_monitor_log_file"),
        "journal": read("logstash_monitor_journal"),
        # What a release that is live again does not have is not missed.
        "record": PROVEN,
        "state": STATE,
    }


def _input(given: Mapping[str, Any]) -> dict[str, Any]:
    tls = given.get("tls") or {}
    return {
        "name": given["name"],
        "pipeline": given["pipeline"],
        "kind": given["kind"],
        "host": given.get("host") or "127.0.0.1",
        "port": int(given["port"]),
        "tls": {
            **NO_TLS,
            **{name: value if name == "server_name" else _tls_path(value) for name, value in tls.items()},
        }
        if tls
        else None,
        "user": given.get("user") or "",
        "password_file": f"{SETTINGS}/passwords/{given['name']}" if given.get("password") else "",
    }


def _tls_path(name: str | None) -> str:
    """A name of logstash_monitor_tls_files as its path on the host; a path stays as it is."""
    return f"{SETTINGS}/tls/{name}" if name and not name.startswith("/") else name or ""


def files(read: Variables) -> list[dict[str, Any]]:
    """All of the monitor's settings, as the option ``files`` of settings_directory."""
    found: list[dict[str, Any]] = [{"name": "config.json", "content": f"{json.dumps(config(read), indent=2)}\n"}]
    secrets = {f"passwords/{name}": value for name, value in _passwords(read).items()}
    if environment := read.substituted("logstash_monitor_environment"):
        secrets["environment"] = environment_file(environment)
    found += [{"name": name, "content": value, "secret": True} for name, value in secrets.items()]
    entries = read("logstash_monitor_tls_files")
    contents = read.substituted("logstash_monitor_tls_files", "content")
    for entry, content in zip(entries, contents, strict=True):
        of = {"src": entry["src"]} if entry.get("src") else {"content": content}
        found.append({"name": f"tls/{entry['name']}", "secret": True, **of})
    return found


def _passwords(read: Variables) -> dict[str, str]:
    """{file: password}, of the inputs and the node API that have one."""
    given = {one["name"]: one["password"] for one in read.substituted("logstash_monitor_inputs") if one.get("password")}
    if read.substituted("logstash_monitor_api_user"):
        given["api"] = read.substituted("logstash_monitor_api_password")
    keystore = _keystore(read)
    return {name: _looked_up(str(password), keystore) for name, password in given.items()}


def _keystore(read: Variables) -> dict[str, str]:
    """Logstash's keystore by its names, whose case does not count."""
    try:
        return {name.lower(): str(value) for name, value in read("logstash_keystore").items()}
    except KeyError:  # role logstash is not there
        return {}


def _looked_up(password: str, keystore: Mapping[str, str]) -> str:
    name = KEYSTORE_NAME.fullmatch(password)
    return keystore.get(name[1].lower(), password) if name else password


def faults(read: Variables) -> Iterator[str]:
    """All that is wrong with variables whose form is right, a message each."""
    inputs = read.substituted("logstash_monitor_inputs")
    yield from _input_faults(inputs, read("logstash_monitor_pipelines"))
    yield from _file_faults(read, inputs)
    yield from _password_faults(read)
    yield from _number_faults(read)
    cloudwatch = read("logstash_monitor_cloudwatch")
    if cloudwatch and not cloudwatch.get("region"):
        yield coded(
            "monitor_cloudwatch_invalid",
            "logstash_monitor_cloudwatch has no region; expected one such as eu-west-1. Set it, or leave the variable "
            "empty: /metrics has the same figures.",
        )


def _input_faults(inputs: list[dict[str, Any]], pipelines: list[str]) -> Iterator[str]:
    names = [one["name"] for one in inputs]
    for number, one in enumerate(inputs):
        place = f"logstash_monitor_inputs[{number}]"
        if not INPUT_NAME.fullmatch(one["name"]) or one["name"] == "api" or names.index(one["name"]) != number:
            yield coded(
                "monitor_input_invalid",
                f"{place}.name is {json.dumps(one['name'])}; expected the id of the input in its pipeline, of letters, "
                "digits, and . _ -, that no other entry has, and not `api`. Give the input such an id in its template.",
            )
        if one["pipeline"] not in pipelines:
            yield coded(
                "monitor_input_invalid",
                f"{place}.pipeline is {json.dumps(one['pipeline'])}; expected one of logstash_monitor_pipelines, "
                f"{json.dumps(pipelines)}. Correct one of the two.",
            )
        if not 1 <= int(one["port"]) <= HIGHEST_PORT:
            yield coded(
                "monitor_input_invalid",
                f"{place}.port is {json.dumps(one['port'])}; expected a port from 1 to {HIGHEST_PORT}, the one that "
                "the input listens on. Correct it.",
            )
        if one.get("user") and one["kind"] == "tcp":
            yield coded(
                "monitor_input_invalid",
                f"{place} has a user, and is of kind tcp, which knows none. Remove the user.",
            )
        if bool(one.get("user")) != bool(one.get("password")):
            yield coded(
                "monitor_input_invalid",
                f"{place} has a user or a password; expected both, or neither. Add the other one; ${{NAME}} as a "
                "password takes it from logstash_keystore.",
            )


def _file_faults(read: Variables, inputs: list[dict[str, Any]]) -> Iterator[str]:
    entries = read("logstash_monitor_tls_files")
    for number, entry in enumerate(entries):
        if not FILE_NAME.fullmatch(entry["name"]) or bool(entry.get("src")) == bool(entry.get("content")):
            yield coded(
                "monitor_tls_invalid",
                f"logstash_monitor_tls_files[{number}] is named {json.dumps(entry['name'])}; expected the name of a "
                "file without a folder, and either its content or its src. Correct it.",
            )
    names = {entry["name"] for entry in entries}
    wanted: dict[str, list[str]] = {}
    if read("logstash_monitor_api_ca"):
        wanted[read("logstash_monitor_api_ca")] = ["logstash_monitor_api_ca"]
    for number, one in enumerate(inputs):
        place = f"logstash_monitor_inputs[{number}].tls"
        tls = one.get("tls") or {}
        for name in ("ca", "certificate", "key"):
            if tls.get(name):
                wanted.setdefault(tls[name], []).append(f"{place}.{name}")
        if bool(tls.get("certificate")) != bool(tls.get("key")):
            yield coded(
                "monitor_tls_invalid",
                f"{place} has a certificate or a key; expected both, or neither. Add the other one.",
            )
    for name, places in wanted.items():
        if not name.startswith("/") and name not in names:
            yield coded(
                "monitor_tls_invalid",
                f"{' and '.join(places)} {'is' if len(places) == 1 else 'are'} {json.dumps(name)}; expected a path, or "
                f"the name of a file in logstash_monitor_tls_files, which has {json.dumps(sorted(names))}. Add the "
                "file there: docs/monitor.md says which ones the brokers of the inventories need.",
            )


def _password_faults(read: Variables) -> Iterator[str]:
    for file, password in _passwords(read).items():
        place = "logstash_monitor_api_password" if file == "api" else f"The password of input {file}"
        if name := KEYSTORE_NAME.fullmatch(password):
            yield coded(
                "monitor_password_missing",
                f"{place} is ${{{name[1]}}}, which logstash_keystore does not have. Add the entry, or write the "
                "password itself.",
            )
        elif not password:
            yield coded("monitor_password_missing", f"{place} is empty. Set it, or remove the user.")
    for name in read("logstash_monitor_environment"):
        if not ENVIRONMENT_NAME.fullmatch(name):
            yield coded(
                "monitor_environment_invalid",
                f"logstash_monitor_environment has the name {json.dumps(name)}; expected letters, digits and _, as "
                "names of variables have. Correct it.",
            )


AT_LEAST_ONE = (
    "logstash_monitor_interval",
    "logstash_monitor_canary_interval",
    "logstash_monitor_canary_timeout",
    "logstash_monitor_restart_after",
    "logstash_monitor_restart_at_most",
    "logstash_monitor_restart_within",
)


def _number_faults(read: Variables) -> Iterator[str]:
    for name in AT_LEAST_ONE:
        if int(read(name)) < 1:
            yield coded(
                "monitor_number_invalid", f"{name} is {int(read(name))}; expected a number from 1 on. Correct it."
            )
    age = int(read("logstash_monitor_canary_max_age"))
    least = int(read("logstash_monitor_canary_interval")) + int(read("logstash_monitor_canary_timeout"))
    if age <= least:
        yield coded(
            "monitor_number_invalid",
            f"logstash_monitor_canary_max_age is {age}; expected more than canary_interval and canary_timeout "
            f"together, {least}, or a host would leave its load balancer between two canaries. Raise it, or lower one "
            "of these.",
        )
    port = int(read("logstash_monitor_port"))
    if not 1 <= port <= HIGHEST_PORT:
        yield coded(
            "monitor_number_invalid",
            f"logstash_monitor_port is {port}; expected a port from 1 to {HIGHEST_PORT}. Correct it.",
        )
