"""What instances have told is read in the order of time, and only the last of it."""

from __future__ import annotations

import io
import json

from ansible_collections.elk.deploy.plugins.modules import instance_results

PREFIX = "deployments/staging/"


class S3:
    """Objects by their keys, listed two on a page."""

    def __init__(self, objects):
        self.objects = objects
        self.read = []

    def get_paginator(self, operation):
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket, Prefix):  # noqa: N803 - AWS's
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        assert Bucket == "artifacts"
        for first in range(0, len(keys), 2):
            yield {"Contents": [{"Key": key} for key in keys[first : first + 2]]}
        yield {}

    def get_object(self, Bucket, Key):  # noqa: N803 - AWS's
        assert Bucket == "artifacts"
        self.read.append(Key)
        return {"Body": io.BytesIO(self.objects[Key])}


def told(began, kind, **document):
    return f"{PREFIX}2026-11-28T{began}Z-i-0a1b-{kind}.json", json.dumps(document).encode()


def test_last_results_are_in_the_order_of_time_each_with_its_kind():
    s3 = S3(
        dict(
            [
                told("21:00:00", "termination", result="drained"),
                told("20:00:00", "first-boot", result="continue"),
                told("19:00:00", "first-boot", result="abandon"),
                ("deployments/production/2026-11-28T22:00:00Z-i-0-first-boot.json", b"{}"),
                (f"{PREFIX}2026-11-28T23:00:00Z-note.txt", b"{}"),
            ]
        )
    )
    found = instance_results.read(s3, "artifacts", PREFIX, 2)
    assert found == [{"result": "continue", "kind": "first-boot"}, {"result": "drained", "kind": "termination"}]
    assert len(s3.read) == 2
    assert instance_results.read(s3, "artifacts", PREFIX, 0) == []


def test_results_of_another_form_are_left_out():
    s3 = S3({told("20:00:00", "first-boot")[0]: b"half a", told("21:00:00", "first-boot")[0]: b"[]"})
    assert instance_results.read(s3, "artifacts", PREFIX, 20) == []
