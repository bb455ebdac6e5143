"""What a host should have, computed on the control node from the variables of role logstash.

Every function takes the variables, and is pure but for resolving paths of templates. PARTS is the plan as the role's
tasks have it: nothing in it is secret. What may be, the texts of files, is made by settings_files() for the action that
writes them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ansible.module_utils.parsing.convert_bool import boolean

from ...module_utils.logstash.environment import environment_file
from ...module_utils.logstash.versions import JAVA_HOME_IGNORED, facts, parse
from .table import flatten

USER = "logstash"
SETTINGS = "/etc/logstash"
STAGED = f"{SETTINGS}/staged"
TLS = f"{SETTINGS}/tls"
PACKAGE_HOME = "/usr/share/logstash"
ENVIRONMENT_FILES = ("/etc/default/logstash", "/etc/sysconfig/logstash")
# What the service has to itself, empty at each start, where systemd confines it.
PRIVATE_TMP = re.compile(r"(/var)?/tmp(/|$)")
TMPDIR_OPTION = "-Djava.io.tmpdir="
WRITTEN_BY = "# Written by Ansible (elk.deploy.logstash): change {} in the inventory instead.\n"

# Settings and variables of the environment that have role variables of their own.
RESERVED_SETTINGS = {
    "path.data": "logstash_path_data",
    "path.queue": "logstash_path_queue",
    "path.dead_letter_queue": "logstash_path_dead_letter_queue",
    "path.logs": "logstash_path_logs",
    "api.http.host": "logstash_api_host",
    "api.http.port": "logstash_api_port",
    "http.host": "logstash_api_host",
    "http.port": "logstash_api_port",
    "pipeline.unsafe_shutdown": "logstash_shutdown",
}
RESERVED_ENVIRONMENT = {
    "LOGSTASH_TLS_PATH": "logstash_tls_files",
    "LOGSTASH_KEYSTORE_PASS": "logstash_keystore_password",
    "LS_JAVA_OPTS": "logstash_jvm_options",
}


class Variables(Protocol):
    """The variables of the role: called with a name, the value."""

    def __call__(self, name: str) -> Any:
        """The value as it is given."""

    def substituted(self, name: str, of_each: str = "") -> Any:
        """The value with its tokens substituted; of a list, with ``of_each``, that of each entry's key, or ''."""


def is_true(value: Any) -> bool:
    """A boolean as people write it."""
    found: bool = boolean(value, strict=False)
    return found


# Where Logstash comes from


def is_archive(read: Variables) -> bool:
    """Whether Logstash comes from an archive rather than a package."""
    return str(read("logstash_source")) == "archive"


def home_of(source: str, version: str, archive_root: str) -> str:
    """Where a version from a source has its program: an archive has a directory of its own."""
    return f"{archive_root}/logstash-{version}" if source == "archive" else PACKAGE_HOME


def home(read: Variables) -> str:
    """Where the wanted version has its program, also while another one still runs."""
    return home_of(read("logstash_source"), read("logstash_version"), read("logstash_archive_root"))


def package_file(read: Variables) -> str:
    """The package or the archive on the host."""
    suffix = ".tar.gz" if is_archive(read) else ".deb" if read("_logstash_package_manager") == "apt" else ".rpm"
    return f"{read('_logstash_package_cache')}/logstash-{read('logstash_version')}{suffix}"


def package(read: Variables) -> dict[str, str]:
    """What a later run needs in order to restore this installation: version, source and file on the host."""
    return {
        "version": str(read("logstash_version")),
        "source": str(read("logstash_source")),
        "file": "" if is_archive(read) else package_file(read),
    }


def is_local_package(read: Variables) -> bool:
    """Whether logstash_package_url names a file on the control node."""
    return read("logstash_source") != "repository" and not re.match("https?://|s3://", read("logstash_package_url"))


def package_path(read: Variables) -> str:
    """That file; an empty text where it is none. An address may have a password, and the plan is shown."""
    return re.sub("^file://", "", read("logstash_package_url")) if is_local_package(read) else ""


def installation(read: Variables) -> dict[str, Any]:
    """Where to look for what is installed: the option of logstash_host."""
    return {
        "manager": read("_logstash_package_manager"),
        "cache": read("_logstash_package_cache"),
        "archive_root": read("logstash_archive_root"),
        "archive": is_archive(read),
        "unit": "/etc/systemd/system/logstash.service",
    }


# Java and the environment of the service


def temporary_directory(read: Variables) -> dict[str, Any]:
    """The temporary directory of Java, the variable that says so, and whether it is the user's to make."""
    options = [str(option) for option in read("logstash_jvm_options")]
    own = [option[len(TMPDIR_OPTION) :] for option in options if option.startswith(TMPDIR_OPTION)]
    return {
        "path": own[-1] if own else read("logstash_path_tmp"),
        "variable": "logstash_jvm_options" if own else "logstash_path_tmp",
        "own": bool(own),
    }


