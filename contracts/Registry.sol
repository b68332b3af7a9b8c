// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IVetaContract} from "./interfaces/IVetaContract.sol";
import {AmountList} from "./libraries/AmountList.sol";
import {SmallSet} from "./libraries/SmallSet.sol";
import {VetaContract} from "./libraries/VetaContract.sol";

/// @title Registry
/// @notice See IRegistry.
contract Registry is IRegistry, VetaContract {
    using AmountList for AmountList.List;
    using BitMaps for BitMaps.BitMap;
    using SmallSet for uint256;

    /// @dev IPCC AR6, 100 years. Figures of two sets cannot be added, so a network has one for ever.
    uint16 private constant GWP_SET = 1;
    uint16 private constant SUBSTANCE_MAXIMUM = 2 ** 12 - 1;
    uint64 private constant AMOUNT_MAXIMUM = 2 ** 53 - 1;
    uint256 private constant TEXT_MAXIMUM = 256;
    uint32 private constant MILLION = 1_000_000;
    uint32 private constant LATENESS_MAXIMUM = 366 days;
    uint32 private constant GAIN_MAXIMUM = 100_000;
    uint32 private constant FREEZE_MAXIMUM = 90 days;
    uint32 private constant CREDIT_PERIODS_MAXIMUM = 4;

    IConsortium private immutable _consortium;

    /// @dev A window as `operates` reads it. One storage slot.
    struct Window {
        uint64 from;
        uint64 until;
    }

    LotRules private _lotRules;
    LotRules[] private _lotRulesList;
    mapping(uint32 site => Site content) private _sites;
    mapping(bytes32 identifierDigest => uint32 site) private _siteOf;
    mapping(uint32 site => mapping(uint32 member => Window window)) private _operatorWindows;
    /// @dev Members whose window is not over, as a SmallSet; what is over is dropped when one is added.
    mapping(uint32 site => uint256 members) private _operatorSets;
    mapping(uint32 site => OperatorEntry[] entries) private _operatorEntries;
    mapping(uint32 site => mapping(uint16 substance => AmountList.List list)) private _capacities;
    mapping(uint32 member => mapping(uint16 substance => AmountList.List list)) private _externalCeilings;
    mapping(uint32 productClass => ProductClass content) private _productClasses;
    mapping(uint16 substance => Substance content) private _substances;
    mapping(bytes16 symbol => uint16 substance) private _substanceOf;
    /// @dev Once more as bits, so that the columns of a batch are checked in one slot.
    BitMaps.BitMap private _substanceBits;
    BitMaps.BitMap private _unitKinds;

    constructor(IConsortium consortium_) {
        if (address(consortium_).code.length == 0 || consortium_.voterCount() == 0) {
            revert NotAConsortium(address(consortium_));
        }
        _consortium = consortium_;
        emit Opened(address(consortium_), GWP_SET);
        _record(keccak256(abi.encode(Opened.selector, consortium_, GWP_SET)));
        _setLotRules(
            LotRules({
                latenessSeconds: 30 days,
                gainPpm: 1_000,
                authorityFreezeSeconds: 30 days,
                creditPeriods: CREDIT_PERIODS_MAXIMUM,
                effective: 0
            })
        );
    }

    modifier byVote() {
        _onlyConsortium();
        _;
    }

    // ---------------------------------------------------------------- reading: what other contracts ask

    /// @inheritdoc IRegistry
    function operates(uint32 site_, uint32 member) external view returns (bool) {
        Window storage window = _operatorWindows[site_][member];
        return window.from <= _now() && _now() < window.until;
    }

    /// @inheritdoc IRegistry
    function siteKnown(uint32 site_) public view returns (bool) {
        Site storage content = _sites[site_];
        return content.registered != 0 && !content.handedOver;
    }

    /// @inheritdoc IRegistry
    function productClass(uint32 id) external view returns (ProductClass memory) {
        return _productClasses[id];
    }

    /// @inheritdoc IRegistry
    function capacity(uint32 site_, uint16 substance_) external view returns (uint64) {
        return _capacities[site_][substance_].inForce(_now());
    }

    /// @inheritdoc IRegistry
    function externalCeiling(uint32 member, uint16 substance_) external view returns (uint64) {
        return _externalCeilings[member][substance_].inForce(_now());
    }

    /// @inheritdoc IRegistry
    function columnKnown(uint32 key) public view returns (bool) {
        uint256 kind = key >> 28;
        uint256 qualifier = uint16(key >> 12);
        uint256 substance_ = key & SUBSTANCE_MAXIMUM;
        if (kind == uint256(ColumnKind.MASS)) return (qualifier == 1 || qualifier == 2) && substance_ == 0;
        if (kind == uint256(ColumnKind.CO2E)) return qualifier == GWP_SET && substance_ == 0;
        if (kind == uint256(ColumnKind.UNIT)) return substance_ == 0 && _unitKinds.get(qualifier);
        if (kind == uint256(ColumnKind.METAL) && qualifier != 0) return false;
        if (kind == uint256(ColumnKind.CLASS) && qualifier != 1 && qualifier != 2) return false;
        return kind >= uint256(ColumnKind.METAL) && kind <= uint256(ColumnKind.CREDIT)
            && _substanceBits.get(substance_);
    }

    /// @inheritdoc IRegistry
    function requireColumns(uint32[] calldata columns) external view {
        for (uint256 i = 0; i < columns.length; ++i) {
            if (!columnKnown(columns[i])) revert UnknownColumn(columns[i]);
        }
    }

    /// @inheritdoc IRegistry
    function lotRules() external view returns (LotRules memory) {
        return _lotRules;
    }

    // ---------------------------------------------------------------- reading: the rest

    /// @inheritdoc IRegistry
    function consortium() external view returns (IConsortium) {
        return _consortium;
    }

    /// @inheritdoc IRegistry
    function gwpSet() external pure returns (uint16) {
        return GWP_SET;
    }

    /// @inheritdoc IRegistry
    function site(uint32 id) external view returns (Site memory) {
        return _sites[id];
    }

    /// @inheritdoc IRegistry
    function siteOf(bytes32 identifierDigest) external view returns (uint32) {
        return _siteOf[identifierDigest];
    }

    /// @inheritdoc IRegistry
    function operators(uint32 site_) external view returns (uint32[] memory) {
        return _liveOperators(site_, 0).values();
    }

    /// @inheritdoc IRegistry
    function operatorCount(uint32 site_) external view returns (uint256) {
        return _operatorEntries[site_].length;
    }

    /// @inheritdoc IRegistry
    function operatorEntries(uint32 site_, uint256 first, uint256 count)
        external
        view
        returns (OperatorEntry[] memory entries)
    {
        OperatorEntry[] storage list = _operatorEntries[site_];
        uint256 length = list.length;
        entries = new OperatorEntry[](first >= length ? 0 : Math.min(count, length - first));
        for (uint256 i = 0; i < entries.length; ++i) {
            entries[i] = list[first + i];
        }
    }

    /// @inheritdoc IRegistry
    function capacityCount(uint32 site_, uint16 substance_) external view returns (uint256) {
        return _capacities[site_][substance_].entries.length;
    }

    /// @inheritdoc IRegistry
    function capacityEntries(uint32 site_, uint16 substance_, uint256 first, uint256 count)
        external
        view
        returns (AmountEntry[] memory)
    {
        return _capacities[site_][substance_].slice(first, count);
    }

    /// @inheritdoc IRegistry
    function externalCeilingCount(uint32 member, uint16 substance_) external view returns (uint256) {
        return _externalCeilings[member][substance_].entries.length;
    }

    /// @inheritdoc IRegistry
    function externalCeilingEntries(uint32 member, uint16 substance_, uint256 first, uint256 count)
        external
        view
        returns (AmountEntry[] memory)
    {
        return _externalCeilings[member][substance_].slice(first, count);
    }

    /// @inheritdoc IRegistry
    function substance(uint16 id) external view returns (Substance memory) {
        return _substances[id];
    }

    /// @inheritdoc IRegistry
    function unitKindKnown(uint16 id) external view returns (bool) {
        return _unitKinds.get(id);
    }

    /// @inheritdoc IRegistry
    function lotRulesCount() external view returns (uint32) {
        return uint32(_lotRulesList.length);
    }

    /// @inheritdoc IRegistry
    function lotRulesAt(uint32 number) external view returns (LotRules memory) {
        if (number == 0 || number > _lotRulesList.length) revert UnknownLotRules(number);
        return _lotRulesList[number - 1];
    }

    // ---------------------------------------------------------------- votes: sites

    /// @inheritdoc IRegistry
    function registerSite(uint32 id, SiteGrant calldata grant) external byVote {
        if (id == 0) revert IdOutOfBounds(id, type(uint32).max);
        if (_sites[id].registered != 0) revert AlreadyRegistered(id);
        _requireText(grant.identifier);
        _requireText(grant.name);
        _requireCountry(grant.country);
        bytes32 identifierDigest = keccak256(bytes(grant.identifier));
        uint32 taken = _siteOf[identifierDigest];
        if (taken != 0) revert IdentifierTaken(identifierDigest, taken);
        _siteOf[identifierDigest] = id;
        _sites[id] = Site(grant.country, _now(), false, identifierDigest);
        emit SiteRegistered(id, identifierDigest, grant.identifier, grant.name, grant.country);
        _record(
            keccak256(
                bytes.concat(
                    abi.encode(SiteRegistered.selector, id, identifierDigest),
                    abi.encode(grant.identifier, grant.name, grant.country)
                )
            )
        );
    }

    /// @inheritdoc IRegistry
    function setOperator(uint32 site_, uint32 member, uint64 from, uint64 until) external byVote {
        _requireSite(site_);
        if (from < _now() || until == 0) from = _now();
        if (until == 0) {
            if (_operatorWindows[site_][member].until <= _now()) revert NotOperating(site_, member);
            until = _now();
        } else {
            if (until <= from) revert WindowEmpty(from, until);
            if (!_consortium.standing(member).admitted) revert NotAdmitted(member);
        }
        uint256 live = _liveOperators(site_, member);
        if (until > _now()) {
            if (live.size() == SmallSet.CAPACITY) revert TooMany(SmallSet.CAPACITY + 1, SmallSet.CAPACITY);
            live = live.with(member);
        }
        _operatorSets[site_] = live;
        _operatorWindows[site_][member] = Window(from, until);
        uint32 index = uint32(_operatorEntries[site_].length);
        _operatorEntries[site_].push(OperatorEntry(member, from, until, _now()));
        emit OperatorSet(site_, member, index, from, until, _now());
        _record(keccak256(abi.encode(OperatorSet.selector, site_, member, index, from, until, _now())));
    }

    /// @inheritdoc IRegistry
    function setCapacity(uint32 site_, uint16 substance_, uint64 effective, uint64 amount) external byVote {
        _requireSite(site_);
        _requireAmount(substance_, amount);
        (uint32 index, uint64 from) = _capacities[site_][substance_].append(effective, amount, _now());
        emit CapacitySet(site_, substance_, index, from, amount, _now());
        _record(keccak256(abi.encode(CapacitySet.selector, site_, substance_, index, from, amount, _now())));
    }

    /// @inheritdoc IRegistry
    function setExternalCeiling(uint32 member, uint16 substance_, uint64 effective, uint64 amount) external byVote {
        if (amount != 0 && !_consortium.standing(member).admitted) revert NotAdmitted(member);
        _requireAmount(substance_, amount);
        (uint32 index, uint64 from) = _externalCeilings[member][substance_].append(effective, amount, _now());
        emit ExternalCeilingSet(member, substance_, index, from, amount, _now());
        _record(keccak256(abi.encode(ExternalCeilingSet.selector, member, substance_, index, from, amount, _now())));
    }

    // ---------------------------------------------------------------- votes: what things are

    /// @inheritdoc IRegistry
    function registerProductClass(uint32 id, ProductClass calldata content, string calldata name) external byVote {
        if (id == 0) revert IdOutOfBounds(id, type(uint32).max);
        if (_productClasses[id].known) revert AlreadyRegistered(id);
        _requireText(name);
        _requireTolerance(content.metalTolerancePpm);
        _requireTolerance(content.custodyTolerancePpm);
        if (content.co2eDefaultPerMillion > AMOUNT_MAXIMUM) {
            revert AmountOutOfBounds(content.co2eDefaultPerMillion, AMOUNT_MAXIMUM);
        }
        _productClasses[id] = content;
        _productClasses[id].known = true;
        emit ProductClassRegistered(
            id,
            content.residue,
            content.metalTolerancePpm,
            content.custodyTolerancePpm,
            content.co2eDefaultPerMillion,
            name
        );
        _record(
            keccak256(
                bytes.concat(
                    abi.encode(ProductClassRegistered.selector, id),
                    abi.encode(
                        content.residue,
                        content.metalTolerancePpm,
                        content.custodyTolerancePpm,
                        content.co2eDefaultPerMillion,
                        name
                    )
                )
            )
        );
    }

    /// @inheritdoc IRegistry
    function registerSubstance(uint16 id, uint8 unit, bytes16 symbol) external byVote {
        if (id == 0 || id > SUBSTANCE_MAXIMUM) revert IdOutOfBounds(id, SUBSTANCE_MAXIMUM);
        if (_substances[id].known) revert AlreadyRegistered(id);
        if (unit == 0 || unit > uint8(type(BaseUnit).max)) revert UnknownUnit(unit);
        _requireSymbol(symbol);
        if (_substanceOf[symbol] != 0) revert SymbolTaken(symbol, _substanceOf[symbol]);
        _substanceOf[symbol] = id;
        _substances[id] = Substance(true, BaseUnit(unit), symbol);
        _substanceBits.set(id);
        emit SubstanceRegistered(id, BaseUnit(unit), symbol);
        _record(keccak256(abi.encode(SubstanceRegistered.selector, id, unit, symbol)));
    }

    /// @inheritdoc IRegistry
    function registerUnitKind(uint16 id, string calldata name) external byVote {
        if (id == 0) revert IdOutOfBounds(id, type(uint16).max);
        if (_unitKinds.get(id)) revert AlreadyRegistered(id);
        _requireText(name);
        _unitKinds.set(id);
        emit UnitKindRegistered(id, name);
        _record(keccak256(bytes.concat(abi.encode(UnitKindRegistered.selector, id), abi.encode(name))));
    }

    /// @inheritdoc IRegistry
    function setLotRules(LotRules calldata next) external byVote {
        _setLotRules(next);
    }

    // ---------------------------------------------------------------- exit

    /// @inheritdoc IVetaContract
    function setSuccessor(address successor_) external byVote {
        _setSuccessor(successor_);
    }

    /// @inheritdoc IRegistry
    function handOver(uint32 site_) external {
        _onlySuccessor();
        _requireSite(site_);
        uint32[] memory live = _operatorSets[site_].values();
        for (uint256 i = 0; i < live.length; ++i) {
            delete _operatorWindows[site_][live[i]];
        }
        delete _operatorSets[site_];
        _sites[site_].handedOver = true;
        emit SiteHandedOver(site_);
        _record(keccak256(abi.encode(SiteHandedOver.selector, site_)));
    }

    // ---------------------------------------------------------------- private

    function _onlyConsortium() private view {
        if (msg.sender != address(_consortium)) revert NotCaller(msg.sender, address(_consortium));
    }

    function _setLotRules(LotRules memory next) private {
        _requireSound(next);
        next.effective = _now();
        _lotRules = next;
        _lotRulesList.push(next);
        uint32 number = uint32(_lotRulesList.length);
        emit LotRulesSet(
            number,
            next.latenessSeconds,
            next.gainPpm,
            next.authorityFreezeSeconds,
            next.creditPeriods,
            next.effective
        );
        _record(keccak256(bytes.concat(abi.encode(LotRulesSet.selector, number), abi.encode(next))));
    }

    /// @dev The site's operators whose window is not over, less one member.
    function _liveOperators(uint32 site_, uint32 without) private view returns (uint256 live) {
        uint32[] memory members = _operatorSets[site_].values();
        for (uint256 i = 0; i < members.length; ++i) {
            bool over = _operatorWindows[site_][members[i]].until <= _now();
            if (members[i] != without && !over) live = live.with(members[i]);
        }
    }

    function _requireSite(uint32 site_) private view {
        if (!siteKnown(site_)) revert UnknownSite(site_);
    }

    function _requireAmount(uint16 substance_, uint64 amount) private view {
        if (!_substances[substance_].known) revert UnknownSubstance(substance_);
        if (amount > AMOUNT_MAXIMUM) revert AmountOutOfBounds(amount, AMOUNT_MAXIMUM);
    }

    function _requireSound(LotRules memory next) private pure {
        _requireRule(0, next.latenessSeconds, 1, LATENESS_MAXIMUM);
        _requireRule(1, next.gainPpm, 0, GAIN_MAXIMUM);
        _requireRule(2, next.authorityFreezeSeconds, 1, FREEZE_MAXIMUM);
        _requireRule(3, next.creditPeriods, 0, CREDIT_PERIODS_MAXIMUM);
    }

    function _requireRule(uint8 field, uint32 value, uint32 minimum, uint32 maximum) private pure {
        if (value < minimum || value > maximum) revert LotRulesOutOfBounds(field, value);
    }

    function _requireTolerance(uint32 tolerancePpm) private pure {
        if (tolerancePpm > MILLION) revert ToleranceOutOfBounds(tolerancePpm, MILLION);
    }

    function _requireText(string calldata text) private pure {
        uint256 length = bytes(text).length;
        if (length == 0 || length > TEXT_MAXIMUM) revert TextLength(length, TEXT_MAXIMUM);
    }

    function _requireCountry(bytes2 country) private pure {
        if (country[0] < "A" || country[0] > "Z" || country[1] < "A" || country[1] > "Z") {
            revert NotCountryCode(country);
        }
    }

    function _requireSymbol(bytes16 symbol) private pure {
        bool over = false;
        for (uint256 i = 0; i < 16; ++i) {
            bytes1 character = symbol[i];
            if (character == 0 && i > 0) over = true;
            else if (over || character < 0x21 || character > 0x7e) revert NotASymbol(symbol);
        }
    }
}
