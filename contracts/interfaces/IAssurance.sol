// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IConsortium} from "./IConsortium.sol";
import {IRegistry} from "./IRegistry.sol";
import {IVetaContract} from "./IVetaContract.sol";

/// @title Who may assure what, and which site is assured
/// @notice scheme owner -> accreditation body -> certification body -> site. The scheme owner (or a vote) recognises an
/// accreditation body; that body accredits a certification body for a scheme, a highest level and substances; the
/// certification body records certificates of sites. Accreditations and certificates are *records* under one sequence of
/// ids: dated, scoped, suspendable. A record without parent is an accreditation of a member, one with a parent a
/// certificate of a site under that accreditation.
///
/// A record stands on its own once it is made: that its issuer leaves, or that the accreditation or recognition behind it
/// ends, bars new records and does not touch it. Who may suspend, withdraw and void it, issuer or not, is
/// `RecordSource`; what must fall with its issuer is ended one by one, by the accreditor, the scheme owner or a vote.
/// Times are Unix seconds, windows [from, to).
interface IAssurance is IVetaContract {
    // ---------------------------------------------------------------- values

    /// @notice In which standing somebody acts on a record.
    enum RecordSource {
        ISSUER, // the member that made the record
        ACCREDITOR, // of a certificate: the issuer of its accreditation
        SCHEME_OWNER,
        VOTE // the consortium
    }

    /// @notice What an entry of a record's status list says.
    enum RecordAction {
        NONE,
        SUSPEND, // from now on
        LIFT, // the suspension from the same source, from now on
        WITHDRAW, // for good, from now on
        VOID // for good, for cause, from a time that may lie in the past
    }

    /// @notice A scheme; never altered. One storage slot.
    struct Scheme {
        uint32 owner; // member
        uint8 levels; // they are 1 to this, ascending
        uint8 creditLifeMonths; // what the scheme says; informative
        uint8 massBalanceMonths; // what the scheme says; informative
    }

    /// @notice A scheme and the least of its levels that counts.
    struct Requirement {
        uint16 scheme;
        uint8 level;
    }

    /// @notice An entry of a recognition list: from `recorded` on, until the next entry, the body is recognised in
    /// [from, until) and at no other time. One storage slot.
    struct RecognitionEntry {
        uint32 byMember; // 0 = by vote
        uint64 from;
        uint64 until; // 2^64-1 = open
        uint64 recorded;
    }

    /// @notice An accreditation or a certificate now. Three storage slots; the first, in this order, is what `requireCover`
    /// reads.
    struct Record {
        uint32 subject; // certificate: site; accreditation: member
        uint16 scheme;
        uint8 level; // certificate: reached; accreditation: the highest it may give
        uint32 issuer; // member
        uint32 parent; // certificate: its accreditation; accreditation: 0
        uint64 from;
        uint64 until; // brought forward by WITHDRAW, VOID and hand-over
        uint8 flags; // bits 0 to 3 suspended now by that source; 4 ever suspended; 5 withdrawn or void; 6 every substance; 7 handed over
        uint256 substances; // 16 bits each, ascending from the lowest; 0 = every substance
        bytes32 leaf; // statement leaf of the document
    }

    /// @notice An entry of a record's status list. One storage slot.
    struct RecordEntry {
        RecordAction action;
        RecordSource source;
        uint32 byMember; // 0 = by vote
        uint64 effective;
        uint64 recorded;
    }

    /// @notice A new accreditation. The scheme's, not the document's, is the last word on what its levels are.
    struct AccreditationGrant {
        uint32 body; // certification body
        uint16 scheme;
        uint8 level; // highest that the body may give
        uint64 from; // of the document; recorded from now at the earliest
        uint64 until; // of the document
        uint16[] substances; // ascending, at most 16; none = every substance
        bytes32 leaf;
    }

