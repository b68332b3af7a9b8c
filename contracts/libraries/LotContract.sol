// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "../interfaces/IConsortium.sol";
import {ILotBook} from "../interfaces/ILotBook.sol";
import {IVetaContract} from "../interfaces/IVetaContract.sol";
import {VetaContract} from "./VetaContract.sol";

/// @title What the lot book and custody have in common: who acts, and logs that enter the head as the octets they are
abstract contract LotContract is VetaContract {
    IConsortium internal immutable _consortium;

    constructor(IConsortium consortium_) {
        if (address(consortium_).code.length == 0) revert ILotBook.NotOfThisConsortium(address(consortium_));
        _consortium = consortium_;
    }

    /// @inheritdoc IVetaContract
    function setSuccessor(address successor_) external {
        if (msg.sender != address(_consortium)) revert NotCaller(msg.sender, address(_consortium));
        _setSuccessor(successor_);
    }

    function _operator() internal view returns (uint32 member, uint32 roles) {
        (member, roles) = _consortium.operatorAccount(msg.sender);
        if (member == 0) revert ILotBook.NotOperator(msg.sender);
    }

    /// @dev Emit a log and take the very same octets into the event head. Events of these contracts carry long data, and
    /// encoding it twice, as `emit` beside a digest would, costs a third of the code. Topics are padded by their callers;
    /// tests read every event by the ABI.
    function _log(bytes32 event_, uint256 first, bytes memory data) internal {
        assembly ("memory-safe") {
            log2(add(data, 32), mload(data), event_, first)
        }
        _record(_digestOf(event_, 1, first, 0, 0, data));
    }

    function _log(bytes32 event_, uint256 first, uint256 second, bytes memory data) internal {
        assembly ("memory-safe") {
            log3(add(data, 32), mload(data), event_, first, second)
        }
        _record(_digestOf(event_, 2, first, second, 0, data));
    }

    function _log(bytes32 event_, uint256 first, uint256 second, uint256 third, bytes memory data) internal {
        assembly ("memory-safe") {
            log4(add(data, 32), mload(data), event_, first, second, third)
        }
        _record(_digestOf(event_, 3, first, second, third, data));
    }

    /// @dev keccak256 of the topics in use and the data, put together beyond what memory is in use. The precompile at address 4
    /// copies at three gas a word; it cannot fail but for gas, and then nothing after it succeeds either.
    function _digestOf(
        bytes32 event_,
        uint256 indexed_,
        uint256 first,
        uint256 second,
        uint256 third,
        bytes memory data
    ) private view returns (bytes32 digest) {
        assembly ("memory-safe") {
            let free := mload(64)
            let size := mload(data)
            mstore(free, event_)
            mstore(add(free, 32), first)
            mstore(add(free, 64), second)
            mstore(add(free, 96), third)
            let topics := mul(add(indexed_, 1), 32)
            if iszero(staticcall(gas(), 4, add(data, 32), size, add(free, topics), size)) { revert(0, 0) }
            digest := keccak256(free, add(topics, size))
        }
    }
}
