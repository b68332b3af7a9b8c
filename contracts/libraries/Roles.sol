// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStatementLog} from "../interfaces/IStatementLog.sol";

/// @title What a member is, and what follows from it
library Roles {
    uint32 internal constant MINER = 1 << 0;
    uint32 internal constant SMELTER = 1 << 1;
    uint32 internal constant REFINER = 1 << 2;
    uint32 internal constant FABRICATOR = 1 << 3;
    uint32 internal constant MANUFACTURER = 1 << 4;
    uint32 internal constant TRADER = 1 << 5;
    uint32 internal constant CARRIER = 1 << 6;
    uint32 internal constant LABORATORY = 1 << 7;
    uint32 internal constant CERTIFICATION_BODY = 1 << 8;
    uint32 internal constant FOOTPRINT_VERIFIER = 1 << 9;
    uint32 internal constant ACCREDITATION_BODY = 1 << 10;
    uint32 internal constant SCHEME_OWNER = 1 << 11;
    uint32 internal constant COMMUNITY = 1 << 12;
    uint32 internal constant AUTHORITY = 1 << 13;
    uint32 internal constant ALL = (1 << 14) - 1;

    /// @dev Who makes things.
    uint32 internal constant PRODUCERS = MINER | SMELTER | REFINER | FABRICATOR | MANUFACTURER;
    /// @dev Who tests and judges what others make.
    uint32 internal constant ASSESSORS = LABORATORY | CERTIFICATION_BODY | FOOTPRINT_VERIFIER | ACCREDITATION_BODY
        | SCHEME_OWNER | AUTHORITY;
    /// @dev Who may be accredited to judge sites.
    uint32 internal constant ASSURERS = CERTIFICATION_BODY | FOOTPRINT_VERIFIER | LABORATORY;
    /// @dev Who keeps a register that others rely on.
    uint32 internal constant REGISTRARS = ACCREDITATION_BODY | SCHEME_OWNER | AUTHORITY;
    /// @dev Who may void what somebody else stated, and uphold a dispute.
    uint32 internal constant BODIES = CERTIFICATION_BODY | ACCREDITATION_BODY | AUTHORITY;

    /// @dev Who may anchor a batch of kind k: 32 bits from bit 32 k. Whoever trades or carries goods makes no passport;
    /// whoever judges makes no goods.
    uint256 private constant BY_KIND = uint256(PRODUCERS) << (32 * uint256(IStatementLog.BatchKind.PASSPORT))
        | uint256(PRODUCERS | TRADER | CARRIER | LABORATORY) << (32 * uint256(IStatementLog.BatchKind.FACILITY))
        | uint256(ASSESSORS) << (32 * uint256(IStatementLog.BatchKind.CERTIFICATE))
        | uint256(PRODUCERS | TRADER | CARRIER | LABORATORY) << (32 * uint256(IStatementLog.BatchKind.EVENT))
        | uint256(REGISTRARS) << (32 * uint256(IStatementLog.BatchKind.IDENTITY))
        | uint256(ALL) << (32 * uint256(IStatementLog.BatchKind.OTHER));

    function forKind(IStatementLog.BatchKind kind) internal pure returns (uint32) {
        return uint32(BY_KIND >> (32 * uint256(kind)));
    }
}