    /// @notice A new certificate.
    struct CertificateGrant {
        uint32 site;
        uint32 accreditation; // says the scheme
        uint8 level;
        uint64 from; // of the document; recorded from now and from the accreditation's start at the earliest
        uint64 until; // of the document; recorded until the accreditation's end at the latest
        uint16[] substances; // ascending, at most 16; none = every substance
        bytes32 leaf;
    }

    /// @notice Bounds of one product class's CO2e in all outputs' CO2e.
    struct Share {
        uint32 productClass;
        uint32 minimumPpm;
        uint32 maximumPpm;
    }

    /// @notice A confirmed allocation rule, in force in [from, until).
    struct AllocationRule {
        uint32 site;
        uint64 from;
        uint64 until;
        Share[] shares; // ascending by class, at most 16
    }

    /// @notice What became of an allocation rule. One storage slot.
    struct RuleState {
        uint32 site;
        uint64 from;
        uint64 until;
        uint32 operator; // member that registered it; 0 = there is no such rule
        uint32 assurer; // member that confirmed it; 0 = nobody yet
        uint8 shares;
    }

    // ---------------------------------------------------------------- events

    /// @notice The contract was opened for the members of this consortium and the sites of this registry.
    event Opened(address indexed consortium, address indexed registry);
    /// @notice A scheme was registered.
    event SchemeRegistered(
        uint16 indexed scheme,
        uint32 indexed owner,
        uint8 levels,
        uint8 creditLifeMonths,
        uint8 massBalanceMonths,
        string name
    );
    /// @notice A programme was registered.
    event ProgrammeRegistered(uint16 indexed programme, Requirement[] requirements);
    /// @notice Credit of programme `from` may be turned into credit of programme `to`.
    event ReductionRegistered(uint16 indexed from, uint16 indexed to);
    /// @notice An entry was appended to the recognitions of (scheme, accreditation body).
    event RecognitionSet(
        uint16 indexed scheme,
        uint32 indexed body,
        uint32 index,
        uint32 byMember,
        uint64 from,
        uint64 until,
        uint64 recorded
    );
    /// @notice A member was accredited (`parent` = 0, `subject` is a member) or a site certified (`parent` = its
    /// accreditation, `subject` is a site).
    event RecordMade(
        uint32 indexed record,
        uint32 indexed subject,
        uint32 indexed issuer,
        uint32 parent,
        uint16 scheme,
        uint8 level,
        uint64 from,
        uint64 until,
        uint256 substances,
        bytes32 leaf
    );
    /// @notice An entry was appended to a record's status list. `grounds` = digest of what says why.
    event RecordStatusChanged(
        uint32 indexed record,
        uint32 index,
        RecordAction action,
        RecordSource source,
        uint32 byMember,
        uint64 effective,
        uint64 recorded,
        bytes32 grounds
    );
    /// @notice An operator proposed an allocation rule for its site.
    event RuleRegistered(
        uint32 indexed rule, uint32 indexed site, uint32 indexed operator, uint64 from, uint64 until, Share[] shares
    );
    /// @notice The site's assurer confirmed the rule: it is in force from `from` on.
    event RuleConfirmed(uint32 indexed rule, uint32 indexed assurer, uint64 from);
    /// @notice The rule ended, or was given up before it was confirmed; `byMember` 0: the successor ended it.
    event RuleEnded(uint32 indexed rule, uint32 byMember, uint64 until);
    /// @notice The successor took the record over at `until`.
    event RecordHandedOver(uint32 indexed record, uint64 until);

    // ---------------------------------------------------------------- errors

