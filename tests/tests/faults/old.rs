use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::types::Value;
use tripline_tests::root;

use crate::fixture::{Folder, random};
use crate::killed::killed;

/// The rows of each table, by the columns that it had.
type Tables = BTreeMap<String, (Vec<String>, Vec<Vec<Value>>)>;

/// A database of each older version, as that program left it.
fn databases() -> Vec<PathBuf> {
    let folder = root().join("host/tests/store/databases");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 5);
    files
}

fn restored(sql: &PathBuf) -> (Folder, Connection) {
    let folder = Folder::new();
    let connection = Connection::open(folder.path.join("t.db")).unwrap();
    connection.execute_batch(&fs::read_to_string(sql).unwrap()).unwrap();
    (folder, connection)
}

fn tables(connection: &Connection) -> Tables {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(sql).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap);
    names.map(|name: String| (name.clone(), rows(connection, &name, None))).collect()
}

fn rows(connection: &Connection, table: &str, columns: Option<&[String]>) -> (Vec<String>, Vec<Vec<Value>>) {
    let wanted = columns.map_or_else(|| "*".into(), |columns| columns.join(", "));
    let mut statement = connection.prepare(&format!("SELECT {wanted} FROM {table}")).unwrap();
    let names: Vec<String> = statement.column_names().into_iter().map(String::from).collect();
    let row = |row: &rusqlite::Row<'_>| (0..names.len()).map(|at| row.get(at)).collect();
    let mut rows: Vec<Vec<Value>> = statement.query_map([], row).unwrap().map(Result::unwrap).collect();
    rows.sort_by_key(|row| format!("{row:?}"));
    (names, rows)
}

/// Known ports since version 11: what was guessed by a port's number is not kept as what was asked.
fn without_guesses(columns: &[String], old: &[Vec<Value>]) -> Vec<Vec<Value>> {
    let told = ["probed", "service", "product", "version", "extra", "tunnel", "cpe"];
    let place = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let mut rows = old.to_vec();
    for row in rows.iter_mut().filter(|row| row[place("probed")] == Value::Integer(0)) {
        told.iter().for_each(|name| row[place(name)] = Value::Null);
    }
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

#[track_caller]
fn has_all(folder: &Folder, before: &Tables, what: &str) {
    let connection = Connection::open(folder.path.join("t.db")).unwrap();
    for (table, (columns, old)) in before {
        // The random name of the installation is given at the first opening.
        if old.is_empty() && table == "installation" {
            continue;
        }
        // Since version 14 a tenant's lines are a quota like others.
        if let Some(at) = columns.iter().position(|column| table == "tenants" && column == "lines") {
            let bounded = old.iter().filter(|row| row[at] != Value::Null);
            let expected: Vec<Vec<Value>> = bounded
                .map(|row| vec![row[0].clone(), Value::Text("lines".into()), row[at].clone()])
                .collect();
            assert_eq!(rows(&connection, "quotas", None).1, expected, "{what}");
            let names = [columns[0].clone()];
            let old: Vec<Vec<Value>> = old.iter().map(|row| vec![row[0].clone()]).collect();
            assert_eq!(rows(&connection, table, Some(&names)).1, old, "{what}: {table}");
            continue;
        }
        let kept = if table == "scan_ports" { without_guesses(columns, old) } else { old.clone() };
        assert_eq!(rows(&connection, table, Some(columns)).1, kept, "{what}: {table}");
    }
    let sources: i64 = connection.query_row("SELECT count(*) FROM sources", [], |row| row.get(0)).unwrap();
    assert!(sources > 0, "{what}: a fixture without rows shows nothing");
    drop(connection);
    folder.is_sound(what);
}

#[test]
fn old_databases_are_migrated_with_all_their_rows() {
    for sql in databases() {
        let what = sql.display().to_string();
        let (folder, connection) = restored(&sql);
        let before = tables(&connection);
        drop(connection);
        let output = folder.command(&["db", "migrate", "t.db"]).output().unwrap();
        assert!(output.status.success(), "{what}: {output:?}");
        has_all(&folder, &before, &what);
        let own = |row: &&Vec<Value>| row[0] == Value::Text("default".into());
        let known = before.get("incidents").map_or(0, |(_, rows)| rows.iter().filter(own).count());
        assert_eq!(folder.incidents().len(), known, "{what}");
    }
}

#[test]
fn an_old_database_is_looked_at_only_after_its_migration() {
    for sql in databases() {
        let (folder, connection) = restored(&sql);
        drop(connection);
        let path = folder.path.join("t.db");
        let before = fs::read(&path).unwrap();
        for command in [
            "incident list",
            "incident show 1",
            "incident export",
            "silence list",
            "exception list",
            "token list",
            "notify status",
            "notify why 1",
        ] {
            let arguments: Vec<&str> = command.split(' ').chain(["--db", "t.db"]).collect();
            let output = folder.command(&arguments).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{command}: {said}");
            let version = format!("version {}", sql.file_stem().unwrap().display());
            assert!(said.contains(&version) && said.contains("tripline db migrate"), "{command}: {said}");
            assert!(
                fs::read(&path).unwrap() == before && !path.with_extension("db-wal").exists(),
                "{command}"
            );
        }
    }
}

#[test]
fn a_migration_that_was_interrupted_goes_on() {
    let mut reached = 0;
    for sql in databases() {
        // At each step there is; a step that this database has behind it is not reached.
        for step in 1..=databases().len() + 1 {
            let what = format!("{}, step {step}", sql.display());
            let (folder, connection) = restored(&sql);
            let before = tables(&connection);
            drop(connection);
            let mut command = folder.command(&["db", "migrate", "t.db"]);
            let died = command.env("TRIPLINE_CRASH", format!("migration_{step}")).output().unwrap();
            reached += u32::from(died.status.code().is_none());
            folder.is_sound(&what);
            let output = folder.command(&["db", "migrate", "t.db"]).output().unwrap();
            assert!(output.status.success(), "{what}: {output:?}");
            has_all(&folder, &before, &what);
        }
    }
    // Each from its own version to the newest.
    let versions = databases().len() as u32;
    assert_eq!(reached, versions * (versions + 1) / 2);
}

#[test]
fn a_migration_that_is_killed_at_any_moment_goes_on() {
    let mut random = random(7);
    for sql in databases() {
        let (folder, connection) = restored(&sql);
        drop(connection);
        let mut command = folder.command(&["db", "migrate", "t.db"]);
        let begun = Instant::now();
        assert!(command.output().unwrap().status.success());
        let within = begun.elapsed();
        for kill in 0..8 {
            let what = format!("{}, kill {kill}", sql.display());
            let (folder, connection) = restored(&sql);
            let before = tables(&connection);
            drop(connection);
            killed(folder.command(&["db", "migrate", "t.db"]), within, &mut random);
            folder.is_sound(&what);
            let output = folder.command(&["db", "migrate", "t.db"]).output().unwrap();
            assert!(output.status.success(), "{what}: {output:?}");
            has_all(&folder, &before, &what);
        }
    }
}
