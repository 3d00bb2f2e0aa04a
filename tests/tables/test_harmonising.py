"""Which tags are proposed to be one, and what a person's decisions do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.errors import MissingExtraError, SourceError
from coterie.tables.harmonising import CARRIER, Carriers, Merge, Review, propose_merges, reviewed
from coterie.tables.harmonising.meaning import local_embedder
from coterie.tables.harmonising.reviewing import as_csv
from coterie.tables.harmonising.spelling import likeness, spell
from coterie.terms import TAG


def carriers(by_tag: dict[str, Sequence[int]]) -> Carriers:
    rows = [(f"user:{user}", tag) for tag, users in by_tag.items() for user in users]
    return Carriers(pl.DataFrame(rows, schema=[CARRIER, TAG], orient="row"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("node-js", "nodejs"),
        ("Node.JS", "node-js"),
        ("c#", "c-sharp"),
        ("c++", "c-plus-plus"),
        (".net", "dotnet"),
        ("backbone.js", "backbonedotjs"),
        ("front end", "front-end"),
        ("ＣＡＤ", "cad"),
    ],
)
def test_punctuation_does_not_make_another_tag(one: str, other: str) -> None:
    assert likeness(spell(one), spell(other)) == (1.0, "same but for punctuation")


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("mvc", "mvc5", "same but for a version: 5"),
        ("node.js 12", "nodejs", "same but for a version: 12"),
        ("visual-studio-2013", "visual-studio-2010", "same but for a version: 2010, 2013"),
        ("premiere-pro-cc", "premiere-pro", "same but for a version: cc"),
        ("powershell-v3", "powershell", "same but for a version: v3"),
        ("angular-1.x", "angular", "same but for a version"),
        ("asp.net-mvc", "mvc", "same but for 'asp net'"),
        ("react", "react.js", "same but for 'js'"),
        ("reactjs", "react", "same but for 'js'"),
        ("layouts", "layout", "same but for singular and plural"),
        ("art-and-design", "design-and-art", "same words in another order"),
        ("data-visualisation", "data-visualization", "one letter apart"),
        ("kuberentes", "kubernetes", "one letter apart"),
        ("internationalisation", "internatonalization", "% of letters alike"),
    ],
)
def test_what_is_alike_says_in_what(one: str, other: str, why: str) -> None:
    score, said = likeness(spell(one), spell(other))
    assert 0.7 < score < 1
    assert why in said
    assert likeness(spell(other), spell(one))[0] == score


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("c", "c++"),
        ("c", "c#"),
        ("2d", "3d"),
        ("s3", "ec2"),
        ("illustrator-1-0", "illustrator-10"),
        ("ux-design", "ui-design"),
        ("blogging", "logging"),
        ("product-management", "project-management"),
        ("java", "javascript"),
        ("office-365", "office-361"),
        ("css", "cs"),
        ("adobe-cloud", "microsoft-cloud"),
        ("core-data", "data"),
    ],
)
def test_other_things_are_not_alike(one: str, other: str) -> None:
    found = likeness(spell(one), spell(other))
    assert found[0] < 1
    if (one, other) != ("illustrator-1-0", "illustrator-10"):  # versions of one thing, but to be asked for
        assert found == (0.0, "")


def test_proposals_by_hand() -> None:
    found = propose_merges(
        carriers({"mvc": [1, 2, 3, 4], "mvc5": [1, 2], "c#": range(1, 9), "c-sharp": [5, 6], "cooking": [9]})
    )
    assert [(merge.tag, merge.into, merge.is_sure) for merge in found] == [
        ("c-sharp", "c#", True),
        ("mvc5", "mvc", False),
    ]
    # company beside both is "c#" alone: alike, but only 2 carriers against 3 of doubt
    assert found[1].score == pytest.approx(0.7 * 0.85 + 0.3 * 2 / 5)
    assert found[1].why == "same but for a version: 5; 2 of 2 carriers carry both; company 40% alike"


def test_versions_go_into_the_tag_without_one_however_rare() -> None:
    found = propose_merges(carriers({"mvc": [1], "mvc4": range(9), "mvc5": range(20)}), least_score=0)
    assert {merge.tag: merge.into for merge in found} == {"mvc4": "mvc", "mvc5": "mvc"}


def test_a_floor_leaves_weak_proposals_out() -> None:
    rows = carriers({"mvc": [1, 2, 3], "mvc5": [4], "node-js": [1], "nodejs": [2]})
    assert [merge.tag for merge in propose_merges(rows, least_score=0.9)] == ["node-js"]


def test_few_tags_have_no_proposals() -> None:
    assert propose_merges(carriers({})) == propose_merges(carriers({"a": [1]})) == ()


def test_meaning_finds_what_spelling_cannot() -> None:
    rows = carriers({"javascript": [1, 2], "ecmascript": [1], "cooking": [3]})

    def embed(texts: Sequence[str]) -> Any:
        return np.array([[2.0, 0.0] if text.endswith("script") else [0.0, 1.0] for text in texts])

    assert propose_merges(rows, least_score=0.5) == ()
    (found,) = propose_merges(rows, least_score=0.5, embed=embed)
    assert (found.tag, found.into, found.is_sure) == ("ecmascript", "javascript", False)
    assert found.why.startswith("mean the same (100% alike)")


def test_a_model_is_read_from_its_folder_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    class Model:
        def __init__(self, path: str, *, local_files_only: bool) -> None:
            seen.append((path, local_files_only))
            if not (Path(path) / "model").exists():
                raise OSError("no model here")

        def encode(self, texts: Sequence[str], *, show_progress_bar: bool) -> Any:
            seen.append(list(texts))
            return np.ones((len(texts), 2), dtype=np.float32)

    monkeypatch.setitem(sys.modules, "sentence_transformers", SimpleNamespace(SentenceTransformer=Model))
    with pytest.raises(SourceError, match=r"the model at .* cannot be loaded: no model here"):
        local_embedder(tmp_path)
    (tmp_path / "model").touch()
    assert local_embedder(tmp_path)(["node-js"]).tolist() == [[1.0, 1.0]]
    assert seen[1:] == [(str(tmp_path), True), ["node js"]]


def test_what_is_not_there_to_read_meaning_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        SourceError, match=r"there is no model at .*; expected the folder of a sentence-transformers model"
    ):
        local_embedder(tmp_path / "none")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'coterie\[meaning\]'"):
        local_embedder(tmp_path)


def merge(tag: str, into: str, *, is_sure: bool = False) -> Merge:
    return Merge(tag, into, 0.9, "why", is_sure)


def test_decisions_stay_and_what_waits_is_made_anew() -> None:
    before = [
        Review("a", "b", "0.8", "old", "yes"),
        Review("c", "d", "0.8", "old", "no"),
        Review("e", "f", "0.8", "old", ""),
        Review("g", "h", "1.000", "old", "auto"),
    ]
    proposals = [
        merge("a", "z"),
        merge("d", "c", is_sure=True),
        merge("e", "x"),
        merge("c", "q"),
        merge("i", "j", is_sure=True),
    ]
    assert [(line.tag, line.into, line.decision) for line in reviewed(proposals, before)] == [
        ("a", "b", "yes"),
        ("c", "d", "no"),
        ("g", "h", "auto"),
        ("e", "x", ""),
        ("c", "q", ""),
        ("i", "j", "auto"),
    ]


def test_a_review_is_csv() -> None:
    assert as_csv([Review("a,b", "ab", "1.000", "why", "auto")]) == (
        'tag,into,score,why,decision\n"a,b",ab,1.000,why,auto\n'
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(["mvc", "mvc5", "MVC", "node-js", "nodejs", "x"])), max_size=40
    ),
    st.randoms(use_true_random=False),
)
def test_order_and_repeats_of_rows_change_nothing_and_no_tag_is_its_own(rows: list[tuple[int, str]], draw: Any) -> None:
    def proposed(pairs: list[tuple[int, str]]) -> Any:
        frame = pl.DataFrame(
            [(f"user:{user}", tag) for user, tag in pairs], schema={CARRIER: pl.String, TAG: pl.String}, orient="row"
        )
        return propose_merges(Carriers(frame))

    found = proposed(rows)
    mixed = rows * 2
    draw.shuffle(mixed)
    assert proposed(mixed) == found
    assert all(one.tag != one.into and 0 <= one.score <= 1 for one in found)
    assert len({one.tag for one in found}) == len(found)
