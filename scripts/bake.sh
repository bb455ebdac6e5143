#!/usr/bin/env bash
# bake.sh bake ENVIRONMENT    makes the image of an environment's LAYER (brokers), unless one serves. Called by `make bake`, and with a
#                             VERSION of Logstash other than the inventory's by `make upgrade`.
# bake.sh clean ENVIRONMENT   removes what dead bakes left. Called by `make bake-clean`; HOURS after which a bake of another machine counts
#                             as dead, RUN=id for one bake alone, LOOK=1 to remove nothing.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

action=${1:?usage: bake.sh bake|clean ENVIRONMENT}
environment=${2:?usage: bake.sh bake|clean ENVIRONMENT}
layer=${LAYER:-brokers}
inventory=${ELK_INVENTORY:-inventories/$environment}
images=${ELK_IMAGES:-build/images}
[ -f "$inventory/hosts.yml" ] || fail "There is no inventory for ENV=$environment ($inventory/hosts.yml)." \
    "Environments: $(cd inventories && for file in */hosts.yml; do printf '%s ' "${file%/hosts.yml}"; done)" "Use one of them."

stage "1/3 Tools"
scripts/setup.sh
scripts/packer.sh

stage "2/3 What the image of $layer is made of"
mkdir -p "$images"
values=$(mktemp)
said=$(mktemp)
trap 'rm -f "$values" "$said"' EXIT
"$venv/bin/ansible-playbook" --inventory "$inventory" playbooks/image_inputs.yml -e "layer=$layer" -e "write_to=$values" \
    ${VERSION:+-e "logstash_version=$VERSION"} >"$said" 2>&1 ||
    { cat "$said" >&2; fail "The inventory of $environment could not be read; Ansible's output is above." "Correct it, then run this again."; }

options=(--environment "$environment" --layer "$layer" --inventory "$inventory" --values "$values" --images "$images")
if [ -n "${VAR_FILE:-}" ]; then options+=(--var-file "$VAR_FILE"); fi
if [ "$action" = clean ]; then
    options+=(--hours "${HOURS:-3}" --run "${RUN:-}")
    if [ -n "${LOOK:-}" ]; then options+=(--look); fi
    stage "3/3 What dead bakes left"
else
    stage "3/3 Image"
fi
# Packer starts ansible-playbook by its name. Python takes the interrupts, and this script waits for it.
PATH=$PWD/$venv/bin:$PATH PYTHONPATH=.collections \
    "$venv/bin/python" -m ansible_collections.elk.deploy.plugins.plugin_utils.image "$action" "${options[@]}" &
program=$!
trap 'kill -TERM "$program" 2>/dev/null || true' INT TERM HUP
ended=0
wait "$program" || ended=$?
# A signal ends the wait before the program.
while kill -0 "$program" 2>/dev/null; do
    ended=0
    wait "$program" || ended=$?
done
# There, groups name images of an emulated EC2.
if [ "$environment" = local ] && [ "$action" = bake ] && [ "$ended" = 0 ]; then
    "$venv/bin/python" local/instances/register_image.py --inventory "$inventory" --record "build/images/local-$layer.json"
fi
exit "$ended"
