"""Asks the node API of a Logstash, whose process is not trusted: an answer has a limit, in bytes and in time."""

from __future__ import annotations

import json
import queue
import threading

from ansible.module_utils.urls import open_url

# Of the network, for each step; and for the whole answer, which may come byte by byte.
STEP_SECONDS = 5
SECONDS = 30
MOST_BYTES = 64 << 20


def ask(url, **options):
    """The JSON that a URL answers with. Raises OSError, HTTPError and ValueError.

    Neither a redirect nor a file of the user's has what root knows sent elsewhere, or to the process that answers.
    ``options`` are further ones of ``open_url``.
    """
    options = {"timeout": STEP_SECONDS, "use_proxy": False, "follow_redirects": "no", "use_netrc": False, **options}
    answers = queue.SimpleQueue()

    def read():
        try:
            with open_url(url, **options) as response:
                answers.put((response.read(MOST_BYTES + 1), None))
        except BaseException as error:
            answers.put((b"", error))

    # Nothing else ends a request whose answer never does; the thread ends with the module.
    threading.Thread(target=read, daemon=True).start()
    try:
        content, error = answers.get(timeout=SECONDS)
    except queue.Empty:
        raise TimeoutError(f"no whole answer within {SECONDS} s") from None
    if error:
        raise error
    if len(content) > MOST_BYTES:
        raise ValueError(f"its answer is larger than {MOST_BYTES} bytes")
    return json.loads(content)