    /// @notice There is no consortium with a voter at the address.
    error NotAConsortium(address location);
    /// @notice There is no registry of this consortium at the address.
    error NotARegistry(address location);
    /// @notice The account is no active OPERATE account of an admitted member.
    error NotOperator(address account);
    /// @notice None of the member's roles may do this.
    error RoleMissing(uint32 member, uint32 roles, uint32 required);
    /// @notice Ids start at 1 and end at `maximum`.
    error IdOutOfBounds(uint256 id, uint256 maximum);
    /// @notice The id is taken already.
    error AlreadyRegistered(uint256 id);
    /// @notice A text is empty or too long.
    error TextLength(uint256 length, uint256 maximum);
    /// @notice Fewer or more entries than allowed.
    error CountOutOfBounds(uint256 count, uint256 minimum, uint256 maximum);
    /// @notice The list is not strictly ascending at `value`.
    error NotAscending(uint256 value);
    /// @notice There is no such scheme.
    error UnknownScheme(uint16 scheme);
    /// @notice The scheme's levels are 1 to `levels`.
    error UnknownLevel(uint16 scheme, uint8 level, uint8 levels);
    /// @notice There is no such programme.
    error UnknownProgramme(uint16 programme);
    /// @notice Another programme has the same requirements.
    error ProgrammeExists(uint16 programme);
    /// @notice Programme `from` does not have everything that programme `to` requires, or is the same.
    error NotAReduction(uint16 from, uint16 to);
    /// @notice There is no such site, or the registry's successor has it.
    error UnknownSite(uint32 site);
    /// @notice There is no such substance.
    error UnknownSubstance(uint16 substance);
    /// @notice There is no such product class.
    error UnknownProductClass(uint32 productClass);
    /// @notice There is no such record.
    error UnknownRecord(uint64 record);
    /// @notice The record is no site certificate.
    error NotACertificate(uint64 record);
    /// @notice The member does not own the scheme.
    error NotSchemeOwner(uint16 scheme, uint32 member);
    /// @notice Who assures is neither the assured, nor under one control with it.
    error NotIndependent(uint32 member, uint32 other);
    /// @notice The site has no operator, so independence of one cannot be told.
    error NoOperator(uint32 site);
    /// @notice The scheme does not recognise the accreditation body now.
    error NotRecognised(uint16 scheme, uint32 body);
    /// @notice The accreditation is not this member's.
    error NotAccredited(uint32 member, uint32 accreditation);
    /// @notice The accreditation has not started, or is over.
    error AccreditationLapsed(uint32 accreditation, uint64 from, uint64 until, uint64 now_);
    /// @notice The accreditation is suspended now.
    error AccreditationSuspended(uint32 accreditation);
    /// @notice The accreditation does not reach this level.
    error LevelAboveAccreditation(uint32 accreditation, uint8 level, uint8 maximum);
    /// @notice The accreditation does not cover the substance; 0 = it does not cover every substance.
    error OutOfScope(uint32 accreditation, uint16 substance);
    /// @notice The window ends before it starts, or before now.
    error WindowEmpty(uint64 from, uint64 until);
    /// @notice The leaf is zero.
    error ZeroLeaf();
    /// @notice One record was made of the issuer's document before.
    error AlreadyRecorded(uint32 issuer, bytes32 leaf, uint32 record);
    /// @notice Too many certificates that are not over.
    error TooMany(uint256 count, uint256 maximum);
    /// @notice The member has no say over this record.
    error NotConcerned(uint32 member, uint32 record);
    /// @notice The source suspended the record before.
    error AlreadySuspended(uint32 record, RecordSource source);
    /// @notice The source has not suspended the record.
    error NotSuspended(uint32 record, RecordSource source);
    /// @notice The record was over at that time.
    error RecordEnded(uint32 record, uint64 until);
    /// @notice Nothing is effective in the future.
    error InTheFuture(uint64 effective, uint64 now_);
    /// @notice The list is full: what is suspended now stays so.
    error ListFull(uint32 record, uint256 count);
    /// @notice The programme takes as many certificates as it has requirements.
    error CertificateCount(uint256 given, uint256 required);
    /// @notice The certificate is another site's.
    error OtherSite(uint64 certificate, uint32 site, uint32 required);
    /// @notice The certificate is of another scheme.
    error OtherScheme(uint64 certificate, uint16 scheme, uint16 required);
    /// @notice The certificate's level is too low.
    error LevelTooLow(uint64 certificate, uint8 level, uint8 required);
    /// @notice The certificate does not cover the substance.
    error SubstanceNotCovered(uint64 certificate, uint16 substance);
    /// @notice The certificate was recorded for [from, until), which does not contain what is asked.
    error OutsideWindow(uint64 certificate, uint64 from, uint64 until, uint64 askedFrom, uint64 askedUntil);
    /// @notice The certificate was withdrawn or void from `since` on.
    error CertificateWithdrawn(uint64 certificate, uint64 since);
    /// @notice The certificate was suspended in the time asked, from `since` on.
    error CertificateSuspended(uint64 certificate, uint64 since);
    /// @notice The member does not operate the site now.
    error NotOperating(uint32 site, uint32 member);
    /// @notice The member issued no certificate of the site that is active now.
    error NotAssuring(uint32 site, uint32 member);
    /// @notice Bounds are 0 <= minimum <= maximum <= 1,000,000 ppm.
    error ShareBounds(uint32 productClass, uint32 minimumPpm, uint32 maximumPpm);
    /// @notice The minima are above one, or the maxima below: no run could keep the rule.
    error SharesCannotClose(uint256 minimaPpm, uint256 maximaPpm);
    /// @notice There is no such rule.
    error UnknownRule(uint32 rule);
    /// @notice The rule was not confirmed.
    error RuleNotConfirmed(uint32 rule);
    /// @notice The rule was confirmed before.
    error AlreadyConfirmed(uint32 rule, uint32 assurer);
    /// @notice The rule is over.
    error RuleOver(uint32 rule, uint64 until);
    /// @notice The digest is not the rule's.
    error NotWhatWasRegistered(uint32 rule, bytes32 expected, bytes32 given);
    /// @notice The successor has the record.
    error HandedOver(uint32 record);

