"""The playbook that puts the index templates: what it puts, when it says that something changes, and what it shows."""

import json

import pytest
from ansible_process import ROOT, run
from elasticsearch_server import Elasticsearch, basic

PLAYBOOK = "playbooks/elasticsearch_templates.yml"
PASSWORD = "pa55word-of-elasticsearch"  # noqa: S105
KEY = "a-key-of-elasticsearch"


@pytest.fixture
def elasticsearch():
    started = Elasticsearch(basic("elb", PASSWORD))
    yield started
    started.close()


def play(*options: str, **variables: str) -> tuple[int, str]:
    words = ("-i", "inventories/staging", PLAYBOOK, "-e", json.dumps(variables), *options)
    done = run("ansible-playbook", *words, cwd=ROOT)
    output = done.stdout + done.stderr
    assert PASSWORD not in output
    assert KEY not in output
    return done.returncode, " ".join(output.split())


def test_everything_is_put_once_in_the_order_in_which_one_needs_the_other(elasticsearch):
    access = {
        "elasticsearch_templates_url": elasticsearch.url,
        "elasticsearch_templates_user": "elb",
        "elasticsearch_templates_password": PASSWORD,
    }
    code, output = play("--check", **access)
    assert (code, elasticsearch.put) == (0, [])
    assert "would be put: _index_template/elb-ecs" in output
    assert "changed=1" in output

    code, output = play("-vvv", **access)
    assert code == 0, output
    kinds = [path.split("/")[1] for path in elasticsearch.put]
    assert kinds == ["_ilm", "_ingest", *["_component_template"] * 4, *["_index_template"] * 3]
    for style in ("original", "ecs", "aws"):
        template = elasticsearch.resources[f"/_index_template/elb-{style}"]
        assert {f"/_component_template/{name}" for name in template["composed_of"]} <= elasticsearch.resources.keys()

    elasticsearch.refuse = "/_ilm/policy/elb-logs"
    code, output = play(**access, elasticsearch_templates_retention="90d")
    assert (code, len(elasticsearch.put)) == (2, 9), "the others are there and are not put again"
    assert "_ilm/policy/elb-logs was refused" in output
    assert "unknown setting" in output


def test_whoever_may_not_is_told_what_to_check(elasticsearch):
    code, output = play(elasticsearch_templates_url=elasticsearch.url, elasticsearch_templates_api_key=KEY)
    assert code == 2
    assert "_ilm/policy/elb-logs can't be read" in output
    assert "who are you" in output
    assert elasticsearch.put == []


def test_the_requests_can_be_read_without_elasticsearch(tmp_path):
    code, output = play(render_to=str(tmp_path / "there"))
    assert code == 0, output
    found = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "there").iterdir()}
    assert set(found) == {path.stem for path in (ROOT / "templates/elasticsearch").glob("*.json")}
    assert found["index-ecs"]["index_patterns"] == ["elb-ecs-*"]
