// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IConsortium} from "./IConsortium.sol";
import {IVetaContract} from "./IVetaContract.sol";

/// @title Which sites, metals and products there are, and how much each site can make
/// @notice Everything here is set by vote: the consortium alone writes, for an executed proposal CALL_CONTRACT. Times are
/// Unix seconds, windows [from, to). What time logic reads (operators, capacities, ceilings, rules) is an append-only list
/// with a readable count. What is a name for something (site, class, substance, unit kind) is never altered once it is
/// known: a correction is a new id.
///
/// A column key is kind << 28 | qualifier << 12 | substance.
interface IRegistry is IVetaContract {
    // ---------------------------------------------------------------- values

    /// @notice What a substance's quantities are counted in.
    enum BaseUnit {
        NONE,
        GRAM,
        MILLIGRAM
    }

    /// @notice Kind of a column, the top four bits of its key.
    enum ColumnKind {
        NONE,
        MASS, // qualifier 1 dry, 2 net; substance 0
        METAL, // qualifier 0; a registered substance
        CLASS, // qualifier 1 recycled, 2 external; a registered substance
        CO2E, // qualifier = the network's GWP set; substance 0
        CREDIT, // qualifier = a programme of Assurance; a registered substance
        UNIT // qualifier = a registered unit kind; substance 0
    }

    /// @notice A site as it is proposed.
    struct SiteGrant {
        string identifier; // 1 to 256 octets, no other site has it
        string name; // 1 to 256 octets
        bytes2 country; // ISO 3166-1 alpha-2
    }

    /// @notice What never changes about a site, and whether the successor has it.
    struct Site {
        bytes2 country;
        uint64 registered;
        bool handedOver;
        bytes32 identifierDigest; // keccak256 of the identifier's octets
    }

    /// @notice An entry of a site's operator list: from `recorded` on, until the member's next entry for the site, the
    /// member operates it in [from, until) and at no other time. One storage slot.
    struct OperatorEntry {
        uint32 member;
        uint64 from;
        uint64 until; // 2^64-1 = open
        uint64 recorded;
    }

    /// @notice An entry of a list of amounts: in force from `effective` to the `effective` of the next one that came into
    /// force. One that is still pending when the next is recorded never comes into force. One storage slot.
    struct AmountEntry {
        uint64 effective;
        uint64 amount;
        uint64 recorded;
    }

    /// @notice A kind of product. One storage slot.
    struct ProductClass {
        bool known;
        bool residue; // tailings, slag, scrap, slimes, bleed: credit that its batches leave is extinguished
        uint32 metalTolerancePpm; // how far metal per reference unit may differ between lots of one call
        uint32 custodyTolerancePpm; // how far the measured reference may differ from the shipped one
        uint64 co2eDefaultPerMillion; // g CO2e per 1,000,000 base units of the reference: 960 g/kg = 960,000
    }

    /// @notice A metal. One storage slot.
    struct Substance {
        bool known;
        BaseUnit unit;
        bytes16 symbol; // ASCII, left-aligned
    }

    /// @notice What the lot book goes by. Numbered from 1, dated, changed by vote, never overwritten. One storage slot.
    struct LotRules {
        uint32 latenessSeconds; // a way in is recorded at most this long after its production period; 1 s to 366 days
        uint32 gainPpm; // of a period's takes that a stock-take may add; at most 100,000
        uint32 authorityFreezeSeconds; // how long an authority may freeze alone; 1 s to 90 days
        uint32 creditPeriods; // calendar quarters that credit lives beyond its own; at most 4
        uint64 effective; // block time; ignored when handed in
    }

    // ---------------------------------------------------------------- events

