"""A running site whose SMS come by hand."""

from collections.abc import Iterator

import pytest

from tests.plugins.site import Site, running_site
from tests.rentals.operations.conftest import everything_adds_up, shop  # noqa: F401


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site(DEMO_SMS_SECONDS="600") as running:
        for part in ("worker", "poller"):
            running.wait_for_log(part, r" ready\.")
        yield running
