"""Debian's Chromium without a screen, over the pipe of its DevTools protocol: no package of Python's is needed."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECONDS = 30
# What the page's own script would throw, and what the browser says of it, such as a policy that it breaks.
COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")


class Browser:
    """A browser with one tab. ``complaints`` are what it had to say of the pages so far, but for notes."""

    def __init__(self, process, to, of):
        self._process, self._to, self._of = process, to, of
        self._number, self._rest, self._session = 0, b"", None
        self._events = []
        self.complaints = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """The result of one command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def show(self, address, width, height=900, dark=False):
        """Loads a page in a window of so many CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._events.clear()
        self.call("Page.navigate", url=address)
        while "Page.loadEventFired" not in self._events:
            self._read()

    def evaluate(self, expression):
        """The value of an expression of JavaScript in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def picture(self):
        """The whole page as a PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def _read(self):
        until = time.monotonic() + SECONDS
        while b"\0" not in self._rest:
            assert select.select([self._of], [], [], max(0, until - time.monotonic()))[0], "the browser is silent"
            part = os.read(self._of, 1 << 20)
            assert part, "the browser has ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        answer = json.loads(message)
        method = answer.get("method", "")
        self._events.append(method)
        if method in COMPLAINTS:
            self.complaints.append(answer["params"])
        return answer


@contextlib.contextmanager
def browser():
    """A browser, which ends with the block."""
    with tempfile.TemporaryDirectory() as profile:
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        arguments = [
            PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
            "--disable-dev-shm-usage", "--disable-background-networking", "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
        ]  # fmt: skip

        # The browser reads commands from 3, and writes to 4.
        command = ["bash", "-c", f'exec "$@" 3<&{in_read} 4>&{out_write}', "bash", *arguments]
        process = subprocess.Popen(
            command, pass_fds=(in_read, out_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(in_read)
        os.close(out_write)
        try:
            yield Browser(process, in_write, out_read)
        finally:
            os.close(in_write)
            os.close(out_read)
            process.terminate()
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
