"""Action of logstash_package_file: the package or the archive of an address, on the host and with its hash checked."""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from ansible.errors import AnsibleActionFail

from ..module_utils.messages import coded
from ..plugin_utils import s3_file
from ..plugin_utils.masked_action import MaskedAction, failure, other_action

FILE = "ansible.builtin.file"
COPY = "ansible.legacy.copy"
DOWNLOAD = "ansible.builtin.get_url"
OF_ROOT = {"owner": "root", "group": "root"}
TEXT: dict[str, Any] = {"type": "str", "default": ""}
OPTIONS: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True},
    "checksum": {"type": "str", "default": ""},
    "path": {"type": "str", "required": True},
    **dict.fromkeys(("region", "profile", "endpoint_url", "access_key", "secret_key"), TEXT),
}
CONNECTION = ("region", "profile", "endpoint_url", "access_key", "secret_key")
OR_A_PATH = "or give a path on the control node instead."


class ActionModule(MaskedAction):
    """A file of the control node, or an object in S3, is copied; the host itself fetches what has another address."""

    code = "package_failed"

    _supports_check_mode = True

    def work(self, result: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        options = self.options(OPTIONS)
        url = options["url"]
        is_fetched = re.match("https?://", url)
        try:
            if is_fetched or url.startswith("s3://"):
                if self._task.check_mode:
                    # get_url would ask for the head alone, which a signed address refuses; from S3 nothing is fetched.
                    return result | {"changed": True}
                local = "" if is_fetched else self._from_s3(options)
            else:
                local = re.sub("^file://", "", url)
            directory = {"path": os.path.dirname(options["path"]), "state": "directory", "mode": "0755", **OF_ROOT}
            done = [self._execute_module(FILE, directory, task_vars=task_vars)]
            if not done[0].get("failed"):
                done.append(
                    self._copy(local, options["path"], task_vars) if local else self._download(options, task_vars)
                )
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        if done[-1].get("failed"):
            host, said = task_vars["inventory_hostname"], failure(done[-1])
            self._fail(options, host, said, is_download=bool(is_fetched) and len(done) > 1)
        differences = [done[0]["diff"]] if done[0].get("changed") and "diff" in done[0] else []
        return (
            result
            | {"changed": any(one.get("changed") for one in done)}
            | ({"diff": differences} if differences else {})
        )

    def _from_s3(self, options: dict[str, Any]) -> str:
        """The file on the control node. Raises AnsibleActionFail."""
        connection = {name: options[name] for name in CONNECTION}
        try:
            return str(s3_file.fetch(options["url"], options["checksum"], connection, s3_file.cache(os.environ)))
        except (s3_file.S3FileError, OSError) as error:
            place = f"from aws_endpoint_url {options['endpoint_url']}" if options["endpoint_url"] else "from AWS"
            raise AnsibleActionFail(
                coded(
                    "package_failed",
                    f"{self._named(options)}, but the control node could not fetch it ({place}): "
                    f"{self._mask.foreign(str(error))} Correct the two, see that aws_profile or the other aws_* "
                    f"variables give access to the object, {OR_A_PATH}",
                )
            ) from None

    def _copy(self, local: str, path: str, task_vars: dict[str, Any]) -> dict[str, Any]:
        copy = other_action(self, COPY, {"src": local, "dest": path, "mode": "0644", **OF_ROOT})
        copy._task.diff = False
        return copy.run(task_vars=task_vars)

    def _download(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        url = options["url"]
        address = urlsplit(url)
        # Without user and password, which go another way: the host's journal shows addresses.
        shown = re.sub("://[^/]*@", "://", url)
        arguments = {
            "url": shown,
            "force_basic_auth": "@" in url,
            "dest": options["path"],
            "checksum": options["checksum"],
            "mode": "0644",
            **OF_ROOT,
        }
        if address.username:
            arguments["url_username"] = unquote(address.username)
        if address.password:
            arguments["url_password"] = unquote(address.password)
        # A signature or a token in the query is a part of the address. So is the user, which may be a token.
        is_secret = self._mask.text(shown) != shown or re.search("://[*]+[:@]", self._mask.text(url))
        before = self._task.no_log
        self._task.no_log = before or bool(is_secret)
        try:
            found: dict[str, Any] = self._execute_module(DOWNLOAD, arguments, task_vars=task_vars)
        finally:
            self._task.no_log = before
        return found

    def _fail(self, options: dict[str, Any], host: str, said: str, *, is_download: bool) -> None:
        said = self._mask.foreign(said)
        if is_download:
            message = (
                f"{self._named(options)}, but {host} could not fetch it: {said} Correct the two, see that the host "
                f"reaches the server, {OR_A_PATH}"
            )
        else:
            message = (
                f"The package {self._mask.text(options['url'])} could not be copied to {options['path']} on {host}: "
                f"{said} Make room on that file system, or make it writable, and run again."
            )
        raise AnsibleActionFail(coded("package_failed", message))

    def _named(self, options: dict[str, Any]) -> str:
        url = json.dumps(self._mask.text(options["url"]))
        return f"logstash_package_url is {url} and logstash_package_checksum is {json.dumps(options['checksum'])}"
