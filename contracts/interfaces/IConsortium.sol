// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IVetaContract} from "./IVetaContract.sol";

/// @title Who is who: members, their keys, their roles, and the votes that change them
/// @notice Members are 32-bit ids from 1; keys rotate, members stay. What time logic reads (membership, keys, rules) is an
/// append-only list with a readable count; nothing is lifted by overwriting. Times are Unix seconds, windows [from, to).
interface IConsortium is IVetaContract {
    // ---------------------------------------------------------------- values

    /// @notice What a key may do.
    enum KeyPurpose {
        NONE,
        OPERATE,
        SIGN,
        WITNESS,
        ADMINISTER
    }

    /// @notice How a key signs. ACCOUNT: an EVM account, 20 octets. ES256K and ES256: X || Y, 64 octets. EDDSA: 32 octets.
    enum KeyAlgorithm {
        ACCOUNT,
        ES256K,
        ES256,
        EDDSA
    }

    /// @notice What an entry of a member's key list records.
    enum KeyAction {
        NONE,
        BIND,
        RETIRE,
        COMPROMISE,
        PAUSE
    }

    /// @notice What a proposal changes; the payload is the ABI encoding of what stands beside it.
    enum ProposalKind {
        NONE,
        ADMIT, // Admission
        EXPEL, // uint32 member
        SET_STANDING, // uint32 member, uint32 roles, bool votes (an expelled member is re-admitted by this)
        SET_RULES, // Rules
        INSTALL_ADMINISTRATORS, // uint32 member, address[] accounts: all older administer keys are paused
        COMPROMISE, // uint32 member, bytes32 keyId, uint64 since: further back than rules allow the member itself
        REGISTER_CONTRACT, // bytes32 name, address location
        SET_SUCCESSOR, // address of the contract (this one included), address successor
        CALL_CONTRACT // bytes32 name of a contract on record, bytes data: the consortium calls it, and fails as it does
    }

    /// @notice A key as it is handed in. Its id is the left-padded address of an ACCOUNT, else keccak256(octets).
    struct KeyGrant {
        KeyPurpose purpose;
        KeyAlgorithm algorithm;
        bytes octets;
    }

    /// @notice A new member as it is proposed, or named at deployment.
    struct Admission {
        string identifier; // DID, 1 to 256 octets
        string name; // 1 to 256 octets
        bytes2 country; // ISO 3166-1 alpha-2
        uint32 controlGroup; // members under one control share it; 0 = none declared
        bytes32 identityDigest; // digest of the identity document the others looked at
        uint32 roles; // bits, see docs/spec/contracts.md
        bool votes;
        KeyGrant[] keys; // at least one ADMINISTER account
    }

    /// @notice A contract of the set that takes this consortium in its constructor, and so is named before it exists.
    struct Reservation {
        bytes32 name; // left-aligned ASCII
        address location;
    }

    /// @notice What never changes about a member.
    struct Profile {
        string identifier;
        string name;
        bytes2 country;
        uint32 controlGroup;
        bytes32 identityDigest;
    }

    /// @notice Roles and votes from `effective` on, until the next entry. One storage slot.
    struct MembershipEntry {
        uint32 roles;
        bool votes;
        bool admitted;
        uint64 effective;
        uint64 recorded;
    }

    /// @notice An entry of a member's key list. Two storage slots.
    struct KeyEntry {
        KeyAction action;
        KeyPurpose purpose;
        KeyAlgorithm algorithm;
        uint64 effective;
        uint64 recorded;
        bytes32 keyId;
    }

    /// @notice A key now: usable in [from, until). One storage slot.
    struct KeyState {
        uint32 member;
        KeyPurpose purpose;
        KeyAlgorithm algorithm;
        uint64 from;
        uint64 until; // 2^64-1 while open
        uint64 compromisedSince; // 2^64-1 if never declared
    }