    /// @notice The registry was opened for this consortium; the network's CO2e columns carry this GWP set.
    event Opened(address indexed consortium, uint16 gwpSet);
    /// @notice A site was registered. `identifierDigest` = keccak256 of the identifier's octets.
    event SiteRegistered(
        uint32 indexed site, bytes32 indexed identifierDigest, string identifier, string name, bytes2 country
    );
    /// @notice An entry was appended to the site's operator list.
    event OperatorSet(
        uint32 indexed site, uint32 indexed member, uint32 index, uint64 from, uint64 until, uint64 recorded
    );
    /// @notice An entry was appended to the capacities of (site, substance).
    event CapacitySet(
        uint32 indexed site, uint16 indexed substance, uint32 index, uint64 effective, uint64 amount, uint64 recorded
    );
    /// @notice An entry was appended to the external ceilings of (member, substance).
    event ExternalCeilingSet(
        uint32 indexed member, uint16 indexed substance, uint32 index, uint64 effective, uint64 amount, uint64 recorded
    );
    /// @notice A product class was registered.
    event ProductClassRegistered(
        uint32 indexed productClass,
        bool residue,
        uint32 metalTolerancePpm,
        uint32 custodyTolerancePpm,
        uint64 co2eDefaultPerMillion,
        string name
    );
    /// @notice A substance was registered.
    event SubstanceRegistered(uint16 indexed substance, BaseUnit unit, bytes16 symbol);
    /// @notice A unit kind was registered.
    event UnitKindRegistered(uint16 indexed unitKind, string name);
    /// @notice Rules of the lot book were set.
    event LotRulesSet(
        uint32 indexed number,
        uint32 latenessSeconds,
        uint32 gainPpm,
        uint32 authorityFreezeSeconds,
        uint32 creditPeriods,
        uint64 effective
    );
    /// @notice The successor took the site over; nobody operates it here any more.
    event SiteHandedOver(uint32 indexed site);

    // ---------------------------------------------------------------- errors

    /// @notice There is no consortium with a voter at the address.
    error NotAConsortium(address location);
    /// @notice Ids start at 1 and end at `maximum`.
    error IdOutOfBounds(uint256 id, uint256 maximum);
    /// @notice The id is taken already.
    error AlreadyRegistered(uint256 id);
    /// @notice A text is empty or too long.
    error TextLength(uint256 length, uint256 maximum);
    /// @notice Country is not two upper-case letters.
    error NotCountryCode(bytes2 country);
    /// @notice Another site has this identifier.
    error IdentifierTaken(bytes32 identifierDigest, uint32 site);
    /// @notice Another substance has this symbol.
    error SymbolTaken(bytes16 symbol, uint16 substance);
    /// @notice A symbol is 1 to 16 printable ASCII characters, left-aligned.
    error NotASymbol(bytes16 symbol);
    /// @notice A substance is counted in grams or milligrams.
    error UnknownUnit(uint8 unit);
    /// @notice There is no such site, or the successor has it.
    error UnknownSite(uint32 site);
    /// @notice There is no such product class.
    error UnknownProductClass(uint32 productClass);
    /// @notice There is no such substance.
    error UnknownSubstance(uint16 substance);
    /// @notice Nothing registered stands behind the column key.
    error UnknownColumn(uint32 key);
    /// @notice The member is not admitted now.
    error NotAdmitted(uint32 member);
    /// @notice The member does not operate the site, so this cannot end.
    error NotOperating(uint32 site, uint32 member);
    /// @notice The window ends before it starts, or before now.
    error WindowEmpty(uint64 from, uint64 until);
    /// @notice Too many entries.
    error TooMany(uint256 count, uint256 maximum);
    /// @notice A quantity is at most 2^53-1.
    error AmountOutOfBounds(uint64 amount, uint64 maximum);
    /// @notice A tolerance is at most 1,000,000 ppm.
    error ToleranceOutOfBounds(uint32 tolerancePpm, uint32 maximum);
    /// @notice The rules are out of bounds; `field` counts from 0 in the order of `LotRules`.
    error LotRulesOutOfBounds(uint8 field, uint256 value);
    /// @notice There are no rules of this number.
    error UnknownLotRules(uint32 number);

    // ---------------------------------------------------------------- reading: what other contracts ask, one slot each

    /// @notice Whether the member operates the site now. False for a site that the successor has.
    function operates(uint32 site, uint32 member) external view returns (bool);

    /// @notice Whether the site is registered and the successor does not have it.
    function siteKnown(uint32 site) external view returns (bool);

    /// @notice A product class; all zero if unknown.
    function productClass(uint32 id) external view returns (ProductClass memory);

    /// @notice Base units of a substance that the site can make in a calendar quarter, as in force now; 0 if never set.
    function capacity(uint32 site, uint16 substance) external view returns (uint64);

    /// @notice Base units of a substance that the member may declare external in a calendar quarter, as in force now.
    function externalCeiling(uint32 member, uint16 substance) external view returns (uint64);

