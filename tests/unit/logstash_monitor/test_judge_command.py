"""``python3 -m logstash_monitor judge``: what it prints, and what it says of files and options that it cannot use."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from logstash_monitor.__main__ import main
from node_answers import Json, node, pipeline, plugin

SOURCES = Path(__file__).resolve().parents[3] / "roles/logstash_monitor/files"
HUNG = node(main=pipeline(375, 250, 250, outputs=[plugin("o", "http", 375, 250)]))


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [tmp_path / "1.json", tmp_path / "2.json"]
    for path in paths:
        path.write_text(json.dumps(HUNG))
    return [str(path) for path in paths]


def printed(capsys: pytest.CaptureFixture[str]) -> list[Json]:
    found: list[Json] = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    return found


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["judge", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("[samples_invalid] ")
    return captured.err


def test_it_runs_as_a_program_with_nothing_but_the_standard_library(files: list[str]) -> None:
    program = (
        f"import runpy, sys; sys.path.insert(0, {str(SOURCES)!r}); sys.argv[1:] = ['judge', *{files!r}]; "
        "runpy.run_module('logstash_monitor', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    (verdict,) = json.loads(done.stdout)
    assert set(verdict) == {"pipeline", "verdict", "reason", "numbers"}
    assert (verdict["pipeline"], verdict["verdict"]) == ("main", "stalled")


@pytest.mark.parametrize(("period", "seconds"), [([], "15 s"), (["--period", "30"], "30 s"), (["--period=7.5"], "8 s")])
def test_the_period_is_between_two_samples(
    period: list[str], seconds: str, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", *files, *period]) == 0
    assert f"none left for {seconds}" in printed(capsys)[0]["reason"]


def test_a_declared_pipeline_that_is_missing_is_gone(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", *files, "--declared", "main", "--declared", "other"]) == 0
    assert [(each["pipeline"], each["verdict"]) for each in printed(capsys)] == [("main", "stalled"), ("other", "gone")]


@pytest.mark.parametrize("period", ["0", "-15", "nan", "inf", "soon", ""])
def test_a_period_that_is_none_is_refused(period: str, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal([*files, f"--period={period}"], capsys)
    assert repr(period) in message
    assert "--period 15" in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"curl: (7) Failed to connect", "is not JSON"),
        (b"\x1f\x8b\x08\x00", "is not JSON"),
        (b'{"host": "broker-1", ', "is not JSON"),
        (b"[1, 2]", "JSON array"),
        (b"17", "JSON number"),
        (b"true", "JSON true"),
        (b'"text"', "JSON string"),
        (b'{"host": "broker-1", "jvm": {}}', "`host`, `jvm`"),
        (b'{"pipelines": [1]}', "JSON array"),
        (b'{"pipelines": {"main": {"workers": 2, "hash": "x"}}}', "_node/pipelines"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_sample_is_named_with_what_it_has(
    content: bytes, said: str, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path(files[0]).write_bytes(content)
    message = refusal(files, capsys)
    assert files[0] in message
    assert files[1] not in message
    assert said in message


def test_all_mistakes_are_said_at_once(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "none.json")
    Path(files[1]).write_text("{}")
    message = refusal([files[0], missing, files[1], str(tmp_path)], capsys)
    assert all(name in message for name in (missing, files[1], f"{tmp_path}: cannot be read"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_not_matter(encoding: str, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path(files[0]).write_bytes(json.dumps(HUNG).encode(encoding))
    assert main(["judge", *files]) == 0
    assert printed(capsys)[0]["verdict"] == "stalled"


def test_a_sample_can_come_from_standard_input(
    files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = io.BytesIO(json.dumps(HUNG).encode())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=content))
    assert main(["judge", files[0], "-"]) == 0
    assert printed(capsys)[0]["verdict"] == "stalled"


def test_a_health_report_goes_with_the_sample_before_it(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    indicator = {"status": "red", "details": {"status": {"state": "TERMINATED"}}, "diagnosis": [{"cause": "an error"}]}
    report = tmp_path / "health.json"
    report.write_text(json.dumps({"indicators": {"pipelines": {"indicators": {"main": indicator}}}}))
    for order in ([*files, str(report)], [files[0], str(report)], [str(report), files[0]]):
        assert main(["judge", *order]) == 0
        assert printed(capsys)[0]["verdict"] == "crashed"
    assert "only health reports" in refusal([str(report)], capsys)


def test_times_without_an_answer_count(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent = tmp_path / "silent.json"
    silent.write_text("null")
    assert main(["judge", files[0], str(silent), files[1]]) == 0
    assert "none left for 30 s" in printed(capsys)[0]["reason"]


def test_samples_of_two_hosts_are_refused(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path(files[1]).write_text(json.dumps({**HUNG, "host": "broker-2", "id": "id-2"}))
    assert "broker-2" in refusal(files, capsys)


@pytest.mark.parametrize("arguments", [[], ["judge"], ["guess"], ["judge", "--speriod"]])
def test_a_wrong_command_line_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: logstash_monitor" in capsys.readouterr().err
