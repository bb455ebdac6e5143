"""Makes the archive of a configuration bundle on the control node: which files, without secrets, always the same bytes."""
