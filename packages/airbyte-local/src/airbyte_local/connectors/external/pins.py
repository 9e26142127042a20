"""The connectors of the package index that were tried: each at one version, and all that it needs at one version.

A pin's lock, made by `make requirements`, names each package that is installed: tomorrow's release changes nothing.
Only names that begin with `airbyte-` are the vendor's; `source-faker` and two hundred like it are somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from airbyte_local.connectors.local_paths import readable
from airbyte_local.connectors.protocol import Surroundings
from airbyte_local.model.json_values import Json, is_object

Adapt = Callable[[Json, Surroundings], Json]
Here = Literal["built in", "imitated", "named"]
"""What there is without an installation: a connector of our own, one that only pretends, or a specification."""
LOCKS = Path(__file__).with_name("locks")


def as_given(configuration: Json, _around: Surroundings) -> Json:
    return configuration


def with_local_file(configuration: Json, around: Surroundings) -> Json:
    """In its image File finds the files of `/local` there, and takes any other path too; here it gets no other."""
    provider = configuration.get("provider")
    if not (is_object(provider) and provider.get("storage") == "local"):
        return configuration
    return {**configuration, "url": str(readable(around.local_root, str(configuration.get("url", ""))))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    name: str  # what `airbyte-local install` calls it
    title: str
    image: str
    package: str
    version: str
    script: str
    python: str = "3.11"
    here: Here = "imitated"
    adapt: Adapt = as_given

    @property
    def lock(self) -> Path:
        return LOCKS / f"{self.package}.txt"

    @property
    def folder_name(self) -> str:
        return f"{self.package}-{self.version}"


def _source(name: str, title: str, version: str, here: Here = "imitated", adapt: Adapt = as_given) -> Pin:
    return Pin(
        name=name,
        title=title,
        image=f"airbyte/source-{name}",
        package=f"airbyte-source-{name}",
        version=version,
        script=f"source-{name}",
        here=here,
        adapt=adapt,
    )


LOW_CODE = Pin(
    name="declarative-manifest",
    title="Low-code connectors",
    image="airbyte/source-declarative-manifest",
    package="airbyte-cdk",
    version="7.39.1",
    script="source-declarative-manifest",
    here="named",
)
PINS: tuple[Pin, ...] = (
    _source("faker", "Sample Data", "7.2.1", "built in"),
    _source("file", "File", "0.6.0", "built in", with_local_file),
    _source("github", "GitHub", "2.7.1"),
    _source("hardcoded-records", "Hardcoded Records", "0.0.48", "named"),
    _source("s3", "S3", "4.14.2"),
    _source("stripe", "Stripe", "5.14.1"),
    LOW_CODE,
)
BY_IMAGE = {pin.image: pin for pin in PINS}


def find_pin(name: str) -> Pin | None:
    """By its name, its image with or without a tag, its package, or its script."""
    wanted = name.partition(":")[0]
    return next((pin for pin in PINS if wanted in (pin.name, pin.image, pin.package, pin.script)), None)