    // ---------------------------------------------------------------- reading: what other contracts ask

    /// @notice Whether there is such a programme.
    function programmeKnown(uint16 programme) external view returns (bool);

    /// @notice Whether credit of programme `from` may be turned into credit of programme `to`.
    function reducible(uint16 from, uint16 to) external view returns (bool);

    /// @notice Refuse unless the site was assured under the programme for the substance during all of [from, until): for
    /// each requirement of the programme, in its order, the certificate named is the site's, of that scheme, of that
    /// level at least, covers the substance and the window, and was not suspended, withdrawn or void in it.
    function requireCover(
        uint32 site,
        uint16 programme,
        uint16 substance,
        uint64 from,
        uint64 until,
        uint64[] calldata certificates
    ) external view;

    /// @notice Whether the site's assurance under the programme is suspended: of one of its schemes a certificate in its
    /// window is suspended now, or one was withdrawn or void, and none stands in for it that runs unsuspended, has the
    /// level required and covers the same substances or all. What merely ran out suspends nothing.
    function suspended(uint32 site, uint16 programme) external view returns (bool);

    /// @notice A confirmed rule; refuses one that is unknown or not confirmed. The caller compares its window.
    function allocationRule(uint32 rule) external view returns (AllocationRule memory);

    /// @notice Whether the member issued a certificate of the site that is active now.
    function assures(uint32 member, uint32 site) external view returns (bool);

    // ---------------------------------------------------------------- reading: the rest

    /// @notice The consortium whose members these are.
    function consortium() external view returns (IConsortium);

    /// @notice The registry whose sites these are.
    function registry() external view returns (IRegistry);

    /// @notice A scheme; all zero if unknown.
    function scheme(uint16 id) external view returns (Scheme memory);

    /// @notice What a programme requires, by scheme; empty if unknown.
    function programme(uint16 id) external view returns (Requirement[] memory);

    /// @notice Whether the scheme recognises the accreditation body now.
    function recognised(uint16 scheme_, uint32 body) external view returns (bool);

    /// @notice Length of the recognition list of (scheme, body).
    function recognitionCount(uint16 scheme_, uint32 body) external view returns (uint256);

    /// @notice Entries [first, first + count) of the recognition list of (scheme, body), cut at its end.
    function recognitions(uint16 scheme_, uint32 body, uint256 first, uint256 count)
        external
        view
        returns (RecognitionEntry[] memory);

