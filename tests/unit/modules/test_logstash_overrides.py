"""What was set up by hand and decides over the role is named with file and line; nothing else is."""

import json

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import overrides
from ansible_collections.elk.deploy.plugins.modules import logstash_host, logstash_overrides

FOLDER = "etc/systemd/system/logstash.service.d"
DEFAULT = "etc/default/logstash"


@pytest.fixture
def host(tmp_path, monkeypatch):
    """host({path: text}) writes files below a root that the module takes for the host's."""
    for module in (logstash_host, logstash_overrides):
        monkeypatch.setattr(module, "ROOT", str(tmp_path))

    def write(files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return tmp_path

    return write


@pytest.fixture
def look(run_module, monkeypatch, tmp_path):
    """look(manager="apt", held=False, record=None, **overrides) -> what logstash_host finds."""
    monkeypatch.setattr(logstash_host.AnsibleModule, "run_command", lambda *_, **__: (0, "", ""))

    def run(manager="apt", held=False, installed="", record=None, **options):
        monkeypatch.setattr(logstash_host.installation, "look", lambda *_: {"package": installed, "held": held})
        result = run_module(
            logstash_host,
            host="a",
            installation={"manager": manager, "cache": "/x", "archive_root": "/x", "archive": False, "unit": "/x"},
            overrides={"version": "9.5.2", **options},
            **({"record": {"path": str(tmp_path / "proven")}} if record else {}),
        )
        return {**result, **result.get("overrides", {})}

    return run


@pytest.fixture
def take_out(run_module):
    """take_out(**options) -> the result of logstash_overrides for version 9.5.2."""
    return lambda **options: run_module(logstash_overrides, version="9.5.2", **options)


def places(result):
    """`file:line what` of each find."""
    return [f"{found['file']}:{found['line']} {found['what']}" for found in result["found"]]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (f"{FOLDER}/a.conf", "# x\n[Service]\nExecStart=\nExecStart=/x \\\n -f /x\n", ["3 ExecStart=", "4 ExecStart="]),
        (f"{FOLDER}/a.conf", "[Service]\nUser=root\nGroup = root\n", ["2 User=", "3 Group="]),
        (f"{FOLDER}/a.conf", "[Service]\nEnvironment=A=1 'LS_OPTS=-w 2'\n", ["2 Environment=LS_OPTS="]),
        (f"{FOLDER}/z.conf", "[Service]\nEnvironmentFile=\n", ["2 EnvironmentFile= without a file"]),
        ("run/systemd/system/logstash.service.d/b.conf", "[Service]\nRootDirectory=/x\n", ["2 RootDirectory="]),
        ("usr/lib/systemd/system/logstash.service.d/b.conf", "[Service]\nExecStart=\n", ["2 ExecStart="]),
        ("etc/systemd/system/logstash.service", "[Service]\nExecStart=/opt/x\n", ["1 a unit of its own"]),
        (DEFAULT, "A=1\n#LS_OPTS=x\nLS_OPTS=-w 2\n", ["3 LS_OPTS="]),
        (DEFAULT, "LS_SETTINGS_DIR=/srv/logstash\n", ["1 LS_SETTINGS_DIR="]),
        ("etc/sysconfig/logstash", "LS_JAVA_OPTS='-Xmx1g'\n", ["1 LS_JAVA_OPTS="]),
        (DEFAULT, "LS_JAVA_HOME=/usr/lib/jvm/x\n", ["1 LS_JAVA_HOME="]),
    ],
)  # fmt: skip
def test_named_with_file_and_line(host, look, path, text, expected):
    host({path: text})
    result = look()
    assert result["failed"]
    assert places(result) == [f"/{path}:{item}" for item in expected]
    assert all(f"/{path}:{item}".replace(" ", ": ", 1) in result["msg"] for item in expected)
    assert "logstash_overrides" in result["msg"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (f"{FOLDER}/limits.conf", "[Unit]\nAfter=x\n[Service]\nLimitNOFILE=9\nMemoryMax=1G\nEnvironment=TZ=UTC\n"),
        (f"{FOLDER}/elk-deploy.conf", "[Service]\nEnvironmentFile=-/etc/logstash/environment\nUser=logstash\n"),
        (f"{FOLDER}/a.conf", "[Service]\nEnvironmentFile=\n"),
        (f"{FOLDER}/a.conf.off", "[Service]\nExecStart=/x\n"),
        (f"{FOLDER}/a.conf", "[Service]\n# ExecStart=/x\n; User=root\n"),
        ("etc/systemd/system/logstash.service", f"{overrides.OWN_HEADER}: x\n[Service]\nExecStart=/x\n"),
        (DEFAULT, 'LS_HOME="/usr/share/logstash"\nLS_SETTINGS_DIR="/etc/logstash"\nLS_USER="logstash"\nJAVA_HOME=/x\n'),
        (DEFAULT, 'LS_OPTS="--path.settings /etc/logstash"\nTZ=UTC\nLOGSTASH_KEYSTORE_PASS=x\n'),
        ("etc/apt/preferences.d/x", "Package: logstash\nPin: version 9.*\nPin-Priority: 1001\n"),
    ],
)  # fmt: skip
def test_what_decides_nothing_is_not_named(host, look, path, text):
    host({path: text})
    result = look()
    assert (result["failed"], result["found"], result["removable"]) == (False, [], [])


