//! What a policy must grant and what it may: kinds of actions × kinds of resources × regions.

use std::slice::from_ref;

use super::authority::Statement;
use super::compile::quoted;
use super::containment::{Union, is_action_within, is_resource_within};
use super::cover::Draft;
use super::pattern::{ActionPattern, ResourcePattern};
use super::region::Regions;
use crate::glob::automaton::Effort;
use crate::sorted::{SortedMap, SortedSet};

/// See the module.
#[derive(Debug)]
pub(super) struct Table {
    /// The kinds of actions.
    pub(super) rows: Vec<Vec<ActionPattern>>,
    /// The kinds of resources.
    pub(super) columns: Vec<Vec<ResourcePattern>>,
    /// The conditions that statements may have.
    pub(super) conditions: Vec<Regions>,
    /// What must be granted.
    pub(super) cells: Vec<Cell>,
    /// For each column and condition the rows, as bits, of which the authority has all.
    allowed: SortedMap<(usize, usize), u64>,
    /// For each row the rows, as bits, that have all its actions; the same for columns.
    rows_over: Vec<u64>,
    columns_over: Vec<u64>,
    row_costs: Vec<Listed>,
    column_costs: Vec<Listed>,
    condition_costs: Vec<usize>,
}

/// One thing to grant: a kind of actions on a kind of resources, in one region or in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) row: usize,
    pub(super) column: usize,
    /// The conditions under which the region is, or all are, as bits. Regions that are under the same conditions
    /// need not be told apart.
    conditions: u64,
}

impl Cell {
    /// Whether a statement with the condition, by index, reaches the cell's region.
    pub(super) fn is_under(&self, condition: usize) -> bool {
        self.conditions & 1 << condition != 0
    }
}

/// Some elements of a list: how many, and how long they are with a comma after each.
#[derive(Clone, Copy, Debug, Default)]
struct Listed {
    elements: usize,
    characters: usize,
}

/// Kinds beyond this are not told apart by bits, and a search would not end.
const KINDS_LIMIT: usize = 24;

/// Up to here each action and each resource is looked at by itself, to find the kinds.
const CLOSE_LOOK: usize = 256;

impl Table {
    /// The table of the statements, which must mean the authority in the way that policies do: a region is a
    /// condition, on global services too. With it the statements as rectangles; none where they are too many.
    pub(super) fn of(statements: &[Statement]) -> Option<(Self, Vec<Draft>)> {
        let effort = Effort::generous();
        let union = Union::new(statements);
        let allows = |actions: &[ActionPattern], resources: &[ResourcePattern], regions: &Regions| {
            let part = Statement {
                actions: actions.to_vec(),
                resources: resources.to_vec(),
                regions: regions.clone(),
            };
            union.gap(&part, &effort).is_ok_and(|gap| gap.is_none())
        };
        let conditions = conditions(statements);
        let actions = memberships(statements, |statement| &statement.actions);
        let resources = memberships(statements, |statement| &statement.resources);
        let close = actions.len() * resources.len() * conditions.len() <= CLOSE_LOOK;
        let on_each = |action: &ActionPattern, resource: &ResourcePattern| {
            let one = conditions.iter().map(|regions| allows(from_ref(action), from_ref(resource), regions));
            one.collect::<Vec<bool>>()
        };
        let rows = kinds(&actions, close, |action| {
            let others = || actions.keys().map(|other| (other, *other != action));
            let allowed = resources.keys().flat_map(|resource| on_each(action, resource));
            let within =
                others().map(|(other, differs)| differs && is_action_within(action, [*other], &effort));
            let over = others().map(|(other, differs)| differs && is_action_within(other, [action], &effort));
            allowed.chain(within).chain(over).collect()
        });
        let columns = kinds(&resources, close, |resource| {
            let others = || resources.keys().map(|other| (other, *other != resource));
            let allowed = actions.keys().flat_map(|action| on_each(action, resource));
            let within =
                others().map(|(other, differs)| differs && is_resource_within(resource, [*other], &effort));
            let over =
                others().map(|(other, differs)| differs && is_resource_within(other, [resource], &effort));
            allowed.chain(within).chain(over).collect()
        });
        if rows.len() > KINDS_LIMIT || columns.len() > KINDS_LIMIT {
            return None;
        }
        let mut allowed = SortedMap::new();
        for (column, resources) in columns.iter().enumerate() {
            for (condition, regions) in conditions.iter().enumerate() {
                let rows = indices(&rows, |actions| allows(actions, resources, regions));
                allowed.insert((column, condition), rows);
            }
        }
        let rows_over = over(&rows, |one, other| is_action_within(one, other, &effort));
        let columns_over = over(&columns, |one, other| is_resource_within(one, other, &effort));
        let row_costs = rows.iter().map(Listed::of).collect();
        let column_costs = columns.iter().map(Listed::of).collect();
        let condition_costs = conditions.iter().map(condition_cost).collect();
        let (drafts, cells) = outline(statements, &rows, &columns, &conditions);
        let table = Self {
            rows,
            columns,
            conditions,
            cells,
            allowed,
            rows_over,
            columns_over,
            row_costs,
            column_costs,
            condition_costs,
        };
        Some((table, drafts))
    }

