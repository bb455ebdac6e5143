"""Ships load-balancer access logs from S3 to Logstash as JSON events.

events/        reading lines and making events; no input or output: bytes go in, encoded events come out
shipping.py    the way of one log, from its stream to a sink, with counts
delivery/      the sinks: TCP json_lines, HTTP arrays
aws/           triggers, objects of S3, the queue for the rest of an object, secrets, metrics
settings.py    the settings file; keys.py lists what may be in it
handler.py     the Lambda's entry point
command_line/  the same for people
"""
