"""From a draft to what is signed: the batches' trees and the exact ``Run``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from veta.custody.draft import RunDraft
from veta.custody.encoding import cause_digest, output_totals
from veta.custody.run import Assessment
from veta.custody.shape import run_columns
from veta.errors import InputError
from veta.model.identifiers import AccountAddress, Digest, Leaf, MemberId, UnixSeconds
from veta.model.lot_tree import LotKey
from veta.model.lots import (
    HEADER_VERSION,
    BatchHeader,
    HeaderFlag,
    LotBatchKind,
    Opening,
    Output,
    Run,
    SiteId,
    Source,
    Take,
)
from veta.sum_trees import SumTree


@dataclass(frozen=True, slots=True)
class OutputSecrets:
    """What names the lots of an output, and what hides its totals."""

    lots: Sequence[tuple[LotKey, Leaf]]
    """Lot key and statement leaf of each lot; random octets for padding."""
    salt: bytes
    """16 fresh random octets."""


@dataclass(frozen=True, slots=True)
class BuiltRun:
    """A run ready to be encoded, and the trees that its lots are proven from."""

    kind: LotBatchKind
    run: Run
    trees: tuple[SumTree, ...]
    cause: Digest
    """As the contract will compute it."""
    origin_site: SiteId
    flags: tuple[HeaderFlag, ...]

    def header(
        self,
        output: int,
        *,
        issuer: MemberId,
        first_sequence: int,
        by: AccountAddress,
        anchored_at_s: UnixSeconds,
    ) -> BatchHeader:
        """The header that an output gets on chain.

        Args:
            output: index of the batch.
            issuer: the member.
            first_sequence: what the first batch of the run gets of the issuer's count.
            by: account that sends.
            anchored_at_s: block time.
        """
        made = self.run.outputs[output]
        return BatchHeader(
            version=HEADER_VERSION,
            kind=self.kind,
            issuer=issuer,
            sequence=first_sequence + output,
            by=by,
            root=made.root,
            size=made.size,
            totals=output_totals(made),
            reference_column=made.reference_column,
            site=self.run.site,
            origin_site=self.origin_site,
            product_class=made.product_class,
            produced_from_s=self.run.produced_from_s,
            produced_to_s=self.run.produced_to_s,
            model=made.model,
            flags=self.flags[output],
            allocation_rule=self.run.allocation_rule,
            anchored_at_s=anchored_at_s,
            cause=self.cause,
        )


def build(
    draft: RunDraft, assessment: Assessment, secrets: Sequence[OutputSecrets], salt_seed: bytes
) -> BuiltRun:
    """Build what a draft without problems is signed as.

    Args:
        draft: the run.
        assessment: of this draft.
        secrets: of each output.
        salt_seed: 32 fresh random octets; whoever has them can open every part of the cause.

    Raises:
        InputError: the first problem's code; ``custody.draft`` if secrets do not fit the lots;
            as ``SumTree``.
    """
    assessment.require_none()
    trees = tuple(
        _tree(draft, number, secret) for number, secret in enumerate(_fitting(draft, secrets))
    )
    outputs = tuple(
        Output(
            root=tree.root,
            size=tree.size,
            columns=output.columns,
            sums=tree.totals,
            salt=secret.salt,
            reference_column=output.reference_column,
            product_class=output.terms.product_class,
            model=output.model,
            attributed=output.attributed,
        )
        for output, tree, secret in zip(draft.outputs, trees, secrets, strict=True)
    )
    sources, takes = _inputs(draft, assessment)
    run = Run(
        site=draft.site,
        produced_from_s=draft.produced_from_s,
        produced_to_s=draft.produced_to_s,
        allocation_rule=0 if draft.rule is None else draft.rule.rule,
        columns=run_columns(draft),
        sources=sources,
        takes=takes,
        first_measured=draft.first_measured,
        reductions=draft.reductions,
        draws=draft.draws,
        losses=draft.losses,
        emissions=draft.emissions,
        covers=tuple(sorted(draft.covers, key=lambda cover: cover.column)),
        outputs=outputs,
        source=draft.source,
        recycled=draft.recycled,
        salt_seed=salt_seed,
    )
    cause = cause_digest(run, draft.kind)
    return BuiltRun(draft.kind, run, trees, cause, assessment.origin_site, assessment.flags)


def opening(
    built: BuiltRun, draft: RunDraft, secret: OutputSecrets, header: BatchHeader, index: int
) -> Opening:
    """What opens one lot of an output of a run that is on chain.

    Args:
        built: the run.
        draft: what it was built from.
        secret: of the output.
        header: of the output, as it is on chain.
        index: of the lot.

    Raises:
        InputError: ``custody.draft`` for a header of another run; ``sum_trees.index_range``.
    """
    roots = [output.root for output in built.run.outputs]
    if header.root not in roots:
        raise InputError("custody.draft", "the header is not of this run")
    output = roots.index(header.root)
    path = b"".join(built.trees[output].inclusion(index).path)
    lot_key, statement_leaf = secret.lots[index]
    return Opening(
        header=header,
        columns=built.run.outputs[output].columns,
        salt=secret.salt,
        lot_key=lot_key,
        statement_leaf=statement_leaf,
        quantities=draft.outputs[output].lots[index],
        index=index,
        path=path,
    )


def _fitting(draft: RunDraft, secrets: Sequence[OutputSecrets]) -> Sequence[OutputSecrets]:
    if [len(secret.lots) for secret in secrets] != [len(output.lots) for output in draft.outputs]:
        raise InputError("custody.draft", "there are not as many names as lots")
    return secrets


def _tree(draft: RunDraft, number: int, secret: OutputSecrets) -> SumTree:
    output = draft.outputs[number]
    named = zip(secret.lots, output.lots, strict=True)
    return SumTree(
        ((key, leaf, quantities) for (key, leaf), quantities in named), len(output.columns)
    )


def _inputs(draft: RunDraft, assessment: Assessment) -> tuple[tuple[Source, ...], tuple[Take, ...]]:
    """Each batch that is taken from once, and the takes that point to it."""
    sources = list(dict.fromkeys(Source(take.lot.header, take.lot.columns) for take in draft.takes))
    takes = tuple(
        Take(
            source=sources.index(Source(take.lot.header, take.lot.columns)),
            index=take.lot.index,
            lot_key=take.lot.lot_key,
            statement_leaf=take.lot.statement_leaf,
            quantities=take.lot.quantities,
            taken=balance.taken_before,
            amount=take.amount,
            waived=sum(1 << at for at, key in enumerate(take.lot.columns) if key in take.waived),
        )
        for take, balance in zip(draft.takes, assessment.takes, strict=True)
    )
    return tuple(sources), takes
