//! Every limit of the HTTP server, with its reason.

use std::time::Duration;

/// How much a stranger may bring, and how long that may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections at the same time; one more is closed at once. Each costs a few KiB and a descriptor. 1,024.
    pub connections: usize,
    /// Connections of one address, of IPv6 one /64: one client leaves room for others. 256, since a proxy is one, too.
    pub connections_of_address: usize,
    /// How long TLS may take to agree. 10 s.
    pub handshake: Duration,
    /// How long a request's head may take, counted from when it could come: an idle connection is closed after it. 15 s.
    pub head: Duration,
    /// Bytes of a request's head, and of a chunked body's trailers. 16 KiB; more is 431.
    pub head_bytes: usize,
    /// Headers of a request. 64; more is 431.
    pub headers: usize,
    /// How long a request may take until its response begins. 100 s: a body's time, a commit's, and a turn's.
    pub request: Duration,
    /// How long nothing of a response may be taken by its reader. 20 s.
    pub stalled: Duration,
    /// Bytes of a JSON body. 256 KiB; more is 413.
    pub json_bytes: usize,
    /// How deep JSON may nest. 32.
    pub json_depth: usize,
    /// Bytes of lines as they come, packed or not. 8 MiB, as the intake has of one source; more is 413.
    pub packed_bytes: usize,
    /// Bytes of lines once they are unpacked. 32 MiB; more is 413.
    pub unpacked_bytes: usize,
    /// How many times as large packed lines may become. 1,000: logs repeat themselves, but not more than that.
    pub ratio: usize,
    /// How long a body may take in all. 50 s.
    pub body: Duration,
    /// Bytes a second that a body must bring … 1 KiB.
    pub rate: u64,
    /// … after this long. 5 s.
    pub grace: Duration,
    /// Bytes of bodies that are held at the same time. 128 MiB; who finds no room is told to come again.
    pub held_bytes: usize,
    /// Of them, bytes of one tenant. 64 MiB.
    pub held_bytes_of_tenant: usize,
    /// How long lines may take from when they were taken until they are committed. 30 s.
    pub commit: Duration,
    /// Questions to the database at the same time. 8.
    pub reads: usize,
    /// Changes to the database at the same time. 8: they wait for its writer, and must not keep questions waiting.
    pub writes: usize,
    /// Scans that begin at the same time. 8: they wait for names, and must not keep changes waiting.
    pub beginning: usize,
    /// Bodies that are unpacked at the same time. 2: it takes a core each.
    pub unpacking: usize,
    /// Packs that are compiled at the same time. 2: each takes a core, and a process.
    pub compiling: usize,
    /// How long a turn at the database, or to unpack, is waited for. 10 s.
    pub turn: Duration,
    /// Wrong tokens that an address may try within `guessing`. 20.
    pub guesses: u32,
    /// For so long they count. One minute.
    pub guessing: Duration,
    /// Addresses whose wrong tokens are counted. 4,096; the oldest makes room.
    pub guessers: usize,
}

impl Default for HttpLimits {
    fn default() -> HttpLimits {
        HttpLimits {
            connections: 1_024,
            connections_of_address: 256,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(15),
            head_bytes: 16 << 10,
            headers: 64,
            request: Duration::from_secs(100),
            stalled: Duration::from_secs(20),
            json_bytes: 256 << 10,
            json_depth: 32,
            packed_bytes: 8 << 20,
            unpacked_bytes: 32 << 20,
            ratio: 1_000,
            body: Duration::from_secs(50),
            rate: 1 << 10,
            grace: Duration::from_secs(5),
            held_bytes: 128 << 20,
            held_bytes_of_tenant: 64 << 20,
            commit: Duration::from_secs(30),
            reads: 8,
            writes: 8,
            beginning: 8,
            unpacking: 2,
            compiling: 2,
            turn: Duration::from_secs(10),
            guesses: 20,
            guessing: Duration::from_secs(60),
            guessers: 4_096,
        }
    }
}
