"""``manage.py rotate_keys``: seal everything anew with the first of ``TOKEN_KEYS``."""

from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models, transaction

from core import crypto

BATCH = 200  # rows in one transaction: the site waits no longer than for these


class Command(BaseCommand):
    """Walks all sealed columns; run it while the site works, and again if it was interrupted.

    Each one is swapped only if nobody changed it meanwhile (a token replaced at that moment is
    sealed with the first key anyway). Ends with which keys are still needed; exits with 1 where
    something could not be opened.
    """

    help = "Seal every stored secret anew with the first of TOKEN_KEYS, while the site runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="count which keys are in use, and change nothing"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        self.in_use: Counter[str] = Counter()
        self.resealed = self.unopened = 0
        for model in sealed_models():
            for rows in batches(model):
                with transaction.atomic():
                    for row in rows:
                        self._rotate(row, check)
        self._report()

    def _rotate(self, row: models.Model, check: bool) -> None:
        for column, context in row.sealed_columns().items():  # type: ignore[attr-defined]
            sealed = read(row, column)
            if not sealed:
                continue
            if check:
                self.in_use[crypto.sealed_with(sealed)] += 1
                continue
            try:
                anew = crypto.reseal(sealed, context=context)
            except crypto.CannotUnseal as reason:
                self.unopened += 1
                self.in_use[crypto.sealed_with(sealed)] += 1
                self.stderr.write(f"{row._meta.label} {row.pk} {column}: {reason}")
                continue
            self.in_use[next(iter(settings.TOKEN_KEYS))] += 1
            if anew is not None:
                self.resealed += swap(row, column, anew)

    def _report(self) -> None:
        self.stdout.write(f"{self.in_use.total()} secrets, {self.resealed} sealed anew")
        for key_id in {**settings.TOKEN_KEYS, **self.in_use}:
            count = self.in_use[key_id]
            self.stdout.write(f"  key {key_id!r}: {f'{count} secrets' if count else 'not needed'}")
        if self.unopened:
            raise CommandError(
                f"{self.unopened} secrets could not be opened: put their keys back in TOKEN_KEYS"
            )


def read(row: models.Model, column: str) -> bytes:
    """Return the sealed secret in ``column``; ``data__seed`` is a key of a JSON column, in base64."""
    name, _, key = column.partition("__")
    value = getattr(row, name)
    return b64decode(value[key]) if key else bytes(value)


def swap(row: models.Model, column: str, anew: bytes) -> int:
    """Put ``anew`` where the row's secret is, unless somebody changed it meanwhile; 1 or 0.

    The other keys of a JSON column change too, as recovery codes are used: then the row is read again.
    """
    name, _, key = column.partition("__")
    rows = type(row)._default_manager.filter(pk=row.pk)
    if not key:
        return rows.filter(**{name: bytes(getattr(row, name))}).update(**{name: anew})
    locked = rows.select_for_update().first()
    if locked is None or read(locked, column) != read(row, column):
        return 0
    data = getattr(locked, name) | {key: b64encode(anew).decode()}
    return rows.update(**{name: data})


def sealed_models() -> Iterator[type[models.Model]]:
    """Yield the models that keep secrets."""
    for model in apps.get_models():
        if hasattr(model, "sealed_columns"):
            yield model


def batches(model: type[models.Model]) -> Iterator[list[models.Model]]:
    """Yield all rows in the order of their keys, with bounded memory; rows may come meanwhile."""
    rows = model._default_manager.order_by("pk")
    batch = list(rows[:BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:BATCH])
