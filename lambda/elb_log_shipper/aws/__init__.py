"""Triggers, objects of S3, queues, secrets, metrics. boto3 is imported where it is needed."""
