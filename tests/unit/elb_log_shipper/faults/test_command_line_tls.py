"""Certificates by the command line's options, and by a settings file."""

import json
from collections import Counter
from pathlib import Path

import pytest
from shipper_command import run


@pytest.fixture
def demanding(receive, tools, certificates):
    """A receiver that takes nothing from who has no certificate."""
    return receive(tools.serve_http, tools.serve_http, context=certificates.server(wants_client=True))


def test_by_options(demanding, certificates, sample_path):
    to = ["--to", f"https://127.0.0.1:{demanding.port}", "--ca", certificates.ca]
    certificate, key = certificates.make("client")
    done = run("ship", sample_path, *to, "--client-certificate", certificate, "--client-key", key)
    assert done.returncode == 0, done.stderr
    demanding.close()
    assert Counter(demanding.ids.values()) == {1: 15}


def test_without_a_certificate_nothing_is_taken(demanding, certificates, sample_path):
    to = ["--to", f"https://127.0.0.1:{demanding.port}", "--ca", certificates.ca, "--retry", "0"]
    done = run("ship", sample_path, *to)
    assert done.returncode == 1
    assert b"to continue: run the same command with --from" in done.stderr
    demanding.close()
    assert not demanding.ids


def test_relative_paths_of_a_settings_file_start_at_the_working_folder(demanding, certificates, sample_path, tmp_path):
    """As in Lambda, where the settings file lies one folder below it."""
    paths = [Path(path).name for path in certificates.make("client")]
    values = {
        "LogHost": "127.0.0.1",
        "LogPort": demanding.port,
        "LogTransport": "http",
        "LogTls": True,
        "LogCa": certificates.ca.name,
        "LogClientCertificate": paths[0],
        "LogClientKey": paths[1],
        "Environment": "test",
        "Component": "balancer",
        "Application": "shop",
    }
    (tmp_path / "package").mkdir()
    settings = tmp_path / "package" / "settings.json"
    settings.write_text(json.dumps(values), encoding="utf-8")
    done = run("ship", sample_path, "--settings", settings, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    elsewhere = run("ship", sample_path, "--settings", settings, "--retry", "0", cwd=tmp_path / "package")
    assert elsewhere.returncode == 1
    assert b"LogCa ca.pem: can't be used: No such file or directory" in elsewhere.stderr
    demanding.close()
    assert Counter(demanding.ids.values()) == {1: 15}
