// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAssurance} from "../interfaces/IAssurance.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";
import {ICustody} from "../interfaces/ICustody.sol";
import {ILotBook} from "../interfaces/ILotBook.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {IStatementLog} from "../interfaces/IStatementLog.sol";

/// @dev Stands for a successor and for a lot book: forwards what only they may call. For tests; never deployed.
contract NextContract {
    uint64 public lastSequence;
    uint64 public firstDrawn;

    function takeMember(IConsortium consortium, uint32 member) external {
        consortium.handOver(member);
    }

    function takeIssuer(IStatementLog log, uint32 issuer) external {
        lastSequence = log.handOver(issuer);
    }

    function draw(IStatementLog log, uint32 issuer, uint64 count) external {
        firstDrawn = log.drawSequence(issuer, count);
    }

    function takeSite(IRegistry registry, uint32 site) external {
        registry.handOver(site);
    }

    function takeRecord(IAssurance assurance, uint32 record) external {
        assurance.handOver(record);
    }

    function endRule(IAssurance assurance, uint32 rule) external {
        assurance.endRule(rule);
    }

    function takeLot(ICustody custody, bytes32 lot) external {
        custody.handOverLot(lot);
    }

    function takeBatch(ILotBook book, uint32 issuer, bytes32 root) external {
        book.handOverBatch(issuer, root);
    }
}
