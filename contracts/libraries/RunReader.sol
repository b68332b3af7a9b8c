// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICustody} from "../interfaces/ICustody.sol";
import {ILotBook} from "../interfaces/ILotBook.sol";
import {ILotLaws} from "../interfaces/ILotLaws.sol";
import {Columns} from "./Columns.sol";
import {LotMath} from "./LotMath.sol";

/// @title A run, read into sums by its columns
library RunReader {
    using Columns for uint32;

    uint256 private constant TAKES_MAXIMUM = 16;
    uint256 private constant OUTPUTS_MAXIMUM = 16;
    uint256 private constant COLUMNS_MAXIMUM = 16;
    uint256 private constant PARTS_MAXIMUM = 32;
    uint16 private constant FLAGS_INHERITED = 31;

    struct OutputSums {
        uint32 productClass;
        uint256 referenceAt; // position in the run's columns
        uint256 metalTolerancePpm;
        uint8 model;
        bool residue;
        uint256[] sums;
        uint256[] drawn;
    }

    struct RunSums {
        bool wayIn;
        uint32[] columns;
        uint256[] taken;
        uint256[] firstMeasured;
        uint256[] lost;
        uint256 emissions;
        uint8 weakestModel;
        bool oneOrigin;
        bool pureInputs; // in every input lot, credit of one programme equals the metal
        OutputSums[] outputs;
    }

    // ---------------------------------------------------------------- what comes in

    /// @dev All that is taken, with the orders that custody will check.
    function readTakes(ILotBook.Run calldata run, RunSums memory sums, ILotLaws.Judgement memory judgement)
        internal
        pure
    {
        (sums.oneOrigin, sums.pureInputs) = (true, true);
        if (sums.wayIn) return;
        requireCount("takes", run.takes.length, 1, TAKES_MAXIMUM);
        requireCount("sources", run.sources.length, 1, TAKES_MAXIMUM);
        bytes32[] memory headers = new bytes32[](run.sources.length);
        for (uint256 i = 0; i < headers.length; ++i) {
            headers[i] = keccak256(abi.encode(run.sources[i].header));
        }
        judgement.orders = new ICustody.TakeOrder[](run.takes.length);
        judgement.originCredits = new ILotLaws.OriginCredit[](run.takes.length * COLUMNS_MAXIMUM);
        uint256 credits = 0;
        for (uint256 n = 0; n < run.takes.length; ++n) {
            ILotBook.Take calldata take = run.takes[n];
            requireCount("source", take.source, 0, headers.length - 1);
            ILotBook.Source calldata source = run.sources[take.source];
            uint256 total = _order(judgement, n, take, source, headers[take.source]);
            _inherit(source.header, sums, judgement, n);
            credits = _move(sums, judgement, credits, source, take, total);
        }
        _shorten(judgement.originCredits, credits);
        if (!sums.oneOrigin) judgement.originSite = 0;
        sums.oneOrigin = judgement.originSite != 0;
    }

    function _order(
        ILotLaws.Judgement memory judgement,
        uint256 n,
        ILotBook.Take calldata take,
        ILotBook.Source calldata source,
        bytes32 header
    ) private pure returns (uint256 total) {
        uint256 count = source.columns.length;
        requireCount("columns", count, 1, COLUMNS_MAXIMUM);
        requireCount("quantities", take.quantities.length, count, count);
        uint256 place = find(source.columns, source.header.referenceColumn);
        if (place == count) revert ILotBook.UnknownColumn(source.header.referenceColumn);
        total = take.quantities[place];
        if (take.taken > total || take.amount == 0) {
            revert ILotBook.QuantityOutOfBounds(source.header.referenceColumn, take.amount, 1, total);
        }
        bytes32 lot = keccak256(abi.encode(source.header.issuer, take.lotKey));
        if (take.amount > total - take.taken) revert ICustody.AboveRemainder(lot, total - take.taken, take.amount);
        judgement.orders[n] = ICustody.TakeOrder({
            lot: lot,
            commitment: keccak256(
                abi.encode(header, take.index, take.lotKey, take.statementLeaf, source.columns, take.quantities)
            ),
            total: uint64(total),
            taken: take.taken,
            amount: take.amount
        });
    }

    /// @dev Flags add up, models weaken, an origin stays only while it is the only one.
    function _inherit(
        ILotBook.Header calldata header,
        RunSums memory sums,
        ILotLaws.Judgement memory judgement,
        uint256 n
    ) private pure {
        judgement.flags |= header.flags & FLAGS_INHERITED;
        if (header.model > sums.weakestModel) sums.weakestModel = header.model;
        if (n == 0) judgement.originSite = header.originSite;
        else if (judgement.originSite != header.originSite) sums.oneOrigin = false;
    }

    /// @dev Move each column's share; what is waived stays behind and ends.
    function _move(
        RunSums memory sums,
        ILotLaws.Judgement memory judgement,
        uint256 credits,
        ILotBook.Source calldata source,
        ILotBook.Take calldata take,
        uint256 total
    ) private pure returns (uint256) {
        uint256 place = 0;
        for (uint256 i = 0; i < source.columns.length; ++i) {
            uint32 key = source.columns[i];
            place = seek(sums.columns, place, key);
            uint8 kind = key.kind();
            uint256 part = LotMath.moved(take.quantities[i], total, take.taken, take.amount, kind == Columns.CO2E);
            if (kind == Columns.CREDIT && part > 0) {
                if (take.waived & (1 << i) != 0) {
                    part = 0;
                } else if (source.header.kind == uint8(ILotBook.BatchKind.ORIGIN)) {
                    judgement.originCredits[credits++] =
                        ILotLaws.OriginCredit(source.header.site, key.qualifier());
                }
            }
            sums.taken[place] += part;
            if (kind == Columns.METAL && take.quantities[i] > 0 && !_isPure(source.columns, take, i)) {
                sums.pureInputs = false;
            }
        }
        return credits;
    }

    function _isPure(uint32[] calldata columns, ILotBook.Take calldata take, uint256 metal)
        private
        pure
        returns (bool)
    {
        for (uint256 i = 0; i < columns.length; ++i) {
            bool credit = columns[i].kind() == Columns.CREDIT && columns[i].metalOf() == columns[metal];
            if (credit && take.waived & (1 << i) == 0 && take.quantities[i] == take.quantities[metal]) return true;
        }
        return false;
    }

    /// @dev Credit goes on under a lower programme before caps are taken; whether it may, the book asked.
    function reduce(ILotBook.Run calldata run, RunSums memory sums) internal pure {
        requireCount("reductions", run.reductions.length, 0, PARTS_MAXIMUM);
        for (uint256 i = 0; i < run.reductions.length; ++i) {
            ILotBook.Reduction calldata each = run.reductions[i];
            bool credit = each.from.kind() == Columns.CREDIT && each.to.kind() == Columns.CREDIT;
            if (!credit || each.from.substance() != each.to.substance()) {
                revert ILotBook.NotReducible(each.from, each.to);
            }
            _requireQuantity(each.from, each.quantity);
            uint256 from = seek(sums.columns, 0, each.from);
            if (each.quantity > sums.taken[from]) {
                revert ILotBook.ReducedTooMuch(each.from, sums.taken[from], each.quantity);
            }
            sums.taken[from] -= each.quantity;
            sums.taken[seek(sums.columns, 0, each.to)] += each.quantity;
        }
    }

    // ---------------------------------------------------------------- what is declared

    function readDeclared(ILotBook.Run calldata run, RunSums memory sums) internal pure {
        requireCount("firstMeasured", run.firstMeasured.length, 0, PARTS_MAXIMUM);
        for (uint256 i = 0; i < run.firstMeasured.length; ++i) {
            ILotBook.FirstMeasured calldata each = run.firstMeasured[i];
            _requireQuantity(each.column, each.quantity);
            sums.firstMeasured[seek(sums.columns, 0, each.column)] += each.quantity;
        }
        requireCount("losses", run.losses.length, 0, PARTS_MAXIMUM);
        for (uint256 i = 0; i < run.losses.length; ++i) {
            ILotBook.Loss calldata each = run.losses[i];
            _requireQuantity(each.column, each.quantity);
            _requireValue("reason", each.reason, uint8(type(ILotBook.LossReason).max));
            sums.lost[seek(sums.columns, 0, each.column)] += each.quantity;
        }
        requireCount("emissions", run.emissions.length, 0, PARTS_MAXIMUM);
        for (uint256 i = 0; i < run.emissions.length; ++i) {
            ILotBook.Emission calldata each = run.emissions[i];
            _requireValue("part", each.part, uint8(type(ILotBook.EmissionPart).max));
            if (each.co2e > Columns.QUANTITY_MAXIMUM) {
                revert ILotBook.QuantityOutOfBounds(0, each.co2e, 0, Columns.QUANTITY_MAXIMUM);
            }
            sums.emissions += each.co2e;
        }
    }

    // ---------------------------------------------------------------- what comes out

    function readOutputs(
        ILotBook.Run calldata run,
        ILotLaws.Terms calldata terms,
        RunSums memory sums,
        ILotLaws.Judgement memory judgement
    ) internal pure {
        uint256 count = run.outputs.length;
        requireCount("outputs", count, 1, OUTPUTS_MAXIMUM);
        requireCount("terms", terms.outputs.length, count, count);
        sums.outputs = new OutputSums[](count);
        judgement.totals = new bytes32[](count);
        for (uint256 o = 0; o < count; ++o) {
            ILotBook.Output calldata output = run.outputs[o];
            requireSound(o, output);
            OutputSums memory read = sums.outputs[o];
            read.productClass = output.productClass;
            read.metalTolerancePpm = terms.outputs[o].metalTolerancePpm;
            read.residue = terms.outputs[o].residue;
            read.model = output.model;
            read.sums = new uint256[](sums.columns.length);
            read.drawn = new uint256[](sums.columns.length);
            uint256 place = 0;
            for (uint256 i = 0; i < output.columns.length; ++i) {
                place = seek(sums.columns, place, output.columns[i]);
                read.sums[place] = output.sums[i];
                if (output.columns[i] == output.referenceColumn) read.referenceAt = place;
            }
            judgement.totals[o] = keccak256(abi.encode(output.columns, output.sums, output.salt));
        }
        _readDraws(run, sums);
    }

    function _readDraws(ILotBook.Run calldata run, RunSums memory sums) private pure {
        requireCount("draws", run.draws.length, 0, PARTS_MAXIMUM);
        for (uint256 i = 0; i < run.draws.length; ++i) {
            ILotBook.Draw calldata each = run.draws[i];
            if (
                each.output >= run.outputs.length || each.column.kind() != Columns.CREDIT
                    || run.outputs[each.output].model != uint8(ILotBook.Model.MASS_BALANCE)
            ) revert ILotBook.NotDrawable(each.output, each.column);
            _requireQuantity(each.column, each.quantity);
            sums.outputs[each.output].drawn[seek(sums.columns, 0, each.column)] += each.quantity;
        }
    }

    /// @dev A batch sound by itself: columns in order, quantities in bounds, one CO2e column, and takes counted in units
    /// where there are any, else in mass, else in metal (DESIGN 4.2).
    function requireSound(uint256 o, ILotBook.Output calldata output) internal pure {
        uint256 count = output.columns.length;
        requireCount("columns", count, 1, COLUMNS_MAXIMUM);
        requireCount("sums", output.sums.length, count, count);
        uint256 carbon = 0;
        uint8 counted = Columns.METAL;
        for (uint256 i = 0; i < count; ++i) {
            uint32 key = output.columns[i];
            if (i > 0 && key <= output.columns[i - 1]) revert ILotBook.ColumnsNotAscending(i, key);
            if (output.sums[i] > Columns.QUANTITY_MAXIMUM) {
                revert ILotBook.QuantityOutOfBounds(key, output.sums[i], 0, Columns.QUANTITY_MAXIMUM);
            }
            uint8 kind = key.kind();
            if (kind == Columns.CO2E) ++carbon;
            if (kind == Columns.UNIT || (kind == Columns.MASS && counted == Columns.METAL)) counted = kind;
        }
        if (carbon != 1) revert ILotBook.OneCo2eColumn(carbon);
        if (counted == Columns.UNIT && output.referenceColumn.kind() != counted) revert ILotLaws.UnitsAreReference(o);
        if (output.referenceColumn.kind() != counted || find(output.columns, output.referenceColumn) == count) {
            revert ILotBook.UnknownColumn(output.referenceColumn);
        }
    }

    // ---------------------------------------------------------------- small things

    /// @dev Position of a key at or after `from`, in ascending columns.
    function seek(uint32[] memory columns, uint256 from, uint32 key) internal pure returns (uint256 place) {
        place = from;
        while (place < columns.length && columns[place] < key) {
            ++place;
        }
        if (place == columns.length || columns[place] != key) revert ILotBook.UnknownColumn(key);
    }

    /// @dev Position of a key; the number of columns if it is none of them.
    function find(uint32[] calldata columns, uint32 key) internal pure returns (uint256 place) {
        while (place < columns.length && columns[place] != key) {
            ++place;
        }
    }

    function requireCount(bytes32 what, uint256 given, uint256 minimum, uint256 maximum) internal pure {
        if (given < minimum || given > maximum) revert ILotBook.Count(what, given, minimum, maximum);
    }

    function _requireQuantity(uint32 column, uint64 quantity) private pure {
        if (quantity == 0 || quantity > Columns.QUANTITY_MAXIMUM) {
            revert ILotBook.QuantityOutOfBounds(column, quantity, 1, Columns.QUANTITY_MAXIMUM);
        }
    }

    function _requireValue(bytes32 what, uint8 given, uint8 maximum) private pure {
        if (given == 0 || given > maximum) revert ILotBook.UnknownValue(what, given);
    }

    function _shorten(ILotLaws.OriginCredit[] memory list, uint256 length) private pure {
        assembly ("memory-safe") {
            mstore(list, length)
        }
    }
}
