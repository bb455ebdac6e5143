"""Where pipelines come from: `-e`, `-f` or path.config, else pipelines.yml (from 6.0)."""

import glob
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from . import log, settings, variables, yaml_file
from .errors import ArgumentError, ConfigurationError, UsageError

_INPUT = re.compile(r"input *\{")
_OUTPUT = re.compile(r"output *\{")
_DEFAULT_INPUT = "input { stdin { type => stdin } }"
_DEFAULT_OUTPUT = "output { stdout { codec => rubydebug } }"


class PipelineSettings:
    """The settings of one pipeline: its own over those of the process."""

    def __init__(self, process: settings.Settings, own: dict) -> None:
        self._process, self._own = process, own

    def get(self, name: str):
        """The pipeline's value of a setting."""
        if name in self._own:
            return self._own[name]
        return self._process.get(name)

    def get_or(self, name: str, other):
        """The value, or `other` in a version that does not know the setting."""
        return self.get(name) if self._process.knows(name) else other


@dataclass
class PipelineConfig:
    """One pipeline to run: its sources as (path, text), in the order that they count in."""

    id: str
    settings: PipelineSettings
    parts: list[tuple[str, str]]

    @property
    def hash(self) -> str:
        """What tells one source from another; it is shown by the node API."""
        return hashlib.sha256("\n".join(text for _path, text in self.parts).encode()).hexdigest()


def _from_command_line(process: settings.Settings) -> bool:
    return bool(process.get("config.string") or process.get("path.config"))


def _uses_yaml(process: settings.Settings) -> bool:
    return process.release >= (6, 0, 0) and not _from_command_line(process)


def _yaml_path(process: settings.Settings) -> Path:
    return Path(process.get("path.settings")) / "pipelines.yml"


def _class_name(content) -> str:
    return {dict: "Hash", str: "String", int: "Integer"}.get(type(content), "Object")


def check_conflicts(process: settings.Settings) -> None:
    """What is found before anything runs. Raises UsageError."""
    if process.get("config.string") and process.get("path.config"):
        raise UsageError("Settings 'path.config' (-f) and 'config.string' (-e) can't be used simultaneously.")
    if not _uses_yaml(process):
        if process.release >= (6, 0, 0):
            log.warn(
                "logstash.config.source.multilocal",
                "Ignoring the 'pipelines.yml' file because modules or command line options are specified",
            )
        elif not _from_command_line(process):
            raise UsageError("No configuration file was specified. Perhaps you forgot to provide the '-f' flag?")
        return
    path = _yaml_path(process)
    try:
        content = yaml_file.load(path)
    except (OSError, yaml_file.ParseError, ValueError):
        raise UsageError(f"Failed to read pipelines yaml file. Location: {path}") from None
    if content is None or content is False:
        raise UsageError(f"Pipelines YAML file is empty. Location: {path}")
    if not isinstance(content, list):
        raise UsageError(
            f'Pipelines YAML file must contain an array of pipeline configs. Found "{_class_name(content)}" in {path}'
        )


def fetch(process: settings.Settings) -> list[PipelineConfig]:
    """Every pipeline. Raises ConfigurationError after it has logged what could not be fetched."""
    try:
        found = _pipelines(process)
    except (ArgumentError, ConfigurationError, OSError, yaml_file.ParseError) as error:
        kind, message = "ArgumentError", str(error)
        if isinstance(error, ConfigurationError):
            kind = "LogStash::ConfigurationError"
        elif isinstance(error, OSError):
            kind = {13: "Errno::EACCES", 2: "Errno::ENOENT"}.get(error.errno or 0, "Errno::EIO")
            message = f"{error.strerror} - {error.filename}"
        details = {":exception": log.Raw(kind), ":message": message}
        log.error("logstash.config.sourceloader", "Could not fetch all the sources", details)
        raise ConfigurationError(message) from None
    if not found:
        log.error("logstash.config.sourceloader", "No configuration found in the configured sources.")
    return found


def _pipelines(process: settings.Settings) -> list[PipelineConfig]:
    if not _uses_yaml(process):
        made = _pipeline(PipelineSettings(process, {}))
        return [made] if made else []
    path = _yaml_path(process)
    entries = variables.replace(yaml_file.load(path), secrets=False)
    overlays = [_overlay(process, entry) for entry in entries]
    ids = [overlay.get("pipeline.id") for overlay in overlays]
    twice = [name for name in dict.fromkeys(ids) if ids.count(name) > 1]
    if twice:
        raise ConfigurationError(
            f"Pipelines YAML file contains duplicate pipeline ids: {log.inspect(twice)}. Location: {path}"
        )
    return [made for made in map(_pipeline, overlays) if made]


def _overlay(process: settings.Settings, entry) -> PipelineSettings:
    if not isinstance(entry, dict):
        raise ConfigurationError(f"undefined method `key?' for {log.inspect(entry)}")
    allowed = [name for name, setting in process.table.items() if setting.in_pipelines_yml]
    own = {}
    for name, value in entry.items():
        if name not in allowed:
            raise ArgumentError(
                f'Only pipeline related settings are expected. Received "{name}". Allowed settings: '
                f"{log.inspect(allowed)}"
            )
        own[name] = settings.coerce(process.table[name], value)
    return PipelineSettings(process, own)


def _pipeline(overlay: PipelineSettings) -> PipelineConfig | None:
    string, pattern = overlay.get("config.string"), overlay.get("path.config")
    parts = [("config_string", string)] if string else _files(pattern) if pattern else []
    if not parts:
        return None
    if not any(_INPUT.search(text) for _path, text in parts):
        parts.append(("default input", _DEFAULT_INPUT))
    if not any(_OUTPUT.search(text) for _path, text in parts):
        parts.append(("default output", _DEFAULT_OUTPUT))
    return PipelineConfig(overlay.get("pipeline.id"), overlay, parts)


def _files(pattern: str) -> list[tuple[str, str]]:
    pattern = os.path.abspath(os.path.expanduser(pattern.removeprefix("file://")))
    if os.path.isdir(pattern):
        pattern = os.path.join(pattern, "*")
    parts, badly_encoded = [], []
    for path in sorted(_expand(pattern)):
        if not os.path.isfile(path) or path.endswith("~"):
            continue
        content = Path(path).read_bytes()
        try:
            parts.append((path, content.decode()))
        except UnicodeDecodeError:
            badly_encoded.append(path)
    if badly_encoded:
        raise ConfigurationError(
            f"The following config files contains non-ascii characters but are not UTF-8 encoded "
            f"{log.inspect(badly_encoded)}"
        )
    if not parts:
        log.info("logstash.config.source.local.configpathloader", "No config files found in path", {":path": pattern})
    return parts


def _expand(pattern: str) -> set[str]:
    """The files of a pattern; Ruby's globs know `{a,b}` too."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if not match:
        return set(glob.glob(pattern, recursive=True))
    choices = match[1].split(",")
    return {path for choice in choices for path in _expand(pattern[: match.start()] + choice + pattern[match.end() :])}
