// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "../interfaces/IConsortium.sol";

/// @dev A contract on record that, when told its successor, tries to have the same proposal executed once more, and
/// another one without its timelock. For tests; never deployed.
contract Reentrant {
    IConsortium private immutable _consortium;
    bytes private _payload;
    uint64 private _proposal;
    uint64 private _other;
    bytes private _otherPayload;

    uint256 public calls;
    bytes public sameRefusal;
    bytes public otherRefusal;

    constructor(IConsortium consortium) {
        _consortium = consortium;
    }

    function prepare(uint64 proposal, bytes calldata payload, uint64 other, bytes calldata otherPayload) external {
        (_proposal, _payload, _other, _otherPayload) = (proposal, payload, other, otherPayload);
    }

    function setSuccessor(address) external {
        ++calls;
        try _consortium.execute(_proposal, _payload) {}
        catch (bytes memory reason) {
            sameRefusal = reason;
        }
        try _consortium.execute(_other, _otherPayload) {}
        catch (bytes memory reason) {
            otherRefusal = reason;
        }
    }
}
