"""Templates are resolved as CloudFormation resolves them, as far as that can be known before."""

import json

import pytest
from ansible_collections.elk.deploy.plugins.module_utils.aws.template import UNKNOWN, Template, TemplateError

PSEUDO = {"AWS::Region": "eu-west-1", "AWS::Partition": "aws", "AWS::AccountId": "999999999999"}


def resolved(value, parameters=None, **parts):
    """A value as the property of a resource in a template with these parts."""
    document = {"Resources": {"One": {"Type": "T", "Properties": {"P": value}}}} | parts
    return Template(json.dumps(document), parameters or {}, PSEUDO).properties("One").get("P", "left out")


DECLARED = {"Name": {"Type": "String", "Default": "usual"}, "Many": {"Type": "CommaDelimitedList", "Default": ""}}


@pytest.mark.parametrize(
    ("value", "parameters", "expected"),
    [
        ({"Ref": "Name"}, {}, "usual"),
        ({"Ref": "Name"}, {"Name": "own"}, "own"),
        ({"Ref": "Many"}, {"Many": "a, b"}, ["a", "b"]),
        ({"Ref": "AWS::Region"}, {}, "eu-west-1"),
        ({"Ref": "AWS::NoValue"}, {}, "left out"),
        ({"Ref": "Other"}, {}, UNKNOWN),
        ({"Fn::Sub": "/x/${Name}-${AWS::Region}"}, {}, "/x/usual-eu-west-1"),
        ({"Fn::Sub": ["${Own}.${!Name}", {"Own": {"Ref": "Name"}}]}, {}, "usual.${Name}"),
        ({"Fn::Sub": "${Other.Arn}"}, {}, UNKNOWN),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}]]}, {}, "a-usual"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Other"}]]}, {}, UNKNOWN),
        ({"Fn::Split": [",", "a,b"]}, {}, ["a", "b"]),
        ({"Fn::Select": ["1", {"Ref": "Many"}]}, {"Many": "a,b"}, "b"),
        ({"Fn::GetAtt": ["Other", "Arn"]}, {}, UNKNOWN),
        ({"Fn::If": ["IsOwn", "yes", {"Ref": "AWS::NoValue"}]}, {"Name": "own"}, "yes"),
        ({"Fn::If": ["IsOwn", "yes", {"Ref": "AWS::NoValue"}]}, {}, "left out"),
        ({"Fn::If": ["NotOwn", "yes", "no"]}, {}, "yes"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Name"}, "Memory"]}, {}, "1"),
        ([{"Ref": "AWS::NoValue"}, 1], {}, [1]),
    ],
)
def test_functions(value, parameters, expected):
    conditions = {
        "IsOwn": {"Fn::Equals": [{"Ref": "Name"}, "own"]},
        "NotOwn": {"Fn::And": [{"Fn::Not": [{"Condition": "IsOwn"}]}, {"Fn::Or": [{"Fn::Equals": ["a", "a"]}]}]},
    }
    mappings = {"Sizes": {"usual": {"Memory": "1"}}}
    assert resolved(value, parameters, Parameters=DECLARED, Conditions=conditions, Mappings=mappings) == expected


def test_short_forms_and_resources_that_a_condition_leaves_out():
    text = """
Parameters: {Name: {Type: String}}
Conditions: {Never: !Equals [a, b]}
Resources:
  One: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "${Name}-objects", Arn: !GetAtt Two.Arn}}
  Two: {Type: AWS::SQS::Queue, Condition: Never, Properties: {QueueName: two}}
"""
    template = Template(text, {"Name": "shipper"}, PSEUDO)
    expected = [("One", "AWS::SQS::Queue", {"QueueName": "shipper-objects", "Arn": UNKNOWN})]
    assert list(template.resources()) == expected
    assert template.parameters_of("One", "QueueName") == ["Name"]


@pytest.mark.parametrize("text", ["a: [", "- a", "Resources: []", ""])
def test_what_is_no_template_is_refused(text):
    with pytest.raises(TemplateError):
        Template(text, {}, PSEUDO)
