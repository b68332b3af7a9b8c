// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICustody} from "../interfaces/ICustody.sol";
import {ILotBook} from "../interfaces/ILotBook.sol";
import {ILotLaws} from "../interfaces/ILotLaws.sol";
import {Columns} from "./Columns.sol";
import {LotMath} from "./LotMath.sol";

/// @title A run, read into sums by its columns
/// @dev Lists are copied into memory once: looking a nested list up in call data costs more than the arithmetic on it.
library RunReader {
    using Columns for uint32;

    uint256 private constant TAKES_MAXIMUM = 16;
    uint256 private constant OUTPUTS_MAXIMUM = 16;
    uint256 private constant COLUMNS_MAXIMUM = 16;
    uint256 private constant PARTS_MAXIMUM = 32;
    uint16 private constant FLAGS_INHERITED = 31;

    /// @dev A batch that lots are taken from, read once whatever is taken.
    struct SourceRead {
        bytes32 digest; // of the header
        uint32 issuer;
        bytes32 root;
        bool origin; // credit comes straight from a site, which may be suspended
        uint32 site;
        uint32 originSite;
        uint8 model;
        uint16 flags;
        uint256 referenceAt; // position in its own columns
        uint32[] columns;
        uint256[] places; // of its columns in the run's
        uint256 credited; // bit i: credit was taken in column i
    }

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
        SourceRead[] sources;
        ILotBook.Take[] takes;
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
        SourceRead[] memory sources = _readSources(run.sources, sums.columns);
        ILotBook.Take[] memory takes = run.takes;
        (sums.sources, sums.takes) = (sources, takes);
        judgement.orders = new ICustody.TakeOrder[](takes.length);
        for (uint256 n = 0; n < takes.length; ++n) {
            ILotBook.Take memory take = takes[n];
            requireCount("source", take.source, 0, sources.length - 1);
            SourceRead memory source = sources[take.source];
            uint256 total = _order(judgement.orders[n], take, source);
            _inherit(source, sums, judgement, n);
            _move(sums, source, take, total);
        }
        judgement.originCredits = _originCredits(sources);
        if (!sums.oneOrigin) judgement.originSite = 0;
        sums.oneOrigin = judgement.originSite != 0;
    }

    function _readSources(ILotBook.Source[] calldata list, uint32[] memory columns)
        private
        pure
        returns (SourceRead[] memory sources)
    {
        sources = new SourceRead[](list.length);
        for (uint256 s = 0; s < list.length; ++s) {
            ILotBook.Header memory header = list[s].header;
            SourceRead memory source = sources[s];
            source.digest = keccak256(abi.encode(header));
            (source.issuer, source.root) = (header.issuer, header.root);
            source.origin = header.kind == uint8(ILotBook.BatchKind.ORIGIN);
            (source.site, source.originSite) = (header.site, header.originSite);
            (source.model, source.flags) = (header.model, header.flags);
            source.columns = list[s].columns;
            uint256 count = source.columns.length;
            requireCount("columns", count, 1, COLUMNS_MAXIMUM);
            source.referenceAt = Columns.find(source.columns, header.referenceColumn);
            if (source.referenceAt == count) revert ILotBook.UnknownColumn(header.referenceColumn);
            source.places = new uint256[](count);
            uint256 place = 0;
            for (uint256 i = 0; i < count; ++i) {
                place = seek(columns, place, source.columns[i]);
                source.places[i] = place;
            }
        }
    }

    function _order(ICustody.TakeOrder memory order, ILotBook.Take memory take, SourceRead memory source)
        private
        pure
        returns (uint256 total)
    {
        uint256 count = source.columns.length;
        requireCount("quantities", take.quantities.length, count, count);
        total = take.quantities[source.referenceAt];
        if (take.taken > total || take.amount == 0) {
            revert ILotBook.QuantityOutOfBounds(source.columns[source.referenceAt], take.amount, 1, total);
        }
        order.lot = keccak256(abi.encode(source.issuer, take.lotKey));
        if (take.amount > total - take.taken) {
            revert ICustody.AboveRemainder(order.lot, total - take.taken, take.amount);
        }
        order.commitment = keccak256(
            abi.encode(source.digest, take.index, take.lotKey, take.statementLeaf, source.columns, take.quantities)
        );
        (order.total, order.taken, order.amount) = (uint64(total), take.taken, take.amount);
    }

    /// @dev Flags add up, models weaken, an origin stays only while it is the only one.
    function _inherit(
        SourceRead memory source,
        RunSums memory sums,
        ILotLaws.Judgement memory judgement,
        uint256 n
    ) private pure {
        judgement.flags |= source.flags & FLAGS_INHERITED;
        if (source.model > sums.weakestModel) sums.weakestModel = source.model;
        if (n == 0) judgement.originSite = source.originSite;
        else if (judgement.originSite != source.originSite) sums.oneOrigin = false;
    }

    /// @dev Move each column's share; what is waived stays behind and ends.
    function _move(RunSums memory sums, SourceRead memory source, ILotBook.Take memory take, uint256 total)
        private
        pure
    {
        uint256 count = source.columns.length;
        for (uint256 i = 0; i < count; ++i) {
            uint8 kind = source.columns[i].kind();
            uint256 held = take.quantities[i];
            if (held == 0) continue;
            uint256 part = LotMath.moved(held, total, take.taken, take.amount, kind == Columns.CO2E);
            if (kind == Columns.CREDIT && part > 0) {
                if (take.waived & (1 << i) != 0) continue;
                source.credited |= 1 << i;
            }
            sums.taken[source.places[i]] += part;
            if (kind == Columns.METAL && sums.pureInputs) sums.pureInputs = _isPure(source.columns, take, i);
        }
    }

    function _isPure(uint32[] memory columns, ILotBook.Take memory take, uint256 metal) private pure returns (bool) {
        for (uint256 i = metal + 1; i < columns.length; ++i) {
            bool credit = columns[i].kind() == Columns.CREDIT && columns[i].metalOf() == columns[metal];
            if (credit && take.waived & (1 << i) == 0 && take.quantities[i] == take.quantities[metal]) return true;
        }
        return false;
    }

    /// @dev Each site and programme of a source once, however many lots of it were taken.
    function _originCredits(SourceRead[] memory sources) private pure returns (ILotLaws.OriginCredit[] memory list) {
        uint256 count = 0;
        for (uint256 s = 0; s < sources.length; ++s) {
            if (!sources[s].origin) sources[s].credited = 0;
            for (uint256 bits = sources[s].credited; bits != 0; bits &= bits - 1) {
                ++count;
            }
        }
        list = new ILotLaws.OriginCredit[](count);
        count = 0;
        for (uint256 s = 0; s < sources.length; ++s) {
            SourceRead memory source = sources[s];
            for (uint256 i = 0; source.credited >> i != 0; ++i) {
                if (source.credited & (1 << i) == 0) continue;
                (list[count].site, list[count].programme) = (source.site, source.columns[i].qualifier());
                ++count;
            }
        }
    }

    /// @dev Credit goes on under a lower programme before caps are taken; whether it may, the book asked.
    function reduce(ILotBook.Reduction[] calldata reductions, RunSums memory sums) internal pure {
        requireCount("reductions", reductions.length, 0, PARTS_MAXIMUM);
        for (uint256 i = 0; i < reductions.length; ++i) {
            ILotBook.Reduction calldata each = reductions[i];
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
        ILotBook.FirstMeasured[] calldata measured = run.firstMeasured;
        requireCount("firstMeasured", measured.length, 0, PARTS_MAXIMUM);
        for (uint256 i = 0; i < measured.length; ++i) {
            ILotBook.FirstMeasured calldata each = measured[i];
            _requireQuantity(each.column, each.quantity);
            sums.firstMeasured[seek(sums.columns, 0, each.column)] += each.quantity;
        }
        ILotBook.Loss[] calldata losses = run.losses;
        requireCount("losses", losses.length, 0, PARTS_MAXIMUM);
        for (uint256 i = 0; i < losses.length; ++i) {
            ILotBook.Loss calldata each = losses[i];
            _requireQuantity(each.column, each.quantity);
            _requireValue("reason", each.reason, uint8(type(ILotBook.LossReason).max));
            sums.lost[seek(sums.columns, 0, each.column)] += each.quantity;
        }
        ILotBook.Emission[] calldata emissions = run.emissions;
        requireCount("emissions", emissions.length, 0, PARTS_MAXIMUM);
        for (uint256 i = 0; i < emissions.length; ++i) {
            ILotBook.Emission calldata each = emissions[i];
            _requireValue("part", each.part, uint8(type(ILotBook.EmissionPart).max));
            if (each.co2e > Columns.QUANTITY_MAXIMUM) {
                revert ILotBook.QuantityOutOfBounds(0, each.co2e, 0, Columns.QUANTITY_MAXIMUM);
            }
            sums.emissions += each.co2e;
        }
    }

    // ---------------------------------------------------------------- what comes out

    function readOutputs(
        ILotBook.Output[] memory outputs,
        ILotLaws.OutputTerms[] memory terms,
        RunSums memory sums,
        ILotLaws.Judgement memory judgement
    ) internal pure {
        uint256 count = outputs.length;
        requireCount("outputs", count, 1, OUTPUTS_MAXIMUM);
        requireCount("terms", terms.length, count, count);
        sums.outputs = new OutputSums[](count);
        judgement.totals = new bytes32[](count);
        for (uint256 o = 0; o < count; ++o) {
            ILotBook.Output memory output = outputs[o];
            requireSound(o, output);
            OutputSums memory read = sums.outputs[o];
            read.productClass = output.productClass;
            read.metalTolerancePpm = terms[o].metalTolerancePpm;
            read.residue = terms[o].residue;
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
    }

    function readDraws(ILotBook.Draw[] calldata draws, RunSums memory sums) internal pure {
        requireCount("draws", draws.length, 0, PARTS_MAXIMUM);
        for (uint256 i = 0; i < draws.length; ++i) {
            ILotBook.Draw calldata each = draws[i];
            if (
                each.output >= sums.outputs.length || each.column.kind() != Columns.CREDIT
                    || sums.outputs[each.output].model != uint8(ILotBook.Model.MASS_BALANCE)
            ) revert ILotBook.NotDrawable(each.output, each.column);
            _requireQuantity(each.column, each.quantity);
            sums.outputs[each.output].drawn[seek(sums.columns, 0, each.column)] += each.quantity;
        }
    }

    /// @dev A batch sound by itself: columns in order, quantities in bounds, one CO2e column, and takes counted in units
    /// where there are any, else in mass, else in metal (DESIGN 4.2).
    function requireSound(uint256 o, ILotBook.Output memory output) internal pure {
        uint32[] memory columns = output.columns;
        uint256 count = columns.length;
        requireCount("columns", count, 1, COLUMNS_MAXIMUM);
        requireCount("sums", output.sums.length, count, count);
        uint256 carbon = 0;
        uint8 counted = Columns.METAL;
        uint32 last = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint32 key = columns[i];
            if (i > 0 && key <= last) revert ILotBook.ColumnsNotAscending(i, key);
            last = key;
            if (output.sums[i] > Columns.QUANTITY_MAXIMUM) {
                revert ILotBook.QuantityOutOfBounds(key, output.sums[i], 0, Columns.QUANTITY_MAXIMUM);
            }
            uint8 kind = key.kind();
            if (kind == Columns.CO2E) ++carbon;
            if (kind == Columns.UNIT || (kind == Columns.MASS && counted == Columns.METAL)) counted = kind;
        }
        if (carbon != 1) revert ILotBook.OneCo2eColumn(carbon);
        if (counted == Columns.UNIT && output.referenceColumn.kind() != counted) revert ILotLaws.UnitsAreReference(o);
        if (output.referenceColumn.kind() != counted || Columns.find(columns, output.referenceColumn) == count) {
            revert ILotBook.UnknownColumn(output.referenceColumn);
        }
    }

    // ---------------------------------------------------------------- small things

    /// @dev Position of a key at or after `from`, in ascending columns.
    function seek(uint32[] memory columns, uint256 from, uint32 key) internal pure returns (uint256 place) {
        uint256 count = columns.length;
        for (place = from; place < count; ++place) {
            uint32 found = columns[place];
            if (found == key) return place;
            if (found > key) break;
        }
        revert ILotBook.UnknownColumn(key);
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
}
