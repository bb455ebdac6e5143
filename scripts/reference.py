"""Writes docs/reference/ from what describes itself: argument_specs, defaults, the documentation of plugins, and the
log shipper's list of its settings.

Usage: reference.py [DIRECTORY]. Called by `make reference`; a unit test fails when what is committed is older.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "lambda"))

from elb_log_shipper.keys import KEYS, Key  # noqa: E402 - found through the line above

COLLECTION = "elk.deploy"
# The kinds of plugins that have documentation, with the heading of their part.
KINDS = {"module": "Modules", "filter": "Filters", "test": "Tests"}
NOTE = "<!-- Written by `make reference`. Change what it describes instead: {source}. -->\n"

MARKUP = re.compile(r"\b([BCIEOPRUVML])\(([^()]*(?:\([^()]*\)[^()]*)*)\)")


def main(target: Path) -> None:
    """Writes every page, and removes those that nothing is behind any more."""
    pages = render()
    target.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (target / name).write_text(text)
    for old in set(target.glob("*.md")) - {target / name for name in pages}:
        old.unlink()


def render() -> dict[str, str]:
    """All pages by their file names."""
    roles = sorted(path.parent.parent.name for path in ROOT.glob("roles/*/meta/argument_specs.yml"))
    pages = {f"{role}.md": role_page(role) for role in roles}
    pages["elb_log_shipper_settings.md"] = settings_page()
    pages["plugins.md"] = plugins_page()
    pages["README.md"] = index_page(roles)
    return pages


def index_page(roles: list[str]) -> str:
    lines = [NOTE.format(source="scripts/reference.py"), "# Reference\n", "The variables of the roles:\n"]
    for role in roles:
        summary = specs_of(role)["main"]["short_description"]
        lines.append(f"- [{role}]({role}.md): {plain(summary)}")
    lines += ["", "[settings.json](elb_log_shipper_settings.md) of the function that ships load-balancer logs.", ""]
    lines += ["[Modules, filters and tests](plugins.md) of the collection."]
    return "\n".join(lines) + "\n"


# -- roles


def specs_of(role: str) -> dict:
    return yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]


def role_page(role: str) -> str:
    """What a role does, then its variables by subject, as the files of its defaults have them."""
    entries = specs_of(role)
    lines = [NOTE.format(source=f"roles/{role}/meta/argument_specs.yml and defaults"), f"# Role {role}\n"]
    lines += [sentence(entries["main"]["short_description"]), "", *paragraphs(entries["main"].get("description"))]
    options = dict(entries["main"].get("options", {}))
    for heading, defaults in subjects(role):
        lines += [f"## {heading}\n"]
        for name, example in defaults.items():
            lines += variable(name, options.pop(name, {}), example)
    if options:
        lines += ["## Required\n"]
        for name, spec in options.items():
            lines += variable(name, spec, "")
    for entry, spec in entries.items():
        if entry != "main":
            lines += [f"## tasks_from: {entry}\n", sentence(spec["short_description"]), ""]
            lines += paragraphs(spec.get("description"))
            own = {name: option for name, option in spec["options"].items() if name not in entries["main"]["options"]}
            lines += [f"All variables above count{', and:' if own else '.'}", ""]
            for name, option in own.items():
                lines += variable(name, option, "")
    return "\n".join(lines).rstrip() + "\n"


def subjects(role: str) -> list[tuple[str, dict[str, str]]]:
    """(heading, {variable: example}) of each file of defaults; the heading is the file's first comment."""
    found = []
    for path in sorted((ROOT / f"roles/{role}/defaults").rglob("*.yml")):
        text = path.read_text()
        names = list(yaml.safe_load(text) or {})
        single = path.parent.name == "defaults"
        head = "Variables" if single else text.removeprefix("---\n").split("\n", 1)[0].removeprefix("# ").rstrip(".")
        found.append((head, {name: example_of(name, text) for name in names}))
    return found


def example_of(name: str, defaults: str) -> str:
    """The commented example that follows a default, without its comment signs."""
    match = re.search(rf"(?m)^# ({name}:.*(?:\n#  .*)*)", defaults)
    return re.sub(r"(?m)^# ", "", match[1]) if match else ""


def variable(name: str, spec: dict, example: str) -> list[str]:
    lines = [f"### `{name}`\n", facts(spec), "", *paragraphs(spec.get("description"))]
    nested = suboptions(spec, 0)
    if nested:
        lines += ["Each has:" if spec.get("type") == "list" else "It has:", "", *nested, ""]
    if example:
        lines += ["```yaml", example, "```", ""]
    return lines


# -- the log shipper's settings


