"""The classes that Dagster has for an Airbyte, opened on a local one."""

from typing import Any

from dagster_airbyte import AirbyteCloudWorkspace, AirbyteResource, AirbyteWorkspace

Workspace = AirbyteWorkspace | AirbyteCloudWorkspace


def self_managed(way: dict[str, Any], **options: Any) -> AirbyteWorkspace:
    logins = {
        "none": {},
        "basic": {"username": way["username"], "password": way["password"]},
        "client": {"client_id": way["client_id"], "client_secret": way["client_secret"]},
    }
    return AirbyteWorkspace(
        rest_api_base_url=way["public_url"],
        configuration_api_base_url=f"{way['url']}/api/v1",
        workspace_id=way["workspace_id"],
        request_max_retries=0,
        **options,
        **logins[way["auth"]],
    )


def cloud(way: dict[str, Any], **options: Any) -> AirbyteCloudWorkspace:
    """Its two addresses are attributes of the class, and no configuration reaches them."""
    AirbyteCloudWorkspace.rest_api_base_url = way["public_url"]
    AirbyteCloudWorkspace.configuration_api_base_url = f"{way['url']}/api/v1"
    return AirbyteCloudWorkspace(
        workspace_id=way["workspace_id"],
        client_id=way["client_id"],
        client_secret=way["client_secret"],
        request_max_retries=0,
        **options,
    )


def legacy(way: dict[str, Any], **options: Any) -> AirbyteResource:
    login = {"username": way["username"], "password": way["password"]} if way["auth"] == "basic" else {}
    port = way["url"].rpartition(":")[2]
    return AirbyteResource(host="127.0.0.1", port=port, request_max_retries=0, **options, **login)


WORKSPACES = {"self-managed": self_managed, "cloud": cloud}
