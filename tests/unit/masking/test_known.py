"""Texts that are known to be secret are hidden in every form that a log, a diff or a message may give them."""

import base64
import json
import re
import shlex
from urllib.parse import quote, quote_plus

import pytest
import yaml
from ansible.module_utils._internal._errors import EventFactory
from ansible.module_utils._internal._messages import ErrorSummary
from ansible_collections.elk.deploy.plugins.module_utils.masking import MASK
from ansible_collections.elk.deploy.plugins.module_utils.masking.known import KnownSecrets, is_maskable
from ansible_collections.elk.deploy.plugins.module_utils.masking.mask import Mask
from growth import assert_linear

SECRETS = ["plain-secret", 'a"b\\c$d`e', "it's #{not} so <easy> & short", "pâss wörd€", "#{x} 100%/+ok"]
FORMS = {
    "itself": str,
    "json": json.dumps,
    "json, not ascii": lambda text: json.dumps(text, ensure_ascii=False),
    "json in json": lambda text: json.dumps(json.dumps({"a": text})),
    "ruby": lambda text: json.dumps(text, ensure_ascii=False).replace("#{", "\\#{"),
    "yaml": lambda text: "'" + text.replace("'", "''") + "'",
    "url": lambda text: quote(text, safe=""),
    "url, lower case": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "form": quote_plus,
    "shell": shlex.quote,
    "repr": repr,
    "xml": lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "systemd": lambda text: "".join("\\" + c if c in '"\\`$' else c for c in text),
}  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_hidden(secret, form):
    text = f"before {FORMS[form](secret)} after"
    shown = KnownSecrets([secret]).hide(text)
    assert MASK in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert all(piece not in shown for piece in (secret, secret[3:9], secret[-5:]))


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
def test_base64_is_hidden_wherever_the_secret_stands_in_it(before):
    code = base64.b64encode(f"{before}plain-secret!".encode()).decode()
    shown = KnownSecrets(["plain-secret"]).hide(f"Basic {code}")
    assert MASK in shown
    # What is left are the characters that the neighbours have a part in.
    assert len(shown.split()[1].replace(MASK, "")) <= len(code) - len("plain-secret") * 8 // 6 + 1


def test_lines_of_a_key_are_hidden_one_by_one():
    lines = [f"MIIEvQIBADANBgkq{number}hkiG9w0BAQEF" for number in range(3)]
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])
    known = KnownSecrets([key])
    for line in lines:
        assert known.hide(f"[ERROR] {line} is bad") == f"[ERROR] {MASK} is bad"
    assert "MIIE" not in known.hide(json.dumps(key))
    assert "MIIE" not in known.hide(yaml.safe_dump({"key": key}))
    assert known.hide("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_the_longer_of_two_and_what_overlaps_is_hidden_as_a_whole():
    known = KnownSecrets(["hunter2", "hunter22", "abcdef", "defghi"])
    assert known.hide("hunter22 hunter2 abcdefghi") == f"{MASK} {MASK} {MASK}"


@pytest.mark.parametrize("secret", ["", " ", "abc", "true", "null", "None", "logstash", "elastic", "127.0.0.1"])
def test_what_would_blank_out_everything_is_not_hidden_by_its_value(secret):
    assert not is_maskable(secret)
    text = "logstash true null None elastic 127.0.0.1 abc"
    assert KnownSecrets([secret]).hide(text) == text


def test_a_result_is_masked_in_depth_but_for_what_later_tasks_work_with():
    mask = Mask(["hunter22"])
    result = {"msg": "x hunter22", "log": ["hunter22", {"a": ("hunter22", 5, None)}], "path": "/srv/hunter22"}
    assert mask.everything(result, ["path"]) == {
        "msg": f"x {MASK}", "log": [MASK, {"a": (MASK, 5, None)}], "path": "/srv/hunter22",
    }  # fmt: skip


def test_messages_of_the_project_are_masked_by_known_secrets_and_forms_alone():
    mask = Mask(["hunter22"])
    text = "templates/a.conf:1:2: #{Db.Password}: variable Db.Password: no value"
    assert mask.text(text) == text
    assert mask.text("http://u:p@h hunter22") == f"http://u:{MASK}@h {MASK}"
    assert mask.foreign("password: x1 hunter22") == f"password: {MASK}"


def test_time_grows_with_the_length_alone():
    known = KnownSecrets([*SECRETS, "aaaa", "abababab"])
    for piece in ("a", "ab", "\\", "plain-secre", "plain-secret"):
        assert_linear(lambda size, piece=piece: known.hide(piece * size), 4000)


def test_ansibles_summary_of_an_error_is_masked_with_its_causes_and_its_traceback():
    mask = Mask(["hunter22"])
    error = ValueError("x hunter22")
    error.__cause__ = KeyError("hunter22")
    event = EventFactory.from_exception(error, include_traceback=True)
    masked = mask.everything({"exception": ErrorSummary(event=event)})["exception"]
    assert isinstance(masked, ErrorSummary)
    assert "hunter22" in repr(event)
    assert "hunter22" not in repr(masked)
    assert masked.event.msg == f"x {MASK}"
