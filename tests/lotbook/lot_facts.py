"""What the lot book asks of others: who operates, what is registered, who is assured."""

from __future__ import annotations

from dataclasses import dataclass


class Refused(Exception):  # noqa: N818 - the name of an outcome, not of a fault
    """The book must refuse. Where a call breaks several rules any of these errors will do: DESIGN
    says what is refused, not what is looked at first."""

    def __init__(self, *errors: str) -> None:
        super().__init__(*errors)
        self.errors = frozenset(errors)


class Findings:
    """Rules that a call breaks, gathered so that the order of looking does not matter."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def unless(self, holds: object, error: str) -> bool:
        """Note the error unless the rule holds."""
        if not holds:
            self.errors.append(error)
        return bool(holds)

    def settle(self) -> None:
        """What follows makes sense only if nothing was found so far."""
        if self.errors:
            raise Refused(*self.errors)


@dataclass(frozen=True)
class ProductClass:
    residue: bool
    metal_tolerance: int
    custody_tolerance: int
    co2e_default: int
    """g CO2e per 1,000,000 base units of the reference."""


@dataclass(frozen=True)
class LotRules:
    lateness_s: int
    gain_ppm: int
    authority_freeze_s: int
    credit_periods: int


@dataclass(frozen=True)
class AllocationRule:
    site: int
    from_: int
    until: int
    shares: dict[int, tuple[int, int]]
    """Minimum and maximum in ppm by product class."""


@dataclass
class Facts:
    """Consortium, Registry and Assurance as the book sees them."""

    now: int
    rules: LotRules
    operators: dict[str, int]
    """Member of each active ``operate`` account."""
    authorities: frozenset[int]
    consortium: str
    sites: dict[int, int]
    """The member that operates each site."""
    capacities: dict[tuple[int, int], int]
    ceilings: dict[tuple[int, int], int]
    classes: dict[int, ProductClass]
    columns: frozenset[int]
    """Keys behind which something is registered."""
    programmes: dict[int, tuple[int, ...]]
    """Marks (scheme << 8 | level) that each programme requires."""
    reducible: frozenset[tuple[int, int]]
    certificates: dict[int, tuple[int, int, int, int]]
    """By number: site, mark, from, until."""
    suspensions: dict[int, list[list[int]]]
    """By certificate: [from, until) of each suspension; 2^64-1 while it lasts."""
    allocation: dict[int, AllocationRule]
    chain_id: int = 1
    custody: str = "0x" + "00" * 20

    def operator(self, sender: str) -> int:
        """The member that an account acts for."""
        if sender not in self.operators:
            raise Refused("NotOperator")
        return self.operators[sender]

    def admitted(self, member: int) -> bool:
        return member in self.operators.values()

    def covers(
        self, site: int, programme: int, span: tuple[int, int], certificates: tuple[int, ...]
    ) -> set[str]:
        """Why the certificates do not assure the site under the programme in all of ``span``."""
        marks = self.programmes[programme]
        broken = {"CertificateCount"} if len(certificates) != len(marks) else set()
        for number, mark in zip(certificates, marks, strict=False):
            its_site, its_mark, from_, until = self.certificates[number]
            lapses = self.suspensions.get(number, ())
            rules = {
                "OtherSite": its_site == site,
                "OtherScheme": its_mark >> 8 == mark >> 8,
                "LevelTooLow": its_mark >= mark,
                "OutsideWindow": from_ <= span[0] < span[1] <= until,
                "CertificateSuspended": not any(s[0] < span[1] and span[0] < s[1] for s in lapses),
            }
            broken |= {error for error, holds in rules.items() if not holds}
        return broken

    def suspended(self, site: int, programme: int) -> bool:
        """Of a mark of the programme a certificate is suspended now, and none stands in for it."""
        for mark in self.programmes[programme]:
            active = [
                number
                for number, (place, its_mark, from_, until) in self.certificates.items()
                if place == site and its_mark >> 8 == mark >> 8 and from_ <= self.now < until
            ]
            bad = [n for n in active if self.is_suspended(n)]
            if bad and not any(
                not self.is_suspended(n) and self.certificates[n][1] >= mark for n in active
            ):
                return True
        return False

    def is_suspended(self, certificate: int) -> bool:
        return any(s[0] <= self.now < s[1] for s in self.suspensions.get(certificate, ()))
