"""The composition root. Importing it makes our Celery application that of every `shared_task`."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
