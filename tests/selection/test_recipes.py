from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config import parse_config
from coterie.errors import ConfigError, UnknownNameError
from coterie.selection.recipes import MOST, check, expand, recipe_called

BASE = {
    "tables": {
        "likes": {"role": "events", "source": "likes.csv", "user": "u", "item": "i", "value": "v"},
        "people": {"role": "users", "source": "people.csv", "user": "u", "attributes": {"age": "number"}},
    },
    "features": {
        "taste": {"kind": "interactions", "from": "likes", "weight": "value"},
        "who": {"kind": "attributes", "from": "people", "use": "descriptor"},
    },
    "embedding": {"method": "svd", "dims": 8, "normalise": "row"},
    "clustering": {"methods": ["kmeans", "gmm"], "options": {"gmm": {"covariance": "tied"}}},
}


def recipes(**search):
    return expand(parse_config({**BASE, "search": search}))


def test_without_a_search_there_is_one_recipe_the_config_as_it_stands():
    (only,) = recipes()
    assert (only.name, only.changes, only.is_named) == ("", {}, False)
    assert only.config == parse_config(BASE)


def test_every_combination_is_a_recipe_and_named_ones_follow():
    found = recipes(
        vary={"features.taste.weight": ["binary", "value"], "embedding.dims": [4, 8]},
        recipes={"age too": {"features.who.use": "basis", "features.who.embed": False, "clustering.k": 5}},
    )
    assert [recipe.name for recipe in found] == [
        "weight binary, dims 4", "weight binary, dims 8", "weight value, dims 4", "weight value, dims 8", "age too",
    ]  # fmt: skip
    assert [recipe.is_named for recipe in found] == [False] * 4 + [True]
    first, named = found[0].config, found[-1].config
    assert (first.features["taste"].options, first.embedding.options["dims"]) == ({"weight": "binary"}, 4)
    assert (named.features["who"].use, named.features["who"].embed, named.clustering.k) == ("basis", False, (5, 5))
    assert named.embedding.options["dims"] == 8
    assert all(recipe.config.search == type(recipe.config.search)() for recipe in found)


def test_a_recipe_is_the_config_that_says_the_same():
    (_, second) = recipes(vary={"embedding.dims": [4, 5]})
    raw = {**BASE, "embedding": {**BASE["embedding"], "dims": 5}}
    assert second.config == parse_config(raw)
    assert second.config.digest() == parse_config(raw).digest()


def test_the_options_of_one_embedding_are_not_taken_for_anothers():
    svd, pca = recipes(vary={"embedding.method": ["svd", "pca"]})
    assert svd.config.embedding.options == {"dims": 8, "normalise": "row"}
    assert pca.config.embedding.options == {}
    kept = recipes(vary={"embedding.dims": [3], "embedding.method": ["pca"]})[0]
    assert kept.config.embedding.options == {"dims": 3}  # the method is changed first, whatever the order


def test_an_option_of_a_method_may_be_new():
    tied, full = recipes(vary={"clustering.options.gmm.covariance": ["tied", "full"]})
    assert tied.config.clustering.options["gmm"] == {"covariance": "tied"}
    assert full.config.clustering.options["gmm"] == {"covariance": "full"}
    assert recipes(vary={"clustering.options.kmeans.x": [1]})[0].config.clustering.options["kmeans"] == {"x": 1}


