"""Sources and destinations: one code, so most claims are made of both."""

from __future__ import annotations

import pytest

MASK = "**********"
KINDS = pytest.mark.parametrize("kind", ["source", "destination"])
POSTGRES = {
    "host": "db",
    "port": 5432,
    "database": "shop",
    "schema": "public",
    "username": "me",
    "password": "hunter2",
}
TUNNEL = {"tunnel_method": "SSH_PASSWORD_AUTH", "tunnel_host": "t", "tunnel_port": 22, "tunnel_user": "u"}


def create(api, kind, name="pg", type_name="Postgres", **configuration):
    return getattr(api, kind)(name, type_name, **(configuration or POSTGRES))


def stored(api, kind, actor):
    return api.server.stored(kind, actor[f"{kind}Id"])


def coordinate(api, kind, actor, *path):
    with api.server.world.store.transaction() as session:
        value = session.actors.get(actor[f"{kind}Id"]).configuration
    for key in path:
        value = value[key]
    return value["_secret"]


@KINDS
def test_a_secret_is_masked_in_every_answer_and_kept_in_the_store(api, kind):
    actor = create(api, kind)
    key = {f"{kind}Id": actor[f"{kind}Id"]}
    page = {"workspaceIds": [api.workspace], "pagination": {}}
    reads = [
        actor,
        api.ok(f"{kind}s/get", key),
        api.ok(f"{kind}s/list", workspaceId=api.workspace)[f"{kind}s"][0],
        api.ok(f"{kind}s/list_paginated", page)[f"{kind}s"][0],
    ]
    assert [read["connectionConfiguration"] for read in reads] == [{**POSTGRES, "password": MASK}] * 4
    assert stored(api, kind, actor) == POSTGRES


@KINDS
def test_an_answer_has_no_nulls_and_seconds_for_time(api, kind):
    actor = create(api, kind)
    assert None not in actor.values()
    assert 1_600_000_000 < actor["createdAt"] < 10_000_000_000
    assert actor[f"{kind}Name"] == "Postgres"


@KINDS
def test_a_mask_in_a_full_update_keeps_the_secret_at_its_version(api, kind):
    actor = create(api, kind)
    before = coordinate(api, kind, actor, "password")
    api.ok(
        f"{kind}s/update",
        {f"{kind}Id": actor[f"{kind}Id"], "name": "new", "connectionConfiguration": {**POSTGRES, "password": MASK}},
    )
    assert stored(api, kind, actor) == POSTGRES
    assert coordinate(api, kind, actor, "password") == before
    assert api.names(f"{kind}s") == ["new"]


def test_every_write_of_a_raw_secret_makes_a_new_version_even_of_the_same_value(api):
    actor = create(api, "source")
    first = coordinate(api, "source", actor, "password")
    for _ in range(2):
        api.ok("sources/update", sourceId=actor["sourceId"], name="pg", connectionConfiguration=POSTGRES)
    assert first == f"airbyte_workspace_{api.workspace}_secret_{first.split('_')[4]}_v1"
    assert coordinate(api, "source", actor, "password") == first.removesuffix("_v1") + "_v3"


def test_a_secret_left_out_of_a_full_update_is_lost(api):
    actor = create(api, "source")
    without = {key: value for key, value in POSTGRES.items() if key != "password"}
    answer = api.ok("sources/update", sourceId=actor["sourceId"], name="pg", connectionConfiguration=without)
    assert "password" not in answer["connectionConfiguration"]
    assert stored(api, "source", actor) == without


def test_a_required_secret_left_out_of_a_full_update_is_refused(api):
    actor = api.source("stripe", "Stripe", client_secret="sk_live_1", account_id="a")
    refusal = api.refused(
        422, "sources/update", sourceId=actor["sourceId"], name="s", connectionConfiguration={"account_id": "a"}
    )
    assert "$: required property 'client_secret' not found" in refusal["message"]


def test_a_mask_in_the_chosen_branch_of_a_oneof_keeps_the_secret(api):
    configuration = {**POSTGRES, "tunnel_method": {**TUNNEL, "tunnel_user_password": "deep"}}
    actor = create(api, "source", **configuration)
    assert actor["connectionConfiguration"]["tunnel_method"]["tunnel_user_password"] == MASK
    masked = {**configuration, "tunnel_method": {**TUNNEL, "tunnel_user_password": MASK}}
    api.ok("sources/update", sourceId=actor["sourceId"], name="pg", connectionConfiguration=masked)
    assert stored(api, "source", actor) == configuration


