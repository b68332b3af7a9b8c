// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IAssurance} from "../interfaces/IAssurance.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Roles} from "./Roles.sol";
import {VetaContract} from "./VetaContract.sol";

/// @title Schemes, programmes, what they may be reduced to, and whom a scheme recognises
abstract contract SchemeRegister is IAssurance, VetaContract {
    uint64 private constant OPEN = type(uint64).max;
    uint256 private constant TEXT_MAXIMUM = 256;
    uint256 internal constant REQUIREMENTS_MAXIMUM = 4;

    IConsortium private immutable _consortium;
    IRegistry private immutable _registry;

    mapping(uint16 scheme => Scheme content) private _schemes;
    /// @dev Requirements in order, 24 bits each from the lowest on: scheme | level << 16.
    mapping(uint16 programme => uint256 requirements) private _programmes;
    mapping(uint256 requirements => uint16 programme) private _programmeOf;
    mapping(uint16 from => mapping(uint16 to => bool listed)) private _reductions;
    mapping(uint16 scheme => mapping(uint32 body => RecognitionEntry[] entries)) private _recognitions;

    constructor(IConsortium consortium_, IRegistry registry_) {
        if (address(consortium_).code.length == 0 || consortium_.voterCount() == 0) {
            revert NotAConsortium(address(consortium_));
        }
        if (address(registry_).code.length == 0 || address(registry_.consortium()) != address(consortium_)) {
            revert NotARegistry(address(registry_));
        }
        _consortium = consortium_;
        _registry = registry_;
        emit Opened(address(consortium_), address(registry_));
        _record(keccak256(abi.encode(Opened.selector, consortium_, registry_)));
    }

    modifier byVote() {
        _onlyConsortium();
        _;
    }

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IAssurance
    function consortium() public view returns (IConsortium) {
        return _consortium;
    }

    /// @inheritdoc IAssurance
    function registry() public view returns (IRegistry) {
        return _registry;
    }

    /// @inheritdoc IAssurance
    function scheme(uint16 id) public view returns (Scheme memory) {
        return _schemes[id];
    }

    /// @inheritdoc IAssurance
    function programmeKnown(uint16 programme_) external view returns (bool) {
        return _programmes[programme_] != 0;
    }

    /// @inheritdoc IAssurance
    function programme(uint16 id) public view returns (Requirement[] memory requirements) {
        uint256 packed = _programmes[id];
        uint256 count = 0;
        while (packed >> (24 * count) != 0) {
            ++count;
        }
        requirements = new Requirement[](count);
        for (uint256 i = 0; i < count; ++i) {
            requirements[i] = Requirement(uint16(packed >> (24 * i)), uint8(packed >> (24 * i + 16)));
        }
    }

    /// @inheritdoc IAssurance
    function reducible(uint16 from, uint16 to) external view returns (bool) {
        return _reductions[from][to];
    }

    /// @inheritdoc IAssurance
    function recognised(uint16 scheme_, uint32 body) public view returns (bool) {
        RecognitionEntry[] storage list = _recognitions[scheme_][body];
        if (list.length == 0) return false;
        RecognitionEntry storage last = list[list.length - 1];
        return last.from <= _now() && _now() < last.until;
    }

    /// @inheritdoc IAssurance
    function recognitionCount(uint16 scheme_, uint32 body) external view returns (uint256) {
        return _recognitions[scheme_][body].length;
    }

    /// @inheritdoc IAssurance
    function recognitions(uint16 scheme_, uint32 body, uint256 first, uint256 count)
        external
        view
        returns (RecognitionEntry[] memory entries)
    {
        RecognitionEntry[] storage list = _recognitions[scheme_][body];
        entries = new RecognitionEntry[](_available(list.length, first, count));
        for (uint256 i = 0; i < entries.length; ++i) {
            entries[i] = list[first + i];
        }
    }

    // ---------------------------------------------------------------- votes

    /// @inheritdoc IAssurance
    function registerScheme(uint16 id, Scheme calldata content, string calldata name) external byVote {
        if (id == 0) revert IdOutOfBounds(id, type(uint16).max);
        if (_schemes[id].levels != 0) revert AlreadyRegistered(id);
        if (content.levels == 0) revert CountOutOfBounds(0, 1, type(uint8).max);
        uint256 length = bytes(name).length;
        if (length == 0 || length > TEXT_MAXIMUM) revert TextLength(length, TEXT_MAXIMUM);
        _requireRole(content.owner, Roles.SCHEME_OWNER);
        _schemes[id] = content;
        emit SchemeRegistered(
            id, content.owner, content.levels, content.creditLifeMonths, content.massBalanceMonths, name
        );
        _record(
            keccak256(
                bytes.concat(
                    abi.encode(SchemeRegistered.selector, id, content.owner),
                    abi.encode(content.levels, content.creditLifeMonths, content.massBalanceMonths, name)
                )
            )
        );
    }

    /// @inheritdoc IAssurance
    function registerProgramme(uint16 id, Requirement[] calldata requirements) external byVote {
        if (id == 0) revert IdOutOfBounds(id, type(uint16).max);
        if (_programmes[id] != 0) revert AlreadyRegistered(id);
        uint256 count = requirements.length;
        if (count == 0 || count > REQUIREMENTS_MAXIMUM) revert CountOutOfBounds(count, 1, REQUIREMENTS_MAXIMUM);
        uint256 packed = 0;
        uint16 last = 0;
        for (uint256 i = 0; i < count; ++i) {
            Requirement calldata requirement = requirements[i];
            if (requirement.scheme <= last) revert NotAscending(requirement.scheme);
            last = requirement.scheme;
            _requireLevel(requirement.scheme, requirement.level);
            packed |= (uint256(requirement.scheme) | uint256(requirement.level) << 16) << (24 * i);
        }
        // Two names for the same would be two accounts that no take can join.
        if (_programmeOf[packed] != 0) revert ProgrammeExists(_programmeOf[packed]);
        _programmes[id] = packed;
        _programmeOf[packed] = id;
        emit ProgrammeRegistered(id, requirements);
        _record(keccak256(bytes.concat(abi.encode(ProgrammeRegistered.selector, id), abi.encode(requirements))));
    }

    /// @inheritdoc IAssurance
    function registerReduction(uint16 from, uint16 to) external byVote {
        if (_programmes[from] == 0) revert UnknownProgramme(from);
        if (_programmes[to] == 0) revert UnknownProgramme(to);
        if (_reductions[from][to]) revert AlreadyRegistered(uint256(from) << 16 | to);
        if (from == to || !_contains(programme(from), programme(to))) revert NotAReduction(from, to);
        _reductions[from][to] = true;
        emit ReductionRegistered(from, to);
        _record(keccak256(abi.encode(ReductionRegistered.selector, from, to)));
    }

    // ---------------------------------------------------------------- recognition

    /// @inheritdoc IAssurance
    function recognise(uint16 scheme_, uint32 body, uint64 from, uint64 until) external {
        uint32 owner = _schemes[scheme_].owner;
        if (owner == 0) revert UnknownScheme(scheme_);
        uint32 byMember = 0;
        if (msg.sender != address(_consortium)) {
            (byMember,) = _operator();
            if (byMember != owner) revert NotSchemeOwner(scheme_, byMember);
        }
        RecognitionEntry[] storage list = _recognitions[scheme_][body];
        if (from < _now() || until == 0) from = _now();
        if (until == 0) {
            if (list.length == 0 || list[list.length - 1].until <= _now()) revert NotRecognised(scheme_, body);
            until = _now();
        } else {
            if (until <= from) revert WindowEmpty(from, until);
            _requireRole(body, Roles.ACCREDITATION_BODY);
            _requireIndependent(body, owner);
        }
        uint32 index = uint32(list.length);
        list.push(RecognitionEntry(byMember, from, until, _now()));
        emit RecognitionSet(scheme_, body, index, byMember, from, until, _now());
        _record(
            keccak256(abi.encode(RecognitionSet.selector, scheme_, body, index, byMember, from, until, _now()))
        );
    }

    // ---------------------------------------------------------------- for the contract

    function _packedProgramme(uint16 id) internal view returns (uint256 packed) {
        packed = _programmes[id];
        if (packed == 0) revert UnknownProgramme(id);
    }

    function _schemeOwner(uint16 scheme_) internal view returns (uint32) {
        return _schemes[scheme_].owner;
    }

    function _operator() internal view returns (uint32 member, uint32 roles) {
        (member, roles) = _consortium.operatorAccount(msg.sender);
        if (member == 0) revert NotOperator(msg.sender);
    }

    function _requireLevel(uint16 scheme_, uint8 level) internal view {
        uint8 levels = _schemes[scheme_].levels;
        if (levels == 0) revert UnknownScheme(scheme_);
        if (level == 0 || level > levels) revert UnknownLevel(scheme_, level, levels);
    }

    /// @dev A member that left has no roles.
    function _requireRole(uint32 member, uint32 required) internal view {
        (uint32 roles,) = _standing(member);
        if (roles & required == 0) revert RoleMissing(member, roles, required);
    }

    /// @dev No account can speak for two members, because a key belongs to one for ever: so members are all there is to
    /// compare.
    function _requireIndependent(uint32 member, uint32 other) internal view {
        (, uint32 group) = _standing(member);
        (, uint32 otherGroup) = _standing(other);
        if (member == other || (group != 0 && group == otherGroup)) revert NotIndependent(member, other);
    }

    function _available(uint256 length, uint256 first, uint256 count) internal pure returns (uint256) {
        return first >= length ? 0 : Math.min(count, length - first);
    }

    // ---------------------------------------------------------------- private

    function _onlyConsortium() private view {
        if (msg.sender != address(_consortium)) revert NotCaller(msg.sender, address(_consortium));
    }

    function _standing(uint32 member) private view returns (uint32 roles, uint32 group) {
        IConsortium.Standing memory standing = _consortium.standing(member);
        return (standing.roles, standing.controlGroup);
    }

    /// @dev Whether whoever meets `all` meets `some`.
    function _contains(Requirement[] memory all, Requirement[] memory some) private pure returns (bool) {
        for (uint256 i = 0; i < some.length; ++i) {
            bool found = false;
            for (uint256 j = 0; j < all.length; ++j) {
                if (all[j].scheme == some[i].scheme && all[j].level >= some[i].level) found = true;
            }
            if (!found) return false;
        }
        return true;
    }
}
