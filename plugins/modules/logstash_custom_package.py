#!/usr/bin/python
"""Builds a package of Logstash with other plugins in it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: logstash_custom_package
short_description: Build a Logstash package with other plugins in it
description:
  - Unpacks a real package or archive, has its C(logstash-plugin) program install gems or offline packs, and packs it
    again in the same format, with a version of its own such as C(5.4.1+acme.1). Scripts, dependencies, configuration
    files and owners stay the same.
  - Use it until a plugin's fix is in a release. The result installs like any other package.
  - Next to the package, it writes C(.sha256) and C(.sha512) files for C(sha256sum -c) and C(sha512sum -c), and
    C(.manifest.json), which says what the package was built from. It is built again only if that has changed.
  - If run as root, external files are unpacked, run and packed by an unprivileged account.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment: [elk.deploy.masking]
requirements:
  - dpkg-deb (1.19 or later) for a deb; rpm, rpm2cpio, cpio and rpmbuild for an rpm; tar and gzip for a tar.gz
  - a machine that the package's own Java runs on, or O(java_home)
options:
  src:
    description: The real package or archive, ending in .deb, .rpm or .tar.gz - a path, or an http(s) address.
    type: str
    required: true
  checksum:
    description: The checksum of O(src), as V(sha256:...) or V(sha512:...).
    type: str
    required: true
  version:
    description: The release that O(src) contains, such as V(5.4.1).
    type: str
    required: true
  suffix:
    description:
      - What is added to the version after a plus sign - letters, digits and dots, such as V(acme.1).
      - Change it whenever the plugins change, so that hosts notice.
    type: str
    required: true
  plugins:
    description: What is installed into it. List a gem that a plugin needs and Logstash does not bundle as well.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The gem's name, such as V(logstash-output-http).
        type: str
        required: true
      version:
        description: The gem's version, such as V(4.3.2).
        type: str
        required: true
      src:
        description:
          - A C(.gem) file, or an offline pack (C(.zip)) that contains the gem - a path, or an http(s) address.
          - Several plugins from one pack name the same file.
        type: str
        required: true
      checksum:
        description: The checksum of the file, as V(sha256:...) or V(sha512:...).
        type: str
        required: true
  dest:
    description: The directory that the package is written to. Created if it is missing.
    type: path
    required: true
  trusted_mirrors:
    description:
      - Hosts, with or without a port, from which files may be downloaded without TLS. All others require https.
    type: list
    elements: str
    default: []
  work_path:
    description:
      - The directory in which a build directory is created, and removed afterwards.
      - Needs about three times the unpacked size of the package, and must not be mounted noexec.
    type: path
    default: /var/tmp
  user:
    description: The unprivileged account that the build runs as if this module runs as root.
    type: str
    default: nobody
  java_home:
    description: A Java for releases that bundle none (before 7.10). Empty means the bundled one, or the one on PATH.
    type: str
    default: ""
  timeout:
    description: How many seconds each program may take.
    type: int
    default: 1800
attributes:
  check_mode:
    support: full
    description: Says whether a package would be built, after checking local files. Downloads nothing.
"""

EXAMPLES = r"""
# The http output that is bundled with 5.4.1 drops events; 4.3.2 does not.
- name: Build Logstash 5.4.1 with a newer http output
  elk.deploy.logstash_custom_package:
    src: https://artifacts.example.com/logstash-5.4.1.deb
    checksum: sha256:2f7d1c0c6e4b0f5b6f7f0f3ad1a5c8a1b8c4b1a9d5e0f4c7a2b6d8e9f0a1b2c3
    version: 5.4.1
    suffix: acme.1
    plugins:
      - name: logstash-output-http
        version: 4.3.2
        src: /srv/gems/logstash-output-http-4.3.2.gem
        checksum: sha256:0c9f8e7d6b5a4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d
    dest: /srv/packages
    java_home: /usr/lib/jvm/java-8-openjdk-amd64
"""

RETURN = r"""
package:
  description: Path of the package.
  type: str
  returned: success
version:
  description: Its version, to set as C(logstash_version).
  type: str
  returned: success
checksum:
  description: Its checksum, to set as C(logstash_package_checksum).
  type: str
  returned: if it exists
manifest:
  description: What it is built from.
  type: dict
  returned: success
"""

from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.custom_package import build, sources
from ansible_collections.elk.deploy.plugins.module_utils.custom_package.errors import CustomPackageError
from ansible_collections.elk.deploy.plugins.module_utils.downloads import is_trusted
from ansible_collections.elk.deploy.plugins.module_utils.masking.module import AnsibleModule


def check_addresses(params):
    """Refuses what would be fetched in clear text. Raises CustomPackageError."""
    given = [("src", params["src"]), *((f"src of {one['name']}", one["src"]) for one in params["plugins"])]
    for name, place in given:
        if not is_trusted(place, params["trusted_mirrors"]):
            raise CustomPackageError(
                f"{name} is {place}, which would be fetched without TLS. Use https, or add its host to trusted_mirrors."
            )


def main():
    """Runs the module."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "src": text,
            "checksum": text,
            "version": text,
            "suffix": text,
            "plugins": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {"name": text, "version": text, "src": text, "checksum": text},
            },
            "dest": {"type": "path", "required": True},
            "trusted_mirrors": {"type": "list", "elements": "str", "default": []},
            "work_path": {"type": "path", "default": "/var/tmp"},  # noqa: S108 - a private folder is made in it
            "user": {"type": "str", "default": "nobody"},
            "java_home": {"type": "str", "default": ""},
            "timeout": {"type": "int", "default": 1800},
        },
        facts=["package", "version", "checksum"],
        supports_check_mode=True,
    )
    params = module.params
    wanted = build.Wanted(
        src=params["src"],
        checksum=params["checksum"],
        version=params["version"],
        suffix=params["suffix"],
        plugins=params["plugins"],
        dest=Path(params["dest"]),
    )
    try:
        wanted.check()
        check_addresses(params)
        before = build.recorded(wanted)
        changed = before != wanted.manifest()
        if changed and before:
            module.warn(
                f"{wanted.custom_version} was built before from other files. Hosts that have it do not notice the new "
                "one: give it another suffix."
            )
        if changed and module.check_mode:
            build.check_local_sources(wanted)
        elif changed:
            build.build(wanted, params["work_path"], params["user"], params["timeout"], params["java_home"])
    except CustomPackageError as error:
        module.fail_json(code="custom_package_failed", msg=str(error))
    result = {
        "changed": changed,
        "package": str(wanted.package),
        "version": wanted.custom_version,
        "manifest": wanted.manifest(),
    }
    if not (changed and module.check_mode):
        result["checksum"] = f"sha256:{sources.digest(wanted.package, 'sha256')}"
    module.exit_json(**result)


if __name__ == "__main__":
    main()
