//! A table: the first column is text, the others are figures.

use std::io::{self, Write};

use super::paint::DIM;
use super::visible::{columns, fit};

/// Columns that the first column keeps, however narrow the terminal.
const LEAST: usize = 12;
const GAP: &str = "  ";

/// Rows under a head. All cells have been made visible.
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(head: &[&'static str]) -> Table {
        Table { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with as many cells as the head has.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes it in so many columns; the first column gives way.
    pub fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let cells = |column: usize| self.rows.iter().filter_map(move |row| row.get(column));
        let widest = |(column, head): (usize, &&str)| {
            cells(column).map(|cell| columns(cell)).max().unwrap_or(0).max(columns(head))
        };
        let mut widths: Vec<usize> = self.head.iter().enumerate().map(widest).collect();
        let others: usize = widths.iter().skip(1).map(|width| width + GAP.len()).sum();
        if let Some(first) = widths.first_mut() {
            *first = (*first).min(width.saturating_sub(others).max(LEAST));
        }
        let head: Vec<String> = self.head.iter().map(|head| head.to_string()).collect();
        writeln!(out, "{DIM}{}{DIM:#}", line(&head, &widths))?;
        for row in &self.rows {
            writeln!(out, "{}", line(row, &widths))?;
        }
        Ok(())
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut out = String::new();
    for (i, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        let cell = fit(cell, width);
        let space = " ".repeat(width.saturating_sub(columns(&cell)));
        if i == 0 {
            out.push_str(&cell);
            out.push_str(&space);
        } else {
            out.push_str(GAP);
            out.push_str(&space);
            out.push_str(&cell);
        }
    }
    out
}
