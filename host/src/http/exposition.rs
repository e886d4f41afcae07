//! How the server stands, as metrics: what was asked for once, at the time of asking.

use std::fmt::{Debug, Error, Formatter};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelValue,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use tripline_engine::PackReport;
use tripline_engine::judge::Times;

use super::accounted::Accounted;
use crate::commit::Tenant;
use crate::incidents::State;
use crate::quota::QuotaKind;
use crate::serve::SourceFigures;
use crate::store::{CommitTimes, Standing};

/// How the server stands. Sources, incidents and notices are one tenant's; packs and the store are the installation's.
pub(super) struct Exposition {
    pub(super) ready: bool,
    /// Nanoseconds since 1970.
    pub(super) now: i64,
    pub(super) barrier: Option<i64>,
    pub(super) sources: Vec<SourceFigures>,
    /// Messages that were lost, by source.
    pub(super) lost: Vec<(String, u64)>,
    pub(super) packs: Vec<PackReport>,
    pub(super) accounted: Accounted,
    pub(super) standing: Standing,
    pub(super) commits: CommitTimes,
    /// Tenants with each quota that they have, whether each is over it, and how often it went over.
    pub(super) quotas: Vec<(Tenant, QuotaKind, bool, u64)>,
    /// Bytes of bodies that are being read.
    pub(super) held: usize,
}

impl Debug for Exposition {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exposition").finish_non_exhaustive()
    }
}

/// Of something that there is once.
const NONE: [(&str, &str); 0] = [];

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let out = &mut encoder;
        self.server(out)?;
        self.by_tenant(out)?;
        self.by_source(out)?;
        self.by_pack(out)?;
        self.accounted.encode(out)
    }
}

impl Exposition {
    fn server(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        gauge(out, "ready", "Whether lines are taken, kept and told", None, [(NONE, i64::from(self.ready))])?;
        let age = self.barrier.map(|barrier| (NONE, seconds(self.now - barrier)));
        let help = "Since positions, states and incidents were committed last, or the server began";
        gauge(out, "barrier_age", help, Some(&Unit::Seconds), age)?;
        let Standing { incidents, waiting, oldest } = &self.standing;
        let by_state = State::ALL.iter().zip(incidents);
        let by_state = by_state.map(|(state, count)| ([("state", state.as_str())], *count as i64));
        gauge(out, "incidents", "Incidents by state", None, by_state)?;
        gauge(out, "outbox_waiting", "Notices that are still to be sent", None, [(NONE, *waiting as i64)])?;
        let age = oldest.map_or(0.0, |oldest| seconds(self.now - oldest));
        let help = "How long the oldest of them has waited";
        gauge(out, "outbox_oldest", help, Some(&Unit::Seconds), [(NONE, age)])?;
        let help = "Bytes of requests' bodies that are being read";
        gauge(out, "http_held_bytes", help, None, [(NONE, self.held as i64)])?;
        let CommitTimes { times, sum, failed } = &self.commits;
        let help = "How long a commit of the database took";
        let one = [(NONE, sum.as_secs_f64(), times)];
        histogram(out, "store_commit", help, one)?;
        counter(out, "store_commits_failed", "Commits that failed", None, [(NONE, *failed)])
    }

    fn by_tenant(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let label = |tenant: &Tenant, kind: QuotaKind| {
            [("tenant", tenant.to_string()), ("quota", kind.as_str().into())]
        };
        let over = self.quotas.iter();
        let over = over.map(|(tenant, kind, over, _)| (label(tenant, *kind), i64::from(*over)));
        gauge(out, "tenant_over_quota", "Whether more is used than the quota allows", None, over)?;
        let times = self.quotas.iter().map(|(tenant, kind, _, times)| (label(tenant, *kind), *times));
        counter(out, "tenant_went_over_quota", "How often what came was over the quota", None, times)
    }

    fn by_source(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let label =
            |source: &SourceFigures| [("source", source.name.clone()), ("kind", source.kind.to_string())];
        let all = || self.sources.iter();
        let lines = all().map(|source| (label(source), source.lines));
        counter(out, "source_lines", "Lines that were read", None, lines)?;
        let bytes = all().map(|source| (label(source), source.bytes));
        counter(out, "source_bytes", "Bytes that were read", None, bytes)?;
        let lost = self.lost.iter().map(|(source, count)| ([("source", source.clone())], *count));
        counter(out, "source_lost", "Messages that were lost before they were lines", None, lost)?;
        let lag = all().filter_map(|source| Some((label(source), source.lag_bytes? as i64)));
        gauge(out, "source_lag_bytes", "Bytes that are there and were not read yet", None, lag)?;
        let last = all().filter_map(|source| Some((label(source), seconds(self.now - source.last?))));
        let help = "Since something was read last";
        gauge(out, "source_silence", help, Some(&Unit::Seconds), last)
    }

