// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title What leaves with a take
library LotMath {
    /// @dev Telescoping: f(t + a) - f(t), f(x) = ceil(q x / total) for CO2e, else floor. Whatever the order and size of
    /// takes, the parts sum to the whole; what is taken first never leaves a burden behind. Factors are below 2^53.
    function moved(uint256 q, uint256 total, uint256 taken, uint256 amount, bool up) internal pure returns (uint256) {
        unchecked {
            if (up) return Math.ceilDiv(q * (taken + amount), total) - Math.ceilDiv(q * taken, total);
            return (q * (taken + amount)) / total - (q * taken) / total;
        }
    }

    /// @dev What is left of `q` after `taken` of `total`.
    function left(uint256 q, uint256 total, uint256 taken, bool up) internal pure returns (uint256) {
        return q - moved(q, total, 0, taken, up);
    }
}
