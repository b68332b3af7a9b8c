// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAssurance} from "./interfaces/IAssurance.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IVetaContract} from "./interfaces/IVetaContract.sol";
import {AllocationRules} from "./libraries/AllocationRules.sol";
import {SchemeRegister} from "./libraries/SchemeRegister.sol";

/// @title Assurance
/// @notice See IAssurance. Schemes, programmes, recognition: SchemeRegister; accreditations and certificates:
/// RecordRegister; allocation rules: AllocationRules; here: what the lot book asks, and the exit.
contract Assurance is AllocationRules {
    constructor(IConsortium consortium_, IRegistry registry_) SchemeRegister(consortium_, registry_) {}

    // ---------------------------------------------------------------- what the lot book asks

    /// @inheritdoc IAssurance
    function requireCover(
        uint32 site,
        uint16 programme_,
        uint16 substance,
        uint64 from,
        uint64 until,
        uint64[] calldata certificates
    ) external view {
        if (until <= from) revert WindowEmpty(from, until);
        uint256 packed = _packedProgramme(programme_);
        uint256 count = certificates.length;
        for (uint256 i = 0; i < count; ++i) {
            if (packed == 0) revert CertificateCount(count, i);
            Record storage content = _known(certificates[i]);
            _requireCertificate(content, certificates[i], site, uint16(packed), uint8(packed >> 16));
            _requireTime(content, certificates[i], substance, from, until);
            packed >>= 24;
        }
        if (packed != 0) revert CertificateCount(count, programme(programme_).length);
    }

    /// @inheritdoc IAssurance
    function suspended(uint32 site, uint16 programme_) external view returns (bool) {
        for (uint256 packed = _packedProgramme(programme_); packed != 0; packed >>= 24) {
            if (_isSuspended(site, uint16(packed), uint8(packed >> 16))) return true;
        }
        return false;
    }

    // ---------------------------------------------------------------- exit

    /// @inheritdoc IVetaContract
    function setSuccessor(address successor_) external byVote {
        _setSuccessor(successor_);
    }

    /// @inheritdoc IAssurance
    function handOver(uint32 record_) external {
        _onlySuccessor();
        Record storage content = _known(record_);
        if (content.flags & HANDED_OVER != 0) revert HandedOver(record_);
        content.flags |= HANDED_OVER;
        if (content.until > _now()) content.until = _now();
        emit RecordHandedOver(record_, content.until);
        _record(keccak256(abi.encode(RecordHandedOver.selector, record_, content.until)));
    }

    // ---------------------------------------------------------------- private

    function _requireCertificate(
        Record storage content,
        uint64 certificate,
        uint32 site,
        uint16 scheme_,
        uint8 level
    ) private view {
        if (content.parent == 0) revert NotACertificate(certificate);
        if (content.subject != site) revert OtherSite(certificate, content.subject, site);
        if (content.scheme != scheme_) revert OtherScheme(certificate, content.scheme, scheme_);
        if (content.level < level) revert LevelTooLow(certificate, content.level, level);
    }

    function _requireTime(
        Record storage content,
        uint64 certificate,
        uint16 substance,
        uint64 from,
        uint64 until
    ) private view {
        if (!_covers(content, substance)) revert SubstanceNotCovered(certificate, substance);
        if (until > content.until && content.flags & ENDED != 0) {
            revert CertificateWithdrawn(certificate, content.until);
        }
        if (from < content.from || until > content.until) {
            revert OutsideWindow(certificate, content.from, content.until, from, until);
        }
        if (content.flags & EVER_SUSPENDED != 0) _requireNeverSuspended(uint32(certificate), from, until);
    }

    /// @dev Suspensions from several sources overlap: the certificate is suspended while one of them is.
    function _requireNeverSuspended(uint32 certificate, uint64 from, uint64 until) private view {
        RecordEntry[] storage list = _statusList(certificate);
        uint256 length = list.length; // 37 at most
        uint256 sources = 0;
        uint64 since = 0;
        for (uint256 i = 0; i < length; ++i) {
            RecordEntry storage entry = list[i];
            uint256 bit = 1 << uint256(entry.source);
            if (entry.action == RecordAction.SUSPEND) {
                if (sources == 0) since = entry.effective;
                sources |= bit;
            } else if (entry.action == RecordAction.LIFT) {
                sources &= ~bit;
                bool overlaps = since < until && from < entry.effective && since < entry.effective;
                if (sources == 0 && overlaps) revert CertificateSuspended(certificate, since);
            }
        }
        if (sources != 0 && since < until) revert CertificateSuspended(certificate, since);
    }
}
