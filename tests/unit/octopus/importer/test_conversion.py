"""What becomes of exported values: names in place of ids, secrets, and what is left out. No scope gets wider."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.conversion import (
    Conversion,
    convert,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.model import (
    Export,
    ExportedPrompt,
    ExportedSet,
    ExportedValue,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.scopes import (
    NamedScope,
    named_scope,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.slugs import file_stems, vault_names
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.scoping.scopes import Entry, Prompt, Scope
from hypothesis import given
from hypothesis import strategies as st

NAMES = {
    "Environment": {"Environments-1": "staging", "Environments-2": " production ", "Environments-3": " "},
    "Machine": {"Machines-1": "web-1"},
    "Action": {"guid": "Deploy website"},
    "Channel": {"Channels-1": "Hotfix"},
    "Tenant": {"Tenants-1": "Acorn"},
    "ProcessOwner": {"Runbooks-1": "Restart", "Projects-1": "Shop"},
}

SCOPES = [
    ("environment", {"Environment": ("Environments-1", "Environments-2")}, {"environment": ("staging", "production")}),
    ("machine", {"Machine": ("Machines-1",)}, {"machine": ("web-1",)}),
    ("role is a name", {"Role": ("web server",)}, {"role": ("web server",)}),
    ("step", {"Action": ("guid",)}, {"step": ("Deploy website",)}),
    ("channel", {"Channel": ("Channels-1",)}, {"channel": ("Hotfix",)}),
    ("tenant", {"Tenant": ("Tenants-1",)}, {"tenant": ("Acorn",)}),
    ("tenant tag is a name", {"TenantTag": ("Region/EU",)}, {"tenant_tag": ("Region/EU",)}),
    ("process: a runbook", {"ProcessOwner": ("Runbooks-1",)}, {"process": ("Restart",)}),
    ("process: the deployment", {"ProcessOwner": ("Projects-1",)}, {"process": ("deployment",)}),
    ("none", {}, {}),
    (
        "several dimensions, in the order of variable files",
        {"Role": ("web",), "Environment": ("Environments-1",)},
        {"environment": ("staging",), "role": ("web",)},
    ),
    ("a name twice", {"Role": ("web", " web")}, {"role": ("web",)}),
]


@pytest.mark.parametrize(("exported", "named"), [row[1:] for row in SCOPES], ids=[row[0] for row in SCOPES])
def test_scopes_by_name(exported: dict[str, tuple[str, ...]], named: dict[str, tuple[str, ...]]) -> None:
    result = named_scope(exported, NAMES)
    assert result == NamedScope(Scope(named))
    assert list(result.scope.dimensions) == list(named)


SLUGS = [
    ("slugs are names", {"environment": ("production",)}, {"environment": ("production",)}),
    ("action is a step", {"action": ("deploy-website",)}, {"step": ("deploy-website",)}),
    ("the deployment process", {"process": ("deployment-process",)}, {"process": ("deployment",)}),
    ("a runbook", {"process": ("runbook/restart",)}, {"process": ("restart",)}),
    ("tenant tag", {"tenant_tag": ("Region/EU",)}, {"tenant_tag": ("Region/EU",)}),
]


@pytest.mark.parametrize(("exported", "named"), [row[1:] for row in SLUGS], ids=[row[0] for row in SLUGS])
def test_scopes_of_ocl(exported: dict[str, tuple[str, ...]], named: dict[str, tuple[str, ...]]) -> None:
    assert named_scope(exported, None) == NamedScope(Scope(named))


@pytest.mark.parametrize(
    ("exported", "named", "unresolved"),
    [
        ({"Environment": ("Environments-9",)}, {"environment": ("Environments-9",)}, ("environment Environments-9",)),
        (
            {"Environment": ("Environments-1", "Environments-9")},
            {"environment": ("staging", "Environments-9")},
            ("environment Environments-9",),
        ),
        ({"Environment": ("Environments-3",)}, {"environment": ("Environments-3",)}, ("environment Environments-3",)),
        ({"Machine": ("Environments-1",)}, {"machine": ("Environments-1",)}, ("machine Environments-1",)),
        ({"ProcessOwner": ("Runbooks-9",)}, {"process": ("Runbooks-9",)}, ("process Runbooks-9",)),
    ],
)
def test_an_unknown_id_stands_for_itself(exported: dict, named: dict, unresolved: tuple[str, ...]) -> None:
    assert named_scope(exported, NAMES) == NamedScope(Scope(named), unresolved)


@pytest.mark.parametrize(
    ("exported", "reason"),
    [
        ({"ProjectTemplate": ("x",)}, "its scope has `ProjectTemplate`, which variable files do not have"),
        ({"Role": ("web",), "Colour": ()}, "its scope has `Colour`"),
        ({"Role": ("web",), "role": ("db",)}, "its scope has `role` and another field for the same"),
        ({"Environment": ()}, "its scope `Environment` lists nothing"),
        ({"Role": ("web", " ")}, "its scope `Role` lists an empty name"),
    ],
)
def test_what_cannot_be_said_is_refused(exported: dict[str, tuple[str, ...]], reason: str) -> None:
    result = named_scope(exported, NAMES)
    assert result.refused.startswith(reason)
    assert result.scope == Scope()


@given(
    st.dictionaries(
        st.sampled_from([*NAMES, "Role", "TenantTag", "Private", "role", "process"]),
        st.lists(st.sampled_from(["Environments-1", "Environments-9", "Runbooks-1", "Projects-2", "x", " "])).map(
            tuple
        ),
    ),
    st.sampled_from([NAMES, None, {}]),
)
def test_no_scope_is_ever_widened(exported: dict[str, tuple[str, ...]], names: dict | None) -> None:
    """Every field that was there is there, or the value is refused."""
    result = named_scope(exported, names)
    assert result.refused or len(result.scope.dimensions) == len(exported)
    assert all(all(map(str.strip, values)) and values for values in result.scope.dimensions.values())


def converted(*values: ExportedValue, **more: Any) -> Conversion:
    return convert(Export((ExportedSet("Shop", "shop.json", values, names=NAMES, **more),)))


def written(conversion: Conversion) -> tuple[Entry, ...]:
    return conversion.sets[0].entries


def test_a_plain_value() -> None:
    prompt = ExportedPrompt("Which?", "d", True, "MultiLineText")
    conversion = converted(ExportedValue("A", "1", scope={"Role": ("web",)}, description="why", prompt=prompt))
    assert written(conversion) == (
        Entry("A", "1", Scope({"role": ("web",)}), description="why", prompt=Prompt("Which?", "d", True)),
    )
    assert conversion.left_out == conversion.attention == conversion.secrets == ()


def test_a_sensitive_value_comes_from_ansible_and_is_nowhere() -> None:
    conversion = converted(
        ExportedValue("Db.Password", "s3cret", "Sensitive", True, {"Environment": ("Environments-1",)}),
        ExportedValue("Db.Password", None, "Sensitive", True),
        ExportedValue("Token", "s3cret", sensitive=True),
    )
    assert [(one.ansible_variable, one.value, one.sensitive) for one in written(conversion)] == [
        ("vault_db_password_staging", None, True),
        ("vault_db_password", None, True),
        ("vault_token", None, True),
    ]
    assert [str(one.scope) for one in conversion.secrets] == ["environment staging", "no scope", "no scope"]
    assert [one.variable for one in conversion.attention] == ["Db.Password", "Token"]
    assert "plain text" in conversion.attention[0].text
    assert "s3cret" not in repr(conversion)


LEFT_OUT = [
    ("a certificate", {"type": "Certificate"}, False, "type Certificate", "A.PrivateKeyPem"),
    ("an account", {"type": "AmazonWebServicesAccount"}, False, "type AmazonWebServicesAccount", "A.SecretKey"),
    ("a worker pool", {"type": "WorkerPool"}, False, "type WorkerPool", "octopus_variables"),
    ("a type that nobody knows", {"type": "Quantum"}, False, "type Quantum", "A or its parts"),
    ("a scope that nobody knows", {"scope": {"Trigger": ("x",)}}, False, "its scope has `Trigger`", "variable files"),
    ("a library set's step", {"scope": {"Action": ("guid",)}}, True, "library set", "steps or channels"),
    ("a library set's channel", {"scope": {"Channel": ("Channels-1",)}}, True, "library set", "steps or channels"),
    ("a tag without set", {"scope": {"TenantTag": ("EU",)}}, False, "tenant tag", "Set/Tag"),
    (
        "a channel in a runbook",
        {"scope": {"Channel": ("Channels-1",), "ProcessOwner": ("Runbooks-1",)}},
        False,
        "channel and only runbooks",
        "anywhere",
    ),
]


@pytest.mark.parametrize(
    ("value", "library", "reason", "advice"), [row[1:] for row in LEFT_OUT], ids=[row[0] for row in LEFT_OUT]
)
def test_left_out_with_reason_and_advice(value: dict[str, Any], library: bool, reason: str, advice: str) -> None:
    conversion = converted(ExportedValue("A", "s3cret", **value), library=library)
    assert written(conversion) == ()
    (remark,) = conversion.left_out
    assert reason in remark.text
    assert advice in remark.text
    assert remark.variable == "A"
    assert "s3cret" not in remark.text


def test_of_values_with_the_same_scope_the_first_is_written() -> None:
    conversion = converted(
        ExportedValue("A", "1", scope={"Role": ("x", "y")}),
        ExportedValue("a", "2", scope={"Role": ("Y", "x")}),
        ExportedValue("A", "3"),
    )
    assert [entry.value for entry in written(conversion)] == ["1", "3"]
    assert "another value has the same scope" in conversion.left_out[0].text
    assert conversion.left_out[0].scope == "role Y or x"


ATTENTION = [
    ("an id without name", {"scope": {"Machine": ("Machines-9",)}}, "does not say what machine Machines-9 is called"),
    ("a choice", {"prompt": ExportedPrompt(control="Select")}, "a field of kind Select"),
    ("other settings", {"prompt": ExportedPrompt(settings=("x",))}, "a field of kind text"),
    ("an unknown field", {"unknown": ("Colour",)}, "not carried over: Colour"),
    ("a system variable", {"name": "octopus.X"}, "it steers Octopus itself"),
]


@pytest.mark.parametrize(("value", "text"), [row[1:] for row in ATTENTION], ids=[row[0] for row in ATTENTION])
def test_written_with_a_remark(value: dict[str, Any], text: str) -> None:
    conversion = converted(ExportedValue(**{"name": "A", "value": "1"} | value))
    assert len(written(conversion)) == 1
    (remark,) = conversion.attention
    assert text in remark.text


VAULT_NAMES = [
    ("a name", [("s", "Db.Password", {})], ["vault_db_password"]),
    ("with its scope", [("s", "P", {"environment": ("EU 1", "b"), "role": ("c",)})], ["vault_p_eu_1_b_c"]),
    ("other scripts", [("s", "Größe", {})], ["vault_groe"]),
    ("nothing that can be written", [("s", "密码", {})], ["vault_secret"]),
]


@pytest.mark.parametrize(("secrets", "names"), [row[1:] for row in VAULT_NAMES], ids=[row[0] for row in VAULT_NAMES])
def test_names_of_ansible_variables(secrets: list, names: list[str]) -> None:
    assert vault_names([(owner, name, Scope(scope)) for owner, name, scope in secrets]) == names


def test_names_of_ansible_variables_never_move_to_another_secret() -> None:
    one, other, third = ("s", "A.B", Scope()), ("s", "A B", Scope()), ("t", "A.B", Scope())
    first = vault_names([one, other])
    assert len(set(first)) == 2
    assert all(name.startswith("vault_a_b_") for name in first)
    assert vault_names([third, other, one])[1:] == first[::-1]
    assert vault_names([one]) == ["vault_a_b"]


@given(
    st.lists(
        st.tuples(st.text(max_size=3), st.text(max_size=90), st.just(Scope())),
        max_size=6,
        unique_by=lambda x: (x[0], x[1].lower()),
    )
)
def test_names_of_ansible_variables_are_unique_identifiers(secrets: list) -> None:
    names = vault_names(secrets)
    assert len(set(names)) == len(secrets)
    assert all(name.isidentifier() and name.isascii() and len(name) <= 100 for name in names)


FILES = [
    ("a name", [("My Shop!", "Projects-1")], ["my-shop"]),
    (
        "a way out of the folder",
        [("../../etc/passwd", "x"), ("C:\\a", "x"), ("..", "Projects-1")],
        ["etc-passwd", "c-a", "projects-1"],
    ),
    ("nothing that can be written", [("商店", "")], ["variables"]),
    ("the same name", [("A", "P-1"), ("a", "P-2"), ("A!", "P-2"), ("A", "")], ["a", "a-p-2", "a-p-2-2", "a-2"]),
    ("a long name", [("x" * 300, "")], ["x" * 80]),
]


@pytest.mark.parametrize(("names", "stems"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_names_of_files(names: list[tuple[str, str]], stems: list[str]) -> None:
    assert file_stems(names) == stems


def test_no_set_takes_the_name_of_the_report_or_of_the_list_of_secrets() -> None:
    export = Export(tuple(ExportedSet(name, "f", ()) for name in ("Import Report", "vault.example")))
    assert [one.file for one in convert(export).sets] == ["import-report.yml", "vault-example.yml"]
