#!/usr/bin/env bash
# Removes all that `make deploy` and `make bake` made for environment local: containers, networks, emulators, images, generated inventories.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

inventory=${ELK_INVENTORY:-inventories/local}
instance=${ELK_INSTANCE:-elk-local}
[ "${1:-local}" = local ] || fail "make destroy removes environment local only (ENV=$1)." \
    "The stacks and hosts of a real environment are removed with AWS's own tools, by somebody who has read what is in them."

stage "Removing $instance"
scripts/setup.sh
scripts/engine.sh start "$instance"
"$venv/bin/ansible-playbook" --inventory "$inventory" local/down.yml \
    -e "elk_instance=$instance" -e "elk_state=$PWD/build/$instance" -e "remove_images=${REMOVE_IMAGES:-true}"
scripts/engine.sh stop "$instance"
say "" "Removed: containers, networks, emulators and images of $instance." \
    "Left: the tools (.venv) and downloads (build), which 'rm -rf .venv build' removes; packages that apt installed."
