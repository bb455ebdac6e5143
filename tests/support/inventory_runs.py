"""Runs Ansible's programs with the project's own inventories, which reach no host."""

from pathlib import Path

from ansible_process import ROOT, run

__all__ = ["REAL", "ROOT", "render", "run"]
REAL = ["ci", "staging", "production", "scratch"]


def render(environment: str, folder: Path, *options: str) -> Path:
    """Renders every host of an environment to a folder -> the folder."""
    ended = run(
        *("ansible-playbook", "-i", f"inventories/{environment}", "playbooks/render.yml"),
        *("-e", f"render_to={folder}", *options),
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder
