//! Where lines come from: files, syslog, HTTP; whose each is.

use super::*;

#[test]
fn a_server_without_words_listens_on_loopback_only() {
    let server = parse("").unwrap().server;
    assert_eq!(server.listen, Some("127.0.0.1:8480".parse().unwrap()));
    assert_eq!((server.tls, server.plaintext), (None, false));
    assert_eq!((server.instances, server.guesses), (4096, 20));
    assert_eq!(parse("server.listen = 'off'").unwrap().server.listen, None);
}

#[test]
fn tls_is_needed_where_others_can_reach_it() {
    for address in ["0.0.0.0:8480", "[::]:8480", "192.0.2.1:443", "[::ffff:192.0.2.1]:443"] {
        let text = format!("[server]\nlisten = '{address}'");
        let (problem, at) = wrong(&text);
        assert!(matches!(problem, Problem::NoTls(found) if found == address.parse().unwrap()), "{address}");
        assert_eq!(at, format!("'{address}'"));
        let plaintext = parse(&format!("{text}\nplaintext = true")).unwrap();
        assert_eq!(plaintext.warnings(), [Warning::PlaintextHttp(address.parse().unwrap())]);
        let tls = parse(&format!("{text}\ntls = {{ certificate = 'c.pem', key = '/k.pem' }}")).unwrap();
        let files = TlsFiles { certificate: "etc/c.pem".into(), key: "/k.pem".into() };
        assert_eq!(tls.server.tls, Some(files));
    }
    for address in ["127.0.0.1:0", "127.9.9.9:80", "[::1]:8480", "[::ffff:127.0.0.1]:80"] {
        let server = parse(&format!("server.listen = '{address}'")).unwrap().server;
        assert_eq!(server.listen, Some(address.parse().unwrap()));
    }
    let both = "[server]\nplaintext = true\ntls = { certificate = 'c', key = 'k' }";
    assert!(matches!(wrong(both).0, Problem::TlsAndPlaintext));
    assert!(matches!(wrong("server.tls = { certificate = 'c' }").0, Problem::Missing { key: "key", .. }));
}

