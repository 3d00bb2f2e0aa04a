"""coterie.toml: what is accepted, and what is said of what is not."""

# One case a line, however long its message.
# ruff: noqa: E501

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from coterie import records
from coterie.config import Config, load_config, parse_config, refuse_unknown
from coterie.errors import ConfigError

EVENTS = {"role": "events", "source": "r.csv", "user": "u", "item": "i"}
USERS = {"role": "users", "source": "p.csv", "user": "u"}
ITEMS = {"role": "items", "source": "t.csv", "item": "i"}
TASTE = {"kind": "interactions", "from": "r"}


def raw(**changes: Any) -> dict[str, Any]:
    """A small config as nested mappings, with some of its sections replaced."""
    return copy.deepcopy({"tables": {"r": EVENTS}, "features": {"taste": TASTE}}) | changes


def with_table(table: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The small config with one more table 't'."""
    return raw(tables={"r": EVENTS, "t": table | changes})


def refusal(given: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        parse_config(given)
    said = str(refused.value)
    assert said == " ".join(said.split()), "one line"
    assert "pydantic" not in said
    assert len(said) < 400
    return said


def test_what_is_left_out_has_its_default():
    config = parse_config(raw())
    assert config.project.seed == 7
    assert config.embedding.method == "svd"
    assert config.clustering.k == (2, 15)
    assert config.tables["r"].duplicates == "reject"


UNKNOWN = [
    (raw(projekt={}), "unknown key 'projekt' in the top level; did you mean 'project'?"),
    (raw(project={"sed": 1}), "unknown key 'sed' in 'project'; did you mean 'seed'?"),
    (raw(tables={"r": EVENTS | {"rol": "x"}}), "unknown key 'rol' in 'tables.r'; did you mean 'role'?"),
    (
        raw(tables={"r": EVENTS | {"format": {"seperator": ","}}}),
        "unknown key 'seperator' in 'tables.r.format'; did you mean 'separator'?",
    ),
    (
        raw(tables={"r": EVENTS | {"time": {"column": "t", "unti": "s"}}}),
        "unknown key 'unti' in 'tables.r.time'; did you mean 'unit'?",
    ),
    (
        with_table(ITEMS, tags={"column": "g", "spilt": ","}),
        "unknown key 'spilt' in 'tables.t.tags'; did you mean 'split'?",
    ),
    (raw(clean={"min_event_per_user": 2}), "'min_event_per_user' in 'clean'; did you mean 'min_events_per_user'?"),
    (raw(clustering={"start": 3}), "unknown key 'start' in 'clustering'; did you mean 'starts'?"),
    (raw(segments={"min_shar": 0.1}), "unknown key 'min_shar' in 'segments'; did you mean 'min_share'?"),
    (raw(evaluation={"hold_out": 0.1}), "unknown key 'hold_out' in 'evaluation'; did you mean 'holdout'?"),
]


@pytest.mark.parametrize(("given", "expected"), UNKNOWN)
def test_an_unknown_key_offers_the_nearest_of_its_place(given, expected):
    assert refusal(given).endswith(expected)


@pytest.mark.parametrize("name", ["format", "time", "tables", "features", "clean", "from"])
def test_a_table_may_bear_the_name_of_a_section_or_key(name):
    named = raw(tables={name: EVENTS | {"sorce": "x"}}, features={name: TASTE | {"from": name}})
    assert refusal(named) == f"unknown key 'sorce' in 'tables.{name}'; did you mean 'source'?"


def test_unknown_keys_are_told_before_what_they_cause():
    said = refusal(raw(tables={"r": EVENTS | {"time": {"colum": "t"}}}))
    assert said == "unknown key 'colum' in 'tables.r.time'; did you mean 'column'? (and 1 more)"


def test_keys_of_a_method_are_left_to_its_constructor():
    config = parse_config(
        raw(features={"taste": TASTE | {"weight": "value"}}, embedding={"method": "svd", "dims": 3, "list": [1, 2]})
    )
    assert config.features["taste"].options == {"weight": "value"}
    assert config.embedding.options == {"dims": 3, "list": [1, 2]}


def test_refuse_unknown_offers_the_nearest():
    refuse_unknown({"dims": 1}, ["dims"], "[embedding]")
    with pytest.raises(ConfigError, match=r"^unknown key 'dim' in \[embedding\]; did you mean 'dims'\?$"):
        refuse_unknown({"dims": 1, "dim": 2}, iter(["dims"]), "[embedding]")


MISSING = [
    ({}, "'tables' is missing (and 1 more)"),
    ({"tables": {"r": EVENTS}}, "'features' is missing"),
    ({"tables": {"r": EVENTS}, "feature": {}}, "unknown key 'feature' in the top level; did you mean 'features'? (and 1 more)"),
    (raw(tables={}), "'tables' should have at least 1 item"),
    (raw(features={}), "'features' should have at least 1 item"),
    (raw(tables={"r": {"source": "x", "user": "u"}}), "'tables.r.role' is missing"),
    (raw(tables={"r": {"role": "users", "user": "u"}}), "'tables.r.source' is missing"),
    (raw(tables={"r": EVENTS | {"time": {"unit": "s"}}}), "'tables.r.time.column' is missing"),
    (raw(features={"taste": {"kind": "interactions", "form": "r"}}), "'features.taste.from' is missing; is 'form' meant for it?"),
    (raw(embedding={"metod": "svd"}), "'embedding.method' is missing; is 'metod' meant for it?"),
    (raw(embedding={}), "'embedding.method' is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), MISSING)
def test_what_is_missing_is_named(given, expected):
    assert refusal(given) == expected


WRONG = [
    ([], "'coterie.toml' should be a table of keys, got '[]'"),
    (None, "'coterie.toml' should be a table of keys, got 'None'"),
    (raw(tables="x"), "'tables' should be a table of keys, got 'x'"),
    (raw(tables={"r": 5}), "'tables.r' should be a table of keys, got '5'"),
    (raw(tables={"a\nb": "5\n6"}), "'tables.a b' should be a table of keys, got '5 6'"),
    (raw(embedding="svd"), "'embedding' should be a table of keys, got 'svd'"),
    (raw(tables={"r": EVENTS | {"user": 5}}), "'tables.r.user' should be text, got '5'"),
    (raw(tables={"r": EVENTS | {"source": ""}}), "'tables.r.source' should have at least 1 character, got ''"),
    (raw(tables={"r": EVENTS | {"role": "evnts"}}), "'tables.r.role' should be 'events', 'users' or 'items', got 'evnts'"),
    (raw(tables={"r": EVENTS | {"time": 3}}), "'tables.r.time' should be a table of keys, got '3'"),
    (raw(tables={"r": EVENTS | {"format": {"header": "no"}}}), "'tables.r.format.header' should be true or false, got 'no'"),
    (raw(tables={"r": EVENTS | {"format": {"separator": ";;"}}}), "'tables.r.format.separator' should have at most 1 character, got ';;'"),
    (raw(tables={"r": EVENTS | {"format": {"columns": "a,b"}}}), "'tables.r.format.columns' should be a list, got 'a,b'"),
    (raw(project={"seed": -1}), "'project.seed' should be greater than or equal to 0, got '-1'"),
    (raw(project={"seed": True}), "'project.seed' should be a whole number, got 'True'"),
    (raw(project={"seed": "7"}), "'project.seed' should be a whole number, got '7'"),
    (raw(project={"name": 3}), "'project.name' should be text, got '3'"),
    (raw(clean={"min_events_per_user": 3.5}), "'clean.min_events_per_user' should be a whole number, got '3.5'"),
    (raw(clean={"max_reject_share": 5}), "'clean.max_reject_share' should be less than or equal to 1, got '5'"),
    (raw(clean={"max_reject_share": True}), "'clean.max_reject_share' should be a number, got 'True'"),
    (raw(evaluation={"positive_from": float("nan")}), "'evaluation.positive_from' should be a finite number, got 'nan'"),
    (raw(evaluation={"holdout": 1.0}), "'evaluation.holdout' should be less than 1, got '1.0'"),
    (raw(segments={"min_share": float("inf")}), "'segments.min_share' should be a finite number, got 'inf'"),
    (raw(clustering={"methods": "kmeans"}), "'clustering.methods' should be a list, got 'kmeans'"),
    (raw(clustering={"methods": []}), "'clustering.methods' should have at least 1 item, got '()'"),
    (raw(features={"taste": TASTE | {"block_weight": 0}}), "'features.taste.block_weight' should be greater than 0, got '0'"),
    (raw(features={"taste": TASTE | {"use": "bases"}}), "'features.taste.use' should be 'basis' or 'descriptor', got 'bases'"),
    (raw(project={"seed": "9" * 5000}), f"'project.seed' should be a whole number, got '{'9' * 80}... (5,000 characters)'"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), WRONG)
def test_a_wrong_value_is_told_with_what_was_expected(given, expected):
    assert refusal(given) == expected


CONFLICTS = [
    (raw(tables={"r": EVENTS, "../../x": USERS}), "a table is called '../../x'; expected at most 64 letters, digits, '_' and '-'"),
    (raw(tables={"r": EVENTS, "r.tags": USERS}), "a table is called 'r.tags'; expected at most 64 letters, digits, '_' and '-'"),
    (raw(tables={"r": EVENTS, "": USERS}), "a table is called ''; expected at most 64 letters, digits, '_' and '-'"),
    (raw(tables={"r": EVENTS, "r\n": USERS}), "a table is called 'r'; expected at most 64 letters, digits, '_' and '-'"),
    (raw(tables={"r": EVENTS | {"time": {"column": "t", "unit": "s", "format": "%Y"}}}), "'tables.r.time': give 'unit' for numbers or 'format' for text, not both"),
    (with_table(ITEMS, tags={}), "'tables.t.tags': give either 'column' (with 'split') or one-hot 'columns'"),
    (with_table(ITEMS, tags={"columns": ["b"], "split": ","}), "'tables.t.tags': 'split' cuts the text of one 'column'; one-hot 'columns' have none: take it out"),
    (with_table(ITEMS, tags={"column": "a", "columns": ["b"]}), "'tables.t.tags': give either 'column' (with 'split') or one-hot 'columns'"),
    (with_table(ITEMS, tags={"columns": []}), "'tables.t.tags.columns' should have at least 1 item, got '[]'"),
    (with_table(ITEMS, tags={"column": "a", "split": ""}), "'tables.t.tags.split' should have at least 1 character, got ''"),
    (raw(tables={"r": {"role": "events", "source": "x", "user": "u"}}), "'tables.r': a table of role 'events' needs 'item = <its column>'"),
    (raw(tables={"r": {"role": "users", "source": "x"}}), "'tables.r': a table of role 'users' needs 'user = <its column>'"),
    (raw(tables={"r": {"role": "items", "source": "x"}}), "'tables.r': a table of role 'items' needs 'item = <its column>'"),
    (with_table(USERS, value="v"), "'tables.t': 'value' does not belong to a table of role 'users'"),
    (with_table(USERS, time="v"), "'tables.t': 'time' does not belong to a table of role 'users'"),
    (with_table(ITEMS, user="v"), "'tables.t': 'user' does not belong to a table of role 'items'"),
    (with_table(EVENTS, title="v"), "'tables.t': 'title' does not belong to a table of role 'events'"),
    (with_table(EVENTS, attributes={"a": "us_zip"}), "'tables.t': attribute 'a' of events is a 'us_zip'; expected 'number' or 'category'"),
    (with_table(EVENTS, attributes={"a": "category"}, ranges={"a": [0, 1]}), "'tables.t': 'ranges' names 'a', which is not an attribute of kind 'number'"),
    (with_table(EVENTS, duplicates="last"), "'tables.t': duplicates = 'last' needs 'time'; without it choose max, min, mean, sum, keep or reject"),
    (with_table(EVENTS, duplicates="mean"), "'tables.t': duplicates = 'mean' needs 'value'; without it choose keep or reject"),
    (with_table(EVENTS, range=[1, 5]), "'tables.t': 'range' is the range of 'value', which is not given"),
    (with_table(EVENTS, value="v", range=[5, 1]), "'tables.t.range': expected [lowest, highest], got '[5, 1]'"),
    (with_table(EVENTS, value="v", range=[1]), "'tables.t.range': expected [lowest, highest], got '[1]'"),
    (with_table(EVENTS, value="v", range=5), "'tables.t.range': expected [lowest, highest], got '5'"),
    (with_table(EVENTS, value="v", range=[0, float("inf")]), "'tables.t.range.1' should be a finite number, got 'inf'"),
    (with_table(USERS, ranges={"age": [0, 99]}), "'tables.t': 'ranges' names 'age', which is not an attribute of kind 'number'"),
    (with_table(USERS, attributes={"age": "text"}, ranges={"age": [0, 99]}), "'tables.t': 'ranges' names 'age', which is not an attribute of kind 'number'"),
    (with_table(USERS, attributes={"age": "number"}, ranges={"age": [9, 0]}), "'tables.t.ranges.age': expected [lowest, highest], got '[9, 0]'"),
    (raw(clean={"min_events_per_user": 5, "max_events_per_user": 2}), "'clean': 'max_events_per_user' is 2, below 'min_events_per_user', which is 5: nobody would stay"),
    (raw(clustering={"methods": ["kmeans", "kmeans"]}), "'clustering': 'methods' names 'kmeans' twice"),
    (raw(clustering={"options": {"gmm": {"covariance": "full"}}}), "'clustering': 'options' names 'gmm', which is not among 'methods'; expected one of 'agglomerative', 'kmeans'"),
    (raw(clustering={"methods": ["gmm"], "options": {"gm": {}}}), "'clustering': 'options' names 'gm', which is not among 'methods'; did you mean 'gmm'?"),
    (raw(clustering={"methods": ["gmm"], "options": {"gmm": {"k": 3}}}), "'clustering': 'options.gmm' has 'k', which all methods share: give it beside them"),
    (raw(features={"taste": TASTE | {"from": "rr"}}), "'features.taste.from' names the table 'rr'; did you mean 'r'?"),
    (raw(features={"taste": TASTE | {"use": "descriptor"}}), "every feature is a descriptor; segments need at least one with use = 'basis'"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), CONFLICTS)
def test_what_does_not_go_together_is_refused(given, expected):
    assert refusal(given) == expected


def test_options_stand_by_method_and_count_in_the_digest():
    plain, tied = (
        parse_config(raw(clustering={"methods": ["gmm"], "options": options}))
        for options in ({}, {"gmm": {"covariance": "tied"}})
    )
    assert tied.clustering.options["gmm"]["covariance"] == "tied"
    assert plain.digest() != tied.digest()


@pytest.mark.parametrize(("k", "expected"), [(4, (4, 4)), ([2, 9], (2, 9)), ((3, 3), (3, 3))])
def test_k_is_a_number_or_a_pair(k, expected):
    assert parse_config(raw(clustering={"k": k})).clustering.k == expected


@pytest.mark.parametrize("k", [1, 0, [1, 3], [4, 2]])
def test_k_out_of_range(k):
    assert "'clustering': 'k' is a number >= 2 or [lowest, highest], got [" in refusal(raw(clustering={"k": k}))


@pytest.mark.parametrize("k", [True, "4", 2.5, [], [2], [2, 3, 4]])
def test_k_of_another_form(k):
    expected = f"'clustering.k': expected a number >= 2 or [lowest, highest], got '{k}'"
    assert refusal(raw(clustering={"k": k})) == expected


def test_a_password_in_a_wrong_source_is_not_repeated():
    said = refusal(raw(tables={"r": EVENTS | {"source": ["postgres://u:hunter2@h/db"]}}))
    assert "'tables.r.source' should be text" in said
    assert "hunter2" not in said


def test_a_time_may_be_the_name_of_its_column():
    config = parse_config(raw(tables={"r": EVENTS | {"time": "when"}}))
    assert config.tables["r"].time is not None
    assert config.tables["r"].time.column == "when"


def test_a_config_is_never_changed():
    config = parse_config(raw())
    for part, name in ((config, "project"), (config.project, "seed"), (config.tables["r"], "source")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, name, 8)


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "coterie.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


TOML = """
[tables.r]
role = "events"
source = "r.csv"
user = "u"
item = "i"

[features.taste]
kind = "interactions"
from = "r"
"""


def test_a_config_is_found_by_its_file_or_its_folder(tmp_path):
    file = write(tmp_path, TOML)
    assert load_config(file) == load_config(tmp_path) == load_config(str(file)) == parse_config(raw())


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    assert load_config(write(tmp_path, b"\xef\xbb\xbf" + TOML.replace("\n", "\r\n").encode())) == parse_config(raw())


def test_a_missing_config_says_how_to_write_one(tmp_path):
    with pytest.raises(ConfigError, match=r"^there is no config at '.*'; write one with `coterie init DIR`$"):
        load_config(tmp_path)
    (tmp_path / "coterie.toml").mkdir()
    with pytest.raises(ConfigError, match=r"^the config '.*' cannot be read: Is a directory$"):
        load_config(tmp_path)


@pytest.mark.parametrize("text", ["[tables\n", "a = 1\na = 2\n", "x = " + "9" * 5000, "x = " + "[" * 5000])
def test_what_is_not_toml_is_told(tmp_path, text):
    with pytest.raises(ConfigError, match=r"^'coterie.toml' is not valid TOML: ") as refused:
        load_config(write(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_what_is_not_utf_8_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"^the config '.*' is not written in UTF-8 \(at byte 2\)$"):
        load_config(write(tmp_path, b"# \xe9\xff"))


def reordered(value: Any) -> Any:
    return {key: reordered(value[key]) for key in reversed(value)} if isinstance(value, dict) else value


def test_equal_configs_have_equal_digests_whatever_their_keys_order():
    given = with_table(USERS, attributes={"age": "number", "job": "category"}) | {
        "embedding": {"method": "svd", "a": 1}
    }
    config = parse_config(given)
    assert config.digest() == parse_config(reordered(given)).digest() == parse_config(copy.deepcopy(given)).digest()
    assert len(config.digest()) == 16
    assert config.digest() != parse_config(given | {"project": {"seed": 8}}).digest()
    assert config.digest() != parse_config(given | {"embedding": {"method": "svd", "a": 2}}).digest()


def test_what_the_environment_holds_is_in_no_dump_or_digest(monkeypatch):
    given = raw(tables={"r": EVENTS | {"source": "postgres://u:${COTERIE_TEST_PW}@h/db"}})
    monkeypatch.setenv("COTERIE_TEST_PW", "hunter2")
    config = parse_config(given)
    assert "hunter2" not in records.dumps(config.model_dump(by_alias=True)) + repr(config)
    digest = config.digest()
    monkeypatch.setenv("COTERIE_TEST_PW", "swordfish")
    assert parse_config(given).digest() == digest


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=6)
table_names = st.from_regex(r"[\w-]{1,6}", fullmatch=True)
pairs = st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)).map(lambda pair: tuple(sorted(pair)))
events = st.builds(
    lambda source, time, value: EVENTS | {"source": source} | time | value,
    names,
    st.sampled_from([{}, {"time": "t"}, {"time": {"column": "t", "unit": "ms"}, "duplicates": "last"}]),
    st.one_of(st.just({}), st.builds(lambda pair: {"value": "v", "range": pair}, pairs)),
)
configs = st.builds(
    lambda tables, k, seed, options: {
        "tables": tables,
        "features": {f"of {name}": TASTE | {"from": name} | options for name in tables},
        "clustering": {"k": k},
        "project": {"seed": seed},
    },
    st.dictionaries(table_names, events, min_size=1, max_size=3),
    st.one_of(st.integers(2, 30), st.tuples(st.integers(2, 5), st.integers(5, 9)).map(list)),
    st.integers(0, 2**70),
    st.dictionaries(names.map("x{}".format), st.one_of(st.integers(), names, st.lists(names)), max_size=2),
)


@given(configs)
def test_a_dumped_config_parses_to_an_equal_one(given):
    config = parse_config(given)
    again = parse_config(config.model_dump(by_alias=True))
    assert isinstance(again, Config)
    assert again == config
    assert again.digest() == config.digest()
    kept = parse_config(records.plain(config.model_dump(by_alias=True)))  # as a run keeps it
    assert kept == config


def test_items_are_called_after_the_table_that_segments_are_formed_on():
    cast = {"role": "items", "source": "x", "item": "id", "attributes": {"a": "number"}}
    given = {"project": {"entity": "items"}, "tables": {"characters": cast, "names": cast}}
    traits = {"kind": "traits", "from": "characters"}
    assert parse_config(given | {"features": {"f": traits}}).nouns[0].many == "characters"
    both = {"f": traits, "g": {"kind": "traits", "from": "names"}}
    assert parse_config(given | {"features": both}).nouns[0].many == "items"
