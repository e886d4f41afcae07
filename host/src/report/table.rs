//! A table: texts to the left, figures to the right.

use std::io::{self, Write};

use super::paint::DIM;
use super::visible::{columns, fit};

/// Columns that a text keeps, however narrow the terminal.
const LEAST: usize = 12;
const GAP: &str = "  ";

/// Rows under a head. All cells have been made visible.
pub struct Table {
    head: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// A column, by what stands above it.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    /// Starts at the left; gives way where there is not room for all.
    Text(&'static str),
    /// Ends at the right, and is always whole.
    Figure(&'static str),
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Column::Text(name) | Column::Figure(name) => name,
        }
    }
}

impl Table {
    /// A table without rows, of which the first column is text and the others are figures.
    pub fn new(head: &[&'static str]) -> Table {
        let columns = head.iter().enumerate();
        let column = |(i, name): (usize, &&'static str)| match i {
            0 => Column::Text(name),
            _ => Column::Figure(name),
        };
        Table { head: columns.map(column).collect(), rows: Vec::new() }
    }

    /// A table without rows, of these columns.
    pub fn of(head: &[Column]) -> Table {
        Table { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with as many cells as the head has.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes it in so many columns; the widest text gives way first.
    pub fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let mut measured = Measured::of(&self.head);
        self.rows.iter().for_each(|row| measured.measure(row));
        let fitted = measured.fit(width);
        fitted.head(out)?;
        self.rows.iter().try_for_each(|row| fitted.row(out, row))
    }
}

/// A table of more rows than anybody should hold: each is measured, and then each is written.
pub struct Measured {
    head: Vec<Column>,
    widest: Vec<usize>,
}

impl Measured {
    /// One of these columns.
    pub fn of(head: &[Column]) -> Measured {
        let widest = head.iter().map(|column| columns(column.name())).collect();
        Measured { head: head.to_vec(), widest }
    }

    /// Makes room for a row.
    pub fn measure(&mut self, cells: &[String]) {
        for (widest, cell) in self.widest.iter_mut().zip(cells) {
            *widest = columns(cell).max(*widest);
        }
    }

    /// As it is written in so many columns; the widest text gives way first.
    pub fn fit(self, width: usize) -> Fitted {
        let Measured { head, widest: mut widths } = self;
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        while over > 0 {
            let texts = widths.iter_mut().zip(&head).filter(|(_, head)| matches!(head, Column::Text(_)));
            let widest = texts.map(|(width, _)| width).max().filter(|widest| **widest > LEAST);
            let Some(widest) = widest else { break };
            *widest -= 1;
            over -= 1;
        }
        Fitted { head, widths }
    }
}

/// A table whose columns have their widths.
pub struct Fitted {
    head: Vec<Column>,
    widths: Vec<usize>,
}

impl Fitted {
    /// Writes its head.
    pub fn head(&self, out: &mut dyn Write) -> io::Result<()> {
        let head: Vec<String> = self.head.iter().map(|column| column.name().to_string()).collect();
        writeln!(out, "{DIM}{}{DIM:#}", self.line(&head))
    }

    /// Writes a row.
    pub fn row(&self, out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
        writeln!(out, "{}", self.line(cells))
    }

    fn line(&self, cells: &[String]) -> String {
        let mut out = String::new();
        for (i, ((cell, head), &width)) in cells.iter().zip(&self.head).zip(&self.widths).enumerate() {
            let cell = fit(cell, width);
            let space = " ".repeat(width.saturating_sub(columns(&cell)));
            out.push_str(if i == 0 { "" } else { GAP });
            match head {
                Column::Text(_) => out.extend([&cell[..], &space]),
                Column::Figure(_) => out.extend([&space[..], &cell]),
            }
        }
        out.truncate(out.trim_end().len());
        out
    }
}
