from __future__ import annotations

from coterie.selection.comparing import comparisons
from coterie.selection.types import Interval
from tests.selection.candidates import candidate, chosen, explained


def silhouette(value: float) -> Interval:
    return Interval(value, value, value)


def compared(*candidates, **more):
    return comparisons(chosen(*candidates, **more))


def test_one_recipe_is_compared_with_nothing():
    assert compared(candidate(2), candidate(3)) == ()


def test_the_best_of_each_other_recipe_is_put_beside_the_chosen_one():
    found = compared(
        candidate(3, 1.7, recipe="svd"),
        candidate(3, 1.2, recipe="pca"),
        candidate(4, 1.4, recipe="pca"),
        candidate(5, 1.9, recipe="pca", jaccard=(0.3,) * 5),
        candidate(3, 1.1, recipe=""),
    )
    assert found == (
        "Recipe 'pca' (kmeans, k = 4): silhouette 0.10 against 0.10, lift 1.40 against 1.70, least stability 0.90 "
        "against 0.90.",
        "Recipe 'the config as it stands' (kmeans, k = 3): silhouette 0.10 against 0.10, lift 1.10 against 1.70, least "
        "stability 0.90 against 0.90.",
    )


def test_a_neat_band_of_one_column_is_called_that():
    bands = candidate(
        3, 1.1, recipe="age", silhouette=silhouette(0.5), separated_by=(("people:age", 0.9), ("embedding", 0.1))
    )
    (told,) = compared(candidate(3, 1.7, recipe="taste"), bands)
    assert "mostly bands of one column: 90% of what separates them lies along 'people:age'" in told
    assert told.endswith("what people take up next hardly depends on it, which is why the lift is lower.")


def test_tighter_clumps_that_pay_less_are_called_that():
    (told,) = compared(
        candidate(3, 1.7, recipe="svd"),
        candidate(3, 1.2, recipe="code", silhouette=silhouette(0.5), separated_by=(("embedding", 0.9), ("a:b", 0.1))),
    )
    assert "tighter clumps of their own space; the segments know less of what people take up next" in told


def test_nothing_is_explained_where_the_other_pays_as_much():
    better = candidate(3, 1.9, recipe="age", silhouette=silhouette(0.5), jaccard=(0.2,) * 3)
    (told,) = compared(candidate(3, 1.7, recipe="taste"), better)
    assert told.endswith("least stability 0.20 against 0.90.")


def test_without_events_nothing_is_said_of_what_people_take_up():
    (told,) = compared(
        candidate(3, None, recipe="all", explained=explained(0.2)),
        candidate(
            3, None, recipe="age", explained=explained(0.05), silhouette=silhouette(0.6), separated_by=(("a:age", 0.8),)
        ),
    )
    assert "held-out columns explained 5.0% against 20.0%" in told
    assert told.endswith("what is not in it hardly depends on it, which is why less of the other columns is explained.")


def test_a_recipe_that_could_not_be_measured_so_is_not_compared_by_something_else():
    # The silhouette of .9 is no lift, and says nothing against one of 1.7.
    (told,) = compared(candidate(3, 1.7, recipe="taste"), candidate(3, None, recipe="odd", silhouette=silhouette(0.9)))
    assert told == ("Recipe 'odd' (kmeans, k = 3): silhouette 0.90 against 0.10, least stability 0.90 against 0.90.")
