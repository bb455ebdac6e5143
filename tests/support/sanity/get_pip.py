"""Installs pip in an empty virtual environment, as the script get-pip.py that ansible-test would fetch.

Its arguments are packages, and --no-setuptools and --no-wheel, which Python's own pip does not know.
"""

import subprocess
import sys

packages = [argument for argument in sys.argv[1:] if not argument.startswith("--no-")]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", *packages]))
