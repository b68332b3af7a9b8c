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
        uint256 lastMask = columns % 4 == 0 ? type(uint256).max : ~(type(uint256).max >> (64 * (columns % 4)));
        uint256 place = index;
        uint256 last = size - 1;
        uint256 used = 0;
        // Octets and positions are far below 2^64, and `_add` sees to the sums.
        unchecked {
            while (last > 0) {
                if (place % 2 == 1 || place < last) {
                    if (used + step > path.length) revert ICustody.PathLength(path.length, used + step);
                    bool left = place % 2 == 1;
                    uint256 own = left ? 1 + step : 1;
                    uint256 other = left ? 1 : 1 + step;
                    // Own half first: its last word may reach into the other half, or beyond the end.
                    _store(entry, own, node);
                    _storeLanes(entry, own + 32, sums);
                    _copy(entry, other, path, used, step);
                    node = _digest(entry, 1 + 2 * step);
                    _add(sums, entry, other + 32, lastMask);
                    used += step;
                }
                place /= 2;
                last /= 2;
            }
        }
        if (used != path.length) revert ICustody.PathLength(path.length, used);
        return (node, sums);
    }

    /// @dev Quantities as lanes; each must be at most 2^53 - 1.
    function toLanes(uint64[] memory quantities, uint32[] memory columns)
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

    /// @dev Add the sibling's lanes, which stand at `offset` of the entry; what follows the last one is masked.
    function _add(uint256[] memory sums, bytes memory entry, uint256 offset, uint256 lastMask) private pure {
        uint256 given = 0;
        assembly ("memory-safe") {
            let to := add(sums, 32)
            let end := add(to, mul(mload(sums), 32))
            for { let from := add(add(entry, 32), offset) } lt(to, end) {
                from := add(from, 32)
                to := add(to, 32)
            } {
                let lanes := mload(from)
                if eq(add(to, 32), end) { lanes := and(lanes, lastMask) }
                let sum := add(mload(to), lanes)
                mstore(to, sum)
                if and(or(lanes, sum), OVERFLOWED) {
                    given := sum
                    if and(lanes, OVERFLOWED) { given := lanes }
                    break
                }
            }
        }
        if (given != 0) revert ILotBook.QuantityOutOfBounds(0, given, 0, LANE_MAXIMUM);
    }

    function _storeLanes(bytes memory buffer, uint256 offset, uint256[] memory lanes) private pure {
        assembly ("memory-safe") {
            let from := add(lanes, 32)
            let end := add(from, mul(mload(lanes), 32))
            for { let to := add(add(buffer, 32), offset) } lt(from, end) {
                from := add(from, 32)
                to := add(to, 32)
            } { mstore(to, mload(from)) }
        }
    }

    /// @dev Whole words at any octet; buffers end 32 octets after what is hashed, so the last word stays inside.
    function _store(bytes memory buffer, uint256 offset, bytes32 word) private pure {
        assembly ("memory-safe") {
            mstore(add(add(buffer, 32), offset), word)
        }
    }

    /// @dev Octets of the path, which the caller knows to be there, into the buffer.
    function _copy(bytes memory buffer, uint256 offset, bytes calldata path, uint256 from, uint256 length) private pure {
        assembly ("memory-safe") {
            calldatacopy(add(add(buffer, 32), offset), add(path.offset, from), length)
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
