//! Which allow statements to write, so that together they grant what must be granted in the fewest characters.
//!
//! What must be granted is a table: kinds of actions × kinds of resources × regions. A statement covers a
//! rectangle of it under one condition. The search is exact where it ends within its bound (branch and bound);
//! otherwise it keeps the best that it has seen, which is never worse than the statements that it began with.

use super::table::{Cell, Table, bits};
use crate::sorted::{sort, sort_by_key};

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

/// How many partial policies are looked at: some milliseconds.
const STEPS: usize = 20_000;

/// How many cells are told apart; what is larger stays as it is.
const CELLS: usize = 160;

/// How many rows are combined freely in a new statement; beyond, each alone or all.
const FREE_ROWS: u32 = 8;

/// The shortest set of statements found that covers the table, `initial` being one that does.
pub(super) fn shortest(table: &Table, initial: Vec<Draft>) -> Vec<Draft> {
    if table.cells.len() > CELLS {
        return initial;
    }
    let mut left = initial;
    let mut found = Vec::new();
    for cells in independent_parts(table) {
        let in_part = |draft: &Draft| cells.iter().any(|cell| table.covers(draft, cell));
        let (part, rest): (Vec<Draft>, Vec<Draft>) = left.into_iter().partition(in_part);
        left = rest;
        found.extend(Search::new(table, cells, part).run());
    }
    found
}

/// The cells, parted so that no statement can cover cells of two parts.
fn independent_parts(table: &Table) -> Vec<Vec<&Cell>> {
    let mut parts: Vec<Vec<&Cell>> = Vec::new();
    for cell in &table.cells {
        let meets = |part: &Vec<&Cell>| part.iter().any(|other| table.fit_together(cell, other));
        let (joined, apart): (Vec<_>, Vec<_>) = parts.into_iter().partition(meets);
        parts = apart;
        parts.push(joined.into_iter().flatten().chain([cell]).collect());
    }
    for part in &mut parts {
        sort(part);
    }
    sort(&mut parts);
    parts
}

struct Search<'a> {
    table: &'a Table,
    cells: Vec<&'a Cell>,
    /// For each cell the cells, by index, that a statement with it can cover too.
    together: Vec<Vec<bool>>,
    /// For each cell the length of the shortest statement that covers it.
    alone: Vec<usize>,
    best: Vec<Draft>,
    best_cost: usize,
    drafts: Vec<Draft>,
    steps: usize,
}

impl<'a> Search<'a> {
    fn new(table: &'a Table, cells: Vec<&'a Cell>, initial: Vec<Draft>) -> Self {
        let together = cells.iter().map(|one| {
            let fits = cells.iter().map(|other| table.fit_together(one, other));
            fits.collect()
        });
        let alone = cells.iter().map(|cell| {
            let drafts = (0..table.conditions.len()).flat_map(|condition| {
                bits(table.rows_over(cell.row)).flat_map(move |row| {
                    let columns = table.columns_over(cell.column);
                    columns.map(move |column| Draft { rows: 1 << row, columns: 1 << column, condition })
                })
            });
            drafts
                .filter(|draft| table.covers(draft, cell))
                .map(|draft| table.cost(&draft))
                .min()
                .unwrap_or(0)
        });
        Self {
            together: together.collect(),
            alone: alone.collect(),
            best_cost: initial.iter().map(|draft| table.cost(draft)).sum(),
            best: initial,
            drafts: Vec::new(),
            steps: STEPS,
            table,
            cells,
        }
    }

    fn run(mut self) -> Vec<Draft> {
        self.extend();
        self.best
    }

    /// Tries every way to cover the first cell that the drafts leave open.
    fn extend(&mut self) {
        let Some(steps) = self.steps.checked_sub(1) else { return };
        self.steps = steps;
        let covered = |cell: &Cell| self.drafts.iter().any(|draft| self.table.covers(draft, cell));
        let open: Vec<usize> =
            self.cells.iter().enumerate().filter(|(_, cell)| !covered(cell)).map(|(at, _)| at).collect();
        let cost: usize = self.drafts.iter().map(|draft| self.table.cost(draft)).sum();
        if cost + self.at_least(&open) >= self.best_cost {
            return;
        }
        let Some(cell) = open.first().and_then(|at| self.cells.get(*at)).copied() else {
            self.best_cost = cost;
            self.best = self.drafts.clone();
            return;
        };
        self.widen_a_draft(cell);
        self.begin_a_draft(cell, &open);
    }

    /// How many characters the open cells cost at least: cells of which no two fit into one statement cost what
    /// each costs by itself.
    fn at_least(&self, open: &[usize]) -> usize {
        let mut chosen: Vec<usize> = Vec::new();
        let mut cost = 0;
        for at in open {
            let fits = |other: &usize| self.together.get(*at).and_then(|row| row.get(*other)) == Some(&true);
            let (Some(cell), false) = (self.cells.get(*at), chosen.iter().any(fits)) else { continue };
            let widened = self.drafts.iter().filter_map(|draft| {
                let columns = self.table.columns_over(cell.column);
                let wider = columns.map(|column| (column, Draft { columns: 1 << column, ..*draft }));
                let wider = wider.filter(|(_, wider)| self.table.covers(wider, cell));
                wider.map(|(column, _)| self.table.column_characters(column)).min()
            });
            cost += widened.chain(self.alone.get(*at).copied()).min().unwrap_or(0);
            chosen.push(*at);
        }
        cost
    }

    fn widen_a_draft(&mut self, cell: &Cell) {
        for index in 0..self.drafts.len() {
            let Some(draft) = self.drafts.get(index).copied() else { return };
            for column in self.table.columns_over(cell.column) {
                let wider = Draft { columns: draft.columns | 1 << column, ..draft };
                if self.table.covers(&wider, cell)
                    && draft.rows & !self.table.allowed(column, draft.condition) == 0
                {
                    self.replace(index, wider);
                    self.extend();
                    self.replace(index, draft);
                }
            }
        }
    }

    fn begin_a_draft(&mut self, cell: &Cell, open: &[usize]) {
        for condition in 0..self.table.conditions.len() {
            // Rows are of use that cover a cell which is still open.
            let open = open.iter().filter_map(|at| self.cells.get(*at));
            let of_use = open.filter(|cell| cell.is_under(condition));
            let of_use = of_use.fold(0, |rows, cell| rows | self.table.rows_over(cell.row));
            for column in self.table.columns_over(cell.column) {
                for rows in choices(of_use & self.table.allowed(column, condition)) {
                    let draft = Draft { rows, columns: 1 << column, condition };
                    if self.table.covers(&draft, cell) {
                        self.drafts.push(draft);
                        self.extend();
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
        return [rows].into_iter().chain(bits(rows).map(|row| 1 << row)).collect();
    }
    let mut subsets = Vec::new();
    let mut subset = rows;
    while subset != 0 {
        subsets.push(subset);
        subset = (subset - 1) & rows;
    }
    sort_by_key(&mut subsets, |subset| std::cmp::Reverse(subset.count_ones()));
    subsets
}
