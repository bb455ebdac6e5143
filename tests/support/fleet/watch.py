"""Run on a host: prints what its monitor says, a line of JSON each half second.

`{"at": seconds since 1970, "status": the answer of /status, or null}`
"""

import json
import time
import urllib.request

while True:
    status = None
    try:
        with urllib.request.urlopen("http://127.0.0.1:9601/status", timeout=5) as answer:
            status = json.load(answer)
    except (OSError, ValueError):
        pass
    print(json.dumps({"at": time.time(), "status": status}), flush=True)
    time.sleep(0.5)
