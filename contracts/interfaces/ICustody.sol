// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IConsortium} from "./IConsortium.sol";
import {ILotBook} from "./ILotBook.sol";
import {ILotLaws} from "./ILotLaws.sol";
import {IRegistry} from "./IRegistry.sol";
import {IVetaContract} from "./IVetaContract.sol";

/// @title Lots that moved: who has them, what is gone of them, and the ways out
/// @notice A lot is a leaf of a batch in its issuer's custody until the issuer opens it here; then it has two slots
/// (`lotOf`). LotBook takes from lots that its caller holds; nobody else changes what is left of one.
interface ICustody is IVetaContract {
    // ---------------------------------------------------------------- values

    /// @notice A lot in its slot. OFFERED counts as HELD from `offerUntil` on.
    enum LotState {
        UNOPENED,
        HELD,
        OFFERED,
        CONSUMED,
        RETIRED,
        EXITED,
        HANDED_OVER
    }

    /// @notice Proof of one lot of a batch. `path`: siblings from the leaf up, each hash (32) || sums (8 a column).
    struct Opening {
        ILotBook.Header header;
        uint32[] columns;
        bytes16 salt;
        bytes32 lotKey;
        bytes32 statementLeaf;
        uint64[] quantities;
        uint64 index;
        bytes path;
    }

    /// @notice What was opened, handed in again: it must have the lot's commitment.
    struct Opened {
        ILotBook.Header header;
        uint32[] columns;
        uint64 index;
        bytes32 lotKey;
        bytes32 statementLeaf;
        uint64[] quantities;
    }

    /// @notice A lot in storage. Slot 0, lowest bits first, as listed up to `offerUntil`; slot 1: commitment =
    /// keccak256(abi.encode(keccak256(abi.encode(Header)), index, lotKey, statementLeaf, columns, quantities)).
    struct Lot {
        uint8 state;
        uint32 holder;
        uint32 offeredTo;
        uint32 previousHolder;
        uint56 taken; // of the reference column
        uint40 frozenUntil;
        uint40 offerUntil;
        bytes32 commitment;
    }

    /// @notice An offer that the holder signed (EIP-712; domain: name "Veta Custody", version "1", chain id, this contract,
    /// salt = keccak256 of the consortium's address left-padded).
    struct SignedOffer {
        uint32 from;
        uint32 to;
        uint64 until;
        uint256 nonce;
        bytes32 consignment;
        bytes32[] lots;
        uint64[] taken; // what is gone of each
    }

    /// @notice What a run takes of a lot, as LotBook orders it.
    struct TakeOrder {
        bytes32 lot;
        bytes32 commitment;
        uint64 total; // reference quantity of the lot
        uint64 taken; // what the caller saw as gone
        uint64 amount;
    }

    // ---------------------------------------------------------------- events

