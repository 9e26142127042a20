"""Web addresses in messages."""


def shown(url: str) -> str:
    """*url* without what may be secret in it: who asks, and the query, where signatures are."""
    scheme, mark, address = url.rpartition("://")
    host, slash, path = address.partition("?")[0].partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"