def test_a_mask_inside_an_array_is_stored_as_the_secret(api):
    configuration = {
        "user_auth_key": "k",
        "applications": [{"app_id": "1", "app_api_key": "real"}],
        "start_date": "2020-01-01T00:00:00Z",
        "outcome_names": "o",
    }
    actor = api.source("signal", "OneSignal", **configuration)
    shown = actor["connectionConfiguration"]
    assert shown["applications"] == [{"app_id": MASK, "app_api_key": MASK}]
    api.ok("sources/update", sourceId=actor["sourceId"], name="signal", connectionConfiguration=shown)
    kept = stored(api, "source", actor)
    assert kept["user_auth_key"] == "k"
    assert kept["applications"] == [{"app_id": MASK, "app_api_key": MASK}]


def test_a_mask_that_does_not_satisfy_the_secrets_pattern_is_refused(api):
    configuration = {"secret_key": "sk_live_abc", "start_date": "2020-01-01T00:00:00Z"}
    actor = api.source("pay", "Paystack", **configuration)
    refusal = api.refused(
        422,
        "sources/update",
        sourceId=actor["sourceId"],
        name="pay",
        connectionConfiguration={**configuration, "secret_key": MASK},
    )
    assert "$.secret_key: does not match the regex pattern" in refusal["message"]


@KINDS
def test_a_partial_update_merges_deeply_and_cannot_remove_a_key(api, kind):
    actor = create(api, kind, **POSTGRES, tunnel_method={**TUNNEL, "tunnel_user_password": "deep"})
    answer = api.ok(
        f"{kind}s/partial_update",
        {f"{kind}Id": actor[f"{kind}Id"], "connectionConfiguration": {"tunnel_method": {"tunnel_port": 2222}}},
    )
    kept = stored(api, kind, actor)
    assert kept["tunnel_method"] == {**TUNNEL, "tunnel_user_password": "deep", "tunnel_port": 2222}
    assert kept["password"] == "hunter2"
    assert answer["name"] == "pg"


def test_a_partial_update_stores_the_mask_it_is_sent(api):
    actor = create(api, "source")
    api.ok("sources/partial_update", sourceId=actor["sourceId"], connectionConfiguration={"password": MASK})
    assert stored(api, "source", actor)["password"] == MASK


def test_a_partial_update_of_the_name_alone_touches_no_secret(api):
    actor = create(api, "source")
    before = coordinate(api, "source", actor, "password")
    assert api.ok("sources/partial_update", sourceId=actor["sourceId"], name="new")["name"] == "new"
    assert coordinate(api, "source", actor, "password") == before


def test_an_invalid_configuration_is_refused_with_every_error_and_the_schema(api):
    message = api.refused(
        422,
        "sources/create",
        workspaceId=api.workspace,
        sourceDefinitionId=api.definition("source", "Postgres"),
        name="x",
        connectionConfiguration={"host": 5, "port": 99999999, "ssl_mode": {"mode": "nonsense"}},
    )["message"]
    head, _, schema = message.partition(" \nSchema: \n")
    assert head.startswith(
        "The provided configuration does not fulfill the specification. Errors: "
        "json schema validation failed when comparing the data to the json schema. \nErrors: "
    )
    for part in (
        "$.host: integer found, string expected",
        "$.port: must have a maximum value of 65536",
        "$: required property 'database' not found",
        "$: required property 'username' not found",
        "$.ssl_mode: must be valid to one and only one schema, but 0 are valid",
    ):
        assert part in head
    assert '"airbyte_secret": true' in schema


def test_extra_keys_are_kept_unless_the_specification_is_closed(api):
    assert create(api, "source", **POSTGRES, extra=1)["connectionConfiguration"]["extra"] == 1
    refusal = api.refused(
        422,
        "destinations/create",
        workspaceId=api.workspace,
        destinationDefinitionId=api.definition("destination", "Local JSON"),
        name="x",
        connectionConfiguration={"destination_path": "/local/x", "extra": 1},
    )
    assert "$: property 'extra' is not defined in the schema" in refusal["message"]


