//! Who may do what, from the server's own document: every route × every scope, without a token, with a wrong one, and
//! with what is another tenant's.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tripline::abi::Severity;
use tripline::incidents::Filter;
use tripline::quota::Quota;
use tripline::scans::ScanStore;
use tripline::tenants::NewTenant;
use tripline::token::{Scope, TokenSecret};

use crate::api::{
    call, exception, get, incident, new_silence, resolve, scan, scan_file, send, silence, somebody, tenant,
    token,
};
use crate::fixture::{SCHEDULES, Setup, Site, lines, problem};
use crate::packs;
use crate::raw::{PATIENCE, Reply};

/// An operation as the document has it.
struct Route {
    method: String,
    path: String,
    /// What its token needs; `None`: there is none.
    needed: Option<Scope>,
    successes: Vec<u16>,
    statuses: Vec<u16>,
    has_body: bool,
}

fn routes(site: &Site) -> Vec<Route> {
    let document = get(site, "/api/v1/openapi.json", &site.token(Scope::Operator)).json();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation["security"].as_array().unwrap_or_else(|| panic!("{method} {path}"));
            let needed = security[0].get("token").map(|scopes| scopes[0].as_str().unwrap().parse().unwrap());
            let responses = operation["responses"].as_object().unwrap();
            let statuses: Vec<u16> = responses.keys().map(|status| status.parse().unwrap()).collect();
            routes.push(Route {
                method: method.to_ascii_uppercase(),
                path: path.clone(),
                needed,
                successes: statuses.iter().copied().filter(|status| (200..300).contains(status)).collect(),
                statuses,
                has_body: operation.get("requestBody").is_some(),
            });
        }
    }
    routes
}

/// Another number each time: there is one scan of a name at a time.
fn another() -> u32 {
    static NUMBERS: AtomicU32 = AtomicU32::new(0);
    NUMBERS.fetch_add(1, Relaxed)
}

/// A body that is taken; a route that has one and is not here fails the test.
fn body(route: &Route) -> Option<Value> {
    let body = match (&route.method[..], &route.path[..]) {
        ("POST", "/api/v1/incidents") => json!({ "severity": "low", "title": "a report" }),
        ("POST", "/api/v1/incidents/{id}/assign") => json!({ "to": "jana" }),
        ("POST", "/api/v1/incidents/{id}/comment") => json!({ "text": "seen" }),
        ("POST", "/api/v1/incidents/{id}/resolve") => json!({ "resolution": "expected" }),
        ("POST", "/api/v1/incidents/{id}/acknowledge" | "/api/v1/incidents/{id}/reopen")
        | ("POST", "/api/v1/notices/retry") => json!({}),
        ("POST", "/api/v1/silences") => new_silence(),
        ("POST", "/api/v1/exceptions") => json!({ "rule": "x/*", "reason": "known" }),
        ("POST", "/api/v1/scans") => {
            let name = format!("scan-{}", another());
            json!({ "name": name, "targets": ["127.0.0.1"], "ports": "1", "every_address": true })
        }
        ("POST", "/api/v1/tenants") => json!({ "name": format!("tenant-{}", another()) }),
        ("PATCH", "/api/v1/tenants/{tenant}") => json!({ "quota": { "lines": 100 } }),
        ("POST", "/api/v1/tenants/{tenant}/recipients/ask") => json!({ "address": "a@example.org" }),
        ("POST", "/api/v1/tenants/{tenant}/recipients/confirm") => json!({ "address": "a@example.org" }),
        ("POST", "/api/v1/recipients/confirm") => json!({ "token": "tlc_" }),
        ("PUT", "/api/v1/tenants/{tenant}/signers") => json!({ "signed_by": [] }),
        ("PUT", "/api/v1/packs/{name}") => return None,
        ("PUT", "/api/v1/packs/{name}/settings") => json!({ "settings": {} }),
        ("POST", "/api/v1/tokens") => json!({ "name": "t", "scope": "reader" }),
        _ => {
            assert!(!route.has_body, "{} {}: what is its body?", route.method, route.path);
            return None;
        }
    };
    Some(body)
}

