"""Images: what decides about one, which one serves already, the run of Packer that makes one, and what runs leave behind."""
