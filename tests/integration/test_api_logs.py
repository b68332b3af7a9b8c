"""Log lines: one event a line whatever is in it, and no secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api_world import BEARER, TOKEN, ApiWorld, open_world, raising
from veta.api.logs import LOGGER_NAME, JsonLines, escaped, log_to
from veta.keys.signers import Es256kSigner


def line_of(message: str, **extra: object) -> str:
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", **extra})
    return JsonLines().format(record)


@pytest.mark.row("T65")
@given(message=st.text(), value=st.text() | st.integers() | st.none() | st.binary())
def test_line__any_text__one_line_of_visible_ascii_that_reads_back(
    message: str, value: object
) -> None:
    line = line_of(message, path=value)
    assert all(0x20 <= ord(character) < 0x7F for character in line)
    assert len(line.splitlines()) == 1
    members = json.loads(line)
    assert {"time", "level", "event", "path"} == set(members)


@pytest.mark.row("T65")
@pytest.mark.parametrize(
    "poison",
    [
        "a\r\nb",
        "\x1b[2J\x1b]0;owned\x07",
        "\x9b31m",
        "a\u2028b\u2029c",
        "\x7f",
        "\x00",
        '"},{"x":"',
    ],
)
def test_line__forged_line_or_terminal_escape__stays_inside_its_string(poison: str) -> None:
    line = line_of("request", path=poison)
    assert len(line.splitlines()) == 1
    assert json.loads(line)["path"] == poison
    assert not set("\r\n\x1b\x9b\x7f\x00\u2028\u2029") & set(line)


@pytest.mark.row("T65")
@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"bearer {TOKEN}",
        f"token={TOKEN}",
        f"password: {TOKEN}",
        f"private_key={TOKEN}",
    ],
)
def test_line__text_that_carries_a_secret__is_redacted(text: str) -> None:
    assert TOKEN not in escaped(text)
    assert TOKEN not in line_of(text, detail=text)


@pytest.mark.row("T65")
def test_line__of_a_fault__keeps_the_place_and_drops_message_and_values() -> None:
    key = "0x" + "7f" * 32
    fail = raising(ValueError(f"bad key {key}"))
    try:
        fail()
    except ValueError as error:
        record = logging.makeLogRecord(
            {
                "msg": "fault",
                "levelname": "ERROR",
                "exc_info": (type(error), error, error.__traceback__),
            }
        )
    line = JsonLines().format(record)
    assert key not in line
    members = json.loads(line)
    assert members["exception"] == "ValueError"
    assert "api_world.py" in members["where"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with open_world(tmp_path) as made:
        yield made


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    logger = logging.getLogger(LOGGER_NAME)
    before = (logger.handlers, logger.propagate, logger.level)
    stream = io.StringIO()
    log_to(stream)
    yield stream
    logger.handlers, logger.propagate, logger.level = before


@pytest.mark.row("T65")
def test_requests__hostile_paths_headers_and_bodies__one_line_each_and_no_secret(
    world: ApiWorld, lines: io.StringIO
) -> None:
    blind = world.credential()["blind"]
    with world.client() as client:
        client.get("/%0d%0a%7b%22event%22:%22forged%22%7d")
        client.get("/%1b%5b2J", headers={"User-Agent": "\x1b[2J"})
        client.post("/v1/statements", world.body(), headers=BEARER)
        client.post("/v1/statements", b'{"password":"hunter2"}', headers=BEARER)
        client.get(f"/v1/statements?subject={TOKEN}")
    told = lines.getvalue()
    assert len(told.splitlines()) == 5
    assert [json.loads(line)["event"] for line in told.splitlines()] == ["request"] * 5
    for secret in (TOKEN, "hunter2", blind):
        assert secret not in told


@pytest.mark.row("T65")
def test_repr__of_what_holds_a_secret__does_not_show_it(world: ApiWorld) -> None:
    secret = bytes(range(1, 33))
    shown = repr(Es256kSigner(secret))
    assert secret.hex() not in shown
    assert TOKEN not in repr(world.settings)
    with world.client() as client:
        transport = client.asynchronous._transport
        assert TOKEN not in repr(transport.app.state._state)  # type: ignore[attr-defined]
