"""What a release knows, and what is said about settings that it does not know or that have a wrong value."""

from pathlib import Path

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash.environment import environment_file
from ansible_collections.elk.deploy.plugins.module_utils.logstash.versions import LAST_KNOWN, facts, parse
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash import table, values
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash.check import Wanted, faults, warnings

ROOT = Path(__file__).resolve().parents[3]


def of_settings(version, settings, **more):
    return faults(Wanted(version=parse(version), settings=settings, **more))


def of_pipelines(version, *settings):
    pipelines = [{"id": f"p{number}", "settings": one} for number, one in enumerate(settings, 1)]
    return faults(Wanted(version=parse(version), pipelines=pipelines))


def test_stand_in_and_role_have_the_same_table():
    role = ROOT / "plugins/plugin_utils/logstash/settings.csv"
    assert role.read_bytes() == (ROOT / "local/fake_logstash/data/settings.csv").read_bytes()


def test_every_type_of_the_table_is_known_here():
    unchecked = {
        "Modules",
        "Array",
        "ArrayCoercible",
        "SplittableStringArray",
        "DeprecatedAlias",
        "DeprecatedAndRenamed",
    }
    assert {row.type for row in table.rows()} - set(values.FORMS) == unchecked


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("5.2.0", "http.host"),
        ("6.8.23", "http.port"),
        ("7.15.2", "http.enabled"),
        ("7.16.0", "api.http.host"),
        ("8.19.0", "http.host"),
        ("9.5.2", "api.ssl.enabled"),
        ("9.99.0", "queue.type"),
        ("5.4.1+http4.3.2", "queue.type"),
    ],
)
def test_setting_that_the_version_knows(version, name):
    assert name in table.known(parse(version))


@pytest.mark.parametrize(
    ("version", "name", "said"),
    [
        ("9.5.2", "http.host", "It was removed in 9.0.0. Logstash 9.5.2 calls it api.http.host: use that name"),
        ("6.8.0", "api.http.host", "It was added in 7.16.0. Logstash 6.8.0 calls it http.host: use that name"),
        (
            "8.5.3",
            "xpack.geoip.downloader.enabled",
            "It was added in 8.7.0. Remove it, or set a logstash_version that has it",
        ),
        ("5.4.1", "dead_letter_queue.enable", "It was added in 5.5.0."),
        ("9.0.0", "pipeline.java_execution", "It was added in 6.1.0 and was removed in 8.0.0."),
        ("8.0.0", "xpack.monitoring.elasticsearch.url", "calls it xpack.monitoring.elasticsearch.hosts"),
        ("9.5.2", "queue.typ", "Did you mean queue.type?"),
        ("9.5.2", "foo.bar", "No release from 5.2.0 to 9.5.2 knows it. Correct the name"),
    ],
)
def test_setting_that_the_version_does_not_know(version, name, said):
    (fault,) = of_settings(version, {name: "x"})
    assert fault.startswith(f"logstash_settings: Logstash {version} does not know {name}.")
    assert said in fault


def test_nested_settings_are_the_dotted_ones():
    assert of_settings("9.5.2", {"queue": {"type": "persisted", "drain": True}}) == []
    (fault,) = of_settings("9.5.2", {"queue": {"typo": 1}})
    assert "does not know queue.typo" in fault


def test_all_faults_are_told_at_once():
    found = faults(
        Wanted(
            version=parse("5.4.1"),
            settings={"foo.bar": 1, "pipeline.workers": "many"},
            pipelines=[{"id": "a"}, {"id": "b", "settings": {"log.level": "info"}}],
            heap_size="much",
            jvm_options=["Xss2m"],
            environment={"1X": "a"},
            tls_files=[{"name": "../x", "content": "a"}],
        )
    )
    assert len(found) == 8


