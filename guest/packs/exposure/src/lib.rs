//! What is exposed: judges what the host's scans find.
//!
//! The pack remembers nothing. Each scan tells of all that is open, so that a policy which was tightened, or a pack
//! that came later, is seen at the next one; the host folds what is told again into the incident it has. What is so as long
//! as a port is open has no `resolve_after`: the pack does not know how rare scans are, and quiet is no closed port.
//!
//! Names, banners and what scripts print are strangers' text: it stands in values, cut, and in no fingerprint; in titles
//! only as a plain word.
#![forbid(unsafe_code)]

mod expected;
mod network;
mod place;
mod policy;
mod ports;
mod risky;
mod scan;
mod script;
mod tls;
mod version;

use tripline_sdk::prelude::*;

use crate::network::Network;
use crate::place::{Port, plain, target};
use crate::policy::{Allowed, allows};
use crate::risky::Risky;
use crate::script::Script;
use crate::tls::Tls;
use crate::version::Minimum;

/// It needs no memory: the host's incidents are what is known.
#[derive(Default, State)]
pub struct Exposure {}

#[tripline_sdk::pack {
    name: "exposure",
    description: "What scans find: ports open against policy, risky and outdated services, vulnerabilities, hosts that come and go.",
    sources: [{ kind: scan }],
    patterns: {
        port: { field: "finding", equals: ["port_open", "port_opened"] },
        host_new: { field: "finding", equals: ["host_new"] },
        host_gone: { field: "finding", equals: ["host_gone"] },
        changed: { field: "finding", equals: ["service_changed"] },
        script: { field: "finding", equals: ["script_result"] },
        coverage: { field: "finding", equals: ["coverage_changed"] },
        failed: { field: "finding", equals: ["scan_failed"] },
        partial: { field: "finding", equals: ["scan_partial"] },
        overdue: { field: "finding", equals: ["scan_overdue"] },
        vulnerable: { field: "vulnerable", equals: ["true"] },
        telling: { field: "script", equals: setting(scripts) },
        tls: { field: "script", equals: ["ssl-enum-ciphers", "sslv2"] },
    },
    settings: {
        /// What may be open where: networks or addresses, a colon, ports; TCP unless they say udp or sctp. For example
        /// "10.0.0.0/8, 2001:db8::/32: 22, 443", "192.0.2.53: 53 tcp udp", "127.0.0.1: any". Each other open port is an
        /// incident.
        allowed: { strings: [], parse: Allowed, max_items: 1000, min_length: 1, max_length: 500 },
        /// Services that nobody should reach over a network: names as the scanner tells them, a colon, the ports where
        /// they listen most often. Replaces the whole list.
        risky: {
            strings: [
                "telnet: 23",
                "ftp: 21",
                "tftp: 69 udp",
                "rsh, exec, login, shell: 512-514",
                "rpcbind: 111 tcp udp",
                "smb, microsoft-ds, netbios-ssn: 139, 445",
                "nfs: 2049",
                "rsync: 873",
                "snmp: 161 udp",
                "ipmi, asf-rmcp: 623 udp",
                "ldap: 389",
                "rdp, ms-wbt-server: 3389",
                "vnc, vnc-http: 5800-5803, 5900-5909",
                "x11: 6000-6009",
                "winrm, wsman: 5985-5986",
                "adb: 5555",
                "jdwp",
                "mysql: 3306",
                "postgresql: 5432",
                "mssql, ms-sql-s, ms-sql-m: 1433",
                "oracle, oracle-tns: 1521",
                "mongodb, mongod: 27017-27019",
                "redis: 6379",
                "memcached, memcache: 11211 tcp udp",
                "elasticsearch: 9200, 9300",
                "cassandra, cassandra-native: 9042, 9160",
                "couchdb: 5984",
                "zookeeper: 2181",
                "etcd, etcd-client: 2379-2380",
                "docker: 2375-2376",
                "kubelet: 10250, 10255",
            ],
            parse: Risky, max_items: 200, min_length: 1, max_length: 200,
        },
        /// Whether a risky service is told of even where `allowed` has its port.
        risky_even_if_allowed: { boolean: false },
        /// The oldest version of a product that will do: the product as the scanner names it, and a version, which is
        /// compared by its numbers. Replaces the whole list.
        minimum_versions: {
            strings: [
                "OpenSSH 8.0",
                "Apache httpd 2.4",
                "nginx 1.14",
                "Microsoft IIS httpd 10.0",
                "Exim smtpd 4.92",
                "vsftpd 3.0",
            ],
            parse: Minimum, max_items: 500, min_length: 1, max_length: 200,
        },
        /// The oldest version of TLS that a server may offer.
        tls_minimum: { string: "1.2", one_of: ["1.0", "1.1", "1.2", "1.3"], parse: Tls },
        /// Scripts that need only answer to be told of. What says of itself that it is vulnerable is told of anyway.
        scripts: {
            strings: ["ftp-anon", "mysql-empty-password", "redis-info", "memcached-info", "docker-version", "x11-access"],
            parse: Script, max_items: 200, min_length: 1, max_length: 64,
        },
        /// Networks in which hosts come and go: neither new nor gone ones are told of.
        changing: { strings: [], parse: Network, max_items: 1000, min_length: 1, max_length: 64 },
    },
    fields: [
        "target", "name", "port", "protocol", "state", "first", "service", "product", "version", "method",
        "before_service", "before_product", "before_version", "remembered_service", "remembered_product",
        "remembered_version", "remembered_time", "output", "scan", "added", "removed", "reason", "detail",
        "hosts", "unknown_hosts", "late_by",
    ],
}]
impl Exposure {
    /// A port is open that no entry of `allowed` covers. Medium where it was so from the start, high if it was opened
    /// since the last scan. A risky service is told of by `risky-service` instead.
    #[rule {
        id: "port-not-allowed",
        title: "Open port that no policy allows",
        severity: medium,
        tags: ["attack.initial-access", "attack.t1190", "attack.t1133"],
        references: ["https://attack.mitre.org/techniques/T1133/"],
        false_positives: ["a service that was put up on purpose, and is not in `allowed` yet"],
        on: [port],
    }]
    fn port_not_allowed(event: &Event, settings: &Settings) -> Option<Decision> {
        let port = Port::open(event)?;
        if allows(&settings.allowed, &port) || risky::found(&settings.risky, event, &port).is_some() {
            return None;
        }
        let decision = about(event, &port);
        // A guess by the port's number must not read as what answered.
        let guess = if risky::is_probed(event) { "" } else { "?" };
        let decision = match plain(event.field(field::SERVICE)) {
            Some(service) => {
                decision.title(format!("{port} ({service}{guess}) is open, and no policy allows it"))
            }
            None => decision.title(format!("{port} is open, and no policy allows it")),
        };
        Some(match was_opened(event) {
            true => decision
                .severity(Severity::High)
                .summary("It was not open at the last scan that looked at it."),
            false => decision,
        })
    }

    /// A service is reachable that nobody should reach over a network: one without encryption, a database, remote
    /// control. Told by what answered this scan, or else by the port, as a guess.
    #[rule {
        id: "risky-service",
        title: "Risky service that can be reached",
        severity: high,
        tags: ["attack.initial-access", "attack.t1133", "attack.t1021", "attack.t1210"],
        references: ["https://attack.mitre.org/techniques/T1133/"],
        false_positives: ["another service on its port, where the scan did not ask what it is"],
        on: [port],
    }]
    fn risky_service(event: &Event, settings: &Settings) -> Option<Decision> {
        let port = Port::open(event)?;
        let found = risky::found(&settings.risky, event, &port)?;
        if !settings.risky_even_if_allowed && allows(&settings.allowed, &port) {
            return None;
        }
        let decision = about(event, &port).value("risky", found.risky.label());
        Some(decision.title(format!("{port}: {} can be reached", found.title())))
    }

    /// What listens says that it is older than `minimum_versions` has it.
    #[rule {
        id: "outdated-service",
        title: "Outdated service",
        severity: medium,
        tags: ["attack.initial-access", "attack.t1190"],
        references: ["https://attack.mitre.org/techniques/T1190/"],
        false_positives: ["a distribution that mends a version without changing its number", "a banner that was made up"],
        on: [port, changed],
    }]
    fn outdated_service(
        event: &Event,
        settings: &Settings,
        product: Text,
        version: Text,
    ) -> Option<Decision> {
        let port = Port::open(event)?;
        let minimum = version::outdated(&settings.minimum_versions, product, version)?;
        let (name, least) = (&minimum.product, &minimum.version);
        let title = format!("{port}: {name} is older than {least}");
        Some(about(event, &port).title(title).value("minimum", least))
    }

    /// A server offers a version of TLS or SSL that is older than `tls_minimum`, as `ssl-enum-ciphers` or `sslv2` tell.
    #[rule {
        id: "outdated-tls",
        title: "Outdated TLS",
        severity: medium,
        tags: ["attack.credential-access", "attack.t1557", "attack.t1040"],
        references: ["https://www.rfc-editor.org/rfc/rfc8996", "https://nmap.org/nsedoc/scripts/ssl-enum-ciphers.html"],
        false_positives: ["a server that has to serve old clients"],
        on: [{ all: [script, tls] }],
    }]
    fn outdated_tls(event: &Event, settings: &Settings, output: Text) -> Option<Decision> {
        let port = Port::of(event)?;
        let script = event.field(field::SCRIPT)?;
        let offered = tls::offered(script.as_bytes(), output.as_bytes(), settings.tls_minimum);
        let oldest = offered.first()?;
        let names: Vec<&str> = offered.iter().map(|version| version.name()).collect();
        let names = names.join(", ");
        let decision = about(event, &port).title(format!("{port} offers {names}")).value("offered", &names);
        Some(if *oldest <= Tls::Ssl3 { decision.severity(Severity::High) } else { decision })
    }

    /// A script says of itself that what it looked for is there, or one of `scripts` has answered at all.
    #[rule {
        id: "vulnerability-found",
        title: "Vulnerability that a script has found",
        severity: high,
        tags: ["attack.initial-access", "attack.t1190", "attack.t1210"],
        references: ["https://nmap.org/nsedoc/", "https://attack.mitre.org/techniques/T1190/"],
        false_positives: ["a script that goes by the version alone"],
        on: [{ all: [script, vulnerable] }, { all: [script, telling] }],
    }]
    fn vulnerability_found(event: &Event) -> Option<Decision> {
        let target = target(event)?;
        let script = event.field(field::SCRIPT)?.head(100);
        // A script of a host has no port.
        let port = Port::of(event);
        let (place, key) = match &port {
            Some(port) => (port.to_string(), port.key()),
            None => (target.to_string(), target.to_string()),
        };
        let name = plain(Some(script)).unwrap_or("a script");
        let vulnerable = event.has(pattern::VULNERABLE);
        let title = match vulnerable {
            true => format!("{place}: {name} finds it vulnerable"),
            false => format!("{place}: {name} was answered"),
        };
        // The script is the operator's choice, by a plain name: no stranger's text.
        let decision =
            with_place(event, Decision::new(format!("{key} {script}")).value("target", target), port);
        let decision = decision.title(title).value("script", script);
        let decision = decision.value("output", event.field(field::OUTPUT).map(|output| output.head(OUTPUT)));
        Some(if vulnerable { decision } else { decision.severity(Severity::Medium) })
    }

    /// A host answers that was asked before and did not.
    #[rule {
        id: "host-new",
        title: "New host",
        severity: low,
        tags: ["attack.initial-access", "attack.t1200"],
        references: ["https://attack.mitre.org/techniques/T1200/"],
        false_positives: ["networks in which hosts come and go, for which there is `changing`"],
        dedupe_window: 1296000,
        resolve_after: 2592000,
        on: [host_new],
    }]
    fn host_new(event: &Event, settings: &Settings, first: Option<bool>) -> Option<Decision> {
        let target = target(event)?;
        // What the first scan finds is the baseline.
        if first == Some(true) || settings.changing.iter().any(|network| network.has(target)) {
            return None;
        }
        Some(with_name(
            event,
            Decision::new(target).title(format!("New host {target}")).value("target", target),
        ))
    }

    /// A host no longer answers.
    #[rule {
        id: "host-gone",
        title: "Host that is gone",
        severity: informational,
        tags: ["attack.impact", "attack.t1529"],
        references: ["https://attack.mitre.org/techniques/T1529/"],
        false_positives: ["a host that was switched off on purpose", "networks in which hosts come and go"],
        dedupe_window: 1296000,
        resolve_after: 1296000,
        on: [host_gone],
    }]
    fn host_gone(event: &Event, settings: &Settings) -> Option<Decision> {
        let target = target(event)?;
        if settings.changing.iter().any(|network| network.has(target)) {
            return None;
        }
        let title = format!("Host {target} no longer answers");
        Some(with_name(event, Decision::new(target).title(title).value("target", target)))
    }

    /// Something else listens on a port than at the last scan. Informational if only its version is another.
    #[rule {
        id: "service-changed",
        title: "Service that has changed",
        severity: medium,
        tags: ["attack.persistence", "attack.t1505", "attack.t1543"],
        references: ["https://attack.mitre.org/techniques/T1505/"],
        false_positives: ["an upgrade", "a load balancer in front of different servers"],
        dedupe_window: 1296000,
        resolve_after: 1296000,
        on: [changed],
    }]
    fn service_changed(event: &Event, first: Option<bool>, method: Option<Text>) -> Option<Decision> {
        let port = Port::open(event)?;
        // A guess by the port's number says nothing of what listens.
        if first == Some(true) || method.is_some_and(|method| method == "table") {
            return None;
        }
        let fields = [field::BEFORE_SERVICE, field::BEFORE_PRODUCT, field::BEFORE_VERSION];
        let [service, product, version] = fields.map(|field| event.field(field).map(|text| text.head(TEXT)));
        // A scan that asks for the first time what it is has seen no change.
        service.or(product)?;
        let same = |now, before| event.field(now) == event.field(before);
        let upgraded =
            same(field::SERVICE, field::BEFORE_SERVICE) && same(field::PRODUCT, field::BEFORE_PRODUCT);
        let title = match (plain(event.field(field::BEFORE_SERVICE)), plain(event.field(field::SERVICE))) {
            _ if upgraded => format!("{port}: the service has another version"),
            (Some(before), Some(now)) if before != now => format!("{port} was {before} and is {now}"),
            _ => format!("{port}: another service listens"),
        };
        let decision = about(event, &port).title(title).value("before_service", service);
        let decision = decision.value("before_product", product).value("before_version", version);
        Some(if upgraded { decision.severity(Severity::Informational) } else { decision })
    }

    /// A scan asks for other ports or networks than before: what is new in them is no change of the network.
    #[rule {
        id: "coverage",
        title: "Scan that covers something else",
        severity: informational,
        tags: ["attack.discovery", "attack.t1046"],
        references: ["https://nmap.org/book/man-port-specification.html"],
        false_positives: ["a schedule that was changed on purpose"],
        dedupe_window: 691200,
        resolve_after: 691200,
        on: [coverage],
    }]
    fn coverage(event: &Event) -> Decision {
        let decision =
            scan::about(event).title(format!("Scan {} covers something else than before", scan::name(event)));
        let text = |field| event.field(field).map(|text| text.head(OUTPUT));
        decision.value("added", text(field::ADDED)).value("removed", text(field::REMOVED))
    }

    /// A scan gave nothing: what has changed since the last one is not known. Informational if somebody cancelled it.
    #[rule {
        id: "scan-failed",
        title: "Scan that failed",
        severity: medium,
        tags: ["attack.defense-evasion", "attack.t1562"],
        references: ["https://attack.mitre.org/techniques/T1562/"],
        false_positives: ["a scanner that was just taken off"],
        dedupe_window: 691200,
        resolve_after: 691200,
        on: [failed],
    }]
    fn scan_failed(event: &Event) -> Decision {
        scan::broken(event).title(format!("Scan {} failed{}", scan::name(event), scan::reason(event)))
    }

    /// A scan saw only a part of what it was asked for: the rest is unknown. Informational if somebody cancelled it.
    #[rule {
        id: "scan-partial",
        title: "Scan that is partial",
        severity: low,
        tags: ["attack.defense-evasion", "attack.t1562"],
        references: ["https://attack.mitre.org/techniques/T1562/"],
        false_positives: ["hosts that are slow", "a scan that was stopped on purpose"],
        dedupe_window: 691200,
        resolve_after: 691200,
        on: [partial],
    }]
    fn scan_partial(event: &Event) -> Decision {
        scan::broken(event).title(format!("Scan {} is partial{}", scan::name(event), scan::reason(event)))
    }

    /// A scan should have run by now and has not.
    #[rule {
        id: "scan-overdue",
        title: "Scan that is overdue",
        severity: medium,
        tags: ["attack.defense-evasion", "attack.t1562"],
        references: ["https://attack.mitre.org/techniques/T1562/"],
        false_positives: ["a machine that was off"],
        dedupe_window: 691200,
        resolve_after: 691200,
        on: [overdue],
    }]
    fn scan_overdue(event: &Event) -> Decision {
        scan::about(event).title(format!("Scan {} is overdue{}", scan::name(event), scan::reason(event)))
    }
}