    /// @notice A member now: the last membership entry and what counters need. One storage slot.
    struct Standing {
        uint32 roles; // none unless admitted
        bool votes;
        bool admitted;
        bool handedOver; // the successor has it
        uint32 controlGroup;
        uint32 compromises; // how often a key was declared compromised
    }

    /// @notice Numbered from 1, dated, changed by vote, never overwritten. One storage slot.
    struct Rules {
        uint16 quorumNumerator; // floor(v * numerator / denominator) + 1 of v voters; at least two thirds, less than all
        uint16 quorumDenominator;
        uint32 timelock; // seconds between quorum and execution
        uint32 proposalLifetime; // seconds from proposing to expiry
        uint32 maxCompromiseBackdate; // seconds a member may look back by itself
        uint32 disputeLapse; // seconds after which a dispute that nobody upheld is over
        uint64 effective; // block time; ignored when handed in
    }

    /// @notice A proposal. `digest` = keccak256(abi.encode(chain id, this contract, proposal, kind, payload)).
    struct Proposal {
        ProposalKind kind;
        bool executed;
        uint32 target; // member that does not vote on itself, 0 if none
        uint32 proposer;
        uint64 expires;
        uint64 ready; // 0 while there is no quorum
        bytes32 digest;
    }

    // ---------------------------------------------------------------- events

    /// @notice A member came to be. `identifierDigest` = keccak256 of the identifier's octets.
    event MemberAdmitted(
        uint32 indexed member,
        bytes32 indexed identifierDigest,
        string identifier,
        string name,
        bytes2 country,
        uint32 controlGroup,
        bytes32 identityDigest
    );
    /// @notice An entry was appended to the member's membership list.
    event MembershipChanged(
        uint32 indexed member, uint32 index, uint32 roles, bool votes, bool admitted, uint64 effective, uint64 recorded
    );
    /// @notice An entry was appended to the member's key list. `publicKey` is empty for an ACCOUNT and unless it was bound.
    event KeyChanged(
        uint32 indexed member,
        bytes32 indexed keyId,
        uint32 index,
        KeyAction action,
        KeyPurpose purpose,
        KeyAlgorithm algorithm,
        uint64 effective,
        uint64 recorded,
        bytes publicKey
    );
    /// @notice Rules were set.
    event RulesSet(
        uint32 indexed number,
        uint16 quorumNumerator,
        uint16 quorumDenominator,
        uint32 timelock,
        uint32 proposalLifetime,
        uint32 maxCompromiseBackdate,
        uint32 disputeLapse,
        uint64 effective
    );
    /// @notice A contract was put on record under a name (left-aligned ASCII) with the keccak256 of its code; zero: named at
    /// deployment, before it existed.
    event ContractRegistered(bytes32 indexed name, address indexed location, bytes32 codeDigest);
    /// @notice A change was proposed.
    event Proposed(
        uint64 indexed proposal,
        uint32 indexed proposer,
        ProposalKind kind,
        uint32 target,
        uint64 expires,
        bytes32 digest,
        bytes payload
    );
    /// @notice A member approved.
    event Approved(uint64 indexed proposal, uint32 indexed member);
    /// @notice A member took its approval back.
    event ApprovalWithdrawn(uint64 indexed proposal, uint32 indexed member);
    /// @notice The quorum was reached: executable from `ready`; or was lost again: `ready` = 0.
    event Scheduled(uint64 indexed proposal, uint64 ready);
    /// @notice The change was made.
    event Executed(uint64 indexed proposal);
    /// @notice The successor took the member over; nothing about it changes here any more.
    event MemberHandedOver(uint32 indexed member);

    // ---------------------------------------------------------------- errors

