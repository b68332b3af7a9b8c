// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title UTC calendar quarters, numbered year * 4 + (0 to 3)
library Periods {
    uint256 private constant DAY = 86_400;

    /// @dev Days are counted in eras of 400 years that begin on 1 March, so that the leap day comes last; the constants
    /// are the lengths of 4, 100 and 400 years, and 719,468 days lie between 1 March of year 0 and 1970.
    function number(uint256 time) internal pure returns (uint32) {
        uint256 day = time / DAY + 719_468;
        uint256 era = day / 146_097;
        uint256 dayOfEra = day % 146_097;
        uint256 yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        uint256 dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        uint256 monthFromMarch = (5 * dayOfYear + 2) / 153;
        uint256 month = monthFromMarch < 10 ? monthFromMarch + 2 : monthFromMarch - 10; // 0 = January
        uint256 year = yearOfEra + era * 400 + (month < 2 ? 1 : 0);
        return uint32(year * 4 + month / 3);
    }
}
