"""The role's preflight: prefixes and accounts that would shut the bucket's door are refused, with a hint."""

import json
import sys

import pytest
import yaml
from ansible_process import ROOT, run

PREFIX, ACCOUNTS = "elb_log_shipper_log_prefix", "elb_log_shipper_delivering_accounts"
FURTHER, WHEELS, CLASS = (f"elb_log_shipper_{name}" for name in ("further_prefixes", "wheels", "environment_class"))
SECRETS, SIGNING = "elb_log_shipper_secret_arns", "elb_log_shipper_code_signing_config_arn"
FILE = f"{ROOT}/README.md"
REGION_ACCOUNT = "elb_log_shipper_load_balancer_account_id"
# (variable, as it stands in a file of YAML, what the refusal says; nothing: it is taken)
CASES = [
    (PREFIX, '""', ""),
    (PREFIX, "", ""),
    (PREFIX, "elb/", ""),
    (PREFIX, "elb", ""),
    (PREFIX, "elb/web/", ""),
    (PREFIX, "2026", ""),
    (PREFIX, "/elb/", "without a slash at its start"),
    (PREFIX, "elb//", "names that each end with one slash"),
    (PREFIX, "/", "names that each end with one slash"),
    (PREFIX, "AWSLogs/", "They add AWSLogs/ and their account themselves"),
    (PREFIX, "AWSLogs/123456789012/", "They add AWSLogs/ and their account themselves"),
    (PREFIX, "elb/AWSLogs", "without AWSLogs"),
    (PREFIX, '"elb/\\n"', "of letters, digits and"),
    (PREFIX, '"elb/*"', "of letters, digits and"),
    (ACCOUNTS, "[]", ""),
    (ACCOUNTS, '["123456789012", "012345678901"]', ""),
    (ACCOUNTS, "[123456789012]", ""),  # no digit is lost
    # YAML 1.1 reads digits up to 7 behind a zero as octal; others lose the zero where a number is made of them.
    (ACCOUNTS, "[012345670123]", 'in quotes, such as ["012345678901"]'),
    (ACCOUNTS, "[12345678901]", 'in quotes, such as ["012345678901"]'),
    (ACCOUNTS, '["12345678901"]', "12 digits in quotes"),
    (ACCOUNTS, '["1234-5678-9012"]', "12 digits in quotes"),
    (ACCOUNTS, '["123456789012\\n"]', "12 digits in quotes"),
    (ACCOUNTS, '["123456789012", ""]', "12 digits in quotes"),
    (ACCOUNTS, '"123456789012"', "a list of accounts"),
    (ACCOUNTS, '["*"]', "12 digits in quotes"),
    (REGION_ACCOUNT, '""', ""),
    (REGION_ACCOUNT, '"156460612806"', ""),
    (REGION_ACCOUNT, '"15646061280"', "12 digits in quotes"),
    (FURTHER, "[]", ""),
    (FURTHER, "[elb/web/, elb/shop]", ""),
    (FURTHER, '["*"]', "prefixes such as elb/web/"),
    (FURTHER, '[""]', "prefixes such as elb/web/"),
    (FURTHER, "[elb/AWSLogs/]", "prefixes such as elb/web/"),
    (WHEELS, "[]", ""),
    (WHEELS, f'["{FILE}#sha256={"0" * 64}"]', ""),
    (WHEELS, f'["{FILE}"]', "each with its hash, as pip writes it"),
    (WHEELS, f'["{FILE}#sha256={"0" * 63}"]', "each with its hash, as pip writes it"),
    (WHEELS, f'["{FILE}#md5={"0" * 32}"]', "files on the control node"),
    (WHEELS, f'["{FILE}.absent#sha256={"0" * 64}"]', "files on the control node"),
    (CLASS, "production", ""),
    (CLASS, '""', "a word such as production"),
    (SECRETS, '["arn:aws:secretsmanager:eu-west-1:123456789012:secret:elb-logs-??????"]', ""),
    (SECRETS, '["arn:aws:secretsmanager:eu-west-1:123456789012:secret:*"]', "at least the beginning"),
    # What the tokens give counts.
    (SECRETS, '["arn:aws:ssm:eu-west-1:123456789012:parameter/#{One}"]', ""),
    (SECRETS, '["arn:aws:ssm:eu-west-1:123456789012:parameter/#{All}"]', "at least the beginning"),
    (SECRETS, '["arn:aws:ssm:eu-west-1:123456789012:parameter/#{Two}"]', "at least the beginning"),
    (SIGNING, '""', ""),
    (SIGNING, "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0f6c334abcdea4d8b", ""),
    (SIGNING, "csc-0f6c334abcdea4d8b", "the ARN of a code signing configuration"),
]


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """For each case what the role's checks say of its variable; nothing where they are content. One run for all."""
    folder = tmp_path_factory.mktemp("inputs")
    role = ROOT / "roles/elb_log_shipper"
    tasks = []
    for number, (variable, text, _) in enumerate(CASES):
        wrong = f"_elb_log_shipper_input_checks | selectattr('variable', '==', '{variable}') | rejectattr('ok')"
        found = {f"case_{number}": f"{{{{ {wrong} | list }}}}"}
        tasks.append({"ansible.builtin.set_fact": found, "vars": yaml.safe_load(f"{variable}: {text}")})
    everything = ", ".join(f"case_{number}" for number in range(len(CASES)))
    copy = {"content": f"{{{{ [{everything}] | to_json }}}}", "dest": f"{folder}/refusals.json", "mode": "0600"}
    tasks.append({"ansible.builtin.copy": copy})
    files = [str(role / part / "main.yml") for part in ("defaults", "vars")]
    given = {"One": "elb/password", "All": "*", "Two": "elb,arn:aws:ssm:eu-west-1:123456789012:parameter/*"}
    values = {"octopus_environment": "test", "octopus_variables": given}
    values |= {"role_path": str(role), "ansible_python_interpreter": sys.executable}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars_files": files, "tasks": tasks}
    playbook = folder / "playbook.yml"
    playbook.write_text(yaml.safe_dump([play | {"vars": values}]))
    ended = run("ansible-playbook", "-i", "localhost,", playbook)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr
    return json.loads((folder / "refusals.json").read_text())


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: f"{CASES[number][0]}: {CASES[number][1]}")
def test_input(refusals, number):
    _, _, words = CASES[number]
    said = " ".join(f"{one['expected']}. {one['hint']}" for one in refusals[number])
    assert words in said if words else said == ""
