"""The scanner finds what is there, by column, and is not alarmed by other long numbers."""

import base64

import pytest

from compliance.scanner.patterns import bank_card, email, identity_number, mobile, secret, uscc
from compliance.scanner.patterns.normalise import as_text
from compliance.scanner.scan import Kind, scan


def identity(birth="19900307", sequence="000", region="110105"):
    body = f"{region}{birth}{sequence}"
    return body + identity_number.check_character(body)


def card(body="622202000000000000"):
    return next(body + digit for digit in "0123456789" if bank_card.passes_luhn(body + digit))


def kinds(rows):
    return {(found.column, found.kind) for found in scan(rows)}


def column(values, name="value"):
    return [{name: value} for value in values]


def test_an_identity_number_is_found_by_its_check_character():
    assert kinds(column([identity()])) == {("value", Kind.IDENTITY_NUMBER)}


def test_an_identity_number_with_a_wrong_check_character_is_none():
    number = identity()
    wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
    assert kinds(column([wrong])) == set()


def test_an_impossible_birth_date_is_no_identity_number():
    assert not identity_number.is_valid(identity(birth="19900230"))


def test_an_identity_number_inside_a_sentence_is_found():
    assert kinds(column([f"证件号{identity()}，已核验"], "remark")) == {
        ("remark", Kind.IDENTITY_NUMBER)
    }


def test_an_identity_number_in_full_width_digits_is_found():
    wide = identity(sequence="001").translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"})
    assert kinds(column([wide])) == {("value", Kind.IDENTITY_NUMBER)}


def test_an_identity_number_inside_base64_is_found():
    hidden = base64.b64encode(f"id={identity()}".encode()).decode()
    assert kinds(column([hidden])) == {("value", Kind.IDENTITY_NUMBER)}


def test_an_identity_number_cut_over_two_columns_is_found():
    numbers = [identity(sequence=f"{n:03d}") for n in range(5)]
    rows = [{"head": number[:10], "tail": number[10:]} for number in numbers]
    assert kinds(rows) == {("head+tail", Kind.IDENTITY_NUMBER)}


@pytest.mark.parametrize("written", ["13800138000", "+86 138-0013-8000", "138 0013 8000"])
def test_a_mobile_number_is_found_however_it_is_written(written):
    assert kinds(column([written])) == {("value", Kind.MOBILE)}


def test_a_mobile_number_that_a_spreadsheet_made_a_float_is_found():
    assert as_text("1.3800138e10") == "13800138000"
    assert as_text(13800138000.0) == "13800138000"
    assert kinds(column([1.3800138e10])) == {("value", Kind.MOBILE)}


def test_one_mobile_number_among_counts_is_found_when_the_column_says_phone():
    rows = column(["13800138000", *["0"] * 50], "contact_phone")
    assert kinds(rows) == {("contact_phone", Kind.MOBILE)}


def test_one_number_like_a_mobile_among_byte_sizes_is_no_alarm():
    assert kinds(column([13800138000, 512, 1048576, 99], "size_bytes")) == set()


def test_a_bank_card_is_found_by_prefix_and_luhn():
    assert kinds(column([card()])) == {("value", Kind.BANK_CARD)}
    grouped = " ".join([card()[i : i + 4] for i in range(0, 19, 4)])
    assert kinds(column([grouped], "card_no")) == {("card_no", Kind.BANK_CARD)}


def test_the_example_code_of_the_standard_is_a_credit_code():
    assert uscc.count("91350100M000100Y43") == 1
    assert uscc.count("91350100M000100Y44") == 0


def test_an_address_is_found_and_a_masked_one_is_not():
    assert email.count("write to someone@example.com.") == 1
    assert email.count("s***@example.com") == 0


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----\nMIIE",
        "-----BEGIN RSA PRIVATE KEY-----",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "eyJhbGciOiJI" + "UzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
        "cfk_abcdefgh_" + "a" * 43,
        "postgresql://app:hunter22@db.example/prices",
    ],
)
def test_a_secret_is_found(text):
    assert secret.count(text) == 1
    assert ("value", Kind.SECRET) in kinds(column([text]))


@pytest.mark.parametrize(
    "values",
    [
        [1763625600000 + n * 86_400_000 for n in range(200)],
        [1763625600 + n for n in range(200)],
        [1763625600000000 + n for n in range(200)],
        [1763625600000000000 + n for n in range(200)],
        [n * n * 7919 for n in range(200)],
        ["2026-11-20T08:00:00.000000Z"] * 3,
        ["138****8000", "110105********0012", "6222 **** **** 0000"],
        ["PVG", "LHR", "31.1443,121.8083"],
    ],
    ids=["ms", "s", "us", "ns", "sizes", "iso", "masked", "plain"],
)
def test_other_numbers_are_no_alarm(values):
    assert scan(column(values)) == []


def test_a_finding_keeps_no_value():
    number = identity()
    found = scan(column([number, "13800138000"]))
    assert found
    assert number not in repr([each.document() for each in found])
    assert "13800138000" not in repr(found)


def test_empty_cells_are_not_assessed():
    (found,) = scan(column([identity(), None, ""]))
    assert (found.matched_count, found.assessed_count) == (1, 1)


def test_a_mobile_needs_boundaries():
    assert mobile.count("1763813800138000") == 0
    assert mobile.count("order13800138000x") == 0