@KINDS
def test_unknown_ids_and_missing_ones_are_refused_with_nothing_but_an_error_id(api, kind):
    unknown = "11111111-1111-1111-1111-111111111111"
    known = api.definition(kind, "Postgres")
    body = {
        "workspaceId": api.workspace,
        f"{kind}DefinitionId": known,
        "name": "x",
        "connectionConfiguration": POSTGRES,
    }
    refusals = [
        api.refused(404, f"{kind}s/get", {f"{kind}Id": unknown}),
        api.refused(404, f"{kind}s/create", {**body, f"{kind}DefinitionId": unknown}),
        api.refused(500, f"{kind}s/create", {**body, "workspaceId": unknown}),
        api.refused(500, f"{kind}s/create", {key: value for key, value in body.items() if key != "workspaceId"}),
    ]
    assert [list(refusal) for refusal in refusals] == [["errorId"]] * 4
    api.server.forget_requests()  # the contract wants a workspace


@KINDS
def test_names_are_not_unique(api, kind):
    first, second = create(api, kind), create(api, kind)
    assert first[f"{kind}Id"] != second[f"{kind}Id"]
    assert api.names(f"{kind}s") == ["pg", "pg"]


@KINDS
def test_a_deleted_actor_answers_200_with_a_configuration_of_null_and_is_in_no_list(api, kind):
    actor = create(api, kind)
    key = {f"{kind}Id": actor[f"{kind}Id"]}
    assert [api.ask(f"{kind}s/delete", key).status for _ in range(2)] == [204, 204]
    read = api.ok(f"{kind}s/get", key)
    assert read["connectionConfiguration"] is None
    assert "tombstone" not in read
    assert api.names(f"{kind}s") == []
    assert api.names(f"{kind}s", includeDeleted=True) == ["pg"]
    assert api.ok(f"{kind}s/list", workspaceId=api.workspace)[f"{kind}s"] == []
    with api.server.world.store.transaction() as session:
        assert session._database.execute("SELECT count(*) FROM secret").fetchone() == (0,)


@KINDS
def test_deleting_an_actor_deprecates_its_connections(api, kind):
    connection = api.connection()
    api.ok(f"{kind}s/delete", {f"{kind}Id": connection[f"{kind}Id"]})
    assert api.ok("connections/get", connectionId=connection["connectionId"])["status"] == "deprecated"
    assert api.names("connections", userId="00000000-0000-0000-0000-000000000000") == []


@KINDS
def test_a_plain_list_shows_twenty_unless_more_are_asked_for(api, kind):
    api.server.seed(**{f"{kind}s": [{"name": "n{n}", "count": 45}]})
    first = api.ok(f"{kind}s/list", workspaceId=api.workspace)
    assert (len(first[f"{kind}s"]), first["page_size"], first["num_connections"]) == (20, 20, 45)
    assert len(api.ok(f"{kind}s/list", workspaceId=api.workspace, pageSize=100)[f"{kind}s"]) == 45
    seen, cursor = [], {}
    while page := api.ok(f"{kind}s/list", workspaceId=api.workspace, **cursor)[f"{kind}s"]:
        seen += [actor["name"] for actor in page]
        cursor = {"cursor": page[-1][f"{kind}Id"]}
    assert seen == sorted(seen)
    assert len(set(seen)) == 45


def test_a_plain_list_can_be_searched_and_sorted(api):
    api.server.seed(
        sources=[{"name": "a"}, {"name": "b", "type": "PokeAPI", "configuration": {"pokemon_name": "x"}}]
    )
    by_name = api.ok("sources/list", workspaceId=api.workspace, sortKey="actorName_desc")["sources"]
    assert [source["name"] for source in by_name] == ["b", "a"]
    found = api.ok("sources/list", workspaceId=api.workspace, filters={"searchTerm": "pokeapi"})["sources"]
    assert [source["name"] for source in found] == ["b"]


def test_offset_pages_default_to_twenty_and_follow_no_order_that_a_write_leaves_alone(api):
    ids = api.server.seed(sources=[{"name": "n{n}", "count": 25}])["sources"]

    def page(**pagination):
        body = {"workspaceIds": [api.workspace], "pagination": pagination}
        return [source["sourceId"] for source in api.ok("sources/list_paginated", body)["sources"]]

    before = page(pageSize=25)
    assert (set(before), before != ids) == (set(ids), True)
    assert [page(), page(pageSize=10, rowOffset=20)] == [before[:20], before[20:]]
    for source_id in before[:9]:
        api.ok("sources/partial_update", sourceId=source_id, name="moved")
    after = page(pageSize=25)
    assert [each for each in after if each not in before[:9]] == before[9:]
    assert set(after[:10]) != set(before[:10])


def test_pagination_is_required_in_an_offset_list(api):
    api.refused(500, "sources/list_paginated", workspaceIds=[api.workspace])
