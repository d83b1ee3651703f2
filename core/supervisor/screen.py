"""What the person at the terminal sees: few lines, each with the name of the part it is from."""

import re
import sys
from typing import TextIO

COLOURS = (36, 33, 35, 32, 34, 31)
# What is worth a look when it scrolls by. Everything is in the log files.
IMPORTANT = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b|Traceback|^\S*(Error|Exception)\b")


class Screen:
    """Writes lines; in colour on a terminal. `verbose` shows every line of every part."""

    def __init__(self, out: TextIO | None = None, *, verbose: bool = False) -> None:
        self.out = sys.stdout if out is None else out
        self.verbose = verbose
        self.colourful = self.out.isatty()
        self._colours: dict[str, int] = {}

    def say(self, text: str = "") -> None:
        self._write(text)

    def part(self, name: str, text: str) -> None:
        """A line about a part, whatever it says."""
        self._write(f"{self._prefix(name)} {text}")

    def output(self, name: str, line: str) -> None:
        """A line that a part wrote: shown if it is important."""
        if self.verbose or IMPORTANT.search(line):
            self.part(name, line)

    def _prefix(self, name: str) -> str:
        label = f"{name:>8} |"
        if not self.colourful:
            return label
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        return f"\x1b[{colour}m{label}\x1b[0m"

    def _write(self, text: str) -> None:
        try:
            self.out.write(text + "\n")
            self.out.flush()
        except (BrokenPipeError, ValueError):
            pass  # nobody reads any more; the parts go on until a signal comes
