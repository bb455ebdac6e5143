"""The service's user: its account, what it may do, and whose a file is."""

from __future__ import annotations

import json
import os
import pwd


class NoSuchUserError(Exception):
    """The user is not on the host."""


def find_account(name):
    """The entry of the user database. Raises NoSuchUserError."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise NoSuchUserError(f"There is no user {name!r} on the host; install the package that makes it.") from None


def owner_name(uid):
    """The name of an owner, or its number where the host has no such user."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"


def probable_cause(uid):
    """Why something below Logstash's directories probably belongs to this user instead of the service's."""
    if uid == 0:
        return "probably Logstash or its configuration test was run as root, or a backup was restored as root"
    if owner_name(uid).startswith("user id "):
        return "no user here has this id: probably a backup or a volume of another host, or the id of the user changed"
    return "probably that user copied or created it"


def do_as(account, work):
    """What ``work()`` returns, in the types of JSON, when it runs with the rights of the account and no others.

    It runs in a child process, since a process that gave up root's rights does not get them back.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            os.setgroups(os.getgrouplist(account.pw_name, account.pw_gid))
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            with os.fdopen(writer, "w", encoding="utf-8") as stream:
                json.dump(work(), stream)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as stream:
        answer = stream.read()
    os.waitpid(child, 0)
    return json.loads(answer)
