#!/usr/bin/env bash
# upgrade_local.sh [VERSION]: replaces the instances that `make bake` has made for environment local. Called by `make upgrade`.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

version=${1:-}
instance=${ELK_INSTANCE:-elk-local}
state=$PWD/build/$instance/instances
[ -f "$state/emulator/emulator.json" ] || fail "Environment local has no instances." "Make one: make bake"
export AWS_ACCESS_KEY_ID=emulator AWS_SECRET_ACCESS_KEY=emulator # pragma: allowlist secret - the emulator takes any
unset AWS_PROFILE AWS_SESSION_TOKEN

stage "Package of Logstash ${version:-as the inventory says}"
scripts/setup.sh
# Before anything is changed: whether there can be such a version at all.
[ -z "$version" ] || "$venv/bin/python" local/choose_package.py --version "$version" --output build/packages
scripts/engine.sh start "$instance"
"$venv/bin/ansible-playbook" --inventory "${ELK_INVENTORY:-inventories/local}" local/instances/up.yml -e "elk_instance=$instance" \
    -e "elk_state=$state" -e "source_inventory=$PWD/${ELK_INVENTORY:-inventories/local}" ${version:+-e "upgrade_to=$version"}
ELK_INVENTORY=build/$instance/instances/inventories/local "$venv/bin/python" scripts/upgrade.py local ${version:+"$version"}
