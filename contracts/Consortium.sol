// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IVetaContract} from "./interfaces/IVetaContract.sol";
import {Ballot} from "./libraries/Ballot.sol";

/// @title Consortium
/// @notice See IConsortium. Members and keys: MemberRegister; votes: Ballot; here: what votes do, and the exit.
contract Consortium is Ballot {
    mapping(bytes32 name => address location) private _contracts;

    /// @param genesis first members, at least one of which votes
    /// @param rules_ rules number 1
    /// @param reservations contracts of the set and where they will be
    constructor(Admission[] memory genesis, Rules memory rules_, Reservation[] memory reservations) {
        _setRules(rules_);
        for (uint256 i = 0; i < genesis.length; ++i) {
            _admit(genesis[i]);
        }
        if (voterCount() == 0) revert LastVoter(0);
        for (uint256 i = 0; i < reservations.length; ++i) {
            if (reservations[i].location == address(0)) revert NoCode(address(0));
            _putOnRecord(reservations[i].name, reservations[i].location, 0);
        }
    }

    /// @inheritdoc IConsortium
    function contractAt(bytes32 name) external view returns (address) {
        return _contracts[name];
    }

    /// @inheritdoc IVetaContract
    /// @dev Of the consortium itself this is the vote's business: it has no other caller.
    function setSuccessor(address) external view {
        revert NotCaller(msg.sender, address(this));
    }

    /// @inheritdoc IConsortium
    function handOver(uint32 member) external {
        _onlySuccessor();
        _closeVoting();
        _markHandedOver(member);
    }

    function _check(ProposalKind kind, bytes calldata payload) internal view override returns (uint32 target) {
        if (kind == ProposalKind.ADMIT) {
            _requireAdmissible(abi.decode(payload, (Admission)));
        } else if (kind == ProposalKind.EXPEL) {
            target = abi.decode(payload, (uint32));
            _requireMember(target);
        } else if (kind == ProposalKind.SET_STANDING) {
            (target,,) = abi.decode(payload, (uint32, uint32, bool));
            _requireMember(target);
        } else if (kind == ProposalKind.SET_RULES) {
            _requireSound(abi.decode(payload, (Rules)));
        } else if (kind == ProposalKind.INSTALL_ADMINISTRATORS) {
            address[] memory accounts;
            (target, accounts) = abi.decode(payload, (uint32, address[]));
            _requireMember(target);
            _requireAdministratorCount(accounts.length);
        } else if (kind == ProposalKind.COMPROMISE) {
            bytes32 keyId;
            (target, keyId,) = abi.decode(payload, (uint32, bytes32, uint64));
            if (keyState(keyId).member != target || target == 0) revert NotMembersKey(keyId, target);
        } else if (kind == ProposalKind.REGISTER_CONTRACT) {
            (, address location) = abi.decode(payload, (bytes32, address));
            if (location.code.length == 0) revert NoCode(location);
        } else if (kind == ProposalKind.SET_SUCCESSOR) {
            (address location, address next) = abi.decode(payload, (address, address));
            if (location.code.length == 0) revert NoCode(location);
            if (next.code.length == 0 || next == location) revert NotASuccessor(next);
        } else if (kind == ProposalKind.CALL_CONTRACT) {
            (bytes32 name,) = abi.decode(payload, (bytes32, bytes));
            _callable(name);
        } else {
            revert UnknownKind(uint8(kind));
        }
    }

    function _apply(ProposalKind kind, bytes calldata payload) internal override {
        if (kind == ProposalKind.ADMIT) {
            _admit(abi.decode(payload, (Admission)));
        } else if (kind == ProposalKind.EXPEL) {
            uint32 member = abi.decode(payload, (uint32));
            if (!standing(member).admitted) revert NotAdmitted(member);
            _setMembership(member, 0, false, false);
        } else if (kind == ProposalKind.SET_STANDING) {
            (uint32 member, uint32 roles, bool votes) = abi.decode(payload, (uint32, uint32, bool));
            _setMembership(member, roles, votes, true);
        } else if (kind == ProposalKind.SET_RULES) {
            _setRules(abi.decode(payload, (Rules)));
        } else if (kind == ProposalKind.INSTALL_ADMINISTRATORS) {
            (uint32 member, address[] memory accounts) = abi.decode(payload, (uint32, address[]));
            _installAdministrators(member, accounts);
        } else if (kind == ProposalKind.COMPROMISE) {
            (uint32 member, bytes32 keyId, uint64 since) = abi.decode(payload, (uint32, bytes32, uint64));
            _compromise(member, keyId, since);
        } else if (kind == ProposalKind.REGISTER_CONTRACT) {
            (bytes32 name, address location) = abi.decode(payload, (bytes32, address));
            _registerContract(name, location);
        } else if (kind == ProposalKind.SET_SUCCESSOR) {
            (address location, address next) = abi.decode(payload, (address, address));
            if (location == address(this)) {
                _setSuccessor(next);
            } else {
                IVetaContract(location).setSuccessor(next);
            }
        } else {
            (bytes32 name, bytes memory data) = abi.decode(payload, (bytes32, bytes));
            Address.functionCall(_callable(name), data);
        }
    }

    function _registerContract(bytes32 name, address location) private {
        if (location.code.length == 0) revert NoCode(location);
        _putOnRecord(name, location, location.codehash);
    }

    function _putOnRecord(bytes32 name, address location, bytes32 codeDigest) private {
        _contracts[name] = location;
        emit ContractRegistered(name, location, codeDigest);
        _record(keccak256(abi.encode(ContractRegistered.selector, name, location, codeDigest)));
    }

    function _callable(bytes32 name) private view returns (address location) {
        location = _contracts[name];
        if (location.code.length == 0 || location == address(this)) revert NotCallable(name, location);
    }
}
