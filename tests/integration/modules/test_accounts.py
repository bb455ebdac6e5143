"""Work as another user comes back as it ended: with its value, or with what it raised."""

import json
import os
import pwd
import signal
import subprocess
from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils import waiting
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


def run_program(script, seconds=60, longest=1000):
    return accounts.run_program(NOBODY, ["sh", "-c", script], {"PATH": os.environ["PATH"], "X": "y"}, seconds, longest)


def test_program_has_the_rights_of_the_account_and_the_environment_that_it_is_given():
    assert run_program("id -un; pwd; echo $X$HOME >&2; exit 3") == (3, "nobody\n/\ny\n")
    assert os.getuid() == 0


def test_no_more_is_returned_than_is_asked_for():
    assert run_program("printf 123456789", longest=4) == (0, "1234")


def test_program_that_goes_on_in_the_background_is_not_waited_for():
    code, printed = run_program("sleep 1000 & echo $!")
    os.kill(int(printed), signal.SIGKILL)
    assert code == 0


def test_program_that_does_not_end_is_killed_with_what_it_started():
    code, printed = run_program("sleep 1000 & echo $$ $!; wait", seconds=2)
    pids = printed.split()
    assert (code, len(pids)) == (None, 2)
    for pid in pids:
        for _attempt in waiting.attempts(60, 0.01):
            if not is_running(pid):
                break
        else:
            pytest.fail(f"process {pid} goes on")


def is_running(pid):
    """Whether a process is there, and not only waits for its parent to see its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
