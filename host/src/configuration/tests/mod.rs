mod sources;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use secrecy::ExposeSecret;
use tripline_engine::decode::{Format, GivenLogSource};

use super::document::Document;
use super::*;
use crate::follow::From;

fn parse(text: &str) -> Result<Configuration, ConfigurationError> {
    Configuration::parse(Path::new("etc/tripline.toml"), text.into())
}

/// The error and what its place underlines.
fn wrong(text: &str) -> (Problem, String) {
    let error = parse(text).unwrap_err();
    let at = error.place.map(|place| place.text[place.span].to_string()).unwrap_or_default();
    (error.problem, at)
}

#[test]
fn the_example_is_read_and_has_every_key() {
    let document = Document::new(Path::new("tripline.toml"), EXAMPLE.into()).unwrap();
    let configuration = read::file(&document).unwrap();
    assert_eq!(configuration.max_bytes, Some(10 << 30));
    assert_eq!(configuration.policy.routes.0[0].to, ["oncall@example.org"]);
    let table = include_str!("../mod.rs");
    for key in document.asked() {
        let name = key.rsplit('.').next().unwrap();
        let inside = ["=", "]"].map(|end| [format!("{name} {end}"), format!("{name}{end}")]).concat();
        let in_example = inside.iter().any(|text| EXAMPLE.contains(text)) || name == "packs";
        assert!(in_example, "{key} is not in the example");
        assert!(table.contains(&format!("`{key}")), "{key} is not in the table");
    }
}

#[test]
fn who_signs_is_read_and_a_secret_is_not_shown() {
    let key = "tripline-pack-key-1:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let text = format!(
        "[packs]\nsigned_by = ['{key}']\n[packs.sshd]\nthreshold = 3\n[[tenant]]\nname = 'shop'\nsigned_by = ['{key}', '{key}']\n"
    );
    let read = parse(&text).unwrap();
    let key: crate::signing::PublicKey = key.parse().unwrap();
    assert_eq!((&read.signed_by[..], &read.demands.everybody[..]), (&[key][..], &[][..]));
    let shop = Tenant::new("shop").unwrap();
    assert_eq!(read.demands.of(&shop, &[]), [key, key]);
    assert!(read.demands.of(&Tenant::default(), &[]).is_empty() && read.names(&shop));
    assert_eq!(read.packs.names().collect::<Vec<_>>(), ["sshd"]);
    let pushed = parse(&text.replacen("signed_by", "pushed_signed_by", 1)).unwrap();
    assert_eq!(pushed.demands.of(&Tenant::default(), &[]), [key]);

    let secret = "tripline-pack-secret-1:nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    for (given, words) in [
        (secret, "found a secret one"),
        ("door.pub", "found something else"),
        ("tripline-pack-key-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "many signatures hold for"),
    ] {
        for text in [
            format!("packs.signed_by = ['{given}']"),
            format!("[[tenant]]\nname = 'a'\nsigned_by = ['{given}']"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.to_string().contains(words) && error.hint().unwrap().contains("keygen"), "{error}");
            assert!(!format!("{error:?}").contains("nWGx"), "{error:?}");
        }
    }
    assert!(matches!(wrong("packs.signed_by = []").0, Problem::Value { .. }));
    assert!(matches!(wrong("packs.signed_by = 'x'").0, Problem::Type { .. }));
    // What is given beside the configuration is by whoever calls the command, and demands nothing.
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.toml");
    std::fs::write(&settings, "[packs]\nsigned_by = ['x']\n").unwrap();
    assert!(PackSettings::read(&settings).is_err());
}

#[test]
fn no_file_and_an_empty_one_are_all_defaults() {
    let empty = parse("").unwrap();
    let mut usual =
        Configuration { path: empty.path.clone(), digest: empty.digest, ..Configuration::default() };
    // A file that lists nobody is a list.
    usual.policy.recipients = std::iter::empty().collect();
    assert_eq!(format!("{empty:?}"), format!("{usual:?}"));
}

