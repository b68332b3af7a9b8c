"""Wire formats of the HTTP interface, for small requests and for the OpenAPI document.

Signed content never passes through these: it is read from its octets by ``veta.canonical``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="32 octets in hexadecimal")]
VerdictName = Literal["VALID", "VALID_WITH_NOTICE", "NOT_PROVEN", "INVALID", "INDETERMINATE"]
OutcomeName = Literal["passed", "failed", "notice", "not_proven", "not_determined"]
Reason = Literal[
    "ISSUED_IN_ERROR",
    "WITHDRAWN",
    "COMPROMISED",
    "VOIDED_BY_BODY",
    "VOIDED_BY_ACCREDITOR",
    "OTHER",
]
Kind = Literal["PASSPORT", "FACILITY", "CERTIFICATE", "EVENT", "IDENTITY", "OTHER"]

DIGEST_EXAMPLE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Strict(BaseModel):
    """Unknown members are refused, and no value is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


# --- requests --------------------------------------------------------------------------------


class TokenRequest(Strict):
    """A token alone: what can be told without a proof of inclusion."""

    token: Annotated[str, Field(min_length=1, description="compact JWS, vc+jwt")]


class LeafRequest(Strict):
    """A statement that the node keeps."""

    leaf: Hex32


class AnchorRequest(Strict):
    """Which issued statements to batch."""

    kind: Kind | None = Field(None, description="one kind only; all without it")


class RevokeRequest(Strict):
    """Why a statement is revoked, and since when."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, json_schema_extra={"example": {"reason": "OTHER"}}
    )
    reason: Reason
    effective: str | None = Field(
        None, description="RFC 3339 instant; only for reasons that may lie in the past"
    )


class SupersedeRequest(Strict):
    """Which statement takes the place."""

    by_leaf: Hex32


class ReaffirmRequest(Strict):
    """Nothing: the path says it all."""


class DisputeRequest(Strict):
    """Whose statement is disputed, and the digest of the document that tells why."""

    issuer: Annotated[int, Field(ge=1, lt=2**32, description="member id of the issuer")]
    grounds: Hex32


# --- answers ---------------------------------------------------------------------------------


class Problem(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:veta:problem:canonical.duplicate_key",
                "title": "The request is malformed or out of bounds",
                "status": 400,
                "detail": "an object has two members of one name",
                "code": "canonical.duplicate_key",
            }
        }
    )
    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="stable and dotted; the same in logs and on the command line")
    transaction: str | None = Field(None, description="to ask for, where the outcome is unknown")
    contract_error: str | None = Field(None, description="custom error of the contract")


class Block(BaseModel):
    """The block that every answer of a report names."""

    number: int
    digest: Hex32
    time_s: int


class CheckFinding(BaseModel):
    """One finding of one of the twelve steps."""

    step: Annotated[int, Field(ge=1, le=12)]
    title: str
    outcome: OutcomeName
    code: str
    sentence: str
    facts: dict[str, Any]


class PrintedFigure(BaseModel):
    """A printed figure of a lot, and whose word it is."""

    figure: str
    amount: int
    unit: str
    grade: Literal[
        "not shown",
        "self-declared",
        "second-party",
        "instrument-signed",
        "verified",
        "accredited",
    ]
    by: str
    code: str
    reason: str
    chain: str | None = Field(description="what the chain shows of it, in words")
    secondary: bool = Field(description="of a footprint: nothing of it was measured")
    words: str


class BesideFinding(BaseModel):
    """What became of a statement beside the bundle's own, by steps 1 to 7."""

    leaf: Hex32 | None
    issuer: int | None
    about: dict[str, Any] | None
    verdict: VerdictName
    counts: bool = Field(description="false: it is as if it were not there")
    findings: list[CheckFinding] = Field(description="all that did not pass")


class VerificationReport(BaseModel):
    """A finished verification. INDETERMINATE is one: the chain could not be asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "verdict": "INVALID",
                "leaf": DIGEST_EXAMPLE,
                "issuer": 5,
                "about": {
                    "kind": "passport",
                    "id": "did:web:refinery.example:lot:BSE-CAT-26-1001",
                    "lot_number": "BSE-CAT-26-1001",
                    "product_class": "copper-cathode",
                    "issuer_did": "did:web:refinery.example",
                    "issuer_calls_itself": "Refinery",
                    "issuer_registered_as": "Refinery",
                },
                "as_of": {"number": 900, "digest": DIGEST_EXAMPLE, "time_s": 1_790_000_900},
                "failed_at": 2,
                "checks": [
                    {
                        "step": 2,
                        "title": "signature",
                        "outcome": "failed",
                        "code": "signature.mismatch",
                        "sentence": "the signature does not fit the document and the key",
                        "facts": {"key_id": DIGEST_EXAMPLE},
                    }
                ],
                "not_proven": ["That the metal described is the metal in the box."],
                "figures": [],
                "beside": [],
            }
        }
    )
    verdict: VerdictName
    leaf: Hex32 | None
    issuer: int | None = Field(description="member id")
    about: dict[str, Any] | None = Field(
        description="what the statement is about, who says it, and how the consortium names them"
    )
    as_of: Block | None
    failed_at: int | None = Field(description="first step that failed")
    checks: list[CheckFinding]
    not_proven: list[str]
    figures: list[PrintedFigure]
    beside: list[BesideFinding]


class BatchLine(BaseModel):
    """One line of a batch answer: a report or a problem."""

    index: int
    report: VerificationReport | None = None
    problem: Problem | None = None


class StatementSummary(BaseModel):
    """A kept statement without its content."""

    leaf: Hex32
    kind: Kind
    state: Literal["issued", "batched", "anchored", "held"]
    issuer: int
    credential_id: str
    subject: str
    created_s: int


class StatementBody(StatementSummary):
    """A kept statement."""

    token: str
    credential: dict[str, Any] = Field(description="the payload, octet for octet as it was signed")


class StatementList(BaseModel):
    """Newest first."""

    statements: list[StatementSummary]


class Issued(BaseModel):
    """What was issued, or had been before."""

    leaf: Hex32
    token: str
    kind: Kind
    created: bool


class IntentBody(BaseModel):
    """Something the node does on the chain exactly once."""

    number: int
    state: Literal["open", "done", "held"]
    purpose: str
    subject: str = Field(description="batch root, or leaf of the statement")
    code: str
    message: str


class AlarmBody(BaseModel):
    """Something an operator must know."""

    code: str
    message: str


class AnchorBody(BaseModel):
    """What is on its way after batching."""

    intents: list[IntentBody]
    waiting: int = Field(
        description="issued statements that are in no batch yet; while an older transaction has to"
        " be planned anew nothing new is planned, and the next call takes them"
    )
    alarms: list[AlarmBody]


class IntentList(BaseModel):
    """Oldest first."""

    intents: list[IntentBody]


class Health(BaseModel):
    """The process answers."""

    status: Literal["alive"]


class Readiness(BaseModel):
    """Whether verdicts can be given now."""

    ready: bool
    head: Block | None
    final: Block | None
    head_age_s: int | None
    pending: int = Field(description="transactions signed and not settled")
    writes: bool = Field(description="whether the node belongs to a member")
    alarms: list[AlarmBody]


class Trust(BaseModel):
    """The node's pinned trust configuration. Compare the digest with one you got elsewhere."""

    digest: Hex32
    trust: dict[str, Any]
