// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IVetaContract} from "./IVetaContract.sol";
import {IConsortium} from "./IConsortium.sol";

/// @title Which statements are anchored, and what became of them
/// @notice A batch is one word under (issuer, root); a status is keyed (issuer, leaf). Neither knows of the other: a
/// status of a leaf that was never anchored means nothing, because a verifier asks only for a leaf it holds proven.
/// The batches of an issuer are enumerated by `BatchAnchored`, whose sequence is gapless (`SequenceDrawn` fills in).
interface IStatementLog is IVetaContract {
    // ---------------------------------------------------------------- values

    /// @notice Type of a batch's statements; which roles may anchor it: docs/spec/contracts.md.
    enum BatchKind {
        NONE,
        PASSPORT,
        FACILITY,
        CERTIFICATE,
        EVENT,
        IDENTITY,
        OTHER
    }

    /// @notice What an entry of a statement's status list records.
    enum StatusAction {
        NONE,
        REVOKE,
        SUPERSEDE,
        DISPUTE,
        DISPUTE_CLOSED,
        REAFFIRM,
        DISPUTE_UPHELD
    }

    /// @notice Why a statement was revoked.
    enum StatusReason {
        NONE,
        ISSUED_IN_ERROR,
        WITHDRAWN,
        COMPROMISED,
        VOIDED_BY_BODY,
        VOIDED_BY_ACCREDITOR,
        OTHER
    }

    /// @notice A batch under (issuer, root). One storage slot, empty if never anchored; packed in this order from the
    /// lowest bits.
    struct Anchor {
        uint64 sequence;
        uint64 size;
        uint64 anchoredAt;
        BatchKind kind;
    }

    /// @notice An entry of a status list. Two storage slots.
    struct StatusEntry {
        StatusAction action;
        StatusReason reason;
        uint32 byMember;
        uint64 effective;
        uint64 recorded;
        bytes32 related; // SUPERSEDE: the leaf in its place; DISPUTE: digest of the grounds; else the party or zero
    }

    /// @notice A party's dispute of one statement. One storage slot.
    struct Dispute {
        uint64 opened; // 0 = never
        uint64 lapses; // by the rules of that day; open before this time, and as long as it is upheld
        bool closed;
        bool upheld;
    }

    // ---------------------------------------------------------------- events

    /// @notice The log was opened for the members of this consortium.
    event Opened(address indexed consortium);
    /// @notice A batch was anchored, at the block's time, by account `by` of the issuer.
    event BatchAnchored(
        uint32 indexed issuer,
        bytes32 indexed root,
        uint64 sequence,
        uint64 size,
        BatchKind kind,
        address by
    );
    /// @notice An entry was appended to the status list of (issuer, leaf).
    event StatusRecorded(
        uint32 indexed issuer,
        bytes32 indexed leaf,
        uint32 index,
        StatusAction action,
        StatusReason reason,
        uint32 byMember,
        uint64 effective,
        uint64 recorded,
        bytes32 related
    );
    /// @notice The lot book drew `count` numbers from the issuer's sequence, `first` and those that follow.
    event SequenceDrawn(uint32 indexed issuer, uint64 indexed first, uint64 count);
    /// @notice The successor took the issuer's sequence and statuses over after `sequence`.
    event IssuerHandedOver(uint32 indexed issuer, uint64 sequence);

    // ---------------------------------------------------------------- errors

