"""Says on a host, as lines of text, all that a deployment determines. Two hosts, or two moments, compare line by line.

Needs nothing but Python, since it runs on the host, with `python3 -c`. Left out is what differs between equal
deployments: the names of releases and the files of the keystore, which have random salts, what is noted of both, all
that a running Logstash writes, and what is kept for going back.
"""

import grp
import hashlib
import json
import os
import pwd
import stat
import subprocess
import urllib.request
from pathlib import Path

SETTINGS = Path("/etc/logstash")
SALTED = ("logstash.keystore", "keystore.env", "record", ".release.json")
UNIT = "ActiveState,SubState,UnitFileState,NeedDaemonReload,FragmentPath,DropInPaths,EnvironmentFiles"
# What the role, Ansible's modules and package managers leave when they are cut off.
RESTS = (".part", ".tmp", ".dpkg-tmp")
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - looked at, not written to
REST_STARTS = (".ansible_tmp", ".fetch-", ".elk-")


def entry(path, shown=None, content=True):
    """One line: what lies at a path, whose it is, its mode, and what is in it."""
    found = path.lstat()
    kind = {stat.S_IFDIR: "directory", stat.S_IFLNK: "link", stat.S_IFREG: "file"}.get(stat.S_IFMT(found.st_mode), "?")
    inside = ""
    if kind == "link":
        inside = os.readlink(path)
    elif kind == "file" and content:
        inside = hashlib.sha256(path.read_bytes()).hexdigest()
    owner = f"{pwd.getpwuid(found.st_uid).pw_name}:{grp.getgrgid(found.st_gid).gr_name}"
    return f"{shown or path} {kind} {owner} {stat.S_IMODE(found.st_mode):o} {inside}"


def below(root):
    """Everything below a directory."""
    return sorted(path for path in root.rglob("*") if "__pycache__" not in path.parts)


def settings():
    """The settings directory, with the live release under the name `current`."""
    live = Path(os.path.realpath(SETTINGS / "current"))
    for path in below(SETTINGS):
        if path in (SETTINGS / "current", SETTINGS / "proven") or path.is_relative_to(SETTINGS / "releases"):
            continue
        yield entry(path, content=path.name not in SALTED)
    for path in below(live):
        yield entry(path, SETTINGS / "current" / path.relative_to(live), path.name not in SALTED)
    proven = json.loads((SETTINGS / "proven").read_text())
    yield f"the release that is live was proven: {proven['record'].pop('release') == live.name}"
    yield f"proven {json.dumps(proven['record'], sort_keys=True)}, changing {proven['changing']}"
    yield entry(SETTINGS / "proven", content=False)


def output(*command):
    """What a program prints."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def package():
    """What the package database and the package's files are, and what is kept for going back."""
    yield output("dpkg-query", "--show", "--showformat=${Status} ${Version}", "logstash")
    yield f"held: {output('apt-mark', 'showhold')}; to be put right: {output('dpkg', '--audit')}"
    for root in ("/usr/share/logstash", "/var/cache/elk-deploy", "/etc/apt/sources.list.d", "/etc/apt/keyrings"):
        yield from (entry(path) for path in below(Path(root)) if "vendor/elk-deploy/sets/" not in str(path))


def unit():
    """The service, what it is started with, and what runs."""
    yield from output("systemctl", "show", f"--property={UNIT}", "logstash").splitlines()
    yield from map(entry, below(Path("/etc/systemd/system")))
    yield entry(Path("/etc/default/logstash"))
    with urllib.request.urlopen("http://127.0.0.1:9600/_node/pipelines", timeout=5) as answer:
        node = json.load(answer)
    yield f"version {node['version']}"
    for name, pipeline in sorted(node["pipelines"].items()):
        known = {key: value for key, value in sorted(pipeline.items()) if key not in ("ephemeral_id", "hash")}
        yield f"pipeline {name} {known}"


def data():
    """The directories that Logstash writes to, whose its files are, and the identity that it keeps in them."""
    for root in map(Path, ("/var/lib/logstash", "/var/log/logstash")):
        paths = [root, *below(root)]
        yield from (entry(path) for path in paths if path.is_dir())
        yield f"owners of files below {root}: {sorted({path.owner() for path in paths if path.is_file()})}"
    yield f"uuid {Path('/var/lib/logstash/uuid').read_text()}"


def rests():
    """What a run that was cut off may leave. Ansible's own directory for modules is none of the role's business."""
    names = output("find", "/", "-xdev", "-not", "-path", "*/.ansible/*", "-not", "-path", "/proc/*").splitlines()
    for name in sorted(names):
        if name.endswith(RESTS) or os.path.basename(name).startswith(REST_STARTS):
            yield f"rest {name}"
    # Of what is killed, Ansible leaves a folder with the code of the module.
    known = ("systemd-private", "ansible_")
    beside = [*(path for root in TEMPORARY for path in Path(root).iterdir()), *Path("/var/lib").glob("logstash*")]
    yield from (f"beside {path}" for path in sorted(beside) if not path.name.startswith(known))


def main():
    """Prints the lines."""
    for part in (settings, package, unit, data, rests):
        print("\n".join(part()))


if __name__ == "__main__":
    main()
