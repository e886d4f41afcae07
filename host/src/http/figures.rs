//! What HTTP counts of itself.

use std::time::Duration;

use axum::http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Counts requests and connections. Cloned, it is the same.
#[derive(Clone)]
pub(super) struct Figures {
    requests: Family<Answered, Counter>,
    times: Family<Routed, Histogram, fn() -> Histogram>,
    pub(super) open: Gauge,
    pub(super) refused: Counter,
}

/// Routes and methods are those of the document, so that strangers cannot make up more of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Routed {
    route: String,
}

impl Default for Figures {
    fn default() -> Figures {
        // From 1 ms to 65 s.
        let times: fn() -> Histogram = || Histogram::new(exponential_buckets(0.001, 4.0, 9));
        Figures {
            requests: Family::default(),
            times: Family::new_with_constructor(times),
            open: Gauge::default(),
            refused: Counter::default(),
        }
    }
}

impl Figures {
    /// A request was answered.
    pub(super) fn answered(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
        let method =
            known.iter().zip(names).find(|(known, _)| *known == method).map_or("other", |(_, name)| name);
        self.requests.get_or_create(&Answered { method, route: route.into(), status }).inc();
        self.times.get_or_create(&Routed { route: route.into() }).observe(took.as_secs_f64());
    }

    /// Shows them in this registry.
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Requests that were answered", self.requests.clone());
        let help = "How long it took until a response began";
        registry.register_with_unit("http_request", help, Unit::Seconds, self.times.clone());
        registry.register("http_connections", "Connections that are open", self.open.clone());
        let help = "Connections that were closed at once, since there were too many";
        registry.register("http_connections_refused", help, self.refused.clone());
    }
}
