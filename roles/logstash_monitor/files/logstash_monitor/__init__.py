"""What watches Logstash on a host: it reads the node API, judges progress between samples, and says what it saw.

It needs Python's standard library only, from 3.9 on. ``samples``, ``progress`` and ``judge`` are pure: no clock, no
files, no network.
"""
