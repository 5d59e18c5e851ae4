"""Uses issued credentials through the vendors' own libraries, and prints what came of it as JSON.

The environment holds the answers of the broker (ISSUED), and where the clouds are.
"""

import json
import os

import boto3
from azure.core.credentials import AccessToken
from azure.keyvault.secrets import SecretClient
from azure.keyvault.secrets._shared import challenge_auth_policy
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.credentials import Credentials

issued = json.loads(os.environ["ISSUED"])


class Held:
    """A credential that an agent holds, as Azure's clients take it."""

    def get_token(self, *scopes, **options):
        return AccessToken(issued["azure"]["access_token"], 1 << 40)


def read(name):
    session = AuthorizedSession(Credentials(issued["gcp"]["access_token"]))
    return session.get(f"{os.environ['GOOGLE']}/storage/v1/b/acme-data/o/{name}?alt=media").status_code


# The vault is on this machine, without TLS, which the library has no setting for: everything else is its own.
challenge_auth_policy._enforce_tls = lambda request: None
vault = SecretClient(os.environ["VAULT"], Held(), verify_challenge_resource=False)
session = issued["aws"]
sts = boto3.client(
    "sts",
    endpoint_url=os.environ["AWS"],
    aws_access_key_id=session["access_key_id"],
    aws_secret_access_key=session["secret_access_key"],
    aws_session_token=session["session_token"],
)
print(json.dumps({
    "google": [read("reports%2F1"), read("payroll%2F1")],
    "microsoft": vault.get_secret("agent-data-agent-credential").value,
    "amazon": sts.get_caller_identity()["Arn"],
}))
