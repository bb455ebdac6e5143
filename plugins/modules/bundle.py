#!/usr/bin/python
"""Signs a configuration bundle and keeps it in the artifact bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle
short_description: Make the configuration bundle of an environment, sign it and upload it
description:
  - A bundle has all that an instance needs to deploy itself without a control node and without internet access - the
    playbooks, roles, plugins, templates and variables of one environment, the other collections, and the Python
    packages. It never has a secret; one stops the task.
  - The same inputs give the same bundle, which is uploaded once. Its manifest is signed with ECDSA (P-256, SHA-256),
    with a key in a file or in KMS.
  - The bucket is created and configured as by M(elk.deploy.artifact_bucket). Objects of an earlier bundle stay.
  - Nothing that may look up a secret is evaluated. Of the hosts' variables, those that name files of Octopus variables,
    paths, and the version of Logstash are.
  - The connection options are those of C(amazon.aws); defaults for the group C(amazon.aws.aws) apply.
author: The ELK deployment toolkit's authors (@elk-deploy)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  environment:
    description: The environment, as in the scopes of Octopus variables.
    type: str
    required: true
  bucket:
    description: The artifact bucket.
    type: str
    required: true
  environment_class:
    description: The class of environments that the bucket belongs to, as in M(elk.deploy.artifact_bucket).
    type: str
    required: true
  signing_key:
    description:
      - A file with a private key of the curve P-256 in PEM, which nobody but its owner may open, or the ARN of a key of
        KMS (C(ECC_NIST_P256), C(SIGN_VERIFY)). Not needed with O(bundle).
    type: str
    default: ""
  public_key:
    description: The public half in PEM, as images have it. A signing key that does not fit is refused.
    type: str
    required: true
  current:
    description: Whether the bundle becomes the environment's current one, which new instances deploy.
    type: bool
    default: true
  bundle:
    description: SHA-256 of an earlier bundle. It becomes the current one, once it is verified; nothing is made.
    type: str
    default: ""
  inventory:
    description: The environment's inventory directory. Needed without O(bundle), as are O(wheels) and O(dest).
    type: path
  hosts:
    description: For each layer the name of a host in the inventory, whose variables are those of the layer.
    type: dict
    default: {}
  architectures:
    description: The processors that the Python packages are for.
    type: list
    elements: str
    choices: [x86_64, aarch64]
    default: [x86_64]
  python_versions:
    description: The versions of Python on the images.
    type: list
    elements: str
    default: ["3.11"]
  collections:
    description: The collections beside the toolkit that hosts are deployed with.
    type: list
    elements: str
    default: [amazon.aws]
  files:
    description: Further files and directories, relative to the checkout.
    type: list
    elements: path
    default: []
  wheels:
    description: The cache of Python packages, as in M(elk.deploy.instance_wheels).
    type: path
  dest:
    description: The directory that the archive is written to.
    type: path
  src:
    description: The archive. The action that makes it fills this in, and O(manifest).
    type: path
  manifest:
    description: The text that is signed.
    type: str
attributes:
  check_mode:
    support: full
    description: Makes the archive, and says what would be uploaded.
seealso:
  - module: elk.deploy.instance_wheels
"""

EXAMPLES = r"""
- name: Make the bundle
  elk.deploy.bundle:
    environment: staging
    bucket: example-staging-artifacts
    environment_class: staging
    signing_key: arn:aws:kms:eu-west-1:123456789012:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0
    public_key: "{{ lookup('ansible.builtin.file', 'keys/bundle.pub') }}"
    inventory: inventories/staging
    hosts: {brokers: broker-1, indexers: indexer-1}
    wheels: build/wheels
    dest: build/bundles/staging
"""

RETURN = r"""
msg:
  description: What the bundle is, whether it was uploaded, and which bundle is the current one.
  type: str
  returned: success
bundle:
  description: SHA-256 of the archive, by which the bundle is known.
  type: str
  returned: success
url:
  description: The address of its signed manifest.
  type: str
  returned: success
  sample: s3://example-staging-artifacts/bundles/staging/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.json
current_url:
  description: The address of the current bundle's manifest.
  type: str
  returned: success
size:
  description: Size of the archive in bytes.
  type: int
  returned: success
manifest:
  description: What the manifest says.
  type: dict
  returned: success
before:
  description: SHA-256 of the bundle that was current before; empty if there was none.
  type: str
  returned: success
changes:
  description: What was changed in the bucket, or would be.
  type: list
  elements: str
  returned: success
differences:
  description: How the bundle differs from the one that was current before, in words, and its files.
  type: list
  elements: str
  returned: success
"""

import contextlib
from pathlib import Path

from ansible_collections.elk.deploy.plugins.module_utils.aws.artifacts import ArtifactBucket, ArtifactError, configure
from ansible_collections.elk.deploy.plugins.module_utils.aws.module import AwsModule
from ansible_collections.elk.deploy.plugins.module_utils.bundle import manifest as documents
from ansible_collections.elk.deploy.plugins.module_utils.bundle.manifest import CURRENT, BundleError
from ansible_collections.elk.deploy.plugins.module_utils.bundle.signing import KmsSigner, PemSigner, PublicKey, is_arn
from ansible_collections.elk.deploy.plugins.module_utils.bundle.store import BundleStore, Stored, contents, differences

# Without it AnsibleAWSModule says what to install.
with contextlib.suppress(ImportError):
    import botocore.exceptions


