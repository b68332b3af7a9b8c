// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ILotBook} from "./interfaces/ILotBook.sol";
import {ILotLaws} from "./interfaces/ILotLaws.sol";
import {Columns} from "./libraries/Columns.sol";
import {RunCause} from "./libraries/RunCause.sol";
import {RunReader} from "./libraries/RunReader.sol";

/// @title LotLaws
/// @notice See ILotLaws. Every quantity is at most 2^53 - 1, so that products of two and of ppm never overflow.
contract LotLaws is ILotLaws {
    using Columns for uint32;

    uint16 private constant FLAG_EXTERNAL = 1;
    uint16 private constant FLAG_RECYCLED = 2;
    uint16 private constant FLAG_FIRST_MEASURED = 4;
    uint16 private constant FLAG_GAIN = 8;
    uint16 private constant FLAG_UNALLOCATED = 16;

    // ---------------------------------------------------------------- a run

    /// @inheritdoc ILotLaws
    function judgeRun(ILotBook.Run calldata run, Terms calldata terms) external pure returns (Judgement memory judgement) {
        RunReader.RunSums memory sums;
        uint256 count = run.columns.length;
        RunReader.requireCount("columns", count, 1, 32);
        uint256 carbon = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint32 key = run.columns[i];
            if (i > 0 && key <= run.columns[i - 1]) revert ILotBook.ColumnsNotAscending(i, key);
            if (key.kind() == Columns.CO2E) ++carbon;
        }
        // A second, empty one would be what the allocation rule is held against.
        if (carbon > 1) revert ILotBook.OneCo2eColumn(carbon);
        sums.columns = run.columns;
        sums.wayIn = terms.kind != uint8(ILotBook.BatchKind.TRANSFORM);
        (sums.taken, sums.firstMeasured, sums.lost) = (new uint256[](count), new uint256[](count), new uint256[](count));
        RunReader.readTakes(run, sums, judgement);
        judgement.taken = _copy(sums.taken);
        RunReader.reduce(run, sums);
        RunReader.readDeclared(run, sums);
        RunReader.readOutputs(run, terms, sums, judgement);
        judgement.made = _total(sums);
        _requireKindOfRun(run, terms);
        if (_judge(sums, terms, judgement.made)) judgement.flags |= FLAG_UNALLOCATED;
        judgement.left = _creditCannotAppear(sums);
        _judgeModels(sums);
        judgement.flags |= _ownFlags(run, terms.kind);
        if (terms.kind == uint8(ILotBook.BatchKind.ORIGIN)) judgement.originSite = run.site;
        judgement.cause = RunCause.root(run, terms.kind, terms.period, judgement.orders, judgement.totals);
    }

    function _judge(RunReader.RunSums memory run, Terms calldata terms, uint256[] memory made)
        private
        pure
        returns (bool unallocated)
    {
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            _judgeShape(run, o);
        }
        for (uint256 i = 0; i < run.columns.length; ++i) {
            uint8 kind = run.columns[i].kind();
            if (run.firstMeasured[i] != 0) _requireFirstMeasured(run, i);
            if (run.lost[i] != 0 && kind != Columns.METAL && kind != Columns.UNIT) revert NoLossOf(run.columns[i]);
            if (kind == Columns.METAL) _metalCannotAppear(run, made, i);
            else if (kind == Columns.CO2E) _carbonCannotVanish(run, made, i);
            else if (kind == Columns.UNIT) _unitsEnd(run, made, i);
            else if (kind == Columns.CLASS && !run.wayIn) _classesTravel(run, i);
        }
        unallocated = _judgeAllocation(run, terms);
        _judgeUniformity(run);
    }

    /// @dev Parts that a kind of run does not have are empty; what comes in without its history is one batch, without
    /// credit, blended, and never below the class's default CO2e.
    function _requireKindOfRun(ILotBook.Run calldata run, Terms calldata terms) private pure {
        bool external_ = terms.kind == uint8(ILotBook.BatchKind.EXTERNAL);
        if (external_ != (run.source != 0)) revert ILotBook.SourceMissing(run.source);
        if (run.recycled && !external_) revert ILotBook.NotInThisRun("recycled");
        if (terms.kind != uint8(ILotBook.BatchKind.ORIGIN) && run.covers.length != 0) {
            revert ILotBook.NotInThisRun("covers");
        }
        if (terms.kind == uint8(ILotBook.BatchKind.TRANSFORM)) return;
        if (run.takes.length + run.sources.length != 0) revert ILotBook.NotInThisRun("takes");
        if (run.firstMeasured.length != 0) revert ILotBook.NotInThisRun("firstMeasured");
        if (run.reductions.length + run.draws.length != 0) revert ILotBook.NotInThisRun("credit");
        if (run.losses.length != 0) revert ILotBook.NotInThisRun("losses");
        _requireNoOtherClass(run, external_ ? (run.recycled ? Columns.RECYCLED : Columns.EXTERNAL) : 0);
        if (terms.kind == uint8(ILotBook.BatchKind.ORIGIN)) return;
        RunReader.requireCount("outputs", run.outputs.length, 1, 1);
        _requireWithoutHistory(run.outputs[0], terms.outputs[0].co2eDefaultPerMillion);
        if (external_) _requireClass(run.outputs[0], run.recycled ? Columns.RECYCLED : Columns.EXTERNAL);
    }

    /// @dev Only what is declared to come from outside has an origin class when it comes in: else primary metal would be
    /// sold as recycled at its very source.
    function _requireNoOtherClass(ILotBook.Run calldata run, uint16 allowed) private pure {
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            ILotBook.Output calldata output = run.outputs[o];
            for (uint256 i = 0; i < output.columns.length; ++i) {
                uint32 key = output.columns[i];
                if (key.kind() == Columns.CLASS && key.qualifier() != allowed && output.sums[i] > 0) {
                    revert ClassAtWayIn(key, output.sums[i]);
                }
            }
        }
    }

    function _requireWithoutHistory(ILotBook.Output calldata output, uint256 perMillion) private pure {
        if (output.model != uint8(ILotBook.Model.CONTROLLED_BLENDING)) {
            revert ILotBook.UnknownValue("model", output.model);
        }
        uint256 co2e = 0;
        for (uint256 i = 0; i < output.columns.length; ++i) {
            if (output.columns[i].kind() == Columns.CREDIT) revert ILotBook.CoverMissing(output.columns[i]);
            if (output.columns[i].kind() == Columns.CO2E) co2e = output.sums[i];
        }
        uint256 counted = output.sums[RunReader.find(output.columns, output.referenceColumn)];
        uint256 least = Math.ceilDiv(perMillion * counted, Columns.PPM);
        if (co2e < least) revert ILotBook.BelowDefault(output.productClass, co2e, least);
    }

    /// @dev Where metal comes from outside, its class says so of all of it, for ever.
    function _requireClass(ILotBook.Output calldata output, uint16 class) private pure {
        for (uint256 i = 0; i < output.columns.length; ++i) {
            uint32 key = output.columns[i];
            if (key.kind() != Columns.METAL || output.sums[i] == 0) continue;
            uint32 wanted = uint32(Columns.CLASS) << 28 | uint32(class) << 12 | key.substance();
            uint256 place = RunReader.find(output.columns, wanted);
            if (place == output.columns.length) revert ILotBook.UnknownColumn(wanted);
            if (output.sums[place] != output.sums[i]) {
                revert ILotBook.QuantityOutOfBounds(wanted, output.sums[place], output.sums[i], output.sums[i]);
            }
        }
    }

    function _ownFlags(ILotBook.Run calldata run, uint8 kind) private pure returns (uint16 flags) {
        if (run.source != 0) flags = run.recycled ? FLAG_RECYCLED : FLAG_EXTERNAL;
        if (kind == uint8(ILotBook.BatchKind.GAIN)) flags = FLAG_GAIN;
        if (run.firstMeasured.length != 0) flags = FLAG_FIRST_MEASURED;
    }

    /// @dev Law 1. What nobody took and nobody measured for the first time is in no output. At a way in, capacity, ceiling
    /// or gain bound it instead.
    function _metalCannotAppear(RunReader.RunSums memory run, uint256[] memory made, uint256 i) private pure {
        if (run.wayIn) return;
        uint256 given = run.taken[i] + run.firstMeasured[i];
        if (given != made[i] + run.lost[i]) revert MetalMismatch(run.columns[i], given, made[i] + run.lost[i]);
    }

    /// @dev Gold in slimes was in the ore all along, below what a concentrate's assay states: so only a metal that no take
    /// carries may be measured for the first time.
    function _requireFirstMeasured(RunReader.RunSums memory run, uint256 i) private pure {
        if (run.columns[i].kind() != Columns.METAL || run.taken[i] != 0 || run.wayIn) {
            revert NotFirstMeasured(run.columns[i], run.taken[i]);
        }
    }

    /// @dev Law 2. Emissions only ever add up: nothing avoided, offset or lost takes any away.
    function _carbonCannotVanish(RunReader.RunSums memory run, uint256[] memory made, uint256 i) private pure {
        uint256 given = run.taken[i] + run.emissions;
        if (given != made[i]) revert Co2eMismatch(given, made[i]);
    }

    /// @dev Things that are counted stay things, or are said to be gone (assembled into something else). A kind of which
    /// nothing was taken may begin here: cables become counted when they are cut.
    function _unitsEnd(RunReader.RunSums memory run, uint256[] memory made, uint256 i) private pure {
        if (run.taken[i] == 0 && run.lost[i] == 0) return;
        if (run.taken[i] != made[i] + run.lost[i]) {
            revert UnitMismatch(run.columns[i], run.taken[i], made[i] + run.lost[i]);
        }
    }

    /// @dev The share of recycled metal is rounded down and that of metal from outside up, per batch: neither can be
    /// steered into the batch where it pays.
    function _classesTravel(RunReader.RunSums memory run, uint256 i) private pure {
        uint32 key = run.columns[i];
        uint256 metal = _position(run, key.metalOf());
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            uint256[] memory sums = run.outputs[o].sums;
            bool up = key.qualifier() != Columns.RECYCLED;
            uint256 bound = _share(run.taken[i], sums[metal], run.taken[metal], up);
            if (up ? sums[i] < bound : sums[i] > bound) revert ClassOutOfBounds(o, key, sums[i], bound);
        }
    }

    /// @dev What holds for any batch by itself.
    function _judgeShape(RunReader.RunSums memory run, uint256 o) private pure {
        RunReader.OutputSums memory output = run.outputs[o];
        if (output.sums[output.referenceAt] == 0) revert ZeroReference(o);
        bool unitReference = run.columns[output.referenceAt].kind() == Columns.UNIT;
        for (uint256 i = 0; i < run.columns.length; ++i) {
            uint8 kind = run.columns[i].kind();
            if (output.sums[i] == 0) continue;
            if (kind == Columns.UNIT && !(unitReference && i == output.referenceAt)) revert UnitsAreReference(o);
            if (kind == Columns.CLASS) {
                uint256 metal = output.sums[_position(run, run.columns[i].metalOf())];
                if (output.sums[i] > metal) revert ClassAboveMetal(o, run.columns[i], output.sums[i], metal);
            }
        }
    }

    // ---------------------------------------------------------------- carbon between outputs

    /// @dev Between product classes a process divides its burden by a rule that its assurer confirmed beforehand: ppm of
    /// all outputs' CO2e. One class needs none; several without one are marked, not refused.
    function _judgeAllocation(RunReader.RunSums memory run, Terms calldata terms)
        private
        pure
        returns (bool unallocated)
    {
        uint256 co2e = _co2ePosition(run);
        uint256 all = run.taken[co2e] + run.emissions;
        bool several = false;
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            uint32 class = run.outputs[o].productClass;
            several = several || class != run.outputs[0].productClass;
            if (!terms.hasRule || _seenBefore(run, o)) continue;
            uint256 ofClass = _classSum(run, class, co2e);
            (bool found, uint256 least, uint256 most) = _bounds(terms, class, all);
            if (!found) revert NotInAllocationRule(class);
            // Cross-multiplied: least and most are ppm of all.
            if (ofClass * Columns.PPM < least || ofClass * Columns.PPM > most) {
                revert AllocationOutOfBounds(class, ofClass, Math.ceilDiv(least, Columns.PPM), most / Columns.PPM);
            }
        }
        return several && !terms.hasRule;
    }

    function _bounds(Terms calldata terms, uint32 class, uint256 all)
        private
        pure
        returns (bool found, uint256 least, uint256 most)
    {
        for (uint256 i = 0; i < terms.rule.length; ++i) {
            if (terms.rule[i].productClass == class) {
                return (true, all * terms.rule[i].minimumPpm, all * terms.rule[i].maximumPpm);
            }
        }
    }

    /// @dev All batches of a product class have the same CO2e and the same metal a reference unit, so that carbon cannot be
    /// parked on a batch that nobody opens.
    function _judgeUniformity(RunReader.RunSums memory run) private pure {
        for (uint256 o = 1; o < run.outputs.length; ++o) {
            uint32 class = run.outputs[o].productClass;
            uint32 first = run.columns[run.outputs[_firstOf(run, class)].referenceAt];
            uint32 own = run.columns[run.outputs[o].referenceAt];
            if (first != own) revert ReferenceDiffers(class, first, own);
        }
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            RunReader.OutputSums memory output = run.outputs[o];
            uint256 r = output.referenceAt;
            uint256 reference_ = _classSum(run, output.productClass, r);
            for (uint256 i = 0; i < run.columns.length; ++i) {
                uint8 kind = run.columns[i].kind();
                if (kind == Columns.CO2E) {
                    uint256 all = _classSum(run, output.productClass, i);
                    _requireUniform(o, output.sums[i], all, output.sums[r], reference_);
                } else if (kind == Columns.METAL) {
                    uint256 all = _classSum(run, output.productClass, i);
                    _requireSameMetal(
                        o, run.columns[i], output.sums[i], all, output.sums[r], reference_, output.metalTolerancePpm
                    );
                }
            }
        }
    }

    // ---------------------------------------------------------------- credit

    /// @dev Law 3, per output batch: its metal's share of the credit taken, rounded down, and what is drawn. The share of
    /// losses is in no batch's cap, so it ends here; so does what a residue leaves, for it would otherwise be sold with the
    /// product. All credit of a substance together is at most its metal: two marks are one tonne.
    function _creditCannotAppear(RunReader.RunSums memory run) private pure returns (uint256[][] memory left) {
        left = new uint256[][](run.outputs.length);
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            RunReader.OutputSums memory output = run.outputs[o];
            left[o] = new uint256[](run.columns.length);
            for (uint256 i = 0; i < run.columns.length; ++i) {
                uint32 key = run.columns[i];
                if (key.kind() == Columns.METAL) _requireWithinMetal(run, o, i);
                if (key.kind() != Columns.CREDIT) continue;
                // Asked of ways in too: credit where no metal is named at all would have no bound.
                uint256 metal = _position(run, key.metalOf());
                if (run.wayIn) continue;
                uint256 share = _share(run.taken[i], output.sums[metal], run.taken[metal], false);
                uint256 cap = share + output.drawn[i];
                if (output.sums[i] > cap) revert CreditAboveCap(o, key, output.sums[i], cap);
                // What is drawn and not needed would enter the account again, as young credit: it would never expire.
                if (output.drawn[i] > 0 && output.sums[i] < cap) {
                    revert DrawUnused(o, key, output.drawn[i], cap - output.sums[i]);
                }
                if (!output.residue) left[o][i] = cap - output.sums[i];
            }
        }
    }

    function _requireWithinMetal(RunReader.RunSums memory run, uint256 o, uint256 metal) private pure {
        uint256[] memory sums = run.outputs[o].sums;
        uint256 credit = 0;
        for (uint256 i = 0; i < sums.length; ++i) {
            if (run.columns[i].kind() == Columns.CREDIT && run.columns[i].metalOf() == run.columns[metal]) {
                credit += sums[i];
            }
        }
        if (credit > sums[metal]) revert CreditAboveMetal(o, run.columns[metal].substance(), credit, sums[metal]);
    }

    // ---------------------------------------------------------------- models

    /// @dev Weaker is always allowed, stronger never (ISO 22095): the order is the enum's.
    function _judgeModels(RunReader.RunSums memory run) private pure {
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            uint8 model = run.outputs[o].model;
            if (model == 0 || model > uint8(type(ILotBook.Model).max)) revert ILotBook.UnknownValue("model", model);
            if (model < run.weakestModel) revert ModelStrengthens(o, run.weakestModel, model);
            if (model == uint8(ILotBook.Model.CONTROLLED_BLENDING)) _requireBlended(run, o);
            if (model > uint8(ILotBook.Model.SEGREGATED)) continue;
            if (model == uint8(ILotBook.Model.IDENTITY_PRESERVED) && !run.oneOrigin) revert ModelCondition(o, model, 0, 0, 1);
            if (!run.pureInputs) revert ModelCondition(o, model, 0, 0, 1);
            _requirePure(o, model, run.columns, run.outputs[o].sums);
        }
    }

    /// @dev All blended batches of a product class have one proportion, or "contains P %" would mean nothing.
    function _requireBlended(RunReader.RunSums memory run, uint256 o) private pure {
        RunReader.OutputSums memory output = run.outputs[o];
        for (uint256 i = 0; i < run.columns.length; ++i) {
            if (run.columns[i].kind() != Columns.CREDIT) continue;
            uint256 all = 0;
            uint256 whole = 0;
            for (uint256 p = 0; p < run.outputs.length; ++p) {
                RunReader.OutputSums memory other = run.outputs[p];
                if (other.productClass != output.productClass || other.model != output.model) continue;
                all += other.sums[i];
                whole += other.sums[other.referenceAt];
            }
            (uint256 least, uint256 most) = _proportion(all, output.sums[output.referenceAt], whole);
            if (output.sums[i] < least || output.sums[i] > most) {
                revert ModelCondition(o, output.model, run.columns[i], output.sums[i], most);
            }
        }
    }

    /// @dev Credit of one programme equals the metal, for each metal.
    function _requirePure(uint256 o, uint8 model, uint32[] memory columns, uint256[] memory sums) private pure {
        for (uint256 m = 0; m < columns.length; ++m) {
            if (columns[m].kind() != Columns.METAL || sums[m] == 0) continue;
            uint256 best = 0;
            for (uint256 i = 0; i < columns.length; ++i) {
                if (columns[i].kind() == Columns.CREDIT && columns[i].metalOf() == columns[m]) {
                    best = Math.max(best, sums[i]);
                }
            }
            if (best != sums[m]) revert ModelCondition(o, model, columns[m], best, sums[m]);
        }
    }

    // ---------------------------------------------------------------- a lot

    /// @inheritdoc ILotLaws
    function judgeLot(LotSums calldata lot) external pure {
        (uint32[] memory columns, uint256[] memory quantities, uint256[] memory totals) =
            (lot.columns, lot.quantities, lot.totals);
        uint256 r = Columns.find(columns, lot.referenceColumn);
        if (quantities[r] == 0) revert ZeroReference(0);
        for (uint256 i = 0; i < columns.length; ++i) {
            uint8 kind = columns[i].kind();
            if (kind == Columns.METAL) {
                _requireSameMetal(
                    0, columns[i], quantities[i], totals[i], quantities[r], totals[r], lot.metalTolerancePpm
                );
                _requireLotWithinMetal(columns, quantities, i);
            } else if (kind == Columns.CO2E) {
                if (!lot.attributed) _requireUniform(0, quantities[i], totals[i], quantities[r], totals[r]);
            } else if (kind == Columns.CLASS) {
                _requireLotClass(columns, quantities, totals, i);
            } else if (kind == Columns.CREDIT && lot.model == uint8(ILotBook.Model.CONTROLLED_BLENDING)) {
                // The same proportion in every unit: that is what "contains P %" means.
                (uint256 least, uint256 most) = _proportion(totals[i], quantities[r], totals[r]);
                if (quantities[i] < least || quantities[i] > most) {
                    revert ModelCondition(0, lot.model, columns[i], quantities[i], most);
                }
            }
        }
        if (lot.model <= uint8(ILotBook.Model.SEGREGATED)) _requirePure(0, lot.model, columns, quantities);
    }

    function _requireLotWithinMetal(uint32[] memory columns, uint256[] memory quantities, uint256 metal) private pure {
        uint256 credit = 0;
        for (uint256 i = 0; i < columns.length; ++i) {
            if (columns[i].kind() == Columns.CREDIT && columns[i].metalOf() == columns[metal]) credit += quantities[i];
        }
        if (credit > quantities[metal]) {
            revert CreditAboveMetal(0, columns[metal].substance(), credit, quantities[metal]);
        }
    }

    /// @dev Within a batch an origin class is in proportion to the metal, to one unit.
    function _requireLotClass(
        uint32[] memory columns,
        uint256[] memory quantities,
        uint256[] memory totals,
        uint256 i
    ) private pure {
        uint256 m = Columns.find(columns, columns[i].metalOf());
        if (m == columns.length) revert ILotBook.UnknownColumn(columns[i].metalOf());
        (uint256 least, uint256 most) = _proportion(totals[i], quantities[m], totals[m]);
        if (quantities[i] < least) revert ClassOutOfBounds(0, columns[i], quantities[i], least);
        if (quantities[i] > most) revert ClassOutOfBounds(0, columns[i], quantities[i], most);
        if (quantities[i] > quantities[m]) revert ClassAboveMetal(0, columns[i], quantities[i], quantities[m]);
    }

    // ---------------------------------------------------------------- arithmetic

    function _requireUniform(uint256 o, uint256 given, uint256 all, uint256 part, uint256 whole) private pure {
        (uint256 least, uint256 most) = _proportion(all, part, whole);
        if (given < least || given > most) revert Co2eNotUniform(o, given, least, most);
    }

    /// @dev Equal to one unit, or within the tolerance: |m R - M r| 10^6 <= ppm M r.
    function _requireSameMetal(
        uint256 o,
        uint32 key,
        uint256 given,
        uint256 all,
        uint256 part,
        uint256 whole,
        uint256 tolerancePpm
    ) private pure {
        (uint256 least, uint256 most) = _proportion(all, part, whole);
        if (least <= given && given <= most) return;
        uint256 left = given * whole;
        uint256 right = all * part;
        uint256 apart = left > right ? left - right : right - left;
        if (apart * Columns.PPM > tolerancePpm * right) revert MetalNotUniform(o, key, given, least);
    }

    function _proportion(uint256 all, uint256 part, uint256 whole) private pure returns (uint256 least, uint256 most) {
        if (whole == 0) return (0, 0);
        least = (all * part) / whole;
        most = Math.ceilDiv(all * part, whole);
    }

    function _share(uint256 taken, uint256 metal, uint256 metalTaken, bool up) private pure returns (uint256) {
        if (metalTaken == 0) return 0;
        return up ? Math.ceilDiv(taken * metal, metalTaken) : (taken * metal) / metalTaken;
    }

    function _total(RunReader.RunSums memory run) private pure returns (uint256[] memory made) {
        made = new uint256[](run.columns.length);
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            for (uint256 i = 0; i < made.length; ++i) {
                made[i] += run.outputs[o].sums[i];
            }
        }
    }

    function _classSum(RunReader.RunSums memory run, uint32 class, uint256 i) private pure returns (uint256 sum) {
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            if (run.outputs[o].productClass == class) sum += run.outputs[o].sums[i];
        }
    }

    function _firstOf(RunReader.RunSums memory run, uint32 class) private pure returns (uint256 o) {
        while (run.outputs[o].productClass != class) {
            ++o;
        }
    }

    function _seenBefore(RunReader.RunSums memory run, uint256 o) private pure returns (bool) {
        return _firstOf(run, run.outputs[o].productClass) != o;
    }

    function _co2ePosition(RunReader.RunSums memory run) private pure returns (uint256 i) {
        while (run.columns[i].kind() != Columns.CO2E) {
            ++i; // every batch has one, so every run does
        }
    }

    function _position(RunReader.RunSums memory run, uint32 key) private pure returns (uint256 i) {
        while (i < run.columns.length && run.columns[i] != key) {
            ++i;
        }
        if (i == run.columns.length) revert ILotBook.UnknownColumn(key);
    }

    function _copy(uint256[] memory values) private pure returns (uint256[] memory copy) {
        copy = new uint256[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            copy[i] = values[i];
        }
    }
}
