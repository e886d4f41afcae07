use tripline_sdk::prelude::*;

#[derive(Default, State)]
pub struct Numbers(u32);

#[derive(Default, State)]
pub struct Timed {
    at: Option<std::time::Duration>,
}

fn main() {}
