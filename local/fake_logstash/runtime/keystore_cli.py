"""bin/logstash-keystore: asks on stdout, reads from stdin, and exits 0 after most errors."""

import sys
from pathlib import Path

from . import keystore, native_code, version

_SETTINGS_OPTION = "--path.settings"


class _EndedError(Exception):
    """stdin ended where an answer was wanted."""


class _Terminal:
    """Answers from stdin: a line each from 8.18, a word each before, so that a value ends at its first blank."""

    def __init__(self, release: tuple[int, int, int]) -> None:
        text = sys.stdin.read()
        self._answers = iter(text.splitlines() if release >= (8, 18, 0) else text.split())

    def ask(self, question: str) -> str:
        sys.stdout.write(question)
        try:
            return next(self._answers)
        except StopIteration:
            raise _EndedError from None

    def agrees(self, question: str) -> bool:
        return self.ask(question).lower() in ("y", "yes")


def main(arguments: list[str], home: Path) -> int:
    """Runs one command and returns its exit code."""
    print("Using bundled JDK: " + str(home / "jdk") + "\n", flush=True)
    release = version.parse(version.installed(home))
    if not native_code.load(home, release):
        sys.stderr.write(f"{native_code.REASON}\n")
        return 1
    settings = home / "config"
    rest = list(arguments)
    if _SETTINGS_OPTION in rest:
        at = rest.index(_SETTINGS_OPTION)
        settings = Path(rest[at + 1])
        del rest[at : at + 2]
    if not (settings / "logstash.yml").exists():
        sys.stderr.write("WARNING: Could not find logstash.yml which is typically located in $LS_HOME/config.\n")
    commands = {"create": _create, "list": _list, "add": _add, "remove": _remove}
    if not rest or rest[0] not in commands:
        print("Usage:\nbin/logstash-keystore [option] command [argument]")
        return 0
    # Names end at the first option, which has no effect: everything is read from stdin anyway.
    names = rest[1:]
    options = [at for at, name in enumerate(names) if name.startswith("--")]
    names = names[: options[0]] if options else names
    try:
        commands[rest[0]](settings / "logstash.keystore", names, release)
    except keystore.KeystoreError as error:
        print(f"[ERROR][logstash.secretstore] {error}")
        return 1
    except _EndedError:
        print("[ERROR][logstash.secretstore] No line found")
        return 1
    except OSError as error:
        print(
            "[ERROR][logstash.secretstore] Error while trying to create the Logstash keystore. Please ensure that path "
            f"to {error.filename} exists and is writable"
        )
        return 1
    return 0


def _create(path: Path, _names: list[str], release: tuple[int, int, int]) -> None:
    terminal = _Terminal(release)
    if path.exists() and not terminal.agrees("An Logstash keystore already exists. Overwrite ? [y/N] "):
        return
    name = keystore.ENVIRONMENT_NAME
    warning = (
        f"WARNING: The keystore password is not set. Please set the environment variable `{name}`. Failure to do so "
        "will result in reduced security. Continue without password protection on the keystore? [y/N] "
    )
    if keystore.password() is None and not terminal.agrees(warning):
        return
    keystore.save(path, {keystore.SEED: keystore.SEED})
    print(f"Created Logstash keystore at {path}")


def _list(path: Path, _names: list[str], _release: tuple[int, int, int]) -> None:
    print("\n".join(sorted(name for name in keystore.load(path) if name != keystore.SEED)))


def _add(path: Path, names: list[str], release: tuple[int, int, int]) -> None:
    if not names:
        print("ERROR: You must supply an identifier to add. (e.g. bin/logstash-keystore add my-secret)")
        return
    if not path.exists():
        print("ERROR: Logstash keystore not found. Use 'create' command to create one.")
        return
    terminal = _Terminal(release)
    entries = keystore.load(path)
    # More than one name is taken from 8.12.
    for name in names if release >= (8, 12, 0) else names[:1]:
        if name.lower() in entries and not terminal.agrees(f"{name} already exists. Overwrite ? [y/N] "):
            continue
        value = ""
        while not value:
            value = terminal.ask(f"Enter value for {name}: ")
            if not value.isascii():
                print("ERROR: Value must contain only ASCII characters")
                value = ""
        entries[name.lower()] = value
        keystore.save(path, entries)
        print(f"Added '{name.lower()}' to the Logstash keystore.")


def _remove(path: Path, names: list[str], release: tuple[int, int, int]) -> None:
    entries = keystore.load(path)
    for name in names if release >= (8, 12, 0) else names[:1]:
        if name.lower() not in entries:
            print(f"ERROR: '{name}' does not exist in the Logstash keystore.")
            continue
        del entries[name.lower()]
        keystore.save(path, entries)
        print(f"Removed '{name.lower()}' from the Logstash keystore.")