@pytest.mark.parametrize(
    ("name", "good", "bad", "expected"),
    [
        ("pipeline.workers", [1, "4", "${WORKERS}"], [0, -1, "many", True, None, [1]], "a whole number above 0"),
        ("pipeline.batch.delay", [0, 50, "50"], ["soon", False], "a number"),
        ("queue.drain", [True, False, "true", "false"], [1, 0, "yes", None], "true or false"),
        ("queue.max_bytes", ["4gb", "512 MB", 1024, "1.5gb"], ["lots", True], "a size such as 512mb"),
        ("config.reload.interval", ["3s", "10m", 1000, "-1"], ["3 weeks", True], "a time such as 5s"),
        ("node.name", ["a"], [5, True, None], "a text"),
        ("monitoring.elasticsearch.proxy", ["a", None], [5], "a text"),
        ("log.level", ["info", "debug", "#{LogLevel}"], ["verbose"], "one of fatal, error, warn, debug, info, trace"),
        ("pipeline.ordered", ["auto", True, "false"], ["yes"], "one of auto, true, false"),
        ("api.ssl.keystore.path", ["/a/b"], ["a/b"], "an absolute path"),
        ("api.ssl.supported_protocols", [["TLSv1.3"], "TLSv1.2"], [["SSLv3"], [1]], ""),
        ("monitoring.elasticsearch.hosts", ["a", ["a", "b"]], [], ""),
    ],
)
def test_values_of_each_type(name, good, bad, expected):
    for value in good:
        assert of_settings("9.5.2", {name: value}) == [], value
    for value in bad:
        (fault,) = of_settings("9.5.2", {name: value})
        assert f"{name} is {value!r}; expected {expected}" in fault


def test_port_range():
    setting = table.known(parse("9.5.2"))["api.http.port"]
    assert [values.fault(setting, value) for value in (9600, "9600-9700", "9600..9700")] == ["", "", ""]
    assert all(values.fault(setting, value) for value in (0, "65536", "9700-9600", "any"))


def test_secret_is_not_shown():
    (fault,) = of_settings("9.5.2", {"api.auth.basic.password": ["hunter2"]})
    assert "hunter2" not in fault
    assert "(not shown)" in fault


def test_setting_with_a_variable_of_its_own():
    (fault,) = of_settings("9.5.2", {"path": {"data": "/x"}}, reserved={"path.data": "logstash_path_data"})
    assert fault == "logstash_settings: path.data has a variable of its own. Set logstash_path_data instead."


@pytest.mark.parametrize(
    "name", ["path.config", "config.string", "pipeline.id", "config.test_and_exit", "path.settings"]
)
def test_setting_that_would_keep_the_service_from_its_work(name):
    assert len(of_settings("9.5.2", {name: "x"})) == 1


def test_unchecked_settings_pass_everywhere():
    pipelines = [{"id": "a", "settings": {"vendor.b": 1}}]
    assert of_settings("9.5.2", {"vendor.a": 1}, unchecked=["vendor.a", "vendor.b"], pipelines=pipelines) == []


@pytest.mark.parametrize("path", ['/q"\nExecStart=/bin/sh', "/q\n", "/var/../etc", "/var/lib/.."])
@pytest.mark.parametrize("unchecked", [[], ["path.queue"]])
def test_a_path_that_would_be_more_in_a_unit_is_refused_checked_or_not(path, unchecked):
    for said in (
        of_settings("9.5.2", {"path.queue": path}, unchecked=unchecked),
        of_settings("9.5.2", {}, unchecked=unchecked, pipelines=[{"id": "a", "settings": {"path.queue": path}}]),
    ):
        assert len(said) == 1
        assert "path.queue is " in said[0]
        assert "expected a path without control characters" in said[0]


@pytest.mark.parametrize("name", ["*", "a?", "[ab]", "{a,b}", "${HOME}", "a/b", "..", "a\nb"])
def test_an_id_that_stands_for_other_directories_is_refused(name):
    (fault,) = of_settings("9.5.2", {}, pipelines=[{"id": name}])
    assert "is no id; expected a name" in fault
    assert of_settings("9.5.2", {}, pipelines=[{"id": "a b-1_%$.x"}]) == []


def test_alias_and_its_setting_together():
    (fault,) = of_settings("8.5.3", {"http.enabled": True, "api.enabled": True})
    assert "http.enabled and api.enabled are the same setting" in fault


def test_deprecated_alias_warns_and_its_value_is_checked():
    assert warnings(Wanted(version=parse("8.5.3"), settings={"http.enabled": True})) == [
        "logstash_settings: http.enabled is deprecated in Logstash 8.5.3; use api.enabled."
    ]
    assert len(of_settings("8.5.3", {"http.enabled": "perhaps"})) == 1


def test_version_after_the_table_warns_and_is_taken_for_the_last():
    wanted = Wanted(version=(10, 0, 0), settings={"queue.type": "persisted", "http.host": "x"})
    assert len(faults(wanted)) == 1
    (warning,) = warnings(wanted)
    assert "10.0.0 is later than the table of settings, which ends with 9.5.2" in warning


