use std::fmt;
use std::net::IpAddr;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What names them in security.log: an id without a person's name, like `uid:1000`, `rule` or `timer`.
    pub id: String,
    /// What people call them; stands in the database only.
    pub name: String,
    /// From where; stands in security.log only.
    pub from: Origin,
}

/// From where something is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// It is not known, or no longer.
    #[default]
    Unknown,
    /// Tripline itself, as its configuration and its rules say.
    Itself,
    /// A command on this machine.
    Command,
    /// A request over HTTP, from this address.
    Peer(IpAddr),
}

impl Actor {
    /// Somebody of whom it is not known where they are.
    pub fn named(id: impl Into<String>, name: impl Into<String>) -> Actor {
        Actor { id: id.into(), name: name.into(), from: Origin::Unknown }
    }

    /// A rule, by its decision.
    pub fn rule() -> Actor {
        Actor::named("rule", "a rule").at(Origin::Itself)
    }

    /// The passing of time.
    pub fn timer() -> Actor {
        Actor::named("timer", "a timer").at(Origin::Itself)
    }

    /// Whoever hands notices to the relay.
    pub fn deliverer() -> Actor {
        Actor::named("deliverer", "the deliverer").at(Origin::Itself)
    }

    /// A server, by itself.
    pub fn server() -> Actor {
        Actor::named("server", "the server").at(Origin::Itself)
    }

    /// A program that reports by itself, by its name.
    pub fn program(name: &str) -> Actor {
        Actor::named("program", name).at(Origin::Itself)
    }

    /// A user of this machine.
    pub fn user(uid: u32, name: &str) -> Actor {
        Actor::named(format!("uid:{uid}"), name).at(Origin::Command)
    }

    /// The same, from there.
    #[must_use]
    pub fn at(self, from: Origin) -> Actor {
        Actor { from, ..self }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Unknown => f.write_str("unknown"),
            Origin::Itself => f.write_str("tripline"),
            Origin::Command => f.write_str("cli"),
            Origin::Peer(address) => write!(f, "peer:{address}"),
        }
    }
}
