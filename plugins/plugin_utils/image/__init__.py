"""Images: what decides about one, which one serves, the run of Packer that makes one, and what runs leave."""
