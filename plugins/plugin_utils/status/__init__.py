"""An environment as it is now: what its hosts, their journals and its alarms say, as a table, a page and JSON."""
