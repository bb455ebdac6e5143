# Environment staging: examples; put your own network in. packer/variables.pkr.hcl says what each variable is, and has the others.
distribution = "debian-12"
architecture = "x86_64"

# The instance that the image is made on: reached from these networks only, by its private address.
# subnet_id = "subnet-0123456789abcdef0"
ssh_cidrs = ["10.0.0.0/16"]

root_volume_size = 20
# kms_key = "alias/elk-staging"

tags = { "Environment" = "staging" }
