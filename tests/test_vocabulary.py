"""Files of merged tags, and what a config makes of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config import load_config
from coterie.errors import ConfigError
from coterie.features.assembling import make_features
from coterie.selection.recipes import check, expand
from coterie.tables.harmonising.reviewing import Review, as_csv
from coterie.vocabulary import followed, read_merges, read_review

HEADER = "tag,into,score,why,decision\n"


def written(folder: Path, text: str, name: str = "tags.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_decided_lines_are_obeyed_and_chains_followed(tmp_path: Path) -> None:
    lines = 'mvc5,mvc,0.9,x,yes\nasp.net-mvc5,mvc5,0.9,"x, y", Auto \njava,javascript,0.7,x,no\nc,c++,0.7,x,\n'
    assert read_merges(written(tmp_path, "\ufeff" + HEADER + lines)) == {"mvc5": "mvc", "asp.net-mvc5": "mvc"}


def test_toml_is_a_table_of_merges(tmp_path: Path) -> None:
    path = written(tmp_path, '[merges]\n"node-js" = "node.js"\n', "tags.toml")
    assert read_merges(path) == {"node-js": "node.js"}


@pytest.mark.parametrize(
    ("merges", "expected"),
    [
        ([("a", "b"), ("b", "a")], "'x' merges 'a' in a circle; take one of its merges out"),
        ([("a", "a")], "'x' merges 'a' in a circle"),
        ([("z", "a"), ("a", "b"), ("b", "c"), ("c", "a")], "merges 'a' in a circle"),
        ([("a", "b"), ("a", "c")], "'x' merges 'a' into 'b' and 'c'; keep one"),
    ],
)
def test_merges_that_contradict_each_other_are_refused(merges: list[tuple[str, str]], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        followed(merges, "x")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "tags.csv",
            "tag,into\na,b\n",
            r"the vocabulary 'tags\.csv' has no column 'decision'; expected tag, into, score",
        ),
        ("tags.csv", HEADER + "a,b,1,x,\na,b,1,x,yess\n", r"line 3 of 'tags\.csv' decides 'yess'; did you mean 'yes'"),
        ("tags.toml", "merges = 3\n", r"'tags\.toml' is not of the form expected: one table \[merges\]"),
        ("tags.toml", "[merges]\na = 1\n", "not of the form expected"),
        ("tags.toml", "[merges\n", r"the vocabulary 'tags\.toml' is not valid TOML"),
    ],
)
def test_files_that_are_no_vocabulary_are_refused(tmp_path: Path, name: str, text: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        read_merges(written(tmp_path, text, name))


def test_a_missing_file_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no vocabulary at .*; propose one with `coterie tags review TABLE"):
        read_review(tmp_path / "tags.csv")
    (tmp_path / "latin.csv").write_bytes(b"tag,into\n\xe9,e\n")
    with pytest.raises(ConfigError, match=r"the vocabulary .* cannot be read"):
        read_review(tmp_path / "latin.csv")


def test_a_config_holds_the_merges_themselves(tmp_path: Path) -> None:
    written(tmp_path, HEADER + "mvc5,mvc,0.9,x,yes\n")
    config = written(
        tmp_path,
        '[tables.views]\nrole = "events"\nsource = "v.csv"\nuser = "u"\nitem = "i"\n'
        '[features.a]\nkind = "tags"\nfrom = "views"\nvocabulary = "tags.csv"\n'
        '[features.b]\nkind = "shares"\nfrom = "views"\nvocabulary = { x = "y" }\n',
        "coterie.toml",
    )
    loaded = load_config(config)
    assert loaded.features["a"].options["vocabulary"] == {"mvc5": "mvc"}
    assert loaded.features["b"].options["vocabulary"] == {"x": "y"}
    assert len(make_features(loaded)) == 2
    before = loaded.digest()
    written(tmp_path, HEADER + "mvc5,mvc,0.9,x,no\n")
    assert load_config(config).digest() != before
    raw = load_config(config, read_vocabularies=False)
    assert raw.features["a"].options["vocabulary"] == "tags.csv"
    with pytest.raises(ConfigError, match=r"expected a file in coterie\.toml, here a mapping"):
        make_features(raw)


NESTED = """
[tables.views]
role = "events"
source = "v.csv"
user = "u"
item = "i"

[features.kinds]
kind = "cluster"
from = "views"
of = { kind = "tags", vocabulary = "tags.csv" }

[features.own]
kind = "tags"
from = "views"
"""


def test_a_feature_within_a_feature_and_a_recipe_have_vocabularies_too(tmp_path: Path) -> None:
    written(tmp_path, HEADER + "mvc5,mvc,0.9,x,yes\n")
    recipes = (
        '[search.recipes.flat]\n"features.own.vocabulary" = "tags.csv"\n'
        '[search.recipes.deep]\n"features.kinds.of" = { kind = "shares", vocabulary = "tags.csv" }\n'
    )
    loaded = load_config(written(tmp_path, NESTED + recipes, "coterie.toml"))
    assert loaded.features["kinds"].options["of"]["vocabulary"] == {"mvc5": "mvc"}
    check(expand(loaded))
    of_flat, of_deep = (recipe.config.features for recipe in expand(loaded) if recipe.is_named)
    assert of_flat["own"].options["vocabulary"] == of_deep["kinds"].options["of"]["vocabulary"] == {"mvc5": "mvc"}


def test_vocabularies_are_searched_by_name_and_not_listed(tmp_path: Path) -> None:
    written(tmp_path, HEADER)
    vary = '[search.vary]\n"features.own.vocabulary" = ["tags.csv", "others.csv"]\n'
    expected = r"'search\.vary' lists values for 'features\.own\.vocabulary', .* a recipe of its own, such as \[search"
    with pytest.raises(ConfigError, match=expected):
        load_config(written(tmp_path, NESTED + vary, "coterie.toml"))


def test_a_tag_may_hold_what_other_programs_take_for_the_end_of_a_line(tmp_path: Path) -> None:
    assert read_merges(written(tmp_path, HEADER + 'a\u2028b,"c\x0bd",1,x,yes\n')) == {"a\u2028b": "c\x0bd"}


@given(st.lists(st.text(alphabet="=+-@\t'1a,\n\"", min_size=1), min_size=2, max_size=2, unique=True))
def test_a_review_that_a_spreadsheet_may_open_is_read_as_it_was_meant(tags: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tags.csv"
        path.write_bytes(as_csv([Review(*tags, "1.000", "=why", "yes")]).encode())
        assert read_merges(path) == {tags[0]: tags[1]}
        assert read_review(path)[0]["why"] == "=why"
