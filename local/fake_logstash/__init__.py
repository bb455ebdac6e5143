"""A fake Logstash package: builds a .deb that behaves like the real one where the tests need it to."""
