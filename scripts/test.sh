#!/usr/bin/env bash
# Runs parts of the tests: test.sh PART..., each of lint, unit, integration, molecule, e2e, fleet, images, sanity, coverage. Starts what they need, with names and
# ports of their own, and leaves no container, network or process behind.
# The parts, and what the trap calls, are called by their names, which shellcheck can't follow:
# shellcheck disable=SC2329
set -uo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

ELK_TEST_ID=elk-test-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
export ELK_TEST_ID
export LC_ALL=C.UTF-8
# Each costs much of a run where the caller has set it: Python then compiles every file anew in every process, and reads
# the modules that Ansible sends through a pipe byte by byte.
unset PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED
# Tests must not depend on their order, nor on that of sets: both differ from run to run, and a run can be repeated.
ELK_TEST_SEED=${ELK_TEST_SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}
export ELK_TEST_SEED PYTHONHASHSEED=$ELK_TEST_SEED
shuffled=(--random-order "--random-order-seed=$ELK_TEST_SEED")
# The linter and molecule keep copies of the collection there; none of them shall shadow anything of the user's.
export ANSIBLE_HOME=$PWD/build/ansible
export ELK_TEST_MODULES=$PWD/build/ansible/modules
export ANSIBLE_CALLBACK_PLUGINS=$PWD/tests/support/ansible_callbacks ANSIBLE_CALLBACKS_ENABLED=module_cache
results=build/tests/results
group=

