"""The Config API: its routes, and what each reads from a request."""
