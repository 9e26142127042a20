from collections import Counter

import pytest
from dagster_managed_elements.airbyte.specs.connectors import Connectors, Unfound
from dagster_managed_elements.airbyte.wire import Definition

FILE = Definition(id="f1", name="File (CSV, JSON, Excel)", docker_repository="airbyte/source-file")
FAKER = Definition(id="f2", name="Sample Data", docker_repository="airbyte/source-faker")
LOCAL = Definition(id="d1", name="Local JSON", docker_repository="airbyte/destination-local-json")
OURS = Definition(id="c1", name="Cereals", docker_repository="airbyte/source-declarative-manifest")
THEIRS = Definition(id="c2", name="cereals", docker_repository="airbyte/source-declarative-manifest")
GREEN = Definition(id="g1", name="Green", docker_repository="acme/source-green")
IMPOSTOR = Definition(id="g2", name="source-file", docker_repository="acme/source-red")

SOURCES = Connectors("source", [FILE, FAKER, OURS, THEIRS, GREEN])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("f1", FILE),
        ("F1", FILE),
        ("File (CSV, JSON, Excel)", FILE),
        ("file (csv, json, excel)", FILE),
        ("airbyte/source-file", FILE),
        ("source-file", FILE),
        ("Source-File", FILE),
        ("File", FILE),
        (" file ", FILE),
        ("Faker", FAKER),
        ("sample data", FAKER),
        ("Cereals", OURS),
        ("cereals", THEIRS),
        ("acme/source-green", GREEN),
    ],
)
def test_a_connector_is_found_by_every_name_people_use(wanted, found):
    assert SOURCES.find(wanted) is found


def test_a_destination_is_found_by_the_name_its_class_once_had():
    assert Connectors("destination", [LOCAL]).find("Local Json") is LOCAL


def test_a_name_beats_an_image_of_the_same_spelling():
    assert Connectors("source", [FILE, IMPOSTOR]).find("source-file") is IMPOSTOR


def test_an_id_beats_a_name_of_the_same_spelling():
    named_like_an_id = Definition(id="x", name="f1")
    assert Connectors("source", [named_like_an_id, FILE]).find("f1") is FILE


def test_what_fits_two_connectors_is_refused_with_both_ids():
    result = SOURCES.find("CEREALS")
    assert isinstance(result, Unfound)
    assert "c1" in result.message
    assert "c2" in result.message


def test_a_misspelt_name_is_answered_with_the_nearest():
    result = SOURCES.find("Fiel")
    assert result == Unfound("There is no source connector 'Fiel'. Did you mean 'File (CSV, JSON, Excel)'?")


def test_a_name_like_no_other_is_answered_with_how_to_name_one():
    result = SOURCES.find("Quantum Ledger")
    assert isinstance(result, Unfound)
    assert "among the 5 of this workspace" in result.message


@pytest.mark.parametrize("wanted", ["", "  ", "-", "()"])
def test_an_empty_name_fits_nothing(wanted):
    bare = Definition(id="n1", name="(hidden)", docker_repository="")
    assert isinstance(Connectors("source", [bare]).find(wanted), Unfound)


def test_only_the_exact_id_is_an_id():
    assert SOURCES.get("f1") is FILE
    assert SOURCES.get("F1") is None


@pytest.mark.parametrize("side", ["source", "destination"])
def test_every_connector_of_the_registry_is_found_by_id_image_and_unique_name(corpus, side):
    entries = [entry for entry in corpus if entry["kind"] == side]
    definitions = [
        Definition(id=entry["id"], name=entry["name"], docker_repository=entry["repository"]) for entry in entries
    ]
    connectors = Connectors(side, definitions)
    images = Counter(definition.docker_repository for definition in definitions)
    names = Counter(definition.name.casefold() for definition in definitions)
    for definition in definitions:
        assert connectors.find(definition.id) is definition
        if images[definition.docker_repository] == 1:
            assert connectors.find(definition.docker_repository) is definition
            assert connectors.find(definition.docker_repository.rpartition("/")[2]) is definition
        if names[definition.name.casefold()] == 1:
            assert connectors.find(definition.name) is definition
        else:
            found = connectors.find(definition.name)
            assert found is definition or isinstance(found, Unfound)
    assert len(definitions) == {"source": 591, "destination": 56}[side]
