#!/usr/bin/env bash
# Shows an environment, and changes nothing: show.sh status|history ENVIRONMENT. Called by `make status` and `make history`.
# HOST=name for one host, EC2=1 with the dynamic inventory, FORMAT=json instead of the table; LAST=50 deployments.
# status ends with 0 where all is well, and with 2 where something is wrong.
set -uo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage="usage: show.sh status|history ENVIRONMENT"
what=${1:?$usage} environment=${2:?$usage}
inventory=${ELK_INVENTORY:-inventories/$environment}
[ -f "$inventory/hosts.yml" ] || fail "There is no inventory for ENV=$environment ($inventory/hosts.yml)." \
    "Environments: $(cd inventories && for file in */hosts.yml; do printf '%s ' "${file%/hosts.yml}"; done)" "Use one of them."
scripts/setup.sh >&2 || exit 1

options=(--inventory "$inventory" -e "${what}_format=${FORMAT:-table}")
if [ -n "${EC2:-}" ]; then options+=(--inventory "$inventory/ec2/aws_ec2.yml"); fi
if [ -n "${HOST:-}" ]; then options+=(--limit "$HOST,control"); fi
if [ "$what" = history ]; then options+=(-e "history_last=${LAST:-20}" -e "history_host=${HOST:-}"); fi
ANSIBLE_STDOUT_CALLBACK=elk.deploy.report exec "$venv/bin/ansible-playbook" "${options[@]}" "playbooks/$what.yml"
