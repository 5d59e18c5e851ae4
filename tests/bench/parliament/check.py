"""Checks the policies of a folder with parliament as it comes, again and again in one warm process, and prints how long
each round of all of them took, in seconds."""

import json
import pathlib
import sys
import time

import parliament


def main() -> None:
    folder, rounds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    policies = [path.read_text() for path in sorted(folder.glob("*.json"))]
    seconds = []
    for at in range(rounds + 3):
        start = time.perf_counter()
        for policy in policies:
            parliament.analyze_policy_string(policy)
        # The first rounds warm up.
        if at >= 3:
            seconds.append(time.perf_counter() - start)
    json.dump(seconds, sys.stdout)


main()
