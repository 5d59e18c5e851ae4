"""A sandbox of AWS, through the SDK that agents use."""

import boto3
import botocore.exceptions


def web_identity_token(audience):
    """A token by which AWS vouches for the caller elsewhere."""
    sts = boto3.client("sts")
    return sts.get_web_identity_token(Audience=[audience], SigningAlgorithm="RS256")["WebIdentityToken"]


def refusal(call):
    """The code of the error that a call is answered with; None where it is answered."""
    try:
        call()
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None
