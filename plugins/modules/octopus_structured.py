#!/usr/bin/python
"""Documentation of octopus_structured; it runs as an action on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_structured
short_description: Replace values in a JSON, YAML, XML or properties file and copy it to the host
description:
  - Replaces those values of a file on the controller that Octopus-style variables are named after, and copies the
    result. The file needs no tokens.
  - Nothing is added, and nothing changes but the values. Comments, blank lines, order, indentation, quotes and line
    ends stay as they are.
  - In JSON and YAML, C(Logging:Targets:0:Level) is the property C(Level) of the first item of C(Targets) in C(Logging).
    An object, list or mapping is replaced by a value that is JSON or YAML itself. In JSON, a number or a boolean keeps
    its type where the value allows it. In YAML, quotes stay and so does their absence, and the reader decides.
  - In XML, the name is an XPath, such as C(/configuration/add[@key='Mode']/@value). C(*:name) stands for a name in any
    namespace. XPath 1.0 is understood.
  - In Java properties, the name is the key.
  - Names compare without case, but for XPath. Names that begin with C(Octopus) are not used, except for those that
    begin with C(Octopus:) in JSON and YAML.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description:
      - The file, found as M(ansible.builtin.template) finds its own, or an absolute path. It has to be text. It may be
        encrypted with Ansible Vault. Use a loop for several files.
    type: path
    required: true
  dest:
    description: Where the file goes on the host.
    type: path
    required: true
  format:
    description:
      - What the file is. With V(auto) it is JSON if it parses as JSON, else what its extension says; with an extension
        other than C(.json), C(.xml), C(.yml), C(.yaml) and C(.properties), the first of JSON, XML, YAML and properties
        that it parses as.
    type: str
    choices: [auto, json, xml, yaml, properties]
    default: auto
  output_encoding:
    description:
      - The encoding to write in, by the name that .NET has for it, as in M(elk.deploy.octopus_template).
      - Without it a file keeps its encoding. The encoding that an XML file declares is tried first, and the declaration
        is changed with the encoding.
    type: str
  properties_escape:
    description:
      - What is escaped in the values of a properties file.
      - With V(java), C(java.util.Properties) reads the value as it is, also as an C(InputStream), which takes bytes for
        Latin-1. All characters beyond ASCII are escaped, and a C(:) or C(=) at the value's start where only blanks
        separate it from its key.
      - With V(octopus), the bytes are those of Octopus Deploy. U+0080 to U+00FE stay as they are, and so does what
        the value begins with.
    type: str
    choices: [java, octopus]
    default: java
  unresolved:
    description:
      - What to do about tokens in values that cannot be resolved. V(fail) stops with all of them and the places of the
        file that the values are for; V(warn) tells the same and leaves the tokens in the text; V(ignore) says nothing.
      - Only variables that the file has a place for are looked at.
      - The default is the Ansible variable C(octopus_unresolved), else V(fail).
    type: str
    choices: [fail, warn, ignore]
  force:
    description: With V(false), a file that is there already stays as it is.
    type: bool
    default: true
  follow:
    description: Whether to write through a symbolic link.
    type: bool
    default: false
extends_documentation_fragment:
  - backup
  - files
  - validate
  - elk.deploy.octopus
notes:
  - Check mode, differences and idempotence are those of M(ansible.builtin.copy). The difference is not shown when a
    sensitive variable is used, or when the file is encrypted with Ansible Vault.
  - XML needs the Python package lxml on the control node. Entities are not resolved, and nothing else is read.
seealso:
  - module: elk.deploy.octopus_template
"""

EXAMPLES = r"""
# appsettings.json: {"Logging": {"Level": "Info"}, "Port": 80}
- name: Set the level and the port
  elk.deploy.octopus_structured:
    src: appsettings.json
    dest: /opt/app/appsettings.json
    owner: root
    group: app
    mode: "0640"
    variables:
      "Logging:Level": "#{LogLevel}"
      Port: 8080

- name: Set an attribute
  elk.deploy.octopus_structured:
    src: web.config
    dest: /opt/app/web.config
    mode: "0644"
    format: xml
    variables:
      "/configuration/appSettings/add[@key='Mode']/@value": "#{Octopus.Environment.Name}"
"""

RETURN = r"""
format:
  description: What the file is.
  returned: success
  type: str
  sample: json
replaced:
  description: The variables that were used and the places of O(src) that they are for; never their values.
  returned: success
  type: list
  elements: dict
  sample: [{"variable": "Logging:Level", "line": 3, "column": 14}]
msg:
  description: That no variable is named after anything in the file. There is a warning, too.
  returned: when nothing was replaced
  type: str
dest:
  description: Where the file is on the host. Everything else is as M(ansible.builtin.copy) returns it.
  returned: success
  type: str
  sample: /opt/app/appsettings.json
"""
