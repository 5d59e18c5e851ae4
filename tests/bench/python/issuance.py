"""What issuance does, as one would write it in Python for Lambda: the yardstick of the benchmark.

It validates the scope document, decides, builds the session policy, asks STS for the session, and
records the lease and its audit event in one transaction before it answers.
"""

import base64
import json
import os
import re
import uuid
from datetime import datetime, timezone
from pathlib import Path

from clouds import DYNAMODB, STS

TABLE = os.environ["YARDSTICK_TABLE"]

CLOUDS = {"aws", "gcp", "azure"}
ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9*?]+")
PATH = re.compile(r"/v1/agents/([a-z0-9-]+)/credentials")
ROLE_SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.+")
PIVOTS = ["sts:AssumeRole*", "sts:GetFederationToken", "sts:GetWebIdentityToken"]


class Refusal(Exception):
    """An answer that is not a credential: its HTTP status and its code."""

    def __init__(self, status, code):
        super().__init__(code)
        self.status = status
        self.code = code


def validated(document):
    """The scope document, or a ValueError that says what is wrong with it."""
    if document.get("version") != 1 or not document.get("tenant"):
        raise ValueError("a scope document has a version and a tenant")
    for name, agent in document["agents"].items():
        for scope in agent["scopes"]:
            if scope["cloud"] not in CLOUDS:
                raise ValueError(f"{name}: unknown cloud {scope['cloud']}")
            for permission in scope["permissions"]:
                if scope["cloud"] == "aws" and not ACTION.fullmatch(permission):
                    raise ValueError(f"{name}: {permission} is no action of AWS")
    return document


SCOPES = validated(json.loads(Path(__file__).with_name("scopes.json").read_text()))


def caller(event):
    """The role behind the session that API Gateway has authenticated."""
    arn = event["requestContext"]["authorizer"]["iam"]["userArn"]
    session = ROLE_SESSION.fullmatch(arn)
    return f"arn:aws:iam::{session[1]}:role/{session[2]}" if session else arn


def granted(event):
    """The agent that the path names and its scope, where the caller is that agent."""
    path = PATH.fullmatch(event["rawPath"])
    agent = SCOPES["agents"].get(path[1]) if path else None
    if agent is None or {"aws": caller(event)} not in agent["identities"]:
        raise Refusal(403, "not_your_agent")
    return path[1], agent


def decide(agent, request):
    """What the caller gets: all of the grant, or the part of it that was asked for."""
    scope = next((scope for scope in agent["scopes"] if scope["cloud"] == request["cloud"]), None)
    if scope is None:
        raise Refusal(403, "outside_grant")
    permissions = request.get("permissions") or scope["permissions"]
    if not set(permissions) <= set(scope["permissions"]):
        raise Refusal(403, "outside_grant")
    duration = min(request.get("duration_seconds", 3600), scope["max_duration_seconds"])
    return scope, permissions, duration


def session_policy(scope, permissions):
    allow = {
        "Effect": "Allow",
        "Action": permissions,
        "Resource": scope.get("resources", ["*"]),
        "Condition": {"StringEquals": {"aws:RequestedRegion": scope["regions"]}},
    }
    deny = {"Effect": "Deny", "Action": PIVOTS, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]}, separators=(",", ":"))


def record(name, lease, expires_at, permissions):
    """The lease and its audit event: both, or neither."""
    now = datetime.now(timezone.utc).isoformat()
    tenant = SCOPES["tenant"]
    common = {"agent": {"S": name}, "lease": {"S": lease}, "at": {"S": now}}
    rows = [
        {"pk": {"S": f"{tenant}#lease"}, "sk": {"S": lease}, "expires_at": {"S": expires_at}},
        {"pk": {"S": f"{tenant}#outbox"}, "sk": {"S": str(uuid.uuid4())}, "permissions": {"SS": permissions}},
    ]
    DYNAMODB.transact_write_items(
        TransactItems=[{"Put": {"TableName": TABLE, "Item": row | common}} for row in rows]
    )


def issue(event):
    name, agent = granted(event)
    body = event["body"]
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    request = json.loads(body)
    scope, permissions, duration = decide(agent, request)
    lease = uuid.uuid4().hex
    session = STS.assume_role(
        RoleArn=scope["role"],
        RoleSessionName=lease,
        SourceIdentity=name,
        DurationSeconds=duration,
        Policy=session_policy(scope, permissions),
        Tags=[
            {"Key": "deputize:tenant", "Value": SCOPES["tenant"]},
            {"Key": "deputize:agent", "Value": name},
            {"Key": "deputize:lease", "Value": lease},
        ],
    )["Credentials"]
    expires_at = session["Expiration"].isoformat()
    record(name, lease, expires_at, permissions)
    return {
        "lease_id": lease,
        "cloud": "aws",
        "type": "aws_iam_role",
        "credential": {
            "access_key_id": session["AccessKeyId"],
            "secret_access_key": session["SecretAccessKey"],
            "session_token": session["SessionToken"],
            "expiration": expires_at,
        },
        "expires_at": expires_at,
        "enforcement": "session_policy",
    }


def answer(status, content_type, body):
    return {"statusCode": status, "headers": {"content-type": content_type}, "body": json.dumps(body)}


def handle(event):
    try:
        return answer(201, "application/json", issue(event))
    except Refusal as refusal:
        return answer(refusal.status, "application/problem+json", {"code": refusal.code})
