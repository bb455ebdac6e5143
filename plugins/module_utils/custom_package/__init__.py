"""Custom packages of Logstash: a real package with other plugins in it, under a version of its own.

errors says what went wrong, process runs the programs, gems reads gems and offline packs, formats knows deb, rpm and
tar.gz, sources fetches and checks what goes in, build puts it together.
"""
