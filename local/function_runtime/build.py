"""Builds the image that functions of the emulator run in, unless it is up to date.

    python local/function_runtime/build.py --base elk-deploy/systemd:12 --tag elk-deploy/lambda-python:3.11

The packages are fetched on the host (wheels for the image's Python, pinned by hash) and copied in, so that the build
needs no network inside containers.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHON_OF_IMAGE = "3.11"
LABEL = "elk.inputs"


class ImageBuildError(Exception):
    """The image could not be built; the message says why and what to do."""


def inputs_hash(base_id: str, files: list[Path]) -> str:
    """One name for everything that decides what the image contains."""
    digest = hashlib.sha256(base_id.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def inspect(image: str, template: str) -> str | None:
    """A property of a local image. None when there is no such image."""
    result = subprocess.run(
        ["docker", "image", "inspect", "--format", template, image],
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip() if result.returncode == 0 else None


def run(arguments: list[str], purpose: str) -> None:
    result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        tail = "\n".join(result.stdout.splitlines()[-25:])
        raise ImageBuildError(f"{purpose} failed with exit code {result.returncode}:\n{tail}")


def build(base: str, tag: str, python: str) -> bool:
    """Build the image. False when it was there already, made from the same things."""
    base_id = inspect(base, "{{.Id}}")
    if base_id is None:
        raise ImageBuildError(f"--base: there is no local image '{base}'; build it first (local/base_image/build.sh)")
    requirements = HERE / "requirements.txt"
    wanted = inputs_hash(base_id, [HERE / "Dockerfile", requirements])
    if inspect(tag, f'{{{{index .Config.Labels "{LABEL}"}}}}') == wanted:
        return False
    with tempfile.TemporaryDirectory(prefix="function-image-") as directory:
        shutil.copy(HERE / "Dockerfile", directory)
        print("function image: fetching the runtime client and the SDK", flush=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        pip += ["--require-hashes", "--only-binary", ":all:", "--python-version", PYTHON_OF_IMAGE, "--no-compile"]
        pip += ["--target", f"{directory}/packages", "--requirement", str(requirements)]
        run(pip, "pip install of local/function_runtime/requirements.txt")
        print(f"function image: building {tag} from {base}", flush=True)
        docker = ["docker", "build", "--quiet", "--build-arg", f"BASE={base}", "--label", f"{LABEL}={wanted}"]
        run([*docker, "--tag", tag, directory], "docker build")
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, help=f"local image with Python {PYTHON_OF_IMAGE}")
    parser.add_argument("--tag", required=True, help="name of the image to build")
    parser.add_argument("--python", default=sys.executable, help="a Python with pip (default: the one that runs this)")
    arguments = parser.parse_args()
    try:
        built = build(arguments.base, arguments.tag, arguments.python)
    except ImageBuildError as error:
        print(f"function image: {error}", file=sys.stderr)
        return 1
    print(f"function image: {arguments.tag} {'is built' if built else 'is there already'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
