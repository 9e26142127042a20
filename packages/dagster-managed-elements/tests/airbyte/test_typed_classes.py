"""Typed classes: what a specification is written as, and what such a class takes and refuses."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
import re
import sys
from types import ModuleType

import pytest
from dagster_managed_elements.airbyte import (
    AirbyteDestination,
    AirbyteDestinationDefinition,
    AirbyteSource,
    AirbyteSourceDefinition,
    EnvVar,
    Secret,
)
from dagster_managed_elements.airbyte.specs.classes import Described, class_name, module_text
from dagster_managed_elements.airbyte.structures import as_mapping
from dagster_managed_elements.airbyte.wire import Definition
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import UNSET

SECRET = {"type": "string", "airbyte_secret": True, "default": "hush"}
SSH = {
    "title": "SSH: Secure Shell",
    "required": ["storage", "host"],
    "properties": {
        "storage": {"const": "SSH"},
        "host": {"type": "string", "description": 'Where <b>it</b> \\ "is"'},
        "password": SECRET,
    },
}
SPEC = {
    "type": "object",
    "required": ["url", "format", "provider"],
    "properties": {
        "url": {"type": "string", "order": 1},
        "format": {"enum": ["csv", "json"], "default": "csv", "order": 0},
        "provider": {"oneOf": [{"title": "None", "properties": {"storage": {"const": "none"}}}, SSH]},
        "from": {"type": "integer"},
        "X-Api-Key": SECRET,
        "streams": {
            "type": "array",
            "title": "Streams",
            "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        },
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "ratio": {"type": ["number", "null"]},
        "verbose": {"type": "boolean"},
    },
}
FILE = Definition(id="1", name="File (CSV, JSON)", docker_repository="airbyte/source-file")

TEXT = '''\
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dagster_managed_elements.airbyte.typed import (
    UNSET,
    Secret,
    TypedConfiguration,
    Unset,
)


@dataclass(frozen=True, kw_only=True, repr=False)
class FileSource(TypedConfiguration):
    """Configuration of the source File (CSV, JSON) (airbyte/source-file)."""

    _side = "source"
    _name = "File (CSV, JSON)"
    _image = "airbyte/source-file"

    @dataclass(frozen=True, kw_only=True, repr=False)
    class None_(TypedConfiguration):
        """None"""

        storage: Literal["none"] | Unset = "none"

    @dataclass(frozen=True, kw_only=True, repr=False)
    class SSHSecureShell(TypedConfiguration):
        """SSH: Secure Shell"""

        host: str | Secret
        """Where it \\\\ 'is'"""
        storage: Literal["SSH"] = "SSH"
        password: Secret | Unset = UNSET

    @dataclass(frozen=True, kw_only=True, repr=False)
    class StreamsEntry(TypedConfiguration):
        """StreamsEntry"""

        name: str | Secret

    format: Literal["csv", "json"] | Secret
    """By default 'csv'."""
    url: str | Secret
    provider: FileSource.None_ | FileSource.SSHSecureShell
    X_Api_Key: Secret | Unset = field(default=UNSET, metadata={"setting": "X-Api-Key"})
    from_: int | Secret | Unset = field(default=UNSET, metadata={"setting": "from"})
    headers: Mapping[str, str | Secret] | Unset = UNSET
    ratio: float | Secret | None | Unset = UNSET
    streams: Sequence[FileSource.StreamsEntry] | Unset = UNSET
    verbose: bool | Secret | Unset = UNSET
'''


def written(schema=SPEC, definition=FILE):
    return module_text([Described("source", definition, schema)])


def loaded(monkeypatch, schema=SPEC):
    module = ModuleType("connectors_of_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(written(schema), module.__dict__)
    return module


@pytest.fixture
def classes(monkeypatch):
    return loaded(monkeypatch)


def whole(classes, **more):
    source = classes.FileSource
    return source(**{"url": "u", "format": "csv", "provider": source.SSHSecureShell(host="h"), **more})


def test_a_specification_is_written_so():
    assert written() == TEXT


def test_the_text_is_the_same_whatever_order_a_server_has_its_keys_in():
    backwards = {
        **SPEC,
        "properties": dict(reversed(SPEC["properties"].items())),
        "required": SPEC["required"][::-1],
    }
    assert written(backwards) == TEXT


@pytest.mark.parametrize(
    ("image", "name", "wanted"),
    [
        ("airbyte/source-azure-blob-storage", "Azure Blob Storage", "AzureBlobStorageSource"),
        ("airbyte/source-s3", "S3", "S3Source"),
        ("airbyte/source-100ms", "100ms", "_100msSource"),
        ("acme/crm", "CRM of Acme", "CrmSource"),
        ("airbyte/source-declarative-manifest", "My API", "MyApiSource"),
        ("", "My API", "MyApiSource"),
    ],
)
def test_a_class_is_named_for_the_connectors_image(image, name, wanted):
    assert class_name("source", Definition(id="1", name=name, docker_repository=image)) == wanted


TITLES = {
    "HTTPS: Public Web": "HTTPSPublicWeb",
    "GCS: Google Cloud Storage": "GCSGoogleCloudStorage",
    "S3: Amazon Web Services": "S3AmazonWebServices",
    "AzBlob: Azure Blob Storage": "AzBlobAzureBlobStorage",
    "SCP: Secure copy protocol": "SCPSecureCopyProtocol",
    "SFTP: Secure File Transfer Protocol": "SFTPSecureFileTransferProtocol",
    "Local Filesystem (limited)": "LocalFilesystemLimited",
    "verify-ca": "VerifyCa",
    "Logical Replication (CDC)": "LogicalReplicationCDC",
    "SSH Key Authentication": "SSHKeyAuthentication",
    "No Tunnel": "NoTunnel",
    "None": "None_",
    "OAuth2.0": "OAuth20",
    "Authenticate via Google (OAuth)": "AuthenticateViaGoogleOAuth",
    "TLS Encrypted (verify certificate)": "TLSEncryptedVerifyCertificate",
    "JSON Lines: Newline-delimited JSON": "JSONLinesNewlineDelimitedJSON",
    "CSV: Comma-Separated Values": "CSVCommaSeparatedValues",
    "SASL SSL": "SASLSSL",
}
"""Titles of choices, and what upstream's generated classes for them were called."""