def test_values_are_never_shown(host, look):
    host(
        {
            DEFAULT: "LS_JAVA_OPTS=-Dpassword=recognisable\n",
            f"{FOLDER}/a.conf": "[Service]\nExecStart=/x -e recognisable\n",
        }
    )
    result = look()
    assert result["failed"]
    assert "recognisable" not in str(result)


def test_java_home_counts_before_8(host, look):
    host({DEFAULT: "JAVA_HOME=/x\n"})
    assert places(look(version="7.17.0")) == [f"/{DEFAULT}:1 JAVA_HOME="]


def test_variable_that_the_role_sets_itself_decides_nothing_unless_it_comes_after(host, look):
    more = {"etc/more": "LS_JAVA_OPTS=-Xmx1g\n"}
    host({DEFAULT: "LS_JAVA_OPTS=-Xmx1g\n", f"{FOLDER}/a.conf": "[Service]\nEnvironmentFile=/etc/more\n", **more})
    assert look(environment=["LS_JAVA_OPTS"])["found"] == []
    host({f"{FOLDER}/override.conf": "[Service]\nEnvironmentFile=-/etc/more\nEnvironment=LS_JAVA_OPTS=-Xmx2g\n"})
    assert places(look(environment=["LS_JAVA_OPTS"])) == ["/etc/more:1 LS_JAVA_OPTS="]


def test_masked_unit(host, look, tmp_path):
    root = host({})
    (root / "etc/systemd/system").mkdir(parents=True)
    (root / "etc/systemd/system/logstash.service").symlink_to("/dev/null")
    assert "systemctl unmask logstash.service" in look()["msg"]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("var/lib/dpkg/status", "Package: a\nStatus: x\n\nPackage: logstash\nStatus: hold ok installed\n", "5 hold"),
        ("etc/apt/preferences.d/x", "Package: logstash\nPin: version 9.*\nPin-Priority: 1001\n", "1 pin"),
        ("etc/apt/preferences", "Explanation: x\nPackage: logstash*\nPin: release *\n", "2 pin"),
        ("etc/dnf/plugins/versionlock.list", "# x\nlogstash-1:9.4.0-1.*\n", "2 versionlock"),
        ("etc/yum.repos.d/elastic.repo", "[x]\nexclude=kibana logstash\n", "2 exclude="),
    ],
)  # fmt: skip
def test_holds_count_while_another_version_is_to_come(host, look, path, text, expected):
    root = host({path: text})
    manager = "dnf" if "dnf" in path or "yum" in path else "apt"
    held = path.startswith("var/lib")
    assert look(manager=manager, held=held, record=True, installed="9.5.2")["found"] == []
    assert places(look(manager=manager, held=held, record=True, installed="9.4.0")) == [f"/{path}:{expected}"]
    record = {"record": {"release": "a"}, "earlier": [], "changing": None}
    for content in (record, {**record, "record": {}, "changing": "process"}):
        (root / "proven").write_text(json.dumps(content))
        assert look(manager=manager, held=held, record=True, installed="9.4.0")["found"] == []


@pytest.mark.parametrize("line", ["Package: *", "Package: logstash-oss", "Package: src:x"])
def test_pins_of_other_packages_are_none_of_ours(host, look, line):
    host({"etc/apt/preferences.d/x": f"{line}\nPin: release *\n"})
    assert look(record=True)["found"] == []


def test_leave_says_so_and_goes_on(host, look):
    host({DEFAULT: "LS_OPTS=-w 2\n"})
    result = look(handling="leave")
    assert not result["failed"]
    assert "they stay in effect" in str(result["warnings"])


def test_remove_makes_comments_of_these_lines_alone_and_the_next_look_finds_nothing(host, look, take_out):
    text = "[Service]\nLimitNOFILE=9\nExecStart=\nExecStart=/x \\\n  -f /y\nMemoryMax=1G\n"
    root = host({f"{FOLDER}/a.conf": text, DEFAULT: "LS_OPTS=-w 2\n"})
    (root / f"{FOLDER}/a.conf").chmod(0o600)
    seen = look(handling="remove")
    assert not seen["changed"]
    assert "they give way to the role's" in str(seen["warnings"])
    assert take_out(check=True)["changed"]
    assert (root / f"{FOLDER}/a.conf").read_text() == text
    assert take_out()["removed"] == seen["removable"] == [f"/{DEFAULT}", f"/{FOLDER}/a.conf"]
    lines = (root / f"{FOLDER}/a.conf").read_text().splitlines()
    kept = [line for line in lines if not line.startswith(overrides.REMOVED)]
    assert kept == ["[Service]", "LimitNOFILE=9", "MemoryMax=1G"]
    assert overrides.REMOVED + "ExecStart=/x " in lines
    assert (root / f"{FOLDER}/a.conf").stat().st_mode & 0o777 == 0o600
    assert look()["found"] == []
    assert not take_out()["changed"]
