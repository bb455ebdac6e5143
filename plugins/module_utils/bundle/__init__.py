"""Configuration bundles: all that an instance needs to deploy itself, as one signed archive in S3."""
