"""Rendering of the pages: Jinja with every value escaped; no script, no inline style."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from veta.web.label import Label

STYLE_PATH: Final = "/static/label.css"
ICON_PATH: Final = "/static/icon.svg"
ASSETS: Final[Mapping[str, tuple[str, str]]] = {
    STYLE_PATH: ("label.css", "text/css; charset=utf-8"),
    ICON_PATH: ("icon.svg", "image/svg+xml"),
}
"""Path of each asset, its file and media type."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("veta.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def asset(path: str) -> tuple[bytes, str]:
    """Octets and media type of one of ``ASSETS``."""
    name, media_type = ASSETS[path]
    return (files("veta.web") / "static" / name).read_bytes(), media_type


def _render(template: str, language: str, texts: Mapping[str, str], **values: object) -> str:
    page = _environment().get_template(template)
    return page.render(lang=language, t=texts, style=STYLE_PATH, icon=ICON_PATH, **values)


def label_page(label: Label, language: str, texts: Mapping[str, str]) -> str:
    """The page of a statement."""
    return _render("label.html", language, texts, label=label, face=label.face)


def unknown_page(asked_for: str, language: str, texts: Mapping[str, str]) -> str:
    """The page of a lot that nothing is known about here: no verdict."""
    return _render("unknown.html", language, texts, asked_for=asked_for[:300], face="UNKNOWN")


def trouble_page(
    title: str, detail: str, code: str, language: str, texts: Mapping[str, str]
) -> str:
    """The page for a request that got a problem instead of a label."""
    return _render(
        "trouble.html", language, texts, title=title, detail=detail, code=code, face="TROUBLE"
    )


def home_page(language: str, texts: Mapping[str, str]) -> str:
    """The page that asks for a lot."""
    return _render("home.html", language, texts, face="HOME")
