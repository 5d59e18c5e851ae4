"""What a tick of rotation does, as one would write it in Python for Lambda: the yardstick of the benchmark.

It lists the stored credentials, and tells which of them are due.
"""

import os
from datetime import datetime, timedelta, timezone

from clouds import DYNAMODB

TABLE = os.environ["YARDSTICK_TABLE"]

SCHEDULES = {
    "aws_access_key": timedelta(days=1),
    "azure_service_principal": timedelta(days=1),
    "oauth_token": timedelta(hours=4),
    "api_key": timedelta(days=7),
}


def stored():
    """All stored credentials, page by page."""
    for page in DYNAMODB.get_paginator("query").paginate(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "acme#credentials"}},
    ):
        yield from page["Items"]


def is_due(credential, now):
    rotated = datetime.fromisoformat(credential["rotated_at"]["S"])
    return now - rotated >= SCHEDULES[credential["type"]["S"]]


def handle(event):
    now = datetime.fromisoformat(event["tick"].replace("Z", "+00:00"))
    now = now.astimezone(timezone.utc)
    return {"due": [credential["sk"]["S"] for credential in stored() if is_due(credential, now)]}
