"""Runs the instance's program in a container; the metadata service and AWS are files below /var/lib/elk-test.

`instance_program.py COMMAND...`, as `python -m logstash_instance`. Calls of AWS are lines of `calls`, objects of S3 are
files of `objects`.
"""

import json
import sys
import types
from pathlib import Path

FILES = Path("/var/lib/elk-test")
# The fake Logstash brings PyYAML.
sys.path[:0] = ["/opt/elk", "/usr/share/logstash/lib"]


class Aws:
    """The calls that the program makes."""

    def __init__(self, *_words):
        (FILES / "objects").mkdir(exist_ok=True)

    def _say(self, *words):
        with (FILES / "calls").open("a") as file:
            file.write(json.dumps(words) + "\n")

    def extend_hook(self, *_hook):
        self._say("beat")
        return True

    def complete_hook(self, *hook):
        self._say("complete", hook[-1])
        return True

    def upload(self, address, stream):
        (FILES / "objects" / address.rpartition("/")[2]).write_bytes(stream.read())
        self._say("saved")

    def write(self, _address, content):
        self._say("history", json.loads(content)["result"])

    def publish(self, _topic, _subject, text):
        self._say("topic", json.loads(text)["result"])


def find(_self, path):
    """What is at a path of the metadata."""
    place = FILES / "metadata" / path
    return place.read_text() if place.is_file() else None


module = types.ModuleType("logstash_instance.aws")
module.Aws, module.CONTINUE = Aws, "CONTINUE"
sys.modules["logstash_instance.aws"] = module
from logstash_instance import metadata  # noqa: E402

metadata.Metadata.find = find
from logstash_instance import __main__ as program  # noqa: E402

sys.exit(program.main())
