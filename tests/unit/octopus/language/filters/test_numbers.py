"""Filter ``Format`` with numbers: types, standard formats and custom ones."""

from __future__ import annotations

import pytest
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.errors import NoResult
from ansible_collections.elk.deploy.plugins.plugin_utils.octopus.language import filters


def ids(rows: list[tuple]) -> list[str]:
    return [row[0] for row in rows]


READ = [
    # rule, text, type and format, outcome
    ("[T] a type may have any case", "23.4", ("Double", "C"), "¤23.40"),
    ("[T] one argument: a decimal", "23.4", ("C",), "¤23.40"),
    ("[I] a decimal keeps its zeros", " +1,2,3.40 ", ("decimal", "G"), "123.40"),
    ("[I] a sign may be behind", "1.5 -", ("decimal", "G"), "-1.5"),
    ("[I] a decimal without digits before the point", ".5", ("decimal", "G"), "0.5"),
    ("[I] ... or behind it", "5.", ("decimal", "G"), "5"),
    ("[I] 28 decimals at most, to even", "0." + "0" * 27 + "25", ("decimal", "G"), "0." + "0" * 27 + "2"),
    ("[I] 96 bits of digits", "7922816251426433759354395033.51", ("decimal", "G"), "7922816251426433759354395033.5"),
    ("[I] the largest decimal", "79228162514264337593543950335", ("decimal", "G"), "79228162514264337593543950335"),
    ("[I] a double", "-1,234.5e-2", ("double", "G"), "-12.345"),
    ("[I] a double that is too large", "1e400", ("double", "N2"), "Infinity"),
    ("[I] int is of 32 bits", " -2147483648 ", ("int", "D"), "-2147483648"),
    ("[T] int32 is the same", "+7", ("Int32", "D"), "7"),
    ("[I] an empty format is the general one", "23.40", ("",), "23.40"),
]

UNREADABLE = [
    ("int", ["1.5", "", "1e3", "2147483648", "1,000", "x", "9" * 5000, "\u0663"]),
    ("decimal", ["1e3", "", ".", "-", "+1+", "- 1", "79228162514264337593543950336", "9" * 5000, "1.2.3", "0x1"]),
    ("double", ["", ".", "1e", "e5", "1.2.3", "0x1", "\u0663"]),
]


@pytest.mark.parametrize(("rule", "text", "arguments", "outcome"), READ, ids=ids(READ))
def test_read(rule: str, text: str, arguments: tuple[str, ...], outcome: str) -> None:
    assert filters.apply("Format", text, arguments) == outcome


@pytest.mark.parametrize(("kind", "texts"), UNREADABLE, ids=ids(UNREADABLE))
def test_unreadable(kind: str, texts: list[str]) -> None:
    """[T] What cannot be read is echoed; the value is not shown."""
    for text in texts:
        with pytest.raises(NoResult, match=f"^the value cannot be read as of the type {kind}$"):
            filters.apply("Format", text, (kind, "G"))


STANDARD = [
    # rule, text, type and format, outcome
    ("[D] C: two decimals, groups", "1234567.891", ("C",), "¤1,234,567.89"),
    ("[D] C: negative in brackets", "-1.5", ("C0",), "(¤2)"),
    ("[D] D: least digits", "-42", ("int", "D5"), "-00042"),
    ("[D] E: six decimals, three digits of exponent", "1234.5678", ("E",), "1.234568E+003"),
    ("[D] e: precision, small letter", "-0.00012345", ("e2",), "-1.23e-004"),
    ("[D] E of zero", "0", ("E2",), "0.00E+000"),
    ("[D] E rounds up to the next power", "9.99", ("E1",), "1.0E+001"),
    ("[D] F", "-1234.565", ("F",), "-1234.57"),
    ("[D] F: precision", "1234.5", ("F0",), "1235"),
    ("[D] F: zeros are added", "1", ("f3",), "1.000"),
    ("[D] F of a double is of its exact value", "2.675", ("double", "F2"), "2.67"),
    ("[I] halves of a double go away from zero", "2.5", ("double", "F0"), "3"),
    ("[D] N: groups", "-1234567.5", ("N1",), "-1,234,567.5"),
    ("[D] P: hundredfold, blank", "0.12345", ("P",), "12.35 %"),
    ("[D] P: negative", "-1", ("p0",), "-100 %"),
    ("[D] G: precision", "123.456", ("G4",), "123.5"),
    ("[D] G: scientific when it is large", "123456", ("G3",), "1.23E+05"),
    ("[D] g: small letter", "0.0000123", ("g5",), "1.23e-05"),
    ("[D] G: fixed down to five places", "0.000123", ("G5",), "0.000123"),
    ("[D] G: zeros at the end go", "120.00", ("G4",), "120"),
    ("[D] G0 is as many digits as there are", "23.40", ("G0",), "23.4"),
    ("[D] G of a decimal is never scientific", "0.0000001", ("G",), "0.0000001"),
    ("[D] G of an int", "1000000", ("int", "G"), "1000000"),
    ("[D] G of a large double", "1e15", ("double", "G"), "1E+15"),
    ("[D] g of a small double", "1.5e-7", ("double", "g"), "1.5e-07"),
    ("[D] G17 of a double shows its exact digits", "0.1", ("double", "G17"), "0.10000000000000001"),
    ("[D] R: shortest that reads back", "0.1", ("double", "R"), "0.1"),
    ("[D] X", "255", ("int", "X4"), "00FF"),
    ("[D] x: of a negative number in two's complement", "-1", ("int", "x"), "ffffffff"),
    ("[D] B", "5", ("int", "B8"), "00000101"),
    ("[I] no sign before a zero of a decimal", "-0.001", ("F2",), "0.00"),
    ("[I] a sign before a zero of a double", "-0.001", ("double", "F2"), "-0.00"),
    ("largest precision", "1", ("F999",), "1." + "0" * 999),
    ("largest precision, scientific", "0.5", ("double", "E999"), "5." + "0" * 999 + "E-001"),
]


