"""Reading lines and making events. No input or output here, so that each case is a plain table test.

lines.py      chunks of bytes -> inflated chunks -> blocks of whole lines
formats/      one line of text -> the fields of one event; one module a log format
encoder.py    a block of lines -> encoded events, parsed or raw
kernel.py     the same for many lines at once, where nothing is unusual
selection.py  which events are kept: filters, sampling
masking.py    what must not leave: addresses, values in query strings
"""

from .encoder import DEFAULTS, NAMINGS, PARSE_FAILURE_TAG, Batch, Context, Counts, Encoder, Options, RawEvent, read_raw

__all__ = [
    "DEFAULTS",
    "NAMINGS",
    "PARSE_FAILURE_TAG",
    "Batch",
    "Context",
    "Counts",
    "Encoder",
    "Options",
    "RawEvent",
    "read_raw",
]
