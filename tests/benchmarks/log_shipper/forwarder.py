"""A log through Elastic's serverless forwarder: ``python forwarder.py FILE.gz HOST PORT``, in a checkout of it.

Its own way from an object's notification to Logstash over HTTP, with 500 events a request and without compression; S3
is the file. The lines go raw: each is the message of an event.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
sys.path.insert(0, str(Path.cwd()))

from handlers.aws import s3_sqs_trigger, utils
from shippers import CompositeShipper, LogstashShipper
from storage.s3 import S3Storage


class Bucket:
    """What it asks of S3."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def head_object(self, **_of: str) -> dict[str, object]:
        return {"ContentType": "application/x-gzip", "ContentLength": self._path.stat().st_size}

    def download_fileobj(self, _bucket: str, _key: str, file: object) -> None:
        file.write(self._path.read_bytes())


def main(path: str, host: str, port: str) -> None:
    S3Storage._s3_client = Bucket(path)
    shipper = CompositeShipper()
    shipper.add_shipper(LogstashShipper(f"http://{host}:{port}/", max_batch_size=500, compression_level=0))
    shipper.set_event_id_generator(utils.s3_object_id)
    record = {
        "awsRegion": "eu-west-1",
        "eventTime": "2026-03-02T08:00:00.000Z",
        "s3": {"bucket": {"arn": "arn:aws:s3:::logs"}, "object": {"key": "AWSLogs/a.log.gz"}},
    }
    queue = "arn:aws:sqs:eu-west-1:123456789012:queue"
    for event, *_rest in s3_sqs_trigger._handle_s3_sqs_event({"Records": [record]}, queue, "", None, None, None):
        shipper.send(event)
    shipper.flush()


main(*sys.argv[1:])
