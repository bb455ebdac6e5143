#!/usr/bin/env bash
# scenario.sh NAME: one molecule scenario. Its output is kept in build/molecule/NAME.log; a line says how it went, and the
# end of the log follows when it failed.
set -uo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

name=${1:?usage: scenario.sh NAME}
log=build/molecule/$name.log
mkdir -p build/molecule
# The linter and molecule keep copies of the collection there; two runs that make them at once would disturb each other.
export ANSIBLE_HOME=$PWD/build/ansible/$name
# Nothing that a run before this one left there is believed.
export MOLECULE_EPHEMERAL_DIRECTORY=$PWD/build/molecule/$name
rm -rf "$MOLECULE_EPHEMERAL_DIRECTORY"
# A scenario is some ten playbook runs, which share what is the same in each of them: packed modules, bytecode, and facts.
export ELK_TEST_MODULES=${ELK_TEST_MODULES:-$PWD/build/ansible/modules}
export ANSIBLE_CALLBACK_PLUGINS=$PWD/tests/support/ansible_callbacks ANSIBLE_CALLBACKS_ENABLED=module_cache
unset PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED
export PYTHONPYCACHEPREFIX=$PWD/build/bytecode
export ANSIBLE_CACHE_PLUGIN=ansible.builtin.jsonfile ANSIBLE_CACHE_PLUGIN_CONNECTION=$ANSIBLE_HOME/facts
# They enter the hosts' containers by themselves, without the engine.
export PATH=$PWD/tests/support/programs:$PATH ELK_TEST_CONTAINERS=$ANSIBLE_HOME/containers
rm -rf "$ANSIBLE_CACHE_PLUGIN_CONNECTION" "$ELK_TEST_CONTAINERS"
mkdir -p "$ELK_TEST_CONTAINERS"
begun=$SECONDS
if molecule test --scenario-name "$name" >"$log" 2>&1 </dev/null; then
    say "passed  molecule $name  $((SECONDS - begun)) s"
else
    say "FAILED  molecule $name  $((SECONDS - begun)) s; the end of $log:" "$(tail -n 150 "$log")"
    exit 1
fi
