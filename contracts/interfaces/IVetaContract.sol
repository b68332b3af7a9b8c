// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// @title What every contract of the set has in common
/// @notice Two documented storage slots let a follower prove that it missed no event, and each contract has its exit from
/// the start: a successor, set once by vote and timelock.
///
/// Slot 0 (packed, lowest bits first): event count u64, successor address (160 bits).
/// Slot 1: event head. It starts as zero; for each log of the contract, in the order emitted, the construction included,
/// head' = keccak256(head || keccak256(topics || data)), where topics are the log's 32-byte topics one after another.
interface IVetaContract {
    /// @notice The contract that takes over was named.
    event SuccessorSet(address indexed successor);

    /// @notice Only `required` may call this.
    error NotCaller(address caller, address required);
    /// @notice The successor is set once and was set before.
    error SuccessorAlreadySet(address successor);
    /// @notice There is no contract at this address, or it is this very contract.
    error NotASuccessor(address successor);

    /// @notice Number of logs so far and their running head.
    function eventHead() external view returns (uint64 count, bytes32 head);

    /// @notice The contract that takes over, zero while there is none.
    function successor() external view returns (address);

    /// @notice Name the contract that takes over. Only the consortium calls this, for an executed proposal.
    function setSuccessor(address successor_) external;

    /// @notice Version of the contract's protocol, `major.minor.patch`.
    function version() external pure returns (string memory);
}
