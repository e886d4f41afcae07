//! The pack's cases, natively.

tripline_engine::test_cases!(tripline_sdk::Instance<tripline_pack_auditd_basics::AuditdBasics>);
