"""The private copy of the settings that Logstash's configuration test runs on."""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import re
from collections.abc import Iterable
from pathlib import Path

from .. import atomic_files
from . import accounts, environment, settings_lines

# Where the paths lead to, below the throw-away directory.
OWN_PATHS = {
    "path.data": "data",
    "path.queue": "data/queue",
    "path.dead_letter_queue": "data/dead_letter_queue",
    "path.logs": "logs",
}


def expand(pattern: str) -> list[str]:
    """The files that Logstash reads for a path.config, sorted as it sorts them. Its patterns know {a,b} too."""
    if os.path.isdir(pattern):
        pattern = os.path.join(pattern, "*")
    choices = re.search(r"\{([^{}]*)\}", pattern)
    if choices:
        parts = [pattern[: choices.start()] + choice + pattern[choices.end() :] for choice in choices[1].split(",")]
        return sorted({file for part in parts for file in expand(part)})
    return sorted(
        file for file in glob.glob(pattern, recursive=True) if os.path.isfile(file) and not file.endswith("~")
    )


class SettingsCopy:
    """The private copy of the settings: root's, readable for the service's user, with places to write for that user."""

    def __init__(
        self,
        path: Path,
        staged: str | Path,
        live: str | Path,
        account: pwd.struct_passwd,
        apart: Iterable[str | Path] = (),
    ) -> None:
        """`apart` are staged files that systemd reads, as root: Logstash needs none, and may not read them all."""
        self.path, self.staged, self.live, self.account = path, Path(staged), Path(live), account
        self.apart = {Path(file) for file in apart}
        self.settings = path / "settings"
        # {name: text} of what was staged and can be read as text, as the test sees it.
        self.texts: dict[str, str] = {}

    def make(self) -> None:
        """Writes everything. Raises OSError."""
        os.chown(self.path, 0, self.account.pw_gid)
        self.path.chmod(0o750)
        self._make_directory(self.settings)
        for name in ("data", "logs", "tmp"):
            (self.path / name).mkdir(mode=0o700)
            os.chown(self.path / name, self.account.pw_uid, self.account.pw_gid)
        for file in sorted(self.staged.rglob("*")):
            if file.is_dir():
                self._make_directory(self.settings / file.relative_to(self.staged))
            elif file not in self.apart:
                self._copy_staged(file)
        staged = {file.name for file in self.staged.iterdir()}
        for name in self._readable([file.name for file in self.live.iterdir() if file.name not in staged]):
            self._write(name, (self.live / name).read_bytes())
        options = self.settings / "jvm.options"
        if options.exists():
            lines = environment.without_exclusive(options.read_text(encoding="utf-8", errors="replace").splitlines())
            options.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def _readable(self, names: Iterable[str]) -> list[str]:
        """Those of the live files that the service's user may read anyway: a copy must not show it more."""
        files = [name for name in names if (self.live / name).is_file()]
        readable: list[str] = accounts.do_as(
            self.account, lambda: [name for name in files if os.access(self.live / name, os.R_OK)]
        )
        return readable

    def _make_directory(self, path: Path) -> None:
        path.mkdir(mode=0o750, exist_ok=True)
        os.chown(path, 0, self.account.pw_gid)
        path.chmod(0o750)

    def _write(self, name: str, content: bytes) -> None:
        """A file that nobody else can read from its first byte on: it may be a keystore."""
        atomic_files.create(self.settings / name, content, 0o640, (0, self.account.pw_gid))

    def _copy_staged(self, file: Path) -> None:
        name = str(file.relative_to(self.staged))
        content = file.read_bytes()
        with contextlib.suppress(UnicodeDecodeError):
            text = self.redirected(content.decode())
            if name == "logstash.yml":
                text = self._with_own_paths(text, {"path.data", "path.logs"})
            elif name == "pipelines.yml":
                text = self._with_own_paths(text, set())
            self.texts[name] = text
            content = text.encode()
        self._write(name, content)

    def redirected(self, text: str) -> str:
        """The text with the live paths of what is staged leading to the copies: the live ones are still the old."""
        names = "|".join(re.escape(path.name) for path in self.staged.iterdir())
        return re.sub(
            rf"{re.escape(str(self.live))}/({names})(?![\w.-])", lambda found: f"{self.settings}/{found[1]}", text
        )

    def _with_own_paths(self, text: str, needed: set[str]) -> str:
        own = {name: str(self.path / place) for name, place in OWN_PATHS.items()}
        missing = needed - {name for name, _value in settings_lines.read(text)}
        return settings_lines.replace(text, lambda name, _value: own.get(name)) + "".join(
            f"{name}: {own[name]}\n" for name in sorted(missing)
        )

    def patterns(self) -> list[tuple[str, str]]:
        """[(pipeline id, path.config)] of the settings, as the test sees them."""
        found, pipeline = [], "main"
        for file in ("logstash.yml", "pipelines.yml"):
            for name, value in settings_lines.read(self.texts.get(file, "")):
                pipeline = value if name == "pipeline.id" else pipeline
                if name == "path.config":
                    found.append((pipeline, value))
        return found

    def shown(self, text: str) -> str:
        """A text of the test with the paths that people know."""
        return text.replace(str(self.settings), str(self.live)).replace(str(self.path), "(throw-away)")

    def pipelines(self) -> list[list[str]]:
        """The names of each pipeline's files, in the order that Logstash reads them."""
        found = []
        for _pipeline, pattern in self.patterns():
            files = [os.path.relpath(file, self.settings) for file in expand(pattern)]
            found.append([name for name in files if name in self.texts])
        return found
