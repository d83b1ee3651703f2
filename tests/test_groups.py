"""Tests that share a site stay in one process: ``tests.plugins.browser``, ``pytest.mark.xdist_group``.

Where the groups are not heard nothing fails: each process starts sites and browsers of its own, and
two cores do all of it twice at the same time.
"""

import pytest


def test_each_test_of_a_group_is_sent_as_one_of_it(request: pytest.FixtureRequest) -> None:
    options = request.config.option
    if not getattr(options, "loadgroup", False):
        pytest.skip("not one of several processes")
    alone = [
        item.nodeid
        for item in request.session.items
        for group in item.iter_markers("xdist_group")
        if not item.nodeid.endswith(f"@{group.args[0]}")
    ]
    assert alone == []


def test_each_browser_test_is_in_a_group(request: pytest.FixtureRequest) -> None:
    items = [item for item in request.session.items if "e2e" in item.keywords]
    groups = {group.args[0] for item in items for group in item.iter_markers("xdist_group")}
    assert groups <= {"e2e"}
    assert all(item.get_closest_marker("xdist_group") for item in items)
