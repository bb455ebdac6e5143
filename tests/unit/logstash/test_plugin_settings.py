"""What each release calls the settings of plugins, held against the options in the sources of the bundled plugins."""

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.logstash.versions import parse
from ansible_collections.elk.deploy.plugins.plugin_utils.logstash import plugin_settings
from fake_logstash.build import bundled
from fake_logstash.runtime import plugin_options

RELEASES = [
    "5.2.2", "5.4.1", "5.5.3", "5.6.16", "6.0.1", "6.2.4", "6.3.2", "6.4.3", "6.8.23", "7.0.1", "7.3.2", "7.4.2",
    "7.7.1", "7.8.1", "7.14.2", "7.17.29", "8.0.1", "8.5.3", "8.7.1", "8.8.2", "8.9.2", "8.10.4", "8.11.4", "8.12.2",
    "8.13.4", "8.14.3", "8.15.5", "8.19.20", "9.0.8", "9.5.2",
]  # fmt: skip
PLUGINS = {
    "TcpInput": "input-tcp",
    "HttpInput": "input-http",
    "TcpOutput": "output-tcp",
    "HttpOutput": "output-http",
    "RedisInput": "input-redis",
    "RedisOutput": "output-redis",
    "ElasticsearchOutput": "output-elasticsearch",
}


@pytest.mark.parametrize("release", RELEASES)
def test_bundled_plugins_have_the_settings_and_no_better_ones(release):
    for plugin, purposes in plugin_settings.of(parse(release)).items():
        version = bundled(parse(release))[f"logstash-{PLUGINS[plugin]}"]
        options = plugin_options.of_version(PLUGINS[plugin], version)
        for purpose, name in purposes.items():
            if purpose.endswith("Value"):
                continue
            if name:
                assert options.get(name) == "current", (plugin, purpose, name)
            else:
                rows = [row for row in plugin_settings.rows() if (row.plugin, row.purpose) == (plugin, purpose)]
                assert not any(options.get(row.setting) == "current" for row in rows)


@pytest.mark.parametrize(
    ("plugin", "purpose", "said"),
    [
        ("RedisOutput", "Tls", "from 8.15.0 on"),
        ("RedisInput", "Tls", "5.6.0 to before 6.0.0, and 6.2.0 to before 7.0.0, and from 7.4.0 on"),
        ("HttpInput", "KeyStore", "before 6.4.0"),
        ("TcpInput", "Tls", "from 5.2.0 on"),
    ],
)
def test_releases_of_a_setting_are_told(plugin, purpose, said):
    assert plugin_settings.releases(plugin, purpose) == said