def test_names_say_values_as_people_do():
    found = recipes(vary={"features.who.use": ["basis"], "features.who.embed": [True, False]})
    assert [recipe.name for recipe in found] == ["use basis, embed yes", "use basis, embed no"]
    lists = recipes(vary={"clustering.methods": [["kmeans", "gmm"]], "clustering.k": [[2, 5]]})
    assert lists[0].name == "methods kmeans + gmm, k [2, 5]"
    alike = recipes(vary={"features.taste.block_weight": [0.1, 0.10000001], "features.who.block_weight": [1.0]})
    assert [recipe.name for recipe in alike] == [
        "features.taste.block_weight 0.1, features.who.block_weight 1.0",
        "features.taste.block_weight 0.10000001, features.who.block_weight 1.0",
    ]


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"recipes": {"": {"embedding.dims": 3}}}, "should have at least 1 character"),
        ({"recipes": {"a": {}}}, "'search.recipes.a' should have at least 1 item"),
        ({"recipes": {"a": {"embedding": {"dims": 3}}}}, "with dots and in quotes, such as \"embedding.dims\"$"),
        ({"recipes": {"a": {"embeding.dims": 3}}}, "names 'embeding.dims'; .* did you mean 'embedding'"),
        ({"recipes": {"a": {"segments.min_share": 0.1}}}, "expected a key in features, embedding or clustering"),
        ({"vary": {"embedding.dims": 8}}, "expected keys with a list of values each"),
        ({"vary": {"embedding.dims": []}}, "expected keys with a list of values each"),
        ({"vary": {"embedding.dims": [8, 9, 8]}}, "lists 8 twice for 'embedding.dims'; take one out"),
        ({"vary": {"features.tast.weight": ["binary"]}}, "there is no feature 'tast'; did you mean 'taste'"),
        ({"vary": {"features.taste.weight.x": [1]}}, "'weight' is a value, not a table of keys"),
        ({"vary": {"clustering.k": [[5, 4]]}}, r"'search.vary' with clustering.k = \[5, 4\]: .*got \[5, 4\]"),
        ({"vary": {"features.taste.use": ["descriptor"]}}, "every feature is a descriptor"),
        ({"recipes": {"b": {"features.taste.embed": False}}}, "so there is nothing to embed"),
        ({"vary": {"embedding.dims": [8]}, "recipes": {"dims 8": {"embedding.dims": 8}}}, "two recipes are called"),
        ({"vary": {"embedding.dims": [*range(1, MOST + 2)]}}, "makes 501 recipes; at most 500"),
    ],
)  # fmt: skip
def test_what_says_nothing_is_refused(search, message):
    with pytest.raises(ConfigError, match=message):
        recipes(**search)


def test_what_cannot_be_made_is_said_before_anything_is_measured():
    check(recipes(vary={"embedding.dims": [2, 3]}))
    with pytest.raises(ConfigError, match=r"the recipe 'dims 0' cannot be made: 'embedding.dims' is a whole number"):
        check(recipes(vary={"embedding.dims": [8, 0]}))
    with pytest.raises(ConfigError, match="the recipe 'method kmens' cannot be made: unknown embedder 'kmens'"):
        check(recipes(vary={"embedding.method": ["kmens"]}))
    with pytest.raises(ConfigError, match=r"the recipe 'covariance tide' cannot be made: .*'tide'"):
        check(recipes(vary={"clustering.options.gmm.covariance": ["tide"]}))
    wrong = parse_config({**BASE, "embedding": {"method": "svd", "dimz": 3}})
    with pytest.raises(ConfigError, match=re.escape("unknown key 'dimz' in embedding (svd)")):
        check(expand(wrong))


@given(
    st.dictionaries(
        st.sampled_from(["embedding.dims", "embedding.drop_leading", "features.taste.smoothing", "clustering.starts"]),
        st.lists(st.integers(1, 40), min_size=1, max_size=3, unique=True),
        min_size=1,
    )
)
def test_recipes_are_as_many_as_combinations_and_no_two_are_alike(vary):
    found = recipes(vary=vary)
    count = 1
    for values in vary.values():
        count *= len(values)
    assert len(found) == count
    assert len({recipe.name for recipe in found}) == len({recipe.config.digest() for recipe in found}) == count
    assert all({key: found[0].changes[key] for key in vary}.keys() == recipe.changes.keys() for recipe in found)


def test_a_recipe_is_found_whatever_order_its_parts_have():
    vary = {"features.taste.weight": ["binary", "value"], "embedding.normalise": ["row", "none"]}
    config = parse_config({**BASE, "search": {"vary": vary}})
    turned = parse_config({**BASE, "search": {"vary": dict(reversed(vary.items()))}})
    names = [one.name for one in expand(config)]
    assert set(names).isdisjoint(one.name for one in expand(turned))
    for name in names:
        assert recipe_called(turned, name).config == recipe_called(config, name).config
    assert recipe_called(parse_config(BASE), "").config == parse_config(BASE)
    with pytest.raises(UnknownNameError, match="recipe"):
        recipe_called(config, "weight tripled")
