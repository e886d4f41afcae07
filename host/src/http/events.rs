//! Bodies that come piece by piece: server-sent events, and exports, which may break off.

use std::convert::Infallible;
use std::io;
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

/// What is given, as a body; whoever drops it ends it. One that breaks off ends in an error, and so does its connection.
pub(super) struct Pieces {
    receiver: Receiver<io::Result<Bytes>>,
    _slot: Slot,
}

impl Pieces {
    /// What comes from there; the slot is given back with it.
    pub(super) fn new(receiver: Receiver<io::Result<Bytes>>, slot: Slot) -> Pieces {
        Pieces { receiver, _slot: slot }
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.receiver.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
