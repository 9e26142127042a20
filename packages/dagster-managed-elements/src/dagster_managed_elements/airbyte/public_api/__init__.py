"""The gateway to Airbyte's Public API, and what only it needs."""
