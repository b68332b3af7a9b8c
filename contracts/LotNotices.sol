// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAssurance} from "./interfaces/IAssurance.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {ICustody} from "./interfaces/ICustody.sol";
import {ILotBook} from "./interfaces/ILotBook.sol";
import {ILotNotices} from "./interfaces/ILotNotices.sol";
import {Columns} from "./libraries/Columns.sol";
import {LotContract} from "./libraries/LotContract.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title LotNotices
/// @notice See ILotNotices.
contract LotNotices is ILotNotices, LotContract {
    using Columns for uint32;

    uint256 private constant RESTATEMENTS_MAXIMUM = 64;
    uint256 private constant OPENED = 1;

    ILotBook private immutable _book;
    ICustody private immutable _custody;
    IAssurance private immutable _assurance;

    mapping(uint32 issuer => mapping(bytes32 root => Restatement[] entries)) private _restatements;
    mapping(bytes32 subject => mapping(uint32 party => Dispute dispute)) private _disputes;

    constructor(IConsortium consortium_, ILotBook book_) LotContract(consortium_) {
        (IConsortium same, ICustody custody_,, IAssurance assurance_,,) = book_.parts();
        if (address(same) != address(consortium_)) revert ILotBook.NotOfThisConsortium(address(book_));
        (_book, _custody, _assurance) = (book_, custody_, assurance_);
        _log(
            NoticesOpened.selector, uint160(address(consortium_)), abi.encode(book_, custody_, assurance_)
        );
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc ILotNotices
    function parts() external view returns (IConsortium, ILotBook, ICustody, IAssurance) {
        return (_consortium, _book, _custody, _assurance);
    }

    /// @inheritdoc ILotNotices
    function restatementCount(uint32 issuer, bytes32 root) external view returns (uint256) {
        return _restatements[issuer][root].length;
    }

    /// @inheritdoc ILotNotices
    function restatements(uint32 issuer, bytes32 root, uint256 first, uint256 count)
        external
        view
        returns (Restatement[] memory entries)
    {
        Restatement[] storage list = _restatements[issuer][root];
        uint256 length = list.length;
        uint256 available = first >= length ? 0 : length - first;
        entries = new Restatement[](count < available ? count : available);
        for (uint256 i = 0; i < entries.length; ++i) {
            entries[i] = list[first + i];
        }
    }

    /// @inheritdoc ILotNotices
    function disputeOf(bytes32 subject, uint32 party) external view returns (Dispute memory current, bool open) {
        current = _disputes[subject][party];
        open = _isOpen(current);
    }

    // ---------------------------------------------------------------- restatements

    /// @inheritdoc ILotNotices
    function restate(
        ILotBook.Header calldata header,
        uint32 column,
        int64 delta,
        uint8 reason,
        bytes32 statementLeaf
    ) external {
        (uint32 member,) = _operator();
        if (member != header.issuer) revert NotIssuer(header.issuer, member);
        _requireBatch(header);
        uint8 kind = column.kind();
        if (kind != Columns.CO2E && kind != Columns.CREDIT && kind != Columns.CLASS) revert NotRestatable(column);
        int256 most = int256(Columns.QUANTITY_MAXIMUM);
        if (delta == 0 || delta > most || delta < -most) revert DeltaOutOfBounds(delta);
        if (reason == 0 || reason > uint8(type(RestatementReason).max)) revert UnknownReason(reason);
        if (statementLeaf == 0) revert ZeroLeaf();
        Restatement[] storage list = _restatements[header.issuer][header.root];
        uint32 index = uint32(list.length);
        if (index >= RESTATEMENTS_MAXIMUM) revert TooMany(index + 1, RESTATEMENTS_MAXIMUM);
        list.push(Restatement(column, delta, reason, 0, _now(), statementLeaf));
        _log(
            Restated.selector,
            header.issuer,
            uint256(header.root),
            abi.encode(index, column, delta, reason, statementLeaf)
        );
    }

    /// @inheritdoc ILotNotices
    function confirm(uint32 issuer, bytes32 root, uint32 index) external {
        (uint32 member, uint32 roles) = _operator();
        uint32 required = Roles.CERTIFICATION_BODY | Roles.FOOTPRINT_VERIFIER;
        if (roles & required == 0) revert RoleMissing(member, roles, required);
        _requireIndependent(member, issuer);
        Restatement[] storage list = _restatements[issuer][root];
        if (index >= list.length) revert UnknownRestatement(issuer, root, index);
        if (list[index].assurer != 0) revert AlreadyConfirmed(index, list[index].assurer);
        list[index].assurer = member;
        _log(RestatementConfirmed.selector, issuer, uint256(root), abi.encode(index, member));
    }

    // ---------------------------------------------------------------- disputes

    /// @inheritdoc ILotNotices
    function dispute(ILotBook.Header calldata header, bytes32 lotKey, bytes32 grounds) external {
        (uint32 party, uint32 roles) = _operator();
        if (grounds == 0) revert ZeroLeaf();
        _requireBatch(header);
        bytes32 subject = _subject(header, lotKey);
        _requireStanding(party, roles, header, lotKey, subject);
        Dispute storage current = _disputes[subject][party];
        // Also one that was closed early bars the next until its time: nobody grows another's list at will.
        if (_isOpen(current) || _now() < current.lapses) revert DisputeBarred(party, subject, current.lapses);
        uint64 lapses = _now() + _consortium.rules().disputeLapse;
        _disputes[subject][party] = Dispute(_now(), lapses, false, false);
        _log(DisputeOpened.selector, uint256(subject), party, abi.encode(lapses, grounds));
    }

    /// @inheritdoc ILotNotices
    function closeDispute(bytes32 subject) external {
        (uint32 party,) = _operator();
        _openDispute(subject, party).closed = true;
        _log(DisputeClosed.selector, uint256(subject), party, "");
    }

    /// @inheritdoc ILotNotices
    function upholdDispute(ILotBook.Header calldata header, bytes32 lotKey, uint32 party) external {
        (uint32 member, uint32 roles) = _operator();
        if (roles & Roles.BODIES == 0) revert RoleMissing(member, roles, Roles.BODIES);
        _requireIndependent(member, header.issuer);
        _requireIndependent(member, party);
        bytes32 subject = _subject(header, lotKey);
        Dispute storage current = _openDispute(subject, party);
        if (current.upheld) revert AlreadyUpheld(party, subject);
        current.upheld = true;
        _log(DisputeUpheld.selector, uint256(subject), party, abi.encode(member));
    }

    // ---------------------------------------------------------------- private

    function _subject(ILotBook.Header calldata header, bytes32 lotKey) private pure returns (bytes32) {
        return lotKey == 0
            ? keccak256(abi.encode(header.issuer, header.root))
            : keccak256(abi.encode(header.issuer, lotKey));
    }

    /// @dev A past holder before the previous one disputes the statement in StatementLog by its assurer or authority: the
    /// lot's slot has room for one.
    function _requireStanding(
        uint32 party,
        uint32 roles,
        ILotBook.Header calldata header,
        bytes32 lotKey,
        bytes32 subject
    ) private view {
        if (party == header.issuer || roles & (Roles.AUTHORITY | Roles.COMMUNITY) != 0) return;
        if (lotKey != 0) {
            ICustody.Lot memory lot = _custody.lotOf(subject);
            if (party == lot.holder || party == lot.previousHolder) return;
        }
        if (header.site != 0 && _assurance.assures(party, header.site)) return;
        revert NoStanding(party, subject);
    }

    function _requireBatch(ILotBook.Header calldata header) private view {
        uint256 digest = uint256(keccak256(abi.encode(header)));
        bytes32 word = _book.batchWord(header.issuer, header.root);
        if (uint256(word) | OPENED != digest | OPENED) {
            revert NotTheBatch(header.issuer, header.root, word, bytes32(digest));
        }
    }

    function _requireIndependent(uint32 member, uint32 other) private view {
        uint32 group = _consortium.standing(member).controlGroup;
        bool related = group != 0 && group == _consortium.standing(other).controlGroup;
        if (member == other || related) revert NotIndependent(member, other);
    }

    function _openDispute(bytes32 subject, uint32 party) private view returns (Dispute storage current) {
        current = _disputes[subject][party];
        if (!_isOpen(current)) revert NoOpenDispute(party, subject);
    }

    function _isOpen(Dispute memory current) private view returns (bool) {
        return current.opened != 0 && !current.closed && (current.upheld || _now() < current.lapses);
    }
}
