"""Makes the archive of a configuration bundle on the control node: its files, no secrets, always the same bytes."""
