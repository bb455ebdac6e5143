"""``python -m logstash_instance first-boot`` or ``termination``: what the units of the same names run."""

import argparse
import importlib
import sys

from .report import log_to_journal

_COMMANDS = {"first-boot": "first_boot", "termination": "termination"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="logstash_instance", description=__doc__)
    parser.add_argument("command", choices=_COMMANDS)
    command = parser.parse_args().command
    log_to_journal()
    status: int = importlib.import_module(f".{_COMMANDS[command]}", __package__).main()
    return status


if __name__ == "__main__":
    sys.exit(main())
