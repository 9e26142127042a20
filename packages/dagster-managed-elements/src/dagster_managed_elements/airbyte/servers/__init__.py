"""Which Airbyte is asked: where its APIs begin, what it says of itself, and what each release of it can."""
