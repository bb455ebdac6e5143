# Environment scratch: to try things, such as the other distribution and Graviton.
distribution = "amazon-linux-2023"
architecture = "arm64"

# subnet_id = "subnet-0123456789abcdef0"
ssh_cidrs = ["10.0.0.0/16"]

tags = { "Environment" = "scratch" }
