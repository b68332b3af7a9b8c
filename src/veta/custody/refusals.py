"""What the lot book and its laws refuse, in stable codes and sentences.

One row for each custom error of ``ILotLaws`` and ``ILotBook``: the code is ``custody.`` and the
error's name in snake case, the sentence is filled with the error's arguments by their names in the
interface (without a trailing underscore). So a draft that is judged here and a transaction that the
contract reverts say the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from veta.custody.periods import period_name
from veta.errors import InputError
from veta.model.columns import ELEMENT_SYMBOLS, Column
from veta.model.lots import CustodyModel, LotState
from veta.model.periods import Period

_LAWS: Final[Mapping[str, str]] = {
    "MetalMismatch": "{column}: {given} were taken or first measured, but {made} are in outputs "
    "and declared losses",
    "NotFirstMeasured": "{column} cannot be measured for the first time: the inputs carry {taken}",
    "Co2eMismatch": "inputs and declared emissions carry {given} g CO2e, the outputs {made}",
    "Co2eNotUniform": "output {output} carries {given} g CO2e; in proportion to its product class "
    "it is {minimum} to {maximum}",
    "MetalNotUniform": "output {output} has {given} of {column}; in proportion to its product "
    "class it is {expected}",
    "ReferenceDiffers": "batches of product class {productClass} count in two references, {first} "
    "and {second}",
    "ZeroReference": "output {output} has none of its reference",
    "AllocationOutOfBounds": "product class {productClass} carries {co2e} g CO2e; the allocation "
    "rule allows {minimum} to {maximum}",
    "NotInAllocationRule": "the allocation rule does not know product class {productClass}",
    "ClassOutOfBounds": "output {output} states {given} of {column}; its share of what was taken "
    "bounds it by {bound}",
    "ClassAboveMetal": "output {output} states {class} of {column} in {metal} of the metal",
    "CreditAboveCap": "output {output} claims {given} of {column}; its share of the credit taken "
    "and what is drawn give {cap}",
    "DrawUnused": "output {output} draws {drawn} of {column}, of which it does not need {unused}: "
    "that would be lost or made young again",
    "ClassAtWayIn": "{given} of {column} come in: only what is declared to come from outside has "
    "an origin class, and only the one declared",
    "CreditAboveMetal": "output {output} claims credit of {credit} for {metal} of {substance}",
    "UnitMismatch": "{column}: {given} were taken, but {made} are in outputs and declared losses",
    "UnitsAreReference": "output {output} counts units, so units are its reference",
    "NoLossOf": "{column} cannot be lost: mass is not balanced, CO2e never vanishes, credit and "
    "class end with their metal",
    "ModelStrengthens": "output {output} is {given}, stronger than an input, which is {weakest}",
    "ModelCondition": "output {output} cannot be {model}: {column} is {given} and must be "
    "{required}",
}
_WAYS_IN: Final[Mapping[str, str]] = {
    "NotOfThisConsortium": "the contract at {location} belongs to another consortium",
    "NotOperator": "{account} is no active operating account of a member",
    "NotSiteOperator": "member {member} does not operate site {site}",
    "UnknownProductClass": "product class {productClass} is not registered",
    "UnknownValue": "{value} is no {what}",
    "Count": "there are {given} {what}; {minimum} to {maximum} are possible",
    "ColumnsNotAscending": "columns are not strictly ascending at position {position}",
    "UnknownColumn": "{key} is not registered, or is no column of this batch or run",
    "OneCo2eColumn": "a batch has one column of CO2e, not {given}",
    "QuantityOutOfBounds": "{given} of {column} is outside {minimum} to {maximum}",
    "ZeroRoot": "the root is zero",
    "AlreadyIssued": "member {issuer} has issued a batch of this root before",
    "NotTheBatch": "member {issuer} has no such batch, or its header is another",
    "BatchOpened": "a lot of this batch was opened",
    "NotIssuer": "the batch is of member {issuer}, not of {member}",
    "ProductionWindow": "production from {from} to {until} is empty or ends after {now}",
    "TooLate": "what was produced up to {producedTo} had to be recorded by {latest}, not at {now}",
    "OverCapacity": "site {site} would make {wanted} of {substance} in {period}; its capacity is "
    "{capacity}",
    "OverCeiling": "member {member} would bring in {wanted} of {substance} from outside in "
    "{period}; its ceiling is {ceiling}",
    "OverGain": "site {site} would gain {wanted} of {substance} in {period}; {bound} is possible",
    "SourceUsed": "this lot of the foreign registry came in before",
    "SourceMissing": "what comes from outside names its source, and nothing else does",
    "NotInThisRun": "this kind of run has no {what}",
    "BelowDefault": "product class {productClass} from outside carries at least {minimum} g CO2e, "
    "not {given}",
    "RuleNotInForce": "allocation rule {rule} is not in force for site {site}",
    "CoverMissing": "{column} rests on no certificates, or names some without need",
    "UnknownProgramme": "programme {programme} is not registered",
    "NotReducible": "{from} cannot go on as {to}",
    "ReducedTooMuch": "{reduced} of {column} are reduced, {taken} were taken",
    "CreditSuspended": "site {site} is suspended under programme {programme}: its credit must be "
    "waived",
    "AccountShort": "the account of site {site} under programme {programme} has {available} of "
    "{substance}, not {wanted}",
    "NotDrawable": "nothing can be drawn for output {output}, {column}: only credit, and only for "
    "mass balance",
}
_LOTS: Final[Mapping[str, str]] = {
    "AlreadyOpen": "the lot was opened before with another content",
    "RootMismatch": "the proof leads to another root",
    "PathLength": "the path has {given} octets, {expected} lead from this lot to the root",
    "IndexOutOfBounds": "index {index} is outside a batch of {size} lots",
    "TotalsMismatch": "the proof sums to other totals than the batch's",
    "LotUnopened": "the lot was never opened",
    "LotNotInState": "the lot is {state}, it must be {required}",
    "NotHolder": "the lot is held by member {holder}, not by {member}",
    "NotWhatWasOpened": "what is handed in is not what was opened",
    "Frozen": "the lot is frozen until {until}",
    "LockedByOffer": "the lot is offered to member {to} until {until}",
    "TakenMismatch": "{recorded} of the lot were taken, not {given}: somebody was there first",
    "AboveRemainder": "{wanted} are asked of a lot of which {left} are left",
    "NotOfferedTo": "the lot is offered to member {to}, not to {member}",
    "TimeOutOfBounds": "{given} is outside {minimum} to {maximum}",
    "BadRecipient": "a lot cannot be offered to member {member}",
    "BadSignature": "the signature is not of an operating account of member {member}",
    "NonceUsed": "member {member} used nonce {nonce} before",
    "GainNeedsStockTake": "{measured} arrived of {shipped} shipped: more comes in by a stock-take",
    "NotNamedByExit": "the lot left for another account",
    "MayNotFreeze": "member {member} may not freeze this lot, or did so before",
    "HandedOver": "the successor has this batch",
    "LotWithSuccessor": "the successor has this lot",
}
SENTENCES: Final[Mapping[str, str]] = {**_LAWS, **_WAYS_IN, **_LOTS}
"""Sentence by the name of the contract's error."""