    /// @notice The register was opened for a consortium and its lot book.
    event CustodyOpened(address indexed consortium, address lotBook, address registry, address laws);
    /// @notice A lot was opened by its issuer.
    event LotOpened(
        bytes32 indexed lot,
        uint32 indexed issuer,
        bytes32 indexed root,
        uint64 index,
        bytes32 lotKey,
        bytes32 statementLeaf,
        uint32[] columns,
        uint64[] quantities
    );
    /// @notice A run took part of a lot, or all that was left.
    event LotTaken(bytes32 indexed lot, uint32 indexed by, uint64 taken, uint64 amount, bool consumed);
    /// @notice A lot was offered.
    event LotOffered(
        bytes32 indexed lot, uint32 indexed from, uint32 indexed to, uint64 until, uint64 taken, bytes32 consignment
    );
    /// @notice The other side declined. An offer that ends by its time leaves no event.
    event OfferEnded(bytes32 indexed lot, uint32 by);
    /// @notice A lot changed hands.
    event LotAccepted(bytes32 indexed lot, uint32 indexed from, uint32 indexed to, uint64 taken, bytes32 consignment);
    /// @notice What the receiver measured of the reference, how, and the statement that tells.
    event LotMeasured(
        bytes32 indexed lot, uint32 indexed by, uint64 shipped, uint64 measured, uint8 method, bytes32 statementLeaf
    );
    /// @notice A variance record changed by `change` to `total` (receiver, column, period).
    event VarianceRecorded(
        uint32 indexed member, uint32 indexed column, uint32 indexed period, int256 change, int256 total
    );
    /// @notice Beyond tolerance: the lot's quantities are these from now on, nothing of them taken.
    event LotRebased(bytes32 indexed lot, uint64[] before, uint64 taken, uint64[] quantities);
    /// @notice A signed offer's nonce was used.
    event NonceSpent(uint32 indexed member, uint256 indexed nonce);
    /// @notice The remainder of a lot ended.
    event LotRetired(bytes32 indexed lot, uint32 indexed by, uint64 taken, uint8 reason);
    /// @notice A lot left for somebody who is no member; digest = keccak256(abi.encode(chain id, this contract, lot,
    /// address, salt)).
    event LotExited(bytes32 indexed lot, uint32 indexed by, uint64 taken, bytes32 digest);
    /// @notice A lot came back, held by the member whose account the digest named.
    event LotReentered(bytes32 indexed lot, uint32 indexed by, uint64 taken);
    /// @notice A lot is frozen until a time: jointly by the parties of an offer (`by` asked last), by an authority, or by
    /// vote (`by` is 0).
    event LotFrozen(bytes32 indexed lot, uint32 indexed by, uint64 until, bool jointly);
    /// @notice One side of an offer asks for a joint freeze.
    event FreezeAsked(bytes32 indexed lot, uint32 indexed by, uint64 until);
    /// @notice The successor took a lot over.
    event LotHandedOver(bytes32 indexed lot);

    // ---------------------------------------------------------------- errors

    /// @notice The lot was opened before: the first opening of a lot id wins, whatever statement it names.
    error AlreadyOpen(bytes32 lot, bytes32 commitment, bytes32 given);
    /// @notice The proof leads to another root.
    error RootMismatch(bytes32 expected, bytes32 computed);
    /// @notice The path has another length than index, size and columns give.
    error PathLength(uint256 given, uint256 expected);
    /// @notice The index lies outside the batch.
    error IndexOutOfBounds(uint64 index, uint64 size);
    /// @notice The proof's sums are not the batch's totals.
    error TotalsMismatch(bytes32 expected, bytes32 computed);
    /// @notice The lot was never opened.
    error LotUnopened(bytes32 lot);
    /// @notice The lot is in another state.
    error LotNotInState(bytes32 lot, LotState state, LotState required);
    /// @notice The member does not hold the lot.
    error NotHolder(bytes32 lot, uint32 holder, uint32 member);
    /// @notice What is handed in is not what was opened.
    error NotWhatWasOpened(bytes32 lot, bytes32 commitment, bytes32 given);
    /// @notice The lot is frozen.
    error Frozen(bytes32 lot, uint64 until);
    /// @notice The lot is offered: it is locked until the offer ends.
    error LockedByOffer(bytes32 lot, uint32 to, uint64 until);
    /// @notice Somebody took of the lot in between.
    error TakenMismatch(bytes32 lot, uint64 recorded, uint64 given);
    /// @notice More is taken than is left.
    error AboveRemainder(bytes32 lot, uint256 left, uint256 wanted);
    /// @notice The lot is not offered to this member.
    error NotOfferedTo(bytes32 lot, uint32 to, uint32 member);
    /// @notice The time lies in the past, or too far ahead.
    error TimeOutOfBounds(uint64 given, uint64 minimum, uint64 maximum);
    /// @notice A lot is offered to an admitted member, and not to its holder.
    error BadRecipient(uint32 member);
    /// @notice The signature is not by an active OPERATE account of the member.
    error BadSignature(uint32 member, address signer);
    /// @notice The nonce was used.
    error NonceUsed(uint32 member, uint256 nonce);
    /// @notice More arrived than was shipped, beyond tolerance, and the reference is metal or units: a stock-take
    /// (`gain`) is the way in for it.
    error GainNeedsStockTake(bytes32 lot, uint256 shipped, uint256 measured);
    /// @notice The digest does not name this account.
    error NotNamedByExit(bytes32 lot, bytes32 digest, bytes32 given);
    /// @notice The member may not freeze this lot, or did so before.
    error MayNotFreeze(bytes32 lot, uint32 member);
    /// @notice The successor has the lot.
    error LotWithSuccessor(bytes32 lot);

