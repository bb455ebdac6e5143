"""Files come over https, or from a mirror that was said to be trusted."""

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.downloads import is_trusted

MIRRORS = ["mirror.example.com", "Proxy.example.com:8081"]


@pytest.mark.parametrize(
    "place",
    [
        "https://artifacts.elastic.co/x",
        "HTTPS://artifacts.elastic.co/x",
        "file:///srv/x",
        "/srv/x",
        "s3://bucket/x",
        "http://127.0.0.1:8080/x",
        "http://localhost/x",
        "http://[::1]/x",
        "http://mirror.example.com/x",
        "http://MIRROR.example.com:8080/x",
        "http://user:pass@mirror.example.com/x",
        "ftp://mirror.example.com/x",
        "http://proxy.example.com:8081/x",
        "https://artifacts.elastic.co/a,b",
    ],
)
def test_trusted(place):
    assert is_trusted(place, MIRRORS)


@pytest.mark.parametrize(
    "place",
    [
        "http://artifacts.elastic.co/x",
        "Http://artifacts.elastic.co/x",
        "ftp://artifacts.elastic.co/x",
        "http://mirror.example.com.evil.example/x",
        "http://mirror.example.com@evil.example/x",
        "http://evil.example/mirror.example.com",
        "http://proxy.example.com/x",
        "http://proxy.example.com:8082/x",
        "http://127.0.0.1.evil.example/x",
        "http://localhost.evil.example/x",
        "http:///x",
        "http://mirror.example.com:port/x",
        "http://[mirror.example.com/x",
        # What apt fetches from, too; and what dnf takes for two addresses.
        "mirror+http://artifacts.elastic.co/x",
        "mirror://artifacts.elastic.co/x",
        "tor+http://artifacts.elastic.co/x",
        "https://artifacts.elastic.co/x,http://artifacts.elastic.co/x",
        "https://artifacts.elastic.co/x, http://artifacts.elastic.co/x",
    ],
)
def test_not_trusted(place):
    assert not is_trusted(place, MIRRORS)
    assert not is_trusted(place, [])
    assert not is_trusted(place, [""])