def java_environment(version: str, java_home: str) -> dict[str, str]:
    """What says which Java it is."""
    if not java_home:
        return {}
    names = ("LS_JAVA_HOME",) if parse(version) >= JAVA_HOME_IGNORED else ("LS_JAVA_HOME", "JAVA_HOME")
    return dict.fromkeys(names, java_home)


def java_options(read: Variables) -> list[str]:
    """What the service gives to Java. Of two equal options the last one counts, also over those of jvm.options."""
    heap = read("logstash_heap_size")
    sizes = [f"-Xms{heap}", f"-Xmx{heap}"] if heap else []
    return [*sizes, f"{TMPDIR_OPTION}{read('logstash_path_tmp')}", *read("logstash_jvm_options")]


def environment(read: Variables) -> dict[str, Any]:
    """The environment of the service. Some inputs keep in HOME how far they have read. May hold secrets."""
    return {
        "HOME": read("logstash_path_data"),
        **java_environment(read("logstash_version"), read("logstash_java_home")),
        "LS_JAVA_OPTS": " ".join(java_options(read)),
        **({"LOGSTASH_TLS_PATH": TLS} if read("logstash_tls_files") else {}),
        **read.substituted("logstash_environment"),
    }


def decided_environment(read: Variables) -> list[str]:
    """The variables that the role decides on, whatever else on the host sets them.

    Options of Java that were set by hand would be lost without a word where the role's variables give none.
    """
    undecided = () if read("logstash_heap_size") or read("logstash_jvm_options") else ("LS_JAVA_OPTS",)
    return [name for name in environment(read) if name not in undecided]


# Directories


def general_directories(read: Variables) -> list[dict[str, str]]:
    """What Logstash writes to; `holds` says which files it is known to make there."""
    holds = {
        "data": "data",
        "queue": "queues",
        "dead_letter_queue": "dead_letter_queues",
        "logs": "logs",
        "tmp": "tmp",
    }
    return [
        {"variable": f"logstash_path_{name}", "path": read(f"logstash_path_{name}"), "holds": what}
        for name, what in holds.items()
    ]


def pipeline_directories(read: Variables) -> list[dict[str, str]]:
    """One for each pipeline that keeps something: its own settings count before those of logstash.yml."""
    general = flatten(read.substituted("logstash_settings"))
    found = []
    own = read.substituted("logstash_pipelines", "settings")
    for pipeline, its in zip(read("logstash_pipelines"), own, strict=True):
        settings = {**general, **flatten(its or {})}
        kept = {
            "queue": settings.get("queue.type", "memory") == "persisted",
            "dead_letter_queue": is_true(settings.get("dead_letter_queue.enable", False)),
        }
        for name in (name for name, is_kept in kept.items() if is_kept):
            variable = f"logstash_path_{name}"
            above = settings.get(f"path.{name}", read(variable))
            found.append({"variable": variable, "path": f"{above}/{pipeline['id']}", "holds": name})
    return found


def directories(read: Variables) -> list[dict[str, str]]:
    """All that exist with the right owner before the first start."""
    return [*general_directories(read), *pipeline_directories(read)]


def data_paths(read: Variables) -> dict[str, str]:
    """Where the data is that a changed path would leave behind."""
    kinds = ("data", "queue", "dead_letter_queue")
    return {**{kind: read(f"logstash_path_{kind}") for kind in kinds}, "home": environment(read)["HOME"]}


def queues(read: Variables) -> list[str]:
    """The persistent queues, one a pipeline."""
    return [directory["path"] for directory in pipeline_directories(read) if directory["holds"] == "queue"]


def write_paths(read: Variables) -> list[str]:
    """What the confined service may write to, besides its own /tmp and /var/tmp."""
    found = [read(f"logstash_path_{name}") for name in ("data", "queue", "dead_letter_queue", "logs")]
    tmp = temporary_directory(read)["path"]
    found += [] if PRIVATE_TMP.match(tmp) else [tmp]
    for pipeline in pipeline_settings(read):
        found += [value for name, value in pipeline.items() if name in ("path.queue", "path.dead_letter_queue")]
    return list(dict.fromkeys([*found, *read("logstash_write_paths")]))


def homes(path: str) -> list[str]:
    """A HOME and the directories above it."""
    parts = os.path.normpath(path).split("/")
    return ["/".join(parts[:number]) for number in range(2, len(parts) + 1)]


# Settings