    /// The statement of a rectangle.
    pub(super) fn statement(&self, draft: &Draft) -> Statement {
        Statement {
            actions: selected(&self.rows, draft.rows).flatten().cloned().collect(),
            resources: selected(&self.columns, draft.columns).flatten().cloned().collect(),
            regions: self.conditions.get(draft.condition).cloned().unwrap_or_default(),
        }
    }

    /// How many characters the statement of a rectangle has, with the comma after it.
    pub(super) fn cost(&self, draft: &Draft) -> usize {
        let frame = r#"{"Effect":"Allow","Action":,"Resource":},"#.len();
        let rows: Listed = selected(&self.row_costs, draft.rows).copied().sum();
        let columns: Listed = selected(&self.column_costs, draft.columns).copied().sum();
        let condition = self.condition_costs.get(draft.condition).copied().unwrap_or_default();
        frame + rows.cost() + columns.cost() + condition
    }

    /// Whether the rectangle grants the cell.
    pub(super) fn covers(&self, draft: &Draft, cell: &Cell) -> bool {
        let columns = self.columns_over.get(cell.column).copied().unwrap_or_default();
        cell.is_under(draft.condition)
            && self.rows_over(cell.row) & draft.rows != 0
            && columns & draft.columns != 0
    }

    /// The rows, as bits, that may be granted on the column under the condition.
    pub(super) fn allowed(&self, column: usize, condition: usize) -> u64 {
        self.allowed.get(&(column, condition)).copied().unwrap_or_default()
    }

    /// The rows, as bits, that have all of a row's actions.
    pub(super) fn rows_over(&self, row: usize) -> u64 {
        self.rows_over.get(row).copied().unwrap_or_default()
    }

    /// The columns that have all of a column's resources, itself first.
    pub(super) fn columns_over(&self, column: usize) -> impl Iterator<Item = usize> + use<> {
        let over = self.columns_over.get(column).copied().unwrap_or_default();
        [column].into_iter().chain(bits(over & !(1 << column)))
    }

    /// How many characters a column adds to a statement at least.
    pub(super) fn column_characters(&self, column: usize) -> usize {
        self.column_costs.get(column).map_or(0, |listed| listed.characters)
    }

    /// Whether one statement can grant both cells.
    pub(super) fn fit_together(&self, one: &Cell, other: &Cell) -> bool {
        let fits = |condition: usize| {
            let crossed = |row: &Cell, column: &Cell| {
                let mut columns = self.columns_over(column.column);
                columns.any(|column| self.allowed(column, condition) & self.rows_over(row.row) != 0)
            };
            one.is_under(condition) && other.is_under(condition) && crossed(one, other) && crossed(other, one)
        };
        (0..self.conditions.len()).any(fits)
    }
}

/// The statements as rectangles, and what they grant as cells.
fn outline(
    statements: &[Statement],
    rows: &[Vec<ActionPattern>],
    columns: &[Vec<ResourcePattern>],
    conditions: &[Regions],
) -> (Vec<Draft>, Vec<Cell>) {
    let mut cells = SortedSet::new();
    let drafts = statements.iter().map(|statement| {
        let rows = indices(rows, |kind| kind.first().is_some_and(|one| statement.actions.contains(one)));
        let columns =
            indices(columns, |kind| kind.first().is_some_and(|one| statement.resources.contains(one)));
        let under: Vec<u64> = match &statement.regions {
            Regions::All => vec![indices(conditions, |one| *one == Regions::All)],
            Regions::Only(regions) => regions
                .iter()
                .map(|region| indices(conditions, |one| one.contains(region.as_str())))
                .collect(),
        };
        for row in bits(rows) {
            for column in bits(columns) {
                cells.extend(under.iter().map(|conditions| Cell { row, column, conditions: *conditions }));
            }
        }
        let condition = conditions.iter().position(|one| *one == statement.regions).unwrap_or_default();
        Draft { rows, columns, condition }
    });
    (drafts.collect(), cells.into_iter().collect())
}

