// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILotBook} from "../interfaces/ILotBook.sol";
import {ILotLaws} from "../interfaces/ILotLaws.sol";
import {Columns} from "./Columns.sol";
import {Proportion} from "./Proportion.sol";

/// @title A lot against its batch: carbon, metal, classes and credit are in proportion, as the model asks
library LotShare {
    using Columns for uint32;

    /// @dev Reverts with the law that the lot breaks.
    function judge(ILotLaws.LotSums memory lot) internal pure {
        (uint32[] memory columns, uint256[] memory quantities, uint256[] memory totals) =
            (lot.columns, lot.quantities, lot.totals);
        uint256 r = Columns.find(columns, lot.referenceColumn);
        (uint256 part, uint256 whole) = (quantities[r], totals[r]);
        if (part == 0) revert ILotLaws.ZeroReference(0);
        for (uint256 i = 0; i < columns.length; ++i) {
            uint8 kind = columns[i].kind();
            if (kind == Columns.METAL) {
                Proportion.requireSameMetal(
                    0, columns[i], quantities[i], totals[i], part, whole, lot.metalTolerancePpm
                );
                Proportion.requireWithinMetal(0, columns, quantities, i);
            } else if (kind == Columns.CO2E) {
                if (!lot.attributed) Proportion.requireUniform(0, quantities[i], totals[i], part, whole);
            } else if (kind == Columns.CLASS) {
                _requireClass(columns, quantities, totals, i);
            } else if (kind == Columns.CREDIT && lot.model == uint8(ILotBook.Model.CONTROLLED_BLENDING)) {
                // The same proportion in every unit: that is what "contains P %" means.
                (uint256 least, uint256 most) = Proportion.bounds(totals[i], part, whole);
                if (quantities[i] < least || quantities[i] > most) {
                    revert ILotLaws.ModelCondition(0, lot.model, columns[i], quantities[i], most);
                }
            }
        }
        if (lot.model <= uint8(ILotBook.Model.SEGREGATED)) {
            Proportion.requirePure(0, lot.model, columns, quantities);
        }
    }

    /// @dev Within a batch an origin class is in proportion to the metal, to one unit.
    function _requireClass(
        uint32[] memory columns,
        uint256[] memory quantities,
        uint256[] memory totals,
        uint256 i
    ) private pure {
        uint256 m = Columns.find(columns, columns[i].metalOf());
        if (m == columns.length) revert ILotBook.UnknownColumn(columns[i].metalOf());
        (uint256 least, uint256 most) = Proportion.bounds(totals[i], quantities[m], totals[m]);
        if (quantities[i] < least) revert ILotLaws.ClassOutOfBounds(0, columns[i], quantities[i], least);
        if (quantities[i] > most) revert ILotLaws.ClassOutOfBounds(0, columns[i], quantities[i], most);
        if (quantities[i] > quantities[m]) {
            revert ILotLaws.ClassAboveMetal(0, columns[i], quantities[i], quantities[m]);
        }
    }

    /// @dev The same words: a list of uint64 is one of uint256 in memory.
    function widen(uint64[] memory values) internal pure returns (uint256[] memory same) {
        assembly ("memory-safe") {
            same := values
        }
    }
}