    /// @notice Whether something registered stands behind a column key. Of a credit column this says that the substance is
    /// registered; whether there is such a programme is Assurance's to say.
    function columnKnown(uint32 key) external view returns (bool);

    /// @notice Refuse with UnknownColumn, for the first of the keys that `columnKnown` denies: many columns in one call.
    function requireColumns(uint32[] calldata columns) external view;

    /// @notice The lot book's rules in force.
    function lotRules() external view returns (LotRules memory);

    // ---------------------------------------------------------------- reading: the rest

    /// @notice The consortium that votes.
    function consortium() external view returns (IConsortium);

    /// @notice The GWP set in the qualifier of every CO2e column of the network.
    function gwpSet() external view returns (uint16);

    /// @notice A site; all zero if unknown.
    function site(uint32 id) external view returns (Site memory);

    /// @notice The site of an identifier's keccak256, 0 if none.
    function siteOf(bytes32 identifierDigest) external view returns (uint32);

    /// @notice Members whose window at the site is not over: at most eight, in no order.
    function operators(uint32 site_) external view returns (uint32[] memory members);

    /// @notice Length of the site's operator list.
    function operatorCount(uint32 site_) external view returns (uint256);

    /// @notice Entries [first, first + count) of the site's operator list, cut at its end.
    function operatorEntries(uint32 site_, uint256 first, uint256 count) external view returns (OperatorEntry[] memory);

    /// @notice Length of the list of capacities of (site, substance).
    function capacityCount(uint32 site_, uint16 substance_) external view returns (uint256);

    /// @notice Entries [first, first + count) of the capacities of (site, substance), cut at the list's end.
    function capacityEntries(uint32 site_, uint16 substance_, uint256 first, uint256 count)
        external
        view
        returns (AmountEntry[] memory);

    /// @notice Length of the list of external ceilings of (member, substance).
    function externalCeilingCount(uint32 member, uint16 substance_) external view returns (uint256);

    /// @notice Entries [first, first + count) of the external ceilings of (member, substance), cut at the list's end.
    function externalCeilingEntries(uint32 member, uint16 substance_, uint256 first, uint256 count)
        external
        view
        returns (AmountEntry[] memory);

    /// @notice A substance; all zero if unknown.
    function substance(uint16 id) external view returns (Substance memory);

    /// @notice Whether a unit kind is registered.
    function unitKindKnown(uint16 id) external view returns (bool);

    /// @notice Number of rules so far.
    function lotRulesCount() external view returns (uint32);

    /// @notice Rules by number, from 1.
    function lotRulesAt(uint32 number) external view returns (LotRules memory);

    // ---------------------------------------------------------------- votes: the consortium alone

    /// @notice Register a site under an id that is free.
    function registerSite(uint32 id, SiteGrant calldata grant) external;

    /// @notice Let a member operate a site in [from, until), or change when it does. A `from` before the block's time counts
    /// as now; `until` 2^64-1 = open, 0 = end at once.
    function setOperator(uint32 site_, uint32 member, uint64 from, uint64 until) external;

    /// @notice Set what a site can make of a substance in a quarter, from `effective` (not before now) on.
    function setCapacity(uint32 site_, uint16 substance_, uint64 effective, uint64 amount) external;

    /// @notice Set what a member may declare external of a substance in a quarter, from `effective` (not before now) on.
    function setExternalCeiling(uint32 member, uint16 substance_, uint64 effective, uint64 amount) external;

    /// @notice Register a product class under an id that is free; `known` is ignored.
    function registerProductClass(uint32 id, ProductClass calldata content, string calldata name) external;

    /// @notice Register a substance under a 12-bit id that is free; for a chemical element that is its atomic number.
    /// @param unit a `BaseUnit`
    function registerSubstance(uint16 id, uint8 unit, bytes16 symbol) external;

    /// @notice Register a unit kind under an id that is free.
    function registerUnitKind(uint16 id, string calldata name) external;

    /// @notice Set the lot book's rules, from now on.
    function setLotRules(LotRules calldata next) external;

    // ---------------------------------------------------------------- exit

    /// @notice Hand a site over to the successor, which alone may call this: nobody operates it here any more.
    function handOver(uint32 site_) external;
}
