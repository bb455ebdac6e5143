#!/usr/bin/env bash
# Deploys one environment: deploy.sh ENVIRONMENT. Called by `make deploy`.
# For environment local it first makes the machine that it runs on; ELK_INSTANCE and ELK_INVENTORY let tests make a second
# one beside it.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

environment=${1:?usage: deploy.sh ENVIRONMENT}
inventory=${ELK_INVENTORY:-inventories/$environment}
instance=${ELK_INSTANCE:-elk-local}
state=build/$instance
[ -f "$inventory/hosts.yml" ] || fail "There is no inventory for ENV=$environment ($inventory/hosts.yml)." \
    "Environments: $(cd inventories && for file in */hosts.yml; do printf '%s ' "${file%/hosts.yml}"; done)" \
    "Use one of them, or copy inventories/staging to inventories/$environment and put your hosts in."

sources=(--inventory "$inventory")
if [ -n "${EC2:-}" ]; then sources+=(--inventory "$inventory/ec2/aws_ec2.yml"); fi
changes=0
delivery=

# play STAGE PLAYBOOK OPTION...: runs a playbook with the inventory, adds up what it changed, and keeps what is to be entered at the
# load balancers.
play() {
    local title=$1 log said
    shift
    stage "$title"
    log=$(mktemp)
    if ! ANSIBLE_FORCE_COLOR=${ANSIBLE_FORCE_COLOR:-$([ -t 1 ] && echo true || echo false)} \
        "$venv/bin/ansible-playbook" "${sources[@]}" "$@" | tee "$log"; then
        rm -f "$log"
        fail "$title: failed; the message is above." "Correct it and run the same command again: it goes on where it stopped."
    fi
    changes=$((changes + $(sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -oE ' changed=[0-9]+' | awk -F= '{sum += $2} END {print sum + 0}')))
    said=$(sed -n 's/\x1b\[[0-9;]*m//g; /Enter at each load balancer/ {n; s|.*\(s3://[^"'"'"' ]*\).*|\1|p}' "$log" | tail -n 1)
    [ -z "$said" ] || delivery="Enter at each load balancer, as the S3 URI of its logs: $said"
    rm -f "$log"
}

started=$SECONDS
if [ "$environment" = local ]; then
    stage "1/5 Tools and Docker Engine"
    scripts/setup.sh
    scripts/engine.sh start "$instance"
    play "2/5 Network, containers, AWS emulator" local/up.yml \
        -e "elk_instance=$instance" -e "elk_state=$PWD/$state"
    play "3/5 Logstash, log shipper, stacks" playbooks/site.yml
    play "4/5 Verification: a load-balancer log goes into the bucket and arrives at the broker" playbooks/verify.yml
    stage "5/5 Summary"
    "$venv/bin/python" scripts/summary.py "$inventory" "$changes" "$((SECONDS - started))"
else
    stage "1/2 Tools"
    scripts/setup.sh
    play "2/2 Logstash, log shipper, stacks of $environment" playbooks/site.yml
    say "" "$environment: $changes changes in $((SECONDS - started)) s. Check it with: make verify ENV=$environment" "$delivery"
fi
