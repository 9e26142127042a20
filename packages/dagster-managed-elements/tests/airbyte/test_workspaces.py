import pytest
from dagster_managed_elements.airbyte.wire import Workspace
from dagster_managed_elements.airbyte.workspaces import choose, open_gateway
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.engine.errors import DeclarationError, Missing

ONE = Workspace(workspace_id="w1", name="One")
TWO = Workspace(workspace_id="w2", name="Two")
TWIN = Workspace(workspace_id="w3", name="Two")


@pytest.mark.parametrize(
    ("there", "wanted", "chosen"),
    [([ONE], None, ONE), ([ONE, TWO], "Two", TWO), ([ONE, TWO], "w1", ONE), ([ONE, TWO, TWIN], "w3", TWIN)],
)
def test_a_workspace_is_the_only_one_or_the_named_one(there, wanted, chosen):
    assert choose(there, wanted) is chosen


@pytest.mark.parametrize(
    ("there", "wanted", "message"),
    [
        ([], None, "This Airbyte has no workspace that these credentials can see. Create one there."),
        ([], "One", "This Airbyte has no workspace that these credentials can see. Create one there."),
        ([ONE, TWO], None, "This Airbyte has 2 workspaces; name one of them: 'One' (w1), 'Two' (w2)."),
        ([ONE, TWO], "Tow", "There is no workspace 'Tow'; there are: 'One' (w1), 'Two' (w2)."),
        (
            [ONE, TWO, TWIN],
            "Two",
            "Several workspaces are named 'Two'; give the id of one: 'Two' (w2), 'Two' (w3).",
        ),
    ],
)
def test_a_workspace_that_cannot_be_told_is_refused_with_those_there_are(there, wanted, message):
    with pytest.raises(DeclarationError) as caught:
        choose(there, wanted)
    assert str(caught.value) == message


async def chosen(server, wanted):
    async with open_client(ClientOptions(timeout=30, in_flight=10, base_url=server.url, trust_env=False)) as client:
        return (await open_gateway(client, wanted))[0].workspace.workspace_id


async def test_the_only_workspace_of_a_server_is_found(airbyte_local):
    assert await chosen(airbyte_local, None) == airbyte_local.workspace_id


async def test_a_workspace_is_found_by_id_and_by_name(airbyte_local):
    (other,) = airbyte_local.seed(workspaces=[{"name": "Other"}])["workspaces"]
    assert await chosen(airbyte_local, other) == other
    assert await chosen(airbyte_local, "Other") == other
    with pytest.raises(DeclarationError, match="has 2 workspaces"):
        await chosen(airbyte_local, None)


async def test_an_id_is_asked_for_without_listing_others(airbyte_local):
    identity = airbyte_local.workspace_id
    assert await chosen(airbyte_local, identity) == identity
    asked = sorted(request.path for request in airbyte_local.requests)
    assert asked == ["/api/v1/instance_configuration", "/api/v1/workspaces/get"]


@pytest.mark.parametrize("wanted", [None, "Default Workspace"])
async def test_the_workspaces_are_asked_for_while_the_server_says_what_it_is(airbyte_local, wanted):
    # Its answer takes longer than a busy machine to send what goes beside it.
    airbyte_local.fault("instance_configuration", "latency", base_ms=500)
    await chosen(airbyte_local, wanted)
    (probe,) = (request for request in airbyte_local.requests if "instance_configuration" in request.path)
    listed = [request for request in airbyte_local.requests if "workspaces" in request.path]
    assert len(listed) == 2
    assert min(request.began for request in listed) < probe.began + probe.seconds


async def test_an_id_that_is_not_there_is_told_with_those_that_are(airbyte_local):
    with pytest.raises(DeclarationError, match="'Default Workspace'"):
        await chosen(airbyte_local, "11111111-2222-3333-4444-555555555555")


async def test_a_server_that_is_no_airbyte_is_told_as_such(airbyte_local):
    airbyte_local.fault("", "status", status=404)
    with pytest.raises(Missing, match=r"knows no /api/v1/workspaces/list_by_organization_id \(404\)\. Is the URL"):
        await chosen(airbyte_local, None)


async def test_many_workspaces_are_all_seen(airbyte_local):
    airbyte_local.seed(workspaces=[{"name": "w{n}", "count": 150}])
    assert await chosen(airbyte_local, "w149")
