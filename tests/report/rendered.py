"""The sample reports as HTML, each made once for all tests."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from coterie.plots import theme
from coterie.report import page
from coterie.report.contents import ReportContents
from tests.report import samples
from tests.report.html import Page


@cache
def contents(name: str) -> ReportContents:
    if name == "fifteen":  # with a few profiles only: the rest would cost time and show nothing new
        whole = samples.contents(15)
        return replace(whole, profiles=whole.profiles[:2])
    return {"whole": samples.contents, "bare": samples.bare, "hostile": samples.hostile}[name]()


@cache
def source(name: str) -> str:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(theme, "CHECKS_PARTS", True)
        return page.render(contents(name))


@cache
def parsed(name: str) -> Page:
    return Page(source(name))
