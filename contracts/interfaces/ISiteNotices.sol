// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IAssurance} from "./IAssurance.sol";
import {IConsortium} from "./IConsortium.sol";
import {IRegistry} from "./IRegistry.sol";
import {IVetaContract} from "./IVetaContract.sol";

/// @title What is said of a site: concerns about it, and dated records of incidents, facilities and agreements
/// @notice A concern is a concern and no verdict: it blocks nothing, and stays open until both sides have closed it. A
/// record is never altered; one that takes its place names it, and both stay in the log. Numbers are a site's own, from 1.
/// Nothing here is looped over: what is open, and what stands, are sets that are read in pages.
interface ISiteNotices is IVetaContract {
    // ---------------------------------------------------------------- values

    /// @notice As what a member spoke, at the time. Who operates the site speaks as its operator, whatever else it is.
    enum Source {
        NONE,
        OPERATOR,
        AUTHORITY,
        COMMUNITY,
        ASSURER
    }

    /// @notice Who closed a concern.
    enum Side {
        NONE,
        PARTY,
        SITE
    }

    /// @notice What a record is about.
    enum RecordKind {
        NONE,
        INCIDENT,
        FACILITY,
        AGREEMENT
    }

    /// @notice What happened. A record's `category` is of its kind's enum.
    enum Incident {
        NONE,
        TAILINGS,
        FATALITY,
        SPILL,
        COMMUNITY,
        OTHER
    }

    /// @notice How a tailings or other waste facility was found at its last inspection.
    enum FacilityStatus {
        NONE,
        CONFORMS,
        CONFORMS_IN_PART,
        DOES_NOT_CONFORM,
        CLOSED
    }

    /// @notice What was agreed, with whom the site affects.
    enum Agreement {
        NONE,
        CONSULTATION,
        BENEFIT,
        OTHER
    }

    /// @notice A concern of a party about a site. Three storage slots.
    struct Concern {
        uint32 number;
        uint32 party;
        uint64 raised;
        uint64 respondBy; // the site is late from then on, unless it closed its side
        Source source;
        bytes32 leaf; // of the document that says what is wrong
        uint64 closedByParty; // 0 = not
        uint64 closedBySite; // 0 = not
    }

    /// @notice A record of a site. Three storage slots. An empty window takes back what it replaces.
    struct Record {
        uint32 number;
        uint32 by;
        uint64 recorded;
        uint32 replaces; // 0 = none
        uint32 replacedBy; // 0 = it stands
        RecordKind kind;
        uint8 category;
        Source source;
        uint64 from; // of an incident: production in [from, until) is concerned
        uint64 until; // of a facility or agreement: the next inspection, or what is due, is due then; 2^64-1 = open
        bytes32 leaf; // of the document that says so
    }

    /// @notice A record as it is handed in.
    struct RecordGrant {
        RecordKind kind;
        uint8 category;
        uint64 from;
        uint64 until;
        uint32 replaces;
        bytes32 leaf;
    }

    // ---------------------------------------------------------------- events

    /// @notice The notices were opened beside a registry.
    event SiteNoticesOpened(address indexed consortium, address registry, address assurance);
    /// @notice A party raised a concern about a site.
    event ConcernRaised(
        uint32 indexed site,
        uint32 indexed number,
        uint32 indexed party,
        Source source,
        uint64 raised,
        uint64 respondBy,
        bytes32 leaf
    );
    /// @notice One side closed a concern; `leaf` is of the document that says what was agreed.
    event ConcernClosed(
        uint32 indexed site, uint32 indexed number, uint32 indexed by, Side side, uint64 closed, bytes32 leaf
    );
    /// @notice A record of a site was made.
    event SiteRecorded(
        uint32 indexed site,
        uint32 indexed number,
        uint32 indexed by,
        Source source,
        RecordKind kind,
        uint8 category,
        uint64 recorded,
        uint64 from,
        uint64 until,
        uint32 replaces,
        bytes32 leaf
    );

    // ---------------------------------------------------------------- errors

    /// @notice The registry knows no such site, or its successor has it.
    error UnknownSite(uint32 site);
    /// @notice A concern is raised by a community, an authority or the site's assurer, and not by who operates it; a record
    /// is made by these or its operator, of a facility or an agreement by the operator or an authority.
    error NoStanding(uint32 member, uint32 site);
    /// @notice The leaf is zero.
    error ZeroLeaf();
    /// @notice The party's last concern about the site is open, or bars another one until `until`.
    error ConcernBarred(uint32 party, uint32 site, uint64 until);
    /// @notice There is no such concern.
    error UnknownConcern(uint32 site, uint32 number);
    /// @notice The member is neither the party nor, another member, an operator of the site.
    error NeitherSide(uint32 member, uint32 site, uint32 number);
    /// @notice The member's side closed it before.
    error AlreadyClosed(uint32 site, uint32 number, Side side);
    /// @notice No kind, or a category that the kind does not have.
    error UnknownCategory(RecordKind kind, uint8 category);
    /// @notice A record begins at `latest` at the latest: now.
    error FromInTheFuture(uint64 from, uint64 latest);
    /// @notice A window ends after it begins; empty, it takes back what it replaces.
    error WindowEmpty(uint64 from, uint64 until);
    /// @notice The site has no such record of this kind.
    error UnknownRecord(uint32 site, uint32 number);
    /// @notice Something took its place before.
    error AlreadyReplaced(uint32 site, uint32 number, uint32 replacedBy);
    /// @notice Who made a record replaces it, or an authority; of what the operator said, also who operates now.
    error NotReplaceable(uint32 site, uint32 number, uint32 member);
    /// @notice An authority replaces no record of others at a site that it is under one control with.
    error NotIndependent(uint32 member, uint32 other);
    /// @notice A member has at most this many records standing at a site.
    error TooMany(uint256 count, uint256 maximum);

    // ---------------------------------------------------------------- reading

    /// @notice Whose notices these are, and where sites and assurers are asked for.
    function parts() external view returns (IConsortium, IRegistry, IAssurance);

    /// @notice What a verifier asks, in one call: how many concerns are open at a site and how many records stand, and the
    /// first `most` of each, in no order.
    function notices(uint32 site, uint256 most)
        external
        view
        returns (uint256 open, Concern[] memory concerns, uint256 standing, Record[] memory records);

    /// @notice How many concerns were ever raised about a site, and how many records made of it.
    function counts(uint32 site) external view returns (uint32 concerns, uint32 records);

    /// @notice A concern, all zero if there is none of this number.
    function concern(uint32 site, uint32 number) external view returns (Concern memory);

    /// @notice The number of a party's last concern about a site, 0 = none.
    function lastConcern(uint32 site, uint32 party) external view returns (uint32);

    /// @notice A record, all zero if there is none of this number.
    function siteRecord(uint32 site, uint32 number) external view returns (Record memory);

    // ---------------------------------------------------------------- writing. Sender: an OPERATE account

    /// @notice Raise a concern about a site. Its operator is to answer within the consortium's rules' dispute lapse.
    function raiseConcern(uint32 site, bytes32 leaf) external returns (uint32 number);

    /// @notice Close the sender's side of a concern: its party's, or the site's by one of its operators. It stays open until
    /// both did.
    function closeConcern(uint32 site, uint32 number, bytes32 leaf) external;

    /// @notice Record an incident, a facility's status or an agreement.
    function record(uint32 site, RecordGrant calldata grant) external returns (uint32 number);
}
