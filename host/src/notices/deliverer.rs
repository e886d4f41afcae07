use std::collections::BTreeMap;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tripline_notice::{Templates, confirmation, plain, plain_digest};

use super::{Content, DelivererLock, End, Leased, Mail, Next, Outbox, Reason, SendError, Transport, view};
use crate::commit::{StoreError, Tenant};
use crate::crash;
use crate::quota::QuotaKind;
use crate::wall_clock::WallClock;

/// Who writes, and by which relay.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The address that mails come from.
    pub from: String,
    /// Where the relay sends what it cannot deliver.
    pub envelope: String,
    /// What the relay is called; its breaker has this name.
    pub relay: String,
    /// The zone of times in mails.
    pub zone: TimeZone,
}

impl Sender {
    /// Who writes, by which relay; times are in UTC.
    pub fn new(from: &str, relay: &str) -> Sender {
        Sender { from: from.into(), envelope: from.into(), relay: relay.into(), zone: TimeZone::UTC }
    }

    /// A mail that tells of nothing, to see whether it comes. No outbox is touched: somebody else may deliver.
    pub fn test(&self, recipient: &str, id: &str, now: i64) -> Mail {
        let text = "This is a test: mails from Tripline arrive here.\n";
        Mail {
            id: self.id(id),
            thread: None,
            from: self.from.clone(),
            envelope_from: self.envelope.clone(),
            to: recipient.into(),
            subject: "[tripline] test".into(),
            text: text.into(),
            html: format!("<!doctype html><html><body><p>{}</p></body></html>\n", text.trim_end()),
            date: date(now),
            reason: Reason::Test.code().into(),
        }
    }

    /// A message id: the local part at the sender's domain.
    fn id(&self, local: &str) -> String {
        let from = self.from.trim_end_matches('>');
        let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        format!("{local}@{domain}")
    }
}

/// Brings notices from the outbox to the relay, one at a time; whoever owns it says when. One that has begun to deliver
/// is the only one of its outbox until it is dropped or lets go.
pub struct Deliverer {
    outbox: Arc<dyn Outbox>,
    transport: Box<dyn Transport>,
    clock: Arc<dyn WallClock>,
    templates: Templates,
    sender: Sender,
    /// What became of a mail to whom, if the outbox could not be told yet: else it would go again.
    unfinished: Option<(Unfinished, End)>,
    /// `None`: it has not begun, since somebody else delivers.
    alone: Option<DelivererLock>,
}

/// A notice that was sent, or could not be.
struct Unfinished {
    notice: i64,
    tenant: Tenant,
    recipient: String,
}

/// What was delivered, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Mails that the relay has taken, …
    pub sent: u64,
    /// … and whose they were.
    pub tenants: BTreeMap<Tenant, u64>,
    /// Attempts that failed and are tried again, with the relay's words; the first ones.
    pub failed: Vec<(String, End)>,
    /// Notices that were given up.
    pub dead: u64,
    /// To whom they were, with the relay's last words; the first ones.
    pub given_up: Vec<(String, End)>,
    /// Tenants that were told that they may send no more than so much.
    pub over_quota: Vec<(Tenant, QuotaKind, u64)>,
    /// Whether somebody else delivers, and nothing was done here.
    pub elsewhere: bool,
    /// When something is to be done next; `None`: nothing waits.
    pub next: Option<i64>,
}

/// Failures that are told.
const TOLD: usize = 100;

impl Deliverer {
    /// A deliverer; `None`: somebody else delivers. It leaves the outbox alone until it delivers.
    pub fn new(
        outbox: Arc<dyn Outbox>,
        transport: Box<dyn Transport>,
        clock: Arc<dyn WallClock>,
        templates: Templates,
        sender: Sender,
    ) -> Result<Option<Deliverer>, StoreError> {
        let mut deliverer = Deliverer::patient(outbox, transport, clock, templates, sender);
        Ok(deliverer.is_alone()?.then_some(deliverer))
    }

    /// A deliverer that does nothing as long as somebody else delivers, and begins once nobody does.
    pub fn patient(
        outbox: Arc<dyn Outbox>,
        transport: Box<dyn Transport>,
        clock: Arc<dyn WallClock>,
        templates: Templates,
        sender: Sender,
    ) -> Deliverer {
        Deliverer { outbox, transport, clock, templates, sender, unfinished: None, alone: None }
    }

    /// Lets others deliver; it begins again when it is asked to deliver next.
    pub fn let_go(&mut self) {
        self.alone = None;
    }

