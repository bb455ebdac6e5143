# What is done to the base image: playbooks/bake.yml, which installs, cleans, validates what it left, and writes the manifest.
# Run from the checkout's root, as `make bake` does.

locals {
  inventory = var.inventory != "" ? var.inventory : "inventories/${var.environment}"

  # Packer writes its own inventory into the temporary directory, where no group_vars lie. Those of the environment's inventory apply to
  # the group that Packer's host is in. --limit keeps the environment's own hosts, which are in that group as well, out of the bake.
  ansible_arguments = concat(
    ["--inventory=${local.inventory}", "--limit=image"],
    var.inputs_file == "" ? [] : ["--extra-vars=@${var.inputs_file}"],
  )

  # OpenSSH 9's scp speaks SFTP, which the base image may not serve under sudo and Packer's proxy not at all: files go through the pipe.
  # The instance is new, so nobody knows its host key; no file of known hosts is written for it.
  ansible_environment = [
    "ANSIBLE_SSH_TRANSFER_METHOD=piped",
    "ANSIBLE_HOST_KEY_CHECKING=False",
    "ANSIBLE_SSH_ARGS=-o ControlMaster=auto -o ControlPersist=60s -o IdentitiesOnly=yes -o UserKnownHostsFile=/dev/null",
  ]
}

build {
  sources = ["source.amazon-ebs.image"]

  # Before anything else runs on it, the instance answers IMDSv2 alone. Packer 1.6 cannot launch it so.
  provisioner "shell-local" {
    inline = [
      "PYTHONPATH=.collections .venv/bin/python -m ansible_collections.elk.deploy.plugins.plugin_utils.image harden ${build.ID} --region='${var.region}' --endpoint='${var.endpoint}'",
    ]
  }

  provisioner "ansible" {
    playbook_file = var.playbook
    host_alias    = "image"
    groups        = [var.layer]
    user          = local.distribution.user
    use_proxy     = var.use_proxy
    # The connection is said, since the inventory may have another one for its own hosts.
    inventory_file_template = "{{ .HostAlias }} ansible_connection=ssh ansible_host={{ .Host }} ansible_user={{ .User }} ansible_port={{ .Port }} ansible_ssh_private_key_file=${var.key_file}\n"
    sftp_command            = "${local.distribution.sftp_server} -e"
    extra_arguments         = local.ansible_arguments
    ansible_env_vars        = local.ansible_environment
    # The proxy takes the run's Ed25519 key, and has it as its host key: by itself, 1.6 makes RSA keys, which OpenSSH 8.8 and later refuse.
    ssh_authorized_key_file = "${var.key_file}.pub"
    ssh_host_key_file       = var.key_file
  }
}

build {
  sources = ["source.docker.image"]

  provisioner "ansible" {
    playbook_file = var.playbook
    host_alias    = "image"
    groups        = [var.layer]
    user          = "root"
    # Into the container by the engine, without SSH. Packer's proxy, which it starts for every container, goes unused.
    inventory_file_template = "{{ .HostAlias }} ansible_connection=community.docker.docker ansible_host=${build.ID}\n"
    extra_arguments         = local.ansible_arguments
    ansible_env_vars        = local.ansible_environment
  }
}
