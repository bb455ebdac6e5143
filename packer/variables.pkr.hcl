# What an image is made from. packer/environments/<environment>.pkrvars.hcl has the values of an environment; `make bake` adds those at
# the end, which are of one run. Packer 1.6 knows no regex(), so a text that matches is one of which regex_replace() leaves nothing.

variable "environment" {
  description = "The environment that the image is for: a folder in inventories/, whose group_vars the bake reads."
  type        = string

  validation {
    condition     = var.environment != "" && regex_replace(var.environment, "^[a-z][a-z0-9_]*$", "") == ""
    error_message = "The environment is the name of a folder in inventories/: lower-case letters, digits and _, such as staging."
  }
}

variable "layer" {
  description = "What the instances of the image are for. Its group_vars decide which Logstash and which plugins the image has."
  type        = string
  default     = "brokers"

  validation {
    condition     = contains(["brokers", "indexers", "shippers"], var.layer)
    error_message = "The layer is brokers, indexers or shippers."
  }
}

variable "builder" {
  description = "What makes the image: amazon-ebs (an AMI), or docker (a container image, to try a bake on any machine)."
  type        = string
  default     = "amazon-ebs"

  validation {
    condition     = contains(["amazon-ebs", "docker"], var.builder)
    error_message = "The builder is amazon-ebs or docker."
  }
}

variable "distribution" {
  description = "The system in the image. It decides the login user, and which base image is taken."
  type        = string
  default     = "debian-12"

  validation {
    condition     = contains(["debian-12", "amazon-linux-2023"], var.distribution)
    error_message = "The distribution is debian-12 or amazon-linux-2023."
  }
}

variable "architecture" {
  description = "The processor of the instances: x86_64, or arm64 for Graviton."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture is x86_64 or arm64."
  }
}

variable "base_image_owners" {
  description = "Who owns the base image: account numbers or amazon. Empty: the distribution's own account. The newest image with base_image_name is taken."
  type        = list(string)
  default     = []

  validation {
    condition     = length([for owner in var.base_image_owners : owner if regex_replace(owner, "^([0-9]{12}|amazon|self)$", "") != ""]) == 0
    error_message = "An owner of base images is an account number of 12 digits, amazon or self. Anybody can publish an image under any name, so the owner has to be named."
  }
}

variable "base_image_name" {
  description = "The base image's name, with * for what differs between its releases; with docker, the container image. Empty: the distribution's own."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.base_image_name, "^[A-Za-z0-9()./_*:-]*$", "") == ""
    error_message = "The name of the base image has letters, digits and ()./_-: and * for any text."
  }
}

# -- where the bake runs

variable "region" {
  description = "The region in which the instance runs and the image is made."
  type        = string
  default     = "eu-west-1"

  validation {
    condition     = var.region != "" && regex_replace(var.region, "^[a-z]{2}(-[a-z]+)+-[0-9]$", "") == ""
    error_message = "The region is a name such as eu-west-1."
  }
}

variable "instance_type" {
  description = "The instance that the image is made on. Empty: t3.medium, or t4g.medium for arm64."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.instance_type, "^([a-z0-9-]+[.][a-z0-9-]+)?$", "") == ""
    error_message = "The instance type is a name such as t3.medium, or empty."
  }
}

variable "vpc_id" {
  description = "The VPC of the subnet. Empty: the account's default VPC."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.vpc_id, "^(vpc-[0-9a-f]+)?$", "") == ""
    error_message = "The VPC is an id such as vpc-0123456789abcdef0, or empty."
  }
}

variable "subnet_id" {
  description = "The subnet of the instance, which has to reach the package repositories and be reached by SSH. Empty: one of the default VPC's."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.subnet_id, "^(subnet-[0-9a-f]+)?$", "") == ""
    error_message = "The subnet is an id such as subnet-0123456789abcdef0, or empty."
  }
}

variable "public_address" {
  description = "Whether the instance gets a public address and is reached there. false: by its private address, from within the VPC or through a VPN."
  type        = bool
  default     = false
}

variable "ssh_cidrs" {
  description = "From where the instance may be reached by SSH while the image is made."
  type        = list(string)
  default     = ["10.0.0.0/8"]

  validation {
    condition     = length(var.ssh_cidrs) > 0 && length([for cidr in var.ssh_cidrs : cidr if regex_replace(cidr, "^[0-9.]+/([89]|[12][0-9]|3[0-2])$", "") != ""]) == 0
    error_message = "The networks for SSH are a list such as [\"10.20.0.0/16\"], each /8 or smaller."
  }
}

variable "ssh_host" {
  description = "Where SSH reaches the instance, if that is not its own address, such as through a tunnel. Empty: its address."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.ssh_host, "^[A-Za-z0-9.:-]*$", "") == ""
    error_message = "The SSH host is a name or an address, or empty."
  }
}

variable "ssh_port" {
  description = "The port of SSH."
  type        = number
  default     = 22

  validation {
    condition     = var.ssh_port >= 1 && var.ssh_port <= 65535
    error_message = "The port of SSH is a number from 1 to 65535."
  }
}

variable "use_proxy" {
  description = "Whether Ansible goes through Packer's own SSH proxy on this machine (slower), where only Packer can reach the instance. false: directly."
  type        = bool
  default     = false
}

variable "endpoint" {
  description = "The address of EC2, where it is not AWS's own: an emulator, or a VPC endpoint without private DNS. Empty: AWS's."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.endpoint, "^(https?://[^ ]+)?$", "") == ""
    error_message = "The endpoint is an address such as https://vpce-0123-abcd.ec2.eu-west-1.vpce.amazonaws.com, or empty."
  }
}

