#!/usr/bin/env bash
# engine.sh start OWNER   makes sure that a Docker Engine answers: installs and starts one where none does
# engine.sh stop OWNER    stops the engine that OWNER started, unless containers still run on it
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

action=${1:?start or stop}
owner=${2:?the name of who starts or stops it}

answers() { docker info >/dev/null 2>&1; }

# The start time tells a process from a later one of the same id.
started_at() { awk '{print $22}' "/proc/$1/stat" 2>/dev/null; }

start() {
    if has docker && answers; then
        say "docker: the engine answers"
        return
    fi
    if ! has dockerd || ! has iptables; then
        can_apt || fail "No Docker Engine answers, and this script can only install one as root on a system with apt." \
            "Install Docker Engine and iptables and start it, give $(id -un) access to it ('docker info' has to work)," \
            "then run this again. On Debian: sudo apt-get install docker.io iptables; sudo usermod -aG docker $(id -un)"
        apt_install docker.io iptables ca-certificates
    fi
    if [ -d /run/systemd/system ]; then
        say "docker: starting docker.service"
        systemctl start docker.service || fail "docker.service did not start." "See: journalctl -u docker.service"
    elif is_root; then
        mkdir -p "$engine_state"
        say "docker: starting dockerd (no systemd runs here); its log is $engine_state/dockerd.log"
        setsid dockerd >"$engine_state/dockerd.log" 2>&1 </dev/null &
        printf '%s %s %s\n' "$!" "$(started_at $!)" "$owner" >"$engine_state/started"
    else
        fail "No Docker Engine answers, and $(id -un) may not start one." "Start it as root, then run this again."
    fi
    for _ in $(seq 60); do
        answers && { say "docker: the engine answers"; return; }
        sleep 1
    done
    tail -n 20 "$engine_state/dockerd.log" >&2 2>/dev/null || true
    fail "The Docker Engine did not answer within 60 s." "Its log is above ($engine_state/dockerd.log)."
}

stop() {
    local pid time by
    [ -f "$engine_state/started" ] || return 0
    read -r pid time by <"$engine_state/started"
    if [ "$(started_at "$pid")" != "$time" ]; then
        rm -f "$engine_state/started"
        return 0
    fi
    [ "$by" = "$owner" ] || return 0
    if [ -n "$(docker ps --quiet)" ]; then
        say "docker: other containers run on the engine, so it is left on"
        return 0
    fi
    say "docker: stopping the engine that was started for $owner"
    kill "$pid"
    for _ in $(seq 60); do
        [ "$(started_at "$pid")" = "$time" ] || break
        sleep 0.5
    done
    rm -f "$engine_state/started"
}

"$action"
