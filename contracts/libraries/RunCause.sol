// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICustody} from "../interfaces/ICustody.sol";
import {ILotBook} from "../interfaces/ILotBook.sol";
import {RunReader} from "./RunReader.sol";

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
        RunReader.RunSums memory sums,
        ICustody.TakeOrder[] memory orders,
        ILotBook.Output[] memory outputs,
        bytes32[] memory totals
    ) internal pure returns (bytes32) {
        Leaves memory leaves = Leaves(run.saltSeed, 0, new bytes32[](_most(run, sums.takes.length + outputs.length)));
        if (kind == uint8(ILotBook.BatchKind.ORIGIN)) {
            _add(leaves, ILotBook.CausePart.ORIGIN, abi.encode(run.site, run.producedFrom, run.producedTo, period));
        }
        if (run.source != 0) _add(leaves, ILotBook.CausePart.SOURCE, abi.encode(run.source));
        for (uint256 i = 0; i < orders.length; ++i) {
            _addTake(leaves, sums.takes[i], orders[i].lot, sums.sources[sums.takes[i].source]);
        }
        _addDeclared(leaves, run);
        _addEmissions(leaves, run.emissions);
        _addCertificates(leaves, run.covers);
        for (uint256 i = 0; i < outputs.length; ++i) {
            _add(leaves, ILotBook.CausePart.OUTPUT, abi.encode(outputs[i].root, totals[i]));
        }
        return _root(leaves.digests, leaves.count);
    }

    function _addDeclared(Leaves memory leaves, ILotBook.Run calldata run) private pure {
        ILotBook.FirstMeasured[] calldata measured = run.firstMeasured;
        for (uint256 i = 0; i < measured.length; ++i) {
            _add(leaves, ILotBook.CausePart.FIRST_MEASURED, abi.encode(measured[i]));
        }
        ILotBook.Reduction[] calldata reductions = run.reductions;
        for (uint256 i = 0; i < reductions.length; ++i) {
            _add(leaves, ILotBook.CausePart.REDUCTION, abi.encode(reductions[i]));
        }
        ILotBook.Draw[] calldata draws = run.draws;
        for (uint256 i = 0; i < draws.length; ++i) {
            _add(leaves, ILotBook.CausePart.DRAW, abi.encode(draws[i]));
        }
        ILotBook.Loss[] calldata losses = run.losses;
        for (uint256 i = 0; i < losses.length; ++i) {
            _add(leaves, ILotBook.CausePart.LOSS, abi.encode(losses[i]));
        }
    }

    function _addEmissions(Leaves memory leaves, ILotBook.Emission[] calldata emissions) private pure {
        for (uint256 i = 0; i < emissions.length; ++i) {
            _add(leaves, ILotBook.CausePart.EMISSION, abi.encode(emissions[i]));
        }
    }

    function _addCertificates(Leaves memory leaves, ILotBook.Cover[] calldata covers) private pure {
        for (uint256 i = 0; i < covers.length; ++i) {
            uint64[] calldata certificates = covers[i].certificates;
            for (uint256 j = 0; j < certificates.length; ++j) {
                _add(leaves, ILotBook.CausePart.CERTIFICATE, abi.encode(covers[i].column, certificates[j]));
            }
        }
    }

    /// @dev At most so many leaves.
    function _most(ILotBook.Run calldata run, uint256 count) private pure returns (uint256) {
        count += 2 + run.firstMeasured.length + run.reductions.length + run.draws.length + run.losses.length
            + run.emissions.length;
        ILotBook.Cover[] calldata covers = run.covers;
        for (uint256 i = 0; i < covers.length; ++i) {
            count += covers[i].certificates.length;
        }
        return count;
    }

    /// @dev SHA-256(0x05 || part || fields || salt), words of the ABI; salt = keccak256(abi.encode(seed, position)).
    function _add(Leaves memory leaves, ILotBook.CausePart part, bytes memory fields) private pure {
        uint256 place = leaves.count++;
        bytes32 salt = _salt(leaves.seed, place);
        leaves.digests[place] = sha256(bytes.concat(hex"05", bytes32(uint256(part)), fields, salt));
    }

    /// @dev Quantities go in as the digest of their ABI encoding, so that every part has words of a fixed number.
    function _addTake(
        Leaves memory leaves,
        ILotBook.Take memory take,
        bytes32 lot,
        RunReader.SourceRead memory source
    ) private pure {
        bytes32 quantities = keccak256(abi.encode(take.quantities));
        bytes memory fields =
            abi.encode(lot, source.issuer, source.root, take.index, quantities, take.taken, take.amount);
        _add(leaves, ILotBook.CausePart.TAKE, fields);
    }

    function _salt(bytes32 seed, uint256 place) private pure returns (bytes32 salt) {
        assembly ("memory-safe") {
            mstore(0, seed)
            mstore(32, place)
            salt := keccak256(0, 64)
        }
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
