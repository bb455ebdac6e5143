"""What root does with paths below directories of the service's user goes through one module, and stays so.

Every operation on a path in the code that runs on hosts is either in that module, or in a function that is listed here
with the reason why no other user can exchange what it touches. Tasks and units are looked at for the same.
"""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
HELPER = "module_utils/logstash_host/untrusted_paths.py"
CODE = (
    *("modules/*.py", "module_utils/*.py", "module_utils/masking/*.py", "module_utils/custom_package/*.py"),
    *("module_utils/logstash/*.py", "module_utils/logstash_host/*.py", "module_utils/image/*.py"),
)

# Functions that take paths, by their module.
FUNCTIONS = {
    "os": "access chmod chown lchown link listdir listxattr lstat makedirs mkdir mkfifo mknod open readlink remove "
    "removedirs rename renames replace rmdir scandir setxattr getxattr stat statvfs symlink truncate unlink utime walk "
    "fwalk chdir chroot removexattr",
    "os.path": "exists getmtime getsize isdir isfile islink ismount lexists realpath samefile",
    "shutil": "*",
    "glob": "glob iglob",
    "tempfile": "*",
    "filecmp": "*",
    "io": "open",
    "atomic_files": "*",
}
# Methods of Ansible's modules that take paths, and follow links.
OF_MODULES = re.compile(
    r"atomic_move|backup_local|preserved_copy|cleanup|(sha1|sha256|md5|digest_from_file)|add_path_info|"
    r"set_\w+_if_different|load_file_common_arguments|user_and_group|find_mount_point|is_special_selinux_path"
)
# Methods of pathlib.Path; `replace` and `rename` only with the one argument that a path's has.
METHODS = {
    *("read_text", "read_bytes", "write_text", "write_bytes", "touch", "iterdir", "rglob", "exists", "stat", "lstat"),
    *("is_file", "is_dir", "is_symlink", "samefile", "readlink", "resolve", "symlink_to", "hardlink_to"),
    *("unlink", "mkdir", "rmdir", "chmod", "lchmod", "rename", "owner"),
    # Of archives.
    *("extract", "extractall"),
}
PROC = "the kernel's own files in /proc"
PACKAGES = "package files and notes in /var/cache/elk-deploy, which is root's"
HOME = "the program's own directory, which root's programs are started from anyway"
SETTINGS = "settings in a directory that check_roots_own has found to be root's alone"
STAGED = "staged settings, which are root's"
AS_USER = "runs as the user itself"
THROW_AWAY = "a directory of root's that was just made in one of root's; the user's own parts are only removed"
CONTROL = "runs on the control node, as whoever deploys"
RELEASES = "releases in a directory that logstash_deployment_record has found to be root's alone, before all else"
LOOKS = "only looks for names, kinds and sizes; what is removed or read goes through the helper"
BUILD = "a build directory, made by root; what comes out of it is checked by _publish"

