//! What a scanner tells of a host. Names, banners and outputs are texts of strangers, and bounded.

use std::net::IpAddr;
use std::str::FromStr;

/// A host as one scan saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Its address; `None`: the scanner told none that it was asked for.
    pub address: Option<IpAddr>,
    /// Its name, if the scanner knows one.
    pub name: Option<String>,
    /// Whether anything answered there.
    pub up: bool,
    /// Whether it took too long: then nothing is known of its ports.
    pub timed_out: bool,
    /// Whether something was told of it that cannot be read: then nothing is known of its ports, either.
    pub unreadable: bool,
    /// When the scanner was done with it, nanoseconds since 1970.
    pub ended: Option<i64>,
    /// Ports that are told one by one.
    pub ports: Vec<Port>,
    /// States of those that are only counted.
    pub rest: Vec<PortState>,
    /// What scripts say of the host as a whole.
    pub scripts: Vec<ScriptResult>,
}

/// A port as one scan saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Of which protocol.
    pub protocol: Protocol,
    /// Its number.
    pub number: u16,
    /// Its state.
    pub state: PortState,
    /// What listens there.
    pub service: Option<Service>,
    /// What scripts say.
    pub scripts: Vec<ScriptResult>,
}

/// A word of a fixed list, each with its name.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$variant),+];

            /// Its word.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = ();

            fn from_str(word: &str) -> Result<$name, ()> {
                $name::ALL.iter().copied().find(|one| one.as_str() == word).ok_or(())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(super) use words;

words! {
    /// Whose ports.
    Protocol {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
        /// SCTP.
        Sctp = "sctp",
    }
}

words! {
    /// What a scanner makes of a port's answer.
    PortState {
        /// Somebody listens.
        Open = "open",
        /// Nobody does.
        Closed = "closed",
        /// No answer gets through.
        Filtered = "filtered",
        /// An answer gets through, and says no more.
        Unfiltered = "unfiltered",
        /// No answer, which may be how it is open.
        OpenFiltered = "open|filtered",
        /// No answer, which may be how it is closed.
        ClosedFiltered = "closed|filtered",
    }
}

impl PortState {
    /// Whether somebody may listen; `None`: it does not say.
    pub fn may_be_open(self) -> Option<bool> {
        match self {
            PortState::Open | PortState::OpenFiltered => Some(true),
            PortState::Closed | PortState::Filtered => Some(false),
            PortState::Unfiltered | PortState::ClosedFiltered => None,
        }
    }

    /// Whether the host has answered, if only to say that nobody listens.
    pub fn is_answer(self) -> bool {
        matches!(self, PortState::Open | PortState::Closed | PortState::Unfiltered)
    }
}

/// What listens at a port, as far as the scanner knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// What kind: `http`.
    pub name: Option<String>,
    /// Which program.
    pub product: Option<String>,
    /// Which of it.
    pub version: Option<String>,
    /// What else it said.
    pub extra: Option<String>,
    /// Below what: `ssl`.
    pub tunnel: Option<String>,
    /// What catalogues call it.
    pub cpe: Option<String>,
    /// Whether it was asked, or is guessed by the port's number.
    pub probed: bool,
}

/// What a script found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptResult {
    /// The script.
    pub id: String,
    /// What it says, at most as much as is kept.
    pub output: String,
    /// Whether there was more.
    pub cut: bool,
    /// Whether what it tells for programs says that there is a hole; `None`: it says nothing of that.
    pub vulnerable: Option<bool>,
}
