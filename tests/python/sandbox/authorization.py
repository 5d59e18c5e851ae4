"""Gets and refreshes tokens of a sandbox of OAuth through Authlib, and prints what came of it as JSON."""

import json
import secrets
import sys

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

url = sys.argv[1]
metadata = requests.get(f"{url}/.well-known/oauth-authorization-server", timeout=10).json()
endpoint = metadata["token_endpoint"]

machine = OAuth2Session("machine", "s3 cret:%", scope="read", token_endpoint_auth_method="client_secret_post")
machine.fetch_token(endpoint, grant_type="client_credentials")

redirect = "http://127.0.0.1:4711/callback"
user = OAuth2Session(
    "public", scope="read write", redirect_uri=redirect, code_challenge_method="S256", token_endpoint_auth_method="none"
)
verifier = secrets.token_urlsafe(48)
address, state = user.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
location = requests.get(address, allow_redirects=False, timeout=10).headers["location"]
first = user.fetch_token(endpoint, authorization_response=location, state=state, code_verifier=verifier)
second = user.refresh_token(endpoint, refresh_token=first["refresh_token"])
try:
    user.refresh_token(endpoint, refresh_token=first["refresh_token"])
    reuse = None
except OAuthError as error:
    reuse = error.error

print(json.dumps({
    "machine": machine.get(f"{url}/resource").json(),
    "scope": second["scope"],
    "rotated": first["refresh_token"] != second["refresh_token"],
    "reuse": reuse,
    "after": requests.get(
        f"{url}/resource", headers={"Authorization": f"Bearer {second['access_token']}"}, timeout=10
    ).status_code,
}))
