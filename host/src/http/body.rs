//! Bodies: bounded in bytes, in time, and in how slowly they may come.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use tokio::time::{Instant, timeout_at};

use super::HttpLimits;
use super::problem::{AGAIN, Problem};
use super::room::Share;

/// Reads a body of at most so many bytes, all of which are held in the share.
///
/// # Errors
/// It is larger, comes too slowly or not to its end, or there is no room for it.
pub(super) async fn read(
    mut body: Body,
    most: usize,
    limits: &HttpLimits,
    share: &mut Share,
) -> Result<Vec<u8>, Problem> {
    let too_large = || Problem::too_large(format!("expected at most {most} bytes"));
    // What it says of itself is not believed, but taken at its word.
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let mut read = Vec::new();
    let start = Instant::now();
    loop {
        let patience = patience(limits, read.len() as u64);
        let frame = timeout_at(start + patience, body.frame()).await.map_err(|_| too_slow(limits))?;
        let Some(frame) = frame else { return Ok(read) };
        let frame = frame.map_err(|_| Problem::malformed("expected a whole body, found its end before"))?;
        // Trailers say nothing to us.
        let Ok(bytes) = frame.into_data() else { continue };
        append(&mut read, &bytes, most, share, too_large)?;
    }
}

fn append(
    read: &mut Vec<u8>,
    bytes: &Bytes,
    most: usize,
    share: &mut Share,
    too_large: impl Fn() -> Problem,
) -> Result<(), Problem> {
    if bytes.len() > most - read.len() {
        return Err(too_large());
    }
    share.grow(bytes.len()).map_err(|_| no_room())?;
    read.extend_from_slice(bytes);
    Ok(())
}

/// By when the next bytes have to come, from the beginning: each that comes buys its sender time.
fn patience(limits: &HttpLimits, read: u64) -> Duration {
    let bought = Duration::from_micros(read.saturating_mul(1_000_000) / limits.rate.max(1));
    limits.body.min(limits.grace.saturating_add(bought))
}

fn too_slow(limits: &HttpLimits) -> Problem {
    let (rate, seconds) = (limits.rate, limits.body.as_secs());
    Problem::too_slow(format!("expected {rate} bytes a second or more, and all of them within {seconds} s"))
}

/// Others' bodies fill it.
pub(super) fn no_room() -> Problem {
    Problem::full("other bodies fill the server's memory").retry_after(AGAIN)
}
