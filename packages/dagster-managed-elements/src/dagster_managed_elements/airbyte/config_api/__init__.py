"""The gateway to Airbyte's Config API, and what only it needs."""
