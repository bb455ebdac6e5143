"""IIS logs through the shipper's pipeline: an event has the right fields, whatever the columns, or the whole line."""

import json
import os
import subprocess

import pytest
import yaml
from inventory_runs import render
from waiting import wait_for

DEFAULT = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken"
)
EVERY = (
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version "
    "cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"
)
OWN = "time date time-taken cs(X-Forwarded-For) cs-method"
WITHOUT_TIME = "cs-method sc-status"
LINES = {
    DEFAULT: "2026-03-02 08:05:00 10.0.1.15 GET /a q=1 443 - 198.51.100.23 Mozilla/5.0+(X11) - 200 0 0 31",
    EVERY: "2026-03-02 08:05:00 W3SVC1 WEB1 10.0.1.15 GET /a - 443 DOMAIN\\user 2001:db8::1 HTTP/2.0 Mozilla/5.0+(X11) "
    "id=1;+b=2 https://example.com/ www.example.com 404 7 64 5120 - 31",
    OWN: "08:05:00 2026-03-02 31 192.0.2.1 GET",
    WITHOUT_TIME: "GET 200",
}
TIME = {"@timestamp": "2026-03-02T08:05:00.000Z"}
EVENTS = {
    DEFAULT: {
        **TIME,
        "ServerIp": "10.0.1.15",
        "Method": "GET",
        "UriStem": "/a",
        "UriQuery": "q=1",
        "Port": 443,
        "ClientIp": "198.51.100.23",
        "UserAgent": "Mozilla/5.0 (X11)",
        "Status": 200,
        "SubStatus": 0,
        "Win32Status": 0,
        "TimeTakenMilliseconds": 31,
    },
    EVERY: {
        **TIME,
        "SiteName": "W3SVC1",
        "ComputerName": "WEB1",
        "ServerIp": "10.0.1.15",
        "Method": "GET",
        "UriStem": "/a",
        "Port": 443,
        "UserName": "DOMAIN\\user",
        "ClientIp": "2001:db8::1",
        "HttpVersion": "HTTP/2.0",
        "UserAgent": "Mozilla/5.0 (X11)",
        "Cookie": "id=1;+b=2",
        "Referer": "https://example.com/",
        "HostHeader": "www.example.com",
        "Status": 404,
        "SubStatus": 7,
        "Win32Status": 64,
        "BytesSent": 5120,
        "TimeTakenMilliseconds": 31,
    },
    OWN: {**TIME, "TimeTakenMilliseconds": 31, "cs(X-Forwarded-For)": "192.0.2.1", "Method": "GET"},
    WITHOUT_TIME: {"Method": "GET", "Status": 200},
}
HEADERS = "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2026-03-02 08:05:00\n"
END = "2026-03-02 is no line of a log"


@pytest.fixture(scope="module")
def ship(tmp_path_factory, installed):
    """ship(fields, log) -> the events that the shipper makes of a log, where IisFields is set to these fields."""

    def run(fields, log):
        folder = tmp_path_factory.mktemp("shipper")
        (folder / "u_ex260302.log").write_text(f"{log}{END}\n")
        values = {"IisFields": fields, "IisLogs": f"{folder}/u_*.log", "ShipperStatePath": str(folder)}
        options = {"octopus_variables": values, "shipper_files": ["iis"]}
        rendered = render("staging", folder / "rendered", "-e", json.dumps(options), "--limit", "shippers")
        (host,) = rendered.iterdir()
        (pipeline,) = yaml.safe_load((host / "pipelines.yml").read_text())
        (host / "pipelines/shipper/30-output.conf").unlink()
        output = f'output {{ file {{ path => "{folder}/events" codec => json_lines }} }}\n'
        (host / "pipelines/shipper/99-events.conf").write_text(output)
        pipeline["path.config"] = f"{host}/pipelines/shipper/*.conf"
        (folder / "pipelines.yml").write_text(json.dumps([pipeline]))
        settings = {"path.data": str(folder / "data"), "path.logs": str(folder / "logs"), "allow_superuser": True}
        (folder / "logstash.yml").write_text(json.dumps({**settings, "api.enabled": False}))
        (folder / "log4j2.properties").write_text("status = error\n")
        logstash = subprocess.Popen(
            [installed("9.5.2") / "bin/logstash", "--path.settings", folder],
            env={"PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        events = folder / "events"
        try:
            wait_for(lambda: events.exists() and END in events.read_text(), "event of the last line")
        finally:
            os.killpg(logstash.pid, 9)
            logstash.communicate()
        found = [json.loads(line) for line in events.read_text().splitlines()]
        assert found.pop()["Message"] == END
        common = ("@version", "SourceModuleName", "Environment", "Machine", "Application", "Component", "Type")
        for event in found:
            assert [name for name in common if name not in event] == []
        found = [{name: value for name, value in event.items() if name not in common} for event in found]
        for event in found:
            # Without a time of its own, an event has that of its arrival.
            if "Message" in event or fields == WITHOUT_TIME:
                del event["@timestamp"]
        return found

    return run


def mismatch(text):
    return {"Message": text, "tags": ["_iisfieldsmismatch"]}


@pytest.mark.parametrize("fields", EVENTS, ids=lambda fields: f"{len(fields.split())} columns")
def test_the_columns_are_those_of_the_variable_and_other_lines_are_kept_whole(ship, fields):
    others = [line for names, line in LINES.items() if names != fields]
    log = f"{HEADERS}#Fields: {fields}\n{LINES[fields]}\n" + "".join(f"{line}\n" for line in others)
    # As IIS goes on in a log after a restart; older versions end the header with a blank.
    log += f"{HEADERS}#Fields: {fields} \n{LINES[fields]}\n"
    assert ship(fields, log) == [EVENTS[fields], *map(mismatch, others), EVENTS[fields]]


def test_the_columns_may_be_copied_as_they_stand_in_a_log(ship):
    copied = f"#Fields: {DEFAULT.replace(' s-ip', '  s-ip')} "
    assert ship(copied, f"#Fields: {DEFAULT}\n{LINES[DEFAULT]}\n#Fields: {DEFAULT} \n") == [EVENTS[DEFAULT]]


def test_a_header_with_other_columns_is_shipped_so_that_somebody_sees_it(ship):
    swapped = DEFAULT.replace("cs-method cs-uri-stem", "cs-uri-stem cs-method")
    log = f"#Fields: {DEFAULT}\n{LINES[DEFAULT]}\n{HEADERS}#Fields: {swapped}\n#Fields: {EVERY}\n{LINES[EVERY]}\n"
    expected = [mismatch(f"#Fields: {swapped}"), mismatch(f"#Fields: {EVERY}"), mismatch(LINES[EVERY])]
    assert ship(DEFAULT, log) == [EVENTS[DEFAULT], *expected]


def test_a_line_that_does_not_fit_is_whole_and_tagged(ship):
    good = LINES[DEFAULT]
    lines = [
        good + " 1",
        good.rpartition(" ")[0],
        good.replace(" 443 ", " https "),
        good.replace(" GET ", "  GET "),
        good.replace("2026-03-02", "02.03.2026"),
        good[:40],
        "#Fields:",
    ]
    log = "".join(f"{line}\n{good}\n" for line in lines)
    assert ship(DEFAULT, log) == [event for line in lines for event in (mismatch(line), EVENTS[DEFAULT])]
