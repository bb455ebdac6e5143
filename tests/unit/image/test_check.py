"""A check names all that is wrong with an image, with what is seen, what is expected and what to do."""

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.image import check
from ansible_collections.elk.deploy.plugins.module_utils.messages import CODES, codes

HOME = "/usr/share/logstash"
CONDITION = "/etc/systemd/system/logstash.service.d/50-first-boot.conf"
WAITING = {
    "LoadState": "loaded",
    "ActiveState": "inactive",
    "UnitFileState": "enabled",
    "ExecMainStartTimestampMonotonic": "0",
}
LOCK = "GEM\n  specs:\n    logstash-core (9.5.2-java)\n    logstash-input-http (4.1.0-java)\n"


@pytest.fixture
def faults(place, put):
    """faults(service, installed, **wanted) -> the messages about an image that is fit but for these."""
    put("/etc/machine-id", "")
    put(CONDITION)
    put(f"{HOME}/Gemfile.lock", LOCK)

    def find(service=WAITING, installed="9.5.2", **wanted):
        def run(command):
            return 0, "".join(f"{name}={value}\n" for name, value in service.items()), ""

        options = {
            "home": HOME,
            "directories": ["/var/lib/logstash"],
            "version": "9.5.2",
            "plugins": [],
            "allowed": [],
            "service": "logstash.service",
            "condition": CONDITION,
            "places": ["/etc"],
            "secrets": [],
        }
        return check.faults(run, {**options, **wanted}, installed, place)

    return find


def test_a_fit_image_has_no_faults(faults):
    assert faults() == []


def test_all_that_is_wrong_is_told_at_once(faults, put):
    put("/var/lib/logstash/uuid")
    put("/etc/logstash/proven", "{}")
    put("/etc/default/x", "correct-horse-battery")
    put("/etc/y", "10.0.3.7")
    put("/root/.ssh/authorized_keys", "ssh-ed25519 AAAA alice@example.com")
    told = faults(
        {**WAITING, "UnitFileState": "disabled"},
        "9.4.0",
        plugins=[{"name": "logstash-filter-acme"}],
        secrets=["correct-horse-battery"],
    )
    assert [codes(line)[0] for line in told] == [
        *("image_deployed", "image_leftover", "image_secret", "image_names_machine", "image_key_authorized"),
        *("image_logstash_wrong", "image_logstash_wrong", "image_service_wrong"),
    ]
    assert all("; expected " in line for line in told)
    assert all(line.endswith(".") for line in told)
    assert not any("correct-horse" in line for line in told)


def test_what_is_to_go_as_a_whole_is_told_once(faults, put):
    put("/var/lib/logstash/queue/main/page.0", "10.0.3.7")
    (told,) = faults()
    assert told.startswith("[image_leftover] /var/lib/logstash/queue is a directory with 1 entries")


@pytest.mark.parametrize("path", ["/var/lib/logstash/uuid", "/etc/ssl/private/shared.key"])
def test_what_is_meant_to_be_there_is_let_pass(faults, put, path):
    put(path, "correct-horse-battery")
    secrets = ["correct-horse-battery"]
    assert len(faults(secrets=secrets)) == 1
    assert faults(secrets=secrets, allowed=[path]) == []


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"LoadState": "not-found"}, "is 'not-found' to systemd"),
        ({"UnitFileState": "masked"}, "is 'masked'; expected it enabled"),
        ({"ActiveState": "active"}, "is 'active'; expected it stopped"),
        ({"ActiveState": "activating"}, "is 'activating'; expected it stopped"),
        ({"ExecMainStartTimestampMonotonic": "812345"}, "has run since this machine was booted"),
    ],
)
def test_a_service_that_does_not_wait_for_the_first_boot(faults, state, said):
    (told,) = faults({**WAITING, **state})
    assert told.startswith("[image_service_wrong] logstash.service")
    assert said in told


def test_a_service_that_would_start_without_settings(faults, tmp_path):
    (tmp_path / CONDITION[1:]).unlink()
    (told,) = faults()
    assert told.startswith(f"[image_service_wrong] {CONDITION} is not there")


@pytest.mark.parametrize("installed", ["9.4.0", ""])
def test_another_version(faults, installed):
    (told,) = faults(installed=installed)
    assert told.startswith(f"[image_logstash_wrong] the image has Logstash {installed or '(none)'}; expected 9.5.2")


@pytest.mark.parametrize(
    ("plugin", "is_wrong"),
    [
        ({"name": "logstash-input-http"}, False),
        ({"name": "logstash-input-http", "version": "4.1.0"}, False),
        ({"name": "logstash-input-http", "version": "4.0.0"}, True),
        ({"name": "logstash-input-http", "state": "absent"}, True),
        ({"name": "logstash-filter-acme"}, True),
        ({"name": "logstash-filter-acme", "state": "absent", "version": "1.0.0"}, False),
    ],
)
def test_plugins(faults, plugin, is_wrong):
    told = faults(plugins=[plugin])
    assert bool(told) == is_wrong
    assert all(line.startswith(f"[image_logstash_wrong] logstash_plugins has {plugin['name']}") for line in told)


def test_every_code_is_a_known_one():
    used = {check.LEFTOVER, check.DEPLOYED, *check._HINTS, *check._WANTED}
    assert used <= set(CODES)
