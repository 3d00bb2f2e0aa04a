"""Secrets come from the environment and are shown to nobody."""

from __future__ import annotations

import pytest

from coterie.errors import SecretError
from coterie.secrets import masked, resolve_secrets


def test_names_are_filled_from_the_environment_once(monkeypatch):
    monkeypatch.setenv("COTERIE_TEST_A", "x${COTERIE_TEST_B}")
    monkeypatch.setenv("COTERIE_TEST_B", "never")
    assert resolve_secrets("a/${COTERIE_TEST_A}/b") == "a/x${COTERIE_TEST_B}/b"
    assert resolve_secrets("a/$COTERIE_TEST_B/b") == "a/$COTERIE_TEST_B/b"


def test_a_name_that_is_not_set_is_told_without_the_secrets_beside_it(monkeypatch):
    monkeypatch.setenv("COTERIE_TEST_A", "swordfish")
    monkeypatch.delenv("COTERIE_TEST_B", raising=False)
    with pytest.raises(SecretError) as refused:
        resolve_secrets("postgres://u:hunter2@${COTERIE_TEST_A}/${COTERIE_TEST_B}")
    assert str(refused.value) == (
        "the environment variable 'COTERIE_TEST_B' is not set; "
        "'postgres://u:***@${COTERIE_TEST_A}/${COTERIE_TEST_B}' needs it: export COTERIE_TEST_B=..."
    )


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("ratings.csv", "ratings.csv"),
        ("data/2026/*.parquet", "data/2026/*.parquet"),
        ("postgres://h:5432/db", "postgres://h:5432/db"),
        ("postgres://tim@h/db", "postgres://tim@h/db"),
        ("postgres://u:hunter2@h/db", "postgres://u:***@h/db"),
        ("postgres://:hunter2@h/db", "postgres://:***@h/db"),
        ("postgres://u:hunt@er:2/3@h/db", "postgres://u:***@h/db"),
        ("postgres://u:${PW}@h/db", "postgres://u:${PW}@h/db"),
        ("postgres://u:x${PW}@h/db", "postgres://u:***@h/db"),
        ("postgres://h/db?user=u&password=hunter2&x=1", "postgres://h/db?user=u&password=***&x=1"),
        ("https://h/f.csv?X-Amz-Signature=abc", "https://h/f.csv?X-Amz-Signature=***"),
        ("https://h/f.csv?token=${TOKEN}", "https://h/f.csv?token=${TOKEN}"),
        ("Server=h;AccountKey=abc", "Server=h;AccountKey=***"),
    ],
)
def test_passwords_are_hidden_and_names_of_variables_are_not(source, shown):
    assert masked(source) == shown
