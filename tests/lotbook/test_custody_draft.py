"""What a draft refuses, the contract's laws refuse; what passes, they judge to the same octets.

Random runs, most of them lawful, some with one figure moved: each is judged by ``veta.custody`` and
by ``LotLaws`` on pyrevm. The contract names one error; it must be among the draft's
problems, with the same figures. A lawful run gives the same cause, totals, flags, origin, left.
"""

from __future__ import annotations

import dataclasses
import json
import random
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from tests.conftest import PROJECT
from tests.support.custody_world import (
    AU,
    CATHODE,
    CB,
    CO2E,
    CU,
    CU_50,
    CU_75,
    CU_EXTERNAL,
    CU_RECYCLED,
    IP,
    MB,
    NET,
    RMM_50,
    RMM_75,
    ROD,
    SCRAP,
    SG,
    VEHICLES,
    Opened,
    emitted,
    external,
    make,
    names,
    originate,
    output,
    rule,
    terms,
    transform,
)
from veta.custody.build import build
from veta.custody.draft import ChainTerms, DraftOutput, RunDraft
from veta.custody.encoding import output_totals
from veta.custody.lot_laws import LotSums, judge_lot
from veta.custody.periods import period_of_production
from veta.custody.rounding import largest_remainder, moved
from veta.custody.run import assess
from veta.model.columns import ColumnKey, SubstanceId
from veta.model.lots import (
    CustodyModel,
    Draw,
    FirstMeasured,
    HeaderFlag,
    Loss,
    LossReason,
    LotBatchKind,
    ProductClassTerms,
    Reduction,
    SiteId,
)
from veta.model.periods import Period

pyrevm = pytest.importorskip("pyrevm", reason="pyrevm has no build for this Python")

ARTIFACTS = PROJECT / "src/veta/chain/artifacts"
CALLER = "0x" + "f0" * 20
RUNS = 1_500


