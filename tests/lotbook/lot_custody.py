"""Honest custody: opening, offers, acceptances, endings, freezes, withdrawals."""

from __future__ import annotations

from eth_account import Account
from eth_utils.crypto import keccak

from tests.lotbook import lot_world as world
from tests.lotbook.lot_model import rebased
from tests.lotbook.lot_moves import Call
from tests.lotbook.lot_papers import Papers, papers_of
from tests.lotbook.lot_transforms import Transforms
from tests.lotbook.lot_values import (
    Kind,
    Opened,
    Opening,
    SignedOffer,
    State,
    commitment,
    exit_digest,
    lot_id,
    offer_digest,
)

GOODS = (world.MINER, world.SMELTER, world.MAKER, world.TRADER)


class Custody(Transforms):
    """Everything that is done with lots, and with batches that nobody has opened."""

    def closed(self, *kinds: Kind) -> list[Papers]:
        """Batches of which nothing was opened."""
        fresh = []
        for papers in self.papers:
            header = papers.header
            if header is None or header.kind not in kinds:
                continue
            batch = self.book.batches[header.issuer, header.root]
            if not batch.opened and not batch.withdrawn and not batch.handed_over:
                fresh.append(papers)
        return fresh

    def openable(self) -> tuple[Papers, int] | None:
        """A lot that its issuer has not opened yet."""
        for _ in range(8):
            if not self.papers:
                return None
            papers = self.rng.choice(self.papers)
            assert papers.header is not None
            batch = self.book.batches[papers.header.issuer, papers.header.root]
            if papers.unopened and not batch.withdrawn and not batch.handed_over:
                return papers, self.rng.choice(papers.unopened)
        return None

    def open(self) -> Call | None:
        found = self.openable()
        if found is None:
            return None
        papers, index = found
        assert papers.header is not None
        opening = papers.opening(index)
        return Call("open", world.ACCOUNTS[papers.header.issuer], (opening,))

    def open_and_offer(self) -> Call | None:
        call = self.open()
        if call is None:
            return None
        issuer = call.arguments[0].header.issuer
        arguments = (*call.arguments, *self.terms(issuer))
        return Call("open_and_offer", call.sender, arguments)

    def terms(self, holder: int) -> tuple[int, int, bytes]:
        """To whom, until when, as which consignment."""
        to = self.rng.choice([member for member in GOODS if member != holder])
        until = self.facts.now + self.rng.choice([60, world.DAY, 30 * world.DAY, 90 * world.DAY])
        return to, until, self.rng.randbytes(32)

    def offer(self) -> Call | None:
        lots = self.lots()
        if not lots:
            return None
        holder = self.book.lots[self.rng.choice(lots)].holder
        chosen = self.some(self.lots(holder), 4)
        return Call("offer", world.ACCOUNTS[holder], (chosen, *self.terms(holder)))

    def answerable(self) -> tuple[str, list[bytes]] | None:
        """Lots that are offered to one member."""
        lots = self.lots(state=State.OFFERED)
        if not lots:
            return None
        to = self.book.lots[self.rng.choice(lots)].offered_to
        mine = [lot for lot in lots if self.book.lots[lot].offered_to == to]
        return world.ACCOUNTS[to], self.some(mine, 4)

    def decline(self) -> Call | None:
        found = self.answerable()
        return found and Call("decline", found[0], (found[1],))

    def accept(self) -> Call | None:
        found = self.answerable()
        if found is None:
            return None
        taken = [self.book.lots[lot].taken for lot in found[1]]
        return Call("accept", found[0], (found[1], taken, self.rng.randbytes(32)))

    def accept_measured(self) -> Call | None:
        found = self.answerable()
        if found is None:
            return None
        lot = found[1][0]
        opened, taken = self.opened[lot], self.book.lots[lot].taken
        shipped = opened.quantities[opened.columns.index(opened.header.reference)] - taken
        tolerance = self.facts.classes[opened.header.product_class].custody_tolerance
        most = shipped * tolerance // 1_000_000
        near = self.rng.randint(-most, most)
        mass = opened.header.reference == world.MASS
        far = [-most - 1, -shipped // 2, most + 1 if mass else -1, shipped if mass else 0]
        measured = shipped + (near if self.chance(60) else self.rng.choice(far))
        method, leaf = self.rng.randint(1, 4), self.rng.randbytes(32)
        arguments = opened, taken, max(1, measured), method, leaf
        return Call("accept_measured", found[0], arguments)

    def accept_signed(self) -> Call | None:
        lots = self.lots()
        if not lots:
            return None
        holder = self.book.lots[self.rng.choice(lots)].holder
        chosen = self.some(self.lots(holder), 3)
        to, until, consignment = self.terms(holder)
        self.nonce += 1
        taken = tuple(self.book.lots[lot].taken for lot in chosen)
        nonce = self.nonce * 2 ** self.rng.choice([0, 0, 8, 200])
        offer = SignedOffer(holder, to, until, nonce, consignment, tuple(chosen), taken)
        return self.signed(world.ACCOUNTS[to], offer, holder)

    def signed(self, sender: str, offer: SignedOffer, signer: int) -> Call:
        book, consortium = self.facts.custody, self.facts.consortium
        digest = offer_digest(self.facts.chain_id, book, consortium, offer)
        signature = Account.unsafe_sign_hash(digest, world.SECRETS[signer]).signature
        account = world.ACCOUNTS.get(signer, world.STRANGER)
        return Call("accept_signed", sender, (offer, bytes(signature), account))

    def retire(self) -> Call | None:
        lots = self.lots()
        if not lots:
            return None
        holder = self.book.lots[self.rng.choice(lots)].holder
        chosen = self.some(self.lots(holder), 2)
        return Call("retire", world.ACCOUNTS[holder], (chosen, self.rng.randint(1, 5)))

    def exit(self) -> Call | None:
        lots = self.lots()
        if not lots:
            return None
        lot = self.rng.choice(lots)
        account = world.ACCOUNTS[self.rng.choice(GOODS)]
        self.salts[lot] = account, self.rng.randbytes(32)
        digest = exit_digest(self.facts.chain_id, self.facts.custody, lot, *self.salts[lot])
        return Call("exit", world.ACCOUNTS[self.book.lots[lot].holder], (lot, digest))

    def reenter(self) -> Call | None:
        lots = [lot for lot in self.lots(state=State.EXITED) if self.may_reenter(lot)]
        if not lots:
            return None
        lot = self.rng.choice(lots)
        account, salt = self.salts[lot]
        return Call("reenter", account, (lot, salt))

    def may_reenter(self, lot: bytes) -> bool:
        """The digest with which it left was made for it."""
        facts = self.facts
        known = self.salts.get(lot)
        return known is not None and self.book.exits[lot] == exit_digest(
            facts.chain_id, facts.custody, lot, *known
        )

    def freeze(self) -> Call | None:
        fresh = [lot for lot in self.lots() if (lot, world.AUTHORITY) not in self.book.freezes]
        if not fresh:
            return None
        until = self.facts.now + self.rng.choice([60, world.DAY, 29 * world.DAY])
        voted = self.chance(40)
        sender = self.facts.consortium if voted else world.ACCOUNTS[world.AUTHORITY]
        return Call("freeze", sender, (self.rng.choice(fresh), until))

    def freeze_jointly(self) -> Call | None:
        lots = self.lots(state=State.OFFERED)
        if not lots:
            return None
        lot = self.rng.choice([lot for lot in lots if lot in self.book.asked] or lots)
        its, until = self.book.lots[lot], self.facts.now + world.DAY
        party = self.rng.choice([its.holder, its.offered_to])
        asker, wanted, _ = self.book.asked.get(lot, (0, 0, (0, 0)))
        if wanted > self.facts.now and self.chance(80):
            until = wanted
            party = its.offered_to if asker == its.holder else its.holder
        return Call("freeze_jointly", world.ACCOUNTS[party], (lot, until))

    def withdraw(self) -> Call | None:
        fresh = self.closed(Kind.ORIGIN, Kind.EXTERNAL, Kind.GAIN)
        if not fresh:
            return None
        papers = self.rng.choice(fresh)
        assert papers.header is not None
        content = papers.header, papers.columns, papers.sums, papers.salt
        return Call("withdraw", world.ACCOUNTS[papers.header.issuer], content)

    def replace(self) -> Call | None:
        """The same quantities in other hands: the lots of the batch under new keys."""
        fresh = [
            papers
            for papers in self.closed(Kind.TRANSFORM)
            if len(papers.rows[0][2]) == len(papers.columns)
        ]
        if not fresh:
            return None
        papers = self.rng.choice(fresh)
        assert papers.header is not None
        rows = [
            (keccak(row[0]), keccak(row[1]), row[2])
            for row in self.rng.sample(papers.rows, len(papers.rows))
        ]
        new = papers_of(self.rng, papers.columns, rows)
        new.salt = papers.salt
        content = papers.header, new.tree.root, new.tree.size
        return Call("replace", world.ACCOUNTS[papers.header.issuer], content, [new])

    def note(self, call: Call) -> None:
        """Keep the papers of what came to be."""
        if call.name in {"open", "open_and_offer"}:
            opening = call.arguments[0]
            lot = lot_id(opening.header.issuer, opening.lot_key)
            for papers in self.papers:
                if papers.header == opening.header and opening.position in papers.unopened:
                    papers.unopened.remove(opening.position)
                    self.opened[lot] = papers.opened(opening.position)
        if call.name == "accept_measured":
            self.note_measured(*call.arguments[:3])
        issuer = self.facts.operators.get(call.sender, 0)
        outputs = call.arguments[0].outputs if hasattr(call.arguments[0], "outputs") else ()
        roots = [output.root for output in outputs] or [call.arguments[1]] if call.papers else []
        for papers, root in zip(call.papers, roots, strict=True):
            papers.header = self.book.batches[issuer, root].header
            self.papers.append(papers)

    def note_measured(self, opened: Opened, taken: int, measured: int) -> None:
        """Beyond tolerance the lot's quantities are others from now on."""
        lot = lot_id(opened.header.issuer, opened.lot_key)
        if self.book.lots[lot].commitment != commitment(opened):
            quantities = rebased(opened, taken, measured)
            self.opened[lot] = opened._replace(quantities=quantities)

    def give_up(self, opening: Opening) -> None:
        """A lot that cannot be opened is left alone."""
        for papers in self.papers:
            if papers.header == opening.header and opening.position in papers.unopened:
                papers.unopened.remove(opening.position)

    def hand_over(self) -> Call | None:
        """The successor takes over a lot, opened or not, or a batch."""
        successor = self.book.successor
        found = self.openable()
        if not successor or found is None:
            return None
        papers, index = found
        header = papers.opening(index).header
        if self.chance(40):
            return Call("hand_over_batch", successor, (header.issuer, header.root))
        lots = [lot_id(header.issuer, papers.rows[index][0]), *self.lots()[-4:]]
        return Call("hand_over_lot", successor, (self.rng.choice(lots),))
