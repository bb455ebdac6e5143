"""What must hold of the variables of role logstash before any host is asked, beside their forms and choices.

The forms and the choices are in the role's argument specs, and hold here already. Each fault says which variable, what
it has, what is expected, and a hint.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...module_utils.downloads import is_trusted
from ...module_utils.messages import coded
from . import plan
from .plan import Variables
from .plan import is_true as _is_true
from .table import flatten

VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+([.+~-][0-9A-Za-z.]+)?")
CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
PACKAGE_PLACE = re.compile(r"https?://|s3://[^/]+/.|file:///|/")
FINGERPRINT = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
ARCHIVE_ROOT = re.compile(r"/[^/\s%$]+/[^\s%$]+")
TWO_LEVELS = re.compile(r"/[^/]+/.+")
SHARED_TMP = re.compile(r"(/var)?/tmp/?")
LOOPBACK = re.compile(r"127\.[0-9.]+|localhost|::1?|0\.0\.0\.0")
HIGHEST_PORT = 65535

TRUSTED = "an address with https, or of a host in logstash_trusted_mirrors"
NO_TLS = (
    "What is fetched in clear text can be exchanged on the way. Use https, or add the host to logstash_trusted_mirrors "
    "if you trust the way to it."
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a variable, or with several, whose names are joined by commas."""

    code: str
    variable: str
    value: Any
    expected: str
    hint: str


def _version(read: Variables) -> Iterator[Fault]:
    version = str(read("logstash_version"))
    if not VERSION.fullmatch(version):
        yield Fault(
            "version_invalid",
            "logstash_version",
            version,
            "an exact release such as 9.5.2",
            "Set the full version number; ranges and 'latest' are not accepted, since every host must run the same.",
        )


def _package(read: Variables) -> Iterator[Fault]:
    if read("logstash_source") == "repository":
        return
    checksum, place = read("logstash_package_checksum"), read("logstash_package_url")
    if not CHECKSUM.fullmatch(checksum):
        yield Fault(
            "checksum_invalid",
            "logstash_package_checksum",
            checksum,
            "sha256:<64 hex digits> or sha512:<128 hex digits>, since logstash_package_url is what is installed",
            "Run sha256sum on the file and set logstash_package_checksum to sha256: and its first word.",
        )
    if not PACKAGE_PLACE.match(place):
        yield Fault(
            "package_source_invalid",
            "logstash_package_url",
            place,
            "an absolute path on the control node, an address that starts with http://, https:// or file://, or "
            "s3://bucket/key",
            "Give the whole path, or leave it empty and logstash_source unset to install from logstash_repository_url.",
        )
    yield from _untrusted(read, "logstash_package_url")


def _repository(read: Variables) -> Iterator[Fault]:
    from_repository = read("logstash_source") == "repository"
    fingerprints = read("logstash_repository_key_fingerprints")
    if from_repository:
        yield from _untrusted(read, "logstash_repository_url")
        yield from _untrusted(read, "logstash_repository_key_url")
    if not all(FINGERPRINT.fullmatch(re.sub(r"[\s:]", "", str(text))) for text in fingerprints):
        yield Fault(
            "fingerprint_invalid",
            "logstash_repository_key_fingerprints",
            fingerprints,
            "whole fingerprints, 40 or 64 hex digits each, and no short ids, which anybody can make a key for",
            "Take them from where the vendor publishes them, or run gpg --show-keys on a key that you know to be the "
            "right one.",
        )
    if from_repository and _is_true(read("logstash_require_checksums")) and not fingerprints:
        yield Fault(
            "fingerprint_invalid",
            "logstash_repository_key_fingerprints",
            fingerprints,
            "the fingerprint of the key at logstash_repository_key_url, since logstash_require_checksums is true",
            "Take the variable out for Elastic's, or run gpg --show-keys on a key that you know to be the right one. "
            "With logstash_require_checksums: false, whoever serves the key decides.",
        )


def _untrusted(read: Variables, variable: str) -> Iterator[Fault]:
    if not is_trusted(str(read(variable)), map(str, read("logstash_trusted_mirrors"))):
        yield Fault("download_untrusted", variable, read(variable), TRUSTED, NO_TLS)


def _archive(read: Variables) -> Iterator[Fault]:
    root = read("logstash_archive_root")
    if not ARCHIVE_ROOT.fullmatch(root) or ".." in root.split("/"):
        yield Fault(
            "archive_root_invalid",
            "logstash_archive_root",
            root,
            "an absolute path at least two levels deep, without .., and without blanks, % and $, which mean something "
            "in a unit",
            "Give the versions a directory of their own, such as /opt/logstash.",
        )


def _pipelines(read: Variables) -> Iterator[Fault]:
    pipelines = read("logstash_pipelines")
    names = [pipeline["id"] for pipeline in pipelines]
    if not pipelines:
        yield Fault(
            "pipelines_invalid",
            "logstash_pipelines",
            pipelines,
            "at least one pipeline",
            "Put the host into one of the groups brokers, indexers, shippers, or set logstash_pipelines for it.",
        )
    if len(set(names)) != len(names):
        yield Fault(
            "pipelines_invalid",
            "logstash_pipelines",
            names,
            "every id once",
            "Rename one of the pipelines of the same id.",
        )
    empty = [pipeline["id"] for pipeline in pipelines if not pipeline["templates"]]
    if empty:
        yield Fault(
            "pipelines_invalid",
            "logstash_pipelines",
            empty,
            f"no pipeline without templates, files below {read('logstash_template_path')}",
            "Name at least one file for each of these pipelines, or remove the pipeline.",
        )


