// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Up to eight 32-bit ids in one word, the first in the lowest bits; no id is 0
library SmallSet {
    uint256 internal constant CAPACITY = 8;

    function values(uint256 word) internal pure returns (uint32[] memory ids) {
        ids = new uint32[](size(word));
        for (uint256 i = 0; i < ids.length; ++i) {
            ids[i] = uint32(word >> (32 * i));
        }
    }

    function size(uint256 word) internal pure returns (uint256 count) {
        while (count < CAPACITY && uint32(word >> (32 * count)) != 0) {
            ++count;
        }
    }

    /// @dev The word with one id more; the caller knows that there is room.
    function with(uint256 word, uint32 id) internal pure returns (uint256) {
        return word | uint256(id) << (32 * size(word));
    }
}
