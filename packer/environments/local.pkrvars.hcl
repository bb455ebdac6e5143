# Environment local bakes a container image, on this machine.
builder = "docker"
