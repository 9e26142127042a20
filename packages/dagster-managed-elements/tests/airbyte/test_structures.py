"""What has fields, wherever a configuration may stand: it comes to the mapping that it says."""

from __future__ import annotations

import dataclasses
import enum
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypedDict

import dagster
import msgspec
import pydantic
import pydantic.v1
import pytest
from dagster_managed_elements.airbyte import AirbyteDestination, AirbyteSource, Secret
from dagster_managed_elements.airbyte.generated.sources import FileSource
from dagster_managed_elements.airbyte.structures import as_mapping
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import SECRET_MASK, UNSET


class Size(enum.Enum):
    BIG = "big"


class Typed(TypedDict):
    host: str


@dataclasses.dataclass
class Plain:
    host: str
    port: int = 5432
    left_out: Any = UNSET
    key: Any = dataclasses.field(default=None, metadata={"setting": "x-key"})
    inner: Any = None


class Struct(msgspec.Struct, rename="camel", tag="S3", tag_field="storage"):
    bucket_name: str
    prefix: str | msgspec.UnsetType = msgspec.UNSET


class Sparse(msgspec.Struct, omit_defaults=True):
    host: str
    port: int = 5432
    tags: list[str] = msgspec.field(default_factory=list)


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", arbitrary_types_allowed=True)
    host: str
    port: int = 5432
    password: pydantic.SecretStr | None = None
    api_key: Any = pydantic.Field(default=None, alias="apiKey")
    hidden: int = pydantic.Field(default=1, exclude=True)
    size: Size = Size.BIG
    since: datetime = datetime(2024, 1, 1, tzinfo=timezone.utc)
    url: pydantic.HttpUrl | None = None
    inner: Any = None


class ModelOfV1(pydantic.v1.BaseModel):
    host: str
    port: int = 5432
    password: pydantic.v1.SecretStr = pydantic.v1.SecretStr("hush")
    api_key: str = pydantic.v1.Field("k", alias="apiKey")
    hidden: int = pydantic.v1.Field(1, exclude=True)


@pydantic.dataclasses.dataclass
class PydanticDataclass:
    api_key: str = pydantic.Field(alias="apiKey")


MODEL = {"host": "h", "port": 5432, "password": None, "apiKey": None, "size": "big"}
MODEL |= {"since": "2024-01-01T00:00:00Z", "url": None, "inner": None}
HUSH = Secret.literal("hush")

CASES = [
    (Typed(host="h"), {"host": "h"}),
    (Plain("h", key=1), {"host": "h", "port": 5432, "x-key": 1, "inner": None}),
    (Struct("b"), {"storage": "S3", "bucketName": "b"}),
    (Struct("b", prefix="p"), {"storage": "S3", "bucketName": "b", "prefix": "p"}),
    (Sparse("h"), {"host": "h"}),
    (Sparse("h", 1, ["t"]), {"host": "h", "port": 1, "tags": ["t"]}),
    (Model(host="h"), MODEL),
    (Model(host="h", apiKey=1, more=2), {**MODEL, "apiKey": 1, "more": 2}),
    (Model(host="h", password="hush"), {**MODEL, "password": HUSH}),
    (Model(host="h", inner=Secret.env("X")), {**MODEL, "inner": Secret.env("X")}),
    (Model(host="h", inner=[Plain("i")]), {**MODEL, "inner": [as_mapping(Plain("i"))]}),
    (
        Model(host="h", inner=Path("/p"), url="https://h.example"),
        {**MODEL, "inner": "/p", "url": "https://h.example/"},
    ),
    (ModelOfV1(host="h"), {"host": "h", "port": 5432, "password": HUSH, "apiKey": "k"}),
    (PydanticDataclass(apiKey="k"), {"apiKey": "k"}),
    ({"a": [Plain("h")], "b": 1}, {"a": [as_mapping(Plain("h"))], "b": 1}),
]


@pytest.mark.parametrize(("given", "mapping"), CASES, ids=lambda one: type(one).__name__)
def test_what_has_fields_is_the_element_that_its_mapping_is(given, mapping):
    assert as_mapping(given) == mapping
    assert AirbyteSource("s", "File", given) == AirbyteSource("s", "File", mapping)
    assert AirbyteDestination("d", "S3", given).fields() == AirbyteDestination("d", "S3", mapping).fields()


def test_a_secret_of_pydantic_is_read_where_it_is_sent_and_printed_nowhere():
    source = AirbyteSource("s", "File", Model(host="h", password="hush"))
    secret = source.fields()["configuration"]["password"]
    assert secret.read() == "hush"
    assert "hush" not in f"{source!r} {source.fields()!r}"
    assert SECRET_MASK not in secret.read()


@pytest.mark.parametrize("kind", [pydantic.SecretStr, pydantic.v1.SecretStr])
def test_dagsters_variable_in_a_secret_of_pydantic_is_that_variables(kind):
    source = AirbyteSource("s", "File", Model(host="h", apiKey=kind(dagster.EnvVar("KEY"))))
    assert source.fields()["configuration"]["apiKey"] == Secret.env("KEY")
    assert Model(host=dagster.EnvVar("KEY")).host == "KEY", "the page need not warn of it any more"


def test_a_plain_mapping_is_kept_as_it_is():
    configuration = {"a": [1, {"b": Secret.env("X")}], "when": datetime(2024, 1, 1, tzinfo=timezone.utc)}
    assert as_mapping(configuration) is configuration


def test_a_part_of_what_upstreams_classes_are_given_may_have_fields():
    source = FileSource("s", provider=FileSource.SSHSecureShell(login=Plain("h")))
    assert source.source_configuration["provider"].configuration["login"]["host"] == "h"


def test_what_contains_itself_is_refused_where_it_is_written():
    plain = Plain("h")
    plain.inner = plain
    with pytest.raises(DeclarationError, match="A configuration contains itself"):
        AirbyteSource("s", "File", plain)


@pytest.mark.parametrize("given", ["text", 3, [Plain("h")], object(), HUSH, AirbyteSource("s", "File")])
def test_what_is_no_configuration_is_refused(given):
    with pytest.raises(DeclarationError, match="source_configuration wants a Mapping"):
        AirbyteSource("s", "File", given)
