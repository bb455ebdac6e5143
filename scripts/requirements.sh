#!/usr/bin/env bash
# Compiles every requirements*.in to a requirements*.txt with hashes and without addresses, for Python 3.11 to 3.13.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

scripts/setup.sh
compiler=build/uv
[ -x "$compiler/bin/uv" ] || { "$venv/bin/python" -m venv "$compiler"; "$compiler/bin/pip" install --quiet uv==0.13.9; }

# compile FILE OPTION...: FILE.in to FILE.txt.
compile() {
    local file=$1
    shift
    "$compiler/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-annotate --no-header "$@" --output-file "$file.txt" "$file.in"
    say "$file.txt"
}

compile requirements
# The same versions for developing, and on instances, as for running.
compile requirements-dev --constraint requirements.txt
compile requirements-instance --constraint requirements.txt
compile local/function_runtime/requirements
compile local/instances/requirements
compile tests/support/policy_scanner/requirements
# As of the emulator's release: newer releases of its dependencies break it. What its requirements.in names with a lower bound may
# be newer.
newer=()
while read -r package; do
    newer+=(--exclude-newer-package "$package=2026-11-27")
done < <(sed -n 's/^\([a-z0-9-]*\)>=.*/\1/p' local/emulator/requirements.in)
compile local/emulator/requirements --exclude-newer 2025-10-10 "${newer[@]}"
