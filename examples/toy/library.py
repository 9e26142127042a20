"""What is to stand in the store: `dagster-me check -m library` says what differs."""

import os

from dagster_managed_elements import EnvVar, Reconciler
from toy import Book, Shelf, Store

store = Store(os.environ.get("STORE_URL", "http://127.0.0.1:8100"))

novels = Shelf("novels", room="hall", code=EnvVar("SHELF_CODE"))
atlases = Shelf("atlases", room="study")

library = Reconciler(
    store,
    [
        Book("Emma", novels, author="Jane Austen", tags=("classic", "funny")),
        Book("The World", atlases, author="Anna Mapp"),
    ],
    delete_unmentioned_resources=True,
)