# {file: {function, or * for all: why no other user can exchange what it touches}}
EXCEPTIONS = {
    "modules/artifact_bucket.py": {"*": CONTROL},
    "modules/artifact_object.py": {"*": CONTROL},
    "modules/bundle.py": {"*": CONTROL},
    "modules/logstash_archive.py": {"*": "versions below logstash_archive_root, which are root's"},
    "modules/logstash_archive_unit.py": {
        "*": "folders of systemd's, and versions below logstash_archive_root, all root's"
    },
    "modules/logstash_confinement.py": {
        "pipelines": STAGED,
        "find_metadata": "a file in /etc, which is root's",
        "find_positions": "paths are only compared",
    },
    "modules/logstash_existing_setup.py": {
        "kept_paths": "folders of systemd's, which are root's; the settings path is only resolved, not opened",
        "seen_through_links": "paths are only compared",
        "vendor_paths": "folders of systemd's, which are root's",
        "lasting_ports": PROC,
        "keep": "the folder of the copies below /var/lib, which is root's",
        "restore": "the folder of the copies below /var/lib, which is root's",
        "main": "the folder of the copies below /var/lib, which is root's",
    },
    "modules/logstash_health.py": {"expected_ports": SETTINGS},
    "modules/logstash_keystore.py": {"*": STAGED},
    "modules/logstash_old_data.py": {"stop_and_move": SETTINGS},
    "modules/logstash_package.py": {"*": PACKAGES},
    "modules/logstash_validate.py": {
        "check_files.look": AS_USER,
        "test_environment": THROW_AWAY,
        "remove": THROW_AWAY,
        "main": THROW_AWAY,
    },
    "modules/logstash_verify.py": {"why_not_writable": AS_USER, "check_outputs": SETTINGS},
    "modules/secret_files.py": {"main": "paths are only compared"},
    "modules/stack.py": {"*": CONTROL},
    "modules/repository_key.py": {"*": "keys of package managers, which are root's"},
    "modules/settings_release.py": {"*": SETTINGS},
    "module_utils/atomic_files.py": {"*": "those who call it are looked at instead"},
    "module_utils/settings_directory.py": {"*": SETTINGS},
    "module_utils/secret_files.py": {"*": "a record of whoever writes it; other paths are only compared"},
    "module_utils/logstash_host/accounts.py": {"run_program": "a file of root's without a name"},
    "module_utils/logstash_host/confined_unit.py": {"*": "units and folders below /run, which are root's"},
    "module_utils/logstash_host/deployment_lock.py": {"*": "the lock in /run, which is root's"},
    "module_utils/logstash_host/deployment_journal.py": {
        "*": "a journal in a directory that check_roots_own has found to be root's alone"
    },
    "module_utils/logstash_host/deployment_record.py": {
        "*": "a record in a directory that check_roots_own has found to be root's alone"
    },
    "module_utils/logstash_host/directories.py": {"why_not_writable": AS_USER, "unfit": AS_USER},
    "module_utils/logstash_host/host_faults.py": {"find_in_java": "a program of root's, which is only looked at"},
    "module_utils/logstash_host/installation.py": {"*": "units, versions and packages, which are root's, and /proc"},
    "module_utils/logstash_host/installed_plugins.py": {"*": HOME},
    "module_utils/logstash_host/left_data.py": {
        "read_home": SETTINGS,
        "default_data": SETTINGS,
        "changed_kinds": "paths are only compared",
        "left_queues": "paths are only compared",
    },
    "module_utils/logstash_host/soaked.py": {"*": "a note in /var/lib/elk, which is root's and is looked at as such"},
    "module_utils/logstash_host/listening.py": {"*": PROC},
    "module_utils/logstash_host/live_settings.py": {"*": RELEASES},
    "module_utils/logstash_host/native_code.py": {
        "refuses_programs": AS_USER,
        "_refusal": AS_USER,
        "own_directory": HOME,
    },
    "module_utils/logstash_host/overrides.py": {
        "drop_ins": "folders of systemd's, which are root's",
        "find_whole_units": "folders of systemd's, which are root's",
        "_find_apt_holds": "settings of apt, which are root's",
        "_find_dnf_holds": "settings of dnf, which are root's",
    },
    "module_utils/logstash_host/releases.py": {"*": RELEASES},
    "module_utils/logstash_host/service_manager.py": {"*": "what systemd and the kernel have in /run and /proc"},
    "module_utils/logstash_host/settings_copy.py": {"expand": AS_USER, "SettingsCopy": THROW_AWAY},
    "module_utils/logstash/packages.py": {"*": PACKAGES},
    "module_utils/logstash/debian_rebuild.py": {"*": PACKAGES},
    "modules/image_check.py": {"installed": HOME},
    "modules/image_manifest.py": {"main": "/etc/elk, which is root's"},
    "modules/program_files.py": {"*": "the directory of a program, which is root's"},
    "module_utils/image/contents.py": {"authorized_keys": LOOKS},
    "module_utils/image/leftovers.py": {
        **dict.fromkeys(("Place", "_matches", "_leftovers", "_counts", "_what", "_is_file", "_not_own"), LOOKS)
    },
    "module_utils/image/machine.py": {"*": PROC},
    "module_utils/image/manifest.py": {"_system": "/etc/os-release, which is root's"},
    "module_utils/image/running.py": {"_mounted_files": PROC},
    "module_utils/image/state.py": {"service_faults": "a folder of systemd's, which is root's"},
    "module_utils/custom_package/build.py": {"*": BUILD},
    "module_utils/custom_package/formats.py": {"*": BUILD},
    "module_utils/custom_package/gems.py": {"*": BUILD},
    "module_utils/custom_package/sources.py": {"*": BUILD},
}


