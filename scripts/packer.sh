#!/usr/bin/env bash
# packer.sh   makes sure that Packer is there, with the plugins that it needs
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

if ! has packer; then
    if ! can_apt || ! { apt-get update && apt-cache show packer; } >/dev/null 2>&1; then
        fail "There is no program packer, and this script can only install one as root on a system whose apt has it (Debian 12)." \
            "Install Packer 1.6.6 or newer (developer.hashicorp.com/packer/install), then run this again."
    fi
    apt_install packer openssh-client
fi
version=$(CHECKPOINT_DISABLE=1 packer version | sed -n '1s/.*v\([0-9][0-9.]*\).*/\1/p')
oldest=1.6.6
[ "$(printf '%s\n' "$oldest" "$version" | sort --version-sort | head -n 1)" = "$oldest" ] ||
    fail "Packer is $version ($(command -v packer)), and $oldest is the oldest that understands packer/*.pkr.hcl." "Install a newer one."

# From 1.7 on, plugins can be programs of their own, and since 1.10 none comes with Packer. This downloads those that are not there yet.
if [ "$(printf '%s\n' 1.7.0 "$version" | sort --version-sort | head -n 1)" = 1.7.0 ]; then
    log=$(mktemp)
    packer init packer/required_plugins >"$log" 2>&1 || {
        cat "$log" >&2
        rm -f "$log"
        fail "Packer's plugins could not be installed; its output is above." \
            "They come from GitHub. Without a way there: packer plugins install --path FILE, as packer/required_plugins has them."
    }
    rm -f "$log"
fi
say "packer: $version"
