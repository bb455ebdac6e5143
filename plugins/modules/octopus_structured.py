#!/usr/bin/python
"""Documentation of octopus_structured; it runs as an action on the control node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: octopus_structured
short_description: Replace values in a JSON, YAML, XML or properties file and copy it to the host
description:
  - Replaces the values in a file on the control node for which there are Octopus-style variables of that name, and
    copies the result. The file needs no tokens.
  - Nothing is added, and only the values change. Comments, blank lines, order, indentation, quotes and line endings
    stay as they are.
  - In JSON and YAML, C(Logging:Targets:0:Level) is the property C(Level) of the first item of C(Targets) in C(Logging).
    An object, list or mapping is replaced with a value that is itself JSON or YAML. In JSON, a number or a boolean
    keeps its type if the value allows it. In YAML, quoted values stay quoted and unquoted ones stay unquoted, so the
    reader decides on the type.
  - In XML, the name is an XPath 1.0, such as C(/configuration/add[@key='Mode']/@value). C(*:name) matches a name in any
    namespace.
  - In Java properties, the name is the key.
  - Names are case-insensitive, except for XPaths. Names that begin with C(Octopus) are not used, except for those that
    begin with C(Octopus:) in JSON and YAML.
author: The ELK deployment toolkit's authors (@elk-deploy)
options:
  src:
    description:
      - The file, found as M(ansible.builtin.template) finds its own, or an absolute path. It must be text. It may be
        encrypted with Ansible Vault. Use a loop for several files.
    type: path
    required: true
  dest:
    description: Where the file goes on the host.
    type: path
    required: true
  format:
    description:
      - The file's format. With V(auto), JSON if it parses as JSON, otherwise what its extension says; with an extension
        other than C(.json), C(.xml), C(.yml), C(.yaml) and C(.properties), the first of JSON, XML, YAML and properties
        that it parses as.
    type: str
    choices: [auto, json, xml, yaml, properties]
    default: auto
  output_encoding:
    description:
      - The encoding to write, by its .NET name, as for M(elk.deploy.octopus_template).
      - By default, a file keeps its encoding. The encoding that an XML file declares is tried first, and the
        declaration is changed with the encoding.
    type: str
  properties_escape:
    description:
      - What is escaped in the values of a properties file.
      - With V(java), C(java.util.Properties) reads the value unchanged, even through an C(InputStream), which treats
        bytes as Latin-1. All non-ASCII characters are escaped, and so is a C(:) or C(=) at the start of a value that
        only blanks separate from its key.
      - With V(octopus), the bytes are those that Octopus Deploy writes. U+0080 to U+00FE stay as they are, and so does
        the start of the value.
    type: str
    choices: [java, octopus]
    default: java
  unresolved:
    description:
      - What to do about unresolved tokens in values. V(fail) stops and lists all of them with the places in the file
        that the values are for; V(warn) reports the same and leaves the tokens in the text; V(ignore) says nothing.
      - Only variables that the file has a place for are checked.
      - The default is the Ansible variable C(octopus_unresolved), or V(fail).
    type: str
    choices: [fail, warn, ignore]
  force:
    description: With V(false), an existing file stays as it is.
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
  - Check mode, differences and idempotence are those of M(ansible.builtin.copy). The difference is not shown if a
    sensitive variable is used, or if the file is encrypted with Ansible Vault.
  - XML needs the Python package lxml on the control node. Entities are not resolved, and no other file is read.
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
  description: The file's format.
  returned: success
  type: str
  sample: json
replaced:
  description: The variables that were used and their places in O(src); never their values.
  returned: success
  type: list
  elements: dict
  sample: [{"variable": "Logging:Level", "line": 3, "column": 14}]
msg:
  description: That no variable has the name of anything in the file. There is also a warning.
  returned: when nothing was replaced
  type: str
dest:
  description: Where the file is on the host. Everything else is as M(ansible.builtin.copy) returns it.
  returned: success
  type: str
  sample: /opt/app/appsettings.json
"""