    /// @notice Number of records so far; they are 1 to this.
    function recordCount() external view returns (uint32);

    /// @notice A record; all zero if unknown.
    function record(uint32 id) external view returns (Record memory);

    /// @notice The record made of an issuer's document, 0 if none.
    function recordOf(uint32 issuer, bytes32 leaf) external view returns (uint32);

    /// @notice Certificates of (site, scheme) that were not over when the last one was recorded, and those withdrawn or void
    /// that none recorded since stands in for: at most seven.
    function certificatesOf(uint32 site, uint16 scheme_) external view returns (uint32[] memory);

    /// @notice Length of a record's status list.
    function statusCount(uint32 record_) external view returns (uint256);

    /// @notice Entries [first, first + count) of a record's status list, cut at its end.
    function status(uint32 record_, uint256 first, uint256 count) external view returns (RecordEntry[] memory);

    /// @notice Number of allocation rules so far; they are 1 to this.
    function ruleCount() external view returns (uint32);

    /// @notice What became of a rule; all zero if unknown.
    function ruleState(uint32 rule) external view returns (RuleState memory);

    // ---------------------------------------------------------------- votes: the consortium alone

    /// @notice Register a scheme of a member with the role SCHEME_OWNER, under an id that is free.
    function registerScheme(uint16 id, Scheme calldata content, string calldata name) external;

    /// @notice Register a programme of one to four schemes, ascending, under an id that is free.
    function registerProgramme(uint16 id, Requirement[] calldata requirements) external;

    /// @notice Let credit of programme `from` be turned into credit of programme `to`, which requires nothing that `from`
    /// does not.
    function registerReduction(uint16 from, uint16 to) external;

    // ---------------------------------------------------------------- the chain of assurance

    /// @notice Recognise an accreditation body for a scheme in [from, until), or change when. A `from` before the block's
    /// time counts as now; `until` 2^64-1 = open, 0 = end at once. Sender: the scheme's owner, or the consortium.
    function recognise(uint16 scheme_, uint32 body, uint64 from, uint64 until) external;

    /// @notice Accredit a certification body, footprint verifier or laboratory. Sender: an accreditation body that the scheme
    /// recognises.
    function accredit(AccreditationGrant calldata grant) external returns (uint32 record_);

    /// @notice Certify a site: at most three at a time by one member for one scheme. Sender: an assurer, under an
    /// accreditation of its own.
    function certify(CertificateGrant calldata grant) external returns (uint32 record_);

    /// @notice Suspend a record from now on. Sender: whoever has a standing in `RecordSource`.
    function suspend(uint32 record_, bytes32 grounds) external;

    /// @notice Lift the sender's own suspension from now on.
    function lift(uint32 record_, bytes32 grounds) external;

    /// @notice Withdraw a record for good, from now on.
    function withdraw(uint32 record_, bytes32 grounds) external;

    /// @notice Declare a record void for cause from `effective` (0 = now) on, a time not after now, also before it was
    /// recorded.
    function voidRecord(uint32 record_, uint64 effective, bytes32 grounds) external;

    // ---------------------------------------------------------------- allocation rules

    /// @notice Propose an allocation rule for a site. Sender: one of its operators.
    function registerRule(uint32 site, uint64 from, uint64 until, Share[] calldata shares)
        external
        returns (uint32 rule);

    /// @notice Confirm a rule; it is in force from now at the earliest. `digest` = keccak256(abi.encode(site, from, until,
    /// shares)) as registered. Sender: a member that assures the site, independent of all its operators.
    function confirmRule(uint32 rule, bytes32 digest) external;

    /// @notice End a rule now. Sender: an operator of the site, a member that assures it, or the successor.
    function endRule(uint32 rule) external;

    // ---------------------------------------------------------------- exit

    /// @notice Hand a record over to the successor, which alone may call this: it ends here now.
    function handOver(uint32 record_) external;
}
