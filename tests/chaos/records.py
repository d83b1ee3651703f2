"""What the site's database says, read past the site."""

import sqlite3
from contextlib import closing
from typing import Any

import psycopg

from tests.plugins.site import Site

NUMBERS = """
SELECT request_id, text FROM rentals_activation
LEFT JOIN rentals_message ON rentals_message.activation_id = rentals_activation.id
WHERE request_id NOT LIKE 'demo-%'"""


def texts(site: Site) -> dict[str, list[str]]:
    """The SMS of every number that was bought, by request id."""
    found: dict[str, list[str]] = {}
    for request_id, text in read(site, NUMBERS):
        found.setdefault(request_id, []).extend([text] if text is not None else [])
    return found


def unfinished_purchases(site: Site) -> int:
    """Purchases that no worker has finished."""
    query = "SELECT count(*) FROM rentals_purchase WHERE state IN ('held', 'sending')"
    return int(read(site, query)[0][0])


def unknown_purchases(site: Site) -> int:
    """Purchases of unknown outcome: what a killed worker was sending, if its answer is lost."""
    query = "SELECT count(*) FROM rentals_purchase WHERE state = 'unknown'"
    return int(read(site, query)[0][0])


def read(site: Site, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    if site.database_url.startswith("sqlite"):
        path = site.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
            return database.execute(query).fetchall()
    with psycopg.connect(site.database_url.replace("postgres://", "postgresql://")) as server:
        return server.execute(query).fetchall()  # type: ignore[arg-type]