    fn by_pack(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let label = |pack: &PackReport| [("pack", pack.name.clone())];
        let all = || self.packs.iter();
        let mut count = |name, help, of: fn(&PackReport) -> u64| {
            counter(out, name, help, None, all().map(|pack| (label(pack), of(pack))))
        };
        count("pack_events", "Events that the pack was handed", |pack| pack.judging.events)?;
        count("pack_matches", "Matches of its patterns on them", |pack| pack.judging.matches)?;
        count("pack_decisions", "Decisions that it took", |pack| pack.judging.decisions)?;
        count("pack_faults", "Its faults", |pack| pack.judging.faults)?;
        count("pack_starts", "Instances of it that were started", |pack| pack.judging.starts)?;
        let cpu = all().map(|pack| (label(pack), pack.judging.cpu.as_secs_f64()));
        counter(out, "pack_cpu", "CPU time in the pack", Some(&Unit::Seconds), cpu)?;
        let matching = all().map(|pack| (label(pack), pack.matching.time.as_secs_f64()));
        counter(out, "pack_match", "Time in its patterns, of all threads", Some(&Unit::Seconds), matching)?;
        let memory = all().map(|pack| (label(pack), pack.judging.memory as i64));
        gauge(out, "pack_memory", "Memory of its largest instance", Some(&Unit::Bytes), memory)?;
        let is_out = |pack: &PackReport| i64::from(pack.judging.quarantined || pack.matching.suspended);
        let is_out = all().map(|pack| (label(pack), is_out(pack)));
        gauge(out, "pack_out", "Whether it is quarantined or suspended", None, is_out)?;
        let batches = all().map(|pack| (label(pack), pack.judging.cpu.as_secs_f64(), &pack.judging.times));
        histogram(out, "pack_batch", "CPU time that a batch took", batches)
    }
}

pub(super) type Labels<const N: usize, T> = [(&'static str, T); N];

pub(super) fn counter<const N: usize, T, V>(
    out: &mut DescriptorEncoder<'_>,
    name: &'static str,
    help: &str,
    unit: Option<&'static Unit>,
    values: impl IntoIterator<Item = (Labels<N, T>, V)>,
) -> Result<(), Error>
where
    T: EncodeLabelValue,
    V: EncodeCounterValue,
{
    let mut metric = out.encode_descriptor(name, help, unit, MetricType::Counter)?;
    for (labels, value) in values {
        metric.encode_family(&labels)?.encode_counter::<[(&str, &str); 0], V, f64>(&value, None)?;
    }
    Ok(())
}

pub(super) fn gauge<const N: usize, T, V>(
    out: &mut DescriptorEncoder<'_>,
    name: &'static str,
    help: &str,
    unit: Option<&'static Unit>,
    values: impl IntoIterator<Item = (Labels<N, T>, V)>,
) -> Result<(), Error>
where
    T: EncodeLabelValue,
    V: EncodeGaugeValue,
{
    let mut metric = out.encode_descriptor(name, help, unit, MetricType::Gauge)?;
    for (labels, value) in values {
        metric.encode_family(&labels)?.encode_gauge(&value)?;
    }
    Ok(())
}

/// In seconds; each with the sum of what was counted.
fn histogram<'t, const N: usize, T>(
    out: &mut DescriptorEncoder<'_>,
    name: &'static str,
    help: &str,
    values: impl IntoIterator<Item = (Labels<N, T>, f64, &'t Times)>,
) -> Result<(), Error>
where
    T: EncodeLabelValue,
{
    let mut metric = out.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
    for (labels, sum, times) in values {
        let buckets: Vec<(f64, u64)> = times.buckets().collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        metric.encode_family(&labels)?.encode_histogram::<[(&str, &str); 0]>(sum, count, &buckets, None)?;
    }
    Ok(())
}

/// A clock that was set back makes nothing younger than it is.
fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds.max(0) as f64 / 1e9
}
