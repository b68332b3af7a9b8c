// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {IAssurance} from "./interfaces/IAssurance.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {ILotBook} from "./interfaces/ILotBook.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {ISiteNotices} from "./interfaces/ISiteNotices.sol";
import {LotContract} from "./libraries/LotContract.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title SiteNotices
/// @notice See ISiteNotices.
contract SiteNotices is ISiteNotices, LotContract {
    using EnumerableSet for EnumerableSet.UintSet;

    /// @dev Records of one member that stand at one site: whoever reads a site reads all of them.
    uint256 private constant STANDING_MAXIMUM = 32;

    IRegistry private immutable _registry;
    IAssurance private immutable _assurance;

    mapping(uint32 site => uint32 concerns) private _concernCounts;
    mapping(uint32 site => uint32 records) private _recordCounts;
    mapping(uint32 site => mapping(uint32 number => Concern content)) private _concerns;
    mapping(uint32 site => mapping(uint32 party => uint32 number)) private _lastConcerns;
    mapping(uint32 site => EnumerableSet.UintSet numbers) private _open;
    mapping(uint32 site => mapping(uint32 number => Record content)) private _records;
    mapping(uint32 site => EnumerableSet.UintSet numbers) private _standing;
    mapping(uint32 site => mapping(uint32 member => uint256 count)) private _standingOf;

    constructor(IConsortium consortium_, IAssurance assurance_) LotContract(consortium_) {
        if (address(assurance_.consortium()) != address(consortium_)) {
            revert ILotBook.NotOfThisConsortium(address(assurance_));
        }
        (_registry, _assurance) = (assurance_.registry(), assurance_);
        _log(
            SiteNoticesOpened.selector,
            uint160(address(consortium_)),
            abi.encode(assurance_.registry(), assurance_)
        );
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc ISiteNotices
    function parts() external view returns (IConsortium, IRegistry, IAssurance) {
        return (_consortium, _registry, _assurance);
    }

    /// @inheritdoc ISiteNotices
    function notices(uint32 site, uint256 most)
        external
        view
        returns (uint256 open, Concern[] memory concerns, uint256 standing, Record[] memory records)
    {
        EnumerableSet.UintSet storage numbers = _open[site];
        open = numbers.length();
        concerns = new Concern[](open < most ? open : most);
        for (uint256 i = 0; i < concerns.length; ++i) {
            concerns[i] = _concerns[site][uint32(numbers.at(i))];
        }
        numbers = _standing[site];
        standing = numbers.length();
        records = new Record[](standing < most ? standing : most);
        for (uint256 i = 0; i < records.length; ++i) {
            records[i] = _records[site][uint32(numbers.at(i))];
        }
    }

    /// @inheritdoc ISiteNotices
    function counts(uint32 site) external view returns (uint32, uint32) {
        return (_concernCounts[site], _recordCounts[site]);
    }

    /// @inheritdoc ISiteNotices
    function concern(uint32 site, uint32 number) external view returns (Concern memory) {
        return _concerns[site][number];
    }

    /// @inheritdoc ISiteNotices
    function lastConcern(uint32 site, uint32 party) external view returns (uint32) {
        return _lastConcerns[site][party];
    }

    /// @inheritdoc ISiteNotices
    function siteRecord(uint32 site, uint32 number) external view returns (Record memory) {
        return _records[site][number];
    }

    // ---------------------------------------------------------------- concerns

    /// @inheritdoc ISiteNotices
    function raiseConcern(uint32 site, bytes32 leaf) external returns (uint32 number) {
        (uint32 party, uint32 roles) = _operator();
        if (leaf == 0) revert ZeroLeaf();
        Source source = _sourceOf(party, roles, site);
        if (source == Source.OPERATOR) revert NoStanding(party, site);
        Concern storage last = _concerns[site][_lastConcerns[site][party]];
        // Also one that both closed early bars the next until its time: what is read of a site does not grow at will.
        if (last.number != 0 && (_isOpen(last) || _now() < last.respondBy)) {
            revert ConcernBarred(party, site, last.respondBy);
        }
        uint64 respondBy = _now() + _consortium.rules().disputeLapse;
        number = ++_concernCounts[site];
        _lastConcerns[site][party] = number;
        _concerns[site][number] = Concern(number, party, _now(), respondBy, source, leaf, 0, 0);
        _open[site].add(number);
        _log(ConcernRaised.selector, site, number, party, abi.encode(source, _now(), respondBy, leaf));
    }

    /// @inheritdoc ISiteNotices
    function closeConcern(uint32 site, uint32 number, bytes32 leaf) external {
        (uint32 member,) = _operator();
        if (leaf == 0) revert ZeroLeaf();
        Concern storage content = _concerns[site][number];
        if (content.number == 0) revert UnknownConcern(site, number);
        Side side = Side.PARTY;
        if (member != content.party) {
            if (!_registry.operates(site, member)) revert NeitherSide(member, site, number);
            side = Side.SITE;
        }
        if ((side == Side.PARTY ? content.closedByParty : content.closedBySite) != 0) {
            revert AlreadyClosed(site, number, side);
        }
        if (side == Side.PARTY) content.closedByParty = _now();
        else content.closedBySite = _now();
        if (!_isOpen(content)) _open[site].remove(number);
        _log(ConcernClosed.selector, site, number, member, abi.encode(side, _now(), leaf));
    }

    // ---------------------------------------------------------------- records

    /// @inheritdoc ISiteNotices
    function record(uint32 site, RecordGrant calldata grant) external returns (uint32 number) {
        (uint32 member, uint32 roles) = _operator();
        Source source = _sourceOf(member, roles, site);
        if (grant.kind != RecordKind.INCIDENT && source != Source.OPERATOR && source != Source.AUTHORITY) {
            revert NoStanding(member, site);
        }
        _requireContent(grant);
        number = ++_recordCounts[site];
        if (grant.replaces != 0) _replace(site, grant, number, member, source);
        _records[site][number] = Record({
            number: number,
            by: member,
            recorded: _now(),
            replaces: grant.replaces,
            replacedBy: 0,
            kind: grant.kind,
            category: grant.category,
            source: source,
            from: grant.from,
            until: grant.until,
            leaf: grant.leaf
        });
        if (grant.until != grant.from) _stand(site, number, member);
        _log(SiteRecorded.selector, site, number, member, _content(source, grant));
    }

    // ---------------------------------------------------------------- private

    /// @dev Who operates the site is its operator before anything else: it raises no concern about itself, and closes none of
    /// its own.
    function _sourceOf(uint32 member, uint32 roles, uint32 site) private view returns (Source) {
        if (!_registry.siteKnown(site)) revert UnknownSite(site);
        if (_registry.operates(site, member)) return Source.OPERATOR;
        if (roles & Roles.AUTHORITY != 0) return Source.AUTHORITY;
        if (roles & Roles.COMMUNITY != 0) return Source.COMMUNITY;
        if (!_assurance.assures(member, site)) revert NoStanding(member, site);
        return Source.ASSURER;
    }

    function _requireContent(RecordGrant calldata grant) private view {
        if (grant.leaf == 0) revert ZeroLeaf();
        uint8 last = grant.kind == RecordKind.INCIDENT
            ? uint8(type(Incident).max)
            : grant.kind == RecordKind.FACILITY
                ? uint8(type(FacilityStatus).max)
                : grant.kind == RecordKind.AGREEMENT ? uint8(type(Agreement).max) : 0;
        if (grant.category == 0 || grant.category > last) revert UnknownCategory(grant.kind, grant.category);
        if (grant.from > _now()) revert FromInTheFuture(grant.from, _now());
        bool takesBack = grant.until == grant.from && grant.replaces != 0;
        if (grant.until <= grant.from && !takesBack) revert WindowEmpty(grant.from, grant.until);
    }

    function _replace(uint32 site, RecordGrant calldata grant, uint32 number, uint32 member, Source source) private {
        Record storage old = _records[site][grant.replaces];
        if (old.number == 0 || old.kind != grant.kind) revert UnknownRecord(site, grant.replaces);
        if (old.replacedBy != 0) revert AlreadyReplaced(site, old.number, old.replacedBy);
        // As what it was said, by who said it; what the operator said also by who operates now.
        if (source != old.source || (member != old.by && source != Source.OPERATOR)) {
            if (source != Source.AUTHORITY) revert NotReplaceable(site, old.number, member);
            _requireIndependentOfSite(member, site);
        }
        old.replacedBy = number;
        if (_standing[site].remove(old.number)) --_standingOf[site][old.by];
    }

    function _stand(uint32 site, uint32 number, uint32 member) private {
        uint256 count = ++_standingOf[site][member];
        if (count > STANDING_MAXIMUM) revert TooMany(count, STANDING_MAXIMUM);
        _standing[site].add(number);
    }

    function _requireIndependentOfSite(uint32 member, uint32 site) private view {
        uint32 group = _consortium.standing(member).controlGroup;
        uint32[] memory operators = _registry.operators(site);
        for (uint256 i = 0; i < operators.length; ++i) {
            bool related = group != 0 && group == _consortium.standing(operators[i]).controlGroup;
            if (related) revert NotIndependent(member, operators[i]);
        }
    }

    function _content(Source source, RecordGrant calldata grant) private view returns (bytes memory) {
        return abi.encode(
            source, grant.kind, grant.category, _now(), grant.from, grant.until, grant.replaces, grant.leaf
        );
    }

    function _isOpen(Concern storage content) private view returns (bool) {
        return content.closedByParty == 0 || content.closedBySite == 0;
    }
}
