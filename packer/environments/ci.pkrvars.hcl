# Environment ci: examples; put your own network in.
distribution = "debian-12"

# subnet_id = "subnet-0123456789abcdef0"
ssh_cidrs = ["10.0.0.0/16"]

tags = { "Environment" = "ci" }
