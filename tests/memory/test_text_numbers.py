# ruff: noqa: RUF001 - look-alike punctuation is what is tested
"""Numbers and dates are read as values, whatever they are written like."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.memory.text.dates import dates
from foreplan.memory.text.numbers import codes, numbers


def values(text):
    return [(number.value, number.unit) for number in numbers(text)]


@pytest.mark.parametrize(
    "text",
    ["1200", "1,200", "1\u00a0200", "1'200", "1.2k", "1.2K", "1.200,0", "1,200.00", "1.2e3", "1.2 × 10^3", "1.2×10³",
     "1.2 thousand", "twelve hundred", "one thousand two hundred", "one thousand and two hundred"],
)  # fmt: skip
def test_one_value_many_forms(text):
    assert values(text) == [(Decimal(1200), None)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12%", [("12", "%")]),
        ("12 per cent", [("12", "%")]),
        ("$3.5 million", [("3500000", "dollar")]),
        ("€5m", [("5000000", "euro")]),
        ("5m", [("5", "m")]),
        ("5 to 10 km", [("5", "km"), ("10", "km")]),
        ("10–20 kg", [("10", "kg"), ("20", "kg")]),
        ("1 1/2 and ½ and 3/4", [("1.5", None), ("0.5", None), ("0.75", None)]),
        ("the 3rd and the third", [("3", "th"), ("3", "th")]),
        ("twenty-one, three hundred and five, two million", [("21", None), ("305", None), ("2000000", None)]),
        ("a dozen eggs, 3 dozen", [("12", None), ("36", None)]),
        ("−5 and -7 but 3-4", [("-5", None), ("-7", None), ("3", None), ("4", None)]),
        ("12,00,000", [("1200000", None)]),
        ("3,5,7", [("3", None), ("5", None), ("7", None)]),
        ("in the 1990s", [("1990", None)]),
        ("one of them, no one, the one", []),
        ("nineteen ninety-eight", [("19", None), ("98", None)]),
        ("٣٤", [("34", None)]),
        ("1.2.3 at 10:30 in a B-52", []),
        ("7 square miles", [("7", "square mile")]),
    ],
)
def test_values_and_units(text, expected):
    assert values(text) == [(Decimal(value), unit) for value, unit in expected]


def test_codes_are_kept_letter_by_letter():
    assert codes("v1.2.3 or 1.2.4 at 10:30, a B-52 and COVID-19, but 12 and 3rd") == [
        "v1.2.3", "1.2.4", "10:30", "B-52", "COVID-19",
    ]  # fmt: skip


@given(st.integers(-(10**12), 10**12))
def test_grouped_and_plain_forms_agree(number):
    assert [n.value for n in numbers(f"it was {number:,} then")] == [Decimal(number)]
    assert [n.value for n in numbers(f"it was {number} then")] == [Decimal(number)]


@given(st.decimals(0, 10**6, places=2, allow_nan=False))
def test_european_decimals_agree_where_they_can_be_told(number):
    grouped = f"{number:,.2f}".translate(str.maketrans(",.", ".,"))
    assert [n.value for n in numbers(grouped)] == [number]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 May 2021", (2021, 5, 3, None)),
        ("May 3, 2021", (2021, 5, 3, None)),
        ("3rd of May 2021", (2021, 5, 3, None)),
        ("2021-05-03", (2021, 5, 3, None)),
        ("03.05.2021", (2021, 5, 3, None)),
        ("25/12/2020", (2020, 12, 25, None)),
        ("Sept. 2020", (2020, 9, None, None)),
        ("4 July", (None, 7, 4, None)),
        ("1987", (1987, None, None, None)),
        ("the 1990s", (None, None, None, 1990)),
    ],
)
def test_dates(text, expected):
    assert [date[:4] for date in dates(text)] == [expected]


def test_a_date_with_two_readings_has_both_and_impossible_ones_have_none():
    assert {date[:3] for date in dates("03/04/2021")} == {(2021, 3, 4), (2021, 4, 3)}
    assert dates("2020-02-30") == []
    assert dates("$2021 and 12,021 and B-2021") == []


def test_a_date_states_what_is_less_exact():
    (day,), (month,), (year,), (decade,) = map(dates, ("3 May 2021", "May 2021", "2021", "the 2020s"))
    assert day.states(month)
    assert day.states(year)
    assert year.states(decade)
    assert not month.states(day)
    assert not decade.states(year)