#[test]
fn paths_are_relative_to_the_file() {
    let configuration = parse("database.path = 'a.db'\nsecurity_log.path = '/var/b'").unwrap();
    assert_eq!(configuration.database, Some(PathBuf::from("etc/a.db")));
    assert_eq!(configuration.security_log, Some(PathBuf::from("/var/b")));
}

#[test]
fn unknown_keys_are_refused_with_the_nearest() {
    let error = parse("[mail]\nfrom = 'a@b'\nrelay = 'x'\nprot = 25").unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("did you mean `port`?"));
    assert!(matches!(wrong("[mial]").0, Problem::Key { nearest: Some(near), .. } if near == "mail"));
    assert!(matches!(wrong("[zzz]").0, Problem::Key { nearest: None, .. }));
}

#[test]
fn a_misspelt_key_is_told_before_the_missing_one() {
    let mail = "[mail]\nrelay = 'x'\n";
    let error = parse(&format!("{mail}form = 'a@b'")).unwrap_err();
    assert_eq!(error.to_string(), "there is no key `form` in [mail]");
    assert_eq!(error.hint().as_deref(), Some("did you mean `from`?"));
    for (text, misspelt) in [
        ("[database]\npaht = 'x'", "paht"),
        ("[[routes]]\nname = 'r'\ntoo = ['x']", "too"),
        (
            "[[routes]]\nname = 'r'\nto = ['x']\nquiet_hours = { form = '22:00' }\n[recipients]\nx = 'a@b'",
            "form",
        ),
        ("[mail]\nfrom = 'a@b'\nrelay = 'x'\nuser = 'u'\npasswort = 'hunter2'", "passwort"),
        ("[[rotues]]\nname = 'r'\n[database]", "rotues"),
    ] {
        assert!(matches!(wrong(text).0, Problem::Key { key, .. } if key == misspelt), "{text}");
    }
    assert!(matches!(wrong(mail).0, Problem::Missing { key: "from", .. }));
}

#[test]
fn each_kind_of_error_has_its_place() {
    assert!(matches!(wrong("a = ").0, Problem::Toml(_)));
    let (problem, at) = wrong("throttle.per_hour = '3'");
    assert!(matches!(problem, Problem::Type { found: "string", .. }) && at == "***");
    let (problem, at) = wrong("throttle.per_hour = 0");
    assert!(matches!(problem, Problem::Value { .. }) && at == "0");
    assert!(matches!(wrong("[database]").0, Problem::Missing { key: "path", .. }));
    let (problem, at) = wrong("[recipients]\nx = 'a b@c'");
    assert!(matches!(problem, Problem::Address { .. }) && at == "'a b@c'");
    let route = "[recipients]\nops = 'a@b'\n[[routes]]\nname = 'r'\nto = ['ops']\n";
    let (problem, at) = wrong(&route.replace("['ops']", "['opps']"));
    assert!(matches!(problem, Problem::Recipient { nearest: Some(_), .. }) && at == "'opps'");
    let twice = format!("{route}[[routes]]\nname = 'r'\nto = ['ops']");
    assert!(matches!(wrong(&twice).0, Problem::RouteTwice(_)));
    let (problem, at) = wrong("redact.patterns = ['ok', 'a(']");
    // Neither what is said nor what is drawn has the pattern in it.
    assert!(matches!(problem, Problem::Regex { .. }) && at == "****" && !problem.to_string().contains("a("));
    for rest in ["rules = ['sshd']", "tags = []", "severity = 'bad'", "repeat = '3 moons'"] {
        assert!(matches!(wrong(&format!("{route}{rest}")).0, Problem::Value { .. }), "{rest}");
    }
    for hours in ["from='24:00',to='01:00',zone='UTC'", "from='01:00',to='01:00',zone='UTC'"] {
        let text = format!("{route}quiet_hours = {{ {hours} }}");
        assert!(matches!(wrong(&text).0, Problem::Value { .. }), "{hours}");
    }
    assert!(matches!(wrong("redact.patterns = ['x*']").0, Problem::Value { .. }));
    assert!(matches!(wrong("packs.sshd = 1").0, Problem::Type { .. }));
    let utf8 = Configuration::parse(Path::new("x"), vec![b'#', 0xff]).unwrap_err();
    assert!(matches!(utf8.problem, Problem::Utf8 { at: 1, .. }));
    let large = Configuration::parse(Path::new("x"), vec![b'#'; (1 << 20) + 1]).unwrap_err();
    assert!(matches!(large.problem, Problem::Large { .. }));
    assert!(matches!(Configuration::read(Path::new("no/such")).unwrap_err().problem, Problem::Io { .. }));
}

