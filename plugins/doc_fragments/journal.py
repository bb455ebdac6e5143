"""Documentation that the modules share which end a change of a host."""

from __future__ import annotations


class ModuleDocFragment:
    """The option with which a module leaves a line in the journal of deployments."""

    DOCUMENTATION = r"""
options:
  journal:
    description:
      - What is known of this run, for a line in the journal of the host's deployments. Without it, none is written.
      - A run that changed nothing leaves no line, and a check run writes none. A line that can't be written is a
        warning.
    type: dict
    suboptions:
      path:
        description: The file, one JSON object a line. Its last 500 lines stay.
        type: path
        required: true
      began:
        description:
          - When the run began, in seconds since 1970 by the host's clock, as M(elk.deploy.logstash_host) returns it.
        type: float
        required: true
      action:
        description: What the run does.
        type: str
        choices: [deploy, rollback, first_boot]
        default: deploy
      result:
        description: How it ended.
        type: str
        choices: [deployed, restored, failed]
        default: deployed
      reason:
        description: Why the run was made, or why it failed. Its first line is kept, masked.
        type: str
        default: ""
      version:
        description: The version of Logstash that the run was to bring. Default is that of the record that is written.
        type: str
        default: ""
      release:
        description: The release of the settings that the run was to bring. Default as with O(journal.version).
        type: str
        default: ""
      previous:
        description: The record from before the run.
        type: dict
        default: {}
      home:
        description: Where Logstash has its program, whose plugins are listed.
        type: path
        required: true
      plugins:
        description: The names of the plugins to list, with the version that is installed.
        type: list
        elements: str
        default: []
      by:
        description: Who runs this. Set by the action, as user@control-node.
        type: str
        default: ""
      toolkit:
        description: The toolkit's commit or version. Set by the action.
        type: str
        default: ""
"""
