// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ILotBook} from "./interfaces/ILotBook.sol";
import {ILotLaws} from "./interfaces/ILotLaws.sol";
import {Columns} from "./libraries/Columns.sol";
import {LotShare} from "./libraries/LotShare.sol";
import {Proportion} from "./libraries/Proportion.sol";
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
    function originate(ILotBook.Run calldata run) external pure returns (Judgement memory) {
        return _judgeRun(run);
    }

    /// @inheritdoc ILotLaws
    function declareExternal(ILotBook.Run calldata run) external pure returns (Judgement memory) {
        return _judgeRun(run);
    }

    /// @inheritdoc ILotLaws
    function gain(ILotBook.Run calldata run) external pure returns (Judgement memory) {
        return _judgeRun(run);
    }

    /// @inheritdoc ILotLaws
    function transform(ILotBook.Run calldata run) external pure returns (Judgement memory) {
        return _judgeRun(run);
    }

    /// @dev Which of the four was called. A constant handed down would have the compiler write all of it out four times.
    function _kindCalled() private pure returns (uint8) {
        if (msg.sig == this.transform.selector) return uint8(ILotBook.BatchKind.TRANSFORM);
        if (msg.sig == this.originate.selector) return uint8(ILotBook.BatchKind.ORIGIN);
        return uint8(msg.sig == this.gain.selector ? ILotBook.BatchKind.GAIN : ILotBook.BatchKind.EXTERNAL);
    }

    function _judgeRun(ILotBook.Run calldata run) private pure returns (Judgement memory judgement) {
        uint8 kind = _kindCalled();
        Terms memory terms = _terms();
        ILotBook.Output[] memory outputs = run.outputs;
        RunReader.RunSums memory sums;
        sums.columns = _columnsOf(run);
        sums.wayIn = kind != uint8(ILotBook.BatchKind.TRANSFORM);
        uint256 count = sums.columns.length;
        (sums.taken, sums.firstMeasured, sums.lost) = (new uint256[](count), new uint256[](count), new uint256[](count));
        RunReader.readTakes(run, sums, judgement);
        judgement.used = _copy(sums.taken);
        RunReader.reduce(run.reductions, sums);
        RunReader.readDeclared(run, sums);
        RunReader.readOutputs(outputs, terms.outputs, sums, judgement);
        RunReader.readDraws(run.draws, sums);
        uint256[] memory made = _total(sums);
        _requireKindOfRun(run, kind, outputs, terms);
        if (_judge(sums, terms, made)) judgement.flags |= FLAG_UNALLOCATED;
        judgement.entering = _creditCannotAppear(sums);
        _judgeModels(sums);
        judgement.flags |= _ownFlags(run, kind);
        if (kind == uint8(ILotBook.BatchKind.ORIGIN)) judgement.originSite = run.site;
        judgement.cause = RunCause.root(run, kind, terms.period, sums, judgement.orders, outputs, judgement.totals);
        if (sums.wayIn) judgement.used = made;
    }

    /// @dev What the book put behind the call: the terms, and in the last word how long they are.
    function _terms() private pure returns (Terms memory) {
        uint256 end = msg.data.length - 32;
        uint256 length = uint256(bytes32(msg.data[end:]));
        return abi.decode(msg.data[end - length:end], (Terms));
    }

    function _columnsOf(ILotBook.Run calldata run) private pure returns (uint32[] memory columns) {
        columns = run.columns;
        RunReader.requireCount("columns", columns.length, 1, 32);
        uint256 carbon = 0;
        for (uint256 i = 0; i < columns.length; ++i) {
            uint32 key = columns[i];
            if (i > 0 && key <= columns[i - 1]) revert ILotBook.ColumnsNotAscending(i, key);
            if (key.kind() == Columns.CO2E) ++carbon;
        }
        // A second, empty one would be what the allocation rule is held against.
        if (carbon > 1) revert ILotBook.OneCo2eColumn(carbon);
    }

    function _judge(RunReader.RunSums memory run, Terms memory terms, uint256[] memory made)
        private
        pure
        returns (bool unallocated)
    {
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            _judgeShape(run, o);
        }
        uint32[] memory columns = run.columns;
        for (uint256 i = 0; i < columns.length; ++i) {
            uint8 kind = columns[i].kind();
            if (run.firstMeasured[i] != 0) _requireFirstMeasured(run, i);
            if (run.lost[i] != 0 && kind != Columns.METAL && kind != Columns.UNIT) revert NoLossOf(columns[i]);
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
    function _requireKindOfRun(
        ILotBook.Run calldata run,
        uint8 kind,
        ILotBook.Output[] memory outputs,
        Terms memory terms
    ) private pure {
        bool external_ = kind == uint8(ILotBook.BatchKind.EXTERNAL);
        if (external_ != (run.source != 0)) revert ILotBook.SourceMissing(run.source);
        if (run.recycled && !external_) revert ILotBook.NotInThisRun("recycled");
        if (kind != uint8(ILotBook.BatchKind.ORIGIN) && run.covers.length != 0) {
            revert ILotBook.NotInThisRun("covers");
        }
        if (kind == uint8(ILotBook.BatchKind.TRANSFORM)) return;
        if (run.takes.length + run.sources.length != 0) revert ILotBook.NotInThisRun("takes");
        if (run.firstMeasured.length != 0) revert ILotBook.NotInThisRun("firstMeasured");
        if (run.reductions.length + run.draws.length != 0) revert ILotBook.NotInThisRun("credit");
        if (run.losses.length != 0) revert ILotBook.NotInThisRun("losses");
        _requireNoOtherClass(outputs, external_ ? (run.recycled ? Columns.RECYCLED : Columns.EXTERNAL) : 0);
        if (kind == uint8(ILotBook.BatchKind.ORIGIN)) return;
        RunReader.requireCount("outputs", outputs.length, 1, 1);
        _requireWithoutHistory(outputs[0], terms.outputs[0].co2eDefaultPerMillion);
        if (external_) _requireClass(outputs[0], run.recycled ? Columns.RECYCLED : Columns.EXTERNAL);
    }

    /// @dev Only what is declared to come from outside has an origin class when it comes in: else primary metal would be
    /// sold as recycled at its very source.
    function _requireNoOtherClass(ILotBook.Output[] memory outputs, uint16 allowed) private pure {
        for (uint256 o = 0; o < outputs.length; ++o) {
            uint32[] memory columns = outputs[o].columns;
            for (uint256 i = 0; i < columns.length; ++i) {
                uint32 key = columns[i];
                if (key.kind() == Columns.CLASS && key.qualifier() != allowed && outputs[o].sums[i] > 0) {
                    revert ClassAtWayIn(key, outputs[o].sums[i]);
                }
            }
        }
    }

    function _requireWithoutHistory(ILotBook.Output memory output, uint256 perMillion) private pure {
        if (output.model != uint8(ILotBook.Model.CONTROLLED_BLENDING)) {
            revert ILotBook.UnknownValue("model", output.model);
        }
        uint256 co2e = 0;
        for (uint256 i = 0; i < output.columns.length; ++i) {
            if (output.columns[i].kind() == Columns.CREDIT) revert ILotBook.CoverMissing(output.columns[i]);
            if (output.columns[i].kind() == Columns.CO2E) co2e = output.sums[i];
        }
        uint256 counted = output.sums[Columns.find(output.columns, output.referenceColumn)];
        uint256 least = Math.ceilDiv(perMillion * counted, Columns.PPM);
        if (co2e < least) revert ILotBook.BelowDefault(output.productClass, co2e, least);
    }

    /// @dev Where metal comes from outside, its class says so of all of it, for ever.
    function _requireClass(ILotBook.Output memory output, uint16 class) private pure {
        for (uint256 i = 0; i < output.columns.length; ++i) {
            uint32 key = output.columns[i];
            if (key.kind() != Columns.METAL || output.sums[i] == 0) continue;
            uint32 wanted = uint32(Columns.CLASS) << 28 | uint32(class) << 12 | key.substance();
            uint256 place = Columns.find(output.columns, wanted);
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
        (uint32[] memory columns, uint256[] memory sums) = (run.columns, output.sums);
        if (sums[output.referenceAt] == 0) revert ZeroReference(o);
        for (uint256 i = 0; i < columns.length; ++i) {
            if (sums[i] == 0) continue;
            uint8 kind = columns[i].kind();
            if (kind == Columns.UNIT && i != output.referenceAt) revert UnitsAreReference(o);
            if (kind == Columns.CLASS) {
                uint256 metal = sums[_position(run, columns[i].metalOf())];
                if (sums[i] > metal) revert ClassAboveMetal(o, columns[i], sums[i], metal);
            }
        }
    }

    // ---------------------------------------------------------------- carbon between outputs

    /// @dev Between product classes a process divides its burden by a rule that its assurer confirmed beforehand: ppm of
    /// all outputs' CO2e. One class needs none; several without one are marked, not refused.
    function _judgeAllocation(RunReader.RunSums memory run, Terms memory terms)
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

    function _bounds(Terms memory terms, uint32 class, uint256 all)
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
        if (run.outputs.length == 1) return; // it is all of its class
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
                    Proportion.requireUniform(o, output.sums[i], all, output.sums[r], reference_);
                } else if (kind == Columns.METAL) {
                    uint256 all = _classSum(run, output.productClass, i);
                    Proportion.requireSameMetal(
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
    function _creditCannotAppear(RunReader.RunSums memory run) private pure returns (uint256[] memory entering) {
        uint32[] memory columns = run.columns;
        entering = new uint256[](columns.length);
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            RunReader.OutputSums memory output = run.outputs[o];
            for (uint256 i = 0; i < columns.length; ++i) {
                uint32 key = columns[i];
                if (key.kind() == Columns.METAL) Proportion.requireWithinMetal(o, columns, output.sums, i);
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
                if (!output.residue) entering[i] += cap - output.sums[i];
            }
        }
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
            Proportion.requirePure(o, model, run.columns, run.outputs[o].sums);
        }
    }

    /// @dev All blended batches of a product class have one proportion, or "contains P %" would mean nothing.
    function _requireBlended(RunReader.RunSums memory run, uint256 o) private pure {
        if (run.outputs.length == 1) return; // the proportion is its own
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
            (uint256 least, uint256 most) = Proportion.bounds(all, output.sums[output.referenceAt], whole);
            if (output.sums[i] < least || output.sums[i] > most) {
                revert ModelCondition(o, output.model, run.columns[i], output.sums[i], most);
            }
        }
    }

    // ---------------------------------------------------------------- a lot

    /// @inheritdoc ILotLaws
    function judgeLot(LotSums calldata lot) external pure {
        LotShare.judge(lot);
    }

    // ---------------------------------------------------------------- arithmetic

    function _share(uint256 taken, uint256 metal, uint256 metalTaken, bool up) private pure returns (uint256) {
        if (metalTaken == 0) return 0;
        return up ? Math.ceilDiv(taken * metal, metalTaken) : (taken * metal) / metalTaken;
    }

    function _total(RunReader.RunSums memory run) private pure returns (uint256[] memory made) {
        if (run.outputs.length == 1) return run.outputs[0].sums;
        made = new uint256[](run.columns.length);
        for (uint256 o = 0; o < run.outputs.length; ++o) {
            uint256[] memory sums = run.outputs[o].sums;
            for (uint256 i = 0; i < made.length; ++i) {
                made[i] += sums[i];
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

    function _position(RunReader.RunSums memory run, uint32 key) private pure returns (uint256) {
        return RunReader.seek(run.columns, 0, key);
    }

    function _copy(uint256[] memory values) private pure returns (uint256[] memory copy) {
        copy = new uint256[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            copy[i] = values[i];
        }
    }
}