#[test]
fn a_route_tells_its_own_tenants_recipients() {
    let recipients = "[recipients]\nops = 'a@b'\nshop = { address = 'c@d', tenant = 'shop' }\n";
    let route = |tenant, to| format!("{recipients}[[routes]]\nname = 'r'\n{tenant}\nto = ['{to}']\n");
    let read = parse(&route("tenant = 'shop'", "shop")).unwrap();
    let shop = Tenant::new("shop").unwrap();
    assert_eq!(
        (&read.policy.routes.0[0].tenant, &read.policy.routes.0[0].to[..]),
        (&shop, &["c@d".into()][..])
    );
    assert_eq!(read.recipients["ops"], Recipient { tenant: Tenant::default(), address: "a@b".into() });
    assert_eq!(read.recipients["shop"], Recipient { tenant: shop.clone(), address: "c@d".into() });
    assert_eq!(parse(&route("", "ops")).unwrap().policy.routes.0[0].tenant, Tenant::default());
    for (tenant, to) in [("", "shop"), ("tenant = 'shop'", "ops"), ("tenant = 'other'", "shop")] {
        let (problem, at) = wrong(&route(tenant, to));
        assert!(matches!(problem, Problem::OthersRecipient { .. }) && at == format!("'{to}'"), "{problem}");
    }
    // A tenant that stands for all there are could be told of what is nobody's business.
    let (problem, at) = wrong(&route("tenant = '*'", "ops"));
    assert!(matches!(problem, Problem::Value { .. }) && at == "'*'", "{problem}");
    // What the name of another tenant's recipient is, a misspelt one is not told.
    let (problem, _) = wrong(&route("", "shp"));
    assert!(matches!(problem, Problem::Recipient { nearest: None, .. }), "{problem}");
    let misspelt = "[recipients]\nshop = { adress = 'c@d' }";
    assert!(matches!(wrong(misspelt).0, Problem::Key { nearest: Some(near), .. } if near == "address"));
    assert!(matches!(
        wrong("[recipients]\nshop = { tenant = 'x' }").0,
        Problem::Missing { key: "address", .. }
    ));
    assert!(matches!(wrong("[recipients]\nshop = 1").0, Problem::Type { .. }));
}

/// With one of these no mail could be made: all would be given up.
#[test]
fn addresses_are_such_as_mail_is_made_with() {
    for bad in ["a..b@x.org", "tripline@host.", "a@x..org"] {
        for text in [
            format!("[mail]\nrelay = 'x'\nfrom = '{bad}'"),
            format!("[mail]\nrelay = 'x'\nfrom = 'a@b'\nenvelope = '{bad}'"),
            format!("[recipients]\nx = '{bad}'"),
        ] {
            let (problem, at) = wrong(&text);
            assert!(matches!(problem, Problem::Address { .. }) && at == format!("'{bad}'"), "{text}");
        }
    }
}

