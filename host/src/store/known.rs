//! What is known from scans, and its rows, which are read host by host; only those of what has changed are written.

use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::numbers;
use crate::commit::{StoreError, Tenant};
use crate::scans::{
    Addresses, Baseline, Known, KnownHost, KnownHosts, KnownPort, PortState, Ports, Remembered, Service,
};

/// Addresses that are read at once.
const STEP: u32 = 1_000;

/// When the last scan of a baseline ended; `None`: there was none.
pub(super) fn latest(
    db: &Connection,
    tenant: &Tenant,
    baseline: &Baseline,
) -> Result<Option<i64>, StoreError> {
    Ok(find(db, tenant, baseline)?.map(|(_, latest)| latest))
}

/// What is known in a baseline, host by host.
pub(super) struct Stored<'a> {
    db: &'a Connection,
    tenant: &'a Tenant,
    number: i64,
    /// The host that was read last, as it was.
    last: Option<(IpAddr, Option<KnownHost>)>,
}

impl<'a> Stored<'a> {
    /// That of a scan that ended at this time.
    pub(super) fn open(
        db: &'a Connection,
        tenant: &'a Tenant,
        baseline: &Baseline,
        ended: i64,
    ) -> Result<Stored<'a>, StoreError> {
        let number = match find(db, tenant, baseline)? {
            Some((number, _)) => number,
            None => numbers::next(db, tenant, "scan baseline")?,
        };
        db.prepare_cached(
            "INSERT INTO scan_baselines (tenant, number, name, scanner, technique, protocol, privileged, latest, addresses)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '')
             ON CONFLICT (tenant, number) DO UPDATE SET latest = excluded.latest",
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
        ])?;
        Ok(Stored { db, tenant, number, last: None })
    }
}

impl KnownHosts for Stored<'_> {
    fn whole(&mut self) -> Result<Known, StoreError> {
        Ok(self.db.query_row(
            "SELECT asked_addresses, asked_ports, addresses FROM scan_baselines WHERE tenant = ?1 AND number = ?2",
            params![self.tenant.as_str(), self.number],
            |row| {
                let asked = (row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?);
                Ok(Known {
                    asked_addresses: asked.0.map(|text| addresses(&text)),
                    asked_ports: asked.1.map(|text| ports(&text)),
                    addresses: addresses(&row.get::<_, String>(2)?),
                })
            },
        )?)
    }

    fn keep_whole(&mut self, known: Known) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "UPDATE scan_baselines SET asked_addresses = ?3, asked_ports = ?4, addresses = ?5
                 WHERE tenant = ?1 AND number = ?2",
            )?
            .execute(params![
                self.tenant.as_str(),
                self.number,
                known.asked_addresses.as_ref().map(Addresses::to_string),
                known.asked_ports.as_ref().map(Ports::to_string),
                known.addresses.to_string(),
            ])?;
        Ok(())
    }

    fn host(&mut self, address: IpAddr) -> Result<Option<KnownHost>, StoreError> {
        let host = get_host(self.db, self.tenant, self.number, &address.to_string())?;
        self.last = Some((address, host.clone()));
        Ok(host)
    }

    fn keep_host(&mut self, address: IpAddr, host: KnownHost) -> Result<(), StoreError> {
        let before = match self.last.take() {
            Some((read, before)) if read == address => before,
            _ => get_host(self.db, self.tenant, self.number, &address.to_string())?,
        };
        if before.as_ref() == Some(&host) {
            return Ok(());
        }
        put_host(self.db, self.tenant, self.number, &address.to_string(), before.as_ref(), &host)
    }

    fn behind(&mut self, after: Option<IpAddr>) -> Result<Vec<IpAddr>, StoreError> {
        let sql = "SELECT address FROM scan_hosts WHERE tenant = ?1 AND baseline = ?2 AND address > ?3
                   ORDER BY address LIMIT ?4";
        let mut statement = self.db.prepare_cached(sql)?;
        let after = after.map(|after| after.to_string()).unwrap_or_default();
        let rows = statement.query_map(params![self.tenant.as_str(), self.number, after, STEP], |row| {
            row.get::<_, String>(0)
        })?;
        // What is not understood is not known.
        let found: Vec<String> = rows.collect::<Result<_, _>>()?;
        Ok(found.iter().filter_map(|address| address.parse().ok()).collect())
    }
}

