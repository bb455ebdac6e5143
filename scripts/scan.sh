#!/usr/bin/env bash
# scan.sh [PART...]: looks for weaknesses in what is committed, without a network; part of `make lint`. All parts if none is named:
#   shell       faults of shell scripts, such as values without quotes (shellcheck)
#   templates   faults of CloudFormation templates, of roles and of users (cfn-lint)
#   policies    weak settings in CloudFormation templates, Dockerfiles and Ansible tasks (checkov)
#   packer      faults of packer/ and of the values of each environment (packer, where it is installed)
#   secrets     keys, tokens and passwords (detect-secrets)
#   advisories  pinned packages that a published advisory is about (tests/support/advisories)
# The security rules for Python are among ruff's (S in pyproject.toml). A finding that stays has its reason beside it.
# The parts are called by their names, which shellcheck can't follow:
# shellcheck disable=SC2329
set -uo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

scanner=build/policy_scanner/venv
scripts/setup.sh "$scanner" tests/support/policy_scanner/requirements.txt || exit 1
failed=0

# shell_scripts: every committed file that says so in its name or its first line, each with a NUL after it.
shell_scripts() {
    local file first
    while IFS= read -r -d '' file; do
        [ -f "$file" ] && [ ! -L "$file" ] || continue
        first=
        IFS= read -r first <"$file" 2>/dev/null || true
        if [[ $file == *.sh || $first =~ ^\#!.*[/\ ](ba|da|k)?sh($|\ ) ]]; then printf '%s\0' "$file"; fi
    done < <(committed)
}

# committed [PATHSPEC...]: the files of the checkout that are not ignored, each with a NUL after it.
committed() { git ls-files -z --cached --others --exclude-standard -- "$@"; }

scan_shell() { shell_scripts | xargs -0 "$scanner/bin/shellcheck" --external-sources; }

scan_templates() {
    committed 'roles/*/files/*.yml' 'templates/*.yml' | xargs -0 grep --files-with-matches --null '^Resources:' | xargs -0 "$venv/bin/cfn-lint"
}

# CKV2_ANSIBLE_3 asks for a rescue in every block; it is no rule of security, and most failures have to end the run.
scan_policies() {
    local failed=0
    check_policies templates cloudformation || failed=1
    check_policies playbooks ansible || failed=1
    check_policies roles ansible cloudformation || failed=1
    check_policies local ansible dockerfile || failed=1
    return "$failed"
}

# check_policies FOLDER FRAMEWORK...
check_policies() {
    "$scanner/bin/checkov" --directory "$1" --framework "${@:2}" --skip-check CKV2_ANSIBLE_3 --skip-download --quiet --compact
}

# What it would ask for later are made-up values here. It wants a key that is there, and never reads it.
scan_packer() {
    local failed=0 folder file key
    has packer || { say "scan: packer: there is no program packer, so packer/ is not checked (scripts/packer.sh installs it)"; return 0; }
    for folder in packer packer/environments packer/required_plugins; do
        packer fmt -check -diff "$folder" || failed=1
    done
    key=$(mktemp)
    ssh-keygen -q -t ed25519 -N '' -f "$key" <<<y >/dev/null
    for file in packer/environments/*.pkrvars.hcl; do
        PATH=$PWD/$venv/bin:$PATH CHECKPOINT_DISABLE=1 packer validate -var-file="$file" -var base_image=ami-0123456789abcdef0 -var key_file="$key" \
            -var environment="$(basename "$file" .pkrvars.hcl)" packer || failed=1
    done
    rm -f "$key" "$key.pub"
    return "$failed"
}

# A value beside a name such as password counts where users keep values; elsewhere such names are those of settings. Tests make keys and
# passwords of their own, so only what a service has issued counts there.
scan_secrets() {
    local failed=0
    committed inventories variables | look_for_secrets || failed=1
    committed ':!inventories' ':!variables' ':!tests' ':!molecule' | look_for_secrets KeywordDetector || failed=1
    committed tests molecule | look_for_secrets KeywordDetector BasicAuthDetector PrivateKeyDetector || failed=1
    return "$failed"
}

# look_for_secrets [DETECTOR...]: with all detectors but those, and but those that go by entropy, which hashes have as well. A name of a
# secret that lies elsewhere is none: #{Token}, ${KEY_OF_A_KEYSTORE}, secretsmanager:NAME, ssm:NAME.
look_for_secrets() {
    local detector without=()
    for detector in Base64HighEntropyString HexHighEntropyString "$@"; do without+=(--disable-plugin "$detector"); done
    xargs -0 "$scanner/bin/detect-secrets-hook" --no-verify "${without[@]}" \
        --exclude-secrets '^[#$]\{[^{}]*\}$' --exclude-lines '\b(secretsmanager|ssm):' --
}

scan_advisories() { PYTHONPATH=tests/support "$venv/bin/python" -m advisories check; }

[ $# -gt 0 ] || set -- shell templates policies packer secrets advisories
for part in "$@"; do
    "scan_$part" || { say "scan: $part: see above." >&2; failed=1; }
done
exit "$failed"
