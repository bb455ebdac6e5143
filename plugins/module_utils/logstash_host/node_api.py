"""Asks the node API of a Logstash, whose process is not trusted: an answer has a limit, in bytes and in time."""

from __future__ import annotations

import ipaddress
import json
import queue
import socket
import threading
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError

from ansible.module_utils.urls import open_url

# Of the network, for each step; and for the whole answer, which may come byte by byte.
STEP_SECONDS = 5
SECONDS = 30
MOST_BYTES = 64 << 20


def ask(url: str, **options: Any) -> Any:
    """The JSON that a URL answers with. Raises OSError, HTTPError and ValueError.

    Neither a redirect nor a file of the user's has what root knows sent elsewhere, or to the process that answers.
    ``options`` are further ones of ``open_url``.
    """
    options = {"timeout": STEP_SECONDS, "use_proxy": False, "follow_redirects": "no", "use_netrc": False, **options}
    answers: queue.SimpleQueue[tuple[bytes, BaseException | None]] = queue.SimpleQueue()

    def read() -> None:
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


class UncheckedHostError(Exception):
    """The password would go to a host whose certificate nobody checks."""


class Api:
    """The node API of one host, by the options of logstash_health that begin with ``api_``."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        every = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound
        host = every.get(params["api_host"], params["api_host"])
        self._options: dict[str, Any] = {"validate_certs": False}
        if params["api_user"]:
            near = loopback_address(host)
            if near:
                # The address that was looked at is the one that is asked.
                host = near
            elif params["api_ssl"]:
                self._options.update(validate_certs=True, ca_path=params.get("api_ca"))
            else:
                raise UncheckedHostError(
                    f"the node API at {host} asks for a password, and would get it in clear text, whichever host "
                    "answers there. Expected an address of loopback, such as 127.0.0.1, or TLS. Set logstash_api_host "
                    "to 127.0.0.1, or api.ssl.enabled in logstash_settings, with logstash_api_ca where the system does "
                    "not trust its certificate"
                )
            self._options.update(
                url_username=params["api_user"], url_password=params["api_password"], force_basic_auth=True
            )
        host = f"[{host}]" if ":" in host else host
        self.port = params["api_port"]
        self.url = f"{'https' if params['api_ssl'] else 'http'}://{host}:{self.port}"

    def ask(self, path: str) -> tuple[dict[str, Any] | None, str]:
        """A response as (object, ""), or (None, why there is none)."""
        try:
            found = ask(self.url + path, **self._options)
        except HTTPError as error:
            return None, f"it answers with status {error.code}"
        except (OSError, ValueError) as error:
            return None, str(getattr(error, "reason", error))
        return (found, "") if isinstance(found, dict) else (None, "its answer is no JSON object")


def loopback_address(host: str) -> str:
    """The loopback address that a host's name resolves to; empty if it resolves to another address, or to none."""
    try:
        found = [ipaddress.ip_address(host)]
    except ValueError:
        try:
            found = [ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in socket.getaddrinfo(host, None)]
        except (OSError, UnicodeError):
            return ""
    # IPv4 first: most programs that listen on localhost listen there.
    found.sort(key=lambda address: address.version)
    return str(found[0]) if found and all(address.is_loopback for address in found) else ""
