"""The command line: ``python3 -m elb_log_shipper``.

main.py       commands, and the sinks that print and check
options.py    options, as values of a settings file; arguments.py reads their texts
logs.py       the logs: files, standard input, S3
runs.py       a run over many of them: progress, summary, where to go on
workers.py    who does it: this process or several, until a signal
"""
