//! Attacks on web servers, from their access and error logs.
//!
//! Whoever asks chooses the request, the referer and the agent. So nothing is read from the line as a whole: patterns
//! look at one field each, and the address is the one that the server wrote.
#![forbid(unsafe_code)]

use tripline_sdk::prelude::*;

/// What the pack remembers; every part is bounded.
#[derive(Default, State)]
pub struct WebAttacks {
    refused: DistinctCount<256>,
    logins: SlidingCount<256>,
}

#[tripline_sdk::pack {
    name: "web-attacks",
    description: "Attacks on web servers: traversal, injection, scripts, log4j lookups, scanners, forced browsing, login guessing.",
    sources: [{ category: "webserver" }],
    patterns: {
        traversal: {
            field: "uri-decoded",
            regex: r"(?:^|[/\\?&=;])(?:\.\.[/\\;]){2}|\.\.[/\\].{0,200}?(?i:etc[/\\](?:passwd|shadow|hosts|group)|proc[/\\]self|win\.ini|boot\.ini|web\.xml|\.ssh[/\\]|\.env\b)|(?i:[?&=](?:file://)?/(?:etc/(?:passwd|shadow|group)|proc/self/))",
        },
        sql: {
            field: "uri-decoded",
            regex: r#"(?i)\bunion(?:\s|/\*.{0,40}?\*/)+(?:all\s+|distinct\s+)?select\b|['")]\s*(?:or|and)\s+(?:['"]?\w{1,30}['"]?\s*(?:=|<|>|like\b)|not\b|exists\b)|\b(?:pg_sleep|benchmark|extractvalue|updatexml|xp_cmdshell|load_file)\s*\(|\bwaitfor\s+delay\b|\bsleep\s*\(\s*\d|\binformation_schema\b|;\s*(?:drop|truncate|alter)\s+table\b|;\s*(?:insert\s+into|delete\s+from|exec(?:ute)?[\s(])|\border\s+by\s+\d{1,3}\s*(?:--|#)|/\*!\d{5}|'\s*(?:--|#)"#,
        },
        script: {
            field: "uri-decoded",
            regex: r#"(?i)<\s*(?:script|iframe|object|embed|svg|img|body|video|details)\b|\bjavascript\s*:|\bon(?:error|load|click|focus|toggle|mouseover|animationstart)\s*=|\bdocument\s*\.\s*(?:cookie|domain|location)\b|\balert\s*\("#,
        },
        shell: {
            field: "uri-decoded",
            regex: r#"(?i)(?:[;|&`\n]|\$\()\s*(?:/(?:usr/)?bin/)?(?:cat|id|whoami|uname|wget|curl|nc|ncat|bash|sh|dash|ping|nslookup|python3?|perl|php|chmod|rm|echo|powershell|cmd\.exe|certutil)(?:[\s)`;|&<>]|$)|/bin/(?:ba|da|z)?sh\b|\bcmd\.exe\b|\$\{IFS\}"#,
        },
        shellshock: { field: "cs(User-Agent)", regex: r"\(\)\s*\{\s*[^}]{0,40};?\s*\}\s*;" },
        shellshock_referer: { field: "cs(Referer)", regex: r"\(\)\s*\{\s*[^}]{0,40};?\s*\}\s*;" },
        lookup: { field: "uri-decoded", regex: r"(?i)\$\{.{0,80}?(?:jndi|::-|lower:|upper:|env:|sys:|date:)" },
        lookup_agent: { field: "cs(User-Agent)", regex: r"(?i)\$\{.{0,80}?(?:jndi|::-|lower:|upper:|env:|sys:|date:)" },
        lookup_referer: { field: "cs(Referer)", regex: r"(?i)\$\{.{0,80}?(?:jndi|::-|lower:|upper:|env:|sys:|date:)" },
        scanner: {
            field: "cs(User-Agent)",
            contains: ["sqlmap", "nikto", "nmap scripting engine", "masscan", "zgrab", "wpscan", "dirbuster", "gobuster", "ffuf", "fuzz faster u fool", "feroxbuster", "nuclei", "acunetix", "nessus", "openvas", "arachni", "w3af", "havij", "whatweb", "jaeles", "netsparker", "wfuzz", "dirsearch", "joomscan", "commix", "skipfish", "zmeu", "morfeus", "burpsuite", "interactsh", "l9explore", "hakrawler"],
            case_insensitive: true,
        },
        refused: { field: "sc-status", equals: ["401", "403", "404", "405", "410"] },
        login: { field: "cs-uri-stem", regex: r"(?i)/(?:wp-login\.php|xmlrpc\.php|log-?in|sign-?in|auth|session|user/login|account/login|administrator(?:/index\.php)?|admin/login(?:\.php)?|j_security_check)/?$" },
        post: { field: "cs-method", equals: ["POST", "PUT"] },
        denied: { field: "sc-status", equals: ["401"] },
        moved: { field: "sc-status", equals: ["302", "303"] },
        served: { field: "sc-status", compare: { ge: 200, lt: 300 } },
        trusted: { field: "c-ip", cidr: setting(trusted) },
    },
    settings: {
        /// Different paths that one address is refused that make an incident.
        paths: { integer: 40, min: 2, max: 200 },
        /// Seconds in which it must ask for them.
        paths_window: { integer: 300, min: 1, max: 86400 },
        /// Logins that fail from one address that make an incident.
        logins: { integer: 10, min: 1, max: 1000 },
        /// Seconds in which they must happen.
        logins_window: { integer: 600, min: 1, max: 86400 },
        /// Networks that are never reported, like 192.0.2.0/24: our own scanners.
        trusted: { strings: [], max_items: 1000, max_length: 64 },
    },
    fields: ["c-ip", "cs-method", "cs-uri-stem", "uri-decoded", "sc-status", "cs(User-Agent)"],
}]
impl WebAttacks {
    /// A request leaves the server's folders, or names a file of the system. It is high if it was answered with 2xx.
    #[rule {
        id: "path-traversal",
        title: "Path traversal tried",
        severity: medium,
        tags: ["attack.initial-access", "attack.t1190"],
        references: ["https://attack.mitre.org/techniques/T1190/", "https://owasp.org/www-community/attacks/Path_Traversal"],
        false_positives: ["an application that takes paths as parameters"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [traversal], none: [trusted] }],
    }]
    fn traversal(&mut self, event: &Event) -> Option<Decision> {
        tried(event, "Path traversal")
    }

    /// A request has SQL where none belongs. It is high if it was answered with 2xx.
    #[rule {
        id: "sql-injection",
        title: "SQL injection tried",
        severity: medium,
        tags: ["attack.initial-access", "attack.t1190"],
        references: ["https://attack.mitre.org/techniques/T1190/", "https://owasp.org/www-community/attacks/SQL_Injection"],
        false_positives: ["a search for such words", "a tool of one's own that sends queries"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [sql], none: [trusted] }],
    }]
    fn sql(&mut self, event: &Event) -> Option<Decision> {
        tried(event, "SQL injection")
    }

    /// A request has a script or its markup in it. It is high if it was answered with 2xx.
    #[rule {
        id: "cross-site-scripting",
        title: "Cross-site scripting tried",
        severity: medium,
        tags: ["attack.initial-access", "attack.t1189"],
        references: ["https://attack.mitre.org/techniques/T1189/", "https://owasp.org/www-community/attacks/xss/"],
        false_positives: ["an editor that sends markup in its queries"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [script], none: [trusted] }],
    }]
    fn script(&mut self, event: &Event) -> Option<Decision> {
        tried(event, "Cross-site scripting")
    }

    /// A request has a command of a shell in it, or the header that bash once took for one (CVE-2014-6271). It is high
    /// if it was answered with 2xx.
    #[rule {
        id: "shell-injection",
        title: "Shell injection tried",
        severity: medium,
        tags: ["attack.initial-access", "attack.t1190", "attack.execution", "attack.t1059.004"],
        references: ["https://attack.mitre.org/techniques/T1059/004/", "https://owasp.org/www-community/attacks/Command_Injection"],
        false_positives: ["queries that are separated by semicolons"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [
            { all: [shell], none: [trusted] },
            { all: [shellshock], none: [trusted] },
            { all: [shellshock_referer], none: [trusted] },
        ],
    }]
    fn shell(&mut self, event: &Event) -> Option<Decision> {
        tried(event, "Shell injection")
    }

    /// A request, referer or agent has a lookup that log4j 2 would have followed (CVE-2021-44228). The answer says
    /// nothing of whether somebody logged it.
    #[rule {
        id: "log4j-lookup",
        title: "Log4j lookup tried",
        severity: high,
        tags: ["attack.initial-access", "attack.t1190", "cve.2021-44228"],
        references: ["https://logging.apache.org/security.html#CVE-2021-44228"],
        false_positives: ["templates that write ${env:…} in a query"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [
            { all: [lookup], none: [trusted] },
            { all: [lookup_agent], none: [trusted] },
            { all: [lookup_referer], none: [trusted] },
        ],
    }]
    fn lookup(&mut self, event: &Event) -> Option<Decision> {
        decision(event, "Log4j lookup").map(|decision| decision.severity(Severity::High))
    }

    /// An agent says that it is a scanner for weaknesses.
    #[rule {
        id: "scanner",
        title: "Scanner for weaknesses",
        severity: low,
        tags: ["attack.reconnaissance", "attack.t1595.002"],
        references: ["https://attack.mitre.org/techniques/T1595/002/"],
        false_positives: ["a scan that was ordered: list its network in `trusted`"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [scanner], none: [trusted] }],
    }]
    fn scanner(&mut self, event: &Event) -> Option<Decision> {
        let ip = event.field(field::C_IP)?;
        let decision = Decision::new(ip).title(format!("Scanner for weaknesses at {ip}"));
        Some(decision.value("ip", ip).value("agent", event.field(field::CS_USER_AGENT_)))
    }

    /// One address asks for many different things that are not there or not allowed: it looks for what nobody links to.
    #[rule {
        id: "forced-browsing",
        title: "Many refused paths from one address",
        severity: low,
        tags: ["attack.reconnaissance", "attack.t1595.003"],
        references: ["https://attack.mitre.org/techniques/T1595/003/"],
        false_positives: ["a crawler behind a move of the site", "a page with many dead links"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [refused], none: [trusted] }],
    }]
    fn browsing(&mut self, event: &Event, settings: &Settings) -> Option<Decision> {
        let (ip, path) = (event.field(field::C_IP)?, event.field(field::CS_URI_STEM)?);
        let spread = self.refused.hit(event, ip, path, settings.paths, settings.paths_window)?;
        let title = format!("{} different paths refused to {ip}", spread.count());
        let decision = Decision::new(ip).title(title).value("ip", ip);
        Some(decision.value("paths", spread.listed(10)).evidence(&spread.ids))
    }

    /// One address sends a login again and again: each is refused, or moves it back to where it came from.
    #[rule {
        id: "login-guessing",
        title: "Login guessing on a web server",
        severity: medium,
        tags: ["attack.credential-access", "attack.t1110"],
        references: ["https://attack.mitre.org/techniques/T1110/"],
        false_positives: ["a client with an old password", "many users behind one address"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [
            { all: [denied], none: [trusted] },
            { all: [login, post], none: [trusted, moved] },
        ],
    }]
    fn guessing(&mut self, event: &Event, settings: &Settings) -> Option<Decision> {
        let ip = event.field(field::C_IP)?;
        let burst = self.logins.hit(event, ip, settings.logins, settings.logins_window)?;
        let decision = Decision::new(ip).title(format!("Login guessing from {ip}"));
        let decision = decision.value("ip", ip).value("path", event.field(field::CS_URI_STEM));
        Some(decision.value("failures", burst.total).evidence(&burst.ids))
    }
}

/// What was tried, as bad as its answer.
fn tried(event: &Event, what: &str) -> Option<Decision> {
    let served = event.has(pattern::SERVED);
    let severity = if served { Severity::High } else { Severity::Medium };
    Some(decision(event, what)?.severity(severity))
}

fn decision(event: &Event, what: &str) -> Option<Decision> {
    let ip = event.field(field::C_IP)?;
    let decision = Decision::new(ip).title(format!("{what} tried from {ip}")).value("ip", ip);
    let decision = decision.value("method", event.field(field::CS_METHOD));
    let target = event.field(field::URI_DECODED).map(|target| target.head(300));
    Some(decision.value("target", target).value("status", event.field(field::SC_STATUS)))
}
