"""Shares as a reader sees them: the one rule by which every page rounds them."""


def whole_percent(part: int, whole: int) -> int:
    """How many of a hundred ``part`` of ``whole`` is, to the nearest one, a half upwards.

    0 only where it is none, and 100 only where it is all of them: 199 of 200 are 99 %. ``whole`` is
    not zero.
    """
    nearest = (200 * part + whole) // (2 * whole)
    if nearest == 100 and part < whole:
        return 99
    return nearest or int(part > 0)
