"""``docs/provider-assumptions.md`` points at code that exists."""

import importlib
import re

import pytest

from tests.sandbox.client import ROOT

DOCUMENT = (ROOT / "docs" / "provider-assumptions.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([MORLW]\d+)[^|]*\|[^|]*\|([^|]*)\|([^|]*)\|$", DOCUMENT, re.MULTILINE)


def test_every_guess_has_a_number_of_its_own() -> None:
    numbers = [number for number, _, _ in ROWS]
    assert len(numbers) == len(set(numbers)) == DOCUMENT.count("\n| ") - 2 * 5


@pytest.mark.parametrize(
    ("where", "otherwise"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_it_says_where_it_lives_and_what_if(where: str, otherwise: str) -> None:
    path, *names = re.findall(r"`([^`]+)`", where)
    assert (ROOT / path).is_file()
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    for name in names:
        found: object = module
        owner, _, field = name.partition(".")
        found = getattr(found, owner)
        known = getattr(found, "__dataclass_fields__", {})
        assert not field or hasattr(found, field) or field in known, name
    assert otherwise.strip()
