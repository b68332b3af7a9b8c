"""One lot for each face of the label page."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.support.api_world import DAY, ApiWorld
from tests.support.certified_lot import cathode_lot
from veta.model.anchoring import StatusReason
from veta.model.identifiers import Leaf

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@dataclass(frozen=True)
class LabelledLots:
    """Leaves by the face that their page has; ``unanchored`` is the one that is not proven."""

    valid: Leaf
    expired: Leaf
    unanchored: Leaf
    revoked: Leaf
    superseded: Leaf
    successor: Leaf
    hostile: Leaf

    @property
    def faces(self) -> dict[str, Leaf]:
        """Face of the page while the chain answers, and the statement."""
        return {
            "VALID": self.valid,
            "VALID_WITH_NOTICE": self.expired,
            "NOT_PROVEN": self.unanchored,
            "INVALID": self.revoked,
            "SUPERSEDED": self.superseded,
        }


def label_lots(world: ApiWorld) -> LabelledLots:
    """Issue, anchor, supersede, revoke and let time pass."""
    valid = world.issue(1001)
    expired = world.issue(1002, valid_days=2)
    revoked = world.issue(1003)
    superseded = world.issue(1004, name="old")
    successor = world.issue(1004, name="new")
    name = replace(cathode_lot(1005), name=HOSTILE, brand=HOSTILE)
    hostile = world.issue(1005, lot=name)
    world.settle()
    status = world.node.desk.status
    status.revoke(revoked, reason=StatusReason.ISSUED_IN_ERROR)
    status.supersede(superseded, by_leaf=successor)
    world.settle()
    world.pass_time(3 * DAY)
    unanchored = world.issue(1006)
    return LabelledLots(valid, expired, unanchored, revoked, superseded, successor, hostile)
