"""What the ends of scales are called, in the config and in a file beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.config import load_config, parse_config
from coterie.errors import ConfigError

SCALES = "scale,left,right,more\nB1,playful,serious,x\nB2, shy ,bold,y\nB9,old,new,z\n"
FROM_FILE = '{ file = "scales.csv", columns = ["scale", "left", "right"] }'


def config(poles: str) -> str:
    return f"""
[tables.cast]
role = "users"
source = "cast.csv"
user = "id"
attributes = {{ B1 = "number", B2 = "number", B3 = "number", work = "category" }}
poles = {poles}

[features.ratings]
kind = "traits"
from = "cast"
"""


def load(folder: Path, poles: str, scales: str = SCALES):
    (folder / "scales.csv").write_text(scales, encoding="utf-8")
    (folder / "coterie.toml").write_text(config(poles))
    return load_config(folder).tables["cast"].poles


def test_a_file_says_what_the_config_could_have_said(tmp_path):
    expected = {"B1": ("playful", "serious"), "B2": ("shy", "bold")}  # B9 is no attribute
    assert load(tmp_path, FROM_FILE) == expected
    assert load(tmp_path, '{ B1 = ["playful", "serious"], B2 = ["shy", "bold"] }') == expected


def test_poles_are_part_of_the_digest(tmp_path):
    load(tmp_path, FROM_FILE)
    before = load_config(tmp_path).digest()
    load(tmp_path, FROM_FILE, SCALES.replace("bold", "brave"))
    assert load_config(tmp_path).digest() != before


HEAD = "scale,left,right\n"
REFUSED = [
    ('{ file = "scales.csv" }', SCALES, 'expected { file = "scales.csv", columns = [scale, low, high] }'),
    (FROM_FILE.replace("left", "lft"), SCALES, "names the column 'lft', which is not in 'scales.csv'; did you mean"),
    (FROM_FILE, f"{HEAD}B1,,serious\n", "line 2 of 'scales.csv' ('tables.cast.poles') has an empty cell; name both"),
    (FROM_FILE, f"{HEAD}B1\n", "line 2 of 'scales.csv' ('tables.cast.poles') has an empty cell; name both ends"),
    (FROM_FILE, f"{HEAD}B1,a,b\nB1,a,b\n", "'scales.csv' ('tables.cast.poles') has the scale 'B1' twice; keep one"),
    ('{ work = ["a", "b"] }', SCALES, "'poles' names 'work', which is not an attribute of kind 'number'"),
    ('{ B1 = ["a"] }', SCALES, "expected what the low end is called and what the high end is: [low, high]"),
]


@pytest.mark.parametrize(("poles", "scales", "expected"), REFUSED)
def test_what_is_wrong_is_told(tmp_path, poles, scales, expected):
    with pytest.raises(ConfigError) as error:
        load(tmp_path, poles, scales)
    assert expected in str(error.value)


def test_a_file_that_is_missing_or_not_text_is_told(tmp_path):
    (tmp_path / "coterie.toml").write_text(config(FROM_FILE))
    with pytest.raises(ConfigError, match=r"^there is no file '.*scales\.csv', which 'tables\.cast\.poles' names"):
        load_config(tmp_path)
    (tmp_path / "scales.csv").write_bytes(b"scale,left,right\n\xff\xff,a,b\n")
    with pytest.raises(ConfigError, match=r"scales\.csv', which 'tables\.cast\.poles' names, cannot be read"):
        load_config(tmp_path)


def test_ends_stand_alone_without_a_file():
    table = {"role": "users", "source": "x", "user": "id", "attributes": {"B1": "number"}}
    raw = {
        "tables": {"cast": table | {"poles": {"B1": ["a", "b"]}}},
        "features": {"f": {"kind": "traits", "from": "cast"}},
    }
    assert parse_config(raw).tables["cast"].poles == {"B1": ("a", "b")}
