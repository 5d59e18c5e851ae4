"""Uses a sandbox of Google Cloud through Google's own library, and prints what came of it as JSON."""

import json
import os
import sys

from google.auth import compute_engine, downscoped, exceptions, identity_pool
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import sts

import aws

url, audience, account = (sys.argv[1], sys.argv[2], sys.argv[3])
scopes = ["https://www.googleapis.com/auth/cloud-platform"]


def external_account(token):
    """What a broker without stored secrets is configured with: another cloud's token, and a service account."""
    path = os.environ["SUBJECT_TOKEN_FILE"]
    with open(path, "w", encoding="utf-8") as file:
        file.write(token)
    info = {
        "type": "external_account",
        "audience": audience,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{url}/v1/token",
        "service_account_impersonation_url":
            f"{url}/v1/projects/-/serviceAccounts/{account}:generateAccessToken",
        "credential_source": {"file": path},
    }
    return identity_pool.Credentials.from_info(info, scopes=scopes)


def read(credentials, name):
    answer = AuthorizedSession(credentials).get(f"{url}/storage/v1/b/acme-data/o/{name}?alt=media")
    return [answer.status_code, answer.text if answer.ok else answer.json()["error"]["status"]]


federated = external_account(aws.web_identity_token(audience))
federated.refresh(Request())

prefix = "resource.name.startsWith('projects/_/buckets/acme-data/objects/a/')"
rule = downscoped.AccessBoundaryRule(
    available_resource="//storage.googleapis.com/projects/_/buckets/acme-data",
    available_permissions=["inRole:roles/storage.objectViewer"],
    availability_condition=downscoped.AvailabilityCondition(prefix),
)
boundary = downscoped.CredentialAccessBoundary(rules=[rule])
narrowed = downscoped.Credentials(source_credentials=federated, credential_access_boundary=boundary)
# The library knows one address for this, and no setting: everything but the address is its own.
narrowed._sts_client = sts.Client(f"{url}/v1/token")

machine = compute_engine.Credentials()
machine.refresh(Request())

try:
    external_account(aws.web_identity_token("elsewhere")).refresh(Request())
    refusal = None
except exceptions.GoogleAuthError as error:
    refusal = str(error)

print(json.dumps({
    "federated": [read(federated, "a%2F1"), read(federated, "b%2F2")],
    "narrowed": [read(narrowed, "a%2F1"), read(narrowed, "b%2F2")],
    "machine": [machine.service_account_email, read(machine, "a%2F1")],
    "valid": federated.valid,
    "refusal": refusal,
}))
