"""The program inside the fake package. Runs on a plain Python 3.11 with what the package vendors, nothing else."""
