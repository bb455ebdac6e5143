"""bin/logstash-keystore, and `${NAME}` from the keystore."""

import json
import subprocess

import pytest

PASSWORD = "right"  # noqa: S105 - of a keystore that the test makes


@pytest.fixture
def keystore(node):
    """keystore(*arguments, answers) -> the finished process, on the node's settings directory."""
    node.write()

    def run(*arguments: str, answers: str = "", password: str = "") -> subprocess.CompletedProcess:
        environment = {"LOGSTASH_KEYSTORE_PASS": password} if password else {}
        return subprocess.run(
            [node.home / "bin/logstash-keystore", "--path.settings", node.settings_path, *arguments],
            input=answers,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )

    return run


def test_create_asks_whether_it_may_do_without_a_password(keystore, node):
    assert "Continue without password protection" in keystore("create", answers="n\n").stdout
    assert not (node.settings_path / "logstash.keystore").exists()
    assert "Created Logstash keystore at" in keystore("create", answers="y\n").stdout
    assert oct((node.settings_path / "logstash.keystore").stat().st_mode)[-3:] == "660"


def test_names_are_listed_in_lower_case_and_removed(keystore):
    keystore("create", answers="y\n")
    keystore("add", "ES_PWD", answers="secret\n")
    assert keystore("list").stdout.splitlines()[-1] == "es_pwd"
    assert "Removed 'es_pwd'" in keystore("remove", "Es_Pwd").stdout
    assert "does not exist" in keystore("remove", "Es_Pwd").stdout


def test_add_of_a_name_that_is_there_asks(keystore):
    keystore("create", answers="y\n")
    keystore("add", "A", answers="one\n")
    assert "A already exists. Overwrite ?" in keystore("add", "A", answers="n\n").stdout


def test_errors_that_exit_0(keystore):
    done = keystore("add", "A", answers="one\n")
    assert done.returncode == 0
    assert "ERROR: Logstash keystore not found." in done.stdout


def test_no_answer_is_an_error(keystore):
    assert keystore("create").returncode == 1


def use(node) -> None:
    node.pipeline(
        "main",
        'input { generator { count => 1 message => "${ES_PWD}" } } '
        'output { file { path => "' + str(node.root / "out.json") + '" } }',
    )


def test_pipeline_takes_the_value_before_the_environments(keystore, node):
    keystore("create", answers="y\n")
    keystore("add", "es_pwd", answers="from-the-keystore\n")
    use(node)
    node.environment |= {"ES_PWD": "from-the-environment"}
    assert node.run().returncode == 0
    assert "from-the-keystore" in (node.root / "out.json").read_text()


def test_pipelines_yml_is_not_asked_of_the_keystore(keystore, node):
    keystore("create", answers="y\n")
    keystore("add", "WORKERS", answers="1\n")
    use(node)
    node.pipelines[0]["pipeline.workers"] = "${WORKERS}"
    assert "Replacement variable `WORKERS` is not defined" in node.test().stdout


def test_wrong_password_stops_the_start(keystore, node):
    keystore("create", password=PASSWORD)
    keystore("add", "ES_PWD", answers="value\n", password=PASSWORD)
    use(node)
    assert "Can not access Logstash keystore" in node.test().stderr
    node.environment |= {"LOGSTASH_KEYSTORE_PASS": PASSWORD}
    assert node.test().returncode == 0


def test_value_is_not_readable_in_the_file(keystore, node):
    keystore("create", answers="y\n")
    keystore("add", "ES_PWD", answers="well-hidden\n")
    assert b"well-hidden" not in (node.settings_path / "logstash.keystore").read_bytes()


@pytest.mark.parametrize(
    ("version", "listed", "value"),
    [("8.5.3", ["a"], "two"), ("8.17.0", ["a", "b"], "two"), ("9.0.0", ["a", "b"], "two words")],
)
def test_how_answers_are_read_depends_on_the_version(make_node, version, listed, value):
    node = make_node(version)
    node.write()
    command = [node.home / "bin/logstash-keystore", "--path.settings", node.settings_path]
    for arguments, answers in ((["create"], "y\n"), (["add", "A", "B"], "two words\nthree\n")):
        subprocess.run([*command, *arguments], input=answers, text=True, check=True, capture_output=True, env={})
    names = subprocess.run([*command, "list"], text=True, check=True, capture_output=True, env={}).stdout.split("\n\n")[
        1
    ]
    assert names.split() == listed
    node.pipeline(
        "main",
        'input { generator { count => 1 message => "${A}" } } '
        'output { file { path => "' + str(node.root / "out.json") + '" } }',
    )
    if version >= "9":
        node.settings["allow_superuser"] = True
    assert node.run().returncode == 0
    assert json.loads((node.root / "out.json").read_text())["message"] == value


def test_there_is_none_before_6_2(unpack):
    assert not (unpack("6.1.4") / "usr/share/logstash/bin/logstash-keystore").exists()
    assert (unpack("6.2.4") / "usr/share/logstash/bin/logstash-keystore").exists()
