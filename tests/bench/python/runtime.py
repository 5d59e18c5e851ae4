"""Takes invocations from the Lambda Runtime API and hands them, one after the other, to the module that is named."""

import http.client
import importlib
import json
import os
import sys

INVOCATION = "/2018-06-01/runtime/invocation"


def call(connection, method, path, body=None):
    connection.request(method, path, body)
    response = connection.getresponse()
    return response, response.read()


def main():
    handler = importlib.import_module(sys.argv[1])
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        response, event = call(connection, "GET", f"{INVOCATION}/next")
        invocation = f"{INVOCATION}/{response.headers['Lambda-Runtime-Aws-Request-Id']}"
        try:
            answer = json.dumps(handler.handle(json.loads(event)))
        except Exception as error:  # Whatever it is, Lambda is told, and the next one is served.
            report = {"errorType": type(error).__name__, "errorMessage": str(error)}
            call(connection, "POST", f"{invocation}/error", json.dumps(report))
        else:
            call(connection, "POST", f"{invocation}/response", answer)


main()
