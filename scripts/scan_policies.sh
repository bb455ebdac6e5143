#!/usr/bin/env bash
# Looks for weak settings in the CloudFormation templates with checkov, which needs no network for that. A finding that stays has
# `checkov:skip` with its reason beside the resource.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

scanner=build/policy_scanner/venv
scripts/setup.sh "$scanner" tests/support/policy_scanner/requirements.txt
"$scanner/bin/checkov" --directory templates/cloudformation --framework cloudformation --skip-download --quiet --compact
