"""Variable sets in JSON: where they are found, what is read of them, and a message with its place for each fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.errors import ImportFailed
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.json_sets import read_json
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.model import (
    Export,
    ExportedPrompt,
    ExportedSet,
    ExportedValue,
)
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.importer.sources import Source


def read(*documents: object) -> Export:
    return read_json(
        [
            Source(f"/x/f{n}.json", f"f{n}.json", one if isinstance(one, str) else json.dumps(one), False)
            for n, one in enumerate(documents)
        ]
    )


def variable_set(*variables: dict[str, Any], owner: str = "Projects-1", **more: Any) -> dict[str, Any]:
    return {"OwnerId": owner, "Variables": list(variables), **more}


def only(export: Export) -> ExportedSet:
    (one,) = export.sets
    return one


A = {"Name": "A", "Value": "1", "Type": "String"}


def test_everything_of_a_variable() -> None:
    prompt = {
        "Label": "Which?",
        "Description": "d",
        "Required": True,
        "DisplaySettings": {"Octopus.ControlType": "Select", "Octopus.SelectOptions": "a|A"},
    }
    variable = {
        "Id": "0",
        "Name": " Db.Name ",
        "Value": "x\u0000\r\n",
        "Type": "String",
        "IsSensitive": False,
        "IsEditable": False,
        "Description": "why",
        "Prompt": prompt,
        "Scope": {"Environment": ["Environments-1"], "Role": "web", "Nonsense": []},
        "Links": {},
    }
    assert only(read(variable_set(variable))).values == (
        ExportedValue(
            name="Db.Name",
            value="x\u0000\r\n",
            scope={"Environment": ("Environments-1",), "Role": ("web",), "Nonsense": ()},
            prompt=ExportedPrompt("Which?", "d", True, "Select", ("Octopus.SelectOptions",)),
            description="why",
            unknown=("Links",),
        ),
    )


@pytest.mark.parametrize(
    ("variable", "sensitive"),
    [
        ({"Type": "Sensitive"}, True),
        ({"Type": "Sensitive", "Value": "leaked"}, True),
        ({"Type": "Sensitive", "Value": {"EncryptedValue": "x"}}, True),
        ({"IsSensitive": True}, True),
        ({"Prompt": {"DisplaySettings": {"Octopus.ControlType": "Sensitive"}}}, True),
        ({"IsSensitive": False, "Value": None}, False),
        ({}, False),
    ],
)
def test_what_is_sensitive(variable: dict[str, Any], sensitive: bool) -> None:
    (value,) = only(read(variable_set({"Name": "P"} | variable))).values
    assert value.sensitive is sensitive
    assert "leaked" not in repr(value)


LIBRARY = {"Id": "LibraryVariableSets-7", "Name": "Shared"}
PROJECT = {"Id": "Projects-1", "Name": "Shop", "IncludedLibraryVariableSetIds": ["LibraryVariableSets-7"]}
SHAPES = [
    ("a set alone has the file's name", [variable_set(A)], [("f0", False)]),
    (
        "a list of sets",
        [[variable_set(A), variable_set(A, owner="Projects-2")]],
        [("Projects-1", False), ("Projects-2", False)],
    ),
    ("a page of an answer", [{"Items": [variable_set(A)]}], [("f0", False)]),
    ("a library set", [variable_set(A, owner="LibraryVariableSets-7")], [("f0", True)]),
    ("a library set by its own id", [{"Id": "variableset-LibraryVariableSets-7", "Variables": [A]}], [("f0", True)]),
    ("a library set by the kind of its owner", [{"OwnerType": "LibraryVariableSet", "Variables": [A]}], [("f0", True)]),
    ("a set that tells its owner's name", [variable_set(A, OwnerName="Named")], [("Named", False)]),
    (
        "resources beside it tell names",
        [variable_set(A), {"Items": [PROJECT]}, variable_set(A, owner="LibraryVariableSets-7"), LIBRARY],
        [("Shop", False), ("Shared", True)],
    ),
    (
        "a project with its sets joined in",
        [
            PROJECT
            | {
                "VariableSet": variable_set(A),
                "IncludedLibraryVariableSets": [
                    LIBRARY | {"VariableSet": variable_set(A, owner="LibraryVariableSets-7")}
                ],
            }
        ],
        [("Shop", False), ("Shared", True)],
    ),
    ("a set that is repeated counts once", [[variable_set(A), variable_set(A)]], [("Projects-1", False)]),
    ("a set without variables", [variable_set()], [("f0", False)]),
]


@pytest.mark.parametrize(("documents", "sets"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES])
def test_where_sets_are_found(documents: list[object], sets: list[tuple[str, bool]]) -> None:
    assert [(one.name, one.library) for one in read(*documents).sets] == sets


def test_what_a_project_says_about_its_sets() -> None:
    export = read(variable_set(A), PROJECT | {"Templates": [{"Name": "Alias"}, {"Name": "Colour"}]}, {"Other": []})
    assert only(export).included == ("LibraryVariableSets-7",)
    assert only(export).templates == 2
    assert export.unused == ("f1.json", "f2.json")


def test_names_are_those_of_the_set_before_those_of_resources() -> None:
    export = read(
        variable_set(
            A,
            ScopeValues={
                "Environments": [{"Id": "Environments-1", "Name": "production"}],
                "Processes": [
                    {"Id": "Projects-1", "Name": "Shop", "ProcessType": "Deployment"},
                    {"Id": "Runbooks-2", "Name": "Restart", "ProcessType": "Runbook"},
                ],
            },
        ),
        PROJECT | {"Name": "Another name of Projects-1"},
        {"Items": [{"Id": "Environments-1", "Name": "old"}, {"Id": "Environments-2", "Name": "staging"}]},
        [{"Id": "Machines-1", "Name": "a"}, {"Id": "Machines-1", "Name": "b"}],
    )
    names = only(export).names
    assert only(export).name == "Another name of Projects-1"
    assert names is not None
    assert names["Environment"]["Environments-1"] == "production"
    assert names["Environment"]["Environments-2"] == "staging"
    assert names["ProcessOwner"]["Projects-1"] == "deployment"
    assert names["ProcessOwner"]["Runbooks-2"] == "Restart"
    assert "Machines-1" not in names["Machine"]  # called two names: nobody knows which


FAULTS = [
    ("no set at all", {"Id": "x"}, "/x/f0.json: found no variable set (an object with a list `Variables`); expected"),
    ("a text", '"text"', "found no variable set"),
    (
        "variables that are no list",
        {"OwnerId": "x", "Variables": {}},
        "f0.json:1:18: Variables is an object, expected a list",
    ),
    ("a variable that is no object", variable_set("A"), "Variables[0] is a text, expected an object with Name"),
    ("no name", variable_set({"Value": "s3cret"}), "Variables[0] is a variable without Name"),
    ("a blank name", variable_set(A | {"Name": " "}), "Variables[0].Name is a variable without Name"),
    ("a name that is a number", variable_set(A | {"Name": 5}), "Variables[0].Name is a number, expected text"),
    ("a value that is no text", variable_set(A | {"Value": 1.5}), "Variables[0].Value is a number, expected text"),
    ("a value that is a list", variable_set(A | {"Value": ["s3cret"]}), "Variables[0].Value is a list, expected text"),
    ("a type that is no text", variable_set(A | {"Type": {}}), "Variables[0].Type is an object, expected text"),
    ("a flag that is none", variable_set(A | {"IsSensitive": 1}), "IsSensitive is a number, expected true or false"),
    ("half a character", variable_set(A | {"Value": "\ud83d"}), "Variables[0].Value has half of a character"),
    ("a scope that is no object", variable_set(A | {"Scope": []}), "Variables[0].Scope is a list, expected an object"),
    (
        "a scope's values that are no texts",
        variable_set(A | {"Scope": {"Role": [1]}}),
        "Variables[0].Scope.Role is a list, expected a list of ids or names",
    ),
    (
        "a scope of a number",
        variable_set(A | {"Scope": {"Role": 1}}),
        "Variables[0].Scope.Role is a number, expected a list",
    ),
    (
        "a prompt that is none",
        variable_set(A | {"Prompt": True}),
        "Variables[0].Prompt is true or false, expected an object",
    ),
    (
        "settings that are none",
        variable_set(A | {"Prompt": {"DisplaySettings": "x"}}),
        "Variables[0].Prompt.DisplaySettings is a text, expected an object",
    ),
    ("explanations that are none", variable_set(A, ScopeValues=[]), "ScopeValues is a list, expected an object"),
    (
        "explanations that are no list",
        variable_set(A, ScopeValues={"Machines": "x"}),
        "ScopeValues.Machines is a text, expected a list of ids and names",
    ),
    (
        "an explanation that is none",
        variable_set(A, ScopeValues={"Machines": ["x"]}),
        "ScopeValues.Machines[0] is a text, expected an object with Id and Name",
    ),
    (
        "a set with two contents",
        [variable_set(A), variable_set(A | {"Value": "s3cret"})],
        "f0.json: holds Projects-1 (Projects-1) with other variables than f0.json; leave only one",
    ),
]


@pytest.mark.parametrize(("document", "message"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_faults(document: object, message: str) -> None:
    with pytest.raises(ImportFailed) as raised:
        read(document)
    assert message in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_all_faults_of_all_files_with_their_places() -> None:
    first = '{"OwnerId": "Projects-1", "Variables": [\n  {"Name": "A", "Value": 1},\n  {"Value": "x", "Scope": 5}]}'
    with pytest.raises(ImportFailed) as raised:
        read(first, variable_set(A | {"Value": []}, owner="Projects-2"))
    assert [line.split(" ")[0] for line in str(raised.value).splitlines()] == [
        "/x/f0.json:2:17:",
        "/x/f0.json:3:3:",
        "/x/f0.json:3:18:",
        "/x/f1.json:1:55:",
    ]


def test_thousands_of_faults_are_told_by_twenty() -> None:
    with pytest.raises(ImportFailed) as raised:
        read(variable_set(*({"Name": 1} for _ in range(5000))))
    assert str(raised.value).splitlines()[-1] == "... and more like these"
    assert len(str(raised.value).splitlines()) == 21
