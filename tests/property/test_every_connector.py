"""What is promised of a configuration is kept for all connectors of Airbyte's registry, or listed as not kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from testing.connector_campaign import Miss, campaign
from testing.connector_cases import cases
from testing.connector_limits import CHANGES, PAGE, flagged, is_listed, page, unheard
from testing.corpus import Connector, require_corpus
from testing.registry_airbyte import SERVERS, Server

ODD = (
    *("source-file", "source-postgres", "source-onesignal", "source-auth0", "source-paystack", "source-drift"),
    *("source-hellobaton", "source-cimis", "source-sftp-bulk", "destination-ragie", "destination-weaviate"),
    "destination-convex",
)
"""Choices, secrets in lists and choices, with a pattern, marked oddly, schemas that contradict themselves."""

TURNS = len(SERVERS)
"""Each way of asking tries another part of the changes, and all of them all."""

PARTS = 4


def unlisted(
    folder: Path, server: Server, connectors: tuple[Connector, ...], turns: int, *, served: bool = False
) -> list[Miss]:
    misses = campaign(folder, server, connectors, turns=turns, served=served)
    return [miss for miss in misses if not is_listed(miss, server, connectors)]


@pytest.mark.parametrize("server", [SERVERS[1], SERVERS[3]], ids=lambda server: server.name)
def test_the_odd_ones_keep_what_is_promised(tmp_path, server):
    odd = tuple(one for one in require_corpus() if str(one) in ODD)
    assert len(odd) == len(ODD)
    assert unlisted(tmp_path, server, odd, 16 * TURNS) == []


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_connector_keeps_what_is_promised_or_is_listed(tmp_path, server, part):
    assert unlisted(tmp_path, server, require_corpus()[part::PARTS], TURNS) == []


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_a_sample_keeps_it_over_the_network(tmp_path, server):
    sample = require_corpus()[:: 647 // 40]
    assert len(sample) > 40
    assert unlisted(tmp_path, server, sample, 8 * TURNS, served=True) == []


@pytest.mark.slow
def test_as_many_changes_are_drawn_as_the_page_says():
    assert sum(1 for connector in require_corpus() for _ in cases(connector)) == CHANGES


def test_no_setting_that_the_specification_calls_no_secret_is_among_the_secrets_that_are_not_masked():
    for connector in require_corpus():
        assert all(flagged(connector)[path] for path in unheard(connector))


def test_the_page_lists_what_the_specifications_say():
    assert PAGE.read_text(encoding="utf-8") == page(require_corpus())