def test_version_before_the_table():
    assert "expected 5.2.0 or later" in of_settings("5.1.2", {})[0]


def test_table_ends_where_it_says():
    assert max(row.first for row in table.rows()) <= LAST_KNOWN


def test_settings_of_pipelines():
    assert (
        of_pipelines("9.5.2", {"queue.type": "persisted", "dead_letter_queue.enable": True}, {"path": {"queue": "/q"}})
        == []
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"log.level": "info"}, "log.level is a setting of the whole process. Move it to logstash_settings"),
        ({"queue.type": "disk"}, "pipeline p1: queue.type is 'disk'; expected one of persisted, memory"),
        ({"queue": {"max": 1}}, "Logstash 9.5.2 does not know queue.max"),
        ({"pipeline.id": "x"}, "pipeline.id is set by the role"),
        ({"path.config": "/x"}, "path.config is set by the role"),
    ],
)
def test_wrong_settings_of_pipelines(settings, said):
    (fault,) = of_pipelines("9.5.2", settings)
    assert fault.startswith("logstash_pipelines: pipeline p1: ")
    assert said in fault


def test_one_pipeline_before_6():
    assert of_pipelines("5.4.1", {"queue.type": "persisted"}) == []
    (fault,) = of_pipelines("5.4.1", {}, {})
    assert "logstash_pipelines has 2 pipelines (p1, p2); expected one" in fault
    assert "came with 6.0.0" in fault
    assert of_pipelines("6.0.0", {}, {}) == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"heap_size": "4"}, "logstash_heap_size is '4'"),
        ({"jvm_options": ["-Da=b c"]}, "no blank in it"),
        ({"jvm_options": ["17-:-Xss2m"]}, "only known to jvm.options"),
        ({"jvm_options": ["-Xmx2g"], "heap_size": "4g"}, "-Xmx2g is set beside logstash_heap_size"),
        ({"environment": {"A-B": 1}}, "'A-B' is no name of a variable"),
        ({"environment": {"A": "x\ny"}}, "A is not one line of text"),
        ({"environment": {"J": 1}, "reserved_environment": {"J": "logstash_jvm_options"}}, "Set logstash_jvm_options"),
        ({"tls_files": [{"name": "a/b", "content": "x"}]}, "'a/b' is no plain file name"),
        ({"tls_files": [{"name": "a", "content": ""}]}, "a needs either content or src"),
        ({"tls_files": [{"name": "a", "content": "x", "src": "y"}]}, "a needs either content or src"),
        ({"tls_files": [{"name": "a", "content": "x"}, {"name": "a", "content": "y"}]}, "a is there twice"),
    ],
)
def test_java_environment_and_tls(wanted, said):
    (fault,) = faults(Wanted(version=parse("9.5.2"), **wanted))
    assert said in fault
    assert fault.startswith("logstash_")


def test_java_environment_and_tls_that_are_right():
    wanted = Wanted(
        version=parse("9.5.2"),
        heap_size="512m",
        jvm_options=["-Xss2m", "-Dfile.encoding=UTF-8"],
        environment={"TZ": "UTC"},
        tls_files=[{"name": "broker.key", "content": "x"}],
    )
    assert faults(wanted) == []


@pytest.mark.parametrize(
    ("version", "api_host", "pipelines_yml", "dead_letter_queue"),
    [
        ("5.4.1", "http.host", False, False),
        ("5.6.16", "http.host", False, True),
        ("7.15.2", "http.host", True, True),
        ("7.16.0", "api.http.host", True, True),
    ],
)
def test_facts(version, api_host, pipelines_yml, dead_letter_queue):
    found = facts(parse(version))
    assert (found["api_host"], found["pipelines_yml"], found["dead_letter_queue"]) == (
        api_host,
        pipelines_yml,
        dead_letter_queue,
    )


def test_settings_that_the_role_writes_are_known_to_every_release():
    for row in table.rows():
        found, known = facts(row.first), table.known(row.first)
        assert {found["api_host"], found["api_port"], "path.data", "path.queue", "pipeline.unsafe_shutdown"} <= set(
            known
        )
        assert found["dead_letter_queue"] == ("path.dead_letter_queue" in known)


def test_environment_file():
    assert environment_file({"B": 'a "b" $c `d` \\e', "A": True}) == 'A="true"\nB="a \\"b\\" \\$c \\`d\\` \\\\e"\n'


def test_version_that_is_none():
    with pytest.raises(ValueError, match="does not begin with three numbers"):
        parse("latest")
