"""One refinery, its key, a batch of cathode lots, and what an honest chain says about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from veta.keys.signers import Es256kSigner
from veta.model.anchoring import (
    AnchorRecord,
    BatchKind,
    BlockRef,
    ChainIdentity,
    ContractCode,
    StatusEntry,
)
from veta.model.bundle import LedgerFacts, StatementBundle
from veta.model.consortium import (
    KeyAction,
    KeyAlgorithm,
    KeyEntry,
    KeyPurpose,
    Member,
    MembershipEntry,
    Role,
)
from veta.model.determined import Known
from veta.model.identifiers import (
    AccountAddress,
    BlockNumber,
    Digest,
    KeyId,
    MemberId,
    UnixSeconds,
)
from veta.model.lot import (
    Classification,
    Country,
    Issuance,
    LotCertificate,
    LotFootprint,
    MetalContent,
    MetalOrigin,
    Party,
    Site,
)
from veta.model.trust import ContractSet, TrustConfig
from veta.statement.jws import leaf_of, sign_statement, unseal
from veta.statement.passport import build_passport
from veta.trees import MerkleTree

DAY = 86_400
CHILE = Country("CL", "Chile")
REFINERY = Party("did:web:refineria-bahia-serena.example", "Refineria Bahia Serena", CHILE)
MEMBER = MemberId(5)
VALID_FROM = UnixSeconds(1_788_000_000)
VALID_UNTIL = UnixSeconds(VALID_FROM + 365 * DAY)
ANCHORED_AT = UnixSeconds(VALID_FROM + 3_600)
NOW = UnixSeconds(ANCHORED_AT + 10 * DAY)
SIGNER = Es256kSigner(sha256(b"a refinery's statement key, for tests").digest())
STRANGER = Es256kSigner(sha256(b"a stranger's key").digest())


def digest(text: str) -> Digest:
    return Digest(sha256(text.encode()).digest())


CONTRACTS = (
    ContractCode("Consortium", AccountAddress(b"\x11" * 20), digest("consortium code")),
    ContractCode("StatementLog", AccountAddress(b"\x22" * 20), digest("log code")),
)
TRUST = TrustConfig(
    number=1,
    previous_digest=None,
    name="test",
    chain_id=8460,
    genesis_digest=digest("genesis"),
    contract_sets=(ContractSet(BlockNumber(0), None, CONTRACTS),),
)


def cathode_lot(number: int = 1001, *, product_class: str = "copper-cathode") -> LotCertificate:
    """25 t of cathode, 24.9975 t of copper, 3.031 kg CO2e a kilogram: worked out by hand."""
    return LotCertificate(
        lot_number=f"BSE-CAT-26-{number}",
        name="Copper cathode",
        product_class=product_class,
        category=Classification(
            "41413",
            "Refined copper, unwrought",
            "https://unstats.un.org/unsd/classifications/Econ/cpc/",
            "UN CPC",
        ),
        issuer=REFINERY,
        site=Site("https://sites.example/bahia-serena", "Bahia Serena refinery", CHILE),
        produced_from_s=UnixSeconds(VALID_FROM - 20 * DAY - VALID_FROM % DAY),
        produced_to_s=UnixSeconds(VALID_FROM - 10 * DAY - VALID_FROM % DAY),
        mass_g=25_000_000,
        mass_basis="net",
        metal=(MetalContent("Cu", 24_997_500),),
        origins=(MetalOrigin("Cu", CHILE, 24_997_500),),
        footprint=LotFootprint(
            co2e_g=75_775_000,
            co2e_g_per_kg=3_031,
            boundary="cradle-to-gate",
            declared_unit="kilogram",
            period_from_s=UnixSeconds(VALID_FROM - 200 * DAY - VALID_FROM % DAY),
            period_to_s=UnixSeconds(VALID_FROM - 10 * DAY - VALID_FROM % DAY),
            gwp_set="AR6",
            standards=("ISO14067",),
            allocation="mass of contained copper",
            primary_share_ppm=622_567,
        ),
    )


def issuance(name: str, *, valid_until: UnixSeconds | None = VALID_UNTIL) -> Issuance:
    return Issuance(
        credential_id=f"urn:veta:statement:{name}",
        valid_from_s=VALID_FROM,
        blind=sha256(f"blind {name}".encode()).digest()[:16],
        valid_until_s=valid_until,
    )


def passport_token(number: int, signer: Es256kSigner = SIGNER) -> bytes:
    return sign_statement(build_passport(cathode_lot(number), issuance(str(number))), signer)


def key_entries(
    *more: tuple[KeyAction, int, int], signer: Es256kSigner = SIGNER
) -> tuple[KeyEntry, ...]:
    """The binding of the statement key, and what happened to it: (action, effective, recorded)."""
    bound = (KeyAction.BIND, VALID_FROM - 100 * DAY, VALID_FROM - 100 * DAY)
    return tuple(
        KeyEntry(
            member=MEMBER,
            index=index,
            action=action,
            purpose=KeyPurpose.SIGN,
            algorithm=KeyAlgorithm.ES256K,
            key_id=KeyId(signer.key_id),
            public_key=signer.public_key if action is KeyAction.BIND else b"",
            effective_s=UnixSeconds(effective),
            recorded_at_s=UnixSeconds(recorded),
        )
        for index, (action, effective, recorded) in enumerate((bound, *more))
    )


@dataclass(frozen=True)
class Case:
    """A bundle, and the facts of an honest chain about it."""

    bundle: StatementBundle
    facts: LedgerFacts

    def with_facts(self, **changes: object) -> Case:
        return replace(self, facts=replace(self.facts, **changes))  # type: ignore[arg-type]

    def with_bundle(self, **changes: object) -> Case:
        return replace(self, bundle=replace(self.bundle, **changes))  # type: ignore[arg-type]

    @property
    def anchor(self) -> AnchorRecord:
        assert isinstance(self.facts.anchor, Known) and self.facts.anchor.value is not None
        return self.facts.anchor.value

    def with_anchor(self, **changes: object) -> Case:
        return self.with_facts(anchor=Known(replace(self.anchor, **changes)))  # type: ignore[arg-type]

    def with_status(self, *entries: StatusEntry) -> Case:
        return self.with_facts(status=Known(entries))

    def with_keys(self, *more: tuple[KeyAction, int, int]) -> Case:
        return self.with_facts(keys=Known(key_entries(*more)))


def honest_case(*, index: int = 2, size: int = 5, tokens: list[bytes] | None = None) -> Case:
    """A good statement in the middle of its batch."""
    tokens = tokens or [passport_token(1001 + number) for number in range(size)]
    leaves = [leaf_of(unseal(token).payload) for token in tokens]
    tree = MerkleTree(leaves)
    return Case(
        StatementBundle(token=tokens[index], inclusion=tree.inclusion(index), root=tree.root),
        LedgerFacts(
            chain=Known(ChainIdentity(TRUST.chain_id, TRUST.genesis_digest, CONTRACTS)),
            as_of=Known(BlockRef(BlockNumber(900), digest("block 900"), digest("block 899"), NOW)),
            issuer=Known(
                Member(
                    MEMBER, REFINERY.identifier, REFINERY.name, "CL", 3, digest("identity document")
                )
            ),
            membership=Known(
                (
                    MembershipEntry(
                        member=MEMBER,
                        index=0,
                        roles=Role.REFINER,
                        votes=True,
                        admitted=True,
                        effective_s=UnixSeconds(VALID_FROM - 100 * DAY),
                        recorded_at_s=UnixSeconds(VALID_FROM - 100 * DAY),
                    ),
                )
            ),
            keys=Known(key_entries()),
            anchor=Known(
                AnchorRecord(
                    issuer=MEMBER,
                    root=tree.root,
                    sequence=1,
                    size=len(tokens),
                    kind=BatchKind.PASSPORT,
                    anchored_at_s=ANCHORED_AT,
                )
            ),
            status=Known(()),
            asked_at_s=UnixSeconds(NOW + 5),
        ),
    )
