"""From Logstash's words to file and line. Syntax errors are those of the fake's parser."""

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash_host import explanations, pipeline_places
from fake_logstash.runtime import config_parser
from fake_logstash.runtime.errors import ConfigurationError

INPUT = "input {\n  stdin { }\n}\n"
FILTER = "# grüße\nfilter {\n  mutate { }\n}\n"


def message(text, release=(9, 5, 2)):
    """What the parser says of a text."""
    with pytest.raises(ConfigurationError) as caught:
        config_parser.parse(text, release)
    return f"[x][FATAL][logstash.runner] The given configuration is invalid. Reason: {caught.value}\n[y][INFO] more"


def find(output, **pipelines):
    """The places, with pipelines={id: [texts]}; files are named id/number."""
    files = {f"{name}/{number}": text for name, texts in pipelines.items() for number, text in enumerate(texts)}
    names = [[f"{name}/{number}" for number in range(len(texts))] for name, texts in pipelines.items()]
    found = pipeline_places.find_places(output, {**files, "logstash.yml": "foo.bar: 1\n"}, names)
    return [(place.file, place.line) for place in found]


BROKEN = [
    ("output {\n  stdout { codec => }\n}\n", 2),
    ("output {\n  stdout { }\n", 3),
    ("output {\n  stdout { }\n}\n}\n", 4),
    ("outptu { }\n", 1),
    ('# über\noutput { stdout { codec => "über" x } }\n', 2),
    ("output { if [a { } }\n", 2),
]


@pytest.mark.parametrize(("broken", "line"), BROKEN)
def test_file_by_file_as_todays_releases_read(broken, line):
    assert find(message(broken), main=[INPUT, FILTER, broken]) == [("main/2", line)]


@pytest.mark.parametrize(("broken", "line"), BROKEN)
def test_all_files_joined_as_older_releases_read(broken, line):
    joined = "\n".join([INPUT, FILTER, broken])
    assert find(message(joined, (5, 4, 1)), main=[INPUT, FILTER, broken]) == [("main/2", line)]


def test_only_the_file_whose_text_is_quoted_of_two_that_have_such_a_place():
    right, wrong = "output {\n  stdout { codec => }\n}\n", "filter {\n  mutate { merge => }\n}\n"
    assert find(message(right), main=[INPUT, wrong, right]) == [("main/2", 2)]


def test_other_pipelines_are_looked_at():
    broken = "output {\n  stdout { codec => }\n}\n"
    assert find(message(broken), first=[INPUT], second=[broken]) == [("second/0", 2)]


@pytest.mark.parametrize(
    "output",
    [
        'Unable to load plugin. {:type=>"output", :name=>"nosuchplugin"}',
        "Couldn't find any output plugin named 'nosuchplugin'. Are you sure",
        "Missing a required setting for the nosuchplugin output plugin:",
        "Unknown setting 'bogus' for nosuchplugin",
    ],
)
def test_plugin(output):
    text = "output {\n  # nosuchplugin { }\n  stdout { }\n  nosuchplugin { bogus => 1 }\n}\n"
    assert find(output, main=[INPUT, text]) == [("main/1", 4)]


def test_setting_of_the_right_plugin():
    text = "output {\n  stdout { }\n  http { bogus => 1 }\n  tcp {\n    port => 1\n    bogus => 2\n  }\n}\n"
    assert find("Unknown setting 'bogus' for tcp", main=[text]) == [("main/0", 6)]


def test_variable_without_a_value():
    assert find("Cannot evaluate `${Host}`. Replacement", main=[INPUT, '\nx => "${Host}:${Port}"\n']) == [("main/1", 2)]


def test_setting_of_the_process():
    assert find('Setting "foo.bar" doesn\'t exist. Please check', main=["foo.bar: 2"]) == [("logstash.yml", 1)]


def test_nothing_that_is_known():
    assert find("[x][ERROR] something else at line 1", main=[INPUT]) == []


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "there is already another instance using the configured data directory.  If you wish",
            "Another Logstash runs on the same path.data",
        ),
        (
            "LockException: Lock held by another program on lock path: /q/p1/.lock",
            "Another Logstash has /q/p1/.lock open",
        ),
        ('Reason: Path "/d/queue" must be a writable directory. It is not writable.', "cannot write to /d/queue"),
        ("Logstash cannot be run as superuser.", "refuses to run as root"),
        ("write error: No space left on device", "A file system is full"),
        ("/d: Read-only file system", "mounted read-only"),
        ("java.lang.OutOfMemoryError: Java heap space", "heap of Logstash is too small"),
    ],
)
def test_message_is_explained(output, expected):
    assert expected in explanations.explain(output)[0]
