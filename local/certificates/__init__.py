"""A small certificate authority for environment `local` and for tests."""
