"""What a mutation is: one defence taken away, and the tests that are there to notice."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROJECT = Path(__file__).resolve().parent.parent.parent

Database = Literal["sqlite", "postgres"]


class DoesNotFit(Exception):
    """The code has changed: what a mutation replaces is not there, or not only there."""


@dataclass(frozen=True, slots=True)
class Edit:
    """In ``path`` the text ``old``, which is there exactly once, becomes ``new``."""

    path: str
    old: str
    new: str

    def mutated(self, root: Path) -> str:
        """Return the file's text with the edit made. Raises ``DoesNotFit``."""
        text = (root / self.path).read_text()
        if (found := text.count(self.old)) != 1:
            raise DoesNotFit(f"{self.path} has {self.old!r} {found} times, not once")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Mutation:
    """``edits`` take the defence away; then ``tests`` (pytest ids), or some of them, must fail.

    ``harm`` says what would happen to people without it. ``database`` is where the tests are run:
    PostgreSQL where the defence is a lock, which SQLite's one writer makes needless.
    """

    name: str
    harm: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
    database: Database = "sqlite"

    @property
    def is_in_migrations(self) -> bool:
        """Whether its tests need a database that was made by the migrations."""
        made_there = ("/migrations/", "core/append_only.py")
        return any(part in edit.path for edit in self.edits for part in made_there)

    def apply(self, root: Path) -> None:
        """Change the files under ``root``. Raises ``DoesNotFit``, having changed nothing of that file."""
        for edit in self.edits:
            (root / edit.path).write_text(edit.mutated(root))


@dataclass(frozen=True, slots=True)
class Defence:
    """The mutations that take the same thing away, each in one of the places where it lives."""

    title: str
    mutations: tuple[Mutation, ...]