#[test]
fn secrets_are_in_no_error() {
    let mail = "[mail]\nfrom = 'a@b'\nrelay = 'x'\nuser = 'u'\n";
    for line in [
        "password = 'hunter2'",
        "pasword = 'hunter2'",
        "password = 'hunter2",
        "password = { value = 'hunter2' }",
        "passphrase = '''\nhunter2",
        "credential = 'hunter2'",
        "password = ['hunter2']",
        "relay = 'smtp://u:hunter2@x'",
        "password = 'hunter2'\nprot = 25",
    ] {
        let text = format!("{mail}{line}");
        let text = if line.starts_with("relay") { text.replacen("relay = 'x'\n", "", 1) } else { text };
        let error = parse(&text).unwrap_err();
        let said = format!("{error} {error:?} {:?}", error.hint());
        assert!(!said.contains("hunter2"), "{line}: {said}");
    }
    let inline = parse("mail = { credential = 'hunter2', port = 'x' }").unwrap_err();
    assert!(!format!("{inline:?}").contains("hunter2"), "{inline:?}");
    let elsewhere = parse("mail.credential = 'hunter2'\n[database]\n").unwrap_err();
    assert!(!format!("{elsewhere:?}").contains("hunter2"), "{elsewhere:?}");
    let literal = parse(&format!("{mail}password = 'hunter2'")).unwrap_err();
    assert!(matches!(literal.problem, Problem::LiteralSecret { .. }));
    let neither = parse(&format!("{mail}password = {{}}")).unwrap_err();
    assert!(matches!(neither.problem, Problem::Secret { found: "neither", .. }));
}

#[test]
fn secrets_are_read_from_where_they_are() {
    let reference = SecretReference::Env("NAME".into());
    let secret = reference.read_with(|name| (name == "NAME").then(|| "hunter2\n".into())).unwrap();
    assert_eq!(secret.expose_secret(), "hunter2");
    assert!(!format!("{secret:?}").contains("hunter2"));
    assert!(matches!(reference.read_with(|_| None), Err(SecretError::Unset { .. })));
    assert!(matches!(reference.read_with(|_| Some("".into())), Err(SecretError::Shape { .. })));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "a\r\n").unwrap();
    let file = SecretReference::File(path.clone());
    assert_eq!(file.read().unwrap().expose_secret(), "a");
    use std::os::unix::fs::PermissionsExt;
    for (mode, public) in [(0o644, true), (0o640, false)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(file.is_public(), public);
    }
    assert!(matches!(SecretReference::File("no/such".into()).read(), Err(SecretError::Io { .. })));
}

#[test]
fn the_first_place_that_exists_counts() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    std::fs::write(&b, "").unwrap();
    let mut places = Places { usual: vec![a.clone(), b.clone()], ..Places::default() };
    assert_eq!(places.find().unwrap(), Some((b.clone(), Origin::Usual)));
    places.variable = Some("".into());
    assert_eq!(places.find().unwrap(), Some((b.clone(), Origin::Usual)));
    places.variable = Some(a.clone().into());
    assert!(places.find().is_err());
    places.argument = Some(b.clone());
    assert_eq!(places.find().unwrap(), Some((b, Origin::Argument)));
    places.argument = Some(a);
    assert!(places.find().is_err());
    assert_eq!(Places::default().find().unwrap(), None);
}

#[test]
fn what_somebody_else_can_have_written_is_refused_unless_it_is_named() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
    let folder = tempfile::tempdir().unwrap();
    let [file, link] = ["tripline.toml", "link.toml"].map(|name| folder.path().join(name));
    std::fs::write(&file, "").unwrap();
    symlink(&file, &link).unwrap();
    let user = file.metadata().unwrap().uid();
    let places = |here: &Path| Places { here: Some(here.into()), user, ..Places::default() };
    let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    for (bits, fine) in [(0o644, true), (0o600, true), (0o664, false), (0o646, false)] {
        mode(bits);
        for path in [&file, &link] {
            let found = places(path).find();
            assert_eq!(matches!(found, Ok(Some((_, Origin::Here)))), fine, "{bits:o}");
            assert!(
                fine || matches!(found.unwrap_err().problem, Problem::Writable { mode, .. } if mode == bits)
            );
        }
        let named = Places { argument: Some(file.clone()), ..places(&file) };
        assert!(named.find().is_ok());
        let variable = Places { variable: Some(file.clone().into()), ..places(&file) };
        assert!(variable.find().is_ok());
    }
    mode(0o644);
    // Who is not root cannot give files away, but then a file of ours is one of somebody else to another user.
    let given = chown(&file, Some(12_345), None).is_ok();
    assert!(given || user != 0, "root can give files away");
    let (owner, me) = if given { (12_345, user) } else { (user, user + 1) };
    let refused = |path: &Path| {
        let error = Places { user: me, ..places(path) }.read().unwrap_err();
        assert!(error.hint().unwrap().contains("--config"), "{error}");
        matches!(error.problem, Problem::Stranger { owner: found, .. } if found == owner)
    };
    assert!(refused(&file) && refused(&link));
    if !given {
        return;
    }
    let theirs = Places { user: 12_345, ..places(&file) };
    assert!(theirs.find().is_ok());
    chown(&file, Some(0), None).unwrap();
    assert!(theirs.read().unwrap().is_some(), "root's is everybody's");
    // A link of somebody else to a file that is ours: relative paths would be theirs.
    std::os::unix::fs::lchown(&link, Some(12_345), None).unwrap();
    assert!(refused(&link));
    assert!(Places { argument: Some(link.clone()), ..places(&link) }.find().is_ok());
}

