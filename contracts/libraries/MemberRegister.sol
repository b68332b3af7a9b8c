// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IConsortium} from "../interfaces/IConsortium.sol";
import {Roles} from "./Roles.sol";
import {VetaContract} from "./VetaContract.sol";

/// @title Members and their keys: the lists, and what a member may do to its own keys
abstract contract MemberRegister is IConsortium, VetaContract {
    using EnumerableSet for EnumerableSet.Bytes32Set;

    uint64 private constant OPEN = type(uint64).max;
    uint256 private constant TEXT_MAXIMUM = 256;
    uint256 private constant KEY_ENTRIES_MAXIMUM = 1024;
    uint256 private constant ACCOUNTS_MAXIMUM = 8;

    uint32 private _memberCount;
    uint32 private _voterCount;
    mapping(bytes32 identifierDigest => uint32 member) private _memberOf;
    mapping(uint32 member => Profile profile) private _profiles;
    mapping(uint32 member => Standing standing) private _standings;
    mapping(uint32 member => MembershipEntry[] entries) private _memberships;
    mapping(uint32 member => KeyEntry[] entries) private _keys;
    mapping(bytes32 keyId => KeyState state) private _keyStates;
    mapping(bytes32 keyId => bytes octets) private _publicKeys;
    /// @dev Account of a bound ES256K key: no other member may bind the same key in its other form.
    mapping(bytes32 keyId => uint32 member) private _reserved;
    mapping(uint32 member => EnumerableSet.Bytes32Set keyIds) private _administrators;
    mapping(uint32 member => EnumerableSet.Bytes32Set keyIds) private _operators;
    /// @dev What follows from key state and standing of an OPERATE account, in one word, zero if unusable for good:
    /// member | roles << 32 | from << 64 | until << 128.
    mapping(bytes32 keyId => uint256 packedOperator) private _operatorWords;

    // ---------------------------------------------------------------- reading

    /// @inheritdoc IConsortium
    function memberCount() public view returns (uint32) {
        return _memberCount;
    }

    /// @inheritdoc IConsortium
    function memberOf(bytes32 identifierDigest) external view returns (uint32) {
        return _memberOf[identifierDigest];
    }

    /// @inheritdoc IConsortium
    function profile(uint32 member) external view returns (Profile memory) {
        return _profiles[member];
    }

    /// @inheritdoc IConsortium
    function standing(uint32 member) public view returns (Standing memory) {
        return _standings[member];
    }

    /// @inheritdoc IConsortium
    function membershipCount(uint32 member) external view returns (uint256) {
        return _memberships[member].length;
    }

    /// @inheritdoc IConsortium
    function membership(uint32 member, uint256 first, uint256 count)
        external
        view
        returns (MembershipEntry[] memory entries)
    {
        MembershipEntry[] storage list = _memberships[member];
        entries = new MembershipEntry[](_available(list.length, first, count));
        for (uint256 i = 0; i < entries.length; ++i) {
            entries[i] = list[first + i];
        }
    }

    /// @inheritdoc IConsortium
    function keyCount(uint32 member) external view returns (uint256) {
        return _keys[member].length;
    }

    /// @inheritdoc IConsortium
    function keys(uint32 member, uint256 first, uint256 count) external view returns (KeyEntry[] memory entries) {
        KeyEntry[] storage list = _keys[member];
        entries = new KeyEntry[](_available(list.length, first, count));
        for (uint256 i = 0; i < entries.length; ++i) {
            entries[i] = list[first + i];
        }
    }

    /// @inheritdoc IConsortium
    function keyState(bytes32 keyId) public view returns (KeyState memory) {
        return _keyStates[keyId];
    }

    /// @inheritdoc IConsortium
    function publicKey(bytes32 keyId) external view returns (bytes memory) {
        return _publicKeys[keyId];
    }

    /// @inheritdoc IConsortium
    function activeAccount(address account) public view returns (uint32 member, KeyPurpose purpose, uint32 roles) {
        KeyState storage key = _keyStates[_accountId(account)];
        Standing storage current = _standings[key.member];
        if (!current.admitted || current.handedOver || !_inWindow(key)) return (0, KeyPurpose.NONE, 0);
        return (key.member, key.purpose, current.roles);
    }

    /// @inheritdoc IConsortium
    function operatorAccount(address account) external view returns (uint32 member, uint32 roles) {
        uint256 packed = _operatorWords[_accountId(account)];
        if (uint64(packed >> 64) <= block.timestamp && block.timestamp < uint64(packed >> 128)) {
            return (uint32(packed), uint32(packed >> 32));
        }
    }

    /// @inheritdoc IConsortium
    function voterCount() public view returns (uint32) {
        return _voterCount;
    }

    /// @inheritdoc IConsortium
    function bootstrap() external view returns (bool) {
        return _voterCount < 4;
    }

    // ---------------------------------------------------------------- a member's own keys

    /// @inheritdoc IConsortium
    function bindKey(KeyGrant calldata grant, uint64 from) external {
        uint32 member = _administeredMember();
        if (!_standings[member].admitted) revert NotAdmitted(member);
        uint256 count = _keys[member].length;
        if (count >= KEY_ENTRIES_MAXIMUM) revert TooMany(count + 1, KEY_ENTRIES_MAXIMUM);
        _bind(member, grant, _fromNow(from));
    }

    /// @inheritdoc IConsortium
    function retireKey(bytes32 keyId, uint64 effective) external {
        uint32 member = _administeredMember();
        KeyState storage key = _liveKey(member, keyId);
        effective = _fromNow(effective);
        if (key.purpose == KeyPurpose.ADMINISTER && !_staysAdministered(member, keyId, effective)) {
            revert LastAdministrator(member, keyId);
        }
        if (effective >= key.until) revert KeyEnded(keyId, key.until);
        key.until = effective;
        _refreshOperator(member, keyId);
        _appendKey(member, keyId, KeyAction.RETIRE, effective, "");
    }

    /// @inheritdoc IConsortium
    function declareCompromised(bytes32 keyId, uint64 since) external {
        uint32 member = _administeredMember();
        uint64 earliest = _now() - uint64(Math.min(_now(), rules().maxCompromiseBackdate));
        if (since < earliest) revert TooFarBack(since, earliest);
        _compromise(member, keyId, since);
    }

    /// @inheritdoc IConsortium
    function pauseKey(bytes32 keyId) external {
        uint32 member = _keyStates[keyId].member;
        if (keyId != _accountId(msg.sender) || !_inWindow(_keyStates[keyId])) {
            member = _administeredMember();
        }
        _requireHere(member);
        _liveKey(member, keyId);
        _pause(member, keyId);
    }

    /// @inheritdoc IConsortium
    function resign() external {
        uint32 member = _administeredMember();
        if (!_standings[member].admitted) revert NotAdmitted(member);
        _setMembership(member, 0, false, false);
    }

    // ---------------------------------------------------------------- for the votes

    /// @inheritdoc IConsortium
    function rules() public view virtual returns (Rules memory);

    function _admit(Admission memory admission) internal {
        _requireAdmissible(admission);
        bytes32 identifierDigest = keccak256(bytes(admission.identifier));
        uint32 member = ++_memberCount;
        _memberOf[identifierDigest] = member;
        _profiles[member] = Profile({
            identifier: admission.identifier,
            name: admission.name,
            country: admission.country,
            controlGroup: admission.controlGroup,
            identityDigest: admission.identityDigest
        });
        _standings[member].controlGroup = admission.controlGroup;
        _logAdmitted(member, identifierDigest, admission);
        for (uint256 i = 0; i < admission.keys.length; ++i) {
            _bind(member, admission.keys[i], _now());
        }
        if (_administrators[member].length() == 0) revert NoAdministrator(member);
        _setMembership(member, admission.roles, admission.votes, true);
    }

    /// @dev What can be said of an admission before it is voted on.
    function _requireAdmissible(Admission memory admission) internal view {
        _requireText(admission.identifier);
        _requireText(admission.name);
        bytes1 first = admission.country[0];
        bytes1 second = admission.country[1];
        if (first < "A" || first > "Z" || second < "A" || second > "Z") revert NotCountryCode(admission.country);
        uint32 known = _memberOf[keccak256(bytes(admission.identifier))];
        if (known != 0) revert AlreadyMember(known);
        if (admission.roles & ~Roles.ALL != 0) revert UnknownRoles(admission.roles);
        if (admission.keys.length > 16) revert TooMany(admission.keys.length, 16);
    }

    function _setMembership(uint32 member, uint32 roles, bool votes, bool admitted) internal {
        Standing storage current = _standings[member];
        if (roles & ~Roles.ALL != 0) revert UnknownRoles(roles);
        if (current.roles == roles && current.votes == votes && current.admitted == admitted) revert NoChange(member);
        if (votes && !_staysAdministered(member, 0, _now())) revert NoAdministrator(member);
        if (votes && !current.votes) ++_voterCount;
        if (current.votes && !votes && --_voterCount == 0) revert LastVoter(member);
        current.roles = roles;
        current.votes = votes;
        current.admitted = admitted;
        _refreshOperators(member);
        uint32 index = uint32(_memberships[member].length);
        _memberships[member].push(MembershipEntry(roles, votes, admitted, _now(), _now()));
        emit MembershipChanged(member, index, roles, votes, admitted, _now(), _now());
        _record(
            keccak256(
                abi.encode(MembershipChanged.selector, member, index, roles, votes, admitted, _now(), _now())
            )
        );
    }

    /// @dev Whoever holds the old administer keys, rightly or not, does not hold the member any longer.
    function _installAdministrators(uint32 member, address[] memory accounts) internal {
        bytes32[] memory old = _administrators[member].values();
        for (uint256 i = 0; i < old.length; ++i) {
            if (_keyStates[old[i]].until > _now()) _pause(member, old[i]);
            _administrators[member].remove(old[i]);
        }
        for (uint256 i = 0; i < accounts.length; ++i) {
            KeyGrant memory grant = KeyGrant(
                KeyPurpose.ADMINISTER, KeyAlgorithm.ACCOUNT, bytes.concat(bytes20(accounts[i]))
            );
            _bind(member, grant, _now());
        }
    }

    function _compromise(uint32 member, bytes32 keyId, uint64 since) internal {
        KeyState storage key = _keyStates[keyId];
        if (key.member != member) revert NotMembersKey(keyId, member);
        if (since > _now()) revert InTheFuture(since, _now());
        if (since >= key.compromisedSince) revert AlreadyCompromised(keyId, key.compromisedSince);
        key.compromisedSince = since;
        if (key.until > _now()) key.until = _now();
        _refreshOperator(member, keyId);
        ++_standings[member].compromises;
        _appendKey(member, keyId, KeyAction.COMPROMISE, since, "");
    }

    function _requireMember(uint32 member) internal view {
        if (member == 0 || member > _memberCount) revert UnknownMember(member);
    }

    function _requireHere(uint32 member) internal view {
        if (_standings[member].handedOver) revert HandedOver(member);
    }

    function _markHandedOver(uint32 member) internal {
        _requireMember(member);
        _requireHere(member);
        _standings[member].handedOver = true;
        _refreshOperators(member);
        emit MemberHandedOver(member);
        _record(keccak256(abi.encode(MemberHandedOver.selector, member)));
    }

    function _requireAdministratorCount(uint256 count) internal pure {
        if (count == 0 || count > ACCOUNTS_MAXIMUM) revert TooMany(count, ACCOUNTS_MAXIMUM);
    }

    // ---------------------------------------------------------------- private

    function _bind(uint32 member, KeyGrant memory grant, uint64 from) private {
        bytes32 keyId = _requireFree(member, grant);
        _keyStates[keyId] = KeyState(member, grant.purpose, grant.algorithm, from, OPEN, OPEN);
        bytes memory octets = grant.octets;
        if (grant.algorithm == KeyAlgorithm.ACCOUNT) {
            octets = "";
        } else {
            _publicKeys[keyId] = octets;
        }
        if (grant.algorithm == KeyAlgorithm.ES256K) _reserved[_accountId(address(uint160(uint256(keyId))))] = member;
        if (grant.purpose == KeyPurpose.ADMINISTER) _addAccount(_administrators[member], keyId);
        if (grant.purpose == KeyPurpose.OPERATE) {
            _addAccount(_operators[member], keyId);
            _refreshOperator(member, keyId);
        }
        _appendKey(member, keyId, KeyAction.BIND, from, octets);
    }

    function _pause(uint32 member, bytes32 keyId) private {
        _keyStates[keyId].until = _now();
        _refreshOperator(member, keyId);
        _appendKey(member, keyId, KeyAction.PAUSE, _now(), "");
    }

    /// @dev Accounts that ended make room.
    function _addAccount(EnumerableSet.Bytes32Set storage set, bytes32 keyId) private {
        bytes32[] memory all = set.values();
        for (uint256 i = 0; i < all.length; ++i) {
            if (_keyStates[all[i]].until <= _now()) set.remove(all[i]);
        }
        set.add(keyId);
        if (set.length() > ACCOUNTS_MAXIMUM) revert TooMany(set.length(), ACCOUNTS_MAXIMUM);
    }

    function _refreshOperator(uint32 member, bytes32 keyId) private {
        KeyState storage key = _keyStates[keyId];
        if (key.purpose != KeyPurpose.OPERATE) return;
        Standing storage current = _standings[member];
        bool usable = current.admitted && !current.handedOver && key.until > _now();
        _operatorWords[keyId] = usable
            ? uint256(member) | uint256(current.roles) << 32 | uint256(key.from) << 64 | uint256(key.until) << 128
            : 0;
    }

    function _refreshOperators(uint32 member) private {
        bytes32[] memory all = _operators[member].values();
        for (uint256 i = 0; i < all.length; ++i) {
            _refreshOperator(member, all[i]);
        }
    }

    function _appendKey(uint32 member, bytes32 keyId, KeyAction action, uint64 effective, bytes memory octets)
        private
    {
        KeyState storage key = _keyStates[keyId];
        uint32 index = uint32(_keys[member].length);
        _keys[member].push(KeyEntry(action, key.purpose, key.algorithm, effective, _now(), keyId));
        emit KeyChanged(member, keyId, index, action, key.purpose, key.algorithm, effective, _now(), octets);
        _record(
            keccak256(
                bytes.concat(
                    abi.encode(KeyChanged.selector, member, keyId),
                    abi.encode(index, action, key.purpose, key.algorithm, effective, _now(), octets)
                )
            )
        );
    }

    function _logAdmitted(uint32 member, bytes32 identifierDigest, Admission memory admission) private {
        emit MemberAdmitted(
            member,
            identifierDigest,
            admission.identifier,
            admission.name,
            admission.country,
            admission.controlGroup,
            admission.identityDigest
        );
        _record(
            keccak256(
                bytes.concat(
                    abi.encode(MemberAdmitted.selector, member, identifierDigest),
                    abi.encode(
                        admission.identifier,
                        admission.name,
                        admission.country,
                        admission.controlGroup,
                        admission.identityDigest
                    )
                )
            )
        );
    }

    /// @dev The sender's member, for an ADMINISTER account in its window; also of a member that left, which must still
    /// be able to stop its keys.
    function _administeredMember() private view returns (uint32 member) {
        KeyState storage key = _keyStates[_accountId(msg.sender)];
        if (key.purpose != KeyPurpose.ADMINISTER || !_inWindow(key)) {
            revert NotAuthorised(msg.sender, KeyPurpose.ADMINISTER);
        }
        member = key.member;
        _requireHere(member);
    }

    function _liveKey(uint32 member, bytes32 keyId) private view returns (KeyState storage key) {
        key = _keyStates[keyId];
        if (member == 0 || key.member != member) revert NotMembersKey(keyId, member);
        if (key.until <= _now()) revert KeyEnded(keyId, key.until);
    }

    /// @dev Whether an administer key other than `without` is in use at `time` and has no end.
    function _staysAdministered(uint32 member, bytes32 without, uint64 time) private view returns (bool) {
        bytes32[] memory all = _administrators[member].values();
        for (uint256 i = 0; i < all.length; ++i) {
            KeyState storage key = _keyStates[all[i]];
            if (all[i] != without && key.from <= time && key.until == OPEN) return true;
        }
        return false;
    }

    function _requireFree(uint32 member, KeyGrant memory grant) private view returns (bytes32 keyId) {
        bool account = grant.algorithm == KeyAlgorithm.ACCOUNT;
        bool sends = grant.purpose == KeyPurpose.OPERATE || grant.purpose == KeyPurpose.ADMINISTER;
        if (grant.purpose == KeyPurpose.NONE || account != sends) revert KeyKind(grant.purpose, grant.algorithm);
        uint256 required = account ? 20 : grant.algorithm == KeyAlgorithm.EDDSA ? 32 : 64;
        bytes memory octets = grant.octets;
        if (octets.length != required) revert KeyOctets(octets.length, required);
        if (account) {
            keyId = _accountId(address(bytes20(octets)));
            if (keyId == 0) revert KeyOctets(0, required);
        } else {
            keyId = keccak256(octets);
        }
        uint32 taken = _keyStates[keyId].member;
        if (taken == 0) taken = _otherForm(keyId, grant.algorithm);
        if (taken != 0 && (taken != member || _keyStates[keyId].member != 0)) revert KeyTaken(keyId, taken);
    }

    /// @dev The member that bound the same secp256k1 key as account or as ES256K key, 0 if none.
    function _otherForm(bytes32 keyId, KeyAlgorithm algorithm) private view returns (uint32) {
        if (algorithm == KeyAlgorithm.ACCOUNT) return _reserved[keyId];
        if (algorithm == KeyAlgorithm.ES256K) return _keyStates[_accountId(address(uint160(uint256(keyId))))].member;
        return 0;
    }

    function _inWindow(KeyState storage key) private view returns (bool) {
        return key.member != 0 && key.from <= _now() && _now() < key.until;
    }

    function _fromNow(uint64 time) private view returns (uint64) {
        if (time == 0) return _now();
        if (time < _now()) revert InThePast(time, _now());
        return time;
    }

    function _accountId(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function _requireText(string memory text) private pure {
        uint256 length = bytes(text).length;
        if (length == 0 || length > TEXT_MAXIMUM) revert TextLength(length, TEXT_MAXIMUM);
    }

    function _available(uint256 length, uint256 first, uint256 count) private pure returns (uint256) {
        return first >= length ? 0 : Math.min(count, length - first);
    }
}
