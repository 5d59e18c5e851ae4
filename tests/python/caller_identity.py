"""Prints, as JSON, who AWS says is calling with the credentials in the environment."""

import json

import boto3

identity = boto3.client("sts").get_caller_identity()
print(json.dumps({key: identity[key] for key in ("Account", "Arn", "UserId")}))
