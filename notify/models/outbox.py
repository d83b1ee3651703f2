"""How far the events of ``rentals`` have been read."""

from django.db import models


class Outbox(models.Model):
    """One row. Events up to ``event_id`` are done with; later ones may be read more than once.

    What one of them tells of is told once all the same: by the key of its notification.
    """

    SINGLE = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLE)
    event_id = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="outbox_single"),)

    def __str__(self) -> str:
        return f"{self.event_id}"
