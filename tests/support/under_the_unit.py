"""A program of a test's own on a host, under the properties of the service's unit."""

from __future__ import annotations

FOLDER = "/run/systemd/system"


def write(host, path: str, text: str) -> None:
    """Writes a file on the host."""
    host.check_output("sh -c 'printf %%s \"$1\" > %s' sh %s", path, text)


def start(host, name: str, command: str) -> None:
    """Starts a unit that is a copy of the service's, with its drop-ins, but for the command."""
    shown = host.check_output("systemctl show --property FragmentPath,DropInPaths logstash")
    paths = dict(line.split("=", 1) for line in shown.splitlines())
    folder = f"{FOLDER}/{name}.service.d"
    host.check_output("mkdir -p %s", folder)
    host.check_output("cp %s %s", paths["FragmentPath"], f"{FOLDER}/{name}.service")
    for path in paths["DropInPaths"].split():
        host.check_output("cp %s %s", path, f"{folder}/")
    own = ["[Service]", "ExecStartPre=", "ExecStart=", f"ExecStart={command}", "Restart=no", "Nice=0", ""]
    write(host, f"{folder}/zz-command.conf", "\n".join(own))
    host.check_output("systemctl daemon-reload")
    host.check_output("systemctl start %s", name)


def stop(host, name: str) -> str:
    """Stops the unit and removes it; what its program printed."""
    host.run("systemctl stop %s", name)
    host.run("rm -rf %s %s", f"{FOLDER}/{name}.service", f"{FOLDER}/{name}.service.d")
    host.check_output("systemctl daemon-reload")
    return host.check_output("journalctl --no-pager --output cat --unit %s", name)