def operations(source):
    """[(function, line, operation)] of the operations on paths in a text of Python."""
    found = []

    def visit(node, scope):
        for child in ast.iter_child_nodes(node):
            inner = scope
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                inner = [*scope, child.name]
            if isinstance(child, ast.Call) and (operation := operation_of(child)):
                found.append((".".join(scope), child.lineno, operation))
            visit(child, inner)

    visit(ast.parse(source), [])
    return found


def operation_of(call):
    """The name of the operation on a path that a call is, or an empty text."""
    words = ast.unparse(call.func)
    module, _, name = words.rpartition(".")
    by_descriptor = any(keyword.arg in ("dir_fd", "src_dir_fd", "dst_dir_fd") for keyword in call.keywords)
    if module in FUNCTIONS:
        counts = FUNCTIONS[module] == "*" or name in FUNCTIONS[module].split() or by_descriptor
    elif not module:
        counts = name == "open"
    elif module in ("module", "self._module"):
        counts = bool(OF_MODULES.fullmatch(name))
    elif module.split(".")[0] in ("module", "untrusted_paths", "contextlib"):
        counts = False
    elif name == "replace":
        # The other ones are those of texts and of dataclasses.
        counts = len(call.args) == 1 and not call.keywords
    else:
        counts = name in ("open", "glob", *METHODS) and not is_directory_of_the_helper(call)
    return words if counts else ""


def is_directory_of_the_helper(call):
    """Whether a method is that of the helper's Directory, which takes the name of an entry: `folder.unlink(name)`."""
    name = call.func.attr
    return (name in ("unlink", "status") and len(call.args) == 1) or (name == "rename" and len(call.args) == 3)


def files():
    found = [path for pattern in CODE for path in sorted((ROOT / "plugins").glob(pattern))]
    return {str(path.relative_to(ROOT / "plugins")): path.read_text() for path in found}


def unexpected(found, exceptions):
    """The operations in functions that are not excepted; a function counts with those in it."""
    return [
        (function, line, operation)
        for function, line, operation in found
        if "*" not in exceptions and not any(function == name or function.startswith(f"{name}.") for name in exceptions)
    ]


def test_every_operation_on_a_path_goes_through_the_helper_or_has_a_reason():
    found = [
        f"plugins/{name}:{line}: {operation} in {function or 'the module'}"
        for name, source in files().items()
        if name != HELPER
        for function, line, operation in unexpected(operations(source), EXCEPTIONS.get(name, {}))
    ]
    assert not found, (
        "These work on paths as root. Below a directory of another user use untrusted_paths; where no other user can "
        f"exchange what is there, list the function in {Path(__file__).name} with the reason:\n" + "\n".join(found)
    )


def test_every_exception_is_still_needed():
    sources = files()
    unneeded = []
    for name, exceptions in EXCEPTIONS.items():
        found = operations(sources[name]) if name in sources else []
        for function in exceptions:
            rest = {other: why for other, why in exceptions.items() if other != function}
            if not unexpected(found, rest):
                unneeded.append(f"{name}: {function}")
    assert unneeded == []


