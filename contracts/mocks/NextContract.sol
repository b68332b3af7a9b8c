// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "../interfaces/IConsortium.sol";
import {IStatementLog} from "../interfaces/IStatementLog.sol";

/// @dev Stands for a successor and for a lot book: forwards what only they may call. For tests; never deployed.
contract NextContract {
    uint64 public lastSequence;

    function takeMember(IConsortium consortium, uint32 member) external {
        consortium.handOver(member);
    }

    function takeIssuer(IStatementLog log, uint32 issuer) external {
        lastSequence = log.handOver(issuer);
    }

    function draw(IStatementLog log, uint32 issuer, uint64 sequence) external {
        log.drawSequence(issuer, sequence);
    }
}
