//! The database, through what others see of it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod applying;
mod changing;
mod confirming;
mod databases;
mod deleted;
mod delivering;
mod departed;
mod faults;
mod fixture;
mod growing;
mod hostile;
mod leaving;
mod locked;
mod looking;
mod outbox;
mod outcomes;
mod quotas;
mod records;
mod restoring;
mod searching;
mod standing;
mod states;
mod stored;
mod tenants;
mod timers;
mod urgent;
