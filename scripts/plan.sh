#!/usr/bin/env bash
# Shows what a deployment of one environment would change, and changes nothing: plan.sh ENVIRONMENT. Called by `make plan`.
# Ends with 0 where nothing would change, with 2 where something would, and with 1 where that could not be found out.
# The plan as JSON is build/plan/ENVIRONMENT.json; DIFF=1 shows the differences of the files, too.
set -uo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

environment=${1:?usage: plan.sh ENVIRONMENT}
inventory=${ELK_INVENTORY:-inventories/$environment}
[ -f "$inventory/hosts.yml" ] || fail "There is no inventory for ENV=$environment ($inventory/hosts.yml)." \
    "Environments: $(cd inventories && for file in */hosts.yml; do printf '%s ' "${file%/hosts.yml}"; done)" "Use one of them."
scripts/setup.sh || exit 1

sources=(--inventory "$inventory")
if [ -n "${EC2:-}" ]; then sources+=(--inventory "$inventory/ec2/aws_ec2.yml"); fi
export ELK_PLAN_FILE=$PWD/build/plan/$environment.json ELK_PLAN_DIFF=${DIFF:-0}
mkdir -p build/plan
rm -f "$ELK_PLAN_FILE"
if ! ANSIBLE_STDOUT_CALLBACK=elk.deploy.plan "$venv/bin/ansible-playbook" "${sources[@]}" playbooks/site.yml --check --diff; then
    fail "No whole plan of $environment: the message is above." "Correct it and run the same command again. Nothing was changed."
fi
say "" "The same as JSON: build/plan/$environment.json"
if grep --quiet '"changed": true' "$ELK_PLAN_FILE"; then exit 2; fi
