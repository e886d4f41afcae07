//! What is known from scans, and its rows: only those of hosts that have changed are written.

use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::numbers;
use crate::commit::{StoreError, Tenant};
use crate::scans::{Addresses, Baseline, Known, KnownHost, KnownPort, PortState, Ports, Service};

/// What is known in a baseline, and when its last scan ended.
pub(super) fn get(
    db: &Connection,
    tenant: &Tenant,
    baseline: &Baseline,
) -> Result<Option<(Known, i64)>, StoreError> {
    let Some((number, latest)) = find(db, tenant, baseline)? else { return Ok(None) };
    let key = params![tenant.as_str(), number];
    let mut known = db.query_row(
        "SELECT asked_addresses, asked_ports, addresses FROM scan_baselines WHERE tenant = ?1 AND number = ?2",
        key,
        |row| {
            let asked = (row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?);
            Ok(Known {
                asked_addresses: asked.0.map(|text| addresses(&text)),
                asked_ports: asked.1.map(|text| ports(&text)),
                addresses: addresses(&row.get::<_, String>(2)?),
                ..Known::default()
            })
        },
    )?;
    let sql = "SELECT address, ports, missed, gone FROM scan_hosts WHERE tenant = ?1 AND baseline = ?2";
    let mut hosts = db.prepare_cached(sql)?;
    let mut rows = hosts.query(key)?;
    while let Some(row) = rows.next()? {
        let Some(address) = address(row)? else { continue };
        let host = KnownHost {
            ports: ports(&row.get::<_, String>(1)?),
            missed: row.get(2)?,
            gone: row.get(3)?,
            ..KnownHost::default()
        };
        known.hosts.insert(address, host);
    }
    let sql = "SELECT address, port, state, missed, probed, service, product, version, extra, tunnel, cpe
               FROM scan_ports WHERE tenant = ?1 AND baseline = ?2";
    let mut open = db.prepare_cached(sql)?;
    let mut rows = open.query(key)?;
    while let Some(row) = rows.next()? {
        let host = address(row)?.and_then(|address| known.hosts.get_mut(&address));
        if let Some(host) = host {
            host.open.insert(row.get(1)?, port(row)?);
        }
    }
    let sql = "SELECT address, port, script, said FROM scan_scripts WHERE tenant = ?1 AND baseline = ?2";
    let mut scripts = db.prepare_cached(sql)?;
    let mut rows = scripts.query(key)?;
    while let Some(row) = rows.next()? {
        let host = address(row)?.and_then(|address| known.hosts.get_mut(&address));
        if let Some(host) = host {
            host.scripts.insert((row.get(1)?, row.get(2)?), row.get(3)?);
        }
    }
    Ok(Some((known, latest)))
}

/// Knows this from now on.
pub(super) fn put(
    db: &Connection,
    tenant: &Tenant,
    baseline: &Baseline,
    known: &Known,
    ended: i64,
) -> Result<(), StoreError> {
    let before = get(db, tenant, baseline)?.map(|(known, _)| known).unwrap_or_default();
    let number = match find(db, tenant, baseline)? {
        Some((number, _)) => number,
        None => numbers::next(db, tenant, "scan baseline")?,
    };
    db.prepare_cached(
        "INSERT INTO scan_baselines (tenant, number, name, scanner, technique, protocol, privileged, latest,
             asked_addresses, asked_ports, addresses)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (tenant, number) DO UPDATE SET latest = excluded.latest,
             asked_addresses = excluded.asked_addresses, asked_ports = excluded.asked_ports,
             addresses = excluded.addresses",
    )?
    .execute(params![
        tenant.as_str(),
        number,
        baseline.name.as_str(),
        baseline.scanner.as_str(),
        baseline.technique,
        baseline.protocol.as_str(),
        baseline.privileged,
        ended,
        known.asked_addresses.as_ref().map(Addresses::to_string),
        known.asked_ports.as_ref().map(Ports::to_string),
        known.addresses.to_string(),
    ])?;
    let changed = known.hosts.iter().filter(|(address, host)| before.hosts.get(address) != Some(host));
    for (address, host) in changed {
        put_host(db, tenant, number, &address.to_string(), host)?;
    }
    Ok(())
}

