"""Real connectors from the package index, each into every destination in every mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from testing.real_connectors import installed
from testing.syncs.cells import Cell, check_cell, check_refusal, illegal, legal, table
from testing.syncs.low_code import Manifest
from testing.syncs.real_origins import Faker, HardcodedRecords

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # the first one may install connectors
CELLS = table(Faker, Manifest, HardcodedRecords)


@pytest.fixture(scope="module")
def connectors() -> Path:
    return installed("faker", "declarative-manifest", "hardcoded-records")


@legal(CELLS)
def test_a_cell_holds_what_it_must_after_every_job(bench, land, cell: Cell, tmp_path):
    origin = cell.origin(bench, tmp_path)
    with origin.running():
        check_cell(cell, origin, land(cell.landing))


@illegal(CELLS)
def test_a_cell_that_cannot_be_is_refused_by_name(bench, land, cell: Cell, tmp_path):
    origin = cell.origin(bench, tmp_path)
    with origin.running():
        check_refusal(cell, CELLS, origin, land(cell.landing))
