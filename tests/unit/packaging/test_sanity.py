"""The exceptions of `ansible-test sanity`, which `make sanity` applies, hold for the files that are there."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXCEPTIONS = (ROOT / "tests/sanity/ignore-2.19.txt").read_text(encoding="utf-8").splitlines()
LICENCE = "validate-modules:missing-gplv3-license"


def test_each_exception_has_a_file_and_a_reason():
    for line in EXCEPTIONS:
        rule, _separator, reason = line.partition(" # ")
        assert (ROOT / rule.split()[0]).is_file(), line
        assert reason, line


def test_every_module_and_callback_and_nothing_else_is_excepted_from_the_licence_of_modules():
    excepted = {line.split()[0] for line in EXCEPTIONS if line.split()[1] == LICENCE}
    documented = [*(ROOT / "plugins/modules").glob("*.py"), *(ROOT / "plugins/callback").glob("*.py")]
    assert excepted == {str(file.relative_to(ROOT)) for file in documented}


@pytest.mark.parametrize(
    ("file", "package", "flag"),
    [("module_utils/aws/template", "yaml", "HAS_YAML"), ("plugin_utils/preview_table", "rich", "HAS_RICH")],
)
def test_a_package_that_is_missing_is_told_and_no_traceback(monkeypatch, file, package, flag):
    name = f"ansible_collections.elk.deploy.plugins.{file.replace('/', '.')}_beside"
    path = ROOT / f"plugins/{file}.py"

    def flag_of(name):
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return getattr(module, flag)

    assert flag_of(name)
    for loaded in [one for one in sys.modules if one.split(".")[0] == package] or [package]:
        monkeypatch.setitem(sys.modules, loaded, None)
    assert not flag_of(name)
