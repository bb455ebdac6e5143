"""What a layer's variables name of the control node, without evaluating anything else of them."""

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.bundle import layers

PLAYBOOKS = "/srv/elk/playbooks"


class Variables(dict):
    """Those of a host. What is evaluated is noted."""

    def __init__(self, **variables):
        super().__init__(variables, playbook_dir=PLAYBOOKS)
        self.evaluated = []

    def evaluate(self, value):
        self.evaluated.append(value)
        return value.replace("{{ playbook_dir }}", PLAYBOOKS) if isinstance(value, str) else value


def missing(variables):
    return list(layers.missing_files(variables, variables.evaluate, layers_places()))


def layers_places():
    return [f"{PLAYBOOKS}/..", "/srv/elk/files"]


def test_files_of_octopus_variables_start_from_the_playbooks():
    variables = Variables(
        octopus_variable_files=["../variables/elk.yml", "/srv/x.yml"], octopus_library_files="lib.yml"
    )

    found = layers.variable_files(variables, variables.evaluate)

    assert list(map(str, found)) == [f"{PLAYBOOKS}/lib.yml", "/srv/elk/variables/elk.yml", "/srv/x.yml"]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"logstash_template_path": "/home/me/templates"}, "logstash_template_path"),
        ({"logstash_drain_tasks": "/home/me/drain.yml"}, "logstash_drain_tasks"),
        ({"logstash_package_url": "/home/me/logstash.deb"}, "logstash_package_url"),
        (
            {"logstash_tls_files": [{"name": "ca"}, {"name": "b", "src": "/home/me/b.crt"}]},
            "logstash_tls_files, entry 2, src",
        ),
        ({"logstash_plugins": [{"name": "x", "pack": "/home/me/x.zip"}]}, "logstash_plugins, entry 1, pack"),
    ],
)
def test_a_path_that_instances_do_not_have_is_named(variables, named):
    (said,) = missing(Variables(**variables))

    assert said.startswith(f"{named} is /home/me/")
    assert "bundle_files" in said


def test_paths_in_the_bundle_and_addresses_are_fine():
    variables = Variables(
        logstash_template_path="{{ playbook_dir }}/../templates/logstash",
        logstash_package_url="https://packages.example.com/logstash.deb",
        logstash_tls_files=[{"name": "ca", "src": "files/ca.crt"}, {"name": "b", "src": "/srv/elk/files/b.crt"}],
    )

    assert missing(variables) == []


def test_nothing_else_is_evaluated():
    looked_up = "{{ lookup('amazon.aws.secretsmanager_secret', 'x') }}"
    variables = Variables(
        redis_password=looked_up,
        logstash_keystore={"X": looked_up},
        logstash_tls_files=[{"name": "b.key", "content": looked_up}],
        logstash_version="9.5.2",
    )

    missing(variables)
    layers.variable_files(variables, variables.evaluate)

    assert layers.version(variables, variables.evaluate, "1.0") == "9.5.2"
    assert layers.version(Variables(), variables.evaluate, "1.0") == "1.0"
    assert looked_up not in variables.evaluated
