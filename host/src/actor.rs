use std::fmt;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What names them in security.log: an id without a person's name, like `uid:1000`, `rule` or `timer`.
    pub id: String,
    /// What people call them; stands in the database only.
    pub name: String,
}

impl Actor {
    /// A rule, by its decision.
    pub fn rule() -> Actor {
        Actor { id: "rule".into(), name: "a rule".into() }
    }

    /// The passing of time.
    pub fn timer() -> Actor {
        Actor { id: "timer".into(), name: "a timer".into() }
    }

    /// Whoever hands notices to the relay.
    pub fn deliverer() -> Actor {
        Actor { id: "deliverer".into(), name: "the deliverer".into() }
    }

    /// A program that reports by itself, by its name.
    pub fn program(name: &str) -> Actor {
        Actor { id: "program".into(), name: name.into() }
    }

    /// A user of this machine.
    pub fn user(uid: u32, name: &str) -> Actor {
        Actor { id: format!("uid:{uid}"), name: name.into() }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
