use std::io;

use super::super::allowed::Allowed;
use super::super::target::HostName;
use super::*;

/// Names that lead where a test says, and another way each time they are asked.
struct Names(Vec<(&'static str, Vec<&'static str>)>);

impl Resolver for Names {
    fn resolve(&self, names: &[HostName]) -> Result<Vec<Vec<IpAddr>>, ResolveError> {
        names.iter().map(|name| self.one(name)).collect()
    }
}

impl Names {
    fn one(&self, name: &HostName) -> Result<Vec<IpAddr>, ResolveError> {
        let found = self.0.iter().find(|(known, _)| *known == name.as_str());
        let unknown = || ResolveError::Unknown {
            name: name.as_str().into(),
            error: io::Error::new(io::ErrorKind::NotFound, "no such name"),
        };
        let (_, addresses) = found.ok_or_else(unknown)?;
        Ok(addresses.iter().map(|address| address.parse().unwrap()).collect())
    }
}

fn settings(networks: &[&str]) -> ScanSettings {
    let allowed = Allowed::new(networks.iter().map(|network| network.parse().unwrap()));
    let allow = [(Tenant::default(), allowed)].into_iter().collect();
    ScanSettings { allow, addresses: 300, ..ScanSettings::default() }
}

fn request(targets: &[&str]) -> Request {
    Request {
        name: ScanName::default(),
        targets: targets.iter().map(|target| target.parse().unwrap()).collect(),
        ports: "22".parse().unwrap(),
        service: false,
        scripts: Vec::new(),
        every_address: false,
    }
}

fn names() -> Names {
    Names(vec![
        ("web.example", vec!["192.0.2.7", "192.0.2.8"]),
        ("loop.example", vec!["192.0.2.7", "127.0.0.1"]),
        ("six.example", vec!["::ffff:127.0.0.1"]),
    ])
}

#[track_caller]
fn check(networks: &[&str], targets: &[&str]) -> Result<String, String> {
    Order::check(&request(targets), &Tenant::default(), &settings(networks), &names())
        .map(|order| order.addresses.to_string())
        .map_err(|error| error.to_string())
}

#[test]
fn what_is_listed_may_be_scanned_and_nothing_else() {
    const NET: &str = "192.0.2.0/24";
    assert_eq!(check(&[NET], &["192.0.2.0/30", "web.example"]).unwrap(), "192.0.2.0/30,192.0.2.7,192.0.2.8");
    let wrong = |networks: &[&str], targets: &[&str]| check(networks, targets).unwrap_err();
    assert_eq!(
        wrong(&[], &["192.0.2.1"]),
        "expected networks that tenant `default` may scan in `scan.allow.networks`, found none"
    );
    assert_eq!(
        wrong(&[NET], &["192.0.3.1"]),
        "expected targets in `scan.allow.networks` of tenant `default`, found 192.0.3.1"
    );
    // A name leads where its owner says: it is checked behind it.
    assert_eq!(
        wrong(&[NET], &["loop.example"]),
        "expected targets in `scan.allow.networks` of tenant `default`, found loop.example, which leads elsewhere"
    );
    // Where it leads is not told.
    let six = wrong(&["0.0.0.0/0", "::/0"], &["six.example"]);
    assert!(six.ends_with("found six.example, which leads elsewhere") && !six.contains("127.0.0.1"), "{six}");
    assert_eq!(
        wrong(&[NET], &["none.example"]),
        "none.example: expected the address of a host, found none: no such name"
    );
    assert_eq!(
        wrong(&["10.0.0.0/8"], &["10.0.0.0/16"]),
        "expected at most 300 addresses (`scan.addresses`), found 65536"
    );
    assert!(wrong(&["::/0"], &["2001:db8::/32"]).starts_with("expected at most 300 addresses"));
    assert_eq!(wrong(&[NET], &[]), "expected at least one target, found none");
}

#[test]
fn what_needs_no_name_is_known_before_names_are_resolved() {
    struct Nobody;
    impl Resolver for Nobody {
        fn resolve(&self, _: &[HostName]) -> Result<Vec<Vec<IpAddr>>, ResolveError> {
            panic!("nobody is asked");
        }
    }
    let settings = settings(&["192.0.2.0/24"]);
    let with = |targets: &[&str], ports: &str, script: &str| {
        let (ports, scripts) = (ports.parse().unwrap(), vec![script.parse().unwrap()]);
        let request = Request { ports, scripts, ..request(targets) };
        Order::check(&request, &Tenant::default(), &settings, &Nobody).unwrap_err().to_string()
    };
    assert!(with(&["web.example", "192.0.3.1"], "22", "ssl-cert").contains("found 192.0.3.1"));
    assert!(with(&["web.example"], "22", "smb-vuln-ms17-010").contains("found `smb-vuln-ms17-010`"));
    let request = request(&["web.example"]);
    assert!(Order::precheck(&request, &Tenant::default(), &settings).is_ok());
}

#[test]
fn networks_are_those_of_the_tenant() {
    let other = Tenant::new("other").unwrap();
    let order = Order::check(&request(&["192.0.2.1"]), &other, &settings(&["192.0.2.0/24"]), &names());
    let error = order.unwrap_err();
    assert!(error.to_string().contains("tenant `other`"), "{error}");
    assert!(error.hint().unwrap().contains("tenant = \"other\""));
}

#[test]
fn scripts_are_those_on_the_list() {
    let with = |script: &str| {
        let request = Request { scripts: vec![script.parse().unwrap()], ..request(&["192.0.2.1"]) };
        Order::check(&request, &Tenant::default(), &settings(&["192.0.2.0/24"]), &names())
    };
    assert!(with("ssl-cert").is_ok());
    let error = with("smb-vuln-ms17-010").unwrap_err();
    assert_eq!(error.to_string(), "expected a script of `scan.scripts`, found `smb-vuln-ms17-010`");
}