def test_a_choice_is_named_for_its_title_as_upstream_named_it():
    forms = [{"title": title, "properties": {"at": {"const": title}}} for title in TITLES]
    text = written({"properties": {"kind": {"oneOf": forms}}})
    found = [line.split()[1].partition("(")[0] for line in text.splitlines() if line.startswith("    class ")]
    assert found == list(TITLES.values())


def test_a_choice_without_a_title_is_named_for_the_constant_that_tells_it():
    titled = {"title": "x", "properties": {"option_title": {"const": "OAuth Credentials"}, "a": {"type": "string"}}}
    told = {"properties": {"auth_type": {"const": "oauth2.0"}}}
    neither = {"properties": {"key": {"type": "string"}}}
    text = written({"properties": {"auth_by": {"oneOf": [titled, told, neither]}}})
    assert re.findall(r"^    class (\w+)", text, re.MULTILINE) == ["OAuthCredentials", "Oauth20", "AuthBy3"]


def test_two_choices_of_one_title_are_two_classes_where_they_differ_and_one_where_they_do_not():
    def choice(**more):
        return {"oneOf": [{"title": "Standard", "properties": {"at": {"const": "s"}, **more}}]}

    same = written({"properties": {"a": choice(), "b": choice()}})
    assert same.count("class ") == 2
    other = written(
        {"properties": {"a": choice(), "b": choice(more={"type": "string"}), "c": choice(n={"const": 1})}}
    )
    assert [f"class {name}(" in other for name in ("Standard", "BStandard", "CStandard")] == [True] * 3


def test_two_connectors_of_one_image_name_are_two_classes():
    fork = Definition(id="2", name="Files of ours", docker_repository="acme/source-file")
    text = module_text([Described("source", FILE, SPEC), Described("source", fork, {})])
    assert "\nclass FileSource(" in text
    assert "\nclass FilesOfOursSource(" in text


def test_what_a_broken_schema_has_is_anything():
    text = written({"properties": {"a": {"type": "shape"}, "b": {}, "c": {"enum": [0.5]}, "d": {"items": [1]}}})
    compile(text, "connectors", "exec")
    assert "a: Any | Unset = UNSET" in text


