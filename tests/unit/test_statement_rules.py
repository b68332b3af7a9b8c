"""Step 4: what a credential of each type must say, and that a lot says one thing only."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.support.statements import LOT, all_issued, issuance, passport
from veta import canonical
from veta.errors import InputError, VerificationError
from veta.model.anchoring import BatchKind
from veta.statement.credential import UNTP_CONTEXT, VETA_CONTEXT, W3C_CONTEXT, view_credential
from veta.statement.passport import build_passport, lot_identifier
from veta.statement.rules import check_rules, facts_of, find_faults
from veta.statement.shapes import MOST_FINDINGS

Change = Callable[[dict[str, Any]], object]


def faults(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault.code, fault.pointer) for fault in find_faults(view_credential(document))]


def codes(change: Change) -> set[str]:
    document = copy.deepcopy(passport())
    change(document)
    found = find_faults(view_credential(document))
    return {fault.code for fault in found}


def product(document: dict[str, Any]) -> dict[str, Any]:
    return document["credentialSubject"]  # type: ignore[no-any-return]


def lot(document: dict[str, Any]) -> dict[str, Any]:
    return product(document)["characteristics"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", sorted(all_issued()))
def test_find_faults__what_is_issued__none(name: str) -> None:
    credential = view_credential(all_issued()[name])
    assert find_faults(credential) == ()
    check_rules(credential)


def without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda members: members.pop(name)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        # one figure changed in one place: the two tellings no longer agree
        (lambda d: lot(d)["footprint"].update(co2eGPerKg=440), "statement.disagrees"),
        (lambda d: lot(d)["footprint"].update(co2eGPerKg=440), "statement.footprint"),
        (lambda d: lot(d)["footprint"].update(co2eG=1_000_000_000), "statement.footprint"),
        (lambda d: lot(d).update(massG=2_300_000_001), "statement.disagrees"),
        (lambda d: lot(d).update(massG=2_300_000_001), "statement.bundles"),
        (lambda d: lot(d).update(massG=2**53 - 1), "statement.disagrees"),
        (
            lambda d: product(d)["dimensions"]["weight"].update(value=Decimal("2300000.001")),
            "statement.disagrees",
        ),
        (lambda d: product(d)["dimensions"]["weight"].update(unit="TNE"), "statement.disagrees"),
        (lambda d: product(d).pop("dimensions"), "statement.disagrees"),
        (
            lambda d: product(d)["performanceClaim"][0]["claimedPerformance"][0]["measure"].update(
                value=Decimal("0.44")
            ),
            "statement.disagrees",
        ),
        (lambda d: product(d)["performanceClaim"].pop(0), "statement.disagrees"),
        (
            lambda d: product(d)["performanceClaim"].append(product(d)["performanceClaim"][0]),
            "statement.disagrees",
        ),
        (lambda d: lot(d)["water"].update(withdrawalL=1), "statement.disagrees"),
        (lambda d: lot(d)["metal"][0].update(massG=690_000_001), "statement.disagrees"),
        (lambda d: lot(d)["metal"].append(lot(d)["metal"][0]), "statement.repeated"),
        (
            lambda d: lot(d)["metal"].append({"substance": "Fe", "massG": 2_000_000_000}),
            "statement.metal_exceeds_mass",
        ),
        (
            lambda d: product(d)["materialProvenance"][0].update(massFraction=Decimal("0.31")),
            "statement.disagrees",
        ),
        (
            lambda d: product(d)["materialProvenance"][0]["mass"].update(value=-1),
            "statement.disagrees",
        ),
        (lambda d: product(d)["materialProvenance"][0].update(name="Au"), "statement.disagrees"),
        (lambda d: product(d).update(productionDate="2026-04-16"), "statement.disagrees"),
        (lambda d: lot(d).update(producedFromS=1_776_470_400), "statement.window"),
        (lambda d: lot(d)["footprint"].update(periodToS=1), "statement.window"),
        (lambda d: lot(d)["bundles"][0].update(massG=1), "statement.bundles"),
        (lambda d: lot(d)["bundles"].append(lot(d)["bundles"][0]), "statement.repeated"),
        # bound to its issuer and lot number
        (lambda d: product(d).update(batchNumber="AUR-CON-26-0418"), "statement.lot_identifier"),
        (lambda d: product(d).update(id="did:web:x.example:lot:1"), "statement.lot_identifier"),
        (lambda d: d["issuer"].update(id="did:web:x.example"), "statement.lot_identifier"),
        # what a lot needs
        (without("blind"), "statement.missing_member"),
        (
            lambda d: d.update({"@context": [W3C_CONTEXT, UNTP_CONTEXT, "https://x.example"]}),
            "statement.context",
        ),
        (
            lambda d: d.update(
                {"@context": [W3C_CONTEXT, UNTP_CONTEXT, "https://x.example", VETA_CONTEXT]}
            ),
            "statement.context",
        ),
        (lambda d: d["@context"].append(VETA_CONTEXT), "statement.context"),
        (lambda d: product(d).update(idGranularity="model"), "statement.granularity"),
        (lambda d: product(d).pop("batchNumber"), "statement.batch_number"),
        (lambda d: product(d).update(batchNumber=""), "statement.batch_number"),
        (lambda d: product(d).update(batchNumber="x" * 65), "statement.batch_number"),
        (lambda d: product(d).update(batchNumber="A B"), "statement.batch_number"),
        (lambda d: product(d).update(batchNumber="AUR\u2010CON"), "statement.batch_number"),
        (lambda d: product(d).update(batchNumber="Аurora"), "statement.batch_number"),
        # a second meaning beside the credential
        (lambda d: d.update(proof={"type": "DataIntegrityProof"}), "statement.second_meaning"),
        (lambda d: d.update(vc={}), "statement.second_meaning"),
        (lambda d: d.update(exp=1), "statement.second_meaning"),
        (lambda d: d.update(iss="did:web:x.example"), "statement.second_meaning"),
    ],
)
def test_find_faults__lot_that_contradicts_itself__named(change: Change, code: str) -> None:
    assert code in codes(change)


@pytest.mark.row("A58")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: lot(d).update(schema="veta-metal-lot/2"), "statement.wrong_type"),
        (lambda d: lot(d).update(critical="x"), "statement.unknown_member"),
        (lambda d: lot(d)["footprint"].update(offsetG=1), "statement.unknown_member"),
        (lambda d: lot(d).update(massG=-1), "statement.wrong_type"),
        (lambda d: lot(d).update(massG=0), "statement.wrong_type"),
        (lambda d: lot(d).update(massG="2300000000"), "statement.wrong_type"),
        (lambda d: lot(d).update(massG=Decimal("2300000000.5")), "statement.wrong_type"),
        (lambda d: lot(d).update(massG=True), "statement.wrong_type"),
        (lambda d: lot(d).update(massG=None), "statement.wrong_type"),
        (lambda d: lot(d).update(massG=[2_300_000_000]), "statement.wrong_type"),
        (lambda d: lot(d).update(massG=2**53), "statement.wrong_type"),
        (lambda d: lot(d)["metal"][0].update(massG=-5), "statement.wrong_type"),
        (lambda d: lot(d)["metal"][0].update(substance="copper"), "statement.wrong_type"),
        (lambda d: lot(d)["footprint"].update(co2eG=-1), "statement.wrong_type"),
        (lambda d: lot(d)["footprint"].update(boundary=""), "statement.wrong_type"),
        (lambda d: lot(d)["footprint"].pop("boundary"), "statement.missing_member"),
        (lambda d: lot(d)["footprint"].pop("gwpSet"), "statement.missing_member"),
        (lambda d: lot(d)["footprint"].pop("allocation"), "statement.missing_member"),
        (lambda d: lot(d)["footprint"].update(standards=[]), "statement.missing_member"),
        (lambda d: lot(d)["footprint"].update(declaredUnit="ton"), "statement.wrong_type"),
        (lambda d: lot(d)["footprint"].update(primarySharePpm=1_000_001), "statement.wrong_type"),
        (lambda d: lot(d)["water"].pop("metric"), "statement.missing_member"),
        (lambda d: lot(d)["assay"][0].update(value="1e3"), "statement.wrong_type"),
        (lambda d: lot(d)["assay"][0].update(value="-1"), "statement.wrong_type"),
        (lambda d: lot(d)["assay"][0].update(value=1500), "statement.wrong_type"),
        (lambda d: lot(d)["parents"][0].update(leaf="07"), "statement.wrong_type"),
        (lambda d: lot(d).update(hsCode="26030"), "statement.wrong_type"),
        (lambda d: lot(d).update(productClass="Copper"), "statement.wrong_type"),
        (lambda d: product(d)["dimensions"]["weight"].update(value="1"), "statement.wrong_type"),
        (lambda d: product(d)["dimensions"]["weight"].update(max=1), "statement.unknown_member"),
        (lambda d: product(d).update(productCategory={}), "statement.wrong_type"),
        (lambda d: d.update(credentialSubject=[product(d)]), "statement.wrong_type"),
        (lambda d: product(d).update(name="Cop\u202eper"), "statement.wrong_type"),
        (lambda d: product(d).update(name="Copper\x00"), "statement.wrong_type"),
        (lambda d: d["issuer"].update(name="Mina\u2066Aurora"), "statement.wrong_type"),
        (lambda d: product(d).update(id="did:web:mína.example"), "statement.wrong_type"),
        (lambda d: d.update(id="no uri"), "statement.wrong_type"),
    ],
)
def test_find_faults__schema_confusion__refused(change: Change, code: str) -> None:
    assert code in codes(change)


@pytest.mark.row("A58", "T19")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (b"NaN", "canonical.not_a_number"),
        (b"Infinity", "canonical.not_a_number"),
        (b"-Infinity", "canonical.not_a_number"),
        (b"1e400", "canonical.exponent"),
        (b"23e8", "canonical.exponent"),
        (b"-0", "canonical.negative_zero"),
        (b"9007199254740992", "canonical.integer_range"),
        (b"9" * 5000, "canonical.integer_range"),
        (b"2300000000.0000001", "canonical.too_many_digits"),
    ],
)
def test_read_statement__number_no_two_readers_agree_on__refused_at_the_door(
    number: bytes, code: str
) -> None:
    from tests.support.statements import header_of, payload_of, seal
    from veta.statement.jws import read_statement

    payload = payload_of(passport()).replace(b'"massG":2300000000', b'"massG":' + number)
    with pytest.raises(InputError) as refused:
        read_statement(seal(header_of(), payload))
    assert refused.value.code == code


@pytest.mark.row("T20")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Bahi\u0301a Serena", "canonical.not_nfc"),
        ("\\ud83d", "canonical.lone_surrogate"),
        ("Bahi\\u0301a Serena", "canonical.not_nfc"),
    ],
)
def test_read_statement__text_that_looks_like_another__refused_at_the_door(
    name: str, code: str
) -> None:
    from tests.support.statements import header_of, payload_of, seal
    from veta.statement.jws import read_statement

    payload = payload_of(passport()).replace(b'"AURORA"', f'"{name}"'.encode())
    with pytest.raises(InputError) as refused:
        read_statement(seal(header_of(), payload))
    assert refused.value.code == code


@pytest.mark.row("T20")
def test_find_faults__confusable_letters_in_identifiers__refused() -> None:
    """Identifiers are ASCII: a Cyrillic А is no A, a fullwidth digit no digit."""
    for place in ("id", "batchNumber"):
        for text in ("did:web:mina-aurora.example:lot:АUR", "urn:x:１"):
            document = passport()
            product(document)[place] = text
            assert faults(document)


@pytest.mark.row("T16")
def test_find_faults__any_member_of_the_lot_added_removed_or_renamed__refused() -> None:
    """No member of a lot is outside the key set that is checked."""
    optional = {"hsCode", "brand", "grade", "assay", "parents", "bundles", "water", "footprint"}

    def members(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        if isinstance(value, dict):
            nested = [places for n, v in value.items() for places in members(v, (*path, n))]
            return [path, *nested]
        if isinstance(value, list):
            return [places for i, v in enumerate(value) for places in members(v, (*path, i))]
        return []

    count = 0
    for path in members(lot(passport())):
        for change in ("add", "rename", "remove"):
            document = passport()
            place: Any = lot(document)
            for step in path:
                place = place[step]
            for name in list(place):
                if (change == "remove" and not path and name in optional) or name == "leaf":
                    continue
                changed = copy.deepcopy(document)
                target: Any = lot(changed)
                for step in path:
                    target = target[step]
                if change == "add":
                    target[name + "2"] = target[name]
                elif change == "rename":
                    target[name + "2"] = target.pop(name)
                elif name != "type":
                    del target[name]
                else:
                    continue
                if path == () and name == "type" and change == "rename":
                    continue  # without its type it is no MetalLot, but somebody's characteristics
                assert faults(changed), (path, name, change)
                count += 1
    assert count > 80


def test_find_faults__a_lot_without_its_type__is_no_lot_of_a_product_class() -> None:
    document = passport()
    lot(document)["type"] = ["Other"]
    credential = view_credential(document)
    assert find_faults(credential) == ()
    assert facts_of(credential).product_class is None


def test_find_faults__many_faults__bounded_and_in_order() -> None:
    document = passport()
    lot(document).update({f"x{index:04d}": 1 for index in range(500)})
    found = find_faults(view_credential(document))
    assert len(found) == MOST_FINDINGS
    assert found[0].pointer.startswith("/credentialSubject/characteristics/")


def test_check_rules__first_fault__its_code_and_place() -> None:
    document = passport()
    lot(document)["footprint"]["co2eGPerKg"] = 440
    with pytest.raises(VerificationError) as refused:
        check_rules(view_credential(document))
    assert refused.value.code == "statement.footprint"
    assert "/credentialSubject/characteristics/footprint" in refused.value.message


def test_facts_of__each_kind__what_a_judge_of_roles_needs() -> None:
    facts = facts_of(view_credential(passport()))
    assert facts.kind is BatchKind.PASSPORT
    assert facts.product_class == "copper-concentrate"
    assert facts.lot_number == LOT.lot_number
    assert facts.subject_id == lot_identifier(LOT.issuer.identifier, LOT.lot_number)
    other = facts_of(view_credential(all_issued()["facility"]))
    assert (other.kind, other.product_class, other.lot_number) == (BatchKind.FACILITY, None, None)


@pytest.mark.parametrize(
    ("number", "encoded"),
    [("A/1", "A%2F1"), ("#7", "%237"), ("50%", "50%25"), ("a_b.c-d", "a_b.c-d"), ("~", "%7E")],
)
def test_lot_identifier__any_visible_octet__percent_encoded(number: str, encoded: str) -> None:
    assert lot_identifier("did:web:x.example", number) == f"did:web:x.example:lot:{encoded}"
    document = build_passport(replace(LOT, lot_number=number), issuance())
    assert find_faults(view_credential(document)) == ()


def test_build_passport__mass_beyond_fifteen_digits__refused_not_rounded() -> None:
    huge = replace(LOT, mass_g=2**53 - 1, bundles=())
    with pytest.raises(InputError) as refused:
        build_passport(huge, issuance())
    assert refused.value.code == "statement.too_many_digits"


def test_build_passport__bare_lot__good_and_canonical() -> None:
    bare = replace(
        LOT, footprint=None, water=None, hs_code=None, brand=None, grade=None,
        bundles=(), assay=(), parents=(), site=replace(LOT.site, registered_id=None),
    )  # fmt: skip
    document = build_passport(bare, replace(issuance(), valid_until_s=None))
    assert find_faults(view_credential(document)) == ()
    assert canonical.read(canonical.write(document)) == document


@pytest.mark.parametrize(
    ("per_kg", "is_good"), [(3332, False), (3333, True), (3334, True), (3335, False)]
)
def test_find_faults__footprint_by_kilogram__a_neighbouring_integer_and_no_other(
    per_kg: int, is_good: bool
) -> None:
    """10 g over 3 g are 3333.3 g/kg: rounded either way it is the same figure, beyond it is not."""
    assert LOT.footprint is not None
    small = replace(
        LOT,
        mass_g=3,
        metal=(),
        origins=(),
        bundles=(),
        footprint=replace(LOT.footprint, co2e_g=10, co2e_g_per_kg=per_kg),
    )
    found = faults(build_passport(small, issuance()))
    pointer = "/credentialSubject/characteristics/footprint"
    assert found == ([] if is_good else [("statement.footprint", pointer)])