def settings_page() -> str:
    """The keys of settings.json."""
    lines = [
        NOTE.format(source="lambda/elb_log_shipper/keys.py"),
        "# settings.json of the log shipper\n",
        "The keys of the file that `elb_log_shipper_settings` names, a JSON object. Whole numbers, seconds, `true` and "
        '`false` may be in quotes, as `"#{Tokens}"` are.\n',
        "A reference is `secretsmanager:NAME`, `secretsmanager:NAME#KEY` for one value of a secret that is a JSON "
        "object, or `ssm:NAME`. The function's role has to be allowed to read it.\n",
    ]
    for heading, required in (("Required", True), ("Optional", False)):
        lines += [f"## {heading}\n"]
        for name, key in KEYS.items():
            if key.required is required:
                lines += setting(name, key)
    return "\n".join(lines).rstrip() + "\n"


def setting(name: str, key: Key) -> list[str]:
    limits = f" from {key.between[0]} to {key.between[1]}" if key.between else ""
    spec = {**key._asdict(), "type": key.kind + limits, "description": key.meaning}
    example = json.dumps({name: key.example})[1:-1] if key.example is not None else ""
    return variable(name, spec, example)


# -- plugins


def plugins_page() -> str:
    """What the collection's plugins take and return."""
    source = "the documentation in plugins/"
    lines = [
        NOTE.format(source=source),
        "# Modules, filters and tests\n",
        f"Their full names begin with `{COLLECTION}.`.\n",
    ]
    for kind, heading in KINDS.items():
        documented = plugin_documentation(kind)
        lines += [f"## {heading}\n"]
        for name, found in sorted(documented.items()):
            lines += plugin(name.rpartition(".")[2], found)
    return "\n".join(lines).rstrip() + "\n"


def plugin_documentation(kind: str) -> dict:
    """What ansible-doc says of the collection's plugins of a kind."""
    program = [sys.executable, "-m", "ansible", "doc", "--type", kind, "--json"]
    listed = json.loads(_output([*program, "--list", COLLECTION]))
    return json.loads(_output([*program, *sorted(listed)]))


def _output(command: list[str]) -> str:
    # Warnings about this machine go to the other stream.
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - ours


def plugin(name: str, found: dict) -> list[str]:
    documentation = found["doc"]
    lines = [f"### {name}\n", sentence(documentation["short_description"]), ""]
    lines += paragraphs(documentation.get("description"))
    options = suboptions(documentation, 0)
    if options:
        lines += ["Takes:", "", *options, ""]
    returned = [item for key, spec in (found.get("return") or {}).items() for item in returned_value(key, spec)]
    if returned:
        lines += ["Returns:", "", *returned, ""]
    check_mode = (documentation.get("attributes") or {}).get("check_mode", {})
    if check_mode.get("description"):
        lines += [f"In check mode: {plain(' '.join(as_list(check_mode['description'])))}", ""]
    if (found.get("examples") or "").strip():
        lines += ["```yaml", found["examples"].strip(), "```", ""]
    return lines


def returned_value(name: str, spec: dict) -> list[str]:
    when = f", {plain(spec['returned'])}" if spec.get("returned") not in (None, "success", "always") else ""
    kind = f" ({spec['type']}{when})" if spec.get("type") else ""
    return [f"- `{name}`{kind}: {plain(' '.join(as_list(spec['description'])))}"]


# -- what both have


def facts(spec: dict) -> str:
    """Type, whether it is required, default and choices, in one line."""
    kind = spec.get("type", "str")
    parts = [f"{kind} of {spec['elements']}" if "elements" in spec else kind]
    if spec.get("required"):
        parts.append("required")
    if spec.get("default") is not None:
        parts.append(f"default {code(spec['default'])}")
    if spec.get("choices"):
        parts.append("one of " + ", ".join(code(choice) for choice in spec["choices"]))
    return " · ".join(parts)


def suboptions(spec: dict, depth: int) -> list[str]:
    """The options below an option, as a list that is indented as deep as they are."""
    lines = []
    nested = spec.get("options") or spec.get("suboptions") or {}
    for name, option in nested.items():
        indent = "  " * depth
        text = plain(" ".join(as_list(option.get("description", ""))))
        lines += [f"{indent}- `{name}` ({facts(option)}): {text}", *suboptions(option, depth + 1)]
    return lines


def code(value: object) -> str:
    """A value as one would write it in YAML, in backticks."""
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def paragraphs(description: object) -> list[str]:
    return [line for text in as_list(description) for line in (plain(text), "")]


def as_list(value: object) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def sentence(text: str) -> str:
    return plain(text).rstrip(".") + "."


def plain(text: str) -> str:
    """Ansible's markup as Markdown, on one line."""

    def shown(match: re.Match) -> str:
        kind, content = match.groups()
        if kind in "CVOEP":
            return code(content)
        if kind == "L":
            label, _, address = content.rpartition(",")
            return f"[{label.strip()}]({address.strip()})"
        return {"B": f"**{content}**", "I": f"*{content}*"}.get(kind, content)

    return MARKUP.sub(shown, " ".join(text.split()))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/reference")
