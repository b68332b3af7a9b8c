// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IStatementLog} from "./interfaces/IStatementLog.sol";
import {IVetaContract} from "./interfaces/IVetaContract.sol";
import {Roles} from "./libraries/Roles.sol";
import {VetaContract} from "./libraries/VetaContract.sol";

/// @title StatementLog
/// @notice See IStatementLog.
contract StatementLog is IStatementLog, VetaContract {
    uint64 private constant SIZE_MAXIMUM = 2 ** 53 - 1;
    uint64 private constant DRAW_MAXIMUM = 2 ** 16;
    uint256 private constant HANDED_OVER = 1 << 64;
    bytes32 private constant LOT_BOOK = "LotBook";

    IConsortium private immutable _consortium;

    /// @dev Packed by hand, because every statement pays for it: sequence | size << 64 | anchored at << 128 | kind << 192.
    mapping(uint32 issuer => mapping(bytes32 root => uint256 packedAnchor)) private _anchors;
    /// @dev Last number given; HANDED_OVER is added when the successor took over.
    mapping(uint32 issuer => uint256 last) private _sequences;
    mapping(uint32 issuer => mapping(bytes32 leaf => StatusEntry[] entries)) private _statuses;
    mapping(uint32 issuer => mapping(bytes32 leaf => bytes32 byLeaf)) private _supersededBy;
    /// @dev Bit r: the member revoked for reason r.
    mapping(uint32 issuer => mapping(bytes32 leaf => mapping(uint32 member => uint256 reasons))) private _revoked;
    /// @dev The issuer's count of compromises when the statement was last re-affirmed.
    mapping(uint32 issuer => mapping(bytes32 leaf => uint32 compromises)) private _reaffirmedAt;
    mapping(uint32 issuer => mapping(bytes32 leaf => mapping(uint32 party => Dispute dispute))) private _disputes;

    constructor(IConsortium consortium_) {
        if (address(consortium_).code.length == 0 || consortium_.voterCount() == 0) {
            revert NotAConsortium(address(consortium_));
        }
        _consortium = consortium_;
        emit Opened(address(consortium_));
        _record(keccak256(abi.encode(Opened.selector, consortium_)));
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IStatementLog
    function consortium() external view returns (IConsortium) {
        return _consortium;
    }

    /// @inheritdoc IStatementLog
    function anchorOf(uint32 issuer, bytes32 root) external view returns (Anchor memory) {
        uint256 packed = _anchors[issuer][root];
        return Anchor(uint64(packed), uint64(packed >> 64), uint64(packed >> 128), BatchKind(uint8(packed >> 192)));
    }

    /// @inheritdoc IStatementLog
    function nextSequence(uint32 issuer) external view returns (uint64 sequence, bool handedOver) {
        return (uint64(_sequences[issuer]) + 1, _sequences[issuer] >= HANDED_OVER);
    }

    /// @inheritdoc IStatementLog
    function statusCount(uint32 issuer, bytes32 leaf) external view returns (uint256) {
        return _statuses[issuer][leaf].length;
    }

    /// @inheritdoc IStatementLog
    function status(uint32 issuer, bytes32 leaf, uint256 first, uint256 count)
        external
        view
        returns (StatusEntry[] memory entries)
    {
        StatusEntry[] storage list = _statuses[issuer][leaf];
        uint256 length = list.length;
        entries = new StatusEntry[](first >= length ? 0 : Math.min(count, length - first));
        for (uint256 i = 0; i < entries.length; ++i) {
            entries[i] = list[first + i];
        }
    }

    /// @inheritdoc IStatementLog
    function supersededBy(uint32 issuer, bytes32 leaf) external view returns (bytes32) {
        return _supersededBy[issuer][leaf];
    }

    /// @inheritdoc IStatementLog
    function disputeOf(uint32 issuer, bytes32 leaf, uint32 party)
        external
        view
        returns (Dispute memory current, bool open)
    {
        current = _disputes[issuer][leaf][party];
        open = _isOpen(current);
    }

    /// @inheritdoc IStatementLog
    function rolesFor(BatchKind kind) external pure returns (uint32) {
        return Roles.forKind(kind);
    }

    // ---------------------------------------------------------------- batches

    /// @inheritdoc IStatementLog
    function anchor(uint64 sequence, bytes32 root, uint64 size, uint8 kind) external {
        if (kind == 0 || kind > uint8(type(BatchKind).max)) revert UnknownKind(kind);
        if (root == 0) revert ZeroRoot();
        if (size == 0 || size > SIZE_MAXIMUM) revert SizeOutOfBounds(size, SIZE_MAXIMUM);
        (uint32 issuer, uint32 roles) = _operator();
        uint32 required = Roles.forKind(BatchKind(kind));
        if (roles & required == 0) revert RoleMissing(issuer, roles, required);
        _advance(issuer, sequence);
        mapping(bytes32 root => uint256 packedAnchor) storage anchors = _anchors[issuer];
        uint256 known = anchors[root];
        if (known != 0) revert AlreadyAnchored(issuer, root, uint64(known));
        anchors[root] = uint256(sequence) | uint256(size) << 64 | block.timestamp << 128 | uint256(kind) << 192;
        emit BatchAnchored(issuer, root, sequence, size, BatchKind(kind), msg.sender);
        _record(keccak256(abi.encode(BatchAnchored.selector, issuer, root, sequence, size, kind, msg.sender)));
    }

    /// @inheritdoc IStatementLog
    function drawSequence(uint32 issuer, uint64 count) external returns (uint64 first) {
        address lotBook = _consortium.contractAt(LOT_BOOK);
        if (msg.sender != lotBook) revert NotCaller(msg.sender, lotBook);
        _requireIssuer(issuer);
        if (count == 0 || count > DRAW_MAXIMUM) revert CountOutOfBounds(count, DRAW_MAXIMUM);
        uint256 last = _lastOf(issuer);
        unchecked {
            first = uint64(last) + 1;
            _sequences[issuer] = last + count; // 2^64 numbers are not drawn at 2^16 a call
        }
        emit SequenceDrawn(issuer, first, count);
        _record(keccak256(abi.encode(SequenceDrawn.selector, issuer, first, count)));
    }

    // ---------------------------------------------------------------- statuses

    /// @inheritdoc IStatementLog
    function revoke(uint32 issuer, bytes32 leaf, StatusReason reason, uint64 effective) external {
        (uint32 member, uint32 roles) = _operator();
        _requireSubject(issuer, leaf);
        _requireReasonOpen(member, roles, issuer, reason);
        uint256 before = _revoked[issuer][leaf][member];
        if (before & (1 << uint256(reason)) != 0) revert AlreadyRevoked(member, leaf, reason);
        _revoked[issuer][leaf][member] = before | (1 << uint256(reason));
        uint64 from = effective == 0 ? _now() : effective;
        if (from > _now()) revert InTheFuture(from, _now());
        if (from < _now() && !_mayLookBack(reason)) revert InThePast(reason, from, _now());
        _append(issuer, leaf, StatusEntry(StatusAction.REVOKE, reason, member, from, _now(), 0));
    }

    /// @inheritdoc IStatementLog
    function supersede(bytes32 leaf, bytes32 byLeaf) external {
        (uint32 issuer,) = _operator();
        _requireSubject(issuer, leaf);
        if (byLeaf == 0) revert ZeroLeaf();
        if (byLeaf == leaf) revert SupersedesItself(leaf);
        _requireNotSuperseded(issuer, leaf);
        // What takes the place still has its own: so no chain of replacements ever closes to a cycle.
        _requireNotSuperseded(issuer, byLeaf);
        _supersededBy[issuer][leaf] = byLeaf;
        _append(issuer, leaf, StatusEntry(StatusAction.SUPERSEDE, StatusReason.NONE, issuer, _now(), _now(), byLeaf));
    }

    /// @inheritdoc IStatementLog
    function reaffirm(bytes32 leaf) external {
        (uint32 issuer,) = _operator();
        _requireSubject(issuer, leaf);
        uint32 compromises = _consortium.standing(issuer).compromises;
        if (compromises == _reaffirmedAt[issuer][leaf]) revert NothingToReaffirm(issuer, leaf, compromises);
        _reaffirmedAt[issuer][leaf] = compromises;
        _append(issuer, leaf, StatusEntry(StatusAction.REAFFIRM, StatusReason.NONE, issuer, _now(), _now(), 0));
    }

    /// @inheritdoc IStatementLog
    function dispute(uint32 issuer, bytes32 leaf, bytes32 grounds) external {
        (uint32 party, uint32 roles) = _operator();
        _requireSubject(issuer, leaf);
        if (grounds == 0) revert ZeroLeaf();
        uint32 required = Roles.BODIES | Roles.COMMUNITY;
        if (party != issuer && roles & required == 0) revert RoleMissing(party, roles, required);
        Dispute storage current = _disputes[issuer][leaf][party];
        // Also one that was closed early bars the next until its time: nobody grows another's list at will.
        if (_isOpen(current) || _now() < current.lapses) revert DisputeBarred(party, leaf, current.lapses);
        uint64 lapses = _now() + _consortium.rules().disputeLapse;
        _disputes[issuer][leaf][party] = Dispute(_now(), lapses, false, false);
        _append(issuer, leaf, StatusEntry(StatusAction.DISPUTE, StatusReason.NONE, party, _now(), _now(), grounds));
    }

    /// @inheritdoc IStatementLog
    function closeDispute(uint32 issuer, bytes32 leaf) external {
        (uint32 party,) = _operator();
        _requireSubject(issuer, leaf);
        _openDispute(issuer, leaf, party).closed = true;
        _append(issuer, leaf, StatusEntry(StatusAction.DISPUTE_CLOSED, StatusReason.NONE, party, _now(), _now(), 0));
    }

    /// @inheritdoc IStatementLog
    function upholdDispute(uint32 issuer, bytes32 leaf, uint32 party) external {
        (uint32 member, uint32 roles) = _operator();
        _requireSubject(issuer, leaf);
        if (roles & Roles.BODIES == 0) revert RoleMissing(member, roles, Roles.BODIES);
        _requireIndependent(member, issuer);
        _requireIndependent(member, party);
        Dispute storage current = _openDispute(issuer, leaf, party);
        if (current.upheld) revert AlreadyUpheld(party, leaf);
        current.upheld = true;
        bytes32 related = bytes32(uint256(party));
        _append(
            issuer, leaf, StatusEntry(StatusAction.DISPUTE_UPHELD, StatusReason.NONE, member, _now(), _now(), related)
        );
    }

    // ---------------------------------------------------------------- exit

    /// @inheritdoc IVetaContract
    function setSuccessor(address successor_) external {
        if (msg.sender != address(_consortium)) revert NotCaller(msg.sender, address(_consortium));
        _setSuccessor(successor_);
    }

    /// @inheritdoc IStatementLog
    function handOver(uint32 issuer) external returns (uint64 sequence) {
        _onlySuccessor();
        _requireIssuer(issuer);
        uint256 last = _lastOf(issuer);
        _sequences[issuer] = last | HANDED_OVER;
        sequence = uint64(last);
        emit IssuerHandedOver(issuer, sequence);
        _record(keccak256(abi.encode(IssuerHandedOver.selector, issuer, sequence)));
    }

    // ---------------------------------------------------------------- private

    function _advance(uint32 issuer, uint64 sequence) private {
        uint256 last = _lastOf(issuer);
        unchecked {
            if (sequence != last + 1) revert SequenceMismatch(issuer, uint64(last) + 1, sequence);
        }
        _sequences[issuer] = sequence;
    }

    /// @dev Last number given, of an issuer that is here.
    function _lastOf(uint32 issuer) private view returns (uint256 last) {
        last = _sequences[issuer];
        if (last >= HANDED_OVER) revert IssuerClosed(issuer, successor());
    }

    function _append(uint32 issuer, bytes32 leaf, StatusEntry memory entry) private {
        StatusEntry[] storage list = _statuses[issuer][leaf];
        uint32 index = uint32(list.length);
        list.push(entry);
        emit StatusRecorded(
            issuer,
            leaf,
            index,
            entry.action,
            entry.reason,
            entry.byMember,
            entry.effective,
            entry.recorded,
            entry.related
        );
        _record(keccak256(bytes.concat(abi.encode(StatusRecorded.selector, issuer, leaf, index), abi.encode(entry))));
    }

    function _operator() private view returns (uint32 member, uint32 roles) {
        (member, roles) = _consortium.operatorAccount(msg.sender);
        if (member == 0) revert NotOperator(msg.sender);
    }

    function _requireIssuer(uint32 issuer) private view {
        if (issuer == 0 || issuer > _consortium.memberCount()) revert UnknownIssuer(issuer);
    }

    function _requireSubject(uint32 issuer, bytes32 leaf) private view {
        _requireIssuer(issuer);
        if (leaf == 0) revert ZeroLeaf();
        if (_sequences[issuer] >= HANDED_OVER) revert IssuerClosed(issuer, successor());
    }

    /// @dev An issuer speaks for its own statements. A certification body voids those of members that are no body, an
    /// accreditation body also those of certification bodies, an authority all but an authority's: nobody voids a
    /// peer's, or its own.
    function _requireReasonOpen(uint32 member, uint32 roles, uint32 issuer, StatusReason reason) private view {
        bool open = member == issuer && reason != StatusReason.NONE;
        if (_isVoiding(reason)) {
            uint32 issuerRoles = _consortium.standing(issuer).roles;
            if (reason == StatusReason.VOIDED_BY_ACCREDITOR) {
                uint32 peers = Roles.ACCREDITATION_BODY | Roles.AUTHORITY;
                open = roles & Roles.ACCREDITATION_BODY != 0 && issuerRoles & peers == 0;
            } else if (roles & Roles.AUTHORITY != 0) {
                open = issuerRoles & Roles.AUTHORITY == 0;
            } else {
                open = roles & Roles.CERTIFICATION_BODY != 0 && issuerRoles & Roles.BODIES == 0;
            }
        }
        if (!open) revert ReasonNotOpen(member, issuer, reason);
    }

    function _requireNotSuperseded(uint32 issuer, bytes32 leaf) private view {
        bytes32 byLeaf = _supersededBy[issuer][leaf];
        if (byLeaf != 0) revert AlreadySuperseded(leaf, byLeaf);
    }

    function _requireIndependent(uint32 member, uint32 other) private view {
        uint32 group = _consortium.standing(member).controlGroup;
        bool related = group != 0 && group == _consortium.standing(other).controlGroup;
        if (member == other || related) revert NotIndependent(member, other);
    }

    function _openDispute(uint32 issuer, bytes32 leaf, uint32 party) private view returns (Dispute storage current) {
        current = _disputes[issuer][leaf][party];
        if (!_isOpen(current)) revert NoOpenDispute(party, leaf);
    }

    function _isOpen(Dispute memory current) private view returns (bool) {
        return current.opened != 0 && !current.closed && (current.upheld || _now() < current.lapses);
    }

    function _mayLookBack(StatusReason reason) private pure returns (bool) {
        return reason == StatusReason.COMPROMISED || _isVoiding(reason);
    }

    function _isVoiding(StatusReason reason) private pure returns (bool) {
        return reason == StatusReason.VOIDED_BY_BODY || reason == StatusReason.VOIDED_BY_ACCREDITOR;
    }
}