/// A new thing of the tenant that the path is about; answers its number.
fn thing(site: &Site, of: &str, path: &str) -> i64 {
    if path.starts_with("/api/v1/silences") {
        return silence(site, of);
    }
    if path.starts_with("/api/v1/exceptions") {
        return exception(site, of);
    }
    if path.starts_with("/api/v1/tokens") {
        return token(site, of);
    }
    if path.starts_with("/api/v1/tenants/") {
        let id = i64::from(another());
        let token = ("lines".into(), TokenSecret::draw().unwrap().hash());
        let (tenant, recipients) = (tenant(&format!("made-{id}")), vec!["a@example.org".into()]);
        site.database
            .add_tenant(
                NewTenant { tenant, recipients, confirmed: false, quota: Quota::default(), token },
                somebody(),
            )
            .unwrap()
            .unwrap();
        return id;
    }
    if path.starts_with("/api/v1/scans") {
        return scan(site, of, !path.ends_with("/cancel"));
    }
    let count = site.database.page(&tenant(of), &Filter::default(), None, 10_000).unwrap().incidents.len();
    let id = incident(site, of, &format!("incident {count}"), Severity::Low);
    if path.ends_with("/reopen") {
        resolve(site, of, id);
    }
    id
}

/// Waits until the server has nothing left to do with scans.
#[track_caller]
fn until_judged(site: &Site) {
    let until = Instant::now() + PATIENCE;
    while !site.database.running().unwrap().is_empty() || !site.database.unjudged_of_all().unwrap().is_empty()
    {
        assert!(Instant::now() < until, "{:?}", site.database.unjudged_of_all());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ask(site: &Site, route: &Route, id: i64, token: Option<&str>) -> Reply {
    let schedule = format!("yearly-{}", another() % SCHEDULES);
    let path = route.path.replace("{id}", &id.to_string()).replace("{name}", &schedule);
    let path = path.replace("{tenant}", &format!("made-{id}"));
    if path == "/api/v1/scans/import" {
        let headers = "Content-Type: application/xml\r\n";
        let path = format!("{path}?name=file-{}", another());
        return send(site, &route.method, &path, token, headers, &scan_file(1_795_000_000));
    }
    if path == "/api/v1/ingest" {
        let headers = "Content-Type: text/plain\r\n";
        return send(site, &route.method, &format!("{path}?source=web"), token, headers, &lines(0, 1));
    }
    if path == "/api/v1/otlp/logs" {
        return call(site, &route.method, &path, token, "", Some(&json!({})));
    }
    if path.starts_with("/api/v1/packs/") {
        // Two versions, so that there is one to go back to.
        let path = path.replace(&schedule, packs::NAME);
        packs::keep(site, "default");
        if route.method == "PUT" && route.path.ends_with("{name}") {
            return packs::put(site, packs::NAME, token, packs::WASM, &packs::module("good"));
        }
        return call(site, &route.method, &path, token, "", body(route).as_ref());
    }
    call(site, &route.method, &path, token, "If-Match: *\r\n", body(route).as_ref())
}

#[test]
fn every_route_lets_in_whom_it_says_and_nobody_else() {
    let site = Site::of(Setup::limited(|limits| limits.guesses = 10_000));
    let routes = routes(&site);
    assert!(routes.len() >= 24, "{}", routes.len());
    let tokens = Scope::ALL.map(|scope| (scope, site.token(scope)));
    let now = site.now();
    let over = site.token_of("default", Scope::Operator, Some(now));
    let unknown = format!("tl_{}", "A".repeat(43));
    for route in &routes {
        let name = format!("{} {}", route.method, route.path);
        let Some(needed) = route.needed else {
            assert!(
                ["/livez", "/readyz", "/api/v1/recipients/confirm"].contains(&&route.path[..]),
                "{name} needs no token"
            );
            continue;
        };
        let id = thing(&site, "default", &route.path);
        for wrong in [None, Some(&unknown[..]), Some(&over), Some("x"), Some("")] {
            let reply = ask(&site, route, id, wrong);
            assert_eq!((reply.status, problem(&reply).as_str()), (401, "no-token"), "{name} with {wrong:?}");
            assert!(reply.header("www-authenticate").is_some(), "{name}");
        }
        for (scope, token) in &tokens {
            let asked = || ask(&site, route, thing(&site, "default", &route.path), Some(token));
            let mut reply = asked();
            // A scan that is not the server's own is ended by it, and perhaps before it is cancelled.
            for _ in 0..100 {
                if reply.status == 409 && route.path.ends_with("/cancel") {
                    reply = asked();
                }
            }
            assert!(route.statuses.contains(&reply.status), "{name}: {} is not documented", reply.status);
            if scope.covers(needed) {
                let successes = &route.successes;
                assert!(
                    successes.contains(&reply.status),
                    "{name} as {scope}: expected {successes:?}, {reply:?}"
                );
            } else {
                assert_eq!((reply.status, problem(&reply).as_str()), (403, "forbidden"), "{name} as {scope}");
            }
        }
    }
}

/// Whose something is and who did it says the token, and nobody's body.
#[test]
fn no_body_says_whose_something_is() {
    let site = Site::new();
    let token = site.token(Scope::Operator);
    let mut asked = 0;
    for route in routes(&site) {
        let name = format!("{} {}", route.method, route.path);
        // Lines and files say nothing but themselves.
        if ["/api/v1/ingest", "/api/v1/otlp/logs", "/api/v1/scans/import"].contains(&&route.path[..]) {
            continue;
        }
        let Some(body) = body(&route) else { continue };
        for key in ["tenant", "role", "scope", "created_by", "author", "id"] {
            let mut body = body.clone();
            if body.get(key).is_some() {
                // How far a token goes is said, and bounded by who makes it.
                assert_eq!((key, &route.path[..]), ("scope", "/api/v1/tokens"));
                continue;
            }
            body[key] = json!("other");
            let id = thing(&site, "default", &route.path);
            let path = route.path.replace("{id}", &id.to_string()).replace("{tenant}", &format!("made-{id}"));
            let reply = call(&site, &route.method, &path, Some(&token), "If-Match: *\r\n", Some(&body));
            assert_eq!(
                (reply.status, problem(&reply).as_str()),
                (422, "invalid"),
                "{name} with {key}: {reply:?}"
            );
            asked += 1;
        }
    }
    assert!(asked >= 60, "{asked}");
}

#[test]
fn what_is_another_tenants_is_not_there() {
    let site = Site::new();
    let routes = routes(&site);
    let token = site.token(Scope::Operator);
    let tokens = Scope::ALL.map(|scope| (scope, site.token(scope)));
    // Numbers count for each tenant: theirs are higher than all of ours.
    let theirs =
        ["/api/v1/incidents", "/api/v1/silences", "/api/v1/exceptions", "/api/v1/tokens", "/api/v1/scans"]
            .map(|path| {
                let ids: Vec<i64> = (0..20).map(|_| thing(&site, "other", path)).collect();
                (path, *ids.last().unwrap())
            });
    let resolved = thing(&site, "other", "/reopen");
    // The server ends a scan that is not its own, if it sees it before it has ended, and judges that.
    until_judged(&site);
    let all = |tenant: &tripline::commit::Tenant| {
        let incidents = site.database.page(tenant, &Filter::default(), None, 1_000).unwrap().incidents;
        let silences = site.database.silences(tenant, true).unwrap();
        let tokens = site.database.tokens(tenant).unwrap();
        let runs = site.database.runs(tenant, None, 1_000).unwrap();
        (incidents, silences, site.database.exceptions(tenant, true).unwrap(), tokens, runs)
    };
    let before = all(&tenant("other"));
    let mut asked = 0;
    for route in routes.iter().filter(|route| route.path.contains("{id}")) {
        let name = format!("{} {}", route.method, route.path);
        let own = thing(&site, "default", &route.path);
        let (_, last) = theirs.iter().find(|(path, _)| route.path.starts_with(path)).expect(&name);
        let foreign = if route.path.ends_with("/reopen") { resolved } else { *last };
        // Tokens count for all tenants together.
        assert!(foreign > own || route.path.starts_with("/api/v1/tokens"), "{name}");
        let known = ask(&site, route, foreign, Some(&token));
        let unknown = ask(&site, route, 999_999, Some(&token));
        assert_eq!((known.status, problem(&known).as_str()), (404, "unknown"), "{name}");
        // It is as if it were nowhere.
        let words = |reply: &Reply, id: i64| {
            let detail = reply.json()["detail"].as_str().unwrap().replace(&id.to_string(), "N");
            (reply.status, reply.json()["type"].clone(), detail)
        };
        assert_eq!(words(&known, foreign), words(&unknown, 999_999), "{name}");
        // In no role.
        for (scope, token) in &tokens {
            let [known, unknown] =
                [foreign, 999_999].map(|id| words(&ask(&site, route, id, Some(token)), id));
            let lets_in = route.needed.is_some_and(|needed| scope.covers(needed));
            assert_eq!(known.0, if lets_in { 404 } else { 403 }, "{name} as {scope}");
            assert_eq!(known, unknown, "{name} as {scope}");
        }
        for odd in ["0", "-1", "x", "9223372036854775808", "1%2f2", "%00", "1.0"] {
            let path = route.path.replace("{id}", odd);
            let reply =
                call(&site, &route.method, &path, Some(&token), "If-Match: *\r\n", body(route).as_ref());
            assert_eq!((reply.status, problem(&reply).as_str()), (404, "unknown"), "{name} {odd}");
        }
        asked += 1;
    }
    assert!(asked >= 9, "{asked}");
    assert_eq!(all(&tenant("other")), before);
    // Lists have only what is one's own.
    let theirs = site.token_of("other", Scope::Operator, None);
    for (path, name) in [
        ("incidents?limit=200", "incidents"),
        ("silences", "silences"),
        ("exceptions", "exceptions"),
        ("tokens", "tokens"),
        ("scans", "scans"),
    ] {
        let count = |token: &str| {
            get(&site, &format!("/api/v1/{path}"), token).json()[name].as_array().unwrap().len()
        };
        assert!(count(&theirs) >= 20 && count(&token) < 20, "{path}");
    }
    what_is_another_tenants_by_name_is_not_there(&site, &routes);
}

/// The same of what has a name: another tenant's packs, and schedules, of which only the default one has any.
fn what_is_another_tenants_by_name_is_not_there(site: &Site, routes: &[Route]) {
    packs::keep(site, "other");
    let kept = || site.database.own_packs(&tenant("other")).unwrap();
    let (before, mut asked) = (kept(), 0);
    for route in routes.iter().filter(|route| route.path.contains("{name}")) {
        let is_pack = route.path.starts_with("/api/v1/packs/");
        if is_pack && route.path.ends_with("{name}") {
            // What is pushed by this name is one's own.
            continue;
        }
        let (whose, theirs) = if is_pack { ("default", packs::NAME) } else { ("other", "yearly-0") };
        for scope in Scope::ALL {
            let token = site.token_of(whose, scope, None);
            let said = |name: &str| {
                let path = route.path.replace("{name}", name);
                let reply = call(site, &route.method, &path, Some(&token), "", body(route).as_ref());
                (reply.status, problem(&reply), reply.json()["detail"].to_string().replace(name, "N"))
            };
            let (known, unknown) = (said(theirs), said("nowhere"));
            let lets_in = route.needed.is_some_and(|needed| scope.covers(needed));
            let name = format!("{} {} as {scope}", route.method, route.path);
            assert_eq!(known.0, if lets_in { 404 } else { 403 }, "{name}: {known:?}");
            assert_eq!(known, unknown, "{name}");
            asked += 1;
        }
    }
    assert!(asked >= 6 * Scope::ALL.len(), "{asked}");
    assert_eq!(kept(), before);
}
