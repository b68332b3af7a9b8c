// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IAssurance} from "./IAssurance.sol";
import {IConsortium} from "./IConsortium.sol";
import {ICustody} from "./ICustody.sol";
import {ILotLaws} from "./ILotLaws.sol";
import {IRegistry} from "./IRegistry.sol";
import {IStatementLog} from "./IStatementLog.sol";
import {IVetaContract} from "./IVetaContract.sol";

/// @title Lots that keep their metal, their carbon and their credit
/// @notice A batch is one word under (issuer, root): keccak256(abi.encode(Header)) with bit 0 cleared; bit 0 = something of
/// it was opened; 2 = withdrawn. A lot takes storage only when it moves: then it is opened in ICustody. Every column of a run is balanced by ILotLaws. Quantities are base units, at most 2^53-1.
/// A column's key is kind << 28 | qualifier << 12 | substance; columns are strictly ascending, at most 16 a batch.
interface ILotBook is IVetaContract {
    // ---------------------------------------------------------------- values

    /// @notice How a batch came to be.
    enum BatchKind {
        NONE,
        ORIGIN,
        EXTERNAL,
        GAIN,
        TRANSFORM
    }

    /// @notice Chain-of-custody models of ISO 22095, from the strongest to the weakest.
    enum Model {
        NONE,
        IDENTITY_PRESERVED,
        SEGREGATED,
        CONTROLLED_BLENDING,
        MASS_BALANCE
    }

    /// @notice Why something taken is in no output.
    enum LossReason {
        NONE,
        TAILINGS,
        SLAG,
        DUST,
        EFFLUENT,
        SPILL,
        WEIGHING,
        ASSEMBLED,
        OTHER
    }

    /// @notice Where declared emissions come from.
    enum EmissionPart {
        NONE,
        PROCESS,
        TRANSPORT,
        BOUGHT_IN
    }

    /// @notice First field of what a leaf of `cause` is made of: SHA-256(0x05 || part || fields || salt), each a word of the
    /// ABI; leaves stand in this order, and within a part in the order of the run.
    enum CausePart {
        NONE,
        ORIGIN, // uint32 site, uint64 produced from, uint64 produced to, uint32 period
        SOURCE, // bytes32 source of an external batch
        TAKE, // bytes32 lot id, uint32 issuer, bytes32 root, uint64 index, bytes32 keccak256(abi.encode(uint64[]
        // quantities)), uint64 t, uint64 a
        FIRST_MEASURED, // uint32 column, uint64 quantity
        REDUCTION, // uint32 from, uint32 to, uint64 quantity
        DRAW, // uint8 output, uint32 column, uint64 quantity
        LOSS, // uint32 column, uint64 quantity, uint8 reason
        EMISSION, // uint8 part, uint64 co2e
        CERTIFICATE, // uint32 column, uint64 certificate
        OUTPUT // bytes32 root, bytes32 totals
    }

    /// @notice What is on chain of a batch, as one digest (DESIGN 4.1). `totals` = keccak256(abi.encode(uint32[] columns,
    /// uint64[] sums, bytes16 salt)). Flags: 1 external, 2 recycled, 4 first measured, 8 gain, 16 unallocated,
    /// 32 attributed; the first five are the OR of all inputs.
    struct Header {
        uint8 version;
        uint8 kind;
        uint32 issuer;
        uint64 sequence;
        address by;
        bytes32 root;
        uint64 size;
        bytes32 totals;
        uint32 referenceColumn;
        uint32 site;
        uint32 originSite; // 0 = several or none
        uint32 productClass;
        uint64 producedFrom;
        uint64 producedTo;
        uint8 model;
        uint16 flags;
        uint32 allocationRule;
        uint64 anchoredAt;
        bytes32 cause;
    }

    /// @notice A batch that a run makes.
    struct Output {
        bytes32 root;
        uint64 size;
        uint32[] columns;
        uint64[] sums;
        bytes16 salt; // of `totals`
        uint32 referenceColumn;
        uint32 productClass;
        uint8 model;
        bool attributed; // CO2e may differ between the lots of this batch
    }

    /// @notice A batch that lots are taken from: handed in once, whatever is taken.
    struct Source {
        Header header;
        uint32[] columns;
    }

    /// @notice `amount` of the reference column of an opened lot, of which `taken` is gone already.
    struct Take {
        uint8 source; // index into the run's sources
        uint64 index; // of the lot in its batch
        bytes32 lotKey;
        bytes32 statementLeaf;
        uint64[] quantities;
        uint64 taken;
        uint64 amount;
        uint16 waived; // bit i: the credit in column i of the source is let go
    }

    /// @notice What a run declares as lost, of a metal, unit or class column.
    struct Loss {
        uint32 column;
        uint64 quantity;
        uint8 reason;
    }

    /// @notice Declared emissions in g CO2e.
    struct Emission {
        uint8 part;
        uint64 co2e;
    }

    /// @notice A metal that no input states, measured for the first time.
    struct FirstMeasured {
        uint32 column;
        uint64 quantity;
    }

    /// @notice Credit taken under one programme that goes on under a lower one.
    struct Reduction {
        uint32 from;
        uint32 to;
        uint64 quantity;
    }

