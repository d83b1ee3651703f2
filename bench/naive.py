"""The design that everyone writes first: one Celery task for each poll, which retries itself.

Written as it would be in this site (the message holds an id, the token stays in the database) and
set up as in Celery's first steps: Redis as broker and result backend, a process for each core.
"""

import os

import django
import requests
from celery import Celery, Task

django.setup()

from rentals.models import Activation  # noqa: E402  needs Django set up

app = Celery("naive", broker=os.environ["NAIVE_BROKER"], backend=os.environ["NAIVE_BROKER"])

API_URL = os.environ["SMSBUS_API_URL"]
INTERVAL = float(os.environ["NAIVE_INTERVAL"])


@app.task(bind=True, max_retries=None)
def poll(self: Task, activation_id: int) -> str:
    """Ask for the SMS of one number; again after the interval while there is none."""
    number = Activation.objects.select_related("account").get(pk=activation_id)
    params = {"request_id": number.request_id, "token": number.account.token()}
    answer = requests.get(f"{API_URL}/get/sms", params=params, timeout=20).json()
    if answer["code"] == 50101:
        raise self.retry(countdown=INTERVAL)
    return answer["data"]
