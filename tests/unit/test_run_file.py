"""Runs as JSON: names of columns there and back, and what is no run is refused with its place."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from veta.errors import InputError
from veta.model.columns import (
    ColumnKey,
    MassBasis,
    OriginClass,
    class_key,
    co2e_key,
    credit_key,
    mass_key,
    metal_key,
    unit_key,
)
from veta.model.lots import CustodyModel, LossReason, LotBatchKind
from veta.services.run_file import column_name, read_column, read_replacement, read_run

NAMES = {
    "mass.net": mass_key(MassBasis.NET),
    "mass.dry": mass_key(MassBasis.DRY),
    "metal.Cu": metal_key(29),
    "metal.300": metal_key(300),
    "class.recycled.Au": class_key(OriginClass.RECYCLED, 79),
    "class.external.Cu": class_key(OriginClass.EXTERNAL, 29),
    "co2e.1": co2e_key(1),
    "credit.75.Cu": credit_key(75, 29),
    "unit.1": unit_key(1),
}
LEAF = "ab" * 32


def document(**changes: Any) -> dict[str, Any]:
    lot = {"number": "A", "quantities": {"mass.net": 10, "metal.Cu": 5}, "passport": LEAF}
    other = {"number": "B", "quantities": {"mass.net": 10, "co2e.1": 7}, "passport": LEAF}
    output = {"productClass": 2, "model": "mass-balance", "reference": "mass.net"}
    return {
        "format": "veta-run/1",
        "kind": "transform",
        "site": 3,
        "producedFrom": "2026-03-20T00:00:00Z",
        "producedTo": "2026-03-21T00:00:00Z",
        "outputs": [output | {"lots": [lot, other]}],
        "takes": [{"lot": "0x" + LEAF, "amount": 9, "waive": ["credit.75.Cu"]}],
        "losses": [{"column": "metal.Cu", "quantity": 4, "reason": "slag"}],
    } | changes


def octets(**changes: Any) -> bytes:
    return json.dumps(document(**changes)).encode()


@pytest.mark.parametrize(("name", "key"), NAMES.items())
def test_columns__there_and_back__are_the_same(name: str, key: ColumnKey) -> None:
    assert column_name(key) == name
    assert read_column(name) == key


@pytest.mark.parametrize(
    "name",
    ["", "mass", "mass.wet", "metal", "metal.29", "metal.Xx", "Metal.Cu", "co2e", "co2e.01",
     "credit.Cu", "unit.0", "unit.70000", "mass.net.Cu", "metal.Cu.1", "class.new.Cu", "metal.-1"],
)  # fmt: skip
def test_columns__that_are_none_or_written_otherwise__are_refused(name: str) -> None:
    with pytest.raises(InputError) as refused:
        read_column(name)
    assert refused.value.code == "columns.unknown"


def test_read_run__whole__is_the_request() -> None:
    run = read_run(octets())
    assert run.kind is LotBatchKind.TRANSFORM
    (output,) = run.outputs
    assert output.columns == tuple(sorted(NAMES[n] for n in ("mass.net", "metal.Cu", "co2e.1")))
    assert [entry.quantities for entry in output.lots] == [(10, 5, 0), (10, 0, 7)]
    assert output.model is CustodyModel.MASS_BALANCE
    assert run.takes[0].waived == {NAMES["credit.75.Cu"]}
    assert run.losses[0].reason is LossReason.SLAG
    assert run.produced_to_s - run.produced_from_s == 86_400


def test_digest__of_a_request__changes_with_every_figure_and_not_with_a_fresh_passport() -> None:
    run = read_run(octets())
    credential = {"blind": "x"}
    fresh = [
        replace(run.outputs[0], lots=tuple(replace(e, passport=paper) for e in run.outputs[0].lots))
        for paper in (credential, {"blind": "y"})
    ]
    digests = [replace(run, outputs=(output,)).digest for output in fresh]
    assert digests[0] == digests[1] != run.digest
    changes: list[dict[str, Any]] = [
        {"site": 4},
        {"kind": "origin"},
        {"losses": []},
        {"allocationRule": 1},
    ]
    for change in changes:
        assert read_run(octets(**change)).digest != run.digest
    assert read_run(octets()).digest == run.digest


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"format": "veta-run/2"}, "format"),
        ({"kind": "none"}, "kind"),
        ({"site": 1.5}, ""),
        ({"site": True}, "site"),
        ({"site": 2**53}, ""),
        ({"more": 1}, "more"),
        ({"outputs": {}}, "outputs"),
        ({"takes": [{"lot": "0x12"}]}, "takes[0].lot"),
        ({"losses": [{"column": "metal.Cu", "quantity": -1, "reason": "slag"}]}, "losses[0]"),
        ({"losses": [{"column": "metal.Cu", "quantity": 1, "reason": "magic"}]}, "magic|reason"),
        ({"covers": [{"column": "credit.75.Cu", "certificates": ["1"]}]}, "covers[0]"),
        ({"recycled": "yes"}, "recycled"),
        ({"source": "12"}, "source"),
    ],
)
def test_read_run__that_is_none__names_the_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(InputError) as refused:
        read_run(octets(**changes))
    assert any(part in refused.value.message for part in place.split("|"))


def replacement(**changes: Any) -> bytes:
    (output,) = document()["outputs"]
    whole = {"format": "veta-replacement/1", "lots": output["lots"], "padding": 3}
    return json.dumps(whole | changes).encode()


def test_read_replacement__whole__has_the_columns_that_any_lot_names() -> None:
    request = read_replacement(replacement())
    assert request.columns == (mass_key(MassBasis.NET), metal_key(29), co2e_key(1))
    assert [lot.quantities for lot in request.lots] == [(10, 5, 0), (10, 0, 7)]
    assert request.padding == 3
    assert read_replacement(replacement(padding=0)) == replace(request, padding=0)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"format": "veta-run/1"}, "format"),
        ({"lots": {}}, "lots"),
        ({"lots": [{"number": "A"}]}, "quantities"),
        ({"padding": -1}, "padding"),
        ({"padding": True}, "padding"),
        ({"reference": "mass.net"}, "reference"),
        ({"productClass": 2}, "productClass"),
    ],
)
def test_read_replacement__that_is_none__names_the_place(
    changes: dict[str, Any], place: str
) -> None:
    with pytest.raises(InputError) as refused:
        read_replacement(replacement(**changes))
    assert refused.value.code == "run.malformed"
    assert place in refused.value.message
