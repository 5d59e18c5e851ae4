"""Uses a sandbox of Microsoft through Microsoft's own libraries, and prints what came of it as JSON."""

import json
import os
import sys

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import ClientAssertionCredential, ClientSecretCredential, ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

import aws

authority, vault, machine, tenant, client = sys.argv[1:6]
management = "https://management.azure.com/.default"


def federated(audience):
    """What a broker without stored secrets signs in with: AWS's word for it."""
    return ClientAssertionCredential(
        tenant,
        client,
        lambda: aws.web_identity_token(audience),
        authority=authority,
        # There is no such authority among those that Microsoft publishes.
        disable_instance_discovery=True,
    )


def refusal(call):
    try:
        call()
    except (ClientAuthenticationError, HttpResponseError) as error:
        return [error.status_code, error.message]
    return None


broker = federated("api://AzureADTokenExchange")
token = broker.get_token(management)
secrets = SecretClient(vault, broker, verify_challenge_resource=False)
secret = secrets.get_secret("db")

wrong = ClientSecretCredential(
    tenant, client, "wrong", authority=authority, disable_instance_discovery=True
)
refusals = {
    "secret": refusal(lambda: wrong.get_token(management)),
    "audience": refusal(lambda: federated("elsewhere").get_token(management)),
    "missing": refusal(lambda: secrets.get_secret("nope")),
    "disabled": refusal(lambda: secrets.get_secret("off")),
}

os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = machine
imds = ManagedIdentityCredential(client_id=client)
of_machine = SecretClient(vault, imds, verify_challenge_resource=False).get_secret("db")
os.environ["IDENTITY_ENDPOINT"] = f"{machine}/msi/token"
os.environ["IDENTITY_HEADER"] = "sandbox"
app_service = ManagedIdentityCredential(client_id=client).get_token(management)

print(json.dumps({
    "lifetime": token.expires_on > 0 and bool(token.token),
    "secret": [secret.name, secret.value, secret.properties.version],
    "imds": of_machine.value,
    "app_service": len(app_service.token) > 100,
    "refusals": refusals,
}))
