//! A table of measurements, each beside its ratio to the first row.

use std::fmt;

use serde_json::{Value, json};

/// What one benchmark found.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    name: &'static str,
    /// What is measured, with its unit, as in `first answer p50, ms`.
    columns: Vec<&'static str>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    name: String,
    values: Vec<f64>,
}

impl Table {
    pub(crate) fn new(name: &'static str, columns: &[&'static str]) -> Self {
        Self { name, columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row. The first one is what the others are compared with.
    pub(crate) fn row(&mut self, name: &str, values: &[f64]) {
        self.rows.push(Row { name: name.to_owned(), values: values.to_vec() });
    }

    /// Whether it has no row yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The same for programs, with the ratios.
    pub(crate) fn json(&self) -> Value {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| json!({ "name": row.name, "values": row.values, "ratios": self.ratios(row) }))
            .collect();
        json!({ "name": self.name, "columns": self.columns, "rows": rows })
    }

    /// How many times the first row's value each value is; `None` where that one is zero.
    fn ratios(&self, row: &Row) -> Vec<Option<f64>> {
        let first = self.rows.first().map_or(&[][..], |first| &first.values);
        row.values.iter().zip(first).map(|(value, first)| (*first > 0.0).then(|| value / first)).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.rows.iter().map(|row| row.name.len()).chain([self.name.len()]).max().unwrap_or(0);
        write!(f, "\n{:<names$}", self.name)?;
        for column in &self.columns {
            write!(f, "   {column:>WIDTH$}")?;
        }
        writeln!(f)?;
        for row in &self.rows {
            write!(f, "{:<names$}", row.name)?;
            for (value, ratio) in row.values.iter().zip(self.ratios(row)) {
                let ratio = ratio.map_or_else(String::new, |ratio| format!("×{ratio:.2}"));
                write!(f, "   {value:>width$.2} {ratio:>8}", width = WIDTH - 9)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Wide enough for the longest column's name.
const WIDTH: usize = 22;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_as_multiples_of_the_first_rows() {
        let mut table = Table::new("cold start", &["first answer, ms", "memory, MB"]);
        table.row("ours", &[4.0, 0.0]);
        table.row("theirs", &[10.0, 60.0]);
        assert_eq!(table.json()["rows"][1]["ratios"], json!([2.5, null]));
        assert!(table.to_string().contains("×2.5"), "{table}");
    }
}
