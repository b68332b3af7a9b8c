// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVetaContract} from "../interfaces/IVetaContract.sol";

/// @title Event count, event head and successor: the first two storage slots of every contract
abstract contract VetaContract is IVetaContract {
    uint64 private _eventCount;
    address private _successor;
    bytes32 private _eventHead;

    /// @inheritdoc IVetaContract
    function eventHead() external view returns (uint64 count, bytes32 head) {
        return (_eventCount, _eventHead);
    }

    /// @inheritdoc IVetaContract
    function successor() public view returns (address) {
        return _successor;
    }

    /// @inheritdoc IVetaContract
    function version() external pure returns (string memory) {
        return "1.0.0";
    }

    /// @dev Every `emit` is followed by this, with keccak256(topics || data) of the very log. For an event without
    /// dynamic data that is keccak256(abi.encode(selector, indexed..., data...)).
    function _record(bytes32 logDigest) internal {
        unchecked {
            ++_eventCount; // 2^64 logs do not happen
        }
        _eventHead = keccak256(abi.encode(_eventHead, logDigest));
    }

    function _setSuccessor(address successor_) internal {
        if (_successor != address(0)) revert SuccessorAlreadySet(_successor);
        if (successor_.code.length == 0 || successor_ == address(this)) revert NotASuccessor(successor_);
        _successor = successor_;
        emit SuccessorSet(successor_);
        _record(keccak256(abi.encode(SuccessorSet.selector, successor_)));
    }

    function _onlySuccessor() internal view {
        if (msg.sender != _successor) revert NotCaller(msg.sender, _successor);
    }

    function _now() internal view returns (uint64) {
        return uint64(block.timestamp);
    }
}