@pytest.mark.parametrize(("rule", "text", "arguments", "outcome"), STANDARD, ids=ids(STANDARD))
def test_standard_format(rule: str, text: str, arguments: tuple[str, ...], outcome: str) -> None:
    assert filters.apply("Format", text, arguments) == outcome


CUSTOM = [
    # rule, number, format, outcome
    ("[D] 0: always a digit", "12.3", "0000.00", "0012.30"),
    ("[D] #: a digit where there is one", "12.3", "####.##", "12.3"),
    ("[D] # gives nothing of zero", "0", "#", ""),
    ("[D] # between zeros is like a zero", "1", "0#0.0#0", "001.000"),
    ("[D] rounds halves away from zero", "-2.5", "0", "-3"),
    ("[D] more digits than places", "12345", "0", "12345"),
    ("[D] no places before the point", "12.3", ".00", "12.30"),
    ("[D] ... and nothing before it", "0.5", ".00", ".50"),
    ("[D] no point without decimals", "5", "0.##", "5"),
    ("[D] a second point is ignored", "1.25", "0.0.0", "1.25"),
    ("[D] groups", "1234567.891", "#,##0.00", "1,234,567.89"),
    ("[D] groups of padded zeros", "12", "0,000", "0,012"),
    ("[D] groups of one digit's place", "1234567", "0,0", "1,234,567"),
    ("[D] a comma at the end is a thousandth", "1234567", "0,", "1235"),
    ("[D] commas before the point", "1234567", "0,,.00", "1.23"),
    ("[D] groups and a thousandth", "1234567890", "#,#,", "1,234,568"),
    ("[D] percent", "0.256", "0.0%", "25.6%"),
    ("[D] per mille", "0.0256", "0.0‰", "25.6‰"),
    ("[D] exponent, always signed", "12345", "0.00E+00", "1.23E+04"),
    ("[D] exponent, signed when negative", "0.012345", "0.0##e0", "1.235e-2"),
    ("[D] exponent, - is like none", "12345", "0E-000", "1E004"),
    ("[D] exponent with two places before the point", "12345", "00.0E+0", "12.3E+3"),
    ("[D] exponent after rounding up", "9999", "0.0E+0", "1.0E+4"),
    ("[D] exponent of zero", "0", "0.0E+0", "0.0E+0"),
    ("[D] E without a zero is a letter", "5", "0E", "5E"),
    ("[D] literal text", "5", "'a#'0\"b0\"\\0 kg", "a#5b00 kg"),
    ("[D] a format without places", "2030", "yyyy", "yyyy"),
    ("[D] a quote without end", "5", "0'x", "5x"),
    ("[D] positive and negative sections", "-5", "0;(0)", "(5)"),
    ("[D] zero section", "0", "0;(0);zero", "zero"),
    ("[D] zero without its section", "0", "0.0;(0)", "0.0"),
    ("[D] what rounds to zero is zero", "-0.001", "0.0;(0.0);zero", "zero"),
    ("[D] an empty section is the first", "-5", "0.0;;zero", "-5.0"),
    ("[D] a sign comes first", "-5", "ab0", "-ab5"),
    ("[D] no sign before a zero", "-0.1", "0", "0"),
]


@pytest.mark.parametrize(("rule", "text", "form", "outcome"), CUSTOM, ids=ids(CUSTOM))
def test_custom_format(rule: str, text: str, form: str, outcome: str) -> None:
    assert filters.apply("Format", text, (form,)) == outcome


def test_custom_format_of_a_double_has_fifteen_digits() -> None:
    """[D]"""
    assert filters.apply("Format", "0.1", ("double", "0." + "#" * 30)) == "0.1"


NO_RESULTS = [
    # rule, text, arguments, part of the reason
    ("[T] no argument", "1", (), "expected a format, or a type and a format, seen no argument"),
    ("[S] three arguments", "1", ("int", "D", "x"), 'seen "int" "D" "x"'),
    ("[S] another type", "1", ("float", "F"), 'one of int, int32, double, decimal.*, seen "float"'),
    ("[T] neither a number nor a date", "hello", ("yyyy",), "the value cannot be read as a number or a date"),
    ("[S] a letter that is no format", "1", ("Q",), '"Q" is no format of numbers; a single letter can be C, D, E, F'),
    ("[S] D of a decimal", "1", ("D",), "format D is for the type int alone"),
    ("[S] x of a double", "1", ("double", "x2"), "format x is for the type int alone"),
    ("[S] R of an int", "1", ("int", "R"), "format R is for the type double alone"),
    ("a precision has a largest size", "1", ("F1000",), 'the format "F1000" asks for more than 999 digits'),
    ("however long it is", "1", ("F" + "9" * 400,), r"the format \(a text of 401 characters\) asks for more"),
    ("a format has a largest size", "1", ("0" * 501,), "the format has 501 characters, expected 500 at most"),
]


@pytest.mark.parametrize(("rule", "text", "arguments", "reason"), NO_RESULTS, ids=ids(NO_RESULTS))
def test_no_result(rule: str, text: str, arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(NoResult, match=reason):
        filters.apply("Format", text, arguments)
