"""All state of one local Airbyte, in one SQLite file. Knows no HTTP, no connector and no rule of Airbyte."""
