"""A stand-in for the Logstash package: builds a .deb that behaves like the genuine one where the tests need it to."""
