"""Rotates the access key of an IAM user as a broker would, and gets a session for another issuer's token; prints JSON."""

import json
import sys
import urllib.request

import boto3
import botocore
from botocore.config import Config

import aws

google, role = sys.argv[1], sys.argv[2]
iam = boto3.client("iam")


def sts(key):
    return boto3.client(
        "sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )


old = iam.create_access_key(UserName="agent")["AccessKey"]
new = iam.create_access_key(UserName="agent")["AccessKey"]
third = aws.refusal(lambda: iam.create_access_key(UserName="agent"))
arn = sts(new).get_caller_identity()["Arn"]
used = iam.get_access_key_last_used(AccessKeyId=new["AccessKeyId"])["AccessKeyLastUsed"]
iam.update_access_key(UserName="agent", AccessKeyId=old["AccessKeyId"], Status="Inactive")
inactive = aws.refusal(sts(old).get_caller_identity)
statuses = [key["Status"] for key in iam.list_access_keys(UserName="agent")["AccessKeyMetadata"]]
iam.delete_access_key(UserName="agent", AccessKeyId=old["AccessKeyId"])
remaining = [key["AccessKeyId"] for key in iam.list_access_keys(UserName="agent")["AccessKeyMetadata"]]

request = urllib.request.Request(
    f"{google}/computeMetadata/v1/instance/service-accounts/default/identity?audience=sts.amazonaws.com",
    headers={"Metadata-Flavor": "Google"},
)
token = urllib.request.urlopen(request).read().decode()
unsigned = boto3.client("sts", config=Config(signature_version=botocore.UNSIGNED))
session = unsigned.assume_role_with_web_identity(
    RoleArn=role, RoleSessionName="lease-1", WebIdentityToken=token, DurationSeconds=900
)

print(json.dumps({
    "third": third,
    "arn": arn,
    "used": [used["ServiceName"], "LastUsedDate" in used],
    "inactive": inactive,
    "statuses": statuses,
    "remaining": remaining == [new["AccessKeyId"]],
    "session": session["AssumedRoleUser"]["Arn"],
}))
