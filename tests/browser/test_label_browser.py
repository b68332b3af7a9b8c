"""The label page in a real browser, at the width of a telephone.

The browser is the operating system's; nothing is downloaded. Screenshots go to the folder named by
``VETA_SCREENSHOTS``, if it is set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_world import ApiWorld, open_world
from tests.support.label_world import LabelledLots, label_lots
from veta.api.server import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (320, 360, 390, 1280)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt install chromium)"),
]

CONTRASTS = """
() => {
  const channel = value => { value /= 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) =>
    0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const colour = text => text.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const found = colour(getComputedStyle(each).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const pair = [luminance(colour(style.color)), luminance(behind(element))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    found.push([ratio, text.slice(0, 40)]);
  }
  return found;
}
"""
"""WCAG 2.2 contrast ratio of every visible text against the nearest painted background."""


@dataclass
class Scene:
    """A served node, its lots, and a browser."""

    world: ApiWorld
    lots: LabelledLots
    url: str
    browser: Any


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    from playwright.sync_api import sync_playwright

    with open_world(Path(tmp_path_factory.mktemp("browser"))) as world:
        lots = label_lots(world)
        with serving(world.node, world.settings) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            yield Scene(world, lots, url, browser)
            browser.close()


@pytest.fixture
def page(scene: Scene) -> Iterator[Any]:
    context = scene.browser.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=True
    )
    page = context.new_page()
    yield page
    context.close()
    scene.world.ledger.faults.down = False


def faces_of(scene: Scene) -> dict[str, str]:
    """Face and address; INDETERMINATE is shown with the chain stopped."""
    addresses = {face: f"/label/{leaf.hex()}" for face, leaf in scene.lots.faces.items()}
    return {
        **addresses,
        "INDETERMINATE": f"/label/{scene.lots.valid.hex()}",
        "UNKNOWN": "/lots/did:web:nobody.example/7",
        "HOME": "/",
    }


def open_face(scene: Scene, page: Any, face: str) -> None:
    scene.world.ledger.faults.down = face == "INDETERMINATE"
    page.goto(scene.url + faces_of(scene)[face])


FACES = [
    "VALID",
    "VALID_WITH_NOTICE",
    "NOT_PROVEN",
    "INVALID",
    "INDETERMINATE",
    "SUPERSEDED",
    "UNKNOWN",
    "HOME",
]


@pytest.mark.parametrize("face", FACES)
def test_label__at_phone_width__verdict_in_the_first_screen_and_no_sideways_scrolling(
    scene: Scene, page: Any, face: str
) -> None:
    open_face(scene, page, face)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        heading, shape = page.locator("h1").bounding_box(), page.locator(".shape").bounding_box()
        assert heading["y"] + heading["height"] < 740
        assert shape["y"] + shape["height"] < 740
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    folder = os.environ.get("VETA_SCREENSHOTS")
    if folder:
        page.set_viewport_size({"width": 390, "height": 844})
        page.screenshot(path=f"{folder}/label-{face.lower()}.png", full_page=True)


@pytest.mark.parametrize("face", FACES)
def test_label__every_text__has_the_contrast_of_wcag_aa(scene: Scene, page: Any, face: str) -> None:
    open_face(scene, page, face)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    found = page.evaluate(CONTRASTS)
    assert len(found) > 4
    assert [text for ratio, text in found if ratio < 4.5] == []


def test_label__all_faces__look_different(scene: Scene, page: Any) -> None:
    seen = set()
    for face in FACES[:-1]:
        open_face(scene, page, face)
        tone = page.evaluate("getComputedStyle(document.querySelector('.verdict')).backgroundColor")
        shape = page.evaluate("document.querySelector('.shape').innerHTML.trim()")
        seen.add((page.locator("h1").inner_text(), tone, shape))
    assert len({words for words, _, _ in seen}) == 7
    assert len({tone for _, tone, _ in seen}) == 7
    assert len({shape for _, _, shape in seen}) == 7


def test_label__loading__asks_its_own_origin_only_and_reports_nothing(
    scene: Scene, page: Any
) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{scene.url}/label/{scene.lots.hostile.hex()}", wait_until="networkidle")
    assert asked
    assert all(each.startswith(scene.url + "/") for each in asked), asked
    assert complaints == []
    assert page.evaluate("document.scripts.length") == 0


def test_label__without_scripts__shows_the_same_and_steps_open(scene: Scene) -> None:
    texts = []
    for scripts in (True, False):
        context = scene.browser.new_context(java_script_enabled=scripts)
        page = context.new_page()
        page.goto(f"{scene.url}/label/{scene.lots.valid.hex()}")
        texts.append(page.locator("body").inner_text())
        page.locator("summary").first.click()
        assert page.get_by_text("statement.well_formed").is_visible()
        context.close()
    assert texts[0] == texts[1]


def test_label__by_keyboard__skip_link_first_then_everything_is_reached(
    scene: Scene, page: Any
) -> None:
    open_face(scene, page, "SUPERSEDED")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/label/{scene.lots.successor.hex()}")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelectorAll('details[open]').length") == 1


def test_home__form__leads_to_the_label(scene: Scene, page: Any) -> None:
    page.goto(scene.url)
    page.get_by_label("Issuer (DID)").fill("did:web:refineria-bahia-serena.example")
    page.get_by_label("Lot number").fill("BSE-CAT-26-1001")
    page.get_by_role("button").click()
    assert page.locator("h1").inner_text() == "Valid"
