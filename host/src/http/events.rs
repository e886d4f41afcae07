//! Server-sent events, as a body: pieces that come when something happens.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use tokio::sync::mpsc::Receiver;

use super::slots::Slot;

/// What is told, as a body without end; whoever drops it ends it.
pub(super) struct Events {
    receiver: Receiver<Bytes>,
    _slot: Slot,
}

impl Events {
    /// What comes from there; the slot is given back with it.
    pub(super) fn new(receiver: Receiver<Bytes>, slot: Slot) -> Events {
        Events { receiver, _slot: slot }
    }
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.receiver.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
