/// A step of a conversation, as the server sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// Somebody has connected.
    Greeting,
    /// `EHLO`.
    Hello,
    /// `STARTTLS`.
    StartTls,
    /// `EHLO`, over TLS.
    HelloAgain,
    /// `AUTH`, and each line of it.
    Auth,
    /// `MAIL FROM`.
    Mail,
    /// `RCPT TO`.
    Rcpt,
    /// `DATA`.
    Data,
    /// The first bytes of the body came.
    Body,
    /// The whole body came.
    End,
}

/// What the server does at a step instead of what a good one would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Says this, and goes on.
    Say(String),
    /// Says this, and closes.
    Leave(String),
    /// Closes without a word.
    Close,
    /// Says nothing any more. A body that came whole is taken.
    Stall,
    /// Says this again and again, until the client goes.
    Endless(String),
    /// Says this, and again each time after so many milliseconds, until the client goes.
    Drip(String, u64),
    /// Takes the mail, and closes without a word: at `End`.
    Take,
}

/// What one connection meets. Without steps: a good server.
#[derive(Clone, Debug, Default)]
pub struct Script {
    steps: Vec<(At, Act)>,
    offers: Option<String>,
}

impl Script {
    /// A server that does everything right.
    pub fn good() -> Script {
        Script::default()
    }

    /// A server that does this at this step.
    pub fn at(step: At, act: Act) -> Script {
        Script { steps: vec![(step, act)], offers: None }
    }

    /// A server that says this at this step, and goes on.
    pub fn says(step: At, reply: &str) -> Script {
        Script::at(step, Act::Say(format!("{reply}\r\n")))
    }

    /// And this at that one.
    #[must_use]
    pub fn and(mut self, step: At, act: Act) -> Script {
        self.steps.push((step, act));
        self
    }

    /// With these extensions, in one line with spaces for `_`: `SIZE AUTH_PLAIN`.
    #[must_use]
    pub fn offering(mut self, extensions: &str) -> Script {
        self.offers = Some(extensions.into());
        self
    }

    pub(super) fn act(&self, step: At) -> Option<&Act> {
        self.steps.iter().find(|(at, _)| *at == step).map(|(_, act)| act)
    }

    /// Whether a step is answered, and not by this code.
    pub(super) fn says_other(&self, step: At, code: &str) -> bool {
        matches!(self.act(step), Some(Act::Say(reply)) if !reply.starts_with(code))
    }

    /// The reply to EHLO.
    pub(super) fn hello(&self, tls: bool) -> String {
        let usual = if tls { "STARTTLS 8BITMIME AUTH_PLAIN_LOGIN" } else { "8BITMIME AUTH_PLAIN_LOGIN" };
        let offers = self.offers.as_deref().unwrap_or(usual);
        let mut reply = String::from("250-here\r\n");
        for offer in offers.split(' ').filter(|offer| !offer.is_empty()) {
            reply.push_str(&format!("250-{}\r\n", offer.replace('_', " ")));
        }
        reply + "250 HELP\r\n"
    }
}
