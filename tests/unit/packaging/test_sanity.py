"""The exceptions of `ansible-test sanity`, which `make sanity` applies, hold for the files that are there."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
EXCEPTIONS = (ROOT / "tests/sanity/ignore-2.19.txt").read_text(encoding="utf-8").splitlines()
LICENCE = "validate-modules:missing-gplv3-license"


def test_each_exception_has_a_file_and_a_reason():
    for line in EXCEPTIONS:
        rule, _separator, reason = line.partition(" # ")
        assert (ROOT / rule.split()[0]).is_file(), line
        assert reason, line


def test_every_module_and_nothing_else_is_excepted_from_the_licence_of_modules():
    excepted = {line.split()[0] for line in EXCEPTIONS if line.split()[1] == LICENCE}
    assert excepted == {str(file.relative_to(ROOT)) for file in (ROOT / "plugins/modules").glob("*.py")}
