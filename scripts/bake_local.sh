#!/usr/bin/env bash
# Bakes an image for environment local and starts an instance of it that deploys itself. Called by `make bake`; ELK_INSTANCE and
# ELK_INVENTORY let tests make a second one beside it.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

instance=${ELK_INSTANCE:-elk-local}
state=$PWD/build/$instance/instances
inventory=$state/inventories/local
layer=brokers
export AWS_ACCESS_KEY_ID=emulator AWS_SECRET_ACCESS_KEY=emulator # pragma: allowlist secret - the emulator takes any
unset AWS_PROFILE AWS_SESSION_TOKEN

# play TITLE INVENTORY PLAYBOOK OPTION...
play() {
    stage "$1"
    ANSIBLE_FORCE_COLOR=${ANSIBLE_FORCE_COLOR:-$([ -t 1 ] && echo true || echo false)} "$venv/bin/ansible-playbook" --inventory "$2" "${@:3}" ||
        fail "$1: failed; the message is above." "Correct it and run the same command again: it goes on where it stopped."
}

began=$SECONDS
stage "1/6 Tools, Docker Engine, Packer"
scripts/setup.sh
scripts/engine.sh start "$instance"
scripts/packer.sh

play "2/6 Network, emulator of EC2, package of Logstash, key and secret" "${ELK_INVENTORY:-inventories/local}" local/instances/up.yml \
    -e "elk_instance=$instance" -e "elk_state=$state" -e "source_inventory=$PWD/${ELK_INVENTORY:-inventories/local}"

stage "3/6 Image, made by Packer with playbooks/bake.yml"
# Its own steps are part of this one. An interrupt is the bake's, which then says what it removed.
said=$(mktemp)
trap 'rm -f "$said"' EXIT
ELK_INVENTORY=$inventory LAYER=$layer scripts/bake.sh bake local |
    (trap '' INT && sed -u 's|^== \([0-9]/[0-9]\)|-- \1|; /^$/d' | tee "$said")
image=$(sed -n 's/^image \(ami-[0-9a-f]*\) serves.*/\1/p' "$said" | tail -n 1)

play "4/6 Bundle: what an instance deploys itself with" "$inventory" playbooks/bundle.yml

play "5/6 A group of one instance, which deploys itself (first boot)" "$inventory" local/instances/deploy.yml \
    -e "layer=$layer" -e "image=$image"

baked=()
grep -q 'nothing baked' "$said" || baked=(--baked)
stage "6/6 Summary"
"$venv/bin/python" local/instances/summary.py --state "$state" --layer "$layer" \
    --record "build/images/local-$layer.json" --seconds "$((SECONDS - began))" "${baked[@]}"
