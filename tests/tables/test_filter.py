"""The condition of ``drop_users``."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engines import local
from coterie.errors import ConfigError
from coterie.tables.filter import parse_filter
from tests.tables.backends import rows_of

KINDS = {"user_id": "text", "age": "number", "gender": "category", "state": "category", "zip": "us_zip"}
USERS = {
    "user_id": ["1", "2", "3", "4"],
    "age": [17.0, 30.0, None, -1.0],
    "gender": ["F", "M", "F", None],
    "state": ["AK", None, "NY", "HI"],
}


@pytest.mark.parametrize(
    ("condition", "dropped"),
    [
        ("state in ['AK', 'HI']", "14"),
        ("state not in ['AK', 'HI']", "3"),
        ("state not in ('AK', 'HI') or state is None", "23"),
        ("state is not None", "134"),
        ("age < 18", "14"),
        ("age <= -1", "4"),
        ("-1 < age", "12"),
        ("18 <= age", "2"),
        ("0 <= age < 18", "1"),
        ("30 == age", "2"),
        ("age != +30", "14"),
        ("not age > 18", "14"),
        ("not (age > 18 or gender == 'M')", "1"),
        ("gender == 'F' and state == 'NY'", "3"),
        ("gender == 'F' or age > 18", "123"),
        ("age in [17, 30.0]", "12"),
        ("'M' > gender", "13"),
        ("user_id == '2'", "2"),
        ("  state\n== 'AK' ".replace("\n", " "), "1"),
        ('gender == "it\'s"', ""),
    ],
)
def test_who_is_dropped(backend, condition, dropped):
    frame = backend.frame(USERS).filter(parse_filter(condition, KINDS))
    assert rows_of(frame, "user_id") == [(user,) for user in dropped]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("stat == 'AK'", r"names the column 'stat', which no users table has; did you mean 'state'\?"),
        ("age == '5'", r"compares the column 'age', a number, with a quoted text: ''5''; expected a number"),
        ("gender == 1", r"compares the column 'gender', text, with a number: '1'; expected text in quotes"),
        ("zip in [2138]", r"compares the column 'zip', text, with a number"),
        ("", r"cannot be read: ''; expected a column compared"),
        ("age ==", r"cannot be read: 'age =='; expected a column compared"),
        ("age = 5", r"cannot be read"),
        ("age\0 == 5", r"cannot be read"),
        ("age == 5 " + "and age == 5 " * 300, r"has 3,909 characters; expected at most 2,000"),
        ("-" * 1500 + "1 == age", r"clean\.drop_users"),
        ("age", r"holds 'age', which is not understood; expected a column compared"),
        ("5 == 5", r"holds '5', which is not understood"),
        ("age == age", r"holds 'age', which is not understood"),
        ("age + 1 > 5", r"holds 'age \+ 1', which is not understood"),
        ("age > 1 + 1", r"holds '1 \+ 1', which is not understood"),
        ("len(gender) > 1", r"holds 'len\(gender\)', which is not understood"),
        ("__import__('os').system('true') == 0", r"which is not understood"),
        ("gender.upper == 'F'", r"holds 'gender.upper', which is not understood"),
        ("age == True", r"holds 'True', which is not understood"),
        ("state == None", r"holds 'None', which is not understood"),
        ("state is 'AK'", r"holds ''AK'', which is not understood|cannot be read"),
        ("state in 'AK'", r"holds ''AK'', which is not understood"),
        ("state in []", r"holds '\[\]', which is not understood"),
        ("5 in age", r"holds '5', which is not understood"),
        ("age == 1j", r"holds '1j', which is not understood"),
        ("age if age else age", r"not understood"),
        ("(lambda: 1) == age", r"holds .*, which is not understood"),
        ("age == -'x'", r"holds '-'x'', which is not understood"),
    ],
)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_what_is_not_understood(condition, message):
    with pytest.raises(ConfigError, match=message):
        parse_filter(condition, KINDS)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-5, 5) | st.none(), min_size=1, max_size=12),
    st.integers(-5, 5),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
)
def test_a_comparison_and_its_opposite_share_out_those_who_are_not_blank(ages, limit, sign):
    frame = local.lazy(pl.DataFrame({"age": ages}, schema={"age": pl.Float64}))
    parts = [rows_of(frame.filter(parse_filter(f"{start} age {sign} {limit}", KINDS))) for start in ("", "not")]
    assert sorted(parts[0] + parts[1]) == sorted((float(age),) for age in ages if age is not None)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="age <>=!()[]'1,.notrd\n-", max_size=40))
def test_any_text_is_read_or_refused_in_one_line(condition):
    message = ""
    try:
        parse_filter(condition, KINDS)
    except ConfigError as error:
        message = str(error)
    assert "\n" not in message