# -- the disk, and what is written on the image

variable "root_volume_size" {
  description = "GiB of the image's root volume. Queues and logs have to fit, if they have no volume of their own."
  type        = number
  default     = 20

  validation {
    condition     = var.root_volume_size >= 8 && var.root_volume_size <= 16384
    error_message = "The root volume has from 8 to 16384 GiB."
  }
}

variable "root_volume_type" {
  description = "The type of the root volume."
  type        = string
  default     = "gp3"

  validation {
    condition     = contains(["gp2", "gp3"], var.root_volume_type)
    error_message = "The root volume is gp2 or gp3."
  }
}

variable "kms_key" {
  description = "The key that the root volume is encrypted with: id, alias/name or ARN. Empty: the account's default key for volumes. Accounts that share the image need a key of yours."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.kms_key, "^([0-9a-f-]{36}|mrk-[0-9a-f]{32}|alias/[A-Za-z0-9/_-]+|arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+)?$", "") == ""
    error_message = "The key is its id, alias/NAME or its ARN, or empty."
  }
}

variable "tags" {
  description = "Your own tags for the image, its snapshot, and all that is there while it is made, such as a cost centre."
  type        = map(string)
  default     = {}

  validation {
    condition     = length([for key, value in var.tags : key if regex_replace(key, "^(aws:|elk:|Name$).*", "") != key]) == 0
    error_message = "Tags of your own are not Name, and do not begin with aws: or elk:, which are AWS's and the toolkit's."
  }
}

# -- of one run: `make bake` sets these

variable "bake" {
  description = "The id of the run: the tag elk:bake on all that it creates."
  type        = string
  default     = "by-hand"

  validation {
    condition     = var.bake != "" && regex_replace(var.bake, "^[A-Za-z0-9-]+$", "") == ""
    error_message = "The id of a run has letters, digits and -."
  }
}

variable "image_name" {
  description = "The image's name, which ends in the id of the run: no two images may have one name."
  type        = string
  default     = "elk-by-hand"

  validation {
    condition     = var.image_name != "" && regex_replace(var.image_name, "^[A-Za-z0-9()./_:-]{3,128}$", "") == ""
    error_message = "The image's name has 3 to 128 letters, digits and ()./_-:."
  }
}

variable "identity" {
  description = "The tags that say what is in the image: elk:logstash, elk:plugins, elk:toolkit, elk:base-image, elk:commit, elk:environment."
  type        = map(string)
  default     = {}

  validation {
    condition     = length([for key, value in var.identity : key if regex_replace(key, "^elk:[a-z-]+$", "") != ""]) == 0
    error_message = "The keys of the identity begin with elk: and have lower-case letters and -."
  }
}

variable "base_image" {
  description = "The base image that was found by owner and name: an AMI's id, or a container image."
  type        = string

  validation {
    condition     = var.base_image != "" && regex_replace(var.base_image, "^[A-Za-z0-9./_:-]+$", "") == ""
    error_message = "The base image is an id such as ami-0123456789abcdef0, or a container image such as elk-deploy/systemd:12."
  }
}

variable "root_device" {
  description = "The base image's name for its root volume."
  type        = string
  default     = "/dev/xvda"

  validation {
    condition     = regex_replace(var.root_device, "^/dev/[a-z0-9]+$", "") == ""
    error_message = "The root device is a name such as /dev/xvda."
  }
}

variable "security_group_id" {
  description = "The security group of the instance. `make bake` creates one for the run, with its tag. Empty: Packer creates one without, from ssh_cidrs."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.security_group_id, "^(sg-[0-9a-f]+)?$", "") == ""
    error_message = "The security group is an id such as sg-0123456789abcdef0, or empty."
  }
}

variable "key_name" {
  description = "The run's key pair in EC2."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.key_name, "^[A-Za-z0-9_-]*$", "") == ""
    error_message = "The name of the key pair has letters, digits, _ and -."
  }
}

variable "key_file" {
  description = "The run's private key: a file that has its public key beside it, as .pub."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.key_file, "^[^'\"]*$", "") == ""
    error_message = "The path of the private key has no quotes."
  }
}

variable "container_options" {
  description = "Options of `docker run` with which systemd runs in a container, where the builder is docker."
  type        = list(string)
  default     = []

  validation {
    condition     = length([for option in var.container_options : option if regex_replace(option, "^--[a-z-]+=.+$", "") != ""]) == 0
    error_message = "Each option is one word such as --cap-add=SYS_ADMIN."
  }
}

variable "inventory" {
  description = "The inventory of the environment. Empty: inventories/<environment>."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.inventory, "^[^'\" ]*$", "") == ""
    error_message = "The path of the inventory has neither spaces nor quotes."
  }
}

variable "playbook" {
  description = "The playbook that makes the image out of the base image."
  type        = string
  default     = "playbooks/bake.yml"

  validation {
    condition     = regex_replace(var.playbook, "^.+[.]ya?ml$", "") == ""
    error_message = "The playbook is a path that ends in .yml."
  }
}

variable "inputs_file" {
  description = "A JSON file with the fingerprint and what it is made of, for the image's manifest: the bake reads it as extra variables. Empty: none."
  type        = string
  default     = ""

  validation {
    condition     = regex_replace(var.inputs_file, "^(.+[.]json)?$", "") == ""
    error_message = "The file with the inputs is a path that ends in .json, or empty."
  }
}
