"""A folder of files to a coterie.toml that parses, reads and passes the checks."""

from __future__ import annotations

import gzip
import json
import random
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config import Config, parse_config
from coterie.errors import CoterieError, DataError, SourceError
from coterie.sources import open_source, require_columns
from coterie.tables.build import BuiltTables, build_tables
from coterie.tables.inference import Proposal, propose
from tests.conftest import shared_data

GENRES = ("Action", "Comedy", "Drama", "Sci-Fi")


def put(folder: Path, **files: str | bytes) -> None:
    """Write files; a double underscore stands for a dot."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name.replace("__", ".")).write_bytes(data)


def lines(separator: str, *rows: tuple[object, ...]) -> str:
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def config_of(proposal: Proposal) -> Config:
    return parse_config(tomllib.loads(proposal.text))


def table_of(proposal: Proposal, name: str) -> dict[str, Any]:
    return config_of(proposal).model_dump(by_alias=True, exclude_defaults=True)["tables"][name]


def built(proposal: Proposal, folder: Path) -> BuiltTables:
    """Read and check the tables as a run would."""
    config = config_of(proposal)
    raw = {name: open_source(table, folder).scan() for name, table in config.tables.items()}
    for name, table in config.tables.items():
        require_columns(raw[name], table, name)
    tables = build_tables(config, raw)
    tables.raise_if_over_limit()
    return tables


def ratings(n_users: int = 30, n_items: int = 40, each: int = 12) -> list[tuple[Any, ...]]:
    draw = random.Random(7)
    return [
        (user, item, draw.randint(1, 5), 1_147_880_000 + 1000 * user + item)
        for user in range(1, n_users + 1)
        for item in draw.sample(range(1, n_items + 1), each)
    ]


# Files with headers


def test_movielens_style_files_are_fully_right(tmp_path):
    halves = [(user, item, value - 0.5, time) for user, item, value, time in ratings()]
    films = [(item, f'"Film {item}, The (1999)"', "|".join(GENRES[: 1 + item % 3])) for item in range(1, 41)]
    put(
        tmp_path,
        ratings__csv="userId,movieId,rating,timestamp\n" + lines(",", *halves),
        movies__csv="movieId,title,genres\n" + lines(",", *films),
        tags__csv="userId,movieId,tag,timestamp\n" + lines(",", (1, 2, "dark", 1147880000), (1, 3, "odd", 1147880001)),
        links__csv="movieId,imdbId\n" + lines(",", *((item, item * 7) for item in range(1, 41))),
    )
    proposal = propose(tmp_path)
    csv = {"kind": "csv", "separator": ","}
    assert table_of(proposal, "ratings") == {
        "role": "events",
        "source": "ratings.csv",
        "format": csv,
        "user": "userId",
        "item": "movieId",
        "value": "rating",
        "time": {"column": "timestamp", "unit": "s"},
        "range": (0.5, 5.0),
        "duplicates": "last",
    }
    assert table_of(proposal, "movies") == {
        "role": "items",
        "source": "movies.csv",
        "format": csv,
        "item": "movieId",
        "title": "title",
        "tags": {"column": "genres"},
    }
    assert [table.name for table in proposal.tables] == ["ratings", "tags", "movies"]
    assert "# Segments are formed on this table; it could also be 'tags'." in proposal.text
    assert proposal.skipped == (
        ("links.csv", "it has items in 'movieId', but neither users nor anything that describes items"),
    )
    config = config_of(proposal)
    assert config.features["taste"].model_dump(by_alias=True) == {
        "kind": "interactions",
        "from": "ratings",
        "use": "basis",
        "embed": True,
        "block_weight": 1.0,
        "weight": "value",
    }
    assert (config.embedding.method, config.embedding.options) == ("svd", {"dims": 16})
    assert config.search.vary["embedding.normalise"] == ("row", "degree")
    assert config.features["taste"].options["weight"] in config.search.vary["features.taste.weight"]
    assert (config.clean.min_events_per_user, config.clean.min_users_per_item) == (5, 5)
    tables = built(proposal, tmp_path)
    assert tables.kept["movies"] == 40
    assert tables.rejected == {"ratings": 0, "tags": 0, "movies": 0}


def shop(folder: Path) -> None:
    draw = random.Random(3)
    put(
        folder,
        orders__csv="order_id,customer_id,product_id,quantity,unit_price,purchased_at\n"
        + lines(
            ",",
            *(
                (
                    n,
                    f"c{draw.randint(1, 30)}",
                    f"p{draw.randint(1, 20)}",
                    draw.randint(1, 9),
                    1.5,
                    "2024-03-01T10:00:00Z",
                )
                for n in range(1, 400)
            ),
        ),
        customers__csv="customer_id;name;age;gender;zip;state;is_premium;signup_date\n"
        + lines(
            ";",
            *((f"c{n}", f"Name {n}", 18 + n, "mf"[n % 2], 10_000 + n, "NY", n % 2, "2020-01-05") for n in range(1, 31)),
        ),
        products__tsv="id\tname\tbrand\tcategory\tprice\n"
        + lines("\t", *((f"p{n}", f"Thing {n}", "AB"[n % 2], ["toys", "food"][n % 2], n / 2) for n in range(1, 21))),
    )


def test_a_shop_is_fully_right(tmp_path):
    shop(tmp_path)
    proposal = propose(tmp_path)
    orders = table_of(proposal, "orders")
    assert {key: orders[key] for key in ("user", "item", "value", "time", "duplicates")} == {
        "user": "customer_id",
        "item": "product_id",
        "value": "quantity",
        "time": {"column": "purchased_at"},
        "duplicates": "sum",
    }
    assert "range" not in orders
    customers = table_of(proposal, "customers")
    assert customers["format"] == {"kind": "csv", "separator": ";"}
    assert customers["attributes"] == {"age": "number", "gender": "category", "zip": "us_zip", "is_premium": "category"}
    products = table_of(proposal, "products")
    assert products["format"] == {"kind": "csv", "separator": "\t"}
    assert (products["item"], products["title"], products["tags"]) == ("id", "name", {"column": "category"})
    assert products["attributes"] == {"brand": "category", "price": "number"}
    assert "# tags: no value seen holds more than one tag" in proposal.text
    assert "# Not used: state (the same value in all rows)" in proposal.text
    config = config_of(proposal)
    assert config.features["taste"].options == {"weight": "log1p"}
    demographics = config.features["demographics"]
    assert (demographics.kind, demographics.from_, demographics.use) == ("attributes", "customers", "descriptor")
    assert built(proposal, tmp_path).kept["customers"] == 30


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "csv.gz"])
def test_other_kinds_say_the_same(tmp_path, kind):
    shop(tmp_path / "as_csv")
    other = tmp_path / "other"
    other.mkdir()
    for path in sorted((tmp_path / "as_csv").iterdir()):
        separator = {"customers": ";", "products": "\t"}.get(path.stem, ",")
        frame = pl.read_csv(path, separator=separator, try_parse_dates=True)
        if kind == "parquet":
            frame.write_parquet(other / f"{path.stem}.parquet")
        elif kind == "jsonl":
            frame.write_ndjson(other / f"{path.stem}.jsonl")
        else:
            (other / f"{path.stem}.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    wanted, found = propose(tmp_path / "as_csv"), propose(other)
    for name in ("orders", "customers", "products"):
        expected, got = table_of(wanted, name), table_of(found, name)
        for key in expected.keys() - {"source", "format"}:
            assert got[key] == expected[key], (name, key)
    assert built(found, other).kept["products"] == 20


def test_likes_without_value_or_time(tmp_path):
    put(tmp_path, likes__csv="user,item\n" + lines(",", *((user, item) for user, item, *_ in ratings())))
    proposal = propose(tmp_path)
    likes = table_of(proposal, "likes")
    assert (likes["user"], likes["item"]) == ("user", "item")
    assert not likes.keys() & {"value", "time", "range"}
    assert config_of(proposal).tables["likes"].duplicates == "reject"
    assert config_of(proposal).features["taste"].options == {"weight": "binary"}
    assert built(proposal, tmp_path).read == {"likes": 360}


def test_likes_that_repeat_are_kept(tmp_path):
    put(tmp_path, likes__csv="user,item\n" + lines(",", *[(1, 1), (1, 1), (2, 1), (2, 3)]))
    proposal = propose(tmp_path)
    assert table_of(proposal, "likes")["duplicates"] == "keep"
    assert "# duplicates: users have several events with one item, and nothing tells them apart." in proposal.text


def test_values_without_time_keep_the_largest(tmp_path):
    put(
        tmp_path,
        scores__csv="user_id,course_id,score\n" + lines(",", *[(1, 1, 12), (1, 2, 250), (2, 1, 77), (2, 3, 8)]),
    )
    scores = table_of(propose(tmp_path), "scores")
    assert (scores["value"], scores["duplicates"], "range" in scores) == ("score", "max", False)


def test_lists_of_tags_and_flags_in_json_lines(tmp_path):
    films = [{"film_id": n, "title": f"Film {n}", "genres": list(GENRES[: 1 + n % 3])} for n in range(1, 41)]
    put(
        tmp_path,
        ratings__csv="user_id,film_id,rating\n" + lines(",", *(row[:3] for row in ratings())),
        films__jsonl="".join(json.dumps(film) + "\n" for film in films),
    )
    proposal = propose(tmp_path)
    assert table_of(proposal, "films")["tags"] == {"column": "genres"}
    tables = built(proposal, tmp_path).tables
    assert tables["films"].tags is not None
    assert set(tables["films"].tags.collect().to_native()["tag"]) == set(GENRES[:3])


def test_events_of_things_that_no_table_knows_are_kept(tmp_path):
    put(
        tmp_path,
        ratings__csv="user_id,film_id,rating\n" + lines(",", *(row[:3] for row in ratings())),
        films__csv="film_id,title\n" + lines(",", *((n, f"Film {n}") for n in range(1, 31))),
    )
    proposal = propose(tmp_path)
    assert table_of(proposal, "ratings")["unknown"] == "keep"
    assert "# unknown: 10 of 40 items seen stand in no items table; 'reject' would leave" in proposal.text


def test_tables_that_do_not_meet_are_pointed_out(tmp_path):
    put(
        tmp_path,
        ratings__csv="user_id,film_id,rating\n" + lines(",", *(row[:3] for row in ratings())),
        songs__csv="song_id,title\n" + lines(",", *((f"s{n}", f"Song {n}") for n in range(1, 31))),
    )
    assert "# item: none of these items was seen in a table of events;" in propose(tmp_path).text


def test_quotes_within_fields_are_taken_for_text(tmp_path):
    put(
        tmp_path,
        ratings__csv="user_id,film_id,rating\n" + lines(",", *(row[:3] for row in ratings())),
        films__csv="film_id,title\n" + lines(",", *((n, f'{n}" disk') for n in range(1, 41))),
    )
    proposal = propose(tmp_path)
    assert table_of(proposal, "films")["format"]["quote"] == ""
    assert "# Uncertain: quotes stand in the middle of fields, so they are taken for text." in proposal.text
    assert built(proposal, tmp_path).kept["films"] == 40


def test_a_small_table_gets_small_settings(tmp_path):
    put(tmp_path, ratings__csv="user_id,item_id,rating\n" + lines(",", (1, 1, 5), (1, 2, 4), (2, 1, 1)))
    config = config_of(propose(tmp_path))
    assert config.embedding.options == {"dims": 1}
    assert (config.clean.min_events_per_user, config.clean.min_users_per_item) == (2, 2)


# Files without headers


def headerless(folder: Path, order: tuple[int, ...] = (0, 1, 2, 3)) -> None:
    people = [(n, 18 + n, "MF"[n % 2], ("writer", "artist")[n % 2], 90_000 + n) for n in range(1, 31)]
    films = [(n, f"Film {n} (1999)", "01-Jan-1999", "", *(int(n % 4 == g) for g in range(4))) for n in range(1, 41)]
    put(
        folder,
        a__data=lines("\t", *(tuple(row[place] for place in order) for row in ratings())),
        b__data=lines("|", *people),
        c__data=lines("|", *films).replace("Film 7 ", "Amélie ").encode("latin-1"),
    )


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 3, 2), (3, 2, 1, 0)])
def test_files_without_headers_are_told_by_content(tmp_path, order):
    headerless(tmp_path, order)
    proposal = propose(tmp_path)
    events = table_of(proposal, "a_data")
    names = ["user_id", "item_id", "rating", "timestamp"]
    assert events["format"] == {
        "kind": "csv",
        "separator": "\t",
        "header": False,
        "columns": tuple(names[place] for place in order),
    }
    assert (events["user"], events["item"], events["value"]) == ("user_id", "item_id", "rating")
    assert (events["time"], events["range"]) == ({"column": "timestamp", "unit": "s"}, (1.0, 5.0))
    people = table_of(proposal, "b_data")
    assert (people["role"], people["user"]) == ("users", "user_id")
    assert people["format"]["columns"] == ("user_id", "age", "gender", "column_4", "zip")
    assert people["attributes"] == {"age": "number", "gender": "category", "column_4": "category", "zip": "us_zip"}
    films = table_of(proposal, "c_data")
    assert (films["role"], films["item"], films["title"]) == ("items", "item_id", "title")
    assert films["format"]["encoding"] == "latin-1"
    assert films["tags"] == {"columns": ("column_5", "column_6", "column_7", "column_8")}
    assert "# Not used: column_3 (a date or time)" in proposal.text
    assert built(proposal, tmp_path).rejected == {"a_data": 0, "b_data": 0, "c_data": 0}


def test_flags_are_named_by_a_list_that_has_their_number(tmp_path):
    headerless(tmp_path)
    put(tmp_path, genre__txt=lines("|", *((name, place) for place, name in enumerate(GENRES))) + "\n")
    proposal = propose(tmp_path)
    assert table_of(proposal, "c_data")["tags"] == {"columns": GENRES}
    assert proposal.skipped == (("genre.txt", "it names the one-hot columns of 'c.data'"),)


def test_pairs_alone_are_taken_by_habit(tmp_path):
    put(tmp_path, pairs__txt=lines("\t", *((100 + user, item) for user, item, *_ in ratings())))
    proposal = propose(tmp_path)
    assert table_of(proposal, "pairs")["format"]["columns"] == ("user_id", "item_id")
    assert "# user: by the habit to write the user before the item." in proposal.text


def test_names_that_say_nothing_are_told_by_content(tmp_path):
    put(
        tmp_path,
        x__csv="a,b,c\n" + lines(",", *(row[:3] for row in ratings())),
        y__csv="k,p,q\n" + lines(",", *((n, "mf"[n % 2], 18 + n) for n in range(1, 31))),
    )
    proposal = propose(tmp_path)
    assert {key: table_of(proposal, "x").get(key) for key in ("user", "item", "value")} == {
        "user": "a",
        "item": "b",
        "value": "c",
    }
    assert table_of(proposal, "y")["user"] == "k"
    assert "# role: it holds what is known of people." in proposal.text


# Paths, names, what is skipped, and what is refused


def test_paths_stand_relative_to_the_config(tmp_path):
    data = tmp_path / "project" / "data"
    data.mkdir(parents=True)
    put(data, **{"my ratings__csv": "user_id,item_id,rating\n" + lines(",", *(row[:3] for row in ratings()))})
    proposal = propose(data, tmp_path / "project")
    assert table_of(proposal, "my_ratings")["source"] == "data/my ratings.csv"
    assert built(proposal, tmp_path / "project").read == {"my_ratings": 360}
    (tmp_path / "elsewhere").mkdir()
    assert table_of(propose(data, tmp_path / "elsewhere"), "my_ratings")["source"] == "../project/data/my ratings.csv"


def test_files_of_one_name_get_tables_of_two(tmp_path):
    rows = "user_id,item_id\n" + lines(",", *(row[:2] for row in ratings()))
    put(tmp_path, a__csv=rows, a__txt=rows)
    assert sorted(table.name for table in propose(tmp_path).tables) == ["a", "a_2"]


def test_what_is_no_table_is_skipped_with_its_reason(tmp_path):
    put(
        tmp_path,
        a__csv="user_id,item_id\n" + lines(",", *(row[:2] for row in ratings())),
        b__csv="",
        c__json='{\n "a": 1\n}',
        d__xlsx=b"PK\x03\x04",
        e__dat="1::2::3\n4::5::6\n",
        f__md="# Hello",
        g__csv="user_id,item_id\n",
        h__csv="a,a\n1,2\n",
        i__txt="one\ntwo\n",
        j__parquet=b"PAR1 nonsense",
        k__bin=b"\0\1\2",
        **{"l${X}__csv": "a,b\n1,2\n"},
        m__csv="name,colour\nx,red\ny,blue\n",
    )
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").write_text("a,b\n1,2\n")
    skipped = dict(propose(tmp_path).skipped)
    wanted = {
        "b.csv": "it is empty",
        "c.json": "it is JSON, but not JSON lines",
        "d.xlsx": "it is a zip or a spreadsheet",
        "e.dat": "its columns are separated by '::'",
        "f.md": "a .md file is no table",
        "g.csv": "it has a header and no rows",
        "h.csv": "two of its columns are called 'a'; rename one",
        "i.txt": "no separator cuts its lines",
        "j.parquet": "it cannot be read",
        "k.bin": "it is not text and not Parquet",
        "l${X}.csv": "its name contains '${'",
        "m.csv": "each row has its own 'name', but nothing tells",
        "sub": "a folder; if its files are one table",
    }
    assert skipped.keys() == wanted.keys()
    for name, reason in wanted.items():
        assert skipped[name].startswith(reason), skipped[name]


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        ({}, SourceError, "no table in '.*'; looked for CSV .*, Parquet and JSON lines in an empty folder"),
        ({"README": "Hello, you.\n\nBye\n"}, SourceError, r"looked for CSV .* \('README': no separator cuts"),
        (
            {"films__csv": "film_id,title\n1,A b\n2,B c\n"},
            DataError,
            r"no file in '.*' holds events .*; found 'films' \(items\); add the table of who did what",
        ),
        ({"a__csv": "p,q\nx,1\ny,2\n"}, DataError, "found nothing else either"),
    ],
)
def test_a_folder_without_events(tmp_path, files, error, message):
    put(tmp_path / "f", **files)
    with pytest.raises(error, match=message) as caught:
        propose(tmp_path / "f")
    assert "\n" not in str(caught.value)


def test_no_folder(tmp_path):
    with pytest.raises(SourceError, match=r"there is no folder '.*'; give the folder of your tables"):
        propose(tmp_path / "x")
    (tmp_path / "y").write_text("a,b\n")
    with pytest.raises(SourceError, match=r"'.*y' is a file; give the folder that it is in"):
        propose(tmp_path / "y")


cells = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.integers(-3, 2_000_000_000).map(str),
    st.sampled_from(["0", "1", "M", "F", "12345", "2020-01-01", "a|b", "", "x y z"]),
)
headers = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["user_id", "item", "rating", "timestamp", "title", "genres", "zip", "id", "age", "state"]
)


@given(
    st.integers(2, 6).flatmap(
        lambda n: st.tuples(
            st.lists(headers, min_size=n, max_size=n), st.lists(st.lists(cells, min_size=n, max_size=n), max_size=8)
        )
    ),
    st.sampled_from([",", "\t", "|", ";"]),
)
def test_whatever_the_file_the_config_parses_or_one_line_says_why(tmp_path_factory, table, separator):
    header, rows = table
    folder = tmp_path_factory.mktemp("any")
    put(folder, events__csv=lines(separator, tuple(header), *map(tuple, rows)))
    message, proposal = "", None
    try:
        proposal = propose(folder)
    except CoterieError as error:
        message = str(error)
    assert "\n" not in message
    assert proposal is None or config_of(proposal).tables["events"].role == "events"


# Real data


def test_movielens_100k(ml_100k, tmp_path):
    proposal = propose(ml_100k, ml_100k)
    ratings_table, people, films = (table_of(proposal, name) for name in ("u_data", "u_user", "u_item"))
    assert ratings_table["format"]["columns"] == ("user_id", "item_id", "rating", "timestamp")
    assert ratings_table["format"]["separator"] == "\t"
    assert (ratings_table["range"], ratings_table["time"]["unit"]) == ((1.0, 5.0), "s")
    assert people["attributes"] == {"age": "number", "gender": "category", "column_4": "category", "zip": "us_zip"}
    assert (films["format"]["separator"], films["format"]["encoding"]) == ("|", "latin-1")
    assert len(films["tags"]["columns"]) == 19
    assert films["tags"]["columns"][-1] == "Western"
    assert [name for name, _ in proposal.skipped] == ["README", "u.genre", "u.info", "u.occupation"]
    tables = built(proposal, ml_100k)
    assert tables.read == {"u_data": 100_000, "u_user": 943, "u_item": 1682}
    assert set(tables.rejected.values()) == {0}


def test_a_learning_platform():
    proposal = propose(shared_data("learning"))
    scores = table_of(proposal, "user_assessment_scores")
    assert {key: scores[key] for key in ("user", "item", "value", "time")} == {
        "user": "user_handle",
        "item": "assessment_tag",
        "value": "user_assessment_score",
        "time": {"column": "user_assessment_date"},
    }
    assert table_of(proposal, "course_tags")["tags"] == {"column": "course_tags"}
    assert table_of(proposal, "user_interests")["item"] == "interest_tag"
    assert proposal.skipped == ()


def test_fictional_characters_are_described_but_nobody_likes_them():
    with pytest.raises(DataError, match=r"holds events .*found 'characters' \(items\)"):
        propose(shared_data("characters"))