def _directories(read: Variables) -> Iterator[Fault]:
    directories = plan.general_directories(read)
    paths = [directory["path"] for directory in directories]
    if not all(TWO_LEVELS.match(path) and ".." not in path.split("/") for path in paths):
        yield Fault(
            "directory_invalid",
            ", ".join(directory["variable"] for directory in directories),
            paths,
            "absolute paths at least two levels deep, without .. in them",
            "Give each a directory of its own, such as /var/lib/logstash.",
        )


def _temporary_directory(read: Variables) -> Iterator[Fault]:
    directory = plan.temporary_directory(read)
    path, variable = directory["path"], directory["variable"]
    if not re.fullmatch(r"/\S+", path):
        yield Fault(
            "temporary_directory_invalid",
            variable,
            path,
            "an absolute path without blanks for the temporary directory of Java",
            "Give it another name, since the options of Java are separated by blanks.",
        )
    private = _is_true(read("logstash_unit_hardening")) and plan.PRIVATE_TMP.match(path)
    if private and not SHARED_TMP.fullmatch(path):
        yield Fault(
            "temporary_directory_invalid",
            variable,
            path,
            "a place outside of /tmp and /var/tmp, since the confined service has both for itself, empty at each start",
            "Name a directory elsewhere, such as /var/lib/logstash/tmp.",
        )


def _home(read: Variables) -> Iterator[Fault]:
    environment = read("logstash_environment")
    if "HOME" not in environment or not _is_true(read("logstash_unit_hardening")):
        return
    if not set(plan.write_paths(read)) & set(plan.homes(plan.environment(read)["HOME"])):
        yield Fault(
            "home_not_writable",
            "logstash_environment",
            {"HOME": environment["HOME"]},
            "a HOME that the confined service may write to, since inputs keep there how far they have read",
            "Add it to logstash_write_paths, or remove HOME to use logstash_path_data.",
        )


def _api(read: Variables) -> Iterator[Fault]:
    port, address = read("logstash_api_port"), read("logstash_api_host")
    if not _is_port(port):
        yield Fault(
            "api_address_invalid",
            "logstash_api_port",
            port,
            "one port from 1 to 65535",
            "Set a single free port; the health gate has to know where to ask.",
        )
    # Before their tokens have values.
    given = flatten(read("logstash_settings"))
    has_password = given.get("api.auth.basic.username")
    if has_password and not _is_true(given.get("api.ssl.enabled", False)) and not LOOPBACK.fullmatch(address):
        yield Fault(
            "api_address_invalid",
            "logstash_api_host",
            address,
            "an address of loopback, such as 127.0.0.1, or api.ssl.enabled, since the health gate sends the node API's "
            "password there",
            "Set logstash_api_host to 127.0.0.1, or api.ssl.enabled in logstash_settings, with logstash_api_ca where "
            "the system does not trust its certificate.",
        )


def _times(read: Variables) -> Iterator[Fault]:
    names = ("logstash_health_timeout", "logstash_validation_timeout", "logstash_plugins_timeout")
    values = [read(name) for name in names]
    if min(map(int, values)) <= 0:
        hint = "Give each enough time, or remove it to use its default."
        yield Fault("number_out_of_range", ", ".join(names), values, "seconds, from 1 on", hint)
    names = ("logstash_stop_timeout", "logstash_lock_max_age", "logstash_keep_releases")
    values = [read(name) for name in names]
    if min(map(int, values)) < 0:
        hint = "Correct the one that is negative, or remove it to use its default."
        yield Fault("number_out_of_range", ", ".join(names), values, "whole numbers from 0 on", hint)


def _hooks(read: Variables) -> Iterator[Fault]:
    names = ("logstash_drain_tasks", "logstash_undrain_tasks")
    values = [read(name) for name in names]
    if any(value and not os.path.isfile(value) for value in values):
        yield Fault(
            "hook_missing",
            ", ".join(names),
            values,
            "files on the control node, or nothing",
            "Give the whole paths, such as playbook_dir and the rest, or leave both empty.",
        )


# Each finds what is wrong with a few variables; one of them that has no value yet does not hide the other faults.
CHECKS = (
    _version,
    _package,
    _repository,
    _archive,
    _pipelines,
    _directories,
    _temporary_directory,
    _home,
    _api,
    _times,
    _hooks,
)
# Those of what an image gets, which read no variable of the settings.
IMAGE_CHECKS = (_version, _package, _repository, _archive, _directories)


def port_faults(read: Variables) -> list[str]:
    """What is wrong with the ports of the inputs, which mostly come from tokens."""
    wrong = [str(port) for port in read("logstash_input_ports") if not _is_port(port)]
    if not wrong:
        return []
    text = f"logstash_input_ports has {', '.join(wrong)}; expected ports from 1 to 65535. Correct the list."
    return [coded("port_invalid", text)]


def _is_port(value: Any) -> bool:
    return 0 < int(value) <= HIGHEST_PORT