#[test]
fn what_is_hardly_meant_is_told() {
    let text = "[recipients]\no = 'a@b'\n[[routes]]\nname = 'r'\nto = ['o']";
    assert_eq!(parse(text).unwrap().warnings(), [Warning::NoMail]);
    let mail = "[mail]\nfrom = 'a@b'\nrelay = 'x'\ntls = 'plaintext'\nuser = 'u'\npassword.env = 'N'";
    let plain = parse(mail).unwrap();
    assert_eq!(plain.warnings(), [Warning::PlaintextPassword]);
    assert_eq!(plain.mail.unwrap().port, 25);
    let schedule = |tenant, name| {
        format!(
            "[[scan.schedule]]\ntenant = '{tenant}'\nname = '{name}'\ntargets = ['192.0.2.1']\nports = '22'\nevery = '6h'\n"
        )
    };
    let allow = "[[scan.allow]]\ntenant = 'a'\nnetworks = ['192.0.2.0/24']\n";
    let text = format!("{allow}{}{}{}", schedule("a", "x"), schedule("b", "x"), schedule("b", "y"));
    assert_eq!(parse(&text).unwrap().warnings(), [Warning::NothingAllowed(Tenant::new("b").unwrap())]);
    // What may be taken back at any time is told, and the rest of the configuration counts.
    for (text, words) in [
        ("targets = ['192.0.3.1', 'web.example']", "`scan.allow.networks` of tenant `a`, found 192.0.3.1"),
        (
            "targets = ['192.0.2.1']\nscripts = ['smb-vuln-ms17-010']",
            "`scan.scripts`, found `smb-vuln-ms17-010`",
        ),
    ] {
        let text =
            format!("{allow}[[scan.schedule]]\ntenant = 'a'\nname = 'x'\nports = '22'\nevery = '6h'\n{text}");
        let warnings = parse(&text).unwrap().warnings();
        let told = warnings.iter().map(ToString::to_string).collect::<String>();
        assert_eq!(warnings.len(), 1, "{told}");
        assert!(
            told.starts_with("[[scan.schedule]] `x` of tenant `a` can only fail: ") && told.contains(words),
            "{told}"
        );
    }
    // A name may lead where it may.
    let named = format!("{allow}{}", schedule("a", "x").replace("192.0.2.1", "web.example"));
    assert_eq!(parse(&named).unwrap().warnings(), []);
}

const FOLLOW: &str = "[[follow]]\npaths = ";
const SYSLOG: &str = "[[syslog]]\nlisten = ";

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Configuration::parse(Path::new("x"), bytes);
    }

    #[test]
    fn any_change_of_the_example(at in 0..EXAMPLE.len(), cut in 0..20_usize, bytes in prop::collection::vec(any::<u8>(), 0..6)) {
        let mut text = EXAMPLE.as_bytes().to_vec();
        let end = (at + cut).min(text.len());
        text.splice(at..end, bytes);
        let _ = Configuration::parse(Path::new("x"), text);
    }
}
