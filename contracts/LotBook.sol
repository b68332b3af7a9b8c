// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAssurance} from "./interfaces/IAssurance.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {ILotBook} from "./interfaces/ILotBook.sol";
import {ILotLaws} from "./interfaces/ILotLaws.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IStatementLog} from "./interfaces/IStatementLog.sol";
import {BatchRegister} from "./libraries/BatchRegister.sol";
import {Columns} from "./libraries/Columns.sol";
import {Periods} from "./libraries/Periods.sol";

/// @title LotBook
/// @notice See ILotBook. What a run says and adds up to is LotLaws' to judge; here is what depends on the chain: who may,
/// when, how much in a period, and what stays on record.
contract LotBook is BatchRegister {
    using Columns for uint32;

    mapping(uint32 site => mapping(uint16 programme => mapping(uint16 substance => mapping(uint32 period => uint64))))
        private _credits;

    constructor(IConsortium consortium_, IRegistry registry_, IAssurance assurance_, ILotLaws laws_, IStatementLog log_)
        BatchRegister(consortium_, registry_, assurance_, laws_, log_)
    {}

    /// @inheritdoc ILotBook
    function creditOf(uint32 site, uint16 programme, uint16 substance, uint32 period) external view returns (uint64) {
        if (period + _registry.lotRules().creditPeriods < Periods.number(_now())) return 0;
        return _credits[site][programme][substance][period];
    }

    // ---------------------------------------------------------------- runs

    /// @inheritdoc ILotBook
    function originate(Run calldata run) external {
        _recordRun(run);
    }

    /// @inheritdoc ILotBook
    function declareExternal(Run calldata run) external {
        _recordRun(run);
    }

    /// @inheritdoc ILotBook
    function gain(Run calldata run) external {
        _recordRun(run);
    }

    /// @inheritdoc ILotBook
    function transform(Run calldata run) external {
        _recordRun(run);
    }

    /// @dev Who and when, the laws, what the run takes and uses up, and at last what it makes.
    function _recordRun(Run calldata run) private {
        BatchKind kind = _kindCalled();
        (uint32 issuer, uint32 period) = _begin(run, kind != BatchKind.EXTERNAL || run.site != 0);
        if (kind == BatchKind.ORIGIN) _requireCovers(run);
        ILotLaws.Judgement memory judgement = _judge(run, period);
        if (kind == BatchKind.TRANSFORM) _takeAll(run, issuer, judgement);
        if (kind == BatchKind.EXTERNAL) _useSource(run.source, issuer, run.outputs[0].root);
        uint32[] memory columns = run.columns;
        for (uint256 i = 0; i < columns.length; ++i) {
            uint32 key = columns[i];
            if (key.kind() == Columns.METAL) {
                if (judgement.used[i] > 0) _use(run.site, issuer, key.substance(), period, judgement.used[i], kind);
            } else if (key.kind() == Columns.CREDIT && judgement.entering[i] > 0) {
                _enterCredit(run.site, key, period, judgement.entering[i]);
            }
        }
        _finish(run, kind, issuer, judgement);
    }

    /// @dev Which of the four was called. A constant handed down would have the compiler write `_recordRun` out once for each,
    /// beyond what a contract may hold.
    function _kindCalled() private pure returns (BatchKind) {
        if (msg.sig == this.transform.selector) return BatchKind.TRANSFORM;
        if (msg.sig == this.originate.selector) return BatchKind.ORIGIN;
        return msg.sig == this.gain.selector ? BatchKind.GAIN : BatchKind.EXTERNAL;
    }

    /// @dev Lots first, then what their credit and the account allow.
    function _takeAll(Run calldata run, uint32 issuer, ILotLaws.Judgement memory judgement) private {
        _requireReducible(run);
        _custody.take(issuer, judgement.orders);
        for (uint256 i = 0; i < judgement.originCredits.length; ++i) {
            ILotLaws.OriginCredit memory each = judgement.originCredits[i];
            if (_assurance.suspended(each.site, each.programme)) revert CreditSuspended(each.site, each.programme);
        }
        for (uint256 i = 0; i < run.draws.length; ++i) {
            _drawCredit(run.site, run.draws[i].column, run.draws[i].quantity);
        }
    }

    // ---------------------------------------------------------------- parts of every run

    /// @dev Who, where and when: the sender's member operates the site, production is over, and not for too long.
    function _begin(Run calldata run, bool atSite) private view returns (uint32 issuer, uint32 period) {
        (issuer,) = _operator();
        if (atSite && !_registry.operates(run.site, issuer)) revert NotSiteOperator(run.site, issuer);
        if (run.producedFrom >= run.producedTo || run.producedTo > _now()) {
            revert ProductionWindow(run.producedFrom, run.producedTo, _now());
        }
        uint256 latest = uint256(run.producedTo) + _registry.lotRules().latenessSeconds;
        if (_now() > latest) revert TooLate(run.producedTo, uint64(latest), _now());
        // A production window [from, to) belongs to the quarter of its last second.
        period = Periods.number(run.producedTo - 1);
    }

    function _judge(Run calldata run, uint32 period) private view returns (ILotLaws.Judgement memory) {
        ILotLaws.Terms memory terms;
        terms.period = period;
        terms.outputs = new ILotLaws.OutputTerms[](run.outputs.length);
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            uint32 id = run.outputs[o].productClass;
            IRegistry.ProductClass memory class = _registry.productClass(id);
            if (!class.known) revert UnknownProductClass(id);
            terms.outputs[o] =
                ILotLaws.OutputTerms(class.metalTolerancePpm, class.residue, class.co2eDefaultPerMillion);
        }
        if (run.allocationRule != 0) {
            terms.hasRule = true;
            terms.rule = _ruleInForce(run);
        }
        return _ask(abi.encode(terms));
    }

    /// @dev The call goes on as it came: encoding a run once more would cost as much as judging it. Both contracts so read
    /// the same octets at the same places. What a list claims beyond the end of the call is refused wherever this contract
    /// reads it; what only the laws read (what takes name) is checked against what custody has on record.
    function _ask(bytes memory terms) private view returns (ILotLaws.Judgement memory) {
        (bool judged, bytes memory answer) =
            address(_laws).staticcall(bytes.concat(msg.data, terms, bytes32(terms.length)));
        if (!judged) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        return abi.decode(answer, (ILotLaws.Judgement));
    }

    /// @dev Batches, and beside them what the run said.
    function _finish(Run calldata run, BatchKind kind, uint32 issuer, ILotLaws.Judgement memory judgement) private {
        Header memory header = _commonHeader(run, uint8(kind), issuer, judgement);
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            _issue(header, run, o, judgement.totals[o]);
        }
        TakeRecord[] memory takes = new TakeRecord[](run.takes.length);
        for (uint256 i = 0; i < takes.length; ++i) {
            takes[i] = TakeRecord(judgement.orders[i].lot, run.takes[i].taken, run.takes[i].amount);
        }
        _log(
            RunRecorded.selector,
            issuer,
            uint256(judgement.cause),
            abi.encode(
                kind,
                run.source,
                takes,
                run.firstMeasured,
                run.reductions,
                run.draws,
                run.losses,
                run.emissions
            )
        );
    }

    function _ruleInForce(Run calldata run) private view returns (IAssurance.Share[] memory) {
        IAssurance.AllocationRule memory rule = _assurance.allocationRule(run.allocationRule);
        if (rule.site != run.site || _now() < rule.from || _now() >= rule.until) {
            revert RuleNotInForce(run.allocationRule, rule.site, rule.from, rule.until);
        }
        return rule.shares;
    }

    /// @dev What a scheme lists as lower; LotLaws sees to the quantities.
    function _requireReducible(Run calldata run) private view {
        for (uint256 i = 0; i < run.reductions.length; ++i) {
            Reduction calldata each = run.reductions[i];
            if (!_assurance.reducible(each.from.qualifier(), each.to.qualifier())) {
                revert NotReducible(each.from, each.to);
            }
        }
    }

    /// @dev Credit enters only under certificates that held for the whole of production, for each column its own.
    function _requireCovers(Run calldata run) private view {
        uint256 next = 0;
        for (uint256 i = 0; i < run.columns.length; ++i) {
            uint32 key = run.columns[i];
            if (key.kind() != Columns.CREDIT) continue;
            if (next == run.covers.length || run.covers[next].column != key) revert CoverMissing(key);
            _assurance.requireCover(
                run.site,
                key.qualifier(),
                key.substance(),
                run.producedFrom,
                run.producedTo,
                run.covers[next].certificates
            );
            ++next;
        }
        if (next != run.covers.length) revert CoverMissing(run.covers[next].column);
    }

    // ---------------------------------------------------------------- credit accounts

    function _enterCredit(uint32 site, uint32 key, uint32 period, uint256 amount) private {
        uint64 balance = _credits[site][key.qualifier()][key.substance()][period];
        _saveCredit(site, key, period, balance + uint64(amount));
    }

    /// @dev Oldest first, so that nobody keeps old credit alive by spending new. Nothing moves between sites, programmes,
    /// substances or periods.
    function _drawCredit(uint32 site, uint32 key, uint256 wanted) private {
        uint32 current = Periods.number(_now());
        uint256 open = wanted;
        for (uint32 period = current - _registry.lotRules().creditPeriods; period <= current && open > 0; ++period) {
            uint64 balance = _credits[site][key.qualifier()][key.substance()][period];
            if (balance == 0) continue;
            uint64 part = open < balance ? uint64(open) : balance;
            open -= part;
            _saveCredit(site, key, period, balance - part);
        }
        if (open > 0) revert AccountShort(site, key.qualifier(), key.substance(), wanted - open, wanted);
    }

    function _saveCredit(uint32 site, uint32 key, uint32 period, uint64 balance) private {
        _credits[site][key.qualifier()][key.substance()][period] = balance;
        _log(CreditChanged.selector, site, key.qualifier(), key.substance(), abi.encode(period, balance));
    }
}
