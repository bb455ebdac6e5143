# The plugins that current releases of Packer need, which no longer come with it: `packer init packer/required_plugins` once on the
# machine; `make bake` does. In a folder of its own, since Packer 1.6 (Debian 12) has them built in and does not know this block.
packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "~> 1.8"
    }
    ansible = {
      source  = "github.com/hashicorp/ansible"
      version = "~> 1.1"
    }
    docker = {
      source  = "github.com/hashicorp/docker"
      version = "~> 1.1"
    }
  }
}
