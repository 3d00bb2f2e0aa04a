"""The page in a real browser over its DevTools protocol: both themes, axe-core, the keyboard, and what it saves."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_core_python
import pytest

from coterie.plots import theme
from coterie.report.tables import tables
from tests.report.browser import Tab, tab
from tests.report.rendered import contents, source
from tests.report.test_browser import chromium  # noqa: F401  # a fixture

AXE = Path(os.environ.get("AXE") or Path(axe_core_python.__file__).with_name("axe.min.js"))
FAULTS = "axe.run(document, {}).then((found) => JSON.stringify([found.passes.length, found.violations]))"
OPEN_ALL = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"


@pytest.fixture
def page(request: pytest.FixtureRequest, chromium: str, tmp_path: Path) -> Iterator[tuple[Tab, str]]:  # noqa: F811
    """A tab, and the address of a sample report on disk."""
    file = tmp_path / "report.html"
    file.write_text(source(getattr(request, "param", "whole")), encoding="utf-8")
    with tab(chromium, tmp_path) as opened:
        yield opened, file.as_uri()


@pytest.mark.parametrize(
    ("page", "scheme", "width"),
    [("whole", "light", 1280), ("whole", "dark", 1280), ("whole", "light", 360), ("hostile", "dark", 360)],
    indirect=["page"],
)
def test_axe_finds_no_fault_and_nothing_leaves_the_machine(page: tuple[Tab, str], scheme: str, width: int):
    opened, address = page
    opened.open(address, scheme=scheme, width=width)
    opened.ask(OPEN_ALL)
    assert opened.ask("document.documentElement.dataset.theme") == scheme
    assert (opened.console, opened.asked) == ([], [address])
    opened.ask(AXE.read_text(encoding="utf-8") + ";0")
    passes, faults = json.loads(opened.ask(FAULTS))
    assert passes > 20
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in faults] == []


def fills(opened: Tab) -> set[str]:
    marks = "document.querySelectorAll('.chart text, .chart path')"
    return set(opened.ask(f"[...{marks}].flatMap((one) => [one.getAttribute('fill'), one.getAttribute('stroke')])"))


def test_figures_follow_the_theme_and_the_choice_stays(page: tuple[Tab, str]):
    opened, address = page
    opened.open(address)
    assert {theme.INK, theme.MUTED} <= fills(opened)
    opened.ask("document.querySelector('.theme').click()")
    opened.wait("document.documentElement.dataset.drawn === 'all'")
    dark = fills(opened)
    assert {theme.ON_DARK[theme.INK], theme.ON_DARK[theme.MUTED]} <= dark
    assert not {theme.INK, theme.MUTED, theme.STRONG} & dark
    assert "#0072B2" in dark, "segments keep their colours"
    assert opened.ask("document.querySelector('.theme').textContent") == "Light page"
    opened.call("Page.reload")
    opened.wait(
        "document.documentElement?.dataset.drawn === 'all' && document.documentElement.dataset.theme === 'dark'"
    )
    assert opened.console == []


def test_it_prints_on_white_from_a_dark_page(page: tuple[Tab, str]):
    opened, address = page
    opened.open(address, scheme="dark")
    opened.ask("window.dispatchEvent(new Event('beforeprint'))")
    assert theme.INK in fills(opened)
    assert theme.ON_DARK[theme.INK] not in fills(opened)
    opened.ask("window.dispatchEvent(new Event('afterprint'))")
    opened.wait("document.documentElement.dataset.drawn === 'all'")
    assert theme.ON_DARK[theme.INK] in fills(opened)


def test_every_part_is_reached_by_the_keyboard(page: tuple[Tab, str]):
    opened, address = page
    opened.open(address)
    opened.press("Tab")
    assert opened.ask("document.activeElement.className") == "skip"
    assert opened.ask("document.activeElement.getBoundingClientRect().top") >= 0
    focusable = "button, a[href], summary, .scroll"
    wanted = opened.ask(f"[...document.querySelectorAll('{focusable}')].filter((one) => one.checkVisibility()).length")
    seen: set[Any] = set()
    numbered = "const all = [...document.querySelectorAll('*')]; all.indexOf(document.activeElement)"
    for _ in range(wanted + 5):
        seen.add(opened.ask(f"(() => {{ {numbered.replace('; all', '; return all')} }})()"))
        outline = opened.ask("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or opened.ask("document.activeElement.tagName") == "BODY"
        opened.press("Tab")
    assert len(seen) >= wanted


def saved(opened: Tab, folder: Path, label: str) -> dict[str, bytes]:
    """Press every button of a label and give the files that were saved by their names."""
    folder.mkdir()
    session, opened._session = opened._session, ""
    opened.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    opened._session = session
    button = f"[...document.querySelectorAll('.saves button')].filter((one) => one.textContent === '{label}')"
    n = opened.ask(f"{button}.length")
    for place in range(n):
        opened.ask(f"{button}[{place}].click()")
        end = time.monotonic() + 30
        while len([file for file in folder.iterdir() if not file.name.endswith(".crdownload")]) <= place:
            assert time.monotonic() < end, f"button {place} saved nothing"
            time.sleep(0.05)
        time.sleep(0.15)  # Chromium lets a page save ten files a second
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("page", ["whole", "hostile"], indirect=True)
def test_the_page_saves_the_tables_that_the_command_line_writes(
    page: tuple[Tab, str], tmp_path: Path, request: pytest.FixtureRequest
):
    opened, address = page
    opened.open(address, scheme="dark")
    name = request.node.callspec.params["page"]
    expected = {f"{table.name}.csv": table.to_csv() for table in tables(source(name))}
    found = saved(opened, tmp_path / "saved", "CSV")
    assert {file: text.decode() for file, text in found.items()} == expected
    assert len(expected) > 8
    assert (opened.console, opened.asked) == ([], [address])


@pytest.mark.parametrize(("label", "start"), [("SVG", b"<svg"), ("PNG", b"\x89PNG")])
def test_the_page_saves_every_figure_on_white_with_its_title(
    page: tuple[Tab, str], tmp_path: Path, label: str, start: bytes
):
    opened, address = page
    opened.open(address, scheme="dark")
    found = saved(opened, tmp_path / "saved", label)
    assert len(found) == opened.ask("document.querySelectorAll('.chart').length") > 30
    assert all(content.startswith(start) for content in found.values())
    if label == "SVG":
        segment = contents("whole").segments[0]
        assert b"Tags" in found[f"segment-{segment.id}-tag.svg"]
        assert all(theme.ON_DARK[theme.INK].encode() not in content for content in found.values())
        assert all(b'fill="white"' in content for content in found.values())
    assert opened.console == []
