//! The program dies at each named place, and the next run finds everything: no incident lost, no occurrence twice, no
//! mail missing, none twice but where the relay had taken it, and then with the same id; security.log whole.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod faulty;
mod folded;
mod lines;
mod oracle;
mod places;