/// Bytes of a stranger's name or banner that an incident shows.
const TEXT: usize = 100;
/// Bytes of what a script printed that an incident shows; the rest is in its evidence.
const OUTPUT: usize = 400;

/// Whether a port was opened since the last scan: it was looked at before, and was not open.
fn was_opened(event: &Event) -> bool {
    let opened = event.matched(pattern::PORT).is_some_and(|seen| seen.list_entry() == Some(1));
    opened && event.get::<bool>(field::FIRST) != Some(true)
}

/// A decision about a port: one incident for each port of each host and rule.
fn about(event: &Event, port: &Port) -> Decision {
    with_place(event, Decision::new(port.key()).value("target", port.target), Some(*port))
}

fn with_place(event: &Event, decision: Decision, port: Option<Port>) -> Decision {
    let decision = with_name(event, decision);
    let decision = decision.value("port", port.map(|port| port.number));
    let decision = decision.value("protocol", port.map(|port| port.protocol.name()));
    let text = |field| event.field(field).map(|text| text.head(TEXT));
    let decision = decision.value("service", text(field::SERVICE)).value("product", text(field::PRODUCT));
    let decision = decision.value("version", text(field::VERSION)).value("method", text(field::METHOD));
    // What an earlier scan was told, where this one has not asked.
    let decision = decision.value("remembered_service", text(field::REMEMBERED_SERVICE));
    let decision = decision.value("remembered_product", text(field::REMEMBERED_PRODUCT));
    let decision = decision.value("remembered_version", text(field::REMEMBERED_VERSION));
    decision.value("remembered_time", text(field::REMEMBERED_TIME))
}

fn with_name(event: &Event, decision: Decision) -> Decision {
    let text = |field| event.field(field).map(|text| text.head(TEXT));
    decision.value("name", text(field::NAME)).value("scan", text(field::SCAN))
}
