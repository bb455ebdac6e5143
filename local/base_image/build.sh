#!/usr/bin/env bash
# Makes the Docker image of a Debian 12 host with systemd as its init: pulled and extended where a pull works,
# bootstrapped from the machine's own apt sources where not. Usage: build.sh TAG. Does nothing when TAG exists.
set -euo pipefail

tag=${1:?usage: build.sh TAG}
packages=(ca-certificates curl dbus gnupg iproute2 procps python3 python3-apt systemd systemd-sysv)

if docker image inspect "$tag" >/dev/null 2>&1; then
    echo "image $tag is there already"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if timeout 120 docker pull --quiet debian:12 >/dev/null 2>"$work/pull.log"; then
    echo "image $tag: from debian:12"
    cat >"$work/Dockerfile" <<DOCKERFILE
FROM debian:12
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ${packages[*]} \
    && apt-get clean && rm -rf /var/lib/apt/lists/*
CMD ["/lib/systemd/systemd"]
DOCKERFILE
    docker build --quiet --tag "$tag" "$work"
    exit 0
fi

echo "image $tag: no registry answers ($(head -c 200 "$work/pull.log")); bootstrapping it from this machine's apt sources"
find_mirror() { apt-cache policy | sed -nE 's|^ *[0-9]+ (https?://[^ ]+) bookworm/main .*|\1|p' | head -n 1; }
mirror=$(find_mirror)
if [ -z "$mirror" ] || ! command -v debootstrap >/dev/null; then
    apt-get update >/dev/null
    mirror=$(find_mirror)
fi
if [ -z "$mirror" ]; then
    echo "No apt source of suite bookworm on this machine, and no image can be pulled: add one to /etc/apt, or make" \
        "'docker pull debian:12' work, then run this again." >&2
    exit 1
fi
command -v debootstrap >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet debootstrap >/dev/null
include=$(IFS=,; echo "${packages[*]}")
debootstrap --variant=minbase --include="$include" bookworm "$work/tree" "$mirror" >"$work/debootstrap.log" 2>&1 ||
    { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
rm -rf "$work"/tree/var/cache/apt/archives/*.deb "$work"/tree/var/lib/apt/lists/*
tar -C "$work/tree" -c . | docker import --change 'CMD ["/lib/systemd/systemd"]' - "$tag" >/dev/null
echo "image $tag: made"
