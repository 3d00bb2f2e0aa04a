"""The tree of errors, and how a message quotes what it was given."""

from __future__ import annotations

import builtins
import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie import errors
from coterie.errors import SHOWN_CHARACTERS, CoterieError, UnknownNameError, nearest, shown

CLASSES = {
    name: found
    for name, found in vars(errors).items()
    if isinstance(found, type) and found.__module__ == errors.__name__
}
LINE = re.compile(r"^(?P<indent>[ │├└─]*)(?P<name>\w+Error)(?: \((?P<builtin>\w+)\))?", re.MULTILINE)


def drawn_tree() -> dict[str, tuple[str | None, str | None]]:
    """Parent and builtin of each class that the module's docstring draws."""
    tree: dict[str, tuple[str | None, str | None]] = {}
    above: list[tuple[int, str]] = []
    for line in LINE.finditer(errors.__doc__ or ""):
        depth = len(line["indent"])
        above = [(d, name) for d, name in above if d < depth]
        tree[line["name"]] = (above[-1][1] if above else None, line["builtin"])
        above.append((depth, line["name"]))
    return tree


def test_the_tree_is_as_drawn():
    tree = drawn_tree()
    assert set(tree) == set(CLASSES)
    for name, (parent, builtin) in tree.items():
        bases = {base.__name__ for base in CLASSES[name].__bases__}
        assert bases == ({parent or "Exception"} | ({builtin} if builtin else set())), name
        assert builtin is None or hasattr(builtins, builtin)


def test_misuse_and_failure_have_their_exit_codes():
    misuse = {name for name, found in CLASSES.items() if found.exit_code == 2}
    assert misuse == {"ConfigError", "SecretError", "UnknownNameError"}
    assert all(issubclass(found, CoterieError) and found.exit_code in {1, 2} for found in CLASSES.values())


def test_shown_quotes_and_keeps_one_line():
    assert shown("a  b\n\tc\u2028d") == "'a b c d'"
    assert shown(5) == "'5'"
    assert shown("") == "''"
    assert shown("\x1b[31mred\x00") == "'\ufffd[31mred\ufffd'"


def test_shown_shortens():
    assert shown("x" * SHOWN_CHARACTERS) == f"'{'x' * SHOWN_CHARACTERS}'"
    path = PurePosixPath("/", *("folder" for _ in range(30)), "ratings.csv")
    assert shown(path) == f"'{path}'"
    assert shown("x" * 12_345) == f"'{'x' * SHOWN_CHARACTERS}... (12,345 characters)'"


@given(st.text())
def test_shown_is_one_short_line_of_what_prints(text):
    said = shown(text)
    assert said.isprintable()
    assert len(said) <= SHOWN_CHARACTERS + 40


@pytest.mark.parametrize(
    ("got", "known", "expected"),
    [
        ("kmean", ["kmeans", "gmm"], "; did you mean 'kmeans'?"),
        ("KMEANS", ["gmm", "kmeans"], "; did you mean 'kmeans'?"),
        ("rating", ["Rating", "Title"], "; did you mean 'Rating'?"),
        ("x", ["kmeans", "gmm"], "; expected one of 'gmm', 'kmeans'"),
        ("x", [], "; none is known here"),
        ("kmeams" * 100_000, ["kmeans"], "; expected one of 'kmeans'"),
        ("a\nc", ["a\nb\nc"], "; did you mean 'a b c'?"),
        ("zz", "abcdefghij", "; expected one of 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' and 2 more"),
    ],
)
def test_nearest(got, known, expected):
    assert nearest(got, known) == expected


def test_an_unknown_name_keeps_what_was_known():
    error = UnknownNameError("segment", "s-9", iter(["s-1", "s-2"]))
    assert str(error) == "unknown segment 's-9'; did you mean 's-2'?"
    assert (error.kind, error.got, error.known) == ("segment", "s-9", ("s-1", "s-2"))
    assert isinstance(error, LookupError)
