"""README, CONTRIBUTING and the guides say what is there: their links, headings, commands, variables and examples."""

import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
README = (ROOT / "README.md").read_text()
PAGES = sorted(
    path.relative_to(ROOT)
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / ".github").rglob("*.md"),
        *ROOT.glob("roles/*/README.md"),
    )
)
# The changelog and the decisions tell of what was, too.
PRESENT = [page for page in PAGES if page.name not in ("CHANGELOG.md", "decisions.md")]
FOLDERS = "roles|playbooks|scripts|tests|local|molecule|lambda|plugins|inventories"
# What a page tells its reader to write.
EXAMPLES = {"playbooks/tasks/drain.yml", "inventories/staging/group_vars/brokers/20-staging.yml"}
GUIDES = {path.name for path in (ROOT / "docs").glob("*.md")}


def text_of(page: Path) -> str:
    return (ROOT / page).read_text()


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    prose = re.sub(r"(?ms)^```.*?^```", "", text_of(page))
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"(?m)^#+ (.*)$", prose)
    }


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_what_a_page_links_to_is_there(page):
    missing = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists() or (anchor and anchor not in headings(target.resolve().relative_to(ROOT))):
            missing.append(link)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_targets_of_make_that_a_page_names_exist(page):
    makefile = (ROOT / "Makefile").read_text()
    known = {name for line in re.findall(r"(?m)^([a-z0-9 ]+):(?!=)", makefile) for name in line.split()}
    named = set(re.findall(r"(?:`|^    )make ([a-z0-9]+)", text_of(page), re.MULTILINE))
    assert named - known == set()


@pytest.mark.parametrize("page", PRESENT, ids=str)
def test_files_that_a_page_names_exist(page):
    # A path that goes on with <name> names no file.
    named = re.findall(rf"(?<![\w./{{-])((?:{FOLDERS})/[\w./-]++)(?!<)", text_of(page))
    named = {path.rstrip("./") for path in named}
    assert sorted(path for path in named - EXAMPLES if not (ROOT / path).exists()) == []


@pytest.mark.parametrize("page", PRESENT, ids=str)
def test_variables_of_roles_that_a_page_names_exist(page):
    known = {
        name
        for path in ROOT.glob("roles/*/meta/argument_specs.yml")
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values()
        for name in entry["options"]
    }
    named = set(re.findall(r"`((?:logstash|elb_log_shipper|aws_stacks)_[a-z_0-9]+)[`:]", text_of(page)))
    modules = {path.stem for path in (ROOT / "plugins").glob("*/*.py")}
    metrics = set(
        re.findall(r'"(logstash_\w+)"', text_of("roles/logstash_monitor/files/logstash_monitor/prometheus.py"))
    )
    roles = {path.name for path in (ROOT / "roles").iterdir()}
    # Read by a play, returned by a role, an example of a name.
    assert named - known - modules - metrics - roles - {"logstash_serial", "aws_stacks_outputs", "logstash_x"} == set()


def test_readme_is_short_and_leads_to_every_guide():
    assert len(README.splitlines()) <= 200
    assert {name for name in GUIDES if f"(docs/{name}" not in README} == set()


def test_readme_has_every_role_and_every_playbook_that_people_run():
    roles = {path.name for path in (ROOT / "roles").iterdir()}
    # Included by others, never run by itself.
    playbooks = {path.name for path in (ROOT / "playbooks").glob("*.yml")} - {"batches.yml"}
    assert {name for name in roles if f"(roles/{name}/README.md)" not in README} == set()
    assert {name for name in playbooks if f"(playbooks/{name})" not in README} == set()


def test_pre_commit_runs_what_make_lint_runs():
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    body = re.search(r"(?ms)^run_lint\(\) \{\n(.*?)^\}", (ROOT / "scripts/test.sh").read_text())[1]
    linted = {
        program.removeprefix("$venv/bin/") + arguments.rstrip()
        for program, arguments in re.findall(r'"?((?:\$venv/bin|scripts)/[\w.-]+)"?([^&\n]*)', body)
    }
    hooked = {hook["entry"].removeprefix(".venv/bin/") for hook in repository["hooks"]}
    assert repository["repo"] == "local"
    assert hooked == linted
