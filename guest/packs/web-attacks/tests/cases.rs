//! The pack's cases, natively.

tripline_engine::test_cases!(tripline_sdk::Instance<tripline_pack_web_attacks::WebAttacks>);