def pipeline_settings(read: Variables) -> list[dict[str, Any]]:
    """Every pipeline as Logstash is to have it."""
    return [
        {
            "pipeline.id": pipeline["id"],
            "path.config": f"{SETTINGS}/pipelines/{pipeline['id']}/*.conf",
            **flatten(settings or {}),
        }
        for pipeline, settings in zip(
            read("logstash_pipelines"), read.substituted("logstash_pipelines", "settings"), strict=True
        )
    ]


def general_settings(read: Variables) -> dict[str, Any]:
    """The content of logstash.yml: before pipelines.yml, the settings of the one pipeline were in it."""
    known = facts(parse(read("logstash_version")))
    found = {
        "path.data": read("logstash_path_data"),
        "path.queue": read("logstash_path_queue"),
        "path.logs": read("logstash_path_logs"),
        str(known["api_host"]): read("logstash_api_host"),
        str(known["api_port"]): int(read("logstash_api_port")),
    }
    if known["dead_letter_queue"]:
        found["path.dead_letter_queue"] = read("logstash_path_dead_letter_queue")
    if read("logstash_shutdown") == "unsafe":
        found["pipeline.unsafe_shutdown"] = True
    found |= flatten(read.substituted("logstash_settings"))
    return found if known["pipelines_yml"] else {**found, **pipeline_settings(read)[0]}


def pipeline_files(read: Variables) -> list[dict[str, str]]:
    """One entry a file of a pipeline: `src` on the control node, `name` below `pipelines`, and its `template`.

    The number keeps the order of the list, since Logstash reads the files of a pipeline sorted by name.
    """
    return [
        {
            "src": template_path(read, template),
            "name": f"{pipeline['id']}/{number * 10:02d}-{os.path.basename(template)}",
            "template": template,
        }
        for pipeline in read("logstash_pipelines")
        for number, template in enumerate(pipeline["templates"], 1)
    ]


def template_path(read: Variables, name: str) -> str:
    """A user's template on the control node."""
    return os.path.realpath(f"{read('logstash_template_path')}/{name}")


def token_files(read: Variables) -> list[str]:
    """The files whose tokens are checked before a host is touched, beside the pipelines."""
    return [template_path(read, read("logstash_log4j2_template"))] if read("logstash_log4j2_template") else []


def token_texts(read: Variables) -> dict[str, str]:
    """The texts whose tokens are checked before, by their variables. May hold secrets."""
    texts = {
        "logstash_settings": read("logstash_settings"),
        "logstash_pipelines": [pipeline.get("settings", {}) for pipeline in read("logstash_pipelines")],
        "logstash_environment": read("logstash_environment"),
        "logstash_tls_files": [file.get("content", "") for file in read("logstash_tls_files")],
    }
    return {name: json.dumps(value) for name, value in texts.items()}


def settings_files(read: Variables) -> list[dict[str, Any]]:
    """The settings directory but for the unit's file, as the option `files` of settings_directory. Holds secrets."""
    files: list[dict[str, Any]] = [
        {"name": "logstash.yml", "content": WRITTEN_BY.format("logstash_settings") + _lines(general_settings(read))},
        {
            "name": "environment",
            "content": WRITTEN_BY.format("logstash_environment") + environment_file(environment(read)),
        },
    ]
    if facts(parse(read("logstash_version")))["pipelines_yml"]:
        content = WRITTEN_BY.format("logstash_pipelines")
        for pipeline in pipeline_settings(read):
            others = {name: value for name, value in pipeline.items() if name != "pipeline.id"}
            content += f"- pipeline.id: {json.dumps(pipeline['pipeline.id'])}\n" + _lines(others, "  ")
        files.append({"name": "pipelines.yml", "content": content})
    files += [
        {"name": f"pipelines/{file['name']}", "template": file["src"], "pipeline": True}
        for file in pipeline_files(read)
    ]
    files += [{"name": "log4j2.properties", "template": path} for path in token_files(read)]
    contents = read.substituted("logstash_tls_files", "content")
    for file, content in zip(read("logstash_tls_files"), contents, strict=True):
        of = {"src": file["src"]} if file.get("src") else {"content": content}
        files.append({"name": f"tls/{file['name']}", "secret": True, **of})
    return files


def _lines(settings: Mapping[str, Any], indent: str = "") -> str:
    return "".join(f"{indent}{name}: {json.dumps(value)}\n" for name, value in sorted(settings.items()))


# The service


def ports(read: Variables) -> list[dict[str, Any]]:
    """Ports that have to be free, or Logstash's own, each with its variable."""
    inputs = [{"variable": "logstash_input_ports", "port": port} for port in read("logstash_input_ports")]
    return [{"variable": "logstash_api_port", "port": read("logstash_api_port")}, *inputs]