    // ---------------------------------------------------------------- reading

    /// @notice The consortium whose members these are, and what custody asks.
    function parts() external view returns (IConsortium, ILotBook, IRegistry, ILotLaws);

    /// @notice A lot's two slots; state UNOPENED if it has none.
    function lotOf(bytes32 lot) external view returns (Lot memory);

    /// @notice Net difference that a member accepted in a column within tolerance in a period.
    function varianceOf(uint32 member, uint32 column, uint32 period) external view returns (int256);

    /// @notice Digest of an exited lot, zero if it is not out.
    function exitOf(bytes32 lot) external view returns (bytes32);

    /// @notice Whether a member's offer nonce is used.
    function nonceUsed(uint32 member, uint256 nonce) external view returns (bool);

    /// @notice EIP-712 digest of a signed offer.
    function offerDigest(SignedOffer calldata offer) external view returns (bytes32);

    // ---------------------------------------------------------------- lots. Sender: an OPERATE account of the holder

    /// @notice Open a lot; the sender's member issued its batch. The first opening of a lot id wins.
    function open(Opening calldata opening) external;

    /// @notice Open and offer in one call.
    function openAndOffer(Opening calldata opening, uint32 to, uint64 until, bytes32 consignment) external;

    /// @notice Offer lots as one consignment; they are locked until `until`, or until the other side answers.
    function offer(bytes32[] calldata lots, uint32 to, uint64 until, bytes32 consignment) external;

    /// @notice Decline what is offered to the sender's member.
    function decline(bytes32[] calldata lots) external;

    /// @notice Accept lots as shipped; `taken` is what the receiver saw as gone of each.
    function accept(bytes32[] calldata lots, uint64[] calldata taken, bytes32 consignment) external;

    /// @notice Accept one lot with what was measured of its reference. Within the class's tolerance the shipped figures
    /// stand; beyond it the lot is rebased.
    function acceptMeasured(Opened calldata lot, uint64 taken, uint64 measured, uint8 method, bytes32 statementLeaf)
        external;

    /// @notice Take over lots by the holder's signed offer, in one transaction. Sender: an account of `offer.to`.
    function acceptSigned(SignedOffer calldata offer_, bytes calldata signature) external;

    /// @notice End the remainder of lots; credit in them is extinguished.
    function retire(bytes32[] calldata lots, uint8 reason) external;

    /// @notice Let a lot go to somebody who is no member.
    function exit(bytes32 lot, bytes32 digest) external;

    /// @notice Take an exited lot back in, whole as it left. Sender: the account that the digest names.
    function reenter(bytes32 lot, bytes32 salt) external;

    // ---------------------------------------------------------------- freezing

    /// @notice Freeze a lot: an authority, once a lot, for the rules' time at most; or the consortium by vote.
    function freeze(bytes32 lot, uint64 until) external;

    /// @notice Ask, as one party of an open offer, to freeze the lot; when the other party of the same offer asks for the
    /// same, it is.
    function freezeJointly(bytes32 lot, uint64 until) external;

    // ---------------------------------------------------------------- for the lot book

    /// @notice Take from lots that the member holds. Sender: the lot book, for a transform.
    function take(uint32 member, TakeOrder[] calldata orders) external;

    // ---------------------------------------------------------------- exit

    /// @notice Hand a lot over to the successor, which alone may call this; closes it here.
    function handOverLot(bytes32 lot) external returns (Lot memory);
}
