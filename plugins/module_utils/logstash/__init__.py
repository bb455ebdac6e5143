"""What a host does with packages, keys, environment files and keystores, apart from the running Logstash."""