    /// @notice The account is no active key of an admitted member for this purpose.
    error NotAuthorised(address account, KeyPurpose purpose);
    /// @notice There is no such member.
    error UnknownMember(uint32 member);
    /// @notice The member is not admitted now.
    error NotAdmitted(uint32 member);
    /// @notice The member has no vote, or may not vote on itself.
    error NoVote(uint32 member);
    /// @notice The successor took the member, or the voting, over.
    error HandedOver(uint32 member);
    /// @notice A text is empty or too long.
    error TextLength(uint256 length, uint256 maximum);
    /// @notice The identifier belongs to a member already.
    error AlreadyMember(uint32 member);
    /// @notice Country is not two upper-case letters.
    error NotCountryCode(bytes2 country);
    /// @notice Bits outside the defined roles.
    error UnknownRoles(uint32 roles);
    /// @notice Nothing would change.
    error NoChange(uint32 member);
    /// @notice The vote set would be empty.
    error LastVoter(uint32 member);
    /// @notice A member would be left without an administer key that stays.
    error LastAdministrator(uint32 member, bytes32 keyId);
    /// @notice A voter needs an administer account that stays.
    error NoAdministrator(uint32 member);
    /// @notice The purpose takes another kind of key.
    error KeyKind(KeyPurpose purpose, KeyAlgorithm algorithm);
    /// @notice The key has another length than its algorithm's, or is zero.
    error KeyOctets(uint256 length, uint256 required);
    /// @notice A key is bound once, and belongs to one member for ever.
    error KeyTaken(bytes32 keyId, uint32 member);
    /// @notice The key is not one of the member's.
    error NotMembersKey(bytes32 keyId, uint32 member);
    /// @notice The key ended before.
    error KeyEnded(bytes32 keyId, uint64 until);
    /// @notice The key was declared compromised since an earlier or the same time.
    error AlreadyCompromised(bytes32 keyId, uint64 since);
    /// @notice Too many entries.
    error TooMany(uint256 count, uint256 maximum);
    /// @notice The time lies before the block's.
    error InThePast(uint64 time, uint64 now_);
    /// @notice The time lies after the block's.
    error InTheFuture(uint64 time, uint64 now_);
    /// @notice The time lies further back than rules allow without a vote.
    error TooFarBack(uint64 time, uint64 earliest);
    /// @notice The rules are out of bounds; `field` counts from 0 in the order of `Rules`.
    error RulesOutOfBounds(uint8 field, uint256 value);
    /// @notice There are no rules of this number.
    error UnknownRules(uint32 number);
    /// @notice Kind 0 or beyond the last.
    error UnknownKind(uint8 kind);
    /// @notice There is no such proposal.
    error UnknownProposal(uint64 proposal);
    /// @notice The digest or payload is not what was proposed.
    error NotWhatWasProposed(uint64 proposal, bytes32 expected, bytes32 given);
    /// @notice The proposal was executed before.
    error AlreadyExecuted(uint64 proposal);
    /// @notice The proposal expired.
    error Expired(uint64 proposal, uint64 expires, uint64 now_);
    /// @notice The member approved before.
    error AlreadyApproved(uint64 proposal, uint32 member);
    /// @notice The member has not approved.
    error NotApproved(uint64 proposal, uint32 member);
    /// @notice Too few approvals by members that vote now.
    error NoQuorum(uint64 proposal, uint256 approvals, uint256 required);
    /// @notice The quorum's timelock has not run out; `ready` = 0: it was never started.
    error Timelocked(uint64 proposal, uint64 ready, uint64 now_);
    /// @notice There is no code at the address.
    error NoCode(address location);
    /// @notice There is no contract on record under the name, or it is the consortium itself.
    error NotCallable(bytes32 name, address location);

    // ---------------------------------------------------------------- reading

    /// @notice Number of member ids given so far; ids are 1 to this.
    function memberCount() external view returns (uint32);

    /// @notice The member of an identifier's keccak256, 0 if there never was one.
    function memberOf(bytes32 identifierDigest) external view returns (uint32);

    /// @notice What never changes about a member.
    function profile(uint32 member) external view returns (Profile memory);

    /// @notice A member now; all zero if there never was one.
    function standing(uint32 member) external view returns (Standing memory);

    /// @notice Length of the member's membership list.
    function membershipCount(uint32 member) external view returns (uint256);

