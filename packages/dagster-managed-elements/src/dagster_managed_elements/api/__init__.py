"""The HTTP room: one client over httpx, for whatever JSON API an integration talks to.

What can be decided without a socket is decided by pure functions (`answers`, `retrying`, `masking`, `paging`
in part); `client` is the thin rest. It knows no element and no vendor.
"""
