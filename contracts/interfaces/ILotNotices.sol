// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IAssurance} from "./IAssurance.sol";
import {IConsortium} from "./IConsortium.sol";
import {ICustody} from "./ICustody.sol";
import {ILotBook} from "./ILotBook.sol";
import {IVetaContract} from "./IVetaContract.sol";

/// @title What is said beside a batch or a lot once it turns out wrong
/// @notice Sums are never rewritten: a restatement stands beside the batch, and a verifier gives each descendant its share.
/// A dispute is a notice and blocks nothing. Nothing here changes a lot; freezing is ICustody's.
interface ILotNotices is IVetaContract {
    // ---------------------------------------------------------------- values

    /// @notice Why a batch is restated.
    enum RestatementReason {
        NONE,
        MEASUREMENT,
        FACTOR,
        CALCULATION,
        ASSURANCE_WITHDRAWN,
        OTHER
    }

    /// @notice An entry of a batch's restatement list. Two storage slots. Increases of CO2e and of external metal, and
    /// decreases of credit and of recycled metal, count at once; the other way only once an assurer confirmed.
    struct Restatement {
        uint32 column;
        int64 delta; // base units, of the batch's total
        uint8 reason;
        uint32 assurer; // 0 = not confirmed
        uint64 recorded;
        bytes32 statementLeaf; // the statement that tells
    }

    /// @notice A party's dispute of one subject. One storage slot.
    struct Dispute {
        uint64 opened; // 0 = never
        uint64 lapses; // open before this time, and as long as it is upheld
        bool closed;
        bool upheld;
    }

    // ---------------------------------------------------------------- events

    /// @notice The notices were opened beside a lot book.
    event NoticesOpened(address indexed consortium, address lotBook, address custody, address assurance);
    /// @notice An entry was appended to the restatement list of (issuer, root).
    event Restated(
        uint32 indexed issuer,
        bytes32 indexed root,
        uint32 index,
        uint32 column,
        int64 delta,
        uint8 reason,
        bytes32 statementLeaf
    );
    /// @notice An independent assurer confirmed a restatement.
    event RestatementConfirmed(uint32 indexed issuer, bytes32 indexed root, uint32 index, uint32 assurer);
    /// @notice A dispute was opened; `subject`: keccak256(abi.encode(issuer, root)) of a batch, or a lot id.
    event DisputeOpened(bytes32 indexed subject, uint32 indexed party, uint64 lapses, bytes32 grounds);
    /// @notice Its party closed it.
    event DisputeClosed(bytes32 indexed subject, uint32 indexed party);
    /// @notice An independent body upheld it: it lapses no more.
    event DisputeUpheld(bytes32 indexed subject, uint32 indexed party, uint32 by);

    // ---------------------------------------------------------------- errors

    /// @notice The header is not the one of a batch on record.
    error NotTheBatch(uint32 issuer, bytes32 root, bytes32 recorded, bytes32 given);
    /// @notice The member is not the batch's issuer.
    error NotIssuer(uint32 issuer, uint32 member);
    /// @notice CO2e, credit and origin class are restated; metal, mass and units are not.
    error NotRestatable(uint32 column);
    /// @notice A restatement of zero, or beyond 2^53 - 1.
    error DeltaOutOfBounds(int64 delta);
    /// @notice Reason 0 or beyond the last.
    error UnknownReason(uint8 reason);
    /// @notice The leaf is zero.
    error ZeroLeaf();
    /// @notice A batch has at most this many restatements.
    error TooMany(uint256 count, uint256 maximum);
    /// @notice There is no such restatement.
    error UnknownRestatement(uint32 issuer, bytes32 root, uint32 index);
    /// @notice It was confirmed before.
    error AlreadyConfirmed(uint32 index, uint32 assurer);
    /// @notice None of the member's roles may do this.
    error RoleMissing(uint32 member, uint32 roles, uint32 required);
    /// @notice Who confirms or upholds is neither party nor under one control with one.
    error NotIndependent(uint32 member, uint32 other);
    /// @notice Only the issuer, a holder, the site's assurer, an authority or a community disputes.
    error NoStanding(uint32 member, bytes32 subject);
    /// @notice The party's last dispute of this subject bars another one until `until`.
    error DisputeBarred(uint32 party, bytes32 subject, uint64 until);
    /// @notice The party has no open dispute of this subject.
    error NoOpenDispute(uint32 party, bytes32 subject);
    /// @notice It was upheld before.
    error AlreadyUpheld(uint32 party, bytes32 subject);

    // ---------------------------------------------------------------- reading

    /// @notice Whose notices these are.
    function parts() external view returns (IConsortium, ILotBook, ICustody, IAssurance);

    /// @notice Length of a batch's restatement list.
    function restatementCount(uint32 issuer, bytes32 root) external view returns (uint256);

    /// @notice Entries [first, first + count) of a batch's restatement list, cut at its end.
    function restatements(uint32 issuer, bytes32 root, uint256 first, uint256 count)
        external
        view
        returns (Restatement[] memory);

    /// @notice A party's last dispute of a subject, and whether it is open now.
    function disputeOf(bytes32 subject, uint32 party) external view returns (Dispute memory, bool open);

    // ---------------------------------------------------------------- writing. Sender: an OPERATE account

    /// @notice Restate a total of a batch of the sender's member.
    function restate(
        ILotBook.Header calldata header,
        uint32 column,
        int64 delta,
        uint8 reason,
        bytes32 statementLeaf
    ) external;

    /// @notice Confirm a restatement: a certification body or footprint verifier, independent of the issuer.
    function confirm(uint32 issuer, bytes32 root, uint32 index) external;

    /// @notice Dispute a batch (`lotKey` 0) or a lot of its issuer.
    function dispute(ILotBook.Header calldata header, bytes32 lotKey, bytes32 grounds) external;

    /// @notice Close a dispute of the sender's member.
    function closeDispute(bytes32 subject) external;

    /// @notice Uphold a party's open dispute; sender: an authority or body, independent of party and issuer.
    function upholdDispute(ILotBook.Header calldata header, bytes32 lotKey, uint32 party) external;
}