fn get_host(
    db: &Connection,
    tenant: &Tenant,
    baseline: i64,
    address: &str,
) -> Result<Option<KnownHost>, StoreError> {
    let key = params![tenant.as_str(), baseline, address];
    let sql =
        "SELECT ports, missed, gone FROM scan_hosts WHERE tenant = ?1 AND baseline = ?2 AND address = ?3";
    let found = db.prepare_cached(sql)?.query_row(key, |row| {
        let (missed, gone) = (row.get(1)?, row.get(2)?);
        Ok(KnownHost { ports: ports(&row.get::<_, String>(0)?), missed, gone, ..KnownHost::default() })
    });
    let Some(mut host) = found.optional()? else { return Ok(None) };
    let sql = "SELECT port, state, missed, probed, service, product, version, extra, tunnel, cpe, asked
               FROM scan_ports WHERE tenant = ?1 AND baseline = ?2 AND address = ?3";
    let mut open = db.prepare_cached(sql)?;
    let mut rows = open.query(key)?;
    while let Some(row) = rows.next()? {
        host.open.insert(row.get(0)?, port(row)?);
    }
    let sql =
        "SELECT port, script, said FROM scan_scripts WHERE tenant = ?1 AND baseline = ?2 AND address = ?3";
    let mut scripts = db.prepare_cached(sql)?;
    let mut rows = scripts.query(key)?;
    while let Some(row) = rows.next()? {
        host.scripts.insert((row.get(0)?, row.get(1)?), row.get(2)?);
    }
    Ok(Some(host))
}

fn put_host(
    db: &Connection,
    tenant: &Tenant,
    baseline: i64,
    address: &str,
    before: Option<&KnownHost>,
    host: &KnownHost,
) -> Result<(), StoreError> {
    let tenant = tenant.as_str();
    db.prepare_cached(
        "INSERT INTO scan_hosts (tenant, baseline, address, ports, missed, gone) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET ports = excluded.ports, missed = excluded.missed, gone = excluded.gone",
    )?
    .execute(params![tenant, baseline, address, host.ports.to_string(), host.missed, host.gone])?;
    // Only rows of what has changed are written: a host that was not there has none.
    if before.is_none_or(|before| before.open != host.open) {
        if before.is_some() {
            let sql = "DELETE FROM scan_ports WHERE tenant = ?1 AND baseline = ?2 AND address = ?3";
            db.prepare_cached(sql)?.execute(params![tenant, baseline, address])?;
        }
        put_ports(db, tenant, baseline, address, host)?;
    }
    if before.is_none_or(|before| before.scripts != host.scripts) {
        if before.is_some() {
            let sql = "DELETE FROM scan_scripts WHERE tenant = ?1 AND baseline = ?2 AND address = ?3";
            db.prepare_cached(sql)?.execute(params![tenant, baseline, address])?;
        }
        let mut add = db.prepare_cached(
            "INSERT INTO scan_scripts (tenant, baseline, address, port, script, said) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for ((port, script), said) in &host.scripts {
            add.execute(params![tenant, baseline, address, port, script, said])?;
        }
    }
    Ok(())
}

fn put_ports(
    db: &Connection,
    tenant: &str,
    baseline: i64,
    address: &str,
    host: &KnownHost,
) -> Result<(), StoreError> {
    let mut add = db.prepare_cached(
        "INSERT INTO scan_ports (tenant, baseline, address, port, state, missed, probed, service, product, version,
             extra, tunnel, cpe, asked)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    for (port, known) in &host.open {
        let none = Service::default();
        let remembered = known.service.as_ref();
        let service = remembered.map_or(&none, |remembered| &remembered.service);
        add.execute(params![
            tenant,
            baseline,
            address,
            port,
            known.state.as_str(),
            known.missed,
            remembered.map(|_| true),
            service.name,
            service.product,
            service.version,
            service.extra,
            service.tunnel,
            service.cpe,
            remembered.and_then(|remembered| remembered.time),
        ])?;
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
    let state = row.get::<_, String>(1)?.parse().unwrap_or(PortState::Open);
    // A guess, which older programs have kept, too, is nothing that was asked.
    let service = match row.get::<_, Option<bool>>(3)? {
        None | Some(false) => None,
        Some(true) => Some(Remembered {
            service: Service {
                name: row.get(4)?,
                product: row.get(5)?,
                version: row.get(6)?,
                extra: row.get(7)?,
                tunnel: row.get(8)?,
                cpe: row.get(9)?,
                probed: true,
            },
            time: row.get(10)?,
        }),
    };
    Ok(KnownPort { state, missed: row.get(2)?, service })
}

/// What is not understood is not known.
fn addresses(text: &str) -> Addresses {
    Addresses::read(text).unwrap_or_default()
}

fn ports(text: &str) -> Ports {
    Ports::read(text).unwrap_or_default()
}