def health(read: Variables) -> dict[str, Any]:
    """How the health of the service shows: what the health check asks for."""
    settings = general_settings(read)
    form = "json" if settings.get("log.format", "plain") == "json" else "plain"
    return {
        "api_host": read("logstash_api_host"),
        "api_port": int(read("logstash_api_port")),
        "api_ssl": is_true(settings.get("api.ssl.enabled", False)),
        "pipelines": [pipeline["id"] for pipeline in read("logstash_pipelines")],
        "ports": [int(port) for port in read("logstash_input_ports")],
        "log_file": f"{read('logstash_path_logs')}/logstash-{form}.log",
    }


PROVEN = f"{SETTINGS}/proven"
FOUND = "/var/lib/logstash-found"
RELEASE_KEY = "/var/lib/elk-deploy/release.key"
# Releases keep the names that they have.
RECORD_AS_IT_IS = {"path": PROVEN, "found": f"{FOUND}/record.json", "settings": "", "key": RELEASE_KEY}
# Where pipelines lay before this role, or where someone may put them by hand. The role's own are below `pipelines`.
UNMANAGED = [f"{SETTINGS}/conf.d", f"{SETTINGS}/replaced/pipelines", f"{SETTINGS}/*.conf"]


def platform(read: Variables) -> dict[str, str]:
    """What the host runs on: an option of logstash_host."""
    host = read("_logstash_platform")
    return {
        "distribution": f"{host.get('distribution', '')} {host.get('distribution_version', '')}",
        "source": read("logstash_source"),
        "service_manager": host.get("service_mgr", "systemd"),
    }


def look(read: Variables) -> dict[str, Any]:
    """What to look at on the host: options of logstash_host."""
    directory = temporary_directory(read)
    return {
        "installation": installation(read),
        "platform": platform(read),
        "java_home": read("logstash_java_home"),
        # The role's own directory is made and tried by the phase of the directories; how its place is mounted is known
        # before.
        "temporary_directory": {
            "path": directory["path"],
            "user": USER if directory["own"] else "",
            "variable": directory["variable"],
            "required": directory["own"],
        },
        "ports": ports(read),
        "record": {
            "path": PROVEN,
            "found": f"{FOUND}/record.json",
            # Everybody can read the names of releases: those of before, which tell of what is in them, get others.
            "settings": SETTINGS,
            "key": RELEASE_KEY,
        },
        "overrides": {
            "handling": read("logstash_overrides"),
            "environment": decided_environment(read),
            "version": read("logstash_version"),
        },
        "old_data": {
            "settings": f"{SETTINGS}/logstash.yml",
            "paths": data_paths(read),
            "queues": queues(read),
            "handling": read("logstash_old_data"),
            "user": USER,
        },
        "unmanaged": UNMANAGED,
    }


def look_back(read: Variables) -> dict[str, Any]:
    """What to inspect if a host only returns to what it had: its new variables do not count."""
    overrides = {
        "handling": read("logstash_overrides"),
        "environment": decided_environment(read),
        "version": read("logstash_version"),
    }
    return {"installation": installation(read), "checks": False, "record": RECORD_AS_IT_IS, "overrides": overrides}


def look_image(read: Variables) -> dict[str, Any]:
    """What to inspect on a host that becomes an image: nothing that only its settings would say."""
    return {
        "installation": installation(read),
        "platform": platform(read),
        "java_home": read("logstash_java_home"),
        "record": RECORD_AS_IT_IS,
    }


# The plan: what tasks need, by name.
PARTS: Mapping[str, Callable[[Variables], Any]] = {
    "home": home,
    "package": package,
    "package_file": package_file,
    "is_local_package": is_local_package,
    "package_path": package_path,
    "look": look,
    "look_back": look_back,
    "installation": installation,
    "temporary_directory": temporary_directory,
    "decided_environment": decided_environment,
    "java_option_files": lambda _read: [f"{SETTINGS}/jvm.options", *ENVIRONMENT_FILES, f"{SETTINGS}/environment"],
    "staged_environment": lambda _read: [*ENVIRONMENT_FILES, f"{STAGED}/environment", f"{STAGED}/keystore.env"],
    "unmanaged": lambda _read: UNMANAGED,
    "directories": directories,
    "data_paths": data_paths,
    "queues": queues,
    "write_paths": write_paths,
    "templates_of_files": lambda read: {file["name"]: file["template"] for file in pipeline_files(read)},
    "ports": ports,
    "health": health,
}
# The plan of an image, which has neither settings nor anything that their variables say.
IMAGE_PARTS: Mapping[str, Callable[[Variables], Any]] = {
    "home": home,
    "package": package,
    "package_file": package_file,
    "installation": installation,
    "look": look_image,
    "directories": general_directories,
}
