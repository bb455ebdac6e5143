"""What must not be in an image: one table, which the cleaning and the check read.

A row says where something is, what becomes of it, and what it would do in an instance. To add one is enough: it is
cleared by `image_clean`, and reported by `image_check` where it still is.

`path` is a glob of an absolute path; `**` stands for directories of any depth, and a leading `~` for the home of root
and of everyone with one below /home. What becomes of it:

========  ============================================  ======================================================
action    what is done                                  what the check expects
========  ============================================  ======================================================
REMOVE    file, link or directory is removed            that there is no such path
EMPTY     all in the directory is removed but `keep`    a directory, if there is one, with nothing but `keep`
TRUNCATE  the file stays, with nothing in it            files of no size
BLANK     an empty file is there afterwards             that the file is there, and has no size
LINES     lines that name the machine are removed       that no line has a name or an address of the machine
REFUSE    nothing: it is not for the bake to remove     that there is no such path
========  ============================================  ======================================================

A directory that stays keeps its owner and its mode, and so does a file.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

REMOVE, EMPTY, TRUNCATE, BLANK, LINES, REFUSE = "remove", "empty", "truncate", "blank", "lines", "refuse"


@dataclass(frozen=True)
class Row:
    """One line of the table; ``keep`` has globs of names in a directory that stay, ``why`` completes a message."""

    path: str
    action: str
    why: str
    keep: Sequence[str] = ()


# Why each group of rows is there, as a message says it.
_IDENTITY = "every instance would be the same machine to others"
_KEY = "every instance would have the same key, and whoever has the image would have it too"
_NETWORK = "it belongs to the network of the machine that baked"
_CLOUD = "an instance would take itself for the machine that baked"
_LOG = "it is the log of the machine that baked"
_CACHE = "it is a cache, which makes the image larger and grows old in it"
_HISTORY = "it tells what was done on the machine that baked, and may hold secrets"
_BAKE = "the bake left it"
_PLUGINS = "Logstash's plugin manager left it"
_TEST = "Logstash's configuration test left it"
_STATE = "Logstash's state belongs to one instance: two with the same uuid are one to the monitoring"
_DEPLOYMENT = (
    "an instance would take it for its own deployment. Bake from a base image that Logstash was never deployed to"
)

# What running programs need there, and systemd clears at each boot.
_OF_RUNNING = ("systemd-private-*", ".X11-unix", ".ICE-unix", ".XIM-unix", ".font-unix", ".Test-unix")

ROWS: tuple[Row, ...] = (
    # The machine
    Row("/etc/machine-id", BLANK, _IDENTITY),
    Row("/var/lib/dbus/machine-id", REMOVE, _IDENTITY),
    Row("/etc/hostname", REMOVE, _IDENTITY),
    Row("/etc/hosts", LINES, _IDENTITY),
    Row("/etc/ssh/ssh_host_*key", REMOVE, _KEY),
    Row("/etc/ssh/ssh_host_*key.pub", REMOVE, _IDENTITY),
    Row("/var/lib/systemd/random-seed", REMOVE, "every instance would start from the same random numbers"),
    Row("/var/lib/systemd/credential.secret", REMOVE, _KEY),
    # Its network
    Row("/etc/udev/rules.d/*persistent-net*.rules", REMOVE, _NETWORK),
    Row("/etc/netplan/50-cloud-init.yaml", REMOVE, _NETWORK),
    Row("/etc/network/interfaces.d/50-cloud-init*", REMOVE, _NETWORK),
    Row("/etc/systemd/network/10-cloud-init-*", REMOVE, _NETWORK),
    Row("/var/lib/dhcp", EMPTY, _NETWORK),
    Row("/var/lib/dhclient", EMPTY, _NETWORK),
    Row("/var/lib/dhcpcd", EMPTY, _NETWORK),
    Row("/var/lib/NetworkManager", EMPTY, _NETWORK),
    # What the cloud told it; as `cloud-init clean` leaves it
    Row("/var/lib/cloud", EMPTY, _CLOUD, keep=("seed",)),
    Row("/var/lib/amazon/ssm/i-*", REMOVE, _CLOUD),
    # Caches of the package managers
    Row("/var/cache/apt/archives", EMPTY, _CACHE, keep=("lock", "partial")),
    Row("/var/cache/apt/archives/partial", EMPTY, _CACHE),
    Row("/var/cache/apt/*.bin", REMOVE, _CACHE),
    Row("/var/lib/apt/lists", EMPTY, _CACHE, keep=("lock", "partial")),
    Row("/var/lib/apt/lists/partial", EMPTY, _CACHE),
    Row("/var/cache/dnf", EMPTY, _CACHE),
    Row("/var/cache/libdnf5", EMPTY, _CACHE),
    Row("/var/cache/yum", EMPTY, _CACHE),
    # Logs. Who logged in is noted in files that are made at each boot; without them nothing notes it until then.
    Row("/var/log/journal", EMPTY, _LOG),
    Row("/var/log/[wb]tmp*", REMOVE, _LOG),
    Row("/var/log/lastlog", REMOVE, _LOG),
    Row("/var/log/faillog", REMOVE, _LOG),
    Row("/var/log/**/*.gz", REMOVE, _LOG),
    Row("/var/log/**/*.xz", REMOVE, _LOG),
    Row("/var/log/**/*.old", REMOVE, _LOG),
    Row("/var/log/**/*.[0-9]", REMOVE, _LOG),
    Row("/var/log/**/*-20[0-9][0-9][0-9][0-9][0-9][0-9]", REMOVE, _LOG),
    Row("/var/log/**/*", TRUNCATE, _LOG),
    Row("/var/lib/logrotate/*status", REMOVE, _LOG),
    Row("/var/lib/systemd/coredump", EMPTY, _LOG),
    Row("/var/crash", EMPTY, _LOG),
    Row("/var/mail", EMPTY, _LOG),
    Row("/var/spool/mail", EMPTY, _LOG),
    # Who worked on it
    Row("~/.*_history", REMOVE, _HISTORY),
    Row("~/.lesshst", REMOVE, _HISTORY),
    Row("~/.viminfo", REMOVE, _HISTORY),
    Row("~/.wget-hsts", REMOVE, _HISTORY),
    Row("~/.ssh/known_hosts*", REMOVE, _HISTORY),
    Row("~/.cache", REMOVE, _CACHE),
    # Ansible, which makes the two directories again with each of the next tasks
    Row("~/.ansible", EMPTY, _BAKE, keep=("tmp",)),
    Row("~/.ansible/tmp", EMPTY, _BAKE),
    Row("~/.ansible_async", REMOVE, _BAKE),
    Row("/tmp", EMPTY, _BAKE, keep=_OF_RUNNING),  # noqa: S108 - emptied, and nothing is made there
    Row("/var/tmp", EMPTY, _BAKE, keep=_OF_RUNNING),  # noqa: S108 - as /tmp
    # What Java, the plugin manager and the configuration test leave in places of others
    Row("~/.m2", REMOVE, _PLUGINS),
    Row("~/.gem", REMOVE, _PLUGINS),
    Row("~/.bundle", REMOVE, _PLUGINS),
    Row("~/.local/share/gem", REMOVE, _PLUGINS),
    Row("~/.java", REMOVE, _PLUGINS),
    Row("/var/lib/logstash-validation", REMOVE, _TEST),
    # A deployment
    Row("/etc/logstash/proven", REFUSE, _DEPLOYMENT),
    Row("/etc/logstash/current", REFUSE, _DEPLOYMENT),
    Row("/etc/logstash/releases/*", REFUSE, _DEPLOYMENT),
    Row("/etc/logstash/staged", REFUSE, _DEPLOYMENT),
    Row("/etc/logstash/logstash.keystore", REFUSE, _DEPLOYMENT),
    Row("/etc/logstash/keystore/*", REFUSE, _DEPLOYMENT),
    Row("/etc/systemd/system/logstash.service.d/elk-deploy.conf", REFUSE, _DEPLOYMENT),
    Row("/var/lib/logstash-found", REFUSE, _DEPLOYMENT),
    Row("/var/lib/elk-deploy/release.key", REFUSE, _DEPLOYMENT),
    Row("/var/lib/elk/*.json", REFUSE, _DEPLOYMENT),
    Row("/var/lib/elk/*.jsonl", REFUSE, _DEPLOYMENT),
    Row("/var/lib/elk/bundles/*", REFUSE, _DEPLOYMENT),
)


# Never emptied, whatever a variable says.
SHARED = frozenset(
    (
        *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/proc", "/root", "/run"),
        *("/sbin", "/srv", "/sys", "/tmp", "/usr", "/usr/lib", "/usr/local", "/usr/share"),  # noqa: S108 - a name
        *("/var", "/var/cache", "/var/lib", "/var/log", "/var/opt", "/var/spool", "/var/tmp"),  # noqa: S108 - a name
    )
)


class SharedDirectoryError(ValueError):
    """A directory that belongs to the whole system is named as one of Logstash's; ``args[0]`` has the paths."""


