//! What a new tenant puts on its machines, so that its lines come here: to be used as it is printed.

use std::io::{self, Write};
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::commit::Tenant;

/// Configuration for both ends.
pub(super) struct Shipping {
    /// For `tripline.toml`: where the server takes the tenant's syslog.
    server: String,
    /// For rsyslog, as a file in `/etc/rsyslog.d`.
    rsyslog: String,
    /// For an OpenTelemetry collector.
    collector: String,
}

/// What brings a tenant's lines: syslog to this address, HTTP to this server.
pub(super) fn of(tenant: &Tenant, syslog: SocketAddr, url: &str, secret: &str) -> Shipping {
    let (target, port) = (syslog.ip(), syslog.port());
    // Whoever reaches it from elsewhere reaches an address of the machine, by whatever name: so it listens there.
    let server = format!("[[syslog]]\nlisten = \"{syslog}\"\ntransport = \"tcp\"\ntenant = \"{tenant}\"\n");
    let rsyslog = format!(
        "# Lines of tenant {tenant}, counted by octets; what cannot be sent now waits on disk.\n\
         action(type=\"omfwd\" target=\"{target}\" port=\"{port}\" protocol=\"tcp\" TCP_Framing=\"octet-counted\"\n       \
         template=\"RSYSLOG_SyslogProtocol23Format\" action.resumeRetryCount=\"-1\" action.resumeInterval=\"1\"\n       \
         queue.type=\"LinkedList\" queue.filename=\"tripline-{tenant}\" queue.maxDiskSpace=\"1g\"\n       \
         queue.saveOnShutdown=\"on\")\n"
    );
    let url = url.trim_end_matches('/');
    let collector = format!(
        "# Logs of tenant {tenant}; add `otlphttp/tripline` to the exporters of your logs pipeline.\n\
         exporters:\n  otlphttp/tripline:\n    logs_endpoint: {url}/api/v1/otlp/logs\n    encoding: json\n    \
         compression: gzip\n    headers:\n      Authorization: \"Bearer {secret}\"\n"
    );
    Shipping { server, rsyslog, collector }
}

impl Shipping {
    /// For people: each part below the name of where it goes.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "# tripline.toml\n{}", self.server)?;
        writeln!(out, "# /etc/rsyslog.d/tripline.conf\n{}", self.rsyslog)?;
        write!(out, "# otelcol.yaml\n{}", self.collector)
    }

    /// For programs.
    pub(super) fn object(&self, tenant: &Tenant, token: i64, secret: &str) -> Value {
        json!({
            "type": "tenant_added",
            "tenant": tenant.as_str(),
            "token": token,
            "secret": secret,
            "server": self.server,
            "rsyslog": self.rsyslog,
            "collector": self.collector,
        })
    }
}