def signer_of(module, public_key):
    """What signs: with a key whose public half is the one that images have."""
    key = module.params["signing_key"]
    if not key:
        raise BundleError(
            "bundle_signing_key is empty; expected a file with a private key of the curve P-256 in PEM, or the ARN of "
            "a key of KMS. docs/bake.md tells how to make one",
            "bundle_key_invalid",
        )
    signer = KmsSigner(module.client("kms"), key) if is_arn(key) else PemSigner(key)
    if signer.public_key.pem != public_key.pem:
        raise BundleError(
            "bundle_public_key is not the public half of bundle_signing_key, and images that have it would refuse the "
            f"bundle. Set it to the following, and bake images with it:\n{signer.public_key.pem.strip()}",
            "bundle_key_invalid",
        )
    return signer


def upload(module, store, signer, exists, changes):
    """Keeps the archive and its signed manifest. Returns the manifest as stored, and the archive."""
    archive = Path(module.params["src"]).read_bytes()
    wanted = documents.read(module.params["manifest"])
    stored = None
    if exists:
        if not store.has_archive(wanted):
            changes.append(wanted.key)
            if not module.check_mode:
                store.put_archive(wanted, archive)
        # One that another key has signed is replaced.
        with contextlib.suppress(BundleError):
            stored = store.stored(f"{wanted.sha256}.json")
    else:
        changes.append(wanted.key)
    if stored is None or not stored.manifest.is_same_bundle(wanted):
        stored = Stored(wanted, documents.sign(wanted, signer.sign) if not module.check_mode else b"")
        changes.append(f"{wanted.sha256}.json")
        if not module.check_mode:
            store.put(changes[-1], stored.document)
    return stored, archive


def earlier(store, sha256):
    """A bundle that was uploaded before, once it is verified, and its archive."""
    stored = store.stored(f"{sha256}.json") if documents.SHA256.fullmatch(sha256) else None
    if stored is None:
        raise BundleError(
            f"bundle is {sha256!r}; expected the SHA-256 of a bundle that was uploaded, and there is no "
            f"{store.url(f'{sha256}.json')}. List them with: aws s3 ls {store.url('')}",
            "bundle_missing",
        )
    return stored, store.archive(stored.manifest)


def current(module, store, exists):
    """The manifest that is current; None where there is none that the key has signed, which the run puts right."""
    try:
        return store.stored(CURRENT) if exists else None
    except BundleError as error:
        module.warn(f"{error}.")
        return None


def differing(store, stored, archive, before):
    """How the bundle differs from the one before it, in words and by files."""
    if before is None or before.manifest.sha256 == stored.manifest.sha256:
        return []
    words = stored.manifest.changes_from(before.manifest)
    try:
        return words + differences(contents(store.archive(before.manifest)), contents(archive))
    except BundleError as error:
        return [*words, f"files unknown: {error}"]


def summary(module, manifest, before, changes):
    """One line that says what the bundle is, and which one new instances deploy."""
    uploaded = [name for name in changes if name.startswith(manifest.sha256)]
    said = "would be uploaded" if module.check_mode else "uploaded"
    if before is not None and before.manifest.sha256 == manifest.sha256:
        state = "it is the current one"
    elif CURRENT in changes:
        state = "it would become the current one" if module.check_mode else "it is the current one now"
        state += f", after {before.manifest.sha256}" if before else ""
    else:
        state = f"the current one is still {before.manifest.sha256}" if before else "there is no current one"
    return (
        f"Bundle {manifest.sha256} of {manifest.environment}, {manifest.size / 1e6:.1f} MB: "
        f"{said if uploaded else 'is there already'}; {state}."
    )


def run(module):
    public_key = PublicKey.from_pem(module.params["public_key"])
    account = module.client("sts").get_caller_identity()["Account"]
    bucket = ArtifactBucket(module.client("s3"), module.params["bucket"], account)
    store = BundleStore(bucket, module.params["environment"], public_key)
    exists, changes = True, []
    if module.params["bundle"]:
        stored, archive = earlier(store, module.params["bundle"])
    else:
        signer = signer_of(module, public_key)
        exists, changes = configure(bucket, module.params["environment_class"], check_mode=module.check_mode)
        stored, archive = upload(module, store, signer, exists, changes)
    before = current(module, store, exists)
    is_current = before is not None and before.manifest.sha256 == stored.manifest.sha256
    if not is_current and (module.params["current"] or module.params["bundle"]):
        changes.append(CURRENT)
        if not module.check_mode:
            store.put(CURRENT, stored.document)
    module.exit_json(
        changed=bool(changes),
        msg=summary(module, stored.manifest, before, changes),
        bundle=stored.manifest.sha256,
        url=store.url(f"{stored.manifest.sha256}.json"),
        current_url=store.url(CURRENT),
        size=stored.manifest.size,
        manifest=documents.as_dict(stored.manifest),
        before=before.manifest.sha256 if before else "",
        changes=changes,
        differences=differing(store, stored, archive, before),
    )


def main():
    module = AwsModule(
        argument_spec={
            "environment": {"type": "str", "required": True},
            "bucket": {"type": "str", "required": True},
            "environment_class": {"type": "str", "required": True},
            "signing_key": {"type": "str", "default": "", "no_log": False},  # a path or an ARN
            "public_key": {"type": "str", "required": True, "no_log": False},
            "current": {"type": "bool", "default": True},
            "bundle": {"type": "str", "default": ""},
            "src": {"type": "path"},
            "manifest": {"type": "str"},
        },
        supports_check_mode=True,
    )
    try:
        run(module)
    except BundleError as error:
        module.fail_json(code=error.code, msg=f"{error}.")
    except ArtifactError as error:
        module.fail_json(code="artifact_refused", msg=f"{error}.")
    except OSError as error:
        module.fail_json(code="artifact_unreadable", msg=f"{module.params['src']} cannot be read: {error.strerror}.")
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        module.fail_json_aws(error, msg=f"Keeping the bundle in bucket {module.params['bucket']} failed")


if __name__ == "__main__":
    main()