    /// @notice Entries [first, first + count) of the member's membership list, cut at its end.
    function membership(uint32 member, uint256 first, uint256 count) external view returns (MembershipEntry[] memory);

    /// @notice Length of the member's key list.
    function keyCount(uint32 member) external view returns (uint256);

    /// @notice Entries [first, first + count) of the member's key list, cut at its end.
    function keys(uint32 member, uint256 first, uint256 count) external view returns (KeyEntry[] memory);

    /// @notice A key now; all zero if it was never bound.
    function keyState(bytes32 keyId) external view returns (KeyState memory);

    /// @notice The octets of a bound key that is not an account; empty otherwise.
    function publicKey(bytes32 keyId) external view returns (bytes memory);

    /// @notice The admitted member whose account this is now, for which purpose, and the member's roles; zeros if none.
    function activeAccount(address account) external view returns (uint32 member, KeyPurpose purpose, uint32 roles);

    /// @notice The same for OPERATE accounts alone, from one storage slot: what other contracts ask on every call.
    function operatorAccount(address account) external view returns (uint32 member, uint32 roles);

    /// @notice The rules in force.
    function rules() external view returns (Rules memory);

    /// @notice Number of rules so far.
    function rulesCount() external view returns (uint32);

    /// @notice Rules by number, from 1.
    function rulesAt(uint32 number) external view returns (Rules memory);

    /// @notice The contract on record under a name, zero if none.
    function contractAt(bytes32 name) external view returns (address);

    /// @notice Members that vote now.
    function voterCount() external view returns (uint32);

    /// @notice Fewer than four voters: few enough to be shown wherever trust in the consortium is.
    function bootstrap() external view returns (bool);

    /// @notice Number of proposals so far; they are 1 to this.
    function proposalCount() external view returns (uint64);

    /// @notice A proposal, its approvals by members that vote now, and how many it takes now.
    function proposal(uint64 proposal_) external view returns (Proposal memory, uint256 approvals, uint256 required);

    /// @notice Whether the member approved and has not taken it back.
    function hasApproved(uint64 proposal_, uint32 member) external view returns (bool);

    // ---------------------------------------------------------------- a member's own keys

    /// @notice Bind a key to the sender's member from `from` (0 = now). Sender: an active ADMINISTER account.
    function bindKey(KeyGrant calldata grant, uint64 from) external;

    /// @notice Stop using a key at `effective` (0 = now); what it did before stays good. Sender: an active ADMINISTER account.
    function retireKey(bytes32 keyId, uint64 effective) external;

    /// @notice Say that somebody else holds a key since `since`. Sender: an active ADMINISTER account of the member.
    function declareCompromised(bytes32 keyId, uint64 since) external;

    /// @notice Stop a key at once. Sender: the account itself, or an active ADMINISTER account of its member.
    function pauseKey(bytes32 keyId) external;

    /// @notice Leave the consortium at once. Sender: an active ADMINISTER account.
    function resign() external;

    // ---------------------------------------------------------------- votes

    /// @notice Propose a change; the proposer has to approve as well. Sender: an active ADMINISTER account of a voter.
    function propose(ProposalKind kind, bytes calldata payload) external returns (uint64 proposal_);

    /// @notice Approve; `digest` names the content, so that no reordering can change what is approved.
    function approve(uint64 proposal_, bytes32 digest) external;

    /// @notice Take an approval back, before execution.
    function withdrawApproval(uint64 proposal_) external;

    /// @notice Start the timelock where the quorum came about by others leaving. Anybody may.
    function schedule(uint64 proposal_) external;

    /// @notice Make the change. Anybody may, once quorum and timelock are there; quorum is counted again.
    function execute(uint64 proposal_, bytes calldata payload) external;

    // ---------------------------------------------------------------- exit

    /// @notice Hand a member over to the successor, which alone may call this: closes the member here in the same
    /// transaction, and the voting for good with the first one.
    function handOver(uint32 member) external;
}
