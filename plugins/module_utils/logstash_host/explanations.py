"""What messages of Logstash mean for those who run it: the cause, and a hint.

Strangers may have a part in a log: no expression may look from each of many places to the same far end.
"""

from __future__ import annotations

import re

EXPLANATIONS = (
    (
        r"already another instance using the configured data\s+directory",
        "Another Logstash runs on the same path.data (fuser on its .lock names the process). Stop it, or give this one "
        "a logstash_path_data of its own.",
    ),
    (
        r"Lock held by another program on lock path: (?P<path>\S+)",
        "Another Logstash has {path} open. Stop it, or give this one paths of its own.",
    ),
    (
        r"Path \"(?P<path>[^\"]+)\" must be a writable directory",
        "The service's user cannot write to {path}. Run the phase logstash_directories, which repairs and explains it.",
    ),
    (
        r"Cannot evaluate `?\$\{(?P<name>[^}:]+)",
        "{name} is neither in logstash_environment nor in the keystore. Add it, or give a default as "
        "${{{name}:default}}.",
    ),
    (
        r"Setting \"(?P<name>[^\"]+)\" doesn't exist",
        "This version has no setting {name}. Correct or remove it in logstash_settings.",
    ),
    (
        r"(?:Unable to load plugin\. \{:type=>\"\w+\", :name=>\"|Couldn't find any \w+ plugin named '|"
        r"Tried to load a plugin's code, but failed\. [^\n]{0,500}?:name=>\")(?P<name>[\w-]+)",
        "The plugin {name} is not installed. Correct its name, or add it to logstash_plugins.",
    ),
    (
        r"(?i)cannot be run as superuser",
        "This version refuses to run as root. Run it as its own user.",
    ),
    (
        r"Cannot assign requested address",
        "Logstash is to listen on an address that this host does not have. Correct logstash_api_host, or the host of "
        "an input.",
    ),
    (
        r"Logstash tried to bind to port (?P<port>\d+), but the port is already in use",
        "Another program listens on port {port}, which the node API is to have. Stop it, or set another "
        "logstash_api_port.",
    ),
    (
        r"Will restart this plugin(?:(?!Will restart)[^\[])*?"
        r"\bport=>\"?(?P<port>\d{1,3}|10[01]\d|102[0-3])\b(?:(?!\bport=>)[^\n])*\n[ \t]*Error: Permission denied",
        "Only root may listen on port {port}, as on every one below 1024. Set one from 1024 on, or set "
        "logstash_low_ports to true.",
    ),
    (
        r"MissingCredentialsError|unable to sign request without credentials",
        "A plugin of AWS has no keys. Give it some, or set logstash_instance_role to true where those of the "
        "instance's role are meant.",
    ),
    (
        r"Unable to allocate (?P<bytes>\d+) more bytes for persisted queue",
        "The volume of the persistent queue has no room for {bytes} more bytes. Free some space, or lower "
        "queue.max_bytes in the pipeline's settings.",
    ),
    (
        r"No space left on device",
        "A file system is full. Free some space; a persistent queue takes at least one page of 64 MB for each "
        "pipeline.",
    ),
    (
        r"Read-only file system",
        "A file system is mounted read-only. Mount it read-write; the kernel's log says why it was not.",
    ),
    (
        r"FFI not available",
        "The temporary directory of Java does not let native libraries be loaded; mostly it is mounted noexec, as /tmp "
        "often is. Set logstash_path_tmp to a directory that is not, and remove any -Djava.io.tmpdir from "
        "logstash_jvm_options.",
    ),
    (
        r"pattern %\{(?P<name>\w+)\b[^{}]*\} not defined",
        "No pattern of grok is called {name}. Correct its name, or define it in pattern_definitions or a file of "
        "patterns_dir.",
    ),
    # The word OutOfMemoryError says nothing: every start logs -XX:+HeapDumpOnOutOfMemoryError among Java's options.
    (
        r"Java heap space|GC overhead limit exceeded",
        "The heap of Logstash is too small for what it does. Raise logstash_heap_size, or have the pipelines hold less "
        "at a time (pipeline.workers, pipeline.batch.size).",
    ),
    (
        r"[Uu]nable to create (?:new )?native thread",
        "Logstash may start no more threads. Raise the limits of tasks of the unit (TasksMax) and of the host.",
    ),
    (
        r"insufficient memory for the Java|Could not reserve enough space|Cannot reserve enough memory|"
        r"Native memory allocation \(\w+\) failed",
        "There is not enough memory. Give the host more, or Logstash a smaller heap.",
    ),
)


def explain(output: str) -> list[str]:
    """The explanations that fit an output of Logstash, each once. Lines of normal operation fit none."""
    found = (
        text.format(**match.groupdict()) for pattern, text in EXPLANATIONS for match in re.finditer(pattern, output)
    )
    return list(dict.fromkeys(found))