HOSTILE = [
    '"""\nimport os\n',
    "a\\",
    "'; x",
    "\ud800",
    "\u00b2",
    "\ufb01eld",
    "__private",
    "class",
    "1st",
    "a b",
    "",
    "\x00",
    "str",
]


def test_whatever_a_server_calls_things_the_text_is_a_class_and_nothing_else(monkeypatch):
    module = ModuleType("hostile")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    setting = {name: {"type": "string", "description": name, "default": name, "title": name} for name in HOSTILE}
    choice = {"oneOf": [{"title": name, "properties": {"at": {"const": name}}} for name in HOSTILE]}
    many = {"enum": HOSTILE, "title": HOSTILE[0]}
    schema = {"properties": {**setting, "choice": choice, "many": many, "UNSET": {}, "field": {}, "of": {}}}
    name = f"{HOSTILE[0]}{HOSTILE[1]}"
    text = written(schema, Definition(id="1", name=name, docker_repository=f"acme/{name}"))
    (cls,) = (one for one in ast.parse(text).body if isinstance(one, ast.ClassDef))
    exec(text, module.__dict__)
    given = {**{setting: setting for setting in HOSTILE}, "UNSET": 1, "field": 2, "of": 3, "many": HOSTILE[3]}
    for at in HOSTILE:
        whole = {**given, "choice": {"at": at}}
        assert as_mapping(module.__dict__[cls.name].of(whole)) == whole


def test_a_class_comes_to_the_mapping_that_the_connector_wants(classes):
    source = whole(
        classes,
        from_=3,
        X_Api_Key=EnvVar("KEY"),
        streams=[classes.FileSource.StreamsEntry(name="n")],
        ratio=None,
        headers={"a": EnvVar("A")},
    )
    wanted = {
        "url": "u",
        "format": "csv",
        "provider": {"storage": "SSH", "host": "h"},
        "from": 3,
        "X-Api-Key": EnvVar("KEY"),
        "streams": [{"name": "n"}],
        "ratio": None,
        "headers": {"a": EnvVar("A")},
    }
    assert as_mapping(source) == wanted
    assert AirbyteSource("s", "File", source) == AirbyteSource("s", "File", wanted)
    assert classes.FileSource.of(wanted) == source


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (None, ": must be a mapping."),
        ([1], ": must be a mapping."),
        ("url: u", ": must be a mapping."),
        ({1: 2}, ".1: is not a setting of it."),
        ({True: "x"}, ".True: is not a setting of it."),
        ({"provider": {"storage": "SSH", "host": "h", 1: 2}}, ".provider.1: is not a setting of it."),
    ],
)
def test_what_a_file_may_hold_and_no_configuration_is_told_as_any_problem(classes, given, problem):
    with pytest.raises(DeclarationError) as told:
        classes.FileSource.of(given)
    assert f"FileSource{problem}" in str(told.value).splitlines()


def test_a_setting_may_be_called_as_an_argument_of_python(monkeypatch):
    module = loaded(monkeypatch, {"properties": {"cls": {"type": "integer"}, "self": {"type": "integer"}}})
    assert as_mapping(module.FileSource(cls=1, self=2)) == {"cls": 1, "self": 2}


def test_a_constant_that_a_mapping_leaves_out_stays_out(classes):
    given = {"url": "u", "format": "csv", "provider": {}}
    assert as_mapping(classes.FileSource.of(given)) == given
    assert as_mapping(classes.FileSource.None_()) == {"storage": "none"}


