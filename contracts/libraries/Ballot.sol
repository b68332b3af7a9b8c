// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {IConsortium} from "../interfaces/IConsortium.sol";
import {MemberRegister} from "./MemberRegister.sol";

/// @title Rules, proposals, approvals and the timelock
/// @notice An approval counts if its member votes at the moment of counting; a proposal's target never counts. Votes are
/// counted when the timelock starts and once more at execution.
abstract contract Ballot is MemberRegister {
    using EnumerableSet for EnumerableSet.UintSet;

    uint256 private constant PAYLOAD_MAXIMUM = 16_384;
    uint32 private constant TIMELOCK_MAXIMUM = 60 days;
    uint32 private constant LIFETIME_MAXIMUM = 365 days;
    uint32 private constant BACKDATE_MAXIMUM = 365 days;

    Rules[] private _rules;
    uint64 private _proposalCount;
    bool private _votingClosed;
    mapping(uint64 proposal => Proposal content) private _proposals;
    mapping(uint64 proposal => EnumerableSet.UintSet members) private _approvals;

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IConsortium
    function rules() public view override returns (Rules memory) {
        return _rules[_rules.length - 1];
    }

    /// @inheritdoc IConsortium
    function rulesCount() external view returns (uint32) {
        return uint32(_rules.length);
    }

    /// @inheritdoc IConsortium
    function rulesAt(uint32 number) external view returns (Rules memory) {
        if (number == 0 || number > _rules.length) revert UnknownRules(number);
        return _rules[number - 1];
    }

    /// @inheritdoc IConsortium
    function proposalCount() external view returns (uint64) {
        return _proposalCount;
    }

    /// @inheritdoc IConsortium
    function proposal(uint64 proposal_)
        external
        view
        returns (Proposal memory content, uint256 approvals, uint256 required)
    {
        content = _known(proposal_);
        (approvals, required) = _tally(proposal_);
    }

    /// @inheritdoc IConsortium
    function hasApproved(uint64 proposal_, uint32 member) external view returns (bool) {
        return _approvals[proposal_].contains(member);
    }

    // ---------------------------------------------------------------- votes

    /// @inheritdoc IConsortium
    function propose(ProposalKind kind, bytes calldata payload) external returns (uint64 proposal_) {
        _requireVotingOpen();
        uint32 proposer = _voter();
        if (payload.length > PAYLOAD_MAXIMUM) revert TooMany(payload.length, PAYLOAD_MAXIMUM);
        uint32 target = _check(kind, payload);
        proposal_ = ++_proposalCount;
        Proposal storage content = _proposals[proposal_];
        content.kind = kind;
        content.target = target;
        content.proposer = proposer;
        content.expires = _now() + rules().proposalLifetime;
        content.digest = _digest(proposal_, kind, payload);
        emit Proposed(proposal_, proposer, kind, target, content.expires, content.digest, payload);
        _record(
            keccak256(
                bytes.concat(
                    abi.encode(Proposed.selector, proposal_, proposer),
                    abi.encode(kind, target, content.expires, content.digest, payload)
                )
            )
        );
    }

    /// @inheritdoc IConsortium
    function approve(uint64 proposal_, bytes32 digest) external {
        Proposal storage content = _open(proposal_);
        if (digest != content.digest) revert NotWhatWasProposed(proposal_, content.digest, digest);
        uint32 member = _voter();
        if (member == content.target) revert NoVote(member);
        if (!_approvals[proposal_].add(member)) revert AlreadyApproved(proposal_, member);
        emit Approved(proposal_, member);
        _record(keccak256(abi.encode(Approved.selector, proposal_, member)));
        _reschedule(proposal_);
    }

    /// @inheritdoc IConsortium
    function withdrawApproval(uint64 proposal_) external {
        _open(proposal_);
        uint32 member = _voter();
        if (!_approvals[proposal_].remove(member)) revert NotApproved(proposal_, member);
        emit ApprovalWithdrawn(proposal_, member);
        _record(keccak256(abi.encode(ApprovalWithdrawn.selector, proposal_, member)));
        _reschedule(proposal_);
    }

    /// @inheritdoc IConsortium
    function schedule(uint64 proposal_) external {
        Proposal storage content = _open(proposal_);
        if (content.ready != 0) revert Timelocked(proposal_, content.ready, _now());
        _requireQuorum(proposal_);
        _reschedule(proposal_);
    }

    /// @inheritdoc IConsortium
    function execute(uint64 proposal_, bytes calldata payload) external {
        Proposal storage content = _open(proposal_);
        bytes32 given = _digest(proposal_, content.kind, payload);
        if (given != content.digest) revert NotWhatWasProposed(proposal_, content.digest, given);
        _requireQuorum(proposal_);
        if (content.ready == 0 || _now() < content.ready) revert Timelocked(proposal_, content.ready, _now());
        content.executed = true;
        _apply(content.kind, payload);
        emit Executed(proposal_);
        _record(keccak256(abi.encode(Executed.selector, proposal_)));
    }

    // ---------------------------------------------------------------- for the contract

    /// @dev Decode and judge a payload as far as that is possible before the vote.
    /// @return target the member that may not vote on it, 0 if none
    function _check(ProposalKind kind, bytes calldata payload) internal view virtual returns (uint32 target);

    /// @dev Make the change.
    function _apply(ProposalKind kind, bytes calldata payload) internal virtual;

    function _closeVoting() internal {
        _votingClosed = true;
    }

    function _setRules(Rules memory next) internal {
        _requireSound(next);
        next.effective = _now();
        _rules.push(next);
        uint32 number = uint32(_rules.length);
        emit RulesSet(
            number,
            next.quorumNumerator,
            next.quorumDenominator,
            next.timelock,
            next.proposalLifetime,
            next.maxCompromiseBackdate,
            next.disputeLapse,
            next.effective
        );
        _record(keccak256(bytes.concat(abi.encode(RulesSet.selector, number), abi.encode(next))));
    }

    /// @dev A quorum is two thirds at least, and can always be reached; a change can always be seen before it is made.
    function _requireSound(Rules memory next) internal pure {
        if (next.quorumDenominator == 0 || next.quorumDenominator > 1000) {
            revert RulesOutOfBounds(1, next.quorumDenominator);
        }
        uint256 numerator = next.quorumNumerator;
        if (numerator * 3 < uint256(next.quorumDenominator) * 2 || numerator >= next.quorumDenominator) {
            revert RulesOutOfBounds(0, numerator);
        }
        if (next.timelock == 0 || next.timelock > TIMELOCK_MAXIMUM) revert RulesOutOfBounds(2, next.timelock);
        if (next.proposalLifetime <= next.timelock || next.proposalLifetime > LIFETIME_MAXIMUM) {
            revert RulesOutOfBounds(3, next.proposalLifetime);
        }
        if (next.maxCompromiseBackdate > BACKDATE_MAXIMUM) revert RulesOutOfBounds(4, next.maxCompromiseBackdate);
        if (next.disputeLapse == 0) revert RulesOutOfBounds(5, next.disputeLapse);
    }

    // ---------------------------------------------------------------- private

    /// @dev Start the timelock when the quorum is there, stop it when it is lost.
    function _reschedule(uint64 proposal_) private {
        Proposal storage content = _proposals[proposal_];
        (uint256 approvals, uint256 required) = _tally(proposal_);
        bool reached = approvals >= required;
        if (reached == (content.ready != 0)) return;
        content.ready = reached ? _now() + rules().timelock : 0;
        emit Scheduled(proposal_, content.ready);
        _record(keccak256(abi.encode(Scheduled.selector, proposal_, content.ready)));
    }

    function _tally(uint64 proposal_) private view returns (uint256 approvals, uint256 required) {
        uint32 target = _proposals[proposal_].target;
        uint256[] memory members = _approvals[proposal_].values();
        for (uint256 i = 0; i < members.length; ++i) {
            if (members[i] != target && standing(uint32(members[i])).votes) ++approvals;
        }
        uint256 voters = voterCount();
        if (standing(target).votes) --voters;
        Rules memory current = rules();
        required = (voters * current.quorumNumerator) / current.quorumDenominator + 1;
    }

    function _requireQuorum(uint64 proposal_) private view {
        (uint256 approvals, uint256 required) = _tally(proposal_);
        if (approvals < required) revert NoQuorum(proposal_, approvals, required);
    }

    function _known(uint64 proposal_) private view returns (Proposal storage content) {
        content = _proposals[proposal_];
        if (content.kind == ProposalKind.NONE) revert UnknownProposal(proposal_);
    }

    function _open(uint64 proposal_) private view returns (Proposal storage content) {
        _requireVotingOpen();
        content = _known(proposal_);
        if (content.executed) revert AlreadyExecuted(proposal_);
        if (_now() >= content.expires) revert Expired(proposal_, content.expires, _now());
    }

    function _voter() private view returns (uint32 member) {
        KeyPurpose purpose;
        (member, purpose,) = activeAccount(msg.sender);
        if (purpose != KeyPurpose.ADMINISTER) revert NotAuthorised(msg.sender, KeyPurpose.ADMINISTER);
        if (!standing(member).votes) revert NoVote(member);
    }

    function _requireVotingOpen() private view {
        if (_votingClosed) revert HandedOver(0);
    }

    function _digest(uint64 proposal_, ProposalKind kind, bytes calldata payload) private view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), proposal_, kind, payload));
    }
}