/// The conditions that statements have, and, unless they are many, what can be made of them: a shortest policy
/// may part regions otherwise than they were written.
fn conditions(statements: &[Statement]) -> Vec<Regions> {
    let given: SortedSet<Regions> = statements.iter().map(|statement| statement.regions.clone()).collect();
    let mut made = given.clone();
    loop {
        let mut next = made.clone();
        for one in made.iter() {
            for other in made.iter() {
                let (Regions::Only(one), Regions::Only(other)) = (one, other) else { continue };
                let (both, rest): (Vec<_>, Vec<_>) =
                    one.iter().cloned().partition(|region| other.contains(region));
                let either = other.iter().chain(&rest).cloned().collect();
                next.extend([both, either, rest].map(Regions::from_iter));
            }
        }
        let next: SortedSet<Regions> = next.into_iter().filter(|regions| !regions.is_empty()).collect();
        match next.len() {
            many if many > 8 => return given.into_iter().collect(),
            same if same == made.len() => return made.into_iter().collect(),
            _ => made = next,
        }
    }
}

/// Each pattern with the statements that have it.
fn memberships<'a, P: Ord + 'a>(
    statements: &'a [Statement],
    list: impl Fn(&'a Statement) -> &'a Vec<P>,
) -> SortedMap<&'a P, Vec<usize>> {
    let mut memberships: SortedMap<&P, Vec<usize>> = SortedMap::new();
    for (index, statement) in statements.iter().enumerate() {
        for pattern in list(statement) {
            memberships.update(pattern, |all| all.push(index));
        }
    }
    memberships
}

/// The patterns that are in the same statements, and for which the close look, where it is taken, shows the same.
fn kinds<P: Clone + Ord>(
    memberships: &SortedMap<&P, Vec<usize>>,
    close: bool,
    look: impl Fn(&P) -> Vec<bool>,
) -> Vec<Vec<P>> {
    let mut kinds: SortedMap<(&Vec<usize>, Vec<bool>), Vec<P>> = SortedMap::new();
    for (pattern, statements) in memberships.iter() {
        let seen = if close { look(pattern) } else { Vec::new() };
        kinds.update((statements, seen), |all| all.push((*pattern).clone()));
    }
    kinds.into_values().collect()
}

/// For each kind the kinds, as bits, that have all of it.
fn over<P: PartialEq>(kinds: &[Vec<P>], is_within: impl Fn(&P, &[P]) -> bool) -> Vec<u64> {
    let within = |one: &Vec<P>, other: &Vec<P>| one == other || one.iter().all(|one| is_within(one, other));
    kinds.iter().map(|one| indices(kinds, |other| within(one, other))).collect()
}

fn indices<T>(list: &[T], wanted: impl Fn(&T) -> bool) -> u64 {
    let wanted = list.iter().enumerate().filter(|(_, one)| wanted(one));
    wanted.fold(0, |bits, (index, _)| bits | 1 << index)
}

/// The indices of the bits that are set.
pub(super) fn bits(bits: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |index| bits & 1 << index != 0)
}

fn selected<T>(list: &[T], wanted: u64) -> impl Iterator<Item = &T> {
    list.iter().enumerate().filter(move |(index, _)| wanted & 1 << index != 0).map(|(_, one)| one)
}

fn condition_cost(regions: &Regions) -> usize {
    let frame = r#","Condition":{"StringEquals":{"aws:RequestedRegion":}}"#.len();
    match regions {
        Regions::All => 0,
        Regions::Only(names) => frame + Listed::of(names.iter()).cost(),
    }
}

impl Listed {
    fn of<'a, T: ToString + 'a>(list: impl IntoIterator<Item = &'a T>) -> Self {
        list.into_iter().map(|one| Self { elements: 1, characters: quoted(one).chars().count() + 1 }).sum()
    }

    /// The length of the list, which stands without brackets where it has one element.
    fn cost(self) -> usize {
        let brackets = if self.elements == 1 { 0 } else { 2 };
        (self.characters + brackets).saturating_sub(1)
    }
}

impl std::iter::Sum for Listed {
    fn sum<I: Iterator<Item = Self>>(lists: I) -> Self {
        lists.fold(Self::default(), |one, other| Self {
            elements: one.elements + other.elements,
            characters: one.characters + other.characters,
        })
    }
}
