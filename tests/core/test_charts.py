"""Pictures: where bars and lines go, and what is beside them."""

import pytest

from core import charts


def show(value: float) -> str:
    return f"{value:g}"


def test_bars_stand_on_the_ground_and_end_at_their_value() -> None:
    chart = charts.draw_bars("Spent", "says", ["Mon", "Tue", "Wed", "Thu"], [5, 0, 10, 2.5], show)

    assert chart.scale == ("10", "5", "0")
    assert chart.ends == ("Mon", "Thu")
    assert [(bar.x, bar.y, bar.height) for bar in chart.bars] == [
        ("25", "100", "100"),
        ("525", "0", "200"),
        ("775", "150", "50"),
    ]
    assert [bar.says for bar in chart.bars] == ["Mon: 5", "Wed: 10", "Thu: 2.5"]
    assert {bar.width for bar in chart.bars} == {"200"}


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (0.14, 0.2), (1, 1), (1.01, 2), (2.2, 2.5), (3, 5), (7, 10), (99, 100), (101, 200)],
)
def test_the_scale_ends_at_a_round_figure(highest: float, top: float) -> None:
    assert float(charts.draw_bars("", "", ["x"], [highest], show).scale[0]) == top


def test_a_gap_in_the_figures_is_a_gap_in_the_line_and_one_alone_is_a_dot() -> None:
    values = [1.0, 0.5, None, 0.0]
    chart = charts.draw_lines("Rate", "says", list("abcd"), [("rate", values)], show, top=1.0)

    assert chart.strokes[0].path == "M125 0L375 100M875 200h0"
    assert chart.scale == ("1", "0.5", "0")


def test_nothing_at_all_is_drawn_as_nothing() -> None:
    assert charts.draw_bars("", "", [], [], show).bars == ()
    assert charts.draw_lines("", "", ["a"], [("x", [None])], show).strokes[0].path == ""
