"""Work as another user comes back as it ended: with its value, or with what it raised."""

import json
import os
import pwd
import signal
import subprocess

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import accounts

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can work as another user")
NOBODY = pwd.getpwnam("nobody")


class ExpectedError(Exception):
    """One that the caller knows."""


def raises(error):
    raise error


def test_its_value_comes_back_and_its_rights_are_the_accounts():
    assert accounts.do_as(NOBODY, lambda: [os.getuid(), os.getgid(), os.getgroups()]) == [
        NOBODY.pw_uid, NOBODY.pw_gid, os.getgrouplist("nobody", NOBODY.pw_gid),
    ]  # fmt: skip
    assert accounts.do_as(NOBODY, os.getgroups, groups=[]) == []
    assert os.getuid() == 0


def test_process_that_works_as_the_user_is_closed_to_that_user():
    """Otherwise a confined process of that user could follow its entry below /proc out of the confinement."""

    def work():
        entry = f"/proc/{os.getpid()}"
        tried = [["cat", f"{entry}/environ"], ["ls", f"{entry}/root/"], ["ls", f"{entry}/cwd/"], ["ls", f"{entry}/fd/"]]
        return [subprocess.run(words, capture_output=True, check=False).returncode for words in tried]

    assert 0 not in accounts.do_as(NOBODY, work)


def test_an_error_of_the_system_comes_back_as_it_was():
    with pytest.raises(PermissionError) as raised:
        accounts.do_as(NOBODY, lambda: os.listdir("/root"))
    assert raised.value.filename == "/root"


def test_an_expected_error_comes_back_with_its_message():
    with pytest.raises(ExpectedError, match=r"^why$"):
        accounts.do_as(NOBODY, lambda: raises(ExpectedError("why")), expected=(KeyError, ExpectedError))


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda: {}["key"], "KeyError: 'key'"),
        (lambda: json.loads("no"), "JSONDecodeError"),
        (object, "TypeError"),
        (lambda: raises(SystemExit(3)), "SystemExit: 3"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "signal 9"),
        (lambda: os._exit(0), "before it had an answer"),
    ],
)
def test_any_other_end_is_told_in_words(work, said):
    with pytest.raises(accounts.WorkFailedError, match="user nobody") as raised:
        accounts.do_as(NOBODY, work)
    assert said in str(raised.value)
