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
        // `\xc0\xaf` is a slash spelled too long, but a syllable in EUC-KR, too: only behind dots.
        traversal: {
            field: "uri-decoded",
            regex: r"(?i)(?:^|[/\\?&=;])(?:\.\.\x00?[/\\;]){2}|\.\.[/\\].{0,200}?(?:etc//?(?:passwd|shadow|hosts|group)|proc[/\\]self|win\.ini|boot\.ini|web\.xml|\.ssh[/\\]|\.env\b)|[?&=](?:file:)?/{1,5}(?:etc//?(?:passwd|shadow|group)|proc/self/)|/\.\.;/|(?:\.\.|\xc0\xae\xc0\xae)(?:\xc0\xaf|\xc1\x9c|%u221[56])|%u002e%u002e|\xc0\xae\xc0\xae[/\\]|=(?:file:/{0,3})?[a-z]:[/\\]{1,4}(?:[\w ]{1,20}[/\\]{1,4}){0,3}(?:win\.ini|system\.ini|boot\.ini|system32[/\\])",
        },
        // Statements. English has the words, but neither a list of columns, nor a bracket right behind the name.
        select: {
            field: "uri-decoded",
            regex: r#"(?i)\bunion(?:\s|/\*[^*]*\*/)+(?:all|distinct)(?:\s|/\*[^*]*\*/)+select\b|\bunion\s*(?:\(\s*|/\*[^*]*\*/\s*)select\b|\bunion\s+select(?:\s*[\d'"@(*/]|\s+null\b|\s+\w{1,30}(?:\(|,\w|\s+from\s+\w))|\(\s*select(?:\s+\w{1,30}\(|\s*\(|\s+@@|\s.{1,80}?\sfrom\s.{1,80}?\s(?:where|limit)\b)"#,
        },
        sql: {
            field: "uri-decoded",
            regex: r#"(?i)\b(?:pg_sleep|extractvalue|updatexml|load_file)\s*\(|\bxp_cmdshell[ (]\s{0,3}['"]|\bbenchmark\(\s*\d{1,12}\s*,|\bwaitfor\W{1,10}delay\b|\bsleep\(\s*['"]?\d{1,5}(?:\.\d{1,5})?['"]?\s*[)*-]|\bfrom[\s(/*]{1,10}information_schema\b|\binto\s+(?:out|dump)file\s{0,3}['"]|[\d'")]\s?;\s?(?:drop|truncate|alter)\s+table\b|;\s?(?:drop|truncate|alter)\s+table\s+\w+\s?(?:--|;)|;\s*insert\s+into\s+\w+\s*(?:\(|values\b|select\b)|;\s*delete\s+from\s+\w+\s*(?:;|--|where\b)|[\d'")]\s?;\s?delete\s+from\b|;\s*exec(?:ute)?\W{1,5}(?:xp_|sp_|master\b|immediate\b)|\border\s+by\s+\d{1,3}\s*(?:--|#)|/\*!\d{5}"#,
        },
        // What is always true, and what leaves the rest out. Both sides are constants: people and tools write
        // `'a' and rating=3` in filters.
        always: {
            field: "uri-decoded",
            regex: r#"(?i)(?:['"] ?(?:or|and|\|\||&&)|['"`]\) ?(?:or|and)|['")]\)\) ?(?:or|and)|['"`] ?/\*[^*]*\*/\s?(?:or|and|\|\||&&))(?:\s|/\*[^*]*\*/)*(?:\({0,3}['"]?\d{1,10}['"]?\){0,3}(?:\s|/\*[^*]*\*/)*(?:[=<>]|\blike\b|!=)\s{0,3}\(?['"\d]|['"]\w{0,20}['"]?\s{0,3}(?:[=<>]|\blike\b)\s{0,3}['"]\w{0,20}(?:\){0,3}(?:$|&)|['"]?\)?\s?(?:--|#|/\*))|(?:true|false|\d{1,10})\s{0,3}(?:--|#|/\*|;)|['"]\d{1,10}(?:$|&)|(?:exists\s?)?\(\s?select\b|(?:ascii|ord|substr|mid|char_length|if)\(|(?:length|substring)\(\(?(?:select|user|database|version|@@)|\w{1,30}\s?(?:=|like)[^&]{1,40}(?:--|#)\s{0,3}-?(?:$|&))"#,
        },
        // The same behind a number, and what ends a statement early.
        ended: {
            field: "uri-decoded",
            regex: r#"(?i)(?: or [0-3]| or [4-7]| or [89]| and [0-3]| and [4-7]| and [89])\d{0,9}\s{0,3}(?:=|<>|like)\s{0,3}\d|\*/(?:or|and)/\*[^*]*\*/\d|\bhaving\s{1,4}\(?['"]?\d{1,10}['"]?\s{0,3}[=<>]\s?\(?['"]?\d|\w'/\*|['"]\)? ?order by \d|[=/][^&'"]{0,60}(?:['"] ?--|['"`]\) ?--|['")]\)?;--|' ?#|'\)#)[\s-]{0,4}(?:$|&)"#,
        },
        // Without white space before tags: browsers take no such thing for one.
        script: {
            field: "uri-decoded",
            regex: r#"(?i)</?script\b|%u003c|\\u003c/?(?:script|img|svg|iframe)\b|<(?:iframe|frame|object|embed|svg|img|image|body|video|audio|details|marquee|meta|style|isindex)[\s/][^>]{0,100}?=|['"]> ?<[/!a-z]|\bjavascript:(?:/[/*]|[\w.$]{1,40}[(\[=`]|['"%])|\bjava[\t\r\n]{1,3}script\s?:|\bjav[\t\r\n]{1,3}ascript\s?:|[(+,;`{]\s?document\s?\.\s?(?:cookie|domain|location)\b|\bdocument\.(?:cookie|domain|location)\s?[=+)]|\b(?:alert|confirm|prompt)[(`](?:[\d'"`/]|document\b|window\b|location\b|origin\b|self\b)|\bstring\.fromcharcode\("#,
        },
        // Attributes of an element or behind a quote: a parameter may be called so, too.
        handler: {
            field: "uri-decoded",
            regex: r#"(?i)(?:<[a-z][^<>]{0,120}?[\s/'"]|['"][\s/]{0,3})(?:srcdoc|formaction|onmouse|onpointer|onkey|ontouch|ondrag|onanimation|ontransition|onblur|onfocus|onload|onerror|onstart|onfinish|onbounce|ontoggle|onclick|ondblclick|onauxclick|oncontextmenu|onbegin|onend|onrepeat|onscroll|onwheel|onbefore|onafter|oncopy|oncut|onpaste|oninput|oninvalid|onchange|onsubmit|onreset|onselect|onsearch|onresize|onpage|onhash|onmessage|onpopstate|onplay|onpause|oncanplay|ontimeupdate|onshow|oncuechange|onunhandled)[a-z]{0,20}\s{0,3}="#,
        },
        // Commands with what they are given: without, they are words that lists are made of.
        shell: {
            field: "uri-decoded",
            regex: r#"(?i)(?:[;|`\n]|&&|\$\(|[?&](?:cmd|exec|command|execute)=)\s{0,3}(?:/(?:usr/)?(?:local/)?bin/)?(?:cat[ <\t]\s{0,3}[\w-]{0,40}[/.~$][\w./{]|(?:wget |curl )\s{0,3}(?:-|["']?(?:https?|ftp):|[\w.:-]*(?:/\w|\.(?:com|net|org|io|me|sh|site|live|fun|pro|xyz|example)\b|\d\.\d))|(?:ping |ncat |netcat |nc )\s{0,3}(?:-\w|\d{1,3}\.|[\w-]+\.\w)|nslookup \s{0,3}[\w-]+\.|(?:python[23]? |perl |php |ruby |sh |bash |dash |zsh )\s{0,3}(?:-\w|[/.])|chmod [0-7+ugoa-]|rm -|echo (?:-[ne] |["'$`\d])|powershell(?:\.exe)? [-/]|cmd(?:\.exe)? /[ckr]|certutil(?:\.exe)? [-/]|busybox \w|type [a-z]:|dir [a-z]:|net (?:user|localgroup)(?:\s?(?:$|[/;|&])| \w+ \S+ /add))"#,
        },
        // Commands that do without. `id`, `env` and `dir` end lists of columns, too: not behind a word.
        command: {
            field: "uri-decoded",
            regex: r#"(?i)(?:(?:[;|\n]|&&) ?(?:whoami|ifconfig|ipconfig|uname|netstat|systeminfo)|[;|] ?ls|[=\d]\n ?ls|&& ?ls|(?:[=\d.'")]|\.\d{1,3} )[;|\n] ?(?:id|env)|(?:[=\d'"]|\.\d{1,3} )[;|\n] ?dir|[=\d.]&& ?(?:id|dir)|[?&](?:cmd|exec|command|execute)=(?:whoami|ifconfig|ipconfig|uname|netstat|systeminfo))(?:[;|&`#<>)\n]|\s?$|\s[-/.~$;|&#<>])|[?&](?:cmd=|exec=|command=|execute=)(?:(?:id|env)(?:[;|&]|$)|ls [-/.])"#,
        },
        // Commands whose output is put in their place, and programs that are named by their path.
        program: {
            field: "uri-decoded",
            regex: r#"(?i)\$\((?:ls|id|env|dir|cat|echo|whoami|uname|ifconfig|sleep|ping|curl|wget|nslookup|bash|printf)[\s)<]|`(?:ls|id|env|dir|cat|echo|whoami|uname|ifconfig|sleep|ping|curl|wget|nslookup|bash|printf)(?:`|[ <][^`]{0,100}`)|[;|`\n] ?/(?:usr/)?(?:local/)?s?bin/\w|(?:[;|\n]|&&) ?sleep \d{1,4}(?:\s?[;|&#`)]|\s?$)|(?:[;|`(>]|\.\.|-\w )/(?:usr/)?bin/(?:ba|da|z)?sh\b|[/\\;|]cmd\.exe\b|\$\{ifs\}"#,
        },
        // An ampersand that belongs to a value; decoded, it begins a parameter.
        ampersand: {
            field: "cs-uri-query",
            regex: r"(?i)(?:%26%26|%26)(?:(?:dir|whoami|ipconfig|ifconfig|netstat|ls)(?:%26|%7c|%3b|%23|%0a|[&+ ]|$)|(?:%20|[+ ]|)(?:(?:whoami|ipconfig|ifconfig|netstat)(?:%26|%7c|%23|&|$)|sleep(?:%20|[+ ])\d{1,4}(?:&|$)|ping(?:%20|[+ ])-|cat(?:%20|[+ ])(?:/|%2f)|(?:type|dir)(?:%20|[+ ])[a-z](?::|%3a)))|(?:\.\d{1,3}|=)%26id(?:%26|%7c|%23|&|$)",
        },
        shellshock: { field: "cs(User-Agent)", regex: r"\(\)\s*\{\s*[^}]{0,40};?\s*\}\s*;" },
        shellshock_referer: { field: "cs(Referer)", regex: r"\(\)\s*\{\s*[^}]{0,40};?\s*\}\s*;" },
        lookup: { field: "uri-decoded", regex: r"(?i)(?:\$|%24)(?:\{|%7b)(?:.{0,80}?(?:jndi|::-|lower:|upper:|env:|sys:|date:)|[\w:]{0,12}\$\{|[^{}]{0,40}:-[^{}]\})" },
        lookup_agent: { field: "cs(User-Agent)", regex: r"(?i)(?:\$|%24)(?:\{|%7b)(?:.{0,80}?(?:jndi|::-|lower:|upper:|env:|sys:|date:)|[\w:]{0,12}\$\{|[^{}]{0,40}:-[^{}]\})" },
        lookup_referer: { field: "cs(Referer)", regex: r"(?i)(?:\$|%24)(?:\{|%7b)(?:.{0,80}?(?:jndi|::-|lower:|upper:|env:|sys:|date:)|[\w:]{0,12}\$\{|[^{}]{0,40}:-[^{}]\})" },
        lookup_user: { field: "cs-username", regex: r"(?i)(?:\$|%24)(?:\{|%7b)(?:.{0,80}?(?:jndi|::-|lower:|upper:|env:|sys:|date:)|[\w:]{0,12}\$\{|[^{}]{0,40}:-[^{}]\})" },
        scanner: {
            field: "cs(User-Agent)",
            contains: ["sqlmap", "nikto", "nmap scripting engine", "masscan", "zgrab", "wpscan", "dirbuster", "gobuster", "ffuf", "fuzz faster u fool", "feroxbuster", "nuclei", "acunetix", "nessus", "openvas", "arachni", "w3af", "havij", "whatweb", "jaeles", "netsparker", "wfuzz", "dirsearch", "joomscan", "commix", "skipfish", "zmeu", "morfeus", "burpsuite", "interactsh", "l9explore", "hakrawler"],
            case_insensitive: true,
        },
        refused: { field: "sc-status", equals: ["401", "403", "404", "405", "410"] },
        login: {
            field: "cs-uri-stem",
            regex: r"(?i)/(?:(?:admin/|user/|account/)?(?:log[-_]?in|sign[-_]?in|auth|authenticate|sessions?)(?:\.(?:php|aspx?|jsp|html?|do|action|cgi))?|wp-login\.php|xmlrpc\.php|administrator(?:/index\.php)?|j_security_check|auth\.owa)/?$",
        },
        // phpMyAdmin's own pages post to the same file, but say a route.
        login_phpmyadmin: { field: "uri-decoded", regex: r"(?i)/(?:phpmyadmin|pma)/(?:index\.php)?(?:\?route=/)?$" },
        // A token that is handed out is no page that comes back.
        token: { field: "cs-uri-stem", regex: r"(?i)/(?:oauth2?(?:/v\d)?/token|connect/token|api/token)/?$" },
        // Tomcat writes no name of who is not let in.
        manager: { field: "cs-uri-stem", regex: r"/(?:host-)?manager/(?:html|text|status)\b" },
        post: { field: "cs-method", equals: ["POST", "PUT"] },
        denied: { field: "sc-status", equals: ["401"] },
        // Basic's and Digest's name, which is written when the password is wrong, too; a first challenge has none.
        named: { field: "cs-username", exists: true },
        // IIS writes no name, but Windows' reason: bad password, disabled, expired, locked.
        logon_failure: { field: "sc-win32-status", equals: ["1326", "1331", "1330", "1909"] },
        // What answers a wrong password: the form once more, or an error of the client's. Neither a move nor a failure.
        unmoved: { field: "sc-status", equals: ["200", "400", "401", "403", "422", "423", "429"] },
        rejected: { field: "sc-status", equals: ["400", "401", "403", "429"] },
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
        on: [
            { all: [select], none: [trusted] },
            { all: [sql], none: [trusted] },
            { all: [always], none: [trusted] },
            { all: [ended], none: [trusted] },
        ],
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
        on: [{ all: [script], none: [trusted] }, { all: [handler], none: [trusted] }],
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
            { all: [command], none: [trusted] },
            { all: [program], none: [trusted] },
            { all: [ampersand], none: [trusted] },
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
            { all: [lookup_user], none: [trusted] },
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

    /// One address sends a login again and again: each is refused, or answered with the form once more. A 401 alone is
    /// what clients of NTLM, git and docker get first each time, so it counts only with a name or Windows' reason.
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
            { all: [denied, named], none: [trusted] },
            { all: [denied, logon_failure], none: [trusted] },
            { all: [denied, manager], none: [trusted] },
            { all: [login, post, unmoved], none: [trusted] },
            { all: [login_phpmyadmin, post, unmoved], none: [trusted] },
            { all: [token, post, rejected], none: [trusted] },
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
