// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ILotLaws} from "../interfaces/ILotLaws.sol";
import {Columns} from "./Columns.sol";

/// @title What batches keep of their run and lots of their batch: the same share of everything, to one unit
library Proportion {
    using Columns for uint32;

    /// @dev `all * part / whole`, rounded both ways.
    function bounds(uint256 all, uint256 part, uint256 whole) internal pure returns (uint256 least, uint256 most) {
        if (whole == 0) return (0, 0);
        // Both factors are at most 2^53 - 1.
        unchecked {
            uint256 product = all * part;
            least = product / whole;
            most = product % whole == 0 ? least : least + 1;
        }
    }

    function requireUniform(uint256 o, uint256 given, uint256 all, uint256 part, uint256 whole) internal pure {
        (uint256 least, uint256 most) = bounds(all, part, whole);
        if (given < least || given > most) revert ILotLaws.Co2eNotUniform(o, given, least, most);
    }

    /// @dev Equal to one unit, or within the tolerance: |m R - M r| 10^6 <= ppm M r.
    function requireSameMetal(
        uint256 o,
        uint32 key,
        uint256 given,
        uint256 all,
        uint256 part,
        uint256 whole,
        uint256 tolerancePpm
    ) internal pure {
        (uint256 least, uint256 most) = bounds(all, part, whole);
        if (least <= given && given <= most) return;
        uint256 left = given * whole;
        uint256 right = all * part;
        uint256 apart = left > right ? left - right : right - left;
        if (apart * Columns.PPM > tolerancePpm * right) revert ILotLaws.MetalNotUniform(o, key, given, least);
    }

    /// @dev Two marks are one tonne: all credit of a substance together is at most its metal.
    function requireWithinMetal(uint256 o, uint32[] memory columns, uint256[] memory sums, uint256 metal) internal pure {
        uint256 credit = 0;
        for (uint256 i = metal + 1; i < columns.length; ++i) {
            if (_isCreditOf(columns[i], columns[metal])) credit += sums[i];
        }
        if (credit > sums[metal]) {
            revert ILotLaws.CreditAboveMetal(o, columns[metal].substance(), credit, sums[metal]);
        }
    }

    /// @dev Credit of one programme equals the metal, for each metal.
    function requirePure(uint256 o, uint8 model, uint32[] memory columns, uint256[] memory sums) internal pure {
        for (uint256 m = 0; m < columns.length; ++m) {
            if (columns[m].kind() != Columns.METAL || sums[m] == 0) continue;
            uint256 best = 0;
            for (uint256 i = m + 1; i < columns.length; ++i) {
                if (_isCreditOf(columns[i], columns[m])) best = Math.max(best, sums[i]);
            }
            if (best != sums[m]) revert ILotLaws.ModelCondition(o, model, columns[m], best, sums[m]);
        }
    }

    /// @dev Keys ascend and begin with their kind: credit stands after its metal.
    function _isCreditOf(uint32 key, uint32 metal) private pure returns (bool) {
        return key.kind() == Columns.CREDIT && key.metalOf() == metal;
    }
}
