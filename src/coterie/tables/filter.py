"""The condition of ``clean.drop_users``: a small language, read into an expression and never evaluated.

A comparison has a column of the users table on one side and a number or a quoted text on the other; ``in`` and
``not in`` have a list; ``is None`` asks for a blank. ``and``, ``or``, ``not`` and brackets join them:

    state in ['AK', 'HI'] or (age < 18 and not gender == 'F')

A comparison with a blank cell is neither true nor false, and so is its opposite; only users for whom the whole
condition is true are dropped. ``state not in ['AK']`` therefore keeps users without a state; ``or state is None`` drops
them too.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, Final

import narwhals.stable.v2 as nw

from coterie.errors import ConfigError, nearest, shown
from coterie.terms import AttributeKind

Literal = str | float

ALLOWED: Final = (
    "a column compared (== != < <= > >=) with a number or a quoted text, in or not in a list of them, is None, "
    "is not None, and these joined by and, or, not"
)
_LONGEST: Final = 2_000
_COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_TURNED: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}


def parse_filter(
    condition: str, columns: Mapping[str, AttributeKind], *, where: str = "clean.drop_users", of: str = "users"
) -> nw.Expr:
    """Read a condition.

    Args:
        condition: in the language above.
        columns: kind by column that it may name.
        where: the key or option that it stands in. of: what the table describes.

    Returns:
        a Boolean expression, null where a blank leaves the answer open.

    Raises:
        ConfigError: the condition holds what is not allowed, names no column, or compares text with numbers.
    """
    if len(condition) > _LONGEST:
        raise ConfigError(f"'{where}' has {len(condition):,} characters; expected at most {_LONGEST:,}")
    try:
        tree = ast.parse(condition.strip(), mode="eval")
        return _Reader(condition, columns, where, of).truth(tree.body)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"'{where}' cannot be read: {shown(condition)}; expected {ALLOWED}") from error


class _Reader:
    """Turns a parsed condition into an expression, one method a kind of node."""

    def __init__(self, condition: str, columns: Mapping[str, AttributeKind], where: str, of: str) -> None:
        self._condition, self._columns, self._where, self._of = condition, columns, where, of

    def truth(self, node: ast.expr) -> nw.Expr:
        """Read what is true or false of a user."""
        if isinstance(node, ast.BoolOp):
            join = operator.and_ if isinstance(node.op, ast.And) else operator.or_
            return reduce(join, map(self.truth, node.values))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~self.truth(node.operand)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            steps = zip(sides, node.ops, sides[1:], strict=False)
            return reduce(operator.and_, (self._comparison(*step) for step in steps))
        raise self._refusal(node)

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> nw.Expr:
        if not isinstance(left, ast.Name) and isinstance(right, ast.Name) and type(op) in _COMPARE:
            left, op, right = right, _TURNED.get(type(op), type(op))(), left
        if not isinstance(left, ast.Name):
            raise self._refusal(left)
        column = self._column(left)
        if isinstance(op, ast.Is | ast.IsNot):
            if not isinstance(right, ast.Constant) or right.value is not None:
                raise self._refusal(right)
            blank = nw.col(column).is_null()
            return blank if isinstance(op, ast.Is) else ~blank
        if isinstance(op, ast.In | ast.NotIn):
            listed = nw.col(column).is_in([self._literal(value, column) for value in self._list(right)])
            return listed if isinstance(op, ast.In) else ~listed
        compared: nw.Expr = _COMPARE[type(op)](nw.col(column), nw.lit(self._literal(right, column)))
        return compared

    def _column(self, node: ast.Name) -> str:
        if node.id not in self._columns:
            raise ConfigError(
                f"'{self._where}' names the column {shown(node.id)}, which no {self._of} table has"
                f"{nearest(node.id, self._columns)}"
            )
        return node.id

    def _list(self, node: ast.expr) -> list[ast.expr]:
        if not isinstance(node, ast.List | ast.Tuple | ast.Set) or not node.elts:
            raise self._refusal(node)
        return node.elts

    def _literal(self, node: ast.expr, column: str) -> Literal:
        value: object = node.value if isinstance(node, ast.Constant) else None
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            inner = node.operand.value if isinstance(node.operand, ast.Constant) else None
            sign = -1.0 if isinstance(node.op, ast.USub) else 1.0
            value = sign * inner if isinstance(inner, int | float) and not isinstance(inner, bool) else None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._refusal(node)
        is_number = self._columns[column] == "number"
        if is_number != isinstance(value, int | float):
            kinds = ("a number", "a quoted text") if is_number else ("text", "a number")
            raise ConfigError(
                f"'{self._where}' compares the column '{column}', {kinds[0]}, with {kinds[1]}: "
                f"{shown(ast.unparse(node))}; expected {'a number' if is_number else 'text in quotes'}"
            )
        return value if isinstance(value, str) else float(value)

    def _refusal(self, node: ast.expr) -> ConfigError:
        part = ast.get_source_segment(self._condition.strip(), node) or self._condition
        return ConfigError(f"'{self._where}' holds {shown(part)}, which is not understood; expected {ALLOWED}")
