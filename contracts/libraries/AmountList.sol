// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IRegistry} from "../interfaces/IRegistry.sol";

/// @title An amount that changes at set times: the list of what was set, and what is in force in one slot
library AmountList {
    /// @dev `before` is in force until `effective`, `amount` from then on: all that the entries still say.
    struct List {
        uint64 effective;
        uint64 amount;
        uint64 before;
        IRegistry.AmountEntry[] entries;
    }

    /// @dev An entry that is pending when the next one is recorded never comes into force: so one word is enough, and a
    /// mistake can be taken back before it counts.
    /// @return index of the entry
    /// @return from when it comes into force
    function append(List storage self, uint64 effective, uint64 amount, uint64 now_)
        internal
        returns (uint32 index, uint64 from)
    {
        from = effective < now_ ? now_ : effective;
        index = uint32(self.entries.length);
        self.before = inForce(self, now_);
        self.effective = from;
        self.amount = amount;
        self.entries.push(IRegistry.AmountEntry(from, amount, now_));
    }

    function inForce(List storage self, uint64 now_) internal view returns (uint64) {
        return now_ < self.effective ? self.before : self.amount;
    }

    function slice(List storage self, uint256 first, uint256 count)
        internal
        view
        returns (IRegistry.AmountEntry[] memory entries)
    {
        uint256 length = self.entries.length;
        entries = new IRegistry.AmountEntry[](first >= length ? 0 : Math.min(count, length - first));
        for (uint256 i = 0; i < entries.length; ++i) {
            entries[i] = self.entries[first + i];
        }
    }
}
