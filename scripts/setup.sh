#!/usr/bin/env bash
# setup.sh                     makes .venv with what a control node needs (requirements.txt)
# setup.sh dev                 and with what tests and linters need (requirements-dev.txt); it stays so
# setup.sh VENV REQUIREMENTS   makes another virtual environment
# Does nothing when it is there and up to date.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

case "$#:${1:-}" in
    0:) if grep -qs requirements-dev.txt "$venv/.stamp"; then requirements="requirements-dev.txt"; else requirements=requirements.txt; fi ;;
    1:dev) requirements="requirements-dev.txt" ;;
    2:*) venv=$1 requirements=$2 ;;
    *) fail "setup.sh does not know '$*'." "Use: scripts/setup.sh [dev]" ;;
esac

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3 /usr/bin/python3; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ] && can_apt; then
    apt_install python3 python3-venv
    python=$(find_python)
fi
[ -n "$python" ] || fail "No Python 3.11, 3.12 or 3.13 was found (PYTHON is '${PYTHON:-}')." \
    "Install one (on Debian: apt-get install python3 python3-venv), or name it: make ${MAKECMDGOALS:-deploy} PYTHON=/path/to/python3.12"

# The stamp holds what the environment was made from; it is written last, so that a run that was cut off is done again.
wanted=$("$python" -V; sha256sum "$requirements")
if [ -f "$venv/.stamp" ] && [ "$(cat "$venv/.stamp")" = "$wanted" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    say "tools: $venv is up to date"
    exit 0
fi

# It would be emptied, and may be another checkout's.
[ ! -L "$venv" ] || fail "$venv is a link to $(readlink "$venv"), whose tools are not those of $requirements with $("$python" -V)." \
    "Only a directory is changed, since what a link leads to may serve others. Remove the link (rm $venv), then run this again."

if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    can_apt || fail "$python cannot make virtual environments." \
        "Install the package that has the modules venv and ensurepip (on Debian: apt-get install python3-venv)."
    apt_install "$(basename "$("$python" -c 'import sys; print(f"python3.{sys.version_info[1]}")')")-venv" python3-venv
fi

say "tools: installing the pinned dependencies of $requirements into $venv (one or two minutes)"
"$python" -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$requirements" 2>build-pip.log ||
    { tail -n 20 build-pip.log >&2; rm -f build-pip.log
      fail "The pinned dependencies could not be installed." "pip's output is above; it needs a package index that this machine can reach."; }
rm -f build-pip.log
printf '%s\n' "$wanted" >"$venv/.stamp"
say "tools: done"
