"""The design that everyone writes first: one Celery task for each poll, which retries itself."""

import os

import requests
from celery import Celery, Task

app = Celery("naive", broker=os.environ["NAIVE_BROKER"])
app.conf.task_ignore_result = True
app.conf.worker_hijack_root_logger = False

API_URL = os.environ["SMSBUS_API_URL"]
INTERVAL = float(os.environ["NAIVE_INTERVAL"])


@app.task(bind=True, max_retries=None)
def poll(self: Task, request_id: str, token: str) -> str:
    """Ask for the SMS of one number; again after the interval while there is none."""
    answer = requests.get(
        f"{API_URL}/get/sms", params={"request_id": request_id, "token": token}, timeout=20
    ).json()
    if answer["code"] == 50101:
        raise self.retry(countdown=INTERVAL)
    return answer["data"]
