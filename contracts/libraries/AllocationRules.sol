// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAssurance} from "../interfaces/IAssurance.sol";
import {RecordRegister} from "./RecordRegister.sol";

/// @title How a site's process shares CO2e among its product classes: registered by an operator, confirmed by an assurer
abstract contract AllocationRules is RecordRegister {
    uint32 private constant MILLION = 1_000_000;
    uint256 private constant SHARES_MAXIMUM = 16;
    uint256 private constant SHARES_PER_WORD = 3;

    uint32 private _ruleCount;
    mapping(uint32 rule => RuleState state) private _rules;
    /// @dev Three to a word, 80 bits each from the lowest on: class u32, minimum u24, maximum u24.
    mapping(uint32 rule => uint256[6] words) private _shares;

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IAssurance
    function allocationRule(uint32 rule) external view returns (AllocationRule memory) {
        RuleState memory state = _knownRule(rule);
        if (state.assurer == 0) revert RuleNotConfirmed(rule);
        return AllocationRule(state.site, state.from, state.until, _sharesOf(rule, state.shares));
    }

    /// @inheritdoc IAssurance
    function ruleCount() external view returns (uint32) {
        return _ruleCount;
    }

    /// @inheritdoc IAssurance
    function ruleState(uint32 rule) external view returns (RuleState memory) {
        return _rules[rule];
    }

    // ---------------------------------------------------------------- writing

    /// @inheritdoc IAssurance
    function registerRule(uint32 site, uint64 from, uint64 until, Share[] calldata shares)
        external
        returns (uint32 rule)
    {
        (uint32 member,) = _operator();
        if (!registry().operates(site, member)) revert NotOperating(site, member);
        if (until <= from || until <= _now()) revert WindowEmpty(from, until);
        _requireShares(shares);
        rule = ++_ruleCount;
        _rules[rule] = RuleState(site, from, until, member, 0, uint8(shares.length));
        for (uint256 i = 0; i < shares.length; ++i) {
            Share calldata share = shares[i];
            uint256 packed = uint256(share.productClass) | uint256(share.minimumPpm) << 32
                | uint256(share.maximumPpm) << 56;
            _shares[rule][i / SHARES_PER_WORD] |= packed << (80 * (i % SHARES_PER_WORD));
        }
        emit RuleRegistered(rule, site, member, from, until, shares);
        _record(
            keccak256(
                bytes.concat(
                    abi.encode(RuleRegistered.selector, rule, site, member), abi.encode(from, until, shares)
                )
            )
        );
    }

    /// @inheritdoc IAssurance
    function confirmRule(uint32 rule, bytes32 digest) external {
        (uint32 member,) = _operator();
        RuleState memory state = _knownRule(rule);
        if (state.assurer != 0) revert AlreadyConfirmed(rule, state.assurer);
        if (state.until <= _now()) revert RuleOver(rule, state.until);
        if (!assures(member, state.site)) revert NotAssuring(state.site, member);
        _requireIndependent(member, state.operator);
        _requireIndependentOfSite(member, state.site);
        Share[] memory shares = _sharesOf(rule, state.shares);
        bytes32 expected = keccak256(abi.encode(state.site, state.from, state.until, shares));
        if (digest != expected) revert NotWhatWasRegistered(rule, expected, digest);
        uint64 from = state.from < _now() ? _now() : state.from;
        _rules[rule].from = from;
        _rules[rule].assurer = member;
        emit RuleConfirmed(rule, member, from);
        _record(keccak256(abi.encode(RuleConfirmed.selector, rule, member, from)));
    }

    /// @inheritdoc IAssurance
    function endRule(uint32 rule) external {
        RuleState memory state = _knownRule(rule);
        uint32 member = 0;
        if (msg.sender != successor()) {
            (member,) = _operator();
            if (!registry().operates(state.site, member) && !assures(member, state.site)) {
                revert NotOperating(state.site, member);
            }
        }
        if (state.until <= _now()) revert RuleOver(rule, state.until);
        _rules[rule].until = _now();
        emit RuleEnded(rule, member, _now());
        _record(keccak256(abi.encode(RuleEnded.selector, rule, member, _now())));
    }

    // ---------------------------------------------------------------- private

    function _knownRule(uint32 rule) private view returns (RuleState memory state) {
        state = _rules[rule];
        if (state.operator == 0) revert UnknownRule(rule);
    }

    function _sharesOf(uint32 rule, uint256 count) private view returns (Share[] memory shares) {
        shares = new Share[](count);
        uint256 word = 0;
        for (uint256 i = 0; i < count; ++i) {
            if (i % SHARES_PER_WORD == 0) word = _shares[rule][i / SHARES_PER_WORD];
            shares[i] = Share(uint32(word), uint24(word >> 32), uint24(word >> 56));
            word >>= 80;
        }
    }

    function _requireShares(Share[] calldata shares) private view {
        uint256 count = shares.length;
        if (count == 0 || count > SHARES_MAXIMUM) revert CountOutOfBounds(count, 1, SHARES_MAXIMUM);
        uint32 last = 0;
        uint256 minima = 0;
        uint256 maxima = 0;
        for (uint256 i = 0; i < count; ++i) {
            Share calldata share = shares[i];
            if (share.productClass <= last) revert NotAscending(share.productClass);
            last = share.productClass;
            if (!registry().productClass(last).known) revert UnknownProductClass(last);
            if (share.minimumPpm > share.maximumPpm || share.maximumPpm > MILLION) {
                revert ShareBounds(last, share.minimumPpm, share.maximumPpm);
            }
            minima += share.minimumPpm;
            maxima += share.maximumPpm;
        }
        if (minima > MILLION || maxima < MILLION) revert SharesCannotClose(minima, maxima);
    }
}
