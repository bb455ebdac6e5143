"""Ships load-balancer access logs from S3 to Logstash as JSON events.

The core does no input or output: bytes go in, encoded events come out, so each case is a plain table test.

    lines.py      chunks of bytes -> inflated chunks -> blocks of whole lines
    formats/      one line of text -> the fields of one event; one module a log format
    events.py     a block of lines -> encoded events, parsed or raw
    kernel.py     the same for many lines at once, where nothing is unusual
    groups.py     what the kernel does with the columns that it has found
    shapes.py     what columns with another text in each line look like, and their JSON
    selection.py  which events are kept: filters, sampling
    masking.py    what must not leave: addresses, values in query strings
    native.py     what inflates and writes JSON: isal and orjson where they are installed
    shipping.py   stream -> sink, with counts
    delivery/     the sinks: TCP json_lines, HTTP arrays
    s3.py         objects of S3 as streams; boto3 is imported when one is wanted
    triggers.py   an event -> the objects that it names, whatever they came through
    continuations.py  the queue that takes the rest of an object near the time limit
    metrics.py    CloudWatch's embedded metrics
    settings.py   the settings file; keys.py lists what may be in it
    handler.py    the Lambda's entry point
    cli.py        the same for people: commands, and the sinks that print and check
    options.py    the command line's options, as values of a settings file; arguments.py reads their texts
    logs.py       the command line's logs: files, standard input, S3
    runs.py       a run over many of them: progress, summary, where to go on
    workers.py    who does it: this process or several, until a signal
"""
