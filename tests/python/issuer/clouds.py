"""Takes an issuer's tokens to sandboxes of Google Cloud and AWS by the vendors' libraries; prints JSON."""

import json
import os
import sys
import tempfile

import boto3
import botocore
from botocore.config import Config
from google.auth import identity_pool
from google.auth.transport.requests import Request

google_url, google_audience, google_token, aws_url, aws_token = sys.argv[1:]

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "token")
    with open(path, "w", encoding="utf-8") as file:
        file.write(google_token)
    credentials = identity_pool.Credentials.from_info(
        {
            "type": "external_account",
            "audience": google_audience,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{google_url}/v1/token",
            "credential_source": {"file": path},
        },
        scopes=["https://www.googleapis.com/auth/cloud-platform"],
    )
    credentials.refresh(Request())

unsigned = Config(signature_version=botocore.UNSIGNED)
sts = boto3.client("sts", endpoint_url=aws_url, region_name="us-east-1", config=unsigned)
session = sts.assume_role_with_web_identity(
    RoleArn="arn:aws:iam::123456789012:role/deputize",
    RoleSessionName="acme",
    WebIdentityToken=aws_token,
    DurationSeconds=900,
)
keys = session["Credentials"]
caller = boto3.client(
    "sts",
    endpoint_url=aws_url,
    region_name="us-east-1",
    aws_access_key_id=keys["AccessKeyId"],
    aws_secret_access_key=keys["SecretAccessKey"],
    aws_session_token=keys["SessionToken"],
).get_caller_identity()

print(json.dumps({
    "google": credentials.valid,
    "subject": session["SubjectFromWebIdentityToken"],
    "arn": caller["Arn"],
}))
