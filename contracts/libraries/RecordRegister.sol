// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IAssurance} from "../interfaces/IAssurance.sol";
import {Roles} from "./Roles.sol";
import {SchemeRegister} from "./SchemeRegister.sol";
import {SmallSet} from "./SmallSet.sol";

/// @title Accreditations and certificates, and what became of them
abstract contract RecordRegister is SchemeRegister {
    using SmallSet for uint256;

    uint8 internal constant SUSPENDED = 0x0f;
    uint8 internal constant EVER_SUSPENDED = 1 << 4;
    uint8 internal constant ENDED = 1 << 5;
    uint8 private constant EVERY_SUBSTANCE = 1 << 6;
    uint8 internal constant HANDED_OVER = 1 << 7;
    uint256 private constant SUBSTANCES_MAXIMUM = 16;
    /// @dev Beyond this many entries nothing is lifted any more, and what ended does not end earlier: so that reading a
    /// list stays cheap, and a suspension never lacks room.
    uint256 private constant ENTRIES_MAXIMUM = 32;
    uint256 private constant LIVE_MAXIMUM = 7;
    uint256 private constant LIVE_PER_ISSUER = 3;
    uint256 private constant LIVE_MASK = 2 ** 224 - 1;
    uint256 private constant ONE_SUSPENDED = 2 ** 224;

    uint32 private _recordCount;
    mapping(uint32 record => Record content) private _records;
    mapping(uint32 record => RecordEntry[] entries) private _statuses;
    mapping(uint32 issuer => mapping(bytes32 leaf => uint32 record)) private _recordOf;
    /// @dev Up to seven certificates, as a SmallSet: those that were not over when the last one was recorded, and those
    /// withdrawn or void that none recorded since stands in for. From bit 224 on how many of them are suspended, withdrawn
    /// or void.
    mapping(uint32 site => mapping(uint16 scheme => uint256 certificates)) private _live;
    /// @dev The same by issuer, whatever the scheme: a SmallSet.
    mapping(uint32 site => mapping(uint32 issuer => uint256 certificates)) private _issued;

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IAssurance
    function recordCount() external view returns (uint32) {
        return _recordCount;
    }

    /// @inheritdoc IAssurance
    function record(uint32 id) external view returns (Record memory) {
        return _records[id];
    }

    /// @inheritdoc IAssurance
    function recordOf(uint32 issuer, bytes32 leaf) external view returns (uint32) {
        return _recordOf[issuer][leaf];
    }

    /// @inheritdoc IAssurance
    function certificatesOf(uint32 site, uint16 scheme_) external view returns (uint32[] memory) {
        return (_live[site][scheme_] & LIVE_MASK).values();
    }

    /// @inheritdoc IAssurance
    function statusCount(uint32 record_) external view returns (uint256) {
        return _statuses[record_].length;
    }

    /// @inheritdoc IAssurance
    function status(uint32 record_, uint256 first, uint256 count)
        external
        view
        returns (RecordEntry[] memory entries)
    {
        RecordEntry[] storage list = _statuses[record_];
        entries = new RecordEntry[](_available(list.length, first, count));
        for (uint256 i = 0; i < entries.length; ++i) {
            entries[i] = list[first + i];
        }
    }

    /// @inheritdoc IAssurance
    function assures(uint32 member, uint32 site) public view returns (bool) {
        uint256 issued = _issued[site][member];
        for (uint256 i = 0; i < issued.size(); ++i) {
            Record storage content = _records[uint32(issued >> (32 * i))];
            if (_runs(content) && content.flags & SUSPENDED == 0) return true;
        }
        return false;
    }

    // ---------------------------------------------------------------- making records

    /// @inheritdoc IAssurance
    function accredit(AccreditationGrant calldata grant) external returns (uint32 record_) {
        (uint32 member, uint32 roles) = _operator();
        if (roles & Roles.ACCREDITATION_BODY == 0) revert RoleMissing(member, roles, Roles.ACCREDITATION_BODY);
        _requireLevel(grant.scheme, grant.level);
        if (!recognised(grant.scheme, member)) revert NotRecognised(grant.scheme, member);
        _requireRole(grant.body, Roles.ASSURERS);
        _requireIndependent(member, grant.body);
        Record memory content = Record({
            subject: grant.body,
            scheme: grant.scheme,
            level: grant.level,
            issuer: member,
            parent: 0,
            from: grant.from < _now() ? _now() : grant.from,
            until: grant.until,
            flags: 0,
            substances: _pack(grant.substances),
            leaf: grant.leaf
        });
        _requireWindow(grant.from, content);
        record_ = _add(content);
    }

    /// @inheritdoc IAssurance
    function certify(CertificateGrant calldata grant) external returns (uint32 record_) {
        (uint32 member, uint32 roles) = _operator();
        if (roles & Roles.ASSURERS == 0) revert RoleMissing(member, roles, Roles.ASSURERS);
        if (!registry().siteKnown(grant.site)) revert UnknownSite(grant.site);
        Record memory accreditation = _requireAccredited(member, grant.accreditation);
        _requireLevel(accreditation.scheme, grant.level);
        if (grant.level > accreditation.level) {
            revert LevelAboveAccreditation(grant.accreditation, grant.level, accreditation.level);
        }
        _requireIndependentOfSite(member, grant.site);
        Record memory content = Record({
            subject: grant.site,
            scheme: accreditation.scheme,
            level: grant.level,
            issuer: member,
            parent: grant.accreditation,
            from: uint64(Math.max(_now(), Math.max(grant.from, accreditation.from))),
            until: uint64(Math.min(grant.until, accreditation.until)),
            flags: 0,
            substances: _pack(grant.substances),
            leaf: grant.leaf
        });
        _requireScope(grant.accreditation, accreditation.substances, grant.substances);
        if (grant.until <= grant.from) revert WindowEmpty(grant.from, grant.until);
        _requireWindow(content.from, content);
        record_ = _add(content);
        _enlist(record_, content);
    }

    // ---------------------------------------------------------------- what becomes of them

    /// @inheritdoc IAssurance
    function suspend(uint32 record_, bytes32 grounds) external {
        (Record storage content, RecordSource source, uint32 member) = _concerned(record_);
        _requireNotOver(record_, content);
        uint8 bit = uint8(1 << uint8(source));
        if (content.flags & bit != 0) revert AlreadySuspended(record_, source);
        if (content.flags & SUSPENDED == 0 && content.parent != 0) {
            _live[content.subject][content.scheme] += ONE_SUSPENDED;
        }
        content.flags |= bit | EVER_SUSPENDED;
        _append(record_, RecordAction.SUSPEND, source, member, _now(), grounds);
    }

    /// @inheritdoc IAssurance
    function lift(uint32 record_, bytes32 grounds) external {
        (Record storage content, RecordSource source, uint32 member) = _concerned(record_);
        _requireNotOver(record_, content);
        uint8 bit = uint8(1 << uint8(source));
        if (content.flags & bit == 0) revert NotSuspended(record_, source);
        _requireRoom(record_);
        content.flags &= ~bit;
        if (content.flags & SUSPENDED == 0 && content.parent != 0) {
            _live[content.subject][content.scheme] -= ONE_SUSPENDED;
        }
        _append(record_, RecordAction.LIFT, source, member, _now(), grounds);
    }

    /// @inheritdoc IAssurance
    function withdraw(uint32 record_, bytes32 grounds) external {
        (Record storage content, RecordSource source, uint32 member) = _concerned(record_);
        _requireNotOver(record_, content);
        _freezeCredit(content);
        content.until = _now();
        content.flags |= ENDED;
        _append(record_, RecordAction.WITHDRAW, source, member, _now(), grounds);
    }

    /// @inheritdoc IAssurance
    function voidRecord(uint32 record_, uint64 effective, bytes32 grounds) external {
        (Record storage content, RecordSource source, uint32 member) = _concerned(record_);
        if (effective == 0) effective = _now();
        if (effective > _now()) revert InTheFuture(effective, _now());
        if (effective >= content.until) revert RecordEnded(record_, content.until);
        if (content.flags & ENDED != 0) _requireRoom(record_);
        _freezeCredit(content);
        content.until = effective;
        content.flags |= ENDED;
        _append(record_, RecordAction.VOID, source, member, effective, grounds);
    }

    // ---------------------------------------------------------------- for the contract

    function _runs(Record storage content) internal view returns (bool) {
        return content.from <= _now() && _now() < content.until;
    }

    function _known(uint64 record_) internal view returns (Record storage content) {
        content = _records[uint32(record_)];
        if (record_ > type(uint32).max || content.issuer == 0) revert UnknownRecord(record_);
    }

    function _statusList(uint32 record_) internal view returns (RecordEntry[] storage) {
        return _statuses[record_];
    }

    /// @dev Whether the record covers a substance; one slot where it covers all.
    function _covers(Record storage content, uint16 substance) internal view returns (bool) {
        return content.flags & EVERY_SUBSTANCE != 0 || _has(content.substances, substance);
    }

    /// @dev Of one scheme a certificate is suspended in its window, or was withdrawn or void, and no other stands in for it.
    function _isSuspended(uint32 site, uint16 scheme_, uint8 level) internal view returns (bool) {
        uint256 live = _live[site][scheme_];
        if (live < ONE_SUSPENDED) return false;
        uint32[] memory ids = (live & LIVE_MASK).values();
        for (uint256 i = 0; i < ids.length; ++i) {
            Record storage content = _records[ids[i]];
            bool suspendedNow = _runs(content) && content.flags & SUSPENDED != 0;
            if (!suspendedNow && content.flags & ENDED == 0) continue;
            if (!_isReplaced(ids, content.substances, level)) return true;
        }
        return false;
    }

    function _requireIndependentOfSite(uint32 member, uint32 site) internal view {
        uint32[] memory operators = registry().operators(site);
        if (operators.length == 0) revert NoOperator(site);
        for (uint256 i = 0; i < operators.length; ++i) {
            _requireIndependent(member, operators[i]);
        }
    }

    // ---------------------------------------------------------------- private

    function _add(Record memory content) private returns (uint32 record_) {
        if (content.leaf == 0) revert ZeroLeaf();
        uint32 known = _recordOf[content.issuer][content.leaf];
        if (known != 0) revert AlreadyRecorded(content.issuer, content.leaf, known);
        record_ = ++_recordCount;
        if (content.substances == 0) content.flags = EVERY_SUBSTANCE;
        _recordOf[content.issuer][content.leaf] = record_;
        _records[record_] = content;
        emit RecordMade(
            record_,
            content.subject,
            content.issuer,
            content.parent,
            content.scheme,
            content.level,
            content.from,
            content.until,
            content.substances,
            content.leaf
        );
        _record(
            keccak256(
                abi.encode(
                    RecordMade.selector,
                    record_,
                    content.subject,
                    content.issuer,
                    content.parent,
                    content.scheme,
                    content.level,
                    content.from,
                    content.until,
                    content.substances,
                    content.leaf
                )
            )
        );
    }

    /// @dev Credit that a certificate gave is not used while it is suspended, nor after it ended for cause: at most once
    /// counted, whatever becomes of it.
    function _freezeCredit(Record storage content) private {
        if (content.parent != 0 && content.flags & (SUSPENDED | ENDED) == 0) {
            _live[content.subject][content.scheme] += ONE_SUSPENDED;
        }
    }

    /// @dev Whatever ran out makes room, and whatever ended for cause once the new one stands in for it.
    function _enlist(uint32 record_, Record memory content) private {
        uint256 live = 0;
        uint256 ofIssuer = 0;
        uint256 suspensions = 0;
        uint32[] memory ids = (_live[content.subject][content.scheme] & LIVE_MASK).values();
        for (uint256 i = 0; i < ids.length; ++i) {
            Record storage other = _records[ids[i]];
            bool ended = other.flags & ENDED != 0;
            if (ended ? _standsInFor(content, other) : other.until <= _now()) continue;
            live = live.with(ids[i]);
            if (other.issuer == content.issuer) ++ofIssuer;
            if (ended || other.flags & SUSPENDED != 0) suspensions += ONE_SUSPENDED;
        }
        if (ofIssuer == LIVE_PER_ISSUER) revert TooMany(LIVE_PER_ISSUER + 1, LIVE_PER_ISSUER);
        if (live.size() == LIVE_MAXIMUM) revert TooMany(LIVE_MAXIMUM + 1, LIVE_MAXIMUM);
        _live[content.subject][content.scheme] = live.with(record_) | suspensions;
        uint256 issued = 0;
        ids = _issued[content.subject][content.issuer].values();
        for (uint256 i = 0; i < ids.length; ++i) {
            if (_records[ids[i]].until > _now()) issued = issued.with(ids[i]);
        }
        if (issued.size() == SmallSet.CAPACITY) revert TooMany(SmallSet.CAPACITY + 1, SmallSet.CAPACITY);
        _issued[content.subject][content.issuer] = issued.with(record_);
    }

    function _append(
        uint32 record_,
        RecordAction action,
        RecordSource source,
        uint32 member,
        uint64 effective,
        bytes32 grounds
    ) private {
        uint32 index = uint32(_statuses[record_].length);
        _statuses[record_].push(RecordEntry(action, source, member, effective, _now()));
        emit RecordStatusChanged(record_, index, action, source, member, effective, _now(), grounds);
        _record(
            keccak256(
                abi.encode(
                    RecordStatusChanged.selector, record_, index, action, source, member, effective, _now(), grounds
                )
            )
        );
    }

    /// @dev In which standing the sender acts on the record; the first that fits.
    function _concerned(uint32 record_)
        private
        view
        returns (Record storage content, RecordSource source, uint32 member)
    {
        content = _known(record_);
        if (content.flags & HANDED_OVER != 0) revert HandedOver(record_);
        if (msg.sender == address(consortium())) return (content, RecordSource.VOTE, 0);
        (member,) = _operator();
        if (member == content.issuer) return (content, RecordSource.ISSUER, member);
        if (content.parent != 0 && member == _records[content.parent].issuer) {
            return (content, RecordSource.ACCREDITOR, member);
        }
        if (member == _schemeOwner(content.scheme)) return (content, RecordSource.SCHEME_OWNER, member);
        revert NotConcerned(member, record_);
    }

    /// @dev The accreditation a certificate is recorded under, and that everything above it stands now.
    function _requireAccredited(uint32 member, uint32 accreditation)
        private
        view
        returns (Record memory content)
    {
        content = _known(accreditation);
        if (content.parent != 0 || content.subject != member) revert NotAccredited(member, accreditation);
        if (_now() < content.from || _now() >= content.until) {
            revert AccreditationLapsed(accreditation, content.from, content.until, _now());
        }
        if (content.flags & SUSPENDED != 0) revert AccreditationSuspended(accreditation);
        _requireRole(content.issuer, Roles.ACCREDITATION_BODY);
        if (!recognised(content.scheme, content.issuer)) revert NotRecognised(content.scheme, content.issuer);
    }

    function _requireNotOver(uint32 record_, Record storage content) private view {
        if (content.until <= _now()) revert RecordEnded(record_, content.until);
    }

    function _requireRoom(uint32 record_) private view {
        uint256 count = _statuses[record_].length;
        if (count >= ENTRIES_MAXIMUM) revert ListFull(record_, count);
    }

    /// @dev Whether one of the certificates runs unsuspended, at the level, for the same substances or all.
    function _isReplaced(uint32[] memory ids, uint256 substances, uint8 level) private view returns (bool) {
        for (uint256 i = 0; i < ids.length; ++i) {
            Record storage content = _records[ids[i]];
            bool stands = _runs(content) && content.flags & SUSPENDED == 0 && content.level >= level;
            if (stands && (content.substances == 0 || content.substances == substances)) return true;
        }
        return false;
    }

    /// @dev At its level or above, for the same substances or all.
    function _standsInFor(Record memory content, Record storage other) private view returns (bool) {
        return content.level >= other.level
            && (content.substances == 0 || content.substances == other.substances);
    }

    function _pack(uint16[] calldata substances) private view returns (uint256 packed) {
        uint256 count = substances.length;
        if (count > SUBSTANCES_MAXIMUM) revert CountOutOfBounds(count, 0, SUBSTANCES_MAXIMUM);
        uint16 last = 0;
        for (uint256 i = 0; i < count; ++i) {
            if (substances[i] <= last) revert NotAscending(substances[i]);
            last = substances[i];
            if (!registry().substance(last).known) revert UnknownSubstance(last);
            packed |= uint256(last) << (16 * i);
        }
    }

    function _requireScope(uint32 accreditation, uint256 scope, uint16[] calldata substances) private pure {
        if (scope == 0) return;
        if (substances.length == 0) revert OutOfScope(accreditation, 0);
        for (uint256 i = 0; i < substances.length; ++i) {
            if (!_has(scope, substances[i])) revert OutOfScope(accreditation, substances[i]);
        }
    }

    function _requireWindow(uint64 from, Record memory content) private pure {
        if (content.until <= from) revert WindowEmpty(from, content.until);
        if (content.until <= content.from) revert WindowEmpty(content.from, content.until);
    }

    function _has(uint256 packed, uint16 substance) private pure returns (bool) {
        for (; packed != 0; packed >>= 16) {
            if (uint16(packed) == substance) return true;
        }
        return false;
    }
}
