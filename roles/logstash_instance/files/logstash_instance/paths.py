"""Where things are on an instance."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """:param root: another one than ``/`` in tests."""

    root: Path = Path("/")

    @property
    def state(self) -> Path:
        return self.root / "var/lib/elk"

    @property
    def result(self) -> Path:
        return self.state / "first-boot.json"

    @property
    def progress(self) -> Path:
        """What a first boot that was cut off leaves to the next."""
        return self.state / "first-boot.progress.json"

    @property
    def bundles(self) -> Path:
        return self.state / "bundles"

    @property
    def inventory(self) -> Path:
        """Puts this host into the group of its layer."""
        return self.state / "self.yml"

    @property
    def ansible_home(self) -> Path:
        return self.state / "ansible"

    @property
    def log(self) -> Path:
        return self.root / "var/log/elk/first-boot.log"

    @property
    def public_key(self) -> Path:
        return self.root / "etc/elk/bundle.pub"

    @property
    def pythons(self) -> Path:
        return self.root / "opt/elk/python"

    def image(self) -> str:
        """Fingerprint of the image, from its manifest; empty if that cannot be read."""
        try:
            return str(json.loads((self.root / "etc/elk/image.json").read_text(encoding="utf-8"))["fingerprint"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""