clean_up() {
    local left
    # First what runs beside, with all that it has started: it may use what goes next.
    [ -z "$group" ] || { kill -- "-$group" && wait "$group"; } 2>/dev/null
    if has docker && docker info >/dev/null 2>&1; then
        left=$(docker ps --all --quiet --filter "name=$ELK_TEST_ID")
        # shellcheck disable=SC2086
        [ -z "$left" ] || docker rm --force --volumes $left >/dev/null
        left=$(docker network ls --quiet --filter "name=$ELK_TEST_ID")
        # shellcheck disable=SC2086
        [ -z "$left" ] || docker network rm $left >/dev/null
    fi
    scripts/engine.sh stop "tests"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

need_engine() {
    scripts/engine.sh start "tests" || return
    local/base_image/build.sh elk-deploy/systemd:12 || return
    if [ "$(docker info --format '{{.CgroupVersion}}')" = 2 ]; then
        export ELK_CGROUPNS=private ELK_CGROUP_MODE=rw
    fi
}

# beside NAME COMMAND...: runs it beside what comes next; together CODE: waits for all that run beside, and shows what they said. Its
# exit code is CODE, or that of one of them which failed.
declare -A besides=()
beside() {
    "${@:2}" >"build/tests/$1.log" 2>&1 &
    besides[$1]=$!
}

together() {
    local name code=$1
    for name in "${!besides[@]}"; do
        wait "${besides[$name]}" || code=$?
        cat "build/tests/$name.log"
    done
    return "$code"
}

run_lint() {
    offer_packer || return
    # It takes one core, and as long as all the others.
    beside ansible_lint "$venv/bin/ansible-lint" --offline --profile production
    "$venv/bin/ruff" check . && "$venv/bin/ruff" format --check . && "$venv/bin/mypy" && "$venv/bin/yamllint" --strict . &&
        "$venv/bin/codespell" && scripts/scan.sh
    together $?
}

run_unit() {
    "$venv/bin/pytest" -n 2 --dist worksteal -q "${shuffled[@]}" tests/unit
}

# Without these, and without apt, the tests of packages for the Red Hat family are skipped, and say so.
need_rpm() { if ! { has rpmbuild && has cpio; } && can_apt; then apt_install rpm cpio; fi; }

need_packer() { has packer || scripts/packer.sh; }

# Without a browser, and without apt, the tests of pages in one are skipped, and say so. It is large, so it comes while other parts run:
# whatever else needs apt has had it by then.
need_browser() {
    { has chromium || has chromium-browser || has google-chrome; } || ! can_apt || apt_install chromium || say "Without a browser: apt did not bring Chromium."
}

# Where apt cannot install it, what needs Packer is left out, and says so.
offer_packer() { if can_apt; then need_packer; fi; }

run_integration() {
    need_rpm && need_browser && offer_packer || return
    # Tests of one file share what Ansible has made for them once.
    "$venv/bin/pytest" -n 3 --dist loadfile -q "${shuffled[@]}" tests/integration
}

run_fleet() {
    need_engine && "$venv/bin/pytest" -q -s tests/end_to_end/fleet
}

# In the order in which they are written: the later ones change what the first ones have made.
run_images() {
    need_engine && need_packer && "$venv/bin/python" local/instances/instances.py install --venv build/instances/venv &&
        "$venv/bin/pytest" -q -s tests/end_to_end/images
}

run_sanity() { scripts/sanity.sh; }

run_coverage() {
    rm -rf build/coverage
    "$venv/bin/pytest" -n 2 --dist loadfile -q "${shuffled[@]}" --cov --cov-report=term --cov-report=html:build/coverage/html tests/unit tests/integration
}

run_molecule() {
    need_engine || return
    "$venv/bin/python" local/choose_package.py --output build/packages \
        --version "$(awk '/^logstash_version:/ {print $2}' roles/logstash/defaults/main/install.yml)" || return
    # Scenarios wait for much of their time, so more run side by side than there are cores: those that take longest first, since one that is
    # left over at the end runs alone. Their output comes when they end.
    { printf '%s\n' interrupted failures downgrade failed_health dnf monitor rolling && printf '%s\n' molecule/*/molecule.yml |
        xargs -n 1 dirname | xargs -n 1 basename; } | awk '!seen[$0]++' |
        PYTEST_ADDOPTS="${shuffled[*]}" PATH="$PWD/$venv/bin:$PATH" xargs -n 1 -P "${ELK_MOLECULE_JOBS:-5}" scripts/scenario.sh
}

run_e2e() {
    need_engine || return
    # Three sets that share nothing, each one run after another and with waits between: so they run side by side.
    beside end_to_end_logstash "$venv/bin/pytest" -q tests/end_to_end/logstash
    # The other two would both install the emulator, in the same place.
    "$venv/bin/python" local/emulator/emulator.py install --venv build/emulator/venv &&
        "$venv/bin/python" local/function_runtime/build.py --base elk-deploy/systemd:12 --tag elk-deploy/lambda-python:3.11 &&
        beside end_to_end_aws "$venv/bin/pytest" -q tests/end_to_end/aws &&
        # In the order in which they are written: they go on with one environment, and the last ones remove it.
        "$venv/bin/pytest" -q -s tests/end_to_end/test_*.py
    together $?
}

stage "tools"
scripts/setup.sh dev || exit 1
rm -rf build/tests build/molecule "$ELK_TEST_MODULES"
mkdir -p build/tests

# run_part PART: runs it; what it says is kept in its log as well, and how it went in $results.
run_part() {
    local begun=$SECONDS went=FAILED
    stage "$1"
    if ("run_$1") 2>&1 | tee "build/tests/$1.log"; then went=passed; fi
    say "$went  $1  $((SECONDS - begun)) s" >>"$results"
}

# What deploys to hosts waits a lot, and the other parts hardly ever: so parts of both kinds run side by side. The part that waits
# most comes first, while it has company.
hosts=() here=()
for part in e2e molecule; do if [[ " $* " == *" $part "* ]]; then hosts+=("$part"); fi; done
for part in "$@"; do if [[ $part != e2e && $part != molecule ]]; then here+=("$part"); fi; done
if [ ${#hosts[@]} -gt 0 ] && [ ${#here[@]} -gt 0 ]; then
    # Now, since one apt refuses to run beside another, and the engine and the first image may need it as well.
    if [[ " $* " == *" integration "* ]]; then (need_rpm && offer_packer); fi
    say "" "Beside what follows: ${here[*]}. Each is shown when it has ended; until then see build/tests/."
    set -m # gives it a process group, by which all of it can be ended
    for part in "${here[@]}"; do
        run_part "$part" >/dev/null
        stage "$part"
        cat "build/tests/$part.log"
        tail -n 1 "$results"
    done </dev/null &
    group=$!
    set +m
    for part in "${hosts[@]}"; do run_part "$part"; done
    wait "$group"
    group=
else
    for part in "$@"; do run_part "$part"; done
fi

stage "result after $SECONDS s"
failed=0
for part in "$@"; do
    grep "  $part  " "$results" || say "FAILED  $part  did not end"
    if ! grep -q "^passed  $part  " "$results"; then failed=1; fi
done
if [ "$failed" != 0 ]; then
    # Their names once more, last: between them and their messages lies the output of the other parts.
    cat build/tests/*.log build/molecule/*.log 2>/dev/null | grep --only-matching --extended-regexp '(FAILED|ERROR) +(\.\./)*(tests|molecule)/.{0,200}' | sort --unique
    say "The same order again: ELK_TEST_SEED=$ELK_TEST_SEED make test"
fi
exit "$failed"
