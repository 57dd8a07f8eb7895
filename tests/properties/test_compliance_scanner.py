"""Whatever surrounds it, a valid number is found; whatever is random, columns stay quiet."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from compliance.scanner.patterns import bank_card, identity_number, uscc
from compliance.scanner.scan import Kind, scan

births = st.dates(date(1930, 1, 1), date(2020, 12, 31)).map(lambda day: day.strftime("%Y%m%d"))
regions = st.sampled_from(["110105", "310115", "440305", "650102"])
identities = st.builds(
    lambda region, birth, n: (
        (body := f"{region}{birth}{n:03d}") + identity_number.check_character(body)
    ),
    regions,
    births,
    st.integers(0, 999),
)
surroundings = st.text(
    st.characters(codec="utf-8", exclude_categories=["Nd", "Lu", "Ll"]), max_size=8
)


@given(identities, surroundings, surroundings)
def test_an_identity_number_is_found_in_any_surroundings(number, before, after):
    found = scan([{"note": f"{before} {number} {after}"}])
    assert Kind.IDENTITY_NUMBER in {each.kind for each in found}


@given(identities, st.integers(0, 17), st.integers(1, 9))
def test_one_changed_digit_is_no_identity_number(number, place, step):
    if not number[place].isdigit():
        return
    changed = str((int(number[place]) + step) % 10)
    assert not identity_number.is_valid(number[:place] + changed + number[place + 1 :])


@given(st.integers(10**14, 10**15 - 1))
def test_a_luhn_digit_makes_a_card_and_any_other_does_not(body):
    checks = [bank_card.passes_luhn(f"{body}{digit}") for digit in range(10)]
    assert checks.count(True) == 1


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9))
def test_a_credit_code_is_found_by_its_check_character(tail):
    body = f"91350100{tail}"
    assert uscc.count(body + uscc.check_character(body)) == 1


@given(st.lists(st.integers(1_500_000_000_000, 1_900_000_000_000), min_size=1, max_size=50))
def test_millisecond_timestamps_are_never_an_alarm(instants):
    assert scan([{"at": instant} for instant in instants]) == []


@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.none() | st.text() | st.integers() | st.floats())
    )
)
def test_no_input_breaks_the_scanner(rows):
    assert isinstance(scan(rows), list)
