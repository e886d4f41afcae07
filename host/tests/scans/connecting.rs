//! The scanner that is built in, where hosts are silent, slow, or many at once.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, listen, socket_with};
use tripline::commit::Tenant;
use tripline::scans::{
    Allowed, Cancel, Connect, Host, Order, Reason, Request, ScanName, ScanSettings, Scanner, SystemResolver,
};

use crate::fixture::Taken;
use crate::real::order;

#[test]
fn where_many_are_nobody_is_and_a_scan_of_it_is_whole() {
    // The last address of a network: the system says that there is no way to it, as if the network were down.
    let order = order(Ipv4Addr::new(127, 255, 255, 255), "1-3", |_| {});
    let mut taken = Taken::default();
    let ended = Connect::default().scan(&order, &mut taken, &Cancel::default());
    assert_eq!((ended.broken, ended.told_all, ended.down), (None, true, 1));
    assert!(!taken.hosts[0].up);
}

/// A port that answers nobody: whoever may wait there waits.
fn silent(host: Ipv4Addr, port: u16) -> (OwnedFd, TcpStream) {
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
    bind(&socket, &SocketAddr::from((host, port))).unwrap();
    listen(&socket, 0).unwrap();
    let at = SocketAddr::try_from(getsockname(&socket).unwrap()).unwrap();
    let waits = TcpStream::connect(at).unwrap();
    (socket, waits)
}

#[test]
fn hosts_that_are_silent_are_waited_for_at_once_and_each_is_told_in_its_place() {
    const HOSTS: u8 = 24;
    let host = |last: u8| Ipv4Addr::new(127, 0, 78, last);
    let first = silent(host(0), 0);
    let port = SocketAddr::try_from(getsockname(&first.0).unwrap()).unwrap().port();
    let _silent: Vec<_> = (1..HOSTS).map(|last| silent(host(last), port)).collect();
    // The last one answers at once.
    let _open = TcpListener::bind((host(HOSTS), port)).unwrap();
    let order = order(host(0), &port.to_string(), |request| {
        request.targets = (0..=HOSTS).map(|last| host(last).to_string().parse().unwrap()).collect();
    });
    let connect = Connect { patience: Duration::from_millis(400), at_once: 100 };
    let (mut taken, began) = (Taken::default(), Instant::now());
    let ended = connect.scan(&order, &mut taken, &Cancel::default());
    // One after the other, each twice, would be 19 seconds.
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!((ended.broken, ended.told_all, ended.down), (None, true, HOSTS.into()));
    let told: Vec<Ipv4Addr> = taken.hosts.iter().map(address).collect();
    assert_eq!(told, (0..=HOSTS).map(host).collect::<Vec<_>>());
    let (last, silent) = taken.hosts.split_last().unwrap();
    assert!(last.up && last.ports.len() == 1 && silent.iter().all(|host| !host.up && host.ports.is_empty()));
    // As many sockets as hosts, and as few as one, come to the same.
    let (mut few, narrow) = (Taken::default(), Connect { patience: Duration::from_millis(20), at_once: 7 });
    narrow.scan(&order, &mut few, &Cancel::default());
    assert_eq!(few.hosts, taken.hosts);
}

fn address(host: &Host) -> Ipv4Addr {
    match host.address {
        Some(std::net::IpAddr::V4(address)) => address,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_host_that_takes_too_long_keeps_no_other_waiting() {
    let (host, other) = (Ipv4Addr::new(127, 0, 79, 1), Ipv4Addr::new(127, 0, 79, 2));
    let held = silent(host, 0);
    let port = SocketAddr::try_from(getsockname(&held.0).unwrap()).unwrap().port();
    let _open = TcpListener::bind((other, port)).unwrap();
    let settings = ScanSettings {
        allow: [(Tenant::default(), Allowed::new(["127.0.0.0/8".parse().unwrap()]))].into(),
        host_timeout: Duration::from_secs(2),
        ..ScanSettings::default()
    };
    let request = Request {
        name: ScanName::default(),
        targets: vec![host.to_string().parse().unwrap(), other.to_string().parse().unwrap()],
        ports: port.to_string().parse().unwrap(),
        service: false,
        scripts: Vec::new(),
        every_address: true,
    };
    let order = Order::check(&request, &Tenant::default(), &settings, &SystemResolver::default()).unwrap();
    let mut taken = Taken::default();
    let connect = Connect { patience: Duration::from_secs(60), ..Connect::default() };
    let ended = connect.scan(&order, &mut taken, &Cancel::default());
    assert_eq!(ended.broken.map(|broken| broken.reason), Some(Reason::HostsTimedOut));
    let told: Vec<(Ipv4Addr, bool, usize)> =
        taken.hosts.iter().map(|host| (address(host), host.timed_out, host.ports.len())).collect();
    assert_eq!(told, [(host, true, 0), (other, false, 1)]);
}
