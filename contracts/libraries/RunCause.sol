// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICustody} from "../interfaces/ICustody.sol";
import {ILotBook} from "../interfaces/ILotBook.sol";

/// @title What a run rests on, as one root: RFC 9162 over its parts, leaf tag 0x05, node tag 0x01
/// @dev Parts in the order of ILotBook.CausePart, each with a salt of its own, so that a bundle can open one and leave the
/// others closed.
library RunCause {
    struct Leaves {
        bytes32 seed;
        uint256 count;
        bytes32[] digests;
    }

    function root(
        ILotBook.Run calldata run,
        uint8 kind,
        uint32 period,
        ICustody.TakeOrder[] memory orders,
        bytes32[] memory totals
    ) internal pure returns (bytes32) {
        Leaves memory leaves = Leaves(run.saltSeed, 0, new bytes32[](_count(run)));
        if (kind == uint8(ILotBook.BatchKind.ORIGIN)) {
            _add(leaves, ILotBook.CausePart.ORIGIN, abi.encode(run.site, run.producedFrom, run.producedTo, period));
        }
        if (run.source != 0) _add(leaves, ILotBook.CausePart.SOURCE, abi.encode(run.source));
        for (uint256 i = 0; i < run.takes.length; ++i) {
            ILotBook.Header calldata header = run.sources[run.takes[i].source].header;
            _addTake(leaves, run.takes[i], orders[i].lot, header.issuer, header.root);
        }
        for (uint256 i = 0; i < run.firstMeasured.length; ++i) {
            _add(leaves, ILotBook.CausePart.FIRST_MEASURED, abi.encode(run.firstMeasured[i]));
        }
        for (uint256 i = 0; i < run.reductions.length; ++i) {
            _add(leaves, ILotBook.CausePart.REDUCTION, abi.encode(run.reductions[i]));
        }
        for (uint256 i = 0; i < run.draws.length; ++i) {
            _add(leaves, ILotBook.CausePart.DRAW, abi.encode(run.draws[i]));
        }
        for (uint256 i = 0; i < run.losses.length; ++i) {
            _add(leaves, ILotBook.CausePart.LOSS, abi.encode(run.losses[i]));
        }
        for (uint256 i = 0; i < run.emissions.length; ++i) {
            _add(leaves, ILotBook.CausePart.EMISSION, abi.encode(run.emissions[i]));
        }
        for (uint256 i = 0; i < run.covers.length; ++i) {
            for (uint256 j = 0; j < run.covers[i].certificates.length; ++j) {
                bytes memory fields = abi.encode(run.covers[i].column, run.covers[i].certificates[j]);
                _add(leaves, ILotBook.CausePart.CERTIFICATE, fields);
            }
        }
        for (uint256 i = 0; i < run.outputs.length; ++i) {
            _add(leaves, ILotBook.CausePart.OUTPUT, abi.encode(run.outputs[i].root, totals[i]));
        }
        return _root(leaves.digests, leaves.count);
    }

    function _count(ILotBook.Run calldata run) private pure returns (uint256 count) {
        count = 2 + run.takes.length + run.firstMeasured.length + run.reductions.length + run.draws.length
            + run.losses.length + run.emissions.length + run.outputs.length;
        for (uint256 i = 0; i < run.covers.length; ++i) {
            count += run.covers[i].certificates.length;
        }
    }

    /// @dev SHA-256(0x05 || part || fields || salt), words of the ABI; salt = keccak256(abi.encode(seed, position)).
    function _add(Leaves memory leaves, ILotBook.CausePart part, bytes memory fields) private pure {
        bytes32 salt = keccak256(abi.encode(leaves.seed, leaves.count));
        leaves.digests[leaves.count++] = sha256(bytes.concat(hex"05", abi.encode(part), fields, salt));
    }

    /// @dev Quantities go in as the digest of their ABI encoding, so that every part has words of a fixed number.
    function _addTake(
        Leaves memory leaves,
        ILotBook.Take calldata take,
        bytes32 lot,
        uint32 issuer,
        bytes32 batchRoot
    ) private pure {
        bytes32 quantities = keccak256(abi.encode(take.quantities));
        bytes memory fields = abi.encode(lot, issuer, batchRoot, take.index, quantities, take.taken, take.amount);
        _add(leaves, ILotBook.CausePart.TAKE, fields);
    }

    /// @dev Level by level, in place: an odd last node moves up unchanged, the shape of RFC 9162 section 2.1.1.
    function _root(bytes32[] memory nodes, uint256 count) private pure returns (bytes32) {
        while (count > 1) {
            uint256 next = 0;
            for (uint256 i = 0; i + 1 < count; i += 2) {
                nodes[next++] = sha256(bytes.concat(hex"01", nodes[i], nodes[i + 1]));
            }
            if (count % 2 == 1) nodes[next++] = nodes[count - 1];
            count = next;
        }
        return nodes[0];
    }
}
