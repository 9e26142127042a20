"""What is built in: every source into every destination in every mode, from the first sync to the last."""

from __future__ import annotations

from testing.syncs.cells import Cell, check_cell, check_refusal, illegal, legal, table
from testing.syncs.origins import File, SampleData
from testing.syncs.programs import Program

CELLS = table(File, SampleData, Program)


@legal(CELLS)
def test_a_cell_holds_what_it_must_after_every_job(bench, land, cell: Cell, tmp_path):
    check_cell(cell, cell.origin(bench, tmp_path), land(cell.landing))


@illegal(CELLS)
def test_a_cell_that_cannot_be_is_refused_by_name(bench, land, cell: Cell, tmp_path):
    check_refusal(cell, CELLS, cell.origin(bench, tmp_path), land(cell.landing))
