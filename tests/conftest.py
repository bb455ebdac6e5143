"""Makes the checkout importable as the collection ``elk.deploy``, the way Ansible itself imports it."""

from pathlib import Path

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

ROOT = Path(__file__).resolve().parent.parent

_AnsibleCollectionFinder(paths=[str(ROOT / ".collections")])._install()
