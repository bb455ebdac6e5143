"""Run on a host: prints what its monitor says, a line of JSON each quarter of a second.

`{"at": seconds since 1970, "ready": 200 | 503 | null, "reasons": [...], "status": the answer of /status or null}`
"""

import json
import time
import urllib.error
import urllib.request

MONITOR = "http://127.0.0.1:9601"


def ask(path):
    """The status code and the JSON of an answer; None twice where there is none."""
    try:
        with urllib.request.urlopen(MONITOR + path, timeout=5) as answer:  # noqa: S310 - an address of this file
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except (OSError, ValueError):
        return None, None


while True:
    code, ready = ask("/ready")
    _, status = ask("/status")
    found = {"at": time.time(), "ready": code, "reasons": (ready or {}).get("reasons", []), "status": status}
    print(json.dumps(found), flush=True)
    time.sleep(0.25)