@pytest.mark.parametrize(
    ("line", "operation"),
    [
        ("open(path)", "open"),
        ("os.chown(path, 1, 1)", "os.chown"),
        ("os.lstat(name, dir_fd=folder)", "os.lstat"),
        ("os.fsync(3, dir_fd=folder)", "os.fsync"),
        ("shutil.rmtree(path)", "shutil.rmtree"),
        ("Path(path).read_text()", "Path(path).read_text"),
        ("path.with_name('x').replace(path)", "path.with_name('x').replace"),
        ("folder.rename(path)", "folder.rename"),
        ("glob.glob(pattern)", "glob.glob"),
        ("os.path.isdir(path)", "os.path.isdir"),
        ("module.atomic_move(one, other)", "module.atomic_move"),
        ("module.sha256(path)", "module.sha256"),
        ("module.exit_json(path=path)", ""),
        ("archive.extractall(path)", "archive.extractall"),
        ("text.replace('a', 'b')", ""),
        ("folder.rename(name, folder, other)", ""),
        ("os.path.join(path, name)", ""),
    ],
)
def test_what_counts_as_an_operation(line, operation):
    assert [found for _function, _line, found in operations(line)] == ([operation] if operation else [])


# Tasks and units

# Variables that name directories of the service's user, or files in them.
OF_THE_USER = re.compile(
    r"logstash_path_(data|queue|dead_letter_queue|logs|tmp)|__logstash_plan\.(temporary_directory|"
    r"write_paths|data_paths|directories|queues|look)|logstash_write_paths|log_file|verify_events_file|"
    r"/var/l(ib|og)/logstash(?!-)"
)
# Modules that touch nothing on a host.
HARMLESS = ("assert", "fail", "debug", "set_fact", "include_tasks", "import_tasks", "import_role", "include_role")
KEYWORDS = {
    "name",
    "vars",
    "when",
    "register",
    "loop",
    "until",
    "changed_when",
    "failed_when",
    "block",
    "rescue",
    "always",
}


def tasks_of(items):
    """All tasks of a list, those in blocks included."""
    for task in items:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks_of(task.get(part) or [])


def careless(task):
    """The modules of a task that touch a path of the service's user as root, and do not know that it may be a trap."""
    return [
        module
        for module, arguments in task.items()
        if module not in KEYWORDS
        and not module.startswith("elk.deploy.")
        and module.rpartition(".")[2] not in HARMLESS
        and OF_THE_USER.search(str(arguments))
        # A program that runs as the user, and for a limited time.
        and not (module.endswith(".command") and {"timeout", "setpriv"} <= set(arguments.get("argv", [])))
    ]


def all_tasks():
    for path in sorted((ROOT / "roles").glob("*/tasks/**/*.yml")):
        for task in tasks_of(yaml.safe_load(path.read_text()) or []):
            yield path, task
    for path in sorted((ROOT / "playbooks").glob("*.yml")):
        for play in yaml.safe_load(path.read_text()) or []:
            for part in ("pre_tasks", "tasks", "post_tasks"):
                for task in tasks_of(play.get(part) or []):
                    yield path, task


def test_no_task_touches_a_path_of_the_services_user_with_a_module_that_follows_links():
    found = [
        f"{path.relative_to(ROOT)}: {task.get('name')} ({', '.join(careless(task))})"
        for path, task in all_tasks()
        if careless(task)
    ]
    assert not found, "Use a module of the collection, or run a program as the user:\n" + "\n".join(found)


def test_a_careless_task_is_seen():
    assert careless({"ansible.builtin.stat": {"path": "{{ _logstash_candidate.health.log_file }}"}})
    assert careless({"ansible.builtin.file": {"path": "{{ logstash_path_data }}/x"}, "become": True})
    assert careless({"ansible.builtin.command": {"argv": ["cat", "{{ verify_events_file }}"]}})
    assert not careless({"elk.deploy.logstash_health": {"log_file": "x"}})


def test_no_command_of_a_unit_runs_with_roots_rights():
    """systemd runs an Exec line as root that begins with + or !."""
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in sorted((ROOT / "roles").glob("*/templates/*"))
        for line in path.read_text().splitlines()
        if re.match(r"Exec\w*\s*=\s*[-@:]*[+!]", line) or re.match(r"PermissionsStartOnly\s*=\s*(true|yes|1|on)", line)
    ]
    assert found == []