    /// @notice There is no consortium with a voter at the address.
    error NotAConsortium(address location);
    /// @notice The account is no active OPERATE account of an admitted member.
    error NotOperator(address account);
    /// @notice A draw takes 1 to `maximum` numbers.
    error CountOutOfBounds(uint64 count, uint64 maximum);
    /// @notice The issuer's next number is another one.
    error SequenceMismatch(uint32 issuer, uint64 expected, uint64 given);
    /// @notice The issuer anchored this root before, under this number.
    error AlreadyAnchored(uint32 issuer, bytes32 root, uint64 sequence);
    /// @notice The root is zero.
    error ZeroRoot();
    /// @notice The leaf is zero.
    error ZeroLeaf();
    /// @notice A batch has 1 to 2^53-1 leaves.
    error SizeOutOfBounds(uint64 size, uint64 maximum);
    /// @notice Kind 0 or beyond the last.
    error UnknownKind(uint8 kind);
    /// @notice None of the member's roles may do this.
    error RoleMissing(uint32 member, uint32 roles, uint32 required);
    /// @notice The issuer's sequence and statuses are in the successor now.
    error IssuerClosed(uint32 issuer, address successor);
    /// @notice There is no such member.
    error UnknownIssuer(uint32 issuer);
    /// @notice This reason is not open to this member for this issuer's statements.
    error ReasonNotOpen(uint32 member, uint32 issuer, StatusReason reason);
    /// @notice The member revoked this statement for this reason before.
    error AlreadyRevoked(uint32 member, bytes32 leaf, StatusReason reason);
    /// @notice Only COMPROMISED and the VOIDED reasons may be effective in the past.
    error InThePast(StatusReason reason, uint64 effective, uint64 now_);
    /// @notice Nothing is effective in the future.
    error InTheFuture(uint64 effective, uint64 now_);
    /// @notice A statement does not take its own place.
    error SupersedesItself(bytes32 leaf);
    /// @notice The leaf was superseded before, by `byLeaf`.
    error AlreadySuperseded(bytes32 leaf, bytes32 byLeaf);
    /// @notice No key of the issuer was declared compromised since the statement was last re-affirmed.
    error NothingToReaffirm(uint32 issuer, bytes32 leaf, uint32 compromises);
    /// @notice The party's last dispute of this statement bars another one until `until`.
    error DisputeBarred(uint32 party, bytes32 leaf, uint64 until);
    /// @notice The party has no open dispute of this statement.
    error NoOpenDispute(uint32 party, bytes32 leaf);
    /// @notice The dispute was upheld before.
    error AlreadyUpheld(uint32 party, bytes32 leaf);
    /// @notice Who upholds a dispute is neither its party, nor the issuer, nor under one control with either.
    error NotIndependent(uint32 member, uint32 other);

    // ---------------------------------------------------------------- reading

    /// @notice The consortium whose members these are.
    function consortium() external view returns (IConsortium);

    /// @notice The batch under (issuer, root); all zero if never anchored.
    function anchorOf(uint32 issuer, bytes32 root) external view returns (Anchor memory);

    /// @notice The number the issuer's next batch carries, from 1, and whether the successor took over.
    function nextSequence(uint32 issuer) external view returns (uint64 sequence, bool handedOver);

    /// @notice Length of the status list of (issuer, leaf).
    function statusCount(uint32 issuer, bytes32 leaf) external view returns (uint256);

    /// @notice Entries [first, first + count) of the status list of (issuer, leaf), cut at its end.
    function status(uint32 issuer, bytes32 leaf, uint256 first, uint256 count)
        external
        view
        returns (StatusEntry[] memory);

    /// @notice The leaf that took this one's place, zero if none.
    function supersededBy(uint32 issuer, bytes32 leaf) external view returns (bytes32);

    /// @notice A party's last dispute of a statement, and whether it is open now.
    function disputeOf(uint32 issuer, bytes32 leaf, uint32 party) external view returns (Dispute memory, bool open);

    /// @notice Bits of the roles that may anchor batches of a kind.
    function rolesFor(BatchKind kind) external pure returns (uint32);

    // ---------------------------------------------------------------- writing

    /// @notice Anchor a batch as the sender's member. Sender: an active OPERATE account.
    function anchor(uint64 sequence, bytes32 root, uint64 size, uint8 kind) external;

    /// @notice Revoke a statement of the sender's member; or, as a body, void somebody else's. `effective` 0 = now.
    function revoke(uint32 issuer, bytes32 leaf, StatusReason reason, uint64 effective) external;

    /// @notice Put another statement of the sender's member in the place of one; chains, never cycles.
    function supersede(bytes32 leaf, bytes32 byLeaf) external;

    /// @notice Stand by a statement of the sender's member after one of its keys was declared compromised.
    function reaffirm(bytes32 leaf) external;

    /// @notice Open a dispute. Sender: the issuer, an authority, certification or accreditation body, or a community.
    /// `grounds`: digest of the document that says why, never zero.
    function dispute(uint32 issuer, bytes32 leaf, bytes32 grounds) external;

    /// @notice Close a dispute of the sender's member.
    function closeDispute(uint32 issuer, bytes32 leaf) external;

    /// @notice Uphold a party's open dispute: it lapses no more. Sender: an independent authority or body.
    function upholdDispute(uint32 issuer, bytes32 leaf, uint32 party) external;

    /// @notice Draw the next `count` numbers from the issuer's sequence. Only the contract on record as `LotBook`.
    function drawSequence(uint32 issuer, uint64 count) external returns (uint64 first);

    /// @notice Hand an issuer's sequence over to the successor, which alone may call this: closes the issuer here.
    function handOver(uint32 issuer) external returns (uint64 sequence);
}
