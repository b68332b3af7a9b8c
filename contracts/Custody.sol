// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IConsortium} from "./interfaces/IConsortium.sol";
import {ICustody} from "./interfaces/ICustody.sol";
import {ILotBook} from "./interfaces/ILotBook.sol";
import {ILotLaws} from "./interfaces/ILotLaws.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {Columns} from "./libraries/Columns.sol";
import {LotContract} from "./libraries/LotContract.sol";
import {LotMath} from "./libraries/LotMath.sol";
import {LotShare} from "./libraries/LotShare.sol";
import {Periods} from "./libraries/Periods.sol";
import {Roles} from "./libraries/Roles.sol";
import {SumTree} from "./libraries/SumTree.sol";

/// @title Custody
/// @notice See ICustody.
contract Custody is ICustody, LotContract {
    using Columns for uint32;

    uint256 private constant LOTS_MAXIMUM = 64;
    uint256 private constant COLUMNS_MAXIMUM = 16;
    uint64 private constant OFFER_MAXIMUM = 366 days;
    uint16 private constant FLAG_ATTRIBUTED = 32;
    bytes32 private constant LOT_BOOK = "LotBook";
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)");
    bytes32 private constant OFFER_TYPE = keccak256(
        "SignedOffer(uint32 from,uint32 to,uint64 until,uint256 nonce,bytes32 consignment,bytes32[] lots,uint64[] taken)"
    );

    ILotBook private immutable _book;
    IRegistry private immutable _registry;
    ILotLaws private immutable _laws;

    mapping(bytes32 lot => Lot record) private _lots;
    mapping(bytes32 lot => bytes32 digest) private _exits;
    mapping(uint32 member => mapping(uint256 nonce => bool used)) private _nonces;
    mapping(uint32 member => mapping(uint32 column => mapping(uint32 period => int256 total))) private _variances;
    /// @dev The time one party asked for | the party << 64 | the offer's recipient << 96 | the offer's end << 128.
    mapping(bytes32 lot => uint256 asked) private _freezesAsked;
    mapping(bytes32 lot => bool done) private _frozenByAuthority;

    constructor(IConsortium consortium_) LotContract(consortium_) {
        address book = consortium_.contractAt(LOT_BOOK);
        if (book.code.length == 0) revert ILotBook.NotOfThisConsortium(book);
        _book = ILotBook(book);
        (IConsortium same, ICustody custody, IRegistry registry_,, ILotLaws laws_,) = _book.parts();
        if (address(same) != address(consortium_) || address(custody) != address(this)) {
            revert ILotBook.NotOfThisConsortium(book);
        }
        (_registry, _laws) = (registry_, laws_);
        _log(CustodyOpened.selector, uint160(address(consortium_)), abi.encode(book, registry_, laws_));
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc ICustody
    function parts() external view returns (IConsortium, ILotBook, IRegistry, ILotLaws) {
        return (_consortium, _book, _registry, _laws);
    }

    /// @inheritdoc ICustody
    function lotOf(bytes32 lot) external view returns (Lot memory) {
        return _lots[lot];
    }

    /// @inheritdoc ICustody
    function varianceOf(uint32 member, uint32 column, uint32 period) external view returns (int256) {
        return _variances[member][column][period];
    }

    /// @inheritdoc ICustody
    function exitOf(bytes32 lot) external view returns (bytes32) {
        return _exits[lot];
    }

    /// @inheritdoc ICustody
    function nonceUsed(uint32 member, uint256 nonce) external view returns (bool) {
        return _nonces[member][nonce];
    }

    /// @inheritdoc ICustody
    function offerDigest(SignedOffer calldata offer_) public view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN_TYPE,
                keccak256("Veta Custody"),
                keccak256("1"),
                block.chainid,
                address(this),
                keccak256(abi.encode(_consortium))
            )
        );
        bytes32 content = keccak256(
            abi.encode(
                OFFER_TYPE,
                offer_.from,
                offer_.to,
                offer_.until,
                offer_.nonce,
                offer_.consignment,
                keccak256(abi.encodePacked(offer_.lots)),
                keccak256(abi.encodePacked(offer_.taken))
            )
        );
        return keccak256(bytes.concat(hex"1901", domain, content));
    }

    // ---------------------------------------------------------------- opening

    /// @inheritdoc ICustody
    function open(Opening calldata opening) external {
        (uint32 member,) = _operator();
        _open(opening, member);
    }

    /// @inheritdoc ICustody
    function openAndOffer(Opening calldata opening, uint32 to, uint64 until, bytes32 consignment) external {
        (uint32 member,) = _operator();
        _requireRecipient(member, to, until);
        _offer(_open(opening, member), member, to, until, consignment);
    }

    // ---------------------------------------------------------------- custody

    /// @inheritdoc ICustody
    function offer(bytes32[] calldata lots, uint32 to, uint64 until, bytes32 consignment) external {
        (uint32 member,) = _operator();
        _requireLots(lots.length);
        _requireRecipient(member, to, until);
        for (uint256 i = 0; i < lots.length; ++i) {
            _requireInHand(lots[i], member);
            _offer(lots[i], member, to, until, consignment);
        }
    }

    /// @inheritdoc ICustody
    function decline(bytes32[] calldata lots) external {
        (uint32 member,) = _operator();
        _requireLots(lots.length);
        for (uint256 i = 0; i < lots.length; ++i) {
            Lot storage record = _requireOffered(lots[i], member);
            record.state = uint8(LotState.HELD);
            (record.offeredTo, record.offerUntil) = (0, 0);
            _log(OfferEnded.selector, uint256(lots[i]), abi.encode(member));
        }
    }

    /// @inheritdoc ICustody
    function accept(bytes32[] calldata lots, uint64[] calldata taken, bytes32 consignment) external {
        (uint32 member,) = _operator();
        _requireLots(lots.length);
        if (taken.length != lots.length) revert ILotBook.Count("taken", taken.length, lots.length, lots.length);
        for (uint256 i = 0; i < lots.length; ++i) {
            Lot storage record = _requireAcceptable(lots[i], member);
            _requireTaken(lots[i], record.taken, taken[i]);
            _passOn(lots[i], record, member, consignment);
        }
    }

    /// @inheritdoc ICustody
    function acceptMeasured(Opened calldata opened, uint64 taken, uint64 measured, uint8 method, bytes32 statementLeaf)
        external
    {
        (uint32 member,) = _operator();
        bytes32 lot = keccak256(abi.encode(opened.header.issuer, opened.lotKey));
        Lot storage record = _requireAcceptable(lot, member);
        _requireTaken(lot, record.taken, taken);
        bytes32 given = _commitment(opened, opened.quantities);
        if (given != record.commitment) revert NotWhatWasOpened(lot, record.commitment, given);
        if (measured == 0 || measured > Columns.QUANTITY_MAXIMUM) {
            revert ILotBook.QuantityOutOfBounds(
                opened.header.referenceColumn, measured, 1, Columns.QUANTITY_MAXIMUM
            );
        }
        if (method == 0) revert ILotBook.UnknownValue("method", method);
        _passOn(lot, record, member, statementLeaf);
        uint256 shipped = opened.quantities[Columns.find(opened.columns, opened.header.referenceColumn)] - taken;
        _log(
            LotMeasured.selector, uint256(lot), member, abi.encode(shipped, measured, method, statementLeaf)
        );
        _settleDifference(lot, opened, member, shipped, measured);
    }

    /// @inheritdoc ICustody
    function acceptSigned(SignedOffer calldata offer_, bytes calldata signature) external {
        (uint32 member,) = _operator();
        if (member != offer_.to) revert NotOfferedTo(offer_.consignment, offer_.to, member);
        uint256 count = offer_.lots.length;
        _requireLots(count);
        if (offer_.taken.length != count) revert ILotBook.Count("taken", offer_.taken.length, count, count);
        _requireRecipient(offer_.from, offer_.to, offer_.until);
        _spendNonce(offer_, signature);
        for (uint256 i = 0; i < count; ++i) {
            Lot storage record = _requireInHand(offer_.lots[i], offer_.from);
            _requireTaken(offer_.lots[i], record.taken, offer_.taken[i]);
            _passOn(offer_.lots[i], record, member, offer_.consignment);
        }
    }

    // ---------------------------------------------------------------- for the lot book

    /// @inheritdoc ICustody
    function take(uint32 member, TakeOrder[] calldata orders) external {
        if (msg.sender != address(_book)) revert NotCaller(msg.sender, address(_book));
        for (uint256 i = 0; i < orders.length; ++i) {
            TakeOrder calldata order = orders[i];
            Lot storage record = _requireInHand(order.lot, member);
            if (record.commitment != order.commitment) {
                revert NotWhatWasOpened(order.lot, record.commitment, order.commitment);
            }
            _requireTaken(order.lot, record.taken, order.taken);
            uint256 left = order.total - order.taken;
            if (order.amount > left) revert AboveRemainder(order.lot, left, order.amount);
            record.taken = uint56(order.taken + order.amount);
            bool consumed = order.amount == left;
            if (consumed) record.state = uint8(LotState.CONSUMED);
            _log(LotTaken.selector, uint256(order.lot), member, abi.encode(order.taken, order.amount, consumed));
        }
    }

    // ---------------------------------------------------------------- ways out

    /// @inheritdoc ICustody
    function retire(bytes32[] calldata lots, uint8 reason) external {
        (uint32 member,) = _operator();
        _requireLots(lots.length);
        if (reason == 0) revert ILotBook.UnknownValue("reason", reason);
        for (uint256 i = 0; i < lots.length; ++i) {
            Lot storage record = _requireInHand(lots[i], member);
            record.state = uint8(LotState.RETIRED);
            _log(LotRetired.selector, uint256(lots[i]), member, abi.encode(record.taken, reason));
        }
    }

    /// @inheritdoc ICustody
    function exit(bytes32 lot, bytes32 digest) external {
        (uint32 member,) = _operator();
        if (digest == 0) revert ILotBook.UnknownValue("digest", 0);
        Lot storage record = _requireInHand(lot, member);
        record.state = uint8(LotState.EXITED);
        _exits[lot] = digest;
        _log(LotExited.selector, uint256(lot), member, abi.encode(record.taken, digest));
    }

    /// @inheritdoc ICustody
    function reenter(bytes32 lot, bytes32 salt) external {
        (uint32 member,) = _operator();
        Lot storage record = _lots[lot];
        if (record.state != uint8(LotState.EXITED)) {
            revert LotNotInState(lot, LotState(record.state), LotState.EXITED);
        }
        bytes32 given = keccak256(abi.encode(block.chainid, address(this), lot, msg.sender, salt));
        if (given != _exits[lot]) revert NotNamedByExit(lot, _exits[lot], given);
        delete _exits[lot];
        (record.previousHolder, record.holder) = (record.holder, member);
        (record.offeredTo, record.offerUntil) = (0, 0);
        record.state = uint8(LotState.HELD);
        _log(LotReentered.selector, uint256(lot), member, abi.encode(record.taken));
    }

    // ---------------------------------------------------------------- freezing

    /// @inheritdoc ICustody
    function freeze(bytes32 lot, uint64 until) external {
        uint32 member = 0;
        if (msg.sender != address(_consortium)) {
            uint32 roles;
            (member, roles) = _operator();
            if (roles & Roles.AUTHORITY == 0 || _frozenByAuthority[lot]) revert MayNotFreeze(lot, member);
            uint64 latest = _now() + _registry.lotRules().authorityFreezeSeconds;
            if (until > latest) revert TimeOutOfBounds(until, _now() + 1, latest);
            _frozenByAuthority[lot] = true;
        }
        _freeze(lot, until, member, false);
    }

    /// @inheritdoc ICustody
    function freezeJointly(bytes32 lot, uint64 until) external {
        (uint32 member,) = _operator();
        _requireFreezable(lot, until);
        Lot storage record = _lots[lot];
        bool running = record.state == uint8(LotState.OFFERED) && _now() < record.offerUntil;
        if (!running || (member != record.holder && member != record.offeredTo)) revert MayNotFreeze(lot, member);
        uint32 other = member == record.holder ? record.offeredTo : record.holder;
        // Of this offer, between these two: what was asked in another one is no consent to this.
        uint256 offer_ = uint256(record.offeredTo) << 96 | uint256(record.offerUntil) << 128;
        if (_freezesAsked[lot] == (uint256(until) | uint256(other) << 64 | offer_)) {
            delete _freezesAsked[lot];
            _freeze(lot, until, member, true);
            return;
        }
        _freezesAsked[lot] = uint256(until) | uint256(member) << 64 | offer_;
        _log(FreezeAsked.selector, uint256(lot), member, abi.encode(until));
    }

    /// @inheritdoc ICustody
    function handOverLot(bytes32 lot) external returns (Lot memory copy) {
        _onlySuccessor();
        copy = _lots[lot];
        if (copy.state == uint8(LotState.HANDED_OVER)) revert LotWithSuccessor(lot);
        _lots[lot].state = uint8(LotState.HANDED_OVER);
        _log(LotHandedOver.selector, uint256(lot), "");
    }

    // ---------------------------------------------------------------- opening, private

    function _open(Opening calldata opening, uint32 member) private returns (bytes32 lot) {
        ILotBook.Header memory header = opening.header;
        if (member != header.issuer) revert ILotBook.NotIssuer(header.issuer, member);
        bytes32 digest = keccak256(abi.encode(header));
        _book.markOpened(member, header.root, digest);
        uint32[] memory columns = opening.columns;
        uint64[] memory quantities = opening.quantities;
        uint256 count = columns.length;
        if (count == 0 || count > COLUMNS_MAXIMUM) revert ILotBook.Count("columns", count, 1, COLUMNS_MAXIMUM);
        if (quantities.length != count) revert ILotBook.Count("quantities", quantities.length, count, count);
        uint256[] memory lanes = SumTree.toLanes(quantities, columns);
        bytes32 node = SumTree.leaf(opening.lotKey, opening.statementLeaf, lanes, count);
        (node, lanes) = SumTree.climb(node, lanes, count, opening.index, header.size, opening.path);
        if (node != header.root) revert RootMismatch(header.root, node);
        uint64[] memory totals = SumTree.fromLanes(lanes, count);
        bytes32 given = keccak256(abi.encode(columns, totals, opening.salt));
        if (given != header.totals) revert TotalsMismatch(header.totals, given);
        LotShare.judge(
            ILotLaws.LotSums({
                model: header.model,
                attributed: header.flags & FLAG_ATTRIBUTED != 0,
                metalTolerancePpm: _registry.productClass(header.productClass).metalTolerancePpm,
                referenceColumn: header.referenceColumn,
                columns: columns,
                quantities: LotShare.widen(quantities),
                totals: LotShare.widen(totals)
            })
        );
        lot = keccak256(abi.encode(member, opening.lotKey));
        bytes memory what = abi.encode(opening.index, opening.lotKey, opening.statementLeaf, columns, quantities);
        bytes32 commitment =
            _commit(digest, opening.index, opening.lotKey, opening.statementLeaf, columns, quantities);
        Lot storage record = _lots[lot];
        if (record.state != 0) revert AlreadyOpen(lot, record.commitment, commitment);
        (record.state, record.holder, record.commitment) = (uint8(LotState.HELD), member, commitment);
        _log(LotOpened.selector, uint256(lot), member, uint256(header.root), what);
    }

    function _commit(
        bytes32 headerDigest,
        uint64 index,
        bytes32 lotKey,
        bytes32 statementLeaf,
        uint32[] memory columns,
        uint64[] memory quantities
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(headerDigest, index, lotKey, statementLeaf, columns, quantities));
    }

    // ---------------------------------------------------------------- custody, private

    function _offer(bytes32 lot, uint32 member, uint32 to, uint64 until, bytes32 consignment) private {
        Lot storage record = _lots[lot];
        record.state = uint8(LotState.OFFERED);
        record.offeredTo = to;
        record.offerUntil = uint40(until);
        _log(LotOffered.selector, uint256(lot), member, to, abi.encode(until, record.taken, consignment));
    }

    /// @dev Custody moves the whole remainder; holder says who may act, not who owns.
    function _passOn(bytes32 lot, Lot storage record, uint32 to, bytes32 consignment) private {
        uint32 from = record.holder;
        record.state = uint8(LotState.HELD);
        record.holder = to;
        record.previousHolder = from;
        (record.offeredTo, record.offerUntil) = (0, 0);
        _log(LotAccepted.selector, uint256(lot), from, to, abi.encode(record.taken, consignment));
    }

    function _spendNonce(SignedOffer calldata offer_, bytes calldata signature) private {
        (address signer,,) = ECDSA.tryRecover(offerDigest(offer_), signature);
        (uint32 signs,) = _consortium.operatorAccount(signer);
        if (signs == 0 || signs != offer_.from) revert BadSignature(offer_.from, signer);
        if (_nonces[signs][offer_.nonce]) revert NonceUsed(signs, offer_.nonce);
        _nonces[signs][offer_.nonce] = true;
        _log(NonceSpent.selector, signs, offer_.nonce, "");
    }

    /// @dev Within tolerance the shipped figures stand and the difference is on record, never to be drawn. Beyond it a
    /// shortfall takes metal, credit and the rest in proportion, but no CO2e: what is missing was emitted all the same.
    /// More mass than was shipped brings no metal with it.
    function _settleDifference(
        bytes32 lot,
        Opened calldata opened,
        uint32 member,
        uint256 shipped,
        uint256 measured
    ) private {
        uint256 apart = measured > shipped ? measured - shipped : shipped - measured;
        if (apart == 0) return;
        uint32 column = opened.header.referenceColumn;
        if (apart * Columns.PPM <= _registry.productClass(opened.header.productClass).custodyTolerancePpm * shipped) {
            _addVariance(member, column, int256(measured) - int256(shipped));
            return;
        }
        if (measured > shipped && column.kind() != Columns.MASS) revert GainNeedsStockTake(lot, shipped, measured);
        Lot storage record = _lots[lot];
        uint64 taken = record.taken;
        uint64[] memory quantities = _rebased(opened, taken, shipped, measured);
        record.taken = 0;
        record.commitment = _commitment(opened, quantities);
        _log(LotRebased.selector, uint256(lot), abi.encode(opened.quantities, taken, quantities));
    }

    function _rebased(Opened calldata opened, uint256 taken, uint256 shipped, uint256 measured)
        private
        pure
        returns (uint64[] memory quantities)
    {
        uint256 total = shipped + taken;
        quantities = new uint64[](opened.columns.length);
        for (uint256 i = 0; i < quantities.length; ++i) {
            uint32 key = opened.columns[i];
            bool carbon = key.kind() == Columns.CO2E;
            uint256 left = LotMath.left(opened.quantities[i], total, taken, carbon);
            if (key == opened.header.referenceColumn) left = measured;
            else if (!carbon && measured < shipped) left = (left * measured) / shipped;
            quantities[i] = uint64(left);
        }
    }

    function _addVariance(uint32 member, uint32 column, int256 change) private {
        uint32 period = Periods.number(_now());
        int256 total = _variances[member][column][period] + change;
        _variances[member][column][period] = total;
        _log(VarianceRecorded.selector, member, column, period, abi.encode(change, total));
    }

    function _freeze(bytes32 lot, uint64 until, uint32 by, bool jointly) private {
        _requireFreezable(lot, until);
        Lot storage record = _lots[lot];
        if (until <= record.frozenUntil) revert Frozen(lot, record.frozenUntil);
        record.frozenUntil = uint40(until);
        _log(LotFrozen.selector, uint256(lot), by, abi.encode(until, jointly));
    }

    // ---------------------------------------------------------------- checks

    function _requireFreezable(bytes32 lot, uint64 until) private view {
        uint8 state = _lots[lot].state;
        if (state == uint8(LotState.UNOPENED)) revert LotUnopened(lot);
        if (state != uint8(LotState.HELD) && state != uint8(LotState.OFFERED)) {
            revert LotNotInState(lot, LotState(state), LotState.HELD);
        }
        if (until <= _now() || until > type(uint40).max) {
            revert TimeOutOfBounds(until, _now() + 1, type(uint40).max);
        }
    }

    /// @dev Held by the member, not frozen, and not locked by an offer that still runs.
    function _requireInHand(bytes32 lot, uint32 member) private view returns (Lot storage record) {
        record = _lots[lot];
        uint8 state = record.state;
        if (state == uint8(LotState.UNOPENED)) revert LotUnopened(lot);
        if (state != uint8(LotState.HELD) && state != uint8(LotState.OFFERED)) {
            revert LotNotInState(lot, LotState(state), LotState.HELD);
        }
        if (record.holder != member) revert NotHolder(lot, record.holder, member);
        if (_now() < record.frozenUntil) revert Frozen(lot, record.frozenUntil);
        if (state == uint8(LotState.OFFERED) && _now() < record.offerUntil) {
            revert LockedByOffer(lot, record.offeredTo, record.offerUntil);
        }
    }

    function _requireOffered(bytes32 lot, uint32 member) private view returns (Lot storage record) {
        record = _lots[lot];
        if (record.state != uint8(LotState.OFFERED)) {
            revert LotNotInState(lot, LotState(record.state), LotState.OFFERED);
        }
        if (record.offeredTo != member) revert NotOfferedTo(lot, record.offeredTo, member);
        if (_now() >= record.offerUntil) revert TimeOutOfBounds(_now(), 0, record.offerUntil);
    }

    /// @dev A freeze holds metal where it is: it stops accepting, and lets an offer be declined.
    function _requireAcceptable(bytes32 lot, uint32 member) private view returns (Lot storage record) {
        record = _requireOffered(lot, member);
        if (_now() < record.frozenUntil) revert Frozen(lot, record.frozenUntil);
    }

    function _requireTaken(bytes32 lot, uint64 recorded, uint64 given) private pure {
        if (recorded != given) revert TakenMismatch(lot, recorded, given);
    }

    function _requireRecipient(uint32 from, uint32 to, uint64 until) private view {
        if (to == from || !_consortium.standing(to).admitted) revert BadRecipient(to);
        if (until <= _now() || until > _now() + OFFER_MAXIMUM) {
            revert TimeOutOfBounds(until, _now() + 1, _now() + OFFER_MAXIMUM);
        }
    }

    function _requireLots(uint256 count) private pure {
        if (count == 0 || count > LOTS_MAXIMUM) revert ILotBook.Count("lots", count, 1, LOTS_MAXIMUM);
    }

    function _commitment(Opened calldata opened, uint64[] memory quantities) private pure returns (bytes32) {
        return _commit(
            keccak256(abi.encode(opened.header)),
            opened.index,
            opened.lotKey,
            opened.statementLeaf,
            opened.columns,
            quantities
        );
    }
}
