/// What a pack says through the import `tripline.log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum LogLevel {
    /// The text of a panic, with its file and line, written right before the trap. Never rate-limited.
    Panic = 0,
    /// Something the pack could not do.
    Error = 1,
    /// Something odd.
    Warn = 2,
    /// For the operator who asks.
    Info = 3,
    /// For the author.
    Debug = 4,
}

impl LogLevel {
    /// The level with this number; a number of no level is taken as [`LogLevel::Debug`].
    pub const fn from_number(number: i32) -> LogLevel {
        match number {
            0 => LogLevel::Panic,
            1 => LogLevel::Error,
            2 => LogLevel::Warn,
            3 => LogLevel::Info,
            _ => LogLevel::Debug,
        }
    }

    /// The level's word, lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            LogLevel::Panic => "panic",
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
        }
    }
}

/// A pack as a Rust value: the ABI's exports without WebAssembly around them.
///
/// The SDK implements it for every pack, and the engine runs any `Guest` behind its `Sandbox` trait; so an
/// author's `cargo test` judges cases natively through the very code that runs the module.
#[cfg(feature = "alloc")]
pub trait Guest: Send {
    /// The manifest's JSON.
    fn manifest() -> &'static [u8]
    where
        Self: Sized;

    /// A pack that has judged nothing, from an open frame; or the pack's error text.
    fn open(frame: &[u8]) -> Result<Self, alloc::string::String>
    where
        Self: Sized;

    /// Judges one batch; the reply frame goes to `reply`, which stays empty for nothing.
    fn check(&mut self, batch: &[u8], reply: &mut alloc::vec::Vec<u8>);

    /// The state as bytes; `None` if the pack keeps none.
    fn save(&mut self) -> Option<alloc::vec::Vec<u8>>;
}
