"""What pydantic found in a config, said in one line: the key, what was expected, what was got."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from coterie.errors import nearest, shown
from coterie.secrets import masked

_SHOULD_BE = {
    "model_type": "a table of keys",
    "dict_type": "a table of keys",
    "tuple_type": "a list",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
}


def first_fault(error: ValidationError, model: type[BaseModel], file: str) -> str:
    """Say one fault in one line, unknown keys first since they often cause the others.

    Args:
        model: what the file was checked against. file: names the whole, where no key is at fault.
    """
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    *parents, last = [str(part) for part in fault["loc"]] or [file]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if fault["type"] == "extra_forbidden":
        place = shown(".".join(parents)) if parents else "the top level"
        return f"unknown key {shown(last)} in {place}{nearest(last, _known_keys(model, parents))}{more}"
    where = shown(".".join([*parents, last]))
    if fault["type"] == "missing":
        return f"{where} is missing{_misspelt(last, fault['input'], _known_keys(model, parents))}{more}"
    got = "" if isinstance(fault["input"], Mapping | BaseModel) else f", got {shown(masked(str(fault['input'])))}"
    return f"{_said(fault['type'], fault['msg'], where, is_whole=not fault['loc'])}{got}{more}"


def _said(kind: str, message: str, where: str, *, is_whole: bool) -> str:
    """Give pydantic's finding in our words; what a validator of ours says stands as it is."""
    if kind in _SHOULD_BE:
        return f"{where} should be {_SHOULD_BE[kind]}"
    if kind == "value_error":
        own = message.removeprefix("Value error, ")
        return own if is_whole else f"{where}: {own}"
    _, _, expected = message.partition(" should ")
    return f"{where} should {expected.split(' after validation')[0]}" if expected else f"{where}: {message.lower()}"


def _misspelt(missing: str, given: Any, known: list[str]) -> str:
    """Give the tail that names a free option which may be the missing key, misspelt."""
    stray = [str(key) for key in given if key not in known] if isinstance(given, Mapping) else []
    close = difflib.get_close_matches(missing, stray, n=1)
    return f"; is {shown(close[0])} meant for it?" if close else ""


def _known_keys(model: type[BaseModel], where: list[str]) -> list[str]:
    """List the keys that may stand at a place; of a mapping to models, every second part is a name that users give."""
    parts = iter(where)
    for part in parts:
        field = model.model_fields.get(part)
        inner = _model_in(field.annotation) if field else None
        if field is None or inner is None:
            return []
        if get_origin(field.annotation) is Mapping:
            next(parts, None)
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None
