// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Keys of a lot's columns: kind << 28 | qualifier << 12 | substance (docs/spec/lots.md)
library Columns {
    uint8 internal constant MASS = 1;
    uint8 internal constant METAL = 2;
    uint8 internal constant CLASS = 3;
    uint8 internal constant CO2E = 4;
    uint8 internal constant CREDIT = 5;
    uint8 internal constant UNIT = 6;

    uint16 internal constant RECYCLED = 1;
    uint16 internal constant EXTERNAL = 2;

    /// @dev Every quantity and every sum. Products of two stay far below 2^256, and a lane of 64 bits never carries.
    uint256 internal constant QUANTITY_MAXIMUM = 2 ** 53 - 1;
    uint256 internal constant PPM = 1_000_000;

    function kind(uint32 key) internal pure returns (uint8) {
        return uint8(key >> 28);
    }

    function qualifier(uint32 key) internal pure returns (uint16) {
        return uint16(key >> 12);
    }

    function substance(uint32 key) internal pure returns (uint16) {
        return uint16(key & 0xfff);
    }

    function metalOf(uint32 key) internal pure returns (uint32) {
        return uint32(METAL) << 28 | (key & 0xfff);
    }

    /// @dev Position of a key; the number of columns if it is none of them.
    function find(uint32[] memory columns, uint32 key) internal pure returns (uint256 position) {
        while (position < columns.length && columns[position] != key) {
            ++position;
        }
    }
}
