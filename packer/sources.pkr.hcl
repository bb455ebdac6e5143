# The two ways to an image. `make bake` runs one of them; both get the same playbook.

locals {
  distributions = {
    debian-12         = { user = "admin", sftp_server = "/usr/lib/openssh/sftp-server" }
    amazon-linux-2023 = { user = "ec2-user", sftp_server = "/usr/libexec/openssh/sftp-server" }
  }
  distribution = local.distributions[var.distribution]

  # On all that is there while the image is made.
  run_tags = merge(var.tags, { "Name" = "bake ${var.image_name}", "elk:bake" = var.bake, "elk:environment" = var.environment })
  # On the image and its snapshot. `make bake` adds elk:fingerprint as the last one: an image without it does not serve.
  image_tags = merge(var.tags, var.identity, { "Name" = var.image_name, "elk:bake" = var.bake, "elk:environment" = var.environment })
}

source "amazon-ebs" "image" {
  region              = var.region
  custom_endpoint_ec2 = var.endpoint

  source_ami    = var.base_image
  instance_type = var.instance_type != "" ? var.instance_type : (var.architecture == "arm64" ? "t4g.medium" : "t3.medium")

  vpc_id                                = var.vpc_id
  subnet_id                             = var.subnet_id
  associate_public_ip_address           = var.public_address
  security_group_ids                    = var.security_group_id == "" ? [] : [var.security_group_id]
  temporary_security_group_source_cidrs = var.security_group_id == "" ? var.ssh_cidrs : []
  # A shutdown from within must not leave a stopped instance behind.
  shutdown_behavior = "terminate"

  launch_block_device_mappings {
    device_name = var.root_device
    volume_type = var.root_volume_type
    volume_size = var.root_volume_size
    # The least that gp3 has, and costs nothing more. Packer 1.6 wants it said, and gp2 has none.
    iops                  = var.root_volume_type == "gp3" ? 3000 : null
    throughput            = var.root_volume_type == "gp3" ? 125 : null
    delete_on_termination = true
    encrypted             = true
    kms_key_id            = var.kms_key
  }

  ami_name        = var.image_name
  ami_description = "Logstash for ${var.layer} of ${var.environment}"
  tags            = local.image_tags
  snapshot_tags   = local.image_tags
  run_tags        = local.run_tags
  run_volume_tags = local.run_tags

  # An Ed25519 key of the run: Packer 1.6 lets EC2 make an RSA key, which OpenSSH 8.8 and later refuse from it, and does not tag it.
  communicator         = "ssh"
  ssh_username         = local.distribution.user
  ssh_keypair_name     = var.key_name
  ssh_private_key_file = var.key_file
  ssh_interface        = var.ssh_host != "" ? "" : (var.public_address ? "public_ip" : "private_ip")
  ssh_host             = var.ssh_host
  ssh_port             = var.ssh_port
  ssh_timeout          = "10m"
  # Packer clears its lines out of authorized_keys by their ending in this name, though it has no key of its own to make.
  ssh_clear_authorized_keys = true
  temporary_key_pair_name   = var.key_name
}

source "docker" "image" {
  image  = var.base_image
  pull   = false
  commit = true
  # Mounted while the image is made, on a file system that no image has.
  container_dir = "/run/packer"

  # systemd as on an instance: container_options has what that needs of this machine's engine.
  run_command = concat(
    ["--detach", "--label=elk.bake=${var.bake}"], var.container_options, ["{{ .Image }}", "/lib/systemd/systemd"],
  )
  changes = concat(
    ["CMD [\"/lib/systemd/systemd\"]"],
    [for key, value in local.image_tags : "LABEL ${replace(key, ":", ".")}=${jsonencode(value)}"],
  )
}
