"""What sealing does, as one would write it in Python for Lambda: the yardstick of the benchmark.

It reads what waits in the outbox, chains a hash over it, and puts it into the ledger, which it signs.
"""

import hashlib
import json
import os

import boto3

DYNAMODB = boto3.client("dynamodb")
KMS = boto3.client("kms")
TABLE = os.environ["YARDSTICK_TABLE"]
LOG_KEY = os.environ["DEPUTIZE_LOG_KEY"]

HEAD = {"pk": {"S": "acme#ledger"}, "sk": {"S": "head"}}


def rows(partition):
    answer = DYNAMODB.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": partition}},
        ConsistentRead=True,
    )
    return answer["Items"]


def handle(event):
    head = DYNAMODB.get_item(TableName=TABLE, Key=HEAD, ConsistentRead=True).get("Item", {})
    chained = head.get("hash", {"S": ""})["S"]
    waiting = rows("acme#outbox")
    for row in waiting:
        chained = hashlib.sha256((chained + json.dumps(row, sort_keys=True)).encode()).hexdigest()
        entry = {"pk": {"S": "acme#ledger"}, "sk": {"S": f"entry#{row['sk']['S']}"}, "hash": {"S": chained}}
        key = {"pk": row["pk"], "sk": row["sk"]}
        DYNAMODB.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": TABLE, "Item": entry}},
                {"Put": {"TableName": TABLE, "Item": HEAD | {"hash": {"S": chained}}}},
                {"Delete": {"TableName": TABLE, "Key": key}},
            ]
        )
    # The checkpoint: the log's key signs where the chain stands.
    KMS.sign(
        KeyId=LOG_KEY,
        Message=chained.encode(),
        MessageType="RAW",
        SigningAlgorithm="ED25519_SHA_512",
    )
    return {"appended": len(waiting)}
