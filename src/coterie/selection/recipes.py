"""Recipes: the bases and embeddings that are tried, each a config of its own, made from what ``[search]`` lists.

A recipe changes keys of the config, written with dots (``features.taste.weight``), and nothing else; the changed config
is checked like any other, so a recipe can say nothing that a ``coterie.toml`` could not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from coterie.config import Config, parse_config
from coterie.errors import ConfigError, UnknownNameError, nearest, shown
from coterie.features.assembling import make_features
from coterie.model import make_embedder
from coterie.selection.trials import counts_clusters, make_clusterer

SECTIONS = ("features", "embedding", "clustering")
MOST = 500  # recipes; more are a slip in 'vary', since even the coarse round would take hours


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way from tables to points.

    Args:
        name: "" for the config as it stands, the changed values of a recipe from ``vary``, or its name in ``recipes``.
        changes: dotted key to value. config: with the changes made.
        is_named: whether it stands under ``recipes``; such a one is always measured in full.
    """

    name: str
    changes: Mapping[str, Any]
    config: Config
    is_named: bool = False


def expand(config: Config) -> tuple[Recipe, ...]:
    """Give every recipe that a config asks for: all combinations of ``vary``, then the named ones.

    Raises:
        ConfigError: a key stands in no section that can vary or changes nothing that is there, a value is refused or
            listed twice, two recipes have one name, or there are too many.
    """
    asked = config.search
    grid = [dict(zip(asked.vary, values, strict=True)) for values in _bounded(asked.vary)]
    names = _short_names(tuple(asked.vary))
    varied = [
        Recipe(
            ", ".join(f"{names[key]} {_told(value)}" for key, value in changes.items()), changes, _made(config, changes)
        )
        for changes in grid
    ]
    named = [
        Recipe(name, changes, _made(config, changes, f"search.recipes.{name}"), is_named=True)
        for name, changes in asked.recipes.items()
    ]
    _refuse_alike([recipe.name for recipe in (*varied, *named)])
    return (*varied, *named)


def recipe_called(config: Config, name: str) -> Recipe:
    """Give the recipe of a name, as a decision has it.

    A manifest has its keys sorted, so that the parts of a varied recipe's name may stand in another order there.

    Raises:
        UnknownNameError: there is none of that name; offers the nearest.
    """
    recipes = expand(config)
    found = [one for one in recipes if one.name == name]
    found += [one for one in recipes if not one.is_named and sorted(one.name.split(", ")) == sorted(name.split(", "))]
    if not found:
        raise UnknownNameError("recipe", name, [one.name for one in recipes])
    return found[0]


def check(recipes: Sequence[Recipe]) -> None:
    """Make what each recipe asks for, and throw it away: what cannot be made is said before anything is measured.

    Raises:
        ConfigError: a method has no plug-in, or an option is unknown or out of its range; names the recipe.
        MissingExtraError: an optional package is not installed.
    """
    for recipe in recipes:
        try:
            _make(recipe.config)
        except (ConfigError, UnknownNameError) as error:
            if not recipe.name:
                raise
            raise ConfigError(f"the recipe {shown(recipe.name)} cannot be made: {error}") from error


def _make(config: Config) -> None:
    make_features(config)
    make_embedder(config)
    highest = config.clustering.k[1]
    for method in config.clustering.methods:
        make_clusterer(config.clustering, method, highest if counts_clusters(method) else None)


def _refuse_alike(names: Sequence[str]) -> None:
    # Candidates know their recipe by its name alone.
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two recipes are called {shown(name)}; choose another name under 'search.recipes'")


def _bounded(vary: Mapping[str, tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    count = 1
    for key, values in vary.items():
        twice = next((value for place, value in enumerate(values) if _told(value) in map(_told, values[:place])), None)
        if twice is not None:
            raise ConfigError(f"'search.vary' lists {_told(twice)} twice for {shown(key)}; take one out")
        count *= len(values)
    if count > MOST:
        raise ConfigError(f"'search.vary' makes {count:,} recipes; at most {MOST} can be tried: list fewer values")
    return list(product(*vary.values()))


def _made(config: Config, changes: Mapping[str, Any], where: str = "search.vary") -> Config:
    """Make the changes in a copy; what is not varied any more is taken out, so that a recipe has no recipes."""
    if not changes:
        return config.model_copy(update={"search": type(config.search)()})
    raw = config.model_dump(by_alias=True)
    raw["search"] = {}
    for key, value in sorted(changes.items(), key=lambda change: not change[0].endswith(".method")):  # methods first
        _set(raw, key, value, where)
    try:
        return parse_config(raw)
    except ConfigError as error:
        told = ", ".join(f"{key} = {_told(value)}" for key, value in changes.items())
        raise ConfigError(f"'{where}' with {told}: {error}") from error


def _set(raw: dict[str, Any], key: str, value: Any, where: str) -> None:
    section, *path = key.split(".")
    if section not in SECTIONS or not path:
        raise ConfigError(
            f"'{where}' names {shown(key)}; expected a key in {', '.join(SECTIONS[:-1])} or {SECTIONS[-1]} with dots "
            f'and in quotes, such as "embedding.dims"{"" if section in SECTIONS else nearest(section, SECTIONS)}'
        )
    place = raw[section] = _copied(raw[section])
    for depth, name in enumerate(path[:-1]):
        # Options of a method may be new; a feature must be there.
        if name not in place and section == "features" and depth == 0:
            raise ConfigError(
                f"'{where}' names {shown(key)}, but there is no feature {shown(name)}{nearest(name, place)}"
            )
        below = place.get(name, {})
        if not isinstance(below, Mapping):
            raise ConfigError(f"'{where}' names {shown(key)}, but '{name}' is a value, not a table of keys")
        place[name] = _copied(below)
        place = place[name]
    last = path[-1]
    if last == "method" and section == "embedding" and value != place.get("method"):
        for option in [name for name in place if name != "method"]:  # options of one embedder are not another's
            del place[option]
    place[last] = value


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return dict(table)


def _short_names(keys: tuple[str, ...]) -> dict[str, str]:
    """Call a key by its last part, or whole where two would be called the same."""
    last = [key.rsplit(".", 1)[-1] for key in keys]
    return {key: short if last.count(short) == 1 else key for key, short in zip(keys, last, strict=True)}


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return " + ".join(value)
    return str(list(value)) if isinstance(value, tuple) else str(value)