def rows(home: str, directories: Iterable[str]) -> list[Row]:
    """The table, with what it has of Logstash's own directories.

    :param home: where Logstash has its program.
    :param directories: those that the service writes to; each stays, and what is in it goes.
    :raises SharedDirectoryError: one of them is a directory of the system, which must not be emptied.
    """
    own = sorted({os.path.normpath(f"/{path.lstrip('/')}") for path in directories})
    shared = SHARED.intersection(own)
    if shared:
        raise SharedDirectoryError(sorted(shared))
    found = []
    for path in own:
        below = {other[len(path) + 1 :].split("/")[0] for other in own if other.startswith(f"{path}/")}
        found.append(Row(glob.escape(path), EMPTY, _STATE, keep=tuple(map(glob.escape, sorted(below)))))
    found += [Row(f"{glob.escape(home)}/{path}", action, why) for path, action, why in _OF_HOME]
    # The special ones first: the logs of Logstash are removed, and not only shortened.
    return [*found, *ROWS]


# Below Logstash's home: (path, action, why). Its directories are the package's, so only what is known by name goes.
_OF_HOME = (
    *((f"data/{name}", REMOVE, _TEST) for name in ("uuid", ".lock", "queue", "dead_letter_queue", "plugins")),
    ("logs/*.log", REMOVE, _TEST),
    (".m2", REMOVE, _PLUGINS),
    (".gem", REMOVE, _PLUGINS),
    (".cache", REMOVE, _PLUGINS),
    ("vendor/cache", REMOVE, _PLUGINS),
    ("vendor/bundle/jruby/*/cache/*.gem", REMOVE, _PLUGINS),
)
