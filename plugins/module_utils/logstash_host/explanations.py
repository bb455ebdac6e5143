"""What messages of Logstash mean for those who run it: the cause, and the way out."""

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
        r"(?:Unable to load plugin\. \{:type=>\"\w+\", :name=>\"|Couldn't find any \w+ plugin named ')(?P<name>[\w-]+)",
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
        "often is. Set logstash_path_tmp to a directory that is not, and take a -Djava.io.tmpdir out of "
        "logstash_jvm_options.",
    ),
    (
        r"OutOfMemoryError|insufficient memory for the Java|Could not reserve enough space",
        "There is not enough memory. Give the host more, or Logstash a smaller heap.",
    ),
)


def explain(output):
    """The explanations that fit an output of Logstash, each once."""
    found = (
        text.format(**match.groupdict()) for pattern, text in EXPLANATIONS for match in re.finditer(pattern, output)
    )
    return list(dict.fromkeys(found))
