#!/usr/bin/env bash
# Tests one environment's alarms offline: alarms.sh ENVIRONMENT. Called by `make alarms`.
# TESTS=FILE or folder has other tests than tests/alarms; COVERAGE=1 fails as well where an alarm lacks a kind of test.
set -uo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

environment=${1:?usage: alarms.sh ENVIRONMENT}
inventory=${ELK_INVENTORY:-inventories/$environment}
[ -f "$inventory/hosts.yml" ] || fail "There is no inventory for ENV=$environment ($inventory/hosts.yml)." \
    "Environments: $(cd inventories && for file in */hosts.yml; do printf '%s ' "${file%/hosts.yml}"; done)" "Use one of them."
scripts/setup.sh || exit 1

options=(-e "alarm_tests=${TESTS:-}" -e "alarm_coverage=${COVERAGE:-}")
ANSIBLE_STDOUT_CALLBACK=elk.deploy.report "$venv/bin/ansible-playbook" --inventory "$inventory" "${options[@]}" playbooks/alarms.yml