def test_a_secret_given_as_text_is_one_and_is_printed_nowhere(classes):
    made = classes.FileSource.SSHSecureShell(host="h", password="hush")
    assert made.password == Secret.literal("hush")
    assert repr(made) == "FileSource.SSHSecureShell(host='h', storage='SSH', password=**********)"
    assert "hush" not in written()


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"url": UNSET}, ["url: is required."]),
        ({"url": 3}, ["url: must be text."]),
        ({"url": None}, ["url: must be text."]),
        ({"format": "cvs"}, ["format: must be 'csv' or 'json'."]),
        ({"provider": "SSH"}, ["provider: must be FileSource.None_ or FileSource.SSHSecureShell."]),
        ({"provider": EnvVar("X")}, ["provider: cannot be a secret as a whole; it must be FileSource.None_ or"]),
        ({"provider": {"storage": "SSH", "password": "hush"}}, ["provider.host: is required."]),
        ({"provider": {"storage": "FTP"}}, ["provider: must be FileSource.None_ or FileSource.SSHSecureShell."]),
        ({"from_": True}, ["from: must be a whole number."]),
        ({"from_": 1.5}, ["from: must be a whole number."]),
        ({"ratio": "1"}, ["ratio: must be a number."]),
        ({"verbose": 1}, ["verbose: must be True or False."]),
        ({"streams": "n"}, ["streams: must be a list."]),
        (
            {"streams": [{"name": "n"}, {"nam": "n"}]},
            ["streams.1.name: is required.", "streams.1.nam: is not a set"],
        ),
        ({"headers": {"a": 1}}, ["headers.a: must be text."]),
        ({"X_Api_Key": None}, ["X-Api-Key: must be a secret."]),
        ({"ulr": "u"}, ["ulr: is not a setting of it; did you mean 'url'?"]),
        ({"url": 1, "format": 2}, ["format: must be 'csv' or 'json'.", "url: must be text."]),
    ],
)
def test_what_does_not_fit_is_told_at_once_and_without_a_value(classes, given, problems):
    with pytest.raises(DeclarationError) as told:
        whole(classes, **given)
    lines = str(told.value).splitlines()
    assert len(lines) == len(problems)
    assert all(line.startswith(f"FileSource.{problem}") for line, problem in zip(lines, problems, strict=True))
    assert "hush" not in str(told.value)


def test_nothing_given_misses_all_that_is_required(classes):
    with pytest.raises(DeclarationError) as told:
        classes.FileSource()
    assert str(told.value).count("is required") == 3
    with pytest.raises(DeclarationError, match="takes its settings by keyword"):
        classes.FileSource("u")


def test_a_class_is_a_value_like_any_other(classes):
    source = whole(classes, X_Api_Key="hush")
    assert dataclasses.replace(source, url="v").url == "v"
    assert copy.deepcopy(source.provider) == source.provider
    assert pickle.loads(pickle.dumps(classes.FileSource.None_())) == classes.FileSource.None_()
    with pytest.raises(DeclarationError, match="url: must be text"):
        dataclasses.replace(source, url=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        source.url = "v"


FORK = AirbyteSourceDefinition("Our File", docker_repository="us/source-file", docker_image_tag="1")
ID = "778daa7c-feaf-4db6-96f3-70fd645acc77"


@pytest.mark.parametrize("connector", ["File (CSV, JSON)", "file", "airbyte/source-file", "source-file", ID, FORK])
def test_a_class_configures_its_connector_whatever_that_is_called(classes, connector):
    AirbyteSource("a", connector, whole(classes))


@pytest.mark.parametrize(
    ("element", "connector", "said"),
    [
        (AirbyteSource, "Sample Data", "source_configuration is that of {}, not of the source 'Sample Data'."),
        (AirbyteDestination, "File", "destination_configuration is that of {}, not of the destination 'File'."),
        (AirbyteDestination, ID, f"destination_configuration is that of {{}}, not of the destination {ID!r}."),
    ],
)
def test_the_class_of_another_connector_is_refused_where_it_is_declared(classes, element, connector, said):
    with pytest.raises(DeclarationError) as refused:
        element("a", connector, whole(classes))
    told = said.format("the source File (CSV, JSON) (airbyte/source-file)")
    assert str(refused.value) == f"{element.__name__} 'a': {told}"


def test_what_is_no_connector_is_refused_with_all_that_is_one():
    other = AirbyteDestinationDefinition("Ours", docker_repository="us/x", docker_image_tag="1")
    with pytest.raises(DeclarationError) as refused:
        AirbyteSource("a", other, {})
    assert str(refused.value) == (
        "AirbyteSource 'a': source_type wants a str or an AirbyteSourceDefinition or an AirbyteLowCodeConnector or "
        "a reference by existing(), not AirbyteDestinationDefinition."
    )
