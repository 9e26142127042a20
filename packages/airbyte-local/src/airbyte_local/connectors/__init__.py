"""What the local Airbyte knows about connectors: a table of public ones, and those it can really run."""