#[test]
fn a_key_in_place_of_its_path_is_in_no_error() {
    let error = parse("[server.tls]\ncertificate = 'c'\nkey = \"\"\"-----BEGIN\nhunter2\"\"\"").unwrap_err();
    assert!(matches!(error.problem, Problem::Value { .. }));
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn sources_have_a_tenant_and_settings() {
    let read =
        parse(&format!("{FOLLOW}['a.log', '/var/*.log']\n{SYSLOG}'[::1]:514'\ntransport = 'tcp'")).unwrap();
    let usual = FollowedSource {
        paths: vec!["etc/a.log".into(), "/var/*.log".into()],
        tenant: Tenant::default(),
        timezone: None,
        format: None,
        log_source: GivenLogSource::default(),
        from: None,
        silent_after: None,
    };
    assert_eq!(read.follow, [usual]);
    assert_eq!(
        (read.syslog[0].listen, read.syslog[0].transport),
        ("[::1]:514".parse().unwrap(), Transport::Tcp)
    );
    let more = "tenant = 'a-1'\ntimezone = '+02:00'\nformat = 'json'\nsilent_after = '1h'";
    let read = parse(&format!(
        "{FOLLOW}['a']\nfrom = 'start'\n{more}\n{SYSLOG}'127.0.0.1:0'\ntransport = 'udp'\n{more}"
    ));
    let Configuration { follow, syslog, .. } = read.unwrap();
    assert_eq!(follow[0].from, Some(From::Start));
    let hour = Some(3600 * 1_000_000_000);
    assert_eq!((follow[0].silent_after, syslog[0].silent_after), (hour, hour));
    for (tenant, zone, format) in [
        (&follow[0].tenant, &follow[0].timezone, follow[0].format),
        (&syslog[0].tenant, &syslog[0].timezone, syslog[0].format),
    ] {
        assert_eq!((tenant.as_str(), format), ("a-1", Some(Format::Json)));
        assert!(zone.is_some());
    }
}

#[test]
fn a_file_may_be_said_to_hold_findings() {
    let read = parse(&format!("{FOLLOW}['a']\nformat = 'finding'")).unwrap();
    assert_eq!(read.follow[0].format, Some(Format::Finding));
}

#[test]
fn sources_that_make_no_sense_are_refused_at_their_place() {
    for (text, at) in [
        (format!("{FOLLOW}['-']"), "'-'"),
        (format!("{FOLLOW}['a', '']"), "''"),
        (format!("{FOLLOW}['a']\nfrom = 'middle'"), "'middle'"),
        (format!("{FOLLOW}['a']\ntenant = 'A'"), "'A'"),
        (format!("{FOLLOW}['a']\nformat = 'xml'"), "'xml'"),
        // Whoever reaches a listener could say that our scans found it.
        (format!("{SYSLOG}'127.0.0.1:514'\ntransport = 'udp'\nformat = 'finding'"), "'finding'"),
        (format!("{FOLLOW}['a']\nsilent_after = '1 moon'"), "'1 moon'"),
        (format!("{SYSLOG}'localhost:514'\ntransport = 'udp'"), "'localhost:514'"),
        (format!("{SYSLOG}'127.0.0.1'\ntransport = 'udp'"), "'127.0.0.1'"),
        (format!("{SYSLOG}'127.0.0.1:514'\ntransport = 'tls'"), "'tls'"),
        ("server.listen = 'on'".into(), "'on'"),
        ("server.instances = 0".into(), "0"),
        ("server.guesses = 0".into(), "0"),
    ] {
        let (problem, found) = wrong(&text);
        assert!(matches!(problem, Problem::Value { .. }) && found == at, "{text}: {problem:?}");
    }
    for (text, missing) in [
        ("[[follow]]", "paths"),
        ("[[syslog]]\ntransport = 'udp'", "listen"),
        ("[[syslog]]\nlisten = '127.0.0.1:1'", "transport"),
    ] {
        assert!(matches!(wrong(text).0, Problem::Missing { key, .. } if key == missing), "{text}");
    }
    for (text, near) in [
        ("[[folow]]", "follow"),
        ("[[syslog]]\nlissen = 'x'", "listen"),
        ("[server]\ninstance = 1", "instances"),
    ] {
        assert!(
            matches!(wrong(text).0, Problem::Key { nearest: Some(nearest), .. } if nearest == near),
            "{text}"
        );
    }
    assert!(matches!(wrong(&format!("{FOLLOW}['a***b']")).0, Problem::Glob { .. }));
}

#[test]
fn a_file_has_one_tenant() {
    let two = |one: &str, other: &str, tenant: &str| {
        parse(&format!("{FOLLOW}['{one}']\n{FOLLOW}['{other}']\ntenant = '{tenant}'"))
    };
    for (one, other) in [
        ("/l/*.log", "/l/a.log"),
        ("/l/a.log", "/l/?.log"),
        ("/l", "/l/a.log"),
        ("/l/a.log", "/l/"),
        ("/l/*.log", "/l/a.log.1"),
    ] {
        let error = two(one, other, "b").unwrap_err();
        assert!(
            matches!(&error.problem, Problem::Tenants { of, .. } if of == "default"),
            "{one} {other}: {error}"
        );
        assert_eq!(error.place.unwrap().span.len(), other.len() + 2);
        assert!(two(one, other, "default").is_ok(), "{one} {other}: the first has it");
    }
    for (one, other) in
        [("/l/a", "/l/a"), ("/l/a", "/l//./a"), ("/l/a.log", "/l/a.log.2.gz"), ("/l/*", "/l/*")]
    {
        for tenant in ["default", "b"] {
            let error = two(one, other, tenant).unwrap_err();
            assert!(matches!(error.problem, Problem::PathTwice(_)), "{one} {other}: {error}");
        }
    }
    assert!(two("/l/a.log", "/l/b.log", "b").is_ok());
    assert!(two("/l/*.log", "/m/*.log", "b").is_ok());
}

#[test]
fn an_address_has_one_listener() {
    let two = |one: (&str, &str), other: (&str, &str)| {
        let one = format!("{SYSLOG}'{}'\ntransport = '{}'\n", one.0, one.1);
        parse(&format!("{one}{SYSLOG}'{}'\ntransport = '{}'", other.0, other.1))
    };
    for (one, other) in [
        ("127.0.0.1:514", "127.0.0.1:514"),
        ("0.0.0.0:514", "127.0.0.1:514"),
        ("127.0.0.1:514", "0.0.0.0:514"),
        ("[::]:514", "127.0.0.1:514"),
        ("127.0.0.1:514", "[::]:514"),
        ("[::1]:514", "[::]:514"),
    ] {
        for transport in ["udp", "tcp"] {
            let error = two((one, transport), (other, transport)).unwrap_err();
            assert!(matches!(error.problem, Problem::ListenTwice { .. }), "{one} {other}: {error}");
        }
        assert!(two((one, "udp"), (other, "tcp")).is_ok());
    }
    for (one, other) in [
        ("127.0.0.1:514", "127.0.0.1:515"),
        ("127.0.0.1:514", "127.0.0.2:514"),
        ("0.0.0.0:514", "[::1]:514"),
        ("127.0.0.1:0", "127.0.0.1:0"),
    ] {
        assert!(two((one, "udp"), (other, "udp")).is_ok(), "{one} {other}");
    }
    let http = format!("{SYSLOG}'127.0.0.1:8480'\ntransport = 'tcp'");
    assert!(matches!(wrong(&http).0, Problem::ListenTwice { .. }));
    assert!(parse(&http.replace("tcp", "udp")).is_ok());
    assert!(parse(&format!("server.listen = 'off'\n{http}")).is_ok());
}

#[test]
fn a_source_says_what_log_it_is() {
    let log = "log_source = { product = 'linux', service = 'sshd' }";
    let read = parse(&format!(
        "{FOLLOW}['a']\n{log}\n{SYSLOG}'127.0.0.1:0'\ntransport = 'udp'\n{log}\n[[http]]\nsource = 'web'\n{log}"
    ));
    let Configuration { follow, syslog, http, .. } = read.unwrap();
    let given =
        GivenLogSource { product: Some("linux".into()), service: Some("sshd".into()), category: None };
    for found in [&follow[0].log_source, &syslog[0].log_source, &http[0].log_source] {
        assert_eq!(*found, given);
    }
    for (name, at) in [("''", "''"), ("'a b'", "'a b'"), ("'é'", "'é'")] {
        let (problem, found) = wrong(&format!("{FOLLOW}['a']\nlog_source.service = {name}"));
        assert!(matches!(problem, Problem::Value { .. }) && found == at, "{name}: {problem:?}");
    }
    assert!(parse(&format!("{FOLLOW}['a']\nlog_source.service = '{}'", "x".repeat(65))).is_err());
    let near = wrong(&format!("{FOLLOW}['a']\nlog_source.servce = 'x'")).0;
    assert!(matches!(near, Problem::Key { nearest: Some(nearest), .. } if nearest == "service"));
}

#[test]
fn http_sources_are_named_once_for_each_tenant() {
    let http = "[[http]]\nsource = ";
    let read = parse(&format!("{http}'web'\nsilent_after = '15m'\n{http}'web'\ntenant = 'shop'")).unwrap();
    assert_eq!(read.http[0].silent_after, Some(900 * 1_000_000_000));
    assert_eq!((read.http[1].tenant.as_str(), read.http[1].silent_after), ("shop", None));
    let twice = wrong(&format!("{http}'web'\n{http}'web'")).0;
    assert!(matches!(twice, Problem::SourceTwice { .. }), "{twice:?}");
    for name in ["", "a/b", "a b"] {
        assert!(matches!(wrong(&format!("{http}'{name}'")).0, Problem::Value { .. }), "{name}");
    }
    assert!(matches!(wrong("[[http]]\ntenant = 'a'").0, Problem::Missing { key: "source", .. }));
}

#[test]
fn proxies_are_addresses_or_networks() {
    let read = parse("server.proxies = ['10.0.0.7', 'fd00::/8']").unwrap();
    let proxies: Vec<String> = read.server.proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.7/32", "fd00::/8"]);
    let (problem, at) = wrong("server.proxies = ['proxy.example']");
    assert!(matches!(problem, Problem::Value { .. }) && at == "'proxy.example'", "{problem:?}");
}
