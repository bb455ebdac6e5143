"""The errors that end `-t` with 1, in the real words."""

import pytest

GOOD = 'input { generator { count => 1 } } output { file { path => "/dev/null" } }'


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("foo.bar", 1, "Setting \"foo.bar\" doesn't exist. Please check if you haven't made a typo."),
        ("pipeline.workers", "lots", "Failed to coerce value to Integer. Received lots (String)"),
        (
            "log.level",
            "loud",
            'Invalid value "loud". Options are: ["fatal", "error", "warn", "debug", "info", "trace"]',
        ),
        ("queue.type", "disk", 'Invalid value "disk". Options are: ["persisted", "memory"]'),
        ("pipeline.batch.size", 0, "Number must be bigger than 0. Received: 0"),
    ],
)
def test_a_bad_setting_in_logstash_yml(node, name, value, message):
    node.settings[name] = value
    node.pipeline("p1", GOOD)
    done = node.test()
    assert done.returncode == 1
    assert f"Your settings are invalid. Reason: {message}" in done.stderr


@pytest.mark.parametrize(
    ("version", "setting", "value", "known"),
    [
        ("8.5.3", "xpack.geoip.downloader.enabled", False, False),
        ("8.7.0", "xpack.geoip.downloader.enabled", False, True),
        ("7.15.2", "api.http.host", "127.0.0.1", False),
        ("7.16.0", "api.http.host", "127.0.0.1", True),
        ("8.19.0", "http.host", "127.0.0.1", True),
        ("9.0.0", "http.host", "127.0.0.1", False),
        ("6.8.23", "http.host", "127.0.0.1", True),
        ("8.0.0", "pipeline.java_execution", True, False),
    ],
)
def test_a_setting_of_another_version_stops_the_start(make_node, version, setting, value, known):
    node = make_node(version)
    node.settings.pop("api.http.port")
    if version == "9.0.0":
        node.settings["allow_superuser"] = True
    node.settings[setting] = value
    node.pipeline("p1", GOOD)
    done = node.test()
    assert done.returncode == (0 if known else 1), done.stdout + done.stderr
    assert (f'Setting "{setting}" doesn\'t exist.' in done.stderr) is not known


def test_nested_settings_are_the_same_as_flat_ones(node):
    node.settings["pipeline"] = {"batch": {"size": "lots"}}
    node.pipeline("p1", GOOD)
    assert "Failed to coerce value to Integer. Received lots (String)" in node.test().stderr


def test_an_old_name_beside_its_new_one(node):
    node.settings["http.port"] = 9600
    node.pipeline("p1", GOOD)
    assert "Both `api.http.port` and its deprecated alias `http.port` have been set." in node.test().stderr


def test_a_logstash_yml_that_is_no_yaml(node):
    node.write()
    (node.settings_path / "logstash.yml").write_text("a: b: c")
    done = node.test(write=False)
    assert done.returncode == 1
    assert "ERROR: Failed to parse YAML file" in done.stderr


@pytest.mark.parametrize(
    ("source", "messages"),
    [
        (
            "input { generator { count => 1 } }   output {\n}}",
            ['Expected one of [ \\t\\r\\n], "#", "input", "filter", "output" at line 2, column 2 (byte 48)'],
        ),
        (
            "input { generator { count => 1 } }  output {\n= }",
            [
                'Expected one of [ \\t\\r\\n], "#", "if", [A-Za-z0-9_-], \'"\', "\'", "}" at line 2, column 1 '
                "(byte 46) after output {\n"
            ],
        ),
        (
            "input { generator {} } output { nosuchplugin {} }",
            ['Unable to load plugin. {:type=>"output", :name=>"nosuchplugin"}', "PluginLoadingError"],
        ),
        (
            "input { generator { bogus => 1 } } output { stdout {} }",
            ["Unknown setting 'bogus' for generator", "Something is wrong with your configuration."],
        ),
        (
            "input { tcp {} } output { stdout {} }",
            ["Missing a required setting for the tcp input plugin:", "port => # SETTING MISSING"],
        ),
        (
            'input { tcp { port => "many" } } output { stdout {} }',
            ["Invalid setting for tcp input plugin:", "# This setting must be a number"],
        ),
        (
            "input { generator { codec => nosuchcodec } } output { stdout {} }",
            ['Unable to load plugin. {:type=>"codec", :name=>"nosuchcodec"}'],
        ),
    ],
)
def test_a_bad_pipeline(node, source, messages):
    node.pipeline("p1", source)
    done = node.test()
    assert done.returncode == 1
    assert "[FATAL][logstash.runner          ] The given configuration is invalid. Reason: " in done.stdout
    for message in messages:
        assert message in done.stdout


@pytest.mark.parametrize(
    ("pipelines", "message"),
    [
        (
            [{"pipeline.id": "p1", "bogus.key": 1}],
            'Only pipeline related settings are expected. Received "bogus.key". Allowed settings: [',
        ),
        (
            [{"pipeline.id": "p1"}, {"pipeline.id": "p1"}],
            'Pipelines YAML file contains duplicate pipeline ids: ["p1"]. Location:',
        ),
        ({"pipeline.id": "p1"}, 'Pipelines YAML file must contain an array of pipeline configs. Found "Hash" in'),
        (None, "Pipelines YAML file is empty. Location:"),
        ([{"pipeline.id": "p1", "pipeline.workers": "lots"}], "Failed to coerce value to Integer. Received lots"),
    ],
)
def test_a_bad_pipelines_yml(node, pipelines, message):
    node.pipelines = pipelines
    done = node.test()
    assert done.returncode == 1
    written = (done.stdout + done.stderr).replace('\\"', '"')
    assert message in written


def test_an_unknown_option(node):
    done = node.run("--bogus")
    assert done.returncode == 1
    assert "ERROR: Unrecognised option '--bogus'" in done.stderr


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version(node, flag):
    done = node.run(flag)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "logstash 8.5.3"


def test_options_win_over_logstash_yml(node):
    node.pipeline("p1", GOOD)
    node.test("--path.logs", str(node.root / "elsewhere"), "--log.level=debug")
    assert (node.root / "elsewhere/logstash-plain.log").exists()
    assert not node.logs.exists()


def test_without_logstash_yml_it_warns_and_uses_the_defaults(node):
    node.pipeline("p1", GOOD)
    node.write()
    (node.settings_path / "logstash.yml").unlink()
    done = node.test("--path.data", str(node.data), write=False)
    assert done.returncode == 0
    assert "WARNING: Could not find logstash.yml which is typically located in" in done.stderr
