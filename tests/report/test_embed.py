from __future__ import annotations

import base64
import hashlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.report.embed import json_in_script, script, security_policy

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
)


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.text(), JSON))
def test_json_comes_back_and_cannot_end_its_element(value: dict[str, object]):
    text = str(json_in_script(value))
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


def test_what_is_not_finite_becomes_null():
    assert json_in_script({"a": float("nan")}) == '{"a":null}'


def test_scripts_cannot_end_their_element():
    assert script("a = '</script>'; b = '<!--'\r\n") == "a = '<\\/script>'; b = '<\\!--'\n"


def test_the_policy_names_each_script_by_its_hash():
    digest = base64.b64encode(hashlib.sha256(b"one()").digest()).decode()
    policy = security_policy("one()", "two()")
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}' 'sha256-")
    assert "unsafe-eval" not in policy
    assert "http" not in policy
