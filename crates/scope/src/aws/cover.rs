//! Which allow statements to write, so that together they grant what must be granted in the fewest characters.
//!
//! What must be granted is a table: kinds of actions × kinds of resources × regions. A statement covers a
//! rectangle of it under one condition. Rows that are wanted and allowed in the same places are never told apart
//! by a shortest policy, so that the table is small; the search over it is exact where it ends within its bound,
//! and otherwise keeps the best that it has seen, which is never worse than the statements that it began with.

use super::table::{Cell, Table};

/// The statements of a policy as rectangles of a [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Draft {
    /// The rows, as bits.
    pub(super) rows: u64,
    /// The columns, as bits.
    pub(super) columns: u64,
    /// The index of the condition.
    pub(super) condition: usize,
}

/// How many partial policies are looked at: some ten milliseconds.
const STEPS: usize = 20_000;

/// How many rows are combined freely in a new statement; beyond, each alone or all.
const FREE_ROWS: u32 = 8;

/// The shortest set of statements found that covers the table, `initial` being one that does.
pub(super) fn shortest(table: &Table, initial: Vec<Draft>) -> Vec<Draft> {
    let cost = initial.iter().map(|draft| table.cost(draft)).sum();
    let mut search = Search { table, best: initial, best_cost: cost, drafts: Vec::new(), steps: STEPS };
    search.extend(0);
    search.best
}

struct Search<'a> {
    table: &'a Table,
    best: Vec<Draft>,
    best_cost: usize,
    drafts: Vec<Draft>,
    steps: usize,
}

impl Search<'_> {
    /// Tries every way to cover the first cell, from `from` on, that the drafts leave open.
    fn extend(&mut self, from: usize) {
        let cost: usize = self.drafts.iter().map(|draft| self.table.cost(draft)).sum();
        if cost >= self.best_cost || self.steps == 0 {
            return;
        }
        self.steps -= 1;
        let mut open = self.table.cells.iter().enumerate().skip(from);
        let Some((at, cell)) = open.find(|(_, cell)| !self.is_covered(cell)) else {
            self.best_cost = cost;
            self.best = self.drafts.clone();
            return;
        };
        self.widen_a_draft(at, cell);
        self.begin_a_draft(at, cell);
    }

    fn is_covered(&self, cell: &Cell) -> bool {
        self.drafts.iter().any(|draft| self.table.covers(draft, cell))
    }

    fn widen_a_draft(&mut self, at: usize, cell: &Cell) {
        for index in 0..self.drafts.len() {
            let Some(draft) = self.drafts.get(index).copied() else { return };
            for column in self.table.columns_over(cell.column) {
                let wider = Draft { columns: draft.columns | 1 << column, ..draft };
                if self.table.covers(&wider, cell) && self.table.allows(draft.rows, column, draft.condition) {
                    self.replace(index, wider);
                    self.extend(at + 1);
                    self.replace(index, draft);
                }
            }
        }
    }

    fn begin_a_draft(&mut self, at: usize, cell: &Cell) {
        for condition in 0..self.table.conditions.len() {
            for column in self.table.columns_over(cell.column) {
                let allowed = (0..self.table.rows.len())
                    .filter(|row| self.table.allows(1 << row, column, condition))
                    .fold(0, |rows, row| rows | 1 << row);
                for rows in choices(allowed) {
                    let draft = Draft { rows, columns: 1 << column, condition };
                    if self.table.covers(&draft, cell) {
                        self.drafts.push(draft);
                        self.extend(at + 1);
                        self.drafts.pop();
                    }
                }
            }
        }
    }

    fn replace(&mut self, index: usize, by: Draft) {
        if let Some(draft) = self.drafts.get_mut(index) {
            *draft = by;
        }
    }
}

/// Non-empty subsets of the rows, the largest first.
fn choices(rows: u64) -> Vec<u64> {
    if rows.count_ones() > FREE_ROWS {
        let each = (0..64).map(|row| 1 << row).filter(|row| rows & row != 0);
        return [rows].into_iter().chain(each).collect();
    }
    let mut subsets = Vec::new();
    let mut subset = rows;
    while subset != 0 {
        subsets.push(subset);
        subset = (subset - 1) & rows;
    }
    subsets.sort_by_key(|subset| std::cmp::Reverse(subset.count_ones()));
    subsets
}