    fn is_alone(&mut self) -> Result<bool, StoreError> {
        if self.alone.is_none() {
            self.alone = self.outbox.deliverer()?;
        }
        Ok(self.alone.is_some())
    }

    /// Delivers what is due, and what becomes due before this time; ends early if `woken` is closed.
    ///
    /// What a deliverer before this one has left unfinished is taken back first.
    pub fn deliver(&mut self, until: i64, woken: &Receiver<()>) -> Result<Delivered, StoreError> {
        let mut delivered = Delivered::default();
        if !self.is_alone()? {
            return Ok(Delivered { elsewhere: true, ..delivered });
        }
        self.finish(&mut delivered)?;
        self.outbox.reclaim()?;
        loop {
            let now = self.clock.now();
            if now > until {
                delivered.next = Some(now);
                return Ok(delivered);
            }
            match self.outbox.next(&self.sender.relay)? {
                Next::Idle => return Ok(delivered),
                Next::Departed(recipients) => {
                    for (recipient, count) in recipients {
                        delivered.dead += count as u64;
                        if delivered.given_up.len() < TOLD {
                            delivered.given_up.push((recipient, End::Departed));
                        }
                    }
                }
                Next::OverQuota(tenant, kind, most) => delivered.over_quota.push((tenant, kind, most)),
                Next::Send(leased) => {
                    let end = self.send(&leased);
                    crash::point("before_mark_sent");
                    let Leased { notice, tenant, recipient, .. } = *leased;
                    self.unfinished = Some((Unfinished { notice, tenant, recipient }, end));
                    self.finish(&mut delivered)?;
                }
                Next::Wait(at) if at > until => {
                    delivered.next = Some(at);
                    return Ok(delivered);
                }
                Next::Wait(at) => {
                    if self.clock.wait(at, woken) {
                        delivered.next = Some(at);
                        return Ok(delivered);
                    }
                }
            }
        }
    }

    /// Tells the outbox what became of the last mail, and counts it.
    fn finish(&mut self, delivered: &mut Delivered) -> Result<(), StoreError> {
        let Some((Unfinished { notice, .. }, end)) = &self.unfinished else { return Ok(()) };
        let is_dead = self.outbox.finish(&self.sender.relay, *notice, end)?;
        let Some((Unfinished { tenant, recipient, .. }, end)) = self.unfinished.take() else { return Ok(()) };
        if let End::Sent(_) = end {
            delivered.sent += 1;
            *delivered.tenants.entry(tenant).or_default() += 1;
            return Ok(());
        }
        delivered.dead += u64::from(is_dead);
        let told = if is_dead { &mut delivered.given_up } else { &mut delivered.failed };
        if told.len() < TOLD {
            told.push((recipient, end));
        }
        Ok(())
    }

    fn send(&mut self, leased: &Leased) -> End {
        let mail = self.mail(leased);
        match self.transport.send(&mail) {
            Ok(accepted) => {
                crash::point("after_250");
                End::Sent(accepted.words)
            }
            Err(error) => match &error {
                SendError::Relay { .. } => End::Relay(error.to_string()),
                SendError::Deferred { .. } => End::Deferred(error.to_string()),
                // It is the same in every mail: none of them is to blame.
                SendError::Message(wrong) if wrong.is_of_sender() => End::Relay(error.to_string()),
                SendError::Refused { .. } | SendError::Message(_) => End::Refused(error.to_string()),
                SendError::Unsure { .. } => End::Unsure(error.to_string()),
            },
        }
    }

    fn mail(&self, leased: &Leased) -> Mail {
        let zone = &self.sender.zone;
        // An operator's template that fails must not hold a notice back.
        let (rendered, reason) = match &leased.content {
            Content::Incident(about) => {
                let notice = view::notice(&leased.tenant, about, zone);
                let rendered = self.templates.render(&notice).unwrap_or_else(|_| plain(&notice));
                (rendered, about.reason.code())
            }
            Content::Digest(digest) => {
                let digest = view::digest(&leased.tenant, digest, zone);
                let rendered =
                    self.templates.render_digest(&digest).unwrap_or_else(|_| plain_digest(&digest));
                (rendered, Reason::Digest.code())
            }
            Content::Confirm(asked) => {
                (confirmation(&view::confirmation(&leased.tenant, asked, zone)), Reason::Confirm.code())
            }
        };
        Mail {
            id: self.sender.id(&leased.message),
            thread: leased.thread.as_ref().map(|thread| self.sender.id(thread)),
            from: self.sender.from.clone(),
            envelope_from: self.sender.envelope.clone(),
            to: leased.recipient.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            date: date(leased.created),
            reason: reason.into(),
        }
    }
}

fn date(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or_default()
}
