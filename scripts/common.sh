# shellcheck shell=bash
# What the other scripts share. Source it; it enters the checkout's root.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# The next two are for the scripts that source this.
# shellcheck disable=SC2034
venv=.venv
# shellcheck disable=SC2034
engine_state=build/engine

# Playbooks run from the checkout, whatever directory the caller was in and whatever configuration the caller has.
export ANSIBLE_CONFIG=$PWD/ansible.cfg
# No look-up of instance credentials on machines that are no instances.
export AWS_EC2_METADATA_DISABLED=${AWS_EC2_METADATA_DISABLED:-true}

# say LINE...: each argument a line.
say() { printf '%s\n' "$@"; }

# stage TITLE: a heading, bold on a terminal.
stage() { if [ -t 1 ]; then printf '\n\033[1m== %s\033[0m\n' "$*"; else printf '\n== %s\n' "$*"; fi; }

# fail MESSAGE...: each argument a line: what, where, hint.
fail() {
    printf '\n' >&2
    printf '%s\n' "$@" >&2
    exit 1
}

is_root() { [ "$(id -u)" -eq 0 ]; }

has() { command -v "$1" >/dev/null 2>&1; }

# can_apt: whether this script may install Debian packages.
can_apt() { is_root && has apt-get; }

# apt_install PACKAGE...: quietly; shows apt's output only when it fails.
apt_install() {
    local log
    log=$(mktemp)
    say "installing $*"
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "apt could not install: $*" "Its output is above. Mend the apt sources of this machine, then run this again."
    fi
    rm -f "$log"
}