def abi_type(argument: dict[str, Any]) -> str:
    kind: str = argument["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(abi_type(component) for component in argument["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


FUNCTIONS = {
    LotBatchKind.ORIGIN: "originate",
    LotBatchKind.EXTERNAL: "declareExternal",
    LotBatchKind.GAIN: "gain",
    LotBatchKind.TRANSFORM: "transform",
}
TERMS = "(uint32,(uint32,bool,uint64)[],bool,(uint32,uint32,uint32)[])"
"""``ILotLaws.Terms``."""


class Laws:
    """LotLaws alone on an EVM."""

    def __init__(self) -> None:
        artifact = json.loads((ARTIFACTS / "LotLaws.json").read_text("utf-8"))
        self.evm = pyrevm.EVM(gas_limit=2**62, spec_id="LONDON")
        self.address = self.evm.deploy(CALLER, bytes.fromhex(artifact["bytecode"][2:]))
        self.functions = {each["name"]: each for each in artifact["abi"] if "outputs" in each}
        self.errors: dict[bytes, tuple[str, list[str], list[str]]] = {}
        for name in ("LotLaws", "LotBook", "Custody"):
            for entry in json.loads((ARTIFACTS / f"{name}.json").read_text("utf-8"))["abi"]:
                if entry["type"] == "error":
                    kinds = [abi_type(each) for each in entry["inputs"]]
                    selector = keccak(text=f"{entry['name']}({','.join(kinds)})")[:4]
                    arguments = [each["name"].rstrip("_") for each in entry["inputs"]]
                    self.errors[selector] = entry["name"], kinds, arguments

    def judge(self, kind: LotBatchKind, run: Any, terms: Any) -> Any:
        """A run's call as the book hands it on: with the terms, and their length, behind it."""
        behind = encode([TERMS], [terms])
        return self.ask(FUNCTIONS[kind], run, behind=behind + len(behind).to_bytes(32))

    def ask(
        self, name: str, *arguments: Any, behind: bytes = b""
    ) -> tuple[str, dict[str, Any]] | tuple[Any, ...]:
        """The answer, or the error's name and arguments."""
        entry = self.functions[name]
        kinds = [abi_type(each) for each in entry["inputs"]]
        selector = keccak(text=f"{name}({','.join(kinds)})")[:4]
        content = selector + encode(kinds, arguments) + behind
        try:
            raw = self.evm.message_call(CALLER, self.address, calldata=content, is_static=True)
        except RuntimeError as error:
            found = re.search(r"output: 0x([0-9a-f]*)", str(error))
            assert found is not None, error
            data = bytes.fromhex(found.group(1))
            error_name, error_kinds, error_names = self.errors[data[:4]]
            values = decode(error_kinds, data[4:])
            return error_name, dict(zip(error_names, values, strict=True))
        return decode([abi_type(each) for each in entry["outputs"]], bytes(raw))


def plain(value: Any) -> Any:
    """Tuples all the way down, as the ABI codec wants them."""
    if dataclasses.is_dataclass(value):
        return tuple(
            "0x" + getattr(value, field.name).hex()
            if field.name == "by"
            else plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
        )
    return tuple(map(plain, value)) if isinstance(value, tuple) else value


class Histories:
    """Random runs over lots that random ways in gave."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.chain = terms(
            accounts={
                (RMM_75, SubstanceId(29)): {Period(8105): 10**9},
                (RMM_50, SubstanceId(29)): {Period(8105): 10**9},
            },
            reducible=frozenset({(RMM_75, RMM_50)}),
        )

    def opened(self) -> Opened:
        source = self.source
        mass = source.choice([1, 7, 1000, source.randrange(1, 10**9)])
        metal = source.randrange(1, mass + 1)
        held: dict[ColumnKey, int] = {NET: mass, CU: metal, CO2E: source.randrange(10**9)}
        kind = source.randrange(6)
        if kind < 2:
            recycled = kind == 1
            held[CU_RECYCLED if recycled else CU_EXTERNAL] = metal
            tag = bytes([source.randrange(256) for _ in range(32)])
            draft = external(output(CATHODE, CB, held), held[CO2E], recycled=recycled, source=tag)
            return make(draft).open(0)
        credit = metal if kind < 4 else source.randrange(metal + 1)
        held[source.choice([CU_75, CU_50])] = credit
        if source.random() < 0.2:
            held[AU] = source.randrange(1, 50)
        model = source.choice([IP, SG]) if kind < 4 and AU not in held else source.choice([CB, MB])
        site = SiteId(source.choice([3, 3, 4]))
        made = output(CATHODE, model, held)
        return make(originate(made, emissions=emitted(process=held[CO2E]), site=site)).open(0)

    def transform(self) -> RunDraft:
        source = self.source
        lots = [self.opened() for _ in range(source.choice([1, 1, 2, 3]))]
        takes, sums = [], Counter[ColumnKey]()
        for lot in lots:
            gone = source.randrange(lot.reference) if source.random() < 0.3 else 0
            lot = lot.changed(taken=gone)  # noqa: PLW2901
            amount = source.choice([lot.reference - gone, source.randint(1, lot.reference - gone)])
            waived = frozenset({CU_75}) if source.random() < 0.1 else frozenset[ColumnKey]()
            takes.append(lot.take(amount, waived=waived))
            for key, quantity in lot.quantities.items():
                part = moved(quantity, lot.reference, gone, amount, up=key == CO2E)
                sums[key] += 0 if key in waived else part
        emissions = emitted(process=source.randrange(10**6), transport=source.randrange(100))
        sums[CO2E] += sum(emission.co2e_g for emission in emissions)
        reductions: tuple[Reduction, ...] = ()
        if sums[CU_75] and source.random() < 0.3:
            part = source.randint(1, sums[CU_75])
            reductions = (Reduction(CU_75, CU_50, part),)
            sums[CU_75] -= part
            sums[CU_50] += part
        weakest = max(take.lot.header.model for take in takes)
        return self.divided(
            transform(takes, emissions=emissions, reductions=reductions), sums, weakest
        )

    def divided(self, draft: RunDraft, sums: Counter[ColumnKey], weakest: CustodyModel) -> RunDraft:
        """Outputs and losses that keep every law, in a random division."""
        source = self.source
        count = source.choice([1, 1, 2, 3])
        *weights, dust = [source.randrange(1, 100) for _ in range(count)] + [
            source.choice([0, 0, 3])
        ]
        *metal, lost_metal = largest_remainder(sums[CU], [*weights, dust])
        masses = [max(1, part) for part in metal]
        co2e = largest_remainder(sums[CO2E], weights)
        classes = [ROD, SCRAP, CATHODE]
        source.shuffle(classes)
        if source.random() < 0.3:
            classes, co2e = [ROD] * 3, largest_remainder(sums[CO2E], masses)
        model = CustodyModel(source.randint(weakest, MB))
        outputs, draws = [], []
        for at in range(count):
            held = {NET: masses[at], CU: metal[at], CO2E: co2e[at]}
            for key in (CU_75, CU_50):
                cap = sums[key] * metal[at] // sums[CU] if sums[CU] else 0
                claim = cap if model <= SG else source.choice([cap, source.randint(0, cap), 0])
                if sums[key]:
                    held[key] = claim
                    if model is MB and claim == cap < metal[at] and source.random() < 0.2:
                        held[key] += 1
                        draws.append(Draw(at, key, 1))
            if sums[CU_EXTERNAL] and sums[CU]:
                held[CU_EXTERNAL] = -(-sums[CU_EXTERNAL] * metal[at] // sums[CU])
            if sums[CU_RECYCLED] and sums[CU]:
                held[CU_RECYCLED] = sums[CU_RECYCLED] * metal[at] // sums[CU]
            if sums[AU]:
                held[AU] = sums[AU] if at == 0 else 0
            outputs.append(output(classes[at], model, held))
        losses = [Loss(CU, lost_metal, LossReason.DUST)] if lost_metal else []
        measured: tuple[FirstMeasured, ...] = ()
        if not sums[AU] and source.random() < 0.1:
            measured = (FirstMeasured(AU, 5),)
            outputs[0] = self.with_column(outputs[0], AU, 5)
        shares = None
        if source.random() < 0.3:
            whole = sum(co2e) or 1
            bounds = Counter[Any]()
            for each, part in zip(outputs, co2e, strict=True):
                bounds[each.terms] += part * 1_000_000 // whole
            width = source.choice([0, 2, 50_000])
            shares = rule(
                *((key, max(0, ppm - width), ppm + width + 1) for key, ppm in bounds.items())
            )
        return replace(
            draft,
            outputs=tuple(outputs),
            losses=tuple(losses),
            draws=tuple(draws),
            first_measured=measured,
            rule=shares,
        )

    def with_column(self, each: DraftOutput, key: ColumnKey, quantity: int) -> DraftOutput:
        held = dict(zip(each.columns, each.lots[0], strict=True)) | {key: quantity}
        return output(each.terms, each.model, held)

    def way_in(self) -> RunDraft:
        made = self.opened().lot
        draft = originate(
            output(
                replace(CATHODE, co2e_default_per_million=self.source.choice([0, 500_000])),
                CustodyModel(made.header.model),
                dict(zip(made.columns, made.quantities, strict=True)),
            ),
            emissions=emitted(process=made.quantities[made.columns.index(CO2E)]),
        )
        if made.header.flags:
            recycled = HeaderFlag.RECYCLED in made.header.flags
            return external(draft.outputs[0], draft.emissions[0].co2e_g, recycled=recycled)
        return draft

    def spoilt(self, draft: RunDraft) -> RunDraft:
        """One thing changed."""
        source = self.source
        outputs = list(draft.outputs)
        at = source.randrange(len(outputs))
        each = outputs[at]
        what = source.randrange(9)
        if draft.draws and source.random() < 0.5:
            at, key = draft.draws[0].output, draft.draws[0].column
            held = dict(zip(outputs[at].columns, outputs[at].lots[0], strict=True))
            outputs[at] = self.with_column(outputs[at], key, held[key] - 1)
        elif what < 4:
            column = source.randrange(len(each.columns))
            step = source.choice([-1, 1, 1, 1000, -1000])
            lot = list(each.lots[0])
            lot[column] = max(0, lot[column] + step)
            outputs[at] = replace(each, lots=(tuple(lot),))
        elif what == 4:
            outputs[at] = replace(each, model=CustodyModel(source.randrange(6)))
        elif what == 5:
            key = source.choice([CU, CO2E, CU_75, NET, VEHICLES])
            return replace(draft, losses=(*draft.losses, Loss(key, 1, LossReason.OTHER)))
        elif what == 6:
            key = source.choice([CU, AU, CU_75])
            return replace(draft, first_measured=(*draft.first_measured, FirstMeasured(key, 2)))
        elif what == 7 and draft.takes:
            take = replace(draft.takes[0], amount=draft.takes[0].amount + source.choice([-1, 1]))
            return replace(draft, takes=(take, *draft.takes[1:]))
        else:
            outputs[at] = self.with_column(each, source.choice([VEHICLES, CU_RECYCLED]), 3)
        return replace(draft, outputs=tuple(outputs))


def padded(arguments: Mapping[str, object]) -> dict[str, object]:
    """Octets filled up to a word, as the contract gives them."""
    return {
        key: value.ljust(32, b"\x00") if isinstance(value, bytes) else value
        for key, value in arguments.items()
    }


def contract_terms(draft: RunDraft) -> tuple[Any, ...]:
    def of(each: ProductClassTerms) -> tuple[Any, ...]:
        return each.metal_tolerance_ppm, each.residue, each.co2e_default_per_million

    shares = () if draft.rule is None else plain(draft.rule.shares)
    return (
        int(period_of_production(draft.produced_to_s)),
        tuple(of(each.terms) for each in draft.outputs),
        draft.rule is not None,
        shares,
    )


def compare(laws: Laws, draft: RunDraft, chain: ChainTerms, tally: Counter[str]) -> None:
    found = assess(draft, chain)
    if found.balances is None:
        tally["misshapen"] += 1
        return
    built = build(draft, replace(found, problems=()), names(draft), b"\x07" * 32)
    answer = laws.judge(draft.kind, plain(built.run), contract_terms(draft))
    if len(answer) == 2 and isinstance(answer[0], str):
        name, arguments = answer
        blended = name == "ModelCondition" and arguments["model"] == CB and arguments["column"]
        tally["blending" if blended else name] += 1
        same = [problem for problem in found.problems if problem.error_name == name]
        assert any(padded(problem.arguments) == arguments for problem in same), (
            answer, [(problem.error_name, problem.arguments) for problem in found.problems],
        )  # fmt: skip
        return
    assert not found.problems, [each.message for each in found.problems]
    tally["accepted"] += 1
    (judgement,) = answer
    _, _, used, entering, totals, flags, origin_site, cause = judgement
    assert cause == built.cause
    assert origin_site == found.origin_site
    assert flags == found.flags[0] & ~HeaderFlag.ATTRIBUTED
    columns = built.run.columns
    if draft.kind is not LotBatchKind.TRANSFORM:
        assert list(used) == [
            sum(
                dict(zip(each.columns, each.sums, strict=True)).get(key, 0)
                for each in built.run.outputs
            )
            for key in columns
        ]
    assert list(entering) == [sum(sums.get(key, 0) for sums in found.left) for key in columns]

    assert list(totals) == [output_totals(each) for each in built.run.outputs]


def test_drafts__random_lawful_and_spoilt__are_judged_as_the_contract_does() -> None:
    laws, histories, tally = Laws(), Histories(1), Counter[str]()
    for number in range(RUNS):
        draft = histories.way_in() if number % 5 == 0 else histories.transform()
        if histories.source.random() < 0.5:
            draft = histories.spoilt(draft)
        compare(laws, draft, histories.chain, tally)
    assert tally["accepted"] > RUNS // 4
    assert len(tally) > 14, tally
    assert {"DrawUnused", "ClassAtWayIn", "ModelCondition", "blending"} <= tally.keys(), tally


def test_lots__random_of_random_batches__are_judged_as_the_contract_does() -> None:
    laws, source, tally = Laws(), random.Random(2), Counter[str]()
    columns = (NET, CU, CU_RECYCLED, CU_EXTERNAL, CO2E, CU_50, CU_75)
    for _ in range(2_000):
        totals = [source.randrange(1, 10**6) for _ in columns]
        totals[2] = source.randrange(totals[1] + 1)
        totals[3] = source.choice([0, source.randrange(totals[1] + 1)])
        totals[5] = source.choice([0, totals[1], source.randrange(totals[1] + 1)])
        totals[6] = source.choice([0, source.randrange(totals[1] + 1)])
        part = source.randint(0, totals[0])
        quantities = [
            source.choice([total * part // totals[0], -(-total * part // totals[0])])
            for total in totals
        ]
        at = source.randrange(len(columns))
        quantities[at] = max(0, quantities[at] + source.choice([0, 0, 0, 1, -1, 100]))
        model, attributed, ppm = (
            CustodyModel(source.randint(1, 4)),
            source.random() < 0.3,
            source.choice([0, 1000]),
        )
        lot = LotSums(
            model, attributed, ppm, NET,
            dict(zip(columns, quantities, strict=True)), dict(zip(columns, totals, strict=True)),
        )  # fmt: skip
        found = judge_lot(lot)
        answer = laws.ask(
            "judgeLot",
            (int(model), attributed, ppm, NET, columns, tuple(quantities), tuple(totals)),
        )
        if answer == ():
            assert found == ()
            tally["accepted"] += 1
        else:
            name, arguments = answer
            assert any(
                (each.error_name, dict(each.arguments)) == (name, arguments) for each in found
            )
            tally[str(name)] += 1
    assert tally["accepted"] > 200
    assert len(tally) > 5, tally
