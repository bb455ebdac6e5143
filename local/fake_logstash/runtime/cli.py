"""The command line of bin/logstash, and what happens before an agent runs."""

import os
import sys
from pathlib import Path

from . import log, native_code, plugin_table, sources, version, yaml_file
from .errors import (
    AccessDeniedError,
    ArgumentError,
    ConfigurationError,
    LockError,
    NativeCodeError,
    QueueError,
    UsageError,
)
from .settings import Settings, create_directory

# Short names, and the options that take no value.
_SHORT = {
    "-n": "--node.name",
    "-f": "--path.config",
    "-e": "--config.string",
    "-w": "--pipeline.workers",
    "-b": "--pipeline.batch.size",
    "-u": "--pipeline.batch.delay",
    "-p": "--path.plugins",
    "-l": "--path.logs",
    "-i": "--interactive",
    "-V": "--version",
    "-t": "--config.test_and_exit",
    "-r": "--config.reload.automatic",
    "-h": "--help",
}
_FLAGS = {
    "version",
    "config.test_and_exit",
    "config.reload.automatic",
    "help",
    "pipeline.unsafe_shutdown",
    "config.debug",
    "api.enabled",
    "http.enabled",
}
_OPTIONS = {
    "node.name",
    "path.config",
    "config.string",
    "pipeline.id",
    "pipeline.workers",
    "pipeline.ordered",
    "pipeline.batch.size",
    "pipeline.batch.delay",
    "pipeline.ecs_compatibility",
    "path.data",
    "path.plugins",
    "path.logs",
    "path.settings",
    "interactive",
    "config.reload.interval",
    "api.http.host",
    "api.http.port",
    "http.host",
    "http.port",
    "log.level",
    "log.format",
}
# What jvm.options of the real package has, and what the program adds behind LS_JAVA_OPTS, as 8.5.3 logs them.
_JAVA_OPTIONS = (
    *("-Xms1g", "-Xmx1g", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8", "-Djruby.compile.invokedynamic=true"),
    *("-Djruby.jit.threshold=0", "-XX:+HeapDumpOnOutOfMemoryError", "-Djava.security.egd=file:/dev/urandom"),
    "-Dlog4j2.isThreadContextMapInheritable=true",
)
_FIXED_JAVA_OPTIONS = (
    *("-Djruby.regexp.interruptible=true", "-Djdk.io.File.enableADS=true"),
    "--add-opens=java.management/sun.management=ALL-UNNAMED",
)
_SEE_HELP = "\nSee: 'bin/logstash --help'\n"


def parse(arguments: list[str], known) -> dict[str, object]:
    """The options as settings; `known` says whether this version has one. Raises UsageError."""
    found: dict[str, object] = {}
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, value = argument.partition("=")
        negated = name.startswith("--no-")
        setting = _SHORT.get(name, name).replace("--no-", "--", 1).removeprefix("--")
        if not name.startswith("-"):
            raise UsageError("too many arguments")
        if setting in _FLAGS and known(setting):
            found[setting] = not negated
        elif setting in _OPTIONS and known(setting) and not negated:
            if not equals:
                if not rest:
                    raise UsageError(f"option '{name}': no value provided")
                value = rest.pop(0)
            found[setting] = [value] if setting == "path.plugins" else value
        else:
            raise UsageError(f"Unrecognised option '{name}'")
    return found


def _settings_path(arguments: list[str]) -> str | None:
    """path.settings, looked for before anything else is parsed, as the real program does."""
    for at, argument in enumerate(arguments):
        if argument.startswith("--path.settings="):
            return argument.partition("=")[2]
        if argument == "--path.settings" and at + 1 < len(arguments):
            return arguments[at + 1]
    return os.environ.get("LS_SETTINGS_DIR") or None


def main(arguments: list[str], home: Path) -> int:
    """Runs the program and returns its exit code."""
    release = version.installed(home)
    print("Using bundled JDK: " + str(home / "jdk"), flush=True)
    try:
        code = _run(arguments, home, release)
    except NativeCodeError as error:
        log.fatal("org.logstash.Logstash", f"Logstash stopped processing because of an error: {error}")
        return 1
    if code:
        log.fatal(
            "org.logstash.Logstash",
            "Logstash stopped processing because of an error: (SystemExit) exit\n"
            "org.jruby.exceptions.SystemExit: (SystemExit) exit",
        )
    return code


def _run(arguments: list[str], home: Path, release: str) -> int:
    settings = Settings(home, version.parse(release))
    wanted = _settings_path(arguments)
    if wanted:
        settings.values["path.settings"] = wanted
    if not _load(settings):
        return 1
    try:
        options = parse(arguments, settings.knows)
    except UsageError as error:
        sys.stderr.write(f"ERROR: {error}\n{_SEE_HELP}")
        return 1
    if options.get("help"):
        print(_usage(settings))
        return 0
    for name, value in options.items():
        try:
            settings.set(name, value)
        except ArgumentError as error:
            sys.stderr.write(f"ERROR: option '--{name}': {error}\n{_SEE_HELP}")
            return 1
    try:
        return _execute(settings, release)
    except UsageError as error:
        sys.stderr.write(f"ERROR: {error}\n{_SEE_HELP}")
    except LockError:
        log.fatal(
            "logstash.runner",
            "Logstash could not be started because there is already another instance using the configured data "
            'directory.  If you wish to run multiple instances, you must change the "path.data" setting.',
        )
    except _UnexpectedError as error:
        details = {":error": log.Raw(f"#<{error.args[0]}: {error.args[1]}>"), ":backtrace": []}
        log.fatal("logstash.runner", "An unexpected error occurred!", details)
    return 1


class _UnexpectedError(Exception):
    """What the real program reports as `An unexpected error occurred!`: (class, message)."""


def _load(settings: Settings) -> bool:
    path = Path(settings.get("path.settings"))
    try:
        settings.load(path / "logstash.yml")
    except FileNotFoundError:
        sys.stderr.write(
            "WARNING: Could not find logstash.yml which is typically located in $LS_HOME/config or /etc/logstash. You "
            "can specify the path using --path.settings. Continuing using the defaults\n"
        )
    except yaml_file.ParseError as error:
        sys.stderr.write(
            f'ERROR: Failed to parse YAML file "{path / "logstash.yml"}". Please confirm if the YAML structure is '
            "valid (e.g. look for incorrect usage of whitespace or indentation). Aborting... parser_error=>"
            f"{error}\n"
        )
        return False
    except (OSError, ConfigurationError, AttributeError) as error:
        kind, message = "LogStash::ConfigurationError", str(error)
        if isinstance(error, OSError):
            kind, message = "Errno::EACCES", f"{error.strerror} - {error.filename}"
        elif isinstance(error, AttributeError):
            # A file that is no hash of settings.
            kind, message = "ArgumentError", "logstash.yml must contain a hash of settings"
        sys.stderr.write(
            f'ERROR: Failed to load settings file from "path.settings". Aborting... path.setting={path}, '
            f"exception={kind}, message=>{message}\n"
        )
        return False
    return True


def _execute(settings: Settings, release: str) -> int:
    try:
        data = settings.get("path.data")
        if not os.path.lexists(data):
            create_directory("path.data", data)
    except ArgumentError as error:
        raise _UnexpectedError("ArgumentError", error) from None
    has_log4j = (Path(settings.get("path.settings")) / "log4j2.properties").exists()
    if settings.get("version"):
        print(f"logstash {release}")
        return 0
    logs = settings.get("path.logs")
    if has_log4j:
        print(f"Sending Logstash logs to {logs} which is now configured via log4j2.properties", flush=True)
    else:
        path = os.path.join(settings.get("path.settings"), "log4j2.properties")
        print(
            f"Could not find log4j2 configuration at path {path}. Using default config which logs errors to the console"
        )
    level = settings.get("log.level")
    log.log.configure(path_logs=logs, level=level, log_format=settings.get("log.format"), has_log4j=has_log4j)
    _log_start(settings, release, has_log4j=has_log4j)
    _check_user(settings)
    sources.check_conflicts(settings)
    try:
        settings.validate()
        settings.create_directories()
    except ArgumentError as error:
        sys.stderr.write(f"Your settings are invalid. Reason: {error}\n")
        sys.stderr.flush()
        return 1
    if not native_code.load(settings.home, settings.release):
        raise NativeCodeError(native_code.REASON)
    if settings.get("config.test_and_exit"):
        return _test(settings)
    return _start(settings, release)


def _log_start(settings: Settings, release: str, *, has_log4j: bool) -> None:
    """The first entries of every start. The options of Java are logged from 7.17 on."""
    recent = settings.release >= (7, 17, 0)
    if recent and has_log4j:
        path = os.path.join(settings.get("path.settings"), "log4j2.properties")
        log.info("logstash.runner", f"Log4j configuration path used is: {path}")
    log.info("logstash.runner", "Starting Logstash", {"logstash.version": release, "jruby.version": "fake"})
    if recent:
        flags = [*_JAVA_OPTIONS, *os.environ.get("LS_JAVA_OPTS", "").split(), *_FIXED_JAVA_OPTIONS]
        log.info("logstash.runner", f"JVM bootstrap flags: [{', '.join(flags)}]")


def _check_user(settings: Settings) -> None:
    if os.geteuid() != 0 or not settings.knows("allow_superuser"):
        return
    if not settings.get("allow_superuser"):
        raise _UnexpectedError("RuntimeError", "Logstash cannot be run as superuser.")
    log.warn(
        "logstash.runner",
        "NOTICE: Running Logstash as superuser is not recommended and won't be allowed in the future. Set "
        "'allow_superuser' to 'false' to avoid startup errors in future releases.",
    )


def _test(settings: Settings) -> int:
    """`-t`: makes every pipeline, which opens its queues, and runs none."""
    from .pipeline import Pipeline  # noqa: PLC0415 - what only runs or tests pipelines need

    try:
        try:
            found = sources.fetch(settings)
        except ConfigurationError:
            raise ConfigurationError("Could not load the configuration file") from None
        names = plugin_table.available(settings.home, settings.release)
        for config in found:
            Pipeline(config, names, settings.release, {}).close()
    except (ConfigurationError, LockError, AccessDeniedError, QueueError) as error:
        prefix = ""
        if isinstance(error, LockError):
            prefix = "org.logstash.LockException: "
        elif isinstance(error, AccessDeniedError):
            prefix = "java.nio.file.AccessDeniedException: "
        log.fatal("logstash.runner", f"The given configuration is invalid. Reason: {prefix}{error}")
        return 1
    print("Configuration OK", flush=True)
    message = "Using config.test_and_exit mode. Config Validation Result: OK. Exiting Logstash"
    log.info("logstash.runner", message)
    return 0


def _start(settings: Settings, release: str) -> int:
    from .agent import Agent  # noqa: PLC0415 - brings the HTTP server along, which a test does not need

    try:
        return Agent(settings, release).run()
    except AccessDeniedError as error:
        raise _UnexpectedError("Java::JavaNioFile::AccessDeniedException", error) from None
    except OSError as error:
        kind = "Errno::EADDRINUSE" if error.errno == 98 else "SocketError"
        raise _UnexpectedError(kind, f"Address already in use - bind - {error.strerror}") from None


def _usage(settings: Settings) -> str:
    options = sorted(name for name in _OPTIONS | _FLAGS if settings.knows(name))
    return "Usage:\n    bin/logstash [OPTIONS]\n\nOptions:\n" + "\n".join(f"    --{name}" for name in options)
