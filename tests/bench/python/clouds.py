"""What a broker in Python imports before it can serve any of its clouds: the vendors' own libraries."""

import azure.identity  # noqa: F401
import azure.keyvault.secrets  # noqa: F401
import boto3
import google.auth  # noqa: F401
import google.auth.transport.requests  # noqa: F401
from cryptography.fernet import Fernet  # noqa: F401

# Clients live as long as the execution environment, as AWS recommends.
STS = boto3.client("sts")
DYNAMODB = boto3.client("dynamodb")
