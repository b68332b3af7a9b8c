"""Passwords that a person types: asked once, compared where they are new, never shown."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from veta.bootstrap import AskOnce
from veta.errors import KeyAccessError


def answers(*texts: str) -> tuple[Callable[[str], str], list[str]]:
    """Gives one text after the other; and what was asked."""
    left, asked = list(texts), list[str]()

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return left.pop(0)

    return ask, asked


def test_ask_once__several_keys__one_question() -> None:
    ask, asked = answers("correct horse")
    source = AskOnce(ask)
    assert [source("one"), source("two")] == [b"correct horse"] * 2
    assert len(asked) == 1


def test_ask_once__new_password_typed_two_ways__is_refused() -> None:
    ask, asked = answers("correct horse", "correct hose")
    with pytest.raises(KeyAccessError) as refusal:
        AskOnce(ask, confirm=True)("new keys")
    assert refusal.value.code == "key.no_password"
    assert "horse" not in str(refusal.value)
    assert len(asked) == 2


def test_ask_once__forgotten__is_asked_again() -> None:
    ask, asked = answers("first answer", "second answer")
    source = AskOnce(ask)
    source("key")
    source.forget()
    assert source("key") == b"second answer"
    assert len(asked) == 2


def test_ask_once__shown_or_copied__gives_nothing_away() -> None:
    ask, _ = answers("correct horse")
    source = AskOnce(ask)
    source("key")
    assert repr(source) == "<AskOnce>"
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(source)


def test_ask_once__nothing_typed__is_refused() -> None:
    ask, _ = answers("")
    with pytest.raises(KeyAccessError) as refusal:
        AskOnce(ask)("key")
    assert refusal.value.code == "key.no_password"