_COLUMN_NAMES: Final = frozenset({"column", "key", "first", "second"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is refused, as data.

    Attributes:
        code: stable.
        message: one sentence.
        error_name: the contract's error.
        arguments: facts by their names in the interface.
        lot: index of the lot within the output, where the problem is a lot's.
    """

    code: str
    message: str
    error_name: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    lot: int | None = None


def code_of(error_name: str) -> str:
    """``MetalMismatch`` -> ``custody.metal_mismatch``."""
    return "custody." + re.sub(r"(?<!^)(?=[A-Z])", "_", error_name).lower()


def sentence(error_name: str, arguments: Mapping[str, object]) -> str:
    """The sentence of a contract error, filled with its arguments.

    Raises:
        InputError: ``custody.unknown_error``, also if an argument is missing.
    """
    template = SENTENCES.get(error_name)
    if template is None:
        raise InputError("custody.unknown_error", f"the lot book has no error {error_name}")
    shown = {key: _shown(error_name, key, value) for key, value in arguments.items()}
    try:
        return template.format_map(shown)
    except KeyError as error:
        message = f"{error_name} says nothing of {error}"
        raise InputError("custody.unknown_error", message) from error


def problem(
    error_name: str, /, *, lot: int | None = None, arguments: Mapping[str, object]
) -> Problem:
    """A refusal that the contract would give, before it does."""
    message = sentence(error_name, arguments)
    if lot is not None:
        message = f"lot {lot}: {message}"
    return Problem(code_of(error_name), message, error_name, dict(arguments), lot)


def _shown(name: str, key: str, value: object) -> str:
    if isinstance(value, bytes):
        return value.rstrip(b"\x00").decode("ascii") if key == "what" else "0x" + value.hex()
    if not isinstance(value, int):
        return str(value)
    if key in _COLUMN_NAMES or name == "NotReducible":
        return _column_words(value)
    words = _WORDS.get(key, str)
    if name == "ModelStrengthens" and key == "given":
        words = _WORDS["model"]
    if name == "LotNotInState" and key == "required":
        words = _WORDS["state"]
    return words(value)


def _column_words(key: int) -> str:
    if key == 0:
        return "the condition on its inputs"
    try:
        return Column.of(key).words()
    except InputError:
        return f"column {key:#010x}"


def _named(values: type[CustodyModel | LotState], number: int) -> str:
    try:
        return values(number).name.lower().replace("_", " ")
    except ValueError:
        return str(number)


_WORDS: Final[Mapping[str, Callable[[int], str]]] = {
    "substance": lambda number: ELEMENT_SYMBOLS.get(number, f"substance {number}"),
    "period": lambda number: period_name(Period(number)),
    "model": lambda number: _named(CustodyModel, number),
    "weakest": lambda number: _named(CustodyModel, number),
    "state": lambda number: _named(LotState, number),
}
