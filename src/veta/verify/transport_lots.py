"""Lots, runs and what the chain said of them, in a bundle's file and out of it.

Both members are absent from bundles that disclose no lot. Read strictly: no unknown members, no
list longer than it can be. What the values mean is the verifier's to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from veta.model.bundle import BatchWord, LotFacts, StatementBundle
from veta.model.columns import MAX_BATCH_COLUMNS, ColumnKey
from veta.model.disclosure import (
    BatchTotals,
    CauseEntry,
    DisclosedBatch,
    DisclosedRun,
    LotPart,
    TakenLot,
)
from veta.model.identifiers import AccountAddress, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotKey, LotRoot
from veta.model.lots import (
    MAX_OUTPUTS,
    MAX_TAKES,
    AllocationRule,
    AllocationShare,
    BatchHeader,
    CustodyModel,
    HeaderFlag,
    LotBatchKind,
    LotId,
    LotRecord,
    LotState,
    ProductClassId,
    ProductClassTerms,
    SiteId,
)
from veta.verify.lineage_graph import MAX_NODES
from veta.verify.strict_json import (
    decimal,
    determined,
    determined_json,
    each_json,
    flag,
    listed,
    members,
    octets,
    optional,
    read_each,
    text,
    whole,
)
from veta.verify.transport_assurance import assurance_json, read_assurance
from veta.verify.transport_notices import notices_json, read_notices
from veta.verify.transport_sites import read_sites, sites_json
from veta.verify.transport_status import read_status, status_json

_MAX_PATH: Final = 64
_MAX_PART: Final = 9 * 32
"""Octets of the longest part of a cause, a take."""
_MAX_NODE: Final = 32 + 8 * MAX_BATCH_COLUMNS
_MAX_SHARES: Final = 16


def disclosure_json(bundle: StatementBundle) -> dict[str, Any]:
    """The members ``lot`` and ``runs``, as far as there is something in them."""
    members_: dict[str, Any] = {}
    if bundle.lot is not None:
        members_["lot"] = _lot_json(bundle.lot)
    if bundle.runs:
        members_["runs"] = [_run_json(run) for run in bundle.runs]
    return members_


def read_disclosure(
    document: Mapping[str, Any],
) -> tuple[LotPart | None, tuple[DisclosedRun, ...]]:
    """The lot and the runs of a bundle, none if it discloses none."""
    lot = optional(document.get("lot"), _read_lot)
    runs = document.get("runs")
    return lot, () if runs is None else listed(runs, MAX_NODES, _read_run)


def lot_facts_json(facts: LotFacts) -> dict[str, Any]:
    """What the chain said about a lot."""
    return {
        "lot": facts.lot.hex(),
        "record": determined_json(facts.record, _record_json),
        "words": [
            {
                "issuer": each.issuer,
                "root": each.root.hex(),
                "word": determined_json(each.word, bytes.hex),
            }
            for each in facts.words
        ],
        "successions": determined_json(facts.successions, each_json(status_json)),
        "classes": determined_json(facts.classes, each_json(_class_json)),
        "rules": determined_json(facts.rules, each_json(_rule_json)),
        "assurance": determined_json(facts.assurance, assurance_json),
        "notices": determined_json(facts.notices, notices_json),
        **({} if facts.sites is None else {"sites": determined_json(facts.sites, sites_json)}),
    }


def read_lot_facts(value: Any) -> LotFacts:
    """What a file says that the chain said about a lot."""
    of_sites = ("sites",) if isinstance(value, Mapping) and "sites" in value else ()
    document = members(
        value,
        *("lot", "record", "words", "successions", "classes", "rules", "assurance", "notices"),
        *of_sites,
    )
    return LotFacts(
        lot=LotId(octets(document["lot"], 32)),
        record=determined(document["record"], _read_record),
        words=listed(document["words"], MAX_NODES, _read_word),
        successions=determined(document["successions"], read_each(read_status)),
        classes=determined(document["classes"], read_each(_read_class)),
        rules=determined(document["rules"], read_each(_read_rule)),
        assurance=determined(document["assurance"], read_assurance),
        notices=determined(document["notices"], read_notices),
        sites=determined(document["sites"], read_sites) if of_sites else None,
    )


# --- lots and runs out -----------------------------------------------------------------------


def _lot_json(part: LotPart) -> dict[str, Any]:
    return {
        "batch": _batch_json(part.batch),
        "columns": list(part.columns),
        "index": part.index,
        "lotKey": part.lot_key.hex(),
        "statementLeaf": part.statement_leaf.hex(),
        "quantities": list(part.quantities),
        "path": _path_json(part.path),
        "rebased": None if part.rebased is None else list(part.rebased),
    }


def _batch_json(batch: DisclosedBatch) -> dict[str, Any]:
    totals = batch.totals
    return {
        "header": _header_json(batch.header),
        "totals": None
        if totals is None
        else {
            "columns": list(totals.columns),
            "sums": list(totals.sums),
            "salt": totals.salt.hex(),
        },
    }


def _header_json(header: BatchHeader) -> dict[str, Any]:
    return {
        "version": header.version,
        "kind": header.kind.name,
        "issuer": header.issuer,
        "sequence": header.sequence,
        "by": header.by.hex(),
        "root": header.root.hex(),
        "size": header.size,
        "totals": header.totals.hex(),
        "referenceColumn": header.reference_column,
        "site": header.site,
        "originSite": header.origin_site,
        "productClass": header.product_class,
        "producedFrom": header.produced_from_s,
        "producedTo": header.produced_to_s,
        "model": header.model.name,
        "flags": int(header.flags),
        "allocationRule": header.allocation_rule,
        "anchoredAt": header.anchored_at_s,
        "cause": header.cause.hex(),
    }


def _run_json(run: DisclosedRun) -> dict[str, Any]:
    return {
        "batches": [_batch_json(batch) for batch in run.batches],
        "cause": [
            {"part" if entry.opened else "digest": entry.octets.hex()} for entry in run.cause
        ],
        "taken": [
            {
                "lotKey": lot.lot_key.hex(),
                "statementLeaf": lot.statement_leaf.hex(),
                "quantities": list(lot.quantities),
                "path": _path_json(lot.path),
                "issued": None if lot.issued is None else list(lot.issued),
            }
            for lot in run.taken
        ],
    }


def _path_json(path: tuple[bytes, ...] | None) -> list[str] | None:
    return None if path is None else [node.hex() for node in path]


# --- lots and runs in ------------------------------------------------------------------------


def _read_lot(value: Any) -> LotPart:
    document = members(
        value,
        "batch",
        "columns",
        "index",
        "lotKey",
        "statementLeaf",
        "quantities",
        "path",
        "rebased",
    )
    return LotPart(
        batch=_read_batch(document["batch"]),
        columns=_read_columns(document["columns"]),
        index=whole(document["index"]),
        lot_key=LotKey(octets(document["lotKey"], 32)),
        statement_leaf=Leaf(octets(document["statementLeaf"], 32)),
        quantities=_read_quantities(document["quantities"]),
        path=optional(document["path"], _read_path),
        rebased=optional(document["rebased"], _read_quantities),
    )


def _read_batch(value: Any) -> DisclosedBatch:
    document = members(value, "header", "totals")
    return DisclosedBatch(
        _read_header(document["header"]), optional(document["totals"], _read_totals)
    )


def _read_totals(value: Any) -> BatchTotals:
    document = members(value, "columns", "sums", "salt")
    return BatchTotals(
        _read_columns(document["columns"]),
        _read_quantities(document["sums"]),
        octets(document["salt"], 16),
    )


_HEADER: Final = (
    *("version", "kind", "issuer", "sequence", "by", "root", "size", "totals"),
    *("referenceColumn", "site", "originSite", "productClass", "producedFrom", "producedTo"),
    *("model", "flags", "allocationRule", "anchoredAt", "cause"),
)


def _read_header(value: Any) -> BatchHeader:
    document = members(value, *_HEADER)
    return BatchHeader(
        version=whole(document["version"]),
        kind=LotBatchKind[text(document["kind"])],
        issuer=MemberId(whole(document["issuer"])),
        sequence=whole(document["sequence"]),
        by=AccountAddress(octets(document["by"], 20)),
        root=LotRoot(octets(document["root"], 32)),
        size=whole(document["size"]),
        totals=Digest(octets(document["totals"], 32)),
        reference_column=ColumnKey(whole(document["referenceColumn"])),
        site=SiteId(whole(document["site"])),
        origin_site=SiteId(whole(document["originSite"])),
        product_class=ProductClassId(whole(document["productClass"])),
        produced_from_s=UnixSeconds(whole(document["producedFrom"])),
        produced_to_s=UnixSeconds(whole(document["producedTo"])),
        model=CustodyModel[text(document["model"])],
        flags=HeaderFlag(whole(document["flags"])),
        allocation_rule=whole(document["allocationRule"]),
        anchored_at_s=UnixSeconds(whole(document["anchoredAt"])),
        cause=Digest(octets(document["cause"], 32)),
    )


def _read_run(value: Any) -> DisclosedRun:
    document = members(value, "batches", "cause", "taken")
    return DisclosedRun(
        batches=listed(document["batches"], MAX_OUTPUTS, _read_batch),
        cause=listed(document["cause"], MAX_NODES, _read_entry),
        taken=listed(document["taken"], MAX_TAKES, _read_taken),
    )


def _read_entry(value: Any) -> CauseEntry:
    if isinstance(value, dict) and value.keys() == {"part"}:
        return CauseEntry(_bounded(value["part"], _MAX_PART), opened=True)
    return CauseEntry(octets(members(value, "digest")["digest"], 32), opened=False)


def _read_taken(value: Any) -> TakenLot:
    document = members(value, "lotKey", "statementLeaf", "quantities", "path", "issued")
    return TakenLot(
        lot_key=LotKey(octets(document["lotKey"], 32)),
        statement_leaf=Leaf(octets(document["statementLeaf"], 32)),
        quantities=_read_quantities(document["quantities"]),
        path=optional(document["path"], _read_path),
        issued=optional(document["issued"], _read_quantities),
    )


def _read_columns(value: Any) -> tuple[ColumnKey, ...]:
    return listed(value, MAX_BATCH_COLUMNS, lambda key: ColumnKey(whole(key)))


def _read_quantities(value: Any) -> tuple[int, ...]:
    return listed(value, MAX_BATCH_COLUMNS, whole)


def _read_path(value: Any) -> tuple[bytes, ...]:
    return listed(value, _MAX_PATH, lambda node: _bounded(node, _MAX_NODE))


def _bounded(value: Any, most: int) -> bytes:
    read = bytes.fromhex(text(value))
    if len(read) > most:
        raise ValueError(f"{len(read)} octets where at most {most} belong")
    return read


# --- facts -----------------------------------------------------------------------------------


def _record_json(record: LotRecord) -> dict[str, Any]:
    return {
        "state": record.state.name,
        "holder": record.holder,
        "offeredTo": record.offered_to,
        "previousHolder": record.previous_holder,
        "taken": record.taken,
        "frozenUntil": record.frozen_until_s,
        "offerUntil": record.offer_until_s,
        "commitment": record.commitment.hex(),
    }


def _read_record(value: Any) -> LotRecord:
    document = members(
        value,
        "state",
        "holder",
        "offeredTo",
        "previousHolder",
        "taken",
        "frozenUntil",
        "offerUntil",
        "commitment",
    )
    return LotRecord(
        state=LotState[text(document["state"])],
        holder=MemberId(whole(document["holder"])),
        offered_to=MemberId(whole(document["offeredTo"])),
        previous_holder=MemberId(whole(document["previousHolder"])),
        taken=whole(document["taken"]),
        frozen_until_s=UnixSeconds(whole(document["frozenUntil"])),
        offer_until_s=UnixSeconds(whole(document["offerUntil"])),
        commitment=Digest(octets(document["commitment"], 32)),
    )


def _read_word(value: Any) -> BatchWord:
    document = members(value, "issuer", "root", "word")
    return BatchWord(
        MemberId(whole(document["issuer"])),
        LotRoot(octets(document["root"], 32)),
        determined(document["word"], lambda word: octets(word, 32)),
    )


def _class_json(terms: ProductClassTerms) -> dict[str, Any]:
    return {
        "productClass": terms.product_class,
        "residue": terms.residue,
        "metalTolerancePpm": terms.metal_tolerance_ppm,
        "custodyTolerancePpm": terms.custody_tolerance_ppm,
        "co2eDefaultPerMillion": terms.co2e_default_per_million,
    }


def _read_class(value: Any) -> ProductClassTerms:
    document = members(
        value,
        "productClass",
        "residue",
        "metalTolerancePpm",
        "custodyTolerancePpm",
        "co2eDefaultPerMillion",
    )
    return ProductClassTerms(
        product_class=ProductClassId(whole(document["productClass"])),
        residue=flag(document["residue"]),
        metal_tolerance_ppm=whole(document["metalTolerancePpm"]),
        custody_tolerance_ppm=whole(document["custodyTolerancePpm"]),
        co2e_default_per_million=whole(document["co2eDefaultPerMillion"]),
    )


def _rule_json(rule: AllocationRule) -> dict[str, Any]:
    return {
        "rule": rule.rule,
        "site": rule.site,
        "from": rule.from_s,
        "until": str(rule.until_s),
        "shares": [
            [share.product_class, share.minimum_ppm, share.maximum_ppm] for share in rule.shares
        ],
    }


def _read_rule(value: Any) -> AllocationRule:
    document = members(value, "rule", "site", "from", "until", "shares")
    return AllocationRule(
        rule=whole(document["rule"]),
        site=SiteId(whole(document["site"])),
        from_s=UnixSeconds(whole(document["from"])),
        until_s=UnixSeconds(decimal(document["until"])),
        shares=listed(document["shares"], _MAX_SHARES, _read_share),
    )


def _read_share(value: Any) -> AllocationShare:
    product_class, minimum_ppm, maximum_ppm = listed(value, 3, whole)
    return AllocationShare(ProductClassId(product_class), minimum_ppm, maximum_ppm)