fn put_host(
    db: &Connection,
    tenant: &Tenant,
    baseline: i64,
    address: &str,
    host: &KnownHost,
) -> Result<(), StoreError> {
    let tenant = tenant.as_str();
    db.prepare_cached(
        "INSERT INTO scan_hosts (tenant, baseline, address, ports, missed, gone) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET ports = excluded.ports, missed = excluded.missed, gone = excluded.gone",
    )?
    .execute(params![tenant, baseline, address, host.ports.to_string(), host.missed, host.gone])?;
    for sql in [
        "DELETE FROM scan_ports WHERE tenant = ?1 AND baseline = ?2 AND address = ?3",
        "DELETE FROM scan_scripts WHERE tenant = ?1 AND baseline = ?2 AND address = ?3",
    ] {
        db.prepare_cached(sql)?.execute(params![tenant, baseline, address])?;
    }
    let mut add = db.prepare_cached(
        "INSERT INTO scan_ports (tenant, baseline, address, port, state, missed, probed, service, product, version,
             extra, tunnel, cpe)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    for (port, known) in &host.open {
        let none = Service::default();
        let service = known.service.as_ref().unwrap_or(&none);
        add.execute(params![
            tenant,
            baseline,
            address,
            port,
            known.state.as_str(),
            known.missed,
            known.service.as_ref().map(|service| service.probed),
            service.name,
            service.product,
            service.version,
            service.extra,
            service.tunnel,
            service.cpe,
        ])?;
    }
    let mut add = db.prepare_cached(
        "INSERT INTO scan_scripts (tenant, baseline, address, port, script, said) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for ((port, script), said) in &host.scripts {
        add.execute(params![tenant, baseline, address, port, script, said])?;
    }
    Ok(())
}

/// Deletes a step of what is known from scans of which the last ended before this time; answers how many rows.
pub(super) fn forget(db: &Connection, before: i64, most: u32) -> Result<u64, StoreError> {
    let sql = "SELECT tenant, number FROM scan_baselines WHERE latest < ?1 ORDER BY latest LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![before, most], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: Vec<(String, i64)> = rows.collect::<Result<_, _>>()?;
    let mut done = 0;
    for (tenant, baseline) in &found {
        // Those that refer to others first.
        for (table, key) in [
            ("scan_scripts", "tenant, baseline, address, port, script"),
            ("scan_ports", "tenant, baseline, address, port"),
            ("scan_hosts", "tenant, baseline, address"),
        ] {
            let left = u64::from(most).saturating_sub(done);
            let sql = format!(
                "DELETE FROM {table} WHERE ({key}) IN
                 (SELECT {key} FROM {table} WHERE tenant = ?1 AND baseline = ?2 LIMIT ?3)"
            );
            done += db.prepare_cached(&sql)?.execute(params![tenant, baseline, left])? as u64;
            if done >= u64::from(most) {
                return Ok(done);
            }
        }
        let sql = "DELETE FROM scan_baselines WHERE tenant = ?1 AND number = ?2";
        done += db.prepare_cached(sql)?.execute(params![tenant, baseline])? as u64;
    }
    Ok(done)
}

fn find(db: &Connection, tenant: &Tenant, baseline: &Baseline) -> Result<Option<(i64, i64)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT number, latest FROM scan_baselines
         WHERE tenant = ?1 AND name = ?2 AND scanner = ?3 AND technique = ?4 AND protocol = ?5 AND privileged = ?6",
    )?;
    let key = params![
        tenant.as_str(),
        baseline.name.as_str(),
        baseline.scanner.as_str(),
        baseline.technique,
        baseline.protocol.as_str(),
        baseline.privileged
    ];
    Ok(statement.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn port(row: &Row<'_>) -> rusqlite::Result<KnownPort> {
    let state = row.get::<_, String>(2)?.parse().unwrap_or(PortState::Open);
    let service = match row.get::<_, Option<bool>>(4)? {
        None => None,
        Some(probed) => Some(Service {
            name: row.get(5)?,
            product: row.get(6)?,
            version: row.get(7)?,
            extra: row.get(8)?,
            tunnel: row.get(9)?,
            cpe: row.get(10)?,
            probed,
        }),
    };
    Ok(KnownPort { state, missed: row.get(3)?, service })
}

/// `None`: a row that this program does not understand.
fn address(row: &Row<'_>) -> rusqlite::Result<Option<IpAddr>> {
    Ok(row.get::<_, String>(0)?.parse().ok())
}

/// What is not understood is not known.
fn addresses(text: &str) -> Addresses {
    Addresses::read(text).unwrap_or_default()
}

fn ports(text: &str) -> Ports {
    Ports::read(text).unwrap_or_default()
}
