"""Tables for spreadsheets: nothing in them runs, and they need no memory."""

import pytest

from core.spreadsheet import neutralise, stream_csv


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_looks_like_a_formula_becomes_text(start: str) -> None:
    assert neutralise(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize(
    ("cell", "text"), [(None, ""), (12, "12"), ("1-1", "1-1"), ("", ""), (-1, "'-1")]
)
def test_anything_else_stays(cell: object, text: str) -> None:
    assert neutralise(cell) == text


def test_rows_are_made_when_they_are_sent() -> None:
    made = []

    def rows() -> object:
        for number in range(3):
            made.append(number)
            yield [number, "a,b"]

    parts = iter(stream_csv("name", ["n", "s"], rows()))  # type: ignore[arg-type]
    assert next(parts) == "\ufeff".encode()
    assert next(parts) == b"n,s\r\n"
    assert made == []
    assert next(parts) == b'0,"a,b"\r\n'
    assert made == [0]
