"""A choice named by the label of its branch becomes what the branch is told by, and what is configured in it."""

from __future__ import annotations

import re

import pytest
from dagster_managed_elements.airbyte.generated.destinations import BigqueryDestination
from dagster_managed_elements.airbyte.generated.sources import FileSource
from dagster_managed_elements.airbyte.specs.choices import Choice, settle
from dagster_managed_elements.airbyte.specs.schemas import branches, constants, parts, properties
from dagster_managed_elements.airbyte.wire import Specification
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import EnvVar, Secret


def branch(title, constant, **more):
    return {"title": title, "properties": {"kind": {"const": constant}, **more}}


HMAC = branch("HMAC Key", "HMAC_KEY")
STAGING = branch("GCS Staging", "GCS", credential={"oneOf": [HMAC]})
OBJECT = {"title": "Report", "properties": {"of": {"type": "string"}, "form": {"const": "wide"}}}
SCHEMA = {
    "properties": {
        "provider": {
            "oneOf": [branch("HTTPS: Public Web", "HTTPS"), branch("Local Filesystem (limited)", "local")]
        },
        "loading": {"anyOf": [branch("Standard Inserts", "Standard"), STAGING]},
        "untitled": {"oneOf": [{"properties": {"mode": {"enum": ["verify-ca"]}}}, {"properties": {"mode": {}}}]},
        "twice": {"oneOf": [branch("Same", "one"), branch("Same", "other")]},
        "report": OBJECT,
        "reports": {"type": "array", "items": OBJECT},
        "formats": {"type": "array", "items": {"properties": {"format": {"oneOf": [branch("Avro", "AVRO")]}}}},
        "inside": {"allOf": [{"oneOf": [branch("None", "none")]}]},
    }
}


def made(label, **configuration):
    return type(label, (Choice,), {"label": label})(**configuration)


@pytest.mark.parametrize(
    ("configuration", "settled"),
    [
        ({"provider": FileSource.HTTPSPublicWeb()}, {"provider": {"kind": "HTTPS"}}),
        (
            {"provider": FileSource.HTTPSPublicWeb(user_agent=True)},
            {"provider": {"kind": "HTTPS", "user_agent": True}},
        ),
        ({"provider": FileSource.LocalFilesystemLimited()}, {"provider": {"kind": "local"}}),
        (
            {"loading": BigqueryDestination.GCSStaging(credential=BigqueryDestination.HMACKey(id="i"))},
            {"loading": {"kind": "GCS", "credential": {"kind": "HMAC_KEY", "id": "i"}}},
        ),
        ({"untitled": made("VerifyCa", key="k")}, {"untitled": {"mode": "verify-ca", "key": "k"}}),
        ({"report": made("Whatever", of="sales")}, {"report": {"form": "wide", "of": "sales"}}),
        ({"reports": [made("ReportEntry", of="sales")]}, {"reports": [{"form": "wide", "of": "sales"}]}),
        ({"formats": [{"format": made("Avro")}]}, {"formats": [{"format": {"kind": "AVRO"}}]}),
        ({"inside": made("None_")}, {"inside": {"kind": "none"}}),
        ({"foreign": made("Anything", a=1)}, {"foreign": {"a": 1}}),
        ({"provider": {"kind": "HTTPS"}, "n": None}, {"provider": {"kind": "HTTPS"}, "n": None}),
    ],
)
def test_a_choice_is_settled_by_the_title_of_its_branch(configuration, settled):
    assert settle(configuration, Specification(connection_specification=SCHEMA)) == (settled, [])


@pytest.mark.parametrize(
    ("configuration", "finding"),
    [
        (
            {"provider": FileSource.HTTPSPublicWebb()},
            (
                ("provider",),
                (
                    "HTTPSPublicWebb is none of the choices here, which are 'HTTPS: Public Web', "
                    "'Local Filesystem (limited)'; did you mean 'HTTPS: Public Web'?"
                ),
            ),
        ),
        (
            {"loading": BigqueryDestination.GCSStaging(credential=BigqueryDestination.Quantum())},
            (("loading", "credential"), "Quantum is none of the choices here, which are 'HMAC Key'"),
        ),
        (
            {"twice": made("Same")},
            (("twice",), "Same fits several of the forms allowed here; write it as a dict"),
        ),
    ],
)
def test_a_choice_that_is_none_is_told_with_those_there_are(configuration, finding):
    _, findings = settle(configuration, Specification(connection_specification=SCHEMA))
    assert findings == [finding]


def test_where_no_specification_is_told_every_choice_says_so():
    configuration = {"provider": FileSource.HTTPSPublicWeb(), "formats": [{"format": made("Avro")}], "url": "x"}
    _, findings = settle(configuration, Specification(is_partial=True))
    assert findings == [
        (
            ("provider",),
            "this API does not tell what HTTPSPublicWeb stands for; give specs=, or write it as a dict",
        ),
        (
            ("formats", "0", "format"),
            "this API does not tell what Avro stands for; give specs=, or write it as a dict",
        ),
    ]


def test_a_secret_in_a_choice_stays_one_and_is_not_printed():
    choice = FileSource.SSHSecureShell(password=EnvVar("PASSWORD"), user="hush")
    settled, _ = settle({"provider": choice}, Specification(connection_specification=SCHEMA | {"properties": {}}))
    assert settled["provider"]["password"] == Secret.env("PASSWORD")
    assert repr(choice) == str(choice) == "SSHSecureShell(...)"


def test_what_contains_itself_is_refused_where_it_is_written():
    circle = {}
    circle["again"] = circle
    with pytest.raises(DeclarationError, match=r"^Circle contains itself, or nests more than 100 levels deep\.$"):
        made("Circle", circle=circle)


def test_every_branch_of_the_registry_is_found_by_its_title_as_a_class_is_named(corpus):
    """The copy at hand has no titles, so each branch gets one, such as vendors write."""
    found = 0
    for where, schema in (at for connector in corpus for at in named(connector["spec"])):
        told = [constants(branch) for branch in branches(schema)]
        titled = [{**one, "title": f"Way no. {number}: (way)"} for number, one in enumerate(branches(schema))]
        specification = Specification(connection_specification={"properties": {where: {"oneOf": titled}}})
        for number, expected in enumerate(told) if all(told) else ():
            assert settle({where: made(f"WayNo{number}Way")}, specification) == ({where: expected}, [])
            found += 1
    assert found > 400


def test_every_branch_without_a_title_is_found_by_what_it_is_told_by(corpus):
    found = 0
    for where, schema in (at for connector in corpus for at in named(connector["spec"])):
        told = [constants(branch) for branch in branches(schema)]
        labels = [re.sub(r"[\W_]", "", str(value)).upper() for constant in told for value in constant.values()]
        if any(len(constant) != 1 for constant in told) or any(map(branches, branches(schema))):
            continue
        specification = Specification(connection_specification={"properties": {where: schema}})
        for label, expected in zip(labels, told, strict=True):
            if label and labels.count(label) == 1:
                assert settle({where: made(label)}, specification) == ({where: expected}, [])
                found += 1
    assert found > 200


def named(schema):
    """Every property with branches, and its name."""
    for part in parts(schema):
        for name, inner in properties(part).items():
            if branches(inner):
                yield name, inner
            yield from named(inner)
