#!/usr/bin/env bash
# sanity.sh: what Ansible and Galaxy expect of a collection, asked of the one that is built: every test of `ansible-test sanity`,
# and the import of each file with Python 3.9, the oldest of hosts, and 3.13, the newest of control nodes, as far as they are there.
# What the tests need lies below build/sanity, the home directory of ansible-test as well.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

root=$PWD/build/sanity
collection=$root/ansible_collections/elk/deploy
bin=$PWD/$venv/bin
controller=$("$bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# make_collection: what users install, with the collections that it depends on beside it.
make_collection() {
    rm -rf "$root/ansible_collections" "$root/package"
    mkdir -p "$collection"
    "$bin/ansible-galaxy" collection build --output-path "$root/package" >/dev/null
    tar --extract --gzip --file "$root"/package/*.tar.gz --directory "$collection"
    # Otherwise ansible-test would ask the checkout's repository, which ignores all that lies below build/.
    git init --quiet "$collection"
    mkdir "$collection/tests"
    cp -r tests/config.yml tests/sanity "$collection/tests/"
    ln -s "$PWD/$venv"/lib/python*/site-packages/ansible_collections/{amazon,community} "$root/ansible_collections"
}

# make_home: ansible-test fetches a script that installs pip, unless it is here already; Python has pip, too. Of the caller's
# home it needs the configuration of pip.
make_home() {
    local version
    version=$(sed --quiet --regexp-extended "s/^ +pip='([0-9.]+)',$/\1/p" \
        "$venv"/lib/python*/site-packages/ansible_test/_internal/python_requirements.py)
    mkdir -p "$root/home/.ansible/test/cache" "$root/home/.config"
    cp tests/support/sanity/get_pip.py "$root/home/.ansible/test/cache/get_pip_${version//./_}.py"
    ln --symbolic --force --no-dereference "${XDG_CONFIG_HOME:-$HOME/.config}/pip" "$root/home/.config/pip"
}

# find_python VERSION: the path of an interpreter, if there is one.
find_python() {
    local candidate
    for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/"python$1"; do
        "$candidate" -c 'import ensurepip, sys; print(sys.executable)' 2>/dev/null && return
    done
}

# run_tests PYTHON OPTION...
run_tests() {
    local python
    python=$(find_python "${1}")
    (cd "$collection" && HOME=$root/home PATH="$bin:$(dirname "$python"):$scanner:$PATH" \
        "$bin/ansible-test" sanity --local --color no --python "$@")
}

scanner=$PWD/build/policy_scanner/venv/bin # has shellcheck
make_collection
make_home
pythons=()
for version in 3.9 3.13; do
    if [ "$version" != "$controller" ] && [ -n "$(find_python "$version")" ]; then pythons+=("$version"); fi
done
say "sanity: the collection is in build/sanity; Python $controller runs every test, ${pythons[*]:-no other} compile and import"
say "sanity: making the tests' environments (log: build/sanity/environments.log)"
run_tests "$controller" --prime-venvs >"$root/environments.log" 2>&1 || { tail -n 20 "$root/environments.log" >&2; exit 1; }
failed=0
run_tests "$controller" || failed=1
for version in "${pythons[@]}"; do run_tests "$version" --test compile --test import || failed=1; done
if [ "$failed" = 0 ]; then
    say "sanity: clean. The exceptions are in tests/sanity, each with its reason."
    has pwsh || say "sanity: pslint had nothing to do; it needs PowerShell, in which nothing here is written."
fi
exit "$failed"