    /// @notice Credit of the site's account that goes to a mass-balance output, oldest first.
    struct Draw {
        uint8 output;
        uint32 column;
        uint64 quantity;
    }

    /// @notice Certificates that the credit of a column at origin rests on, one for each mark of the programme, in order.
    struct Cover {
        uint32 column;
        uint64[] certificates;
    }

    /// @notice All that one call of `originate`, `declareExternal`, `gain` or `transform` says. Parts that a kind of run
    /// does not have are empty.
    struct Run {
        uint32 site;
        uint64 producedFrom;
        uint64 producedTo;
        uint32 allocationRule;
        uint32[] columns; // union of the columns of sources and outputs, strictly ascending, at most 32
        Source[] sources;
        Take[] takes; // at most 16
        FirstMeasured[] firstMeasured;
        Reduction[] reductions;
        Draw[] draws;
        Loss[] losses;
        Emission[] emissions;
        Cover[] covers;
        Output[] outputs; // at most 16
        bytes32 source; // external: digest of the foreign registry and its lot id, usable once
        bool recycled; // external: recycled without history
        bytes32 saltSeed; // salt of leaf i of the cause: keccak256(abi.encode(saltSeed, i))
    }

    /// @notice What was done at a site in a period with a substance, base units. One storage slot.
    struct PeriodUse {
        uint64 originated;
        uint64 taken;
        uint64 gained;
    }

    /// @notice What a run took of a lot: `taken` before it, and how much more.
    struct TakeRecord {
        bytes32 lot;
        uint64 taken;
        uint64 amount;
    }

    // ---------------------------------------------------------------- events

    /// @notice The book was opened for a consortium, with what it asks.
    event BookOpened(
        address indexed consortium, address custody, address registry, address assurance, address laws, address log
    );
    /// @notice A batch came to be.
    event BatchIssued(
        uint32 indexed issuer, bytes32 indexed root, Header header, uint32[] columns, uint64[] sums, bytes16 salt
    );
    /// @notice What a run said, beside the batches it made: they carry the same cause.
    event RunRecorded(
        uint32 indexed issuer,
        bytes32 indexed cause,
        uint8 kind,
        bytes32 source,
        TakeRecord[] takes,
        FirstMeasured[] firstMeasured,
        Reduction[] reductions,
        Draw[] draws,
        Loss[] losses,
        Emission[] emissions
    );
    /// @notice A period's use changed to this.
    event PeriodUsed(
        uint32 indexed site, uint16 indexed substance, uint32 indexed period, uint64 originated, uint64 taken, uint64 gained
    );
    /// @notice A member's declared external metal of a period changed to this.
    event CeilingUsed(uint32 indexed member, uint16 indexed substance, uint32 indexed period, uint64 used);
    /// @notice A credit account changed to this.
    event CreditChanged(
        uint32 indexed site, uint16 indexed programme, uint16 indexed substance, uint32 period, uint64 balance
    );
    /// @notice A batch was withdrawn whole; `replacement` is the root in its place, zero if none.
    event BatchWithdrawn(uint32 indexed issuer, bytes32 indexed root, bytes32 replacement);
    /// @notice A batch took the place of a withdrawn one, with the same totals.
    event BatchReplaced(uint32 indexed issuer, bytes32 indexed root, Header header);
    /// @notice The successor took a batch over.
    event BatchHandedOver(uint32 indexed issuer, bytes32 indexed root);

    // ---------------------------------------------------------------- errors

