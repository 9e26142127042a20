"""What differs between versions of Airbyte, as data."""
