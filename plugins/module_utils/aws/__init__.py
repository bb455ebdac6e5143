"""What the modules know about AWS: templates, states of stacks, bucket policies, delivery of load-balancer logs."""
