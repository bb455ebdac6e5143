"""``python -m logstash_instance first-boot`` or ``termination``: what the units of the same names run.

``python -m logstash_instance deliver-queue ARCHIVE`` is for people.
"""

import argparse
import importlib
import sys

from .report import log_to_journal

_COMMANDS = {"first-boot": "first_boot", "termination": "termination", "deliver-queue": "delivery"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="logstash_instance", description=__doc__)
    parser.add_argument("command", choices=_COMMANDS)
    command = parser.parse_args(sys.argv[1:2]).command
    arguments = sys.argv[2:]
    if arguments and command != "deliver-queue":
        parser.error(f"{command} takes no arguments")
    log_to_journal()
    module = importlib.import_module(f".{_COMMANDS[command]}", __package__)
    status: int = module.main(arguments) if command == "deliver-queue" else module.main()
    return status


if __name__ == "__main__":
    sys.exit(main())
