//! The program as its users meet it: arguments in, texts and exit codes out.

mod fixture;
mod interrupt;
mod pipe;
mod transcripts;
