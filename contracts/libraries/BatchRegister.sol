// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAssurance} from "../interfaces/IAssurance.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";
import {ICustody} from "../interfaces/ICustody.sol";
import {ILotBook} from "../interfaces/ILotBook.sol";
import {ILotLaws} from "../interfaces/ILotLaws.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IStatementLog} from "../interfaces/IStatementLog.sol";
import {Columns} from "./Columns.sol";
import {LotContract} from "./LotContract.sol";
import {Periods} from "./Periods.sol";

/// @title Batches: one word each, and the sums that bound ways in
abstract contract BatchRegister is ILotBook, LotContract {
    using Columns for uint32;

    bytes32 private constant CUSTODY = "Custody";
    bytes32 private constant WITHDRAWN = bytes32(uint256(2));
    bytes32 private constant GONE = bytes32(uint256(4)); // handed over
    uint256 private constant OPENED = 1;
    uint8 private constant HEADER_VERSION = 1;
    uint16 private constant FLAG_ATTRIBUTED = 32;

    ICustody internal immutable _custody;
    IRegistry internal immutable _registry;
    IAssurance internal immutable _assurance;
    ILotLaws internal immutable _laws;
    IStatementLog internal immutable _statements;

    mapping(uint32 issuer => mapping(bytes32 root => bytes32 word)) private _batches;
    /// @dev Columns are never deregistered: a list that was known once is known for ever.
    mapping(bytes32 columnsDigest => bool known) private _knownColumns;
    mapping(uint32 site => mapping(uint16 substance => mapping(uint32 period => PeriodUse used))) private _periodUses;
    mapping(uint32 member => mapping(uint16 substance => mapping(uint32 period => uint64 used))) private _ceilingUses;
    /// @dev keccak256(abi.encode(issuer, root)) of the batch that a foreign source came in with, and back.
    mapping(bytes32 source => bytes32 batch) private _sources;
    mapping(bytes32 batch => bytes32 source) private _sourceOf;

    constructor(IConsortium consortium_, IRegistry registry_, IAssurance assurance_, ILotLaws laws_, IStatementLog log_)
        LotContract(consortium_)
    {
        if (address(registry_.consortium()) != address(consortium_)) revert NotOfThisConsortium(address(registry_));
        if (address(assurance_.consortium()) != address(consortium_)) revert NotOfThisConsortium(address(assurance_));
        if (address(log_.consortium()) != address(consortium_)) revert NotOfThisConsortium(address(log_));
        if (address(laws_).code.length == 0) revert NotOfThisConsortium(address(laws_));
        // Custody is created after this contract, at the address that the consortium has on record for it.
        address custody = consortium_.contractAt(CUSTODY);
        if (custody == address(0)) revert NotOfThisConsortium(custody);
        _custody = ICustody(custody);
        (_registry, _assurance, _laws, _statements) = (registry_, assurance_, laws_, log_);
        _log(
            BookOpened.selector,
            uint160(address(consortium_)),
            abi.encode(custody, registry_, assurance_, laws_, log_)
        );
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc ILotBook
    function parts() external view returns (IConsortium, ICustody, IRegistry, IAssurance, ILotLaws, IStatementLog) {
        return (_consortium, _custody, _registry, _assurance, _laws, _statements);
    }

    /// @inheritdoc ILotBook
    function batchWord(uint32 issuer, bytes32 root) external view returns (bytes32) {
        return _batches[issuer][root];
    }

    /// @inheritdoc ILotBook
    function periodUse(uint32 site, uint16 substance, uint32 period) external view returns (PeriodUse memory) {
        return _periodUses[site][substance][period];
    }

    /// @inheritdoc ILotBook
    function ceilingUse(uint32 member, uint16 substance, uint32 period) external view returns (uint64) {
        return _ceilingUses[member][substance][period];
    }

    /// @inheritdoc ILotBook
    function sourceBatch(bytes32 source) external view returns (bytes32) {
        return _sources[source];
    }

    /// @inheritdoc ILotBook
    function periodOf(uint64 time) external pure returns (uint32) {
        return Periods.number(time);
    }

    // ---------------------------------------------------------------- writing

    /// @inheritdoc ILotBook
    function markOpened(uint32 issuer, bytes32 root, bytes32 headerDigest) external {
        if (msg.sender != address(_custody)) revert NotCaller(msg.sender, address(_custody));
        bytes32 word = _requireBatch(issuer, root, headerDigest);
        if (uint256(word) & OPENED == 0) _batches[issuer][root] = bytes32(uint256(word) | OPENED);
    }

    /// @inheritdoc ILotBook
    function withdraw(Header calldata header, uint32[] calldata columns, uint64[] calldata sums, bytes16 salt) external {
        _requireUntouched(header);
        if (header.kind == uint8(BatchKind.TRANSFORM)) revert NotInThisRun("withdraw");
        bytes32 given = keccak256(abi.encode(columns, sums, salt));
        if (given != header.totals) revert ICustody.TotalsMismatch(header.totals, given);
        _batches[header.issuer][header.root] = WITHDRAWN;
        uint32 period = Periods.number(header.producedTo - 1);
        for (uint256 i = 0; i < columns.length; ++i) {
            if (columns[i].kind() == Columns.METAL) _giveBack(header, columns[i].substance(), period, sums[i]);
        }
        bytes32 batch = keccak256(abi.encode(header.issuer, header.root));
        if (_sourceOf[batch] != 0) delete _sources[_sourceOf[batch]];
        _log(BatchWithdrawn.selector, header.issuer, uint256(header.root), abi.encode(bytes32(0)));
    }

    /// @inheritdoc ILotBook
    function replace(Header calldata header, bytes32 root, uint64 size) external {
        _requireUntouched(header);
        if (header.kind != uint8(BatchKind.TRANSFORM)) revert NotInThisRun("replace");
        _batches[header.issuer][header.root] = WITHDRAWN;
        _log(BatchWithdrawn.selector, header.issuer, uint256(header.root), abi.encode(root));
        Header memory next = header;
        next.sequence = _statements.drawSequence(header.issuer, 1);
        next.by = msg.sender;
        next.root = root;
        next.size = size;
        next.anchoredAt = _now();
        _write(next);
        _log(BatchReplaced.selector, header.issuer, uint256(root), abi.encode(next));
    }

    /// @inheritdoc ILotBook
    function handOverBatch(uint32 issuer, bytes32 root) external returns (bytes32 word) {
        _onlySuccessor();
        word = _batches[issuer][root];
        if (word == GONE || word == 0) revert HandedOver(root);
        _batches[issuer][root] = GONE;
        _log(BatchHandedOver.selector, issuer, uint256(root), "");
    }

    // ---------------------------------------------------------------- for runs

    /// @dev Write a batch of a run: the header's fields that differ between outputs.
    function _issue(Header memory header, Run calldata run, uint256 o, bytes32 totals) internal {
        Output memory output = run.outputs[o];
        uint16 flags = header.flags;
        header.root = output.root;
        header.size = output.size;
        header.totals = totals;
        header.referenceColumn = output.referenceColumn;
        header.productClass = output.productClass;
        header.model = output.model;
        if (output.attributed) header.flags = flags | FLAG_ATTRIBUTED;
        _requireKnown(output.columns);
        _write(header);
        _log(
            BatchIssued.selector,
            header.issuer,
            uint256(output.root),
            abi.encode(header, output.columns, output.sums, output.salt)
        );
        ++header.sequence;
        header.flags = flags;
    }

    /// @dev What all batches of a run have in common.
    function _commonHeader(Run calldata run, uint8 kind, uint32 issuer, ILotLaws.Judgement memory judgement)
        internal
        returns (Header memory header)
    {
        header.version = HEADER_VERSION;
        header.kind = kind;
        header.issuer = issuer;
        header.sequence = _statements.drawSequence(issuer, uint64(run.outputs.length));
        header.by = msg.sender;
        header.site = run.site;
        header.originSite = judgement.originSite;
        header.producedFrom = run.producedFrom;
        header.producedTo = run.producedTo;
        header.flags = judgement.flags;
        header.allocationRule = run.allocationRule;
        header.anchoredAt = _now();
        header.cause = judgement.cause;
    }

    function _useSource(bytes32 source, uint32 issuer, bytes32 root) internal {
        if (_sources[source] != 0) revert SourceUsed(source, _sources[source]);
        bytes32 batch = keccak256(abi.encode(issuer, root));
        _sources[source] = batch;
        _sourceOf[batch] = source;
    }

    /// @dev Informal ore enters where a licensed site certifies more than it can dig: so what it can dig is on record. What
    /// comes from outside has a ceiling for each member, and stock-takes are bounded by what went through the site.
    function _use(uint32 site, uint32 member, uint16 substance, uint32 period, uint256 amount, BatchKind kind) internal {
        if (kind == BatchKind.EXTERNAL) {
            uint256 declared = _ceilingUses[member][substance][period] + amount;
            uint256 ceiling = _registry.externalCeiling(member, substance);
            if (declared > ceiling) revert OverCeiling(member, substance, period, declared, ceiling);
            _saveCeiling(member, substance, period, uint64(declared));
            return;
        }
        PeriodUse memory used = _periodUses[site][substance][period];
        if (kind == BatchKind.TRANSFORM) {
            used.taken += uint64(amount);
        } else if (kind == BatchKind.ORIGIN) {
            used.originated += uint64(amount);
            uint256 capacity = _registry.capacity(site, substance);
            if (used.originated > capacity) revert OverCapacity(site, substance, period, used.originated, capacity);
        } else {
            used.gained += uint64(amount);
            uint256 bound = (uint256(used.taken) * _registry.lotRules().gainPpm) / Columns.PPM;
            if (used.gained > bound) revert OverGain(site, substance, period, used.gained, bound);
        }
        _savePeriod(site, substance, period, used);
    }

    // ---------------------------------------------------------------- private

    function _savePeriod(uint32 site, uint16 substance, uint32 period, PeriodUse memory used) private {
        _periodUses[site][substance][period] = used;
        _log(PeriodUsed.selector, site, substance, period, abi.encode(used));
    }

    function _saveCeiling(uint32 member, uint16 substance, uint32 period, uint64 used) private {
        _ceilingUses[member][substance][period] = used;
        _log(CeilingUsed.selector, member, substance, period, abi.encode(used));
    }

    function _write(Header memory header) private {
        if (header.root == 0) revert ZeroRoot();
        if (header.size == 0 || header.size > Columns.QUANTITY_MAXIMUM) {
            revert Count("size", header.size, 1, Columns.QUANTITY_MAXIMUM);
        }
        mapping(bytes32 root => bytes32 word) storage batches = _batches[header.issuer];
        if (batches[header.root] != 0) revert AlreadyIssued(header.issuer, header.root);
        batches[header.root] = bytes32(uint256(keccak256(abi.encode(header))) & ~OPENED);
    }

    function _requireKnown(uint32[] memory columns) private {
        bytes32 digest = keccak256(abi.encode(columns));
        if (_knownColumns[digest]) return;
        _registry.requireColumns(columns);
        for (uint256 i = 0; i < columns.length; ++i) {
            uint16 programme = columns[i].qualifier();
            if (columns[i].kind() == Columns.CREDIT && !_assurance.programmeKnown(programme)) {
                revert UnknownProgramme(programme);
            }
        }
        _knownColumns[digest] = true;
    }

    /// @dev The header is the one on record; returns the word.
    function _requireBatch(uint32 issuer, bytes32 root, bytes32 digest) private view returns (bytes32 word) {
        word = _batches[issuer][root];
        if (uint256(word) | OPENED != uint256(digest) | OPENED) revert NotTheBatch(issuer, root, word, digest);
    }

    function _requireUntouched(Header calldata header) private view {
        (uint32 member,) = _operator();
        if (member != header.issuer) revert NotIssuer(header.issuer, member);
        bytes32 word = _requireBatch(header.issuer, header.root, keccak256(abi.encode(header)));
        if (uint256(word) & OPENED != 0) revert BatchOpened(header.issuer, header.root);
    }

    function _giveBack(Header calldata header, uint16 substance, uint32 period, uint64 amount) private {
        if (header.kind == uint8(BatchKind.EXTERNAL)) {
            uint64 declared = _ceilingUses[header.issuer][substance][period];
            _saveCeiling(header.issuer, substance, period, declared - amount);
            return;
        }
        PeriodUse memory used = _periodUses[header.site][substance][period];
        if (header.kind == uint8(BatchKind.ORIGIN)) used.originated -= amount;
        else used.gained -= amount;
        _savePeriod(header.site, substance, period, used);
    }
}
