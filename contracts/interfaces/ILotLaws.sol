// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IAssurance} from "./IAssurance.sol";
import {ICustody} from "./ICustody.sol";
import {ILotBook} from "./ILotBook.sol";

/// @title The conservation laws: reading a run, adding it up, and judging it
/// @notice Pure: no state, no caller; what goes in decides what comes out, in integers. LotBook hands a call on as it came,
/// octet for octet, and keeps what the judgement says; anybody can ask the same before signing. A question is the call
/// data of the book's function of the same name || abi.encode(Terms) || the length of that as a word. Sums are indexed by
/// the run's columns.
interface ILotLaws {
    // ---------------------------------------------------------------- values

    /// @notice What the book knows of a run that the run does not say.
    struct Terms {
        uint32 period;
        OutputTerms[] outputs; // one for each of the run's
        bool hasRule;
        IAssurance.Share[] rule; // ascending by class
    }

    /// @notice What the registry says of an output's product class.
    struct OutputTerms {
        uint32 metalTolerancePpm;
        bool residue;
        uint64 co2eDefaultPerMillion;
    }

    /// @notice Credit that comes straight from an origin: the site may be suspended.
    struct OriginCredit {
        uint32 site;
        uint16 programme;
    }

    /// @notice What follows from a run that keeps the laws.
    struct Judgement {
        ICustody.TakeOrder[] orders; // one for each take
        OriginCredit[] originCredits;
        uint256[] used; // of a transform what is taken, before reductions; of a way in what is made
        uint256[] entering; // credit that outputs leave of their caps and that enters the account
        bytes32[] totals; // of each output
        uint16 flags; // without `attributed`
        uint32 originSite;
        bytes32 cause;
    }

    /// @notice A lot and the batch it is proven from.
    struct LotSums {
        uint8 model;
        bool attributed;
        uint32 metalTolerancePpm;
        uint32 referenceColumn; // key
        uint32[] columns;
        uint256[] quantities;
        uint256[] totals;
    }

    // ---------------------------------------------------------------- errors

    /// @notice Law 1: taken and first measured are not outputs and losses.
    error MetalMismatch(uint32 column, uint256 given, uint256 made);
    /// @notice First measured is only a metal that no input carries.
    error NotFirstMeasured(uint32 column, uint256 taken);
    /// @notice Law 2: taken and declared CO2e is not what the outputs carry.
    error Co2eMismatch(uint256 given, uint256 made);
    /// @notice Two batches, or lots, of one product class have other CO2e a reference unit: outside [minimum, maximum].
    error Co2eNotUniform(uint256 output, uint256 given, uint256 minimum, uint256 maximum);
    /// @notice Two batches, or lots, of one product class have other metal a reference unit, beyond the class's tolerance.
    error MetalNotUniform(uint256 output, uint32 column, uint256 given, uint256 expected);
    /// @notice Batches of one product class share one reference column.
    error ReferenceDiffers(uint32 productClass, uint32 first, uint32 second);
    /// @notice The reference column's quantity is zero.
    error ZeroReference(uint256 output);
    /// @notice A product class carries less or more of the CO2e than the site's rule allows.
    error AllocationOutOfBounds(uint32 productClass, uint256 co2e, uint256 minimum, uint256 maximum);
    /// @notice The rule does not know this product class.
    error NotInAllocationRule(uint32 productClass);
    /// @notice Recycled above its share, or external below its share, of what was taken.
    error ClassOutOfBounds(uint256 output, uint32 column, uint256 given, uint256 bound);
    /// @notice More of an origin class than there is metal.
    error ClassAboveMetal(uint256 output, uint32 column, uint256 class, uint256 metal);
    /// @notice Law 3: more credit than the batch's share of what was taken, and what is drawn.
    error CreditAboveCap(uint256 output, uint32 column, uint256 given, uint256 cap);
    /// @notice More credit is drawn than the batch needs.
    error DrawUnused(uint256 output, uint32 column, uint256 drawn, uint256 unused);
    /// @notice An origin class of metal that does not come from outside, or not as this.
    error ClassAtWayIn(uint32 column, uint256 given);
    /// @notice All credit of a substance together is more than its metal.
    error CreditAboveMetal(uint256 output, uint16 substance, uint256 credit, uint256 metal);
    /// @notice Units that were taken are not outputs and losses.
    error UnitMismatch(uint32 column, uint256 given, uint256 made);
    /// @notice Where there are units, there is one kind, and it is the reference.
    error UnitsAreReference(uint256 output);
    /// @notice The column has no losses: mass is not balanced, CO2e never vanishes, credit ends with its metal.
    error NoLossOf(uint32 column);
    /// @notice The model is stronger than an input's.
    error ModelStrengthens(uint256 output, uint8 weakest, uint8 given);
    /// @notice Identity preserved needs one origin; identity preserved and segregated need credit of one programme equal to
    /// the metal, in every input and output; controlled blending needs credit in proportion.
    error ModelCondition(uint256 output, uint8 model, uint32 column, uint256 given, uint256 required);

    // ---------------------------------------------------------------- judging

    /// @notice Judge what a site certifies. Reverts with the law that it breaks.
    function originate(ILotBook.Run calldata run) external pure returns (Judgement memory);

    /// @notice Judge what comes in from outside.
    function declareExternal(ILotBook.Run calldata run) external pure returns (Judgement memory);

    /// @notice Judge what a stock-take found.
    function gain(ILotBook.Run calldata run) external pure returns (Judgement memory);

    /// @notice Judge a transform.
    function transform(ILotBook.Run calldata run) external pure returns (Judgement memory);

    /// @notice Judge a lot against its batch, as custody does when it is opened: carbon, metal, classes and credit are in
    /// proportion, as the model asks.
    function judgeLot(LotSums calldata lot) external pure;
}