    /// @notice One of the contracts asked is none, or of another consortium.
    error NotOfThisConsortium(address location);
    /// @notice The account is no active OPERATE account of an admitted member.
    error NotOperator(address account);
    /// @notice The member does not operate the site now.
    error NotSiteOperator(uint32 site, uint32 member);
    /// @notice The product class is not registered.
    error UnknownProductClass(uint32 productClass);
    /// @notice Version, kind, model, reason, part or method that is not defined.
    error UnknownValue(bytes32 what, uint256 value);
    /// @notice A list is longer, shorter or empty where it may not be.
    error Count(bytes32 what, uint256 given, uint256 minimum, uint256 maximum);
    /// @notice Keys are not strictly ascending at this position.
    error ColumnsNotAscending(uint256 position, uint32 key);
    /// @notice No such column, or it is not one of the batch or run.
    error UnknownColumn(uint32 key);
    /// @notice A batch has exactly one column of CO2e.
    error OneCo2eColumn(uint256 given);
    /// @notice A quantity lies outside its bounds.
    error QuantityOutOfBounds(uint32 column, uint256 given, uint256 minimum, uint256 maximum);
    /// @notice The root is zero.
    error ZeroRoot();
    /// @notice The issuer has a batch under this root already, withdrawn or not.
    error AlreadyIssued(uint32 issuer, bytes32 root);
    /// @notice There is no such batch, it was withdrawn, or the header handed in is not its.
    error NotTheBatch(uint32 issuer, bytes32 root, bytes32 recorded, bytes32 given);
    /// @notice Something of the batch was opened.
    error BatchOpened(uint32 issuer, bytes32 root);
    /// @notice The member is not the batch's issuer.
    error NotIssuer(uint32 issuer, uint32 member);
    /// @notice Production ends before it begins, or after now.
    error ProductionWindow(uint64 from, uint64 until, uint64 now_);
    /// @notice Anchored too long after production ended.
    error TooLate(uint64 producedTo, uint64 latest, uint64 now_);
    /// @notice A site would have originated more in the period than its capacity.
    error OverCapacity(uint32 site, uint16 substance, uint32 period, uint256 wanted, uint256 capacity);
    /// @notice A member would have declared more from outside in the period than its ceiling.
    error OverCeiling(uint32 member, uint16 substance, uint32 period, uint256 wanted, uint256 ceiling);
    /// @notice A stock-take gains more than its part of what was taken in the period.
    error OverGain(uint32 site, uint16 substance, uint32 period, uint256 wanted, uint256 bound);
    /// @notice The foreign lot came in before.
    error SourceUsed(bytes32 source, bytes32 batch);
    /// @notice The source is zero, or one is given where there is none.
    error SourceMissing(bytes32 source);
    /// @notice A part that this kind of run does not have.
    error NotInThisRun(bytes32 what);
    /// @notice CO2e lies below the class default.
    error BelowDefault(uint32 productClass, uint256 given, uint256 minimum);
    /// @notice The allocation rule is not in force for the site now.
    error RuleNotInForce(uint32 rule, uint32 site, uint64 from, uint64 until);
    /// @notice Credit under this column needs certificates, or has some without need.
    error CoverMissing(uint32 column);
    /// @notice The programme is not registered.
    error UnknownProgramme(uint16 programme);
    /// @notice No reduction from this programme to that one, or of another substance.
    error NotReducible(uint32 from, uint32 to);
    /// @notice More is reduced than was taken.
    error ReducedTooMuch(uint32 column, uint256 taken, uint256 reduced);
    /// @notice The site is suspended under the programme: its credit must be waived.
    error CreditSuspended(uint32 site, uint16 programme);
    /// @notice The account has less than is drawn.
    error AccountShort(uint32 site, uint16 programme, uint16 substance, uint256 available, uint256 wanted);
    /// @notice Credit is drawn for a batch that is not mass-balance, or in a column that is no credit.
    error NotDrawable(uint8 output, uint32 column);
    /// @notice The successor has the lot or batch.
    error HandedOver(bytes32 item);

    // ---------------------------------------------------------------- reading

    /// @notice The consortium whose members these are, and what the book asks.
    function parts()
        external
        view
        returns (IConsortium, ICustody, IRegistry, IAssurance, ILotLaws, IStatementLog);

    /// @notice The word under (issuer, root): header digest with bit 0 cleared | opened; 2 = withdrawn,
    /// 4 = handed over, 0 = never issued.
    function batchWord(uint32 issuer, bytes32 root) external view returns (bytes32);

    /// @notice What a site did in a period with a substance.
    function periodUse(uint32 site, uint16 substance, uint32 period) external view returns (PeriodUse memory);

    /// @notice What a member declared from outside in a period.
    function ceilingUse(uint32 member, uint16 substance, uint32 period) external view returns (uint64);

    /// @notice Unspent credit of (site, programme, substance) that came in period `period`; 0 once it expired.
    function creditOf(uint32 site, uint16 programme, uint16 substance, uint32 period) external view returns (uint64);

    /// @notice The batch that a foreign source came in with: keccak256(abi.encode(issuer, root)), zero if none.
    function sourceBatch(bytes32 source) external view returns (bytes32);

    /// @notice Number of the UTC calendar quarter of a moment: year * 4 + quarter, 0 to 3.
    function periodOf(uint64 time) external pure returns (uint32);

    // ---------------------------------------------------------------- runs. Sender: an OPERATE account of a site's operator

    /// @notice Certify what a registered site produced: all batches of a run in one call.
    function originate(Run calldata run) external;

    /// @notice Bring in one batch from outside the book: no credit, its class for ever. `run.site` may be 0.
    function declareExternal(Run calldata run) external;

    /// @notice A stock-take found more than the book: one batch, bounded, no credit.
    function gain(Run calldata run) external;

    /// @notice Make batches of opened lots that the sender's member holds.
    function transform(Run calldata run) external;

    /// @notice Withdraw a way in (origin, external, gain) of which nothing was opened; capacity, ceiling and source return.
    function withdraw(Header calldata header, uint32[] calldata columns, uint64[] calldata sums, bytes16 salt) external;

    /// @notice Replace a transform's output of which nothing was opened by a batch of equal totals.
    function replace(Header calldata header, bytes32 root, uint64 size) external;

    // ---------------------------------------------------------------- for custody

    /// @notice keccak256(abi.encode(Header)) is the batch's: mark that something of it was opened. Sender: custody.
    function markOpened(uint32 issuer, bytes32 root, bytes32 headerDigest) external;

    // ---------------------------------------------------------------- exit

    /// @notice Hand a batch over to the successor, which alone may call this: nothing of it is opened here any more.
    function handOverBatch(uint32 issuer, bytes32 root) external returns (bytes32 word);
}
