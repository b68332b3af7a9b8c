// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICustody} from "../interfaces/ICustody.sol";
import {ILotBook} from "../interfaces/ILotBook.sol";
import {Columns} from "./Columns.sol";

/// @title Merkle-sum trees over lots: SHA-256, shape and index of RFC 9162 (docs/spec/lots.md)
/// @dev Sums are lanes of 64 bits, four to a word, first column first. No lane exceeds 2^53 - 1 before an addition and
/// none 2^54 after it, so words are added whole and nothing carries from lane to lane.
library SumTree {
    uint256 private constant LANE_MAXIMUM = Columns.QUANTITY_MAXIMUM;
    /// @dev Bits 53 to 63 of each lane: set once a lane exceeds 2^53 - 1.
    uint256 private constant OVERFLOWED = 0xffe0000000000000_ffe0000000000000_ffe0000000000000_ffe0000000000000;

    /// @dev SHA-256(0x02 || lot key || statement leaf || quantities).
    function leaf(bytes32 lotKey, bytes32 statementLeaf, uint256[] memory lanes, uint256 columns)
        internal
        view
        returns (bytes32)
    {
        bytes memory entry = new bytes(65 + 8 * columns + 32);
        entry[0] = 0x02;
        _store(entry, 1, lotKey);
        _store(entry, 33, statementLeaf);
        _storeLanes(entry, 65, lanes);
        return _digest(entry, 65 + 8 * columns);
    }

    /// @dev Walk from a leaf to the root. `path` is siblings, each hash || sums, from the leaf up; its length follows from
    /// index and size (RFC 9162 section 2.1.3.2), and so does the side that each stands on.
    /// @return node the root's hash
    /// @return sums the root's sums, in lanes
    function climb(bytes32 node, uint256[] memory sums, uint256 columns, uint64 index, uint64 size, bytes calldata path)
        internal
        view
        returns (bytes32, uint256[] memory)
    {
        if (index >= size) revert ICustody.IndexOutOfBounds(index, size);
        uint256 step = 32 + 8 * columns;
        bytes memory entry = new bytes(1 + 2 * step + 32);
        entry[0] = 0x03;
        uint256 place = index;
        uint256 last = size - 1;
        uint256 used = 0;
        while (last > 0) {
            if (place % 2 == 1 || place < last) {
                if (used + step > path.length) revert ICustody.PathLength(path.length, used + step);
                bytes32 sibling = bytes32(path[used:used + 32]);
                uint256[] memory lanes = _readLanes(path[used + 32:used + step], columns);
                used += step;
                bool left = place % 2 == 1;
                // The right half last: the lanes' padding is overwritten by what follows, or lies beyond the end.
                _store(entry, 1, left ? sibling : node);
                _storeLanes(entry, 33, left ? lanes : sums);
                _store(entry, 1 + step, left ? node : sibling);
                _storeLanes(entry, 33 + step, left ? sums : lanes);
                node = _digest(entry, 1 + 2 * step);
                _add(sums, lanes);
            }
            place /= 2;
            last /= 2;
        }
        if (used != path.length) revert ICustody.PathLength(path.length, used);
        return (node, sums);
    }

    /// @dev Quantities as lanes; each must be at most 2^53 - 1.
    function toLanes(uint64[] calldata quantities, uint32[] calldata columns)
        internal
        pure
        returns (uint256[] memory lanes)
    {
        lanes = new uint256[]((quantities.length + 3) / 4);
        for (uint256 i = 0; i < quantities.length; ++i) {
            if (quantities[i] > LANE_MAXIMUM) {
                revert ILotBook.QuantityOutOfBounds(columns[i], quantities[i], 0, LANE_MAXIMUM);
            }
            lanes[i / 4] |= uint256(quantities[i]) << (192 - 64 * (i % 4));
        }
    }

    /// @dev Lanes as quantities.
    function fromLanes(uint256[] memory lanes, uint256 columns) internal pure returns (uint64[] memory quantities) {
        quantities = new uint64[](columns);
        for (uint256 i = 0; i < columns; ++i) {
            quantities[i] = uint64(lanes[i / 4] >> (192 - 64 * (i % 4)));
        }
    }

    function _readLanes(bytes calldata octets, uint256 columns) private pure returns (uint256[] memory lanes) {
        lanes = new uint256[]((columns + 3) / 4);
        for (uint256 i = 0; i < lanes.length; ++i) {
            // A slice shorter than 32 octets is filled with zeros on the right: the lanes that are not there.
            uint256 end = octets.length < 32 * (i + 1) ? octets.length : 32 * (i + 1);
            lanes[i] = uint256(bytes32(octets[32 * i:end]));
            if (lanes[i] & OVERFLOWED != 0) revert ILotBook.QuantityOutOfBounds(0, lanes[i], 0, LANE_MAXIMUM);
        }
    }

    function _add(uint256[] memory sums, uint256[] memory lanes) private pure {
        for (uint256 i = 0; i < sums.length; ++i) {
            unchecked {
                sums[i] += lanes[i];
            }
            if (sums[i] & OVERFLOWED != 0) revert ILotBook.QuantityOutOfBounds(0, sums[i], 0, LANE_MAXIMUM);
        }
    }

    function _storeLanes(bytes memory buffer, uint256 offset, uint256[] memory lanes) private pure {
        for (uint256 i = 0; i < lanes.length; ++i) {
            _store(buffer, offset + 32 * i, bytes32(lanes[i]));
        }
    }

    /// @dev Whole words at any octet; buffers end 32 octets after what is hashed, so the last word stays inside.
    function _store(bytes memory buffer, uint256 offset, bytes32 word) private pure {
        assembly ("memory-safe") {
            mstore(add(add(buffer, 32), offset), word)
        }
    }

    /// @dev SHA-256 of the first `length` octets.
    function _digest(bytes memory buffer, uint256 length) private view returns (bytes32 digest) {
        assembly ("memory-safe") {
            // The precompile at address 2 cannot fail but for gas, and then nothing after it succeeds either.
            if iszero(staticcall(gas(), 2, add(buffer, 32), length, 0, 32)) { revert(0, 0) }
            digest := mload(0)
        }
    }
}
