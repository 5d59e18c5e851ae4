//! Which words of one glob are matched by which others: exactly, and the shortest word first.
//!
//! The globs together are a nondeterministic automaton whose states are places in them. Words of the *subject*
//! are explored breadth first with, for each place in the subject, the set of places in the others that the same
//! word leads to (the subset construction, on the fly). A node is passed over where an earlier one at the same
//! place of the subject has a subset of its places: whatever escapes the larger set escapes the smaller one too.
//!
//! The alphabet is local: at each step, the literals that some place waits for, and one character that none does.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::{Class, Glob, Token};
use crate::proof::TooComplex;
use crate::sorted::{SortedSet, sort};

/// How much more may be explored. Containment of globs in unions of globs is hard in general, so that a few
/// hundred hostile characters could keep a search busy for ever.
#[derive(Debug)]
pub(crate) struct Effort(Cell<u64>);

impl Effort {
    /// Some hundred times what the largest policies need that AWS takes; tens of milliseconds.
    pub(crate) fn generous() -> Self {
        Self(Cell::new(6_000_000))
    }

    /// A part of what is left, for one of many questions about the same policies: some milliseconds. What it does
    /// not use is given back by [`Effort::settle`].
    pub(crate) fn part(&self) -> Self {
        Self(Cell::new(self.0.get().min(1_000_000)))
    }

    /// Takes from the whole what a part of it has used.
    pub(crate) fn settle(&self, part: &Self) {
        let given = self.0.get().min(1_000_000);
        self.0.set(self.0.get().saturating_sub(given.saturating_sub(part.0.get())));
    }

    /// Enough for a list of some hundred patterns, where a document may have many lists.
    pub(crate) fn for_a_list() -> Self {
        Self(Cell::new(60_000))
    }

    pub(crate) fn spend(&self, units: usize) -> Result<(), TooComplex> {
        self.0.set(self.0.get().checked_sub(units as u64).ok_or(TooComplex)?);
        Ok(())
    }
}

/// The shortest word of `subject` that none of `others` matches.
pub(crate) fn uncovered(
    subject: &Glob,
    others: &[&Glob],
    effort: &Effort,
) -> Result<Option<String>, TooComplex> {
    if others.contains(&subject) {
        return Ok(None);
    }
    let near: Vec<&Glob> = others.iter().copied().filter(|other| !other.is_apart_from(subject)).collect();
    let mut search = Search::new(subject, &near);
    let mut found = None;
    search.run(
        effort,
        |_| true,
        |matched, word| {
            if !matched.is_empty() {
                return ControlFlow::Continue(());
            }
            found = Some(word());
            ControlFlow::Break(())
        },
    )?;
    Ok(found)
}

/// A set of owners (see [`signatures`]) and a word that is matched by the globs of just these.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub(crate) owners: Vec<usize>,
    pub(crate) word: String,
}

/// The minimal sets of owners that match some word of `subject` together, leaving out the words that one of
/// `excluded` matches. No set means that no word is left.
pub(crate) fn signatures(
    subject: &Glob,
    owned: &[(usize, &Glob)],
    excluded: &[&Glob],
    effort: &Effort,
) -> Result<Vec<Signature>, TooComplex> {
    // Owners that match every word of the subject need no search.
    let equal = owned.iter().filter(|(_, glob)| *glob == subject);
    let always: SortedSet<usize> = equal.map(|(owner, _)| *owner).collect();
    let near = |glob: &Glob| !glob.is_apart_from(subject);
    let excluded: Vec<&Glob> = excluded.iter().copied().filter(|glob| near(glob)).collect();
    let owned: Vec<(usize, &Glob)> =
        owned.iter().copied().filter(|(owner, glob)| near(glob) && !always.contains(owner)).collect();

    let others: Vec<&Glob> = excluded.iter().copied().chain(owned.iter().map(|(_, glob)| *glob)).collect();
    let mut search = Search::new(subject, &others);
    let mut minimal: Vec<Signature> = Vec::new();
    search.run(
        effort,
        |other| other < excluded.len(),
        |matched, word| {
            if matched.iter().any(|other| *other < excluded.len()) {
                return ControlFlow::Continue(());
            }
            let owner = |other: &usize| owned.get(other - excluded.len()).map(|(owner, _)| *owner);
            let owners: SortedSet<usize> = matched.iter().filter_map(owner).chain(always.clone()).collect();
            let owners: Vec<usize> = owners.into_iter().collect();
            if !minimal.iter().any(|known| is_subset(&known.owners, &owners)) {
                minimal.retain(|known| !is_subset(&owners, &known.owners));
                let nothing_is_smaller = owners.len() == always.len();
                minimal.push(Signature { owners, word: word() });
                if nothing_is_smaller {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(minimal)
}

/// A place in one of the other globs: before its token `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    other: usize,
    at: usize,
}

/// A place in the subject with all the places in the others that the same word leads to.
struct Node {
    at: usize,
    places: Vec<Place>,
    /// The node that this one continues, and by which character (none: by ending a `*` of the subject).
    from: Option<(usize, Option<char>)>,
}

struct Search<'a> {
    subject: &'a Glob,
    others: &'a [&'a Glob],
    nodes: Vec<Node>,
    queue: VecDeque<usize>,
    /// The nodes at each place of the subject.
    seen: Vec<Vec<usize>>,
}

impl<'a> Search<'a> {
    fn new(subject: &'a Glob, others: &'a [&'a Glob]) -> Self {
        let seen = vec![Vec::new(); subject.len() + 1];
        Self { subject, others, nodes: Vec::new(), queue: VecDeque::new(), seen }
    }

    /// Calls `end` at the end of each word that is not passed over, with the others that match it. Words are not
    /// continued where an other for which `settles` says so matches whatever follows.
    fn run(
        &mut self,
        effort: &Effort,
        settles: impl Fn(usize) -> bool,
        mut end: impl FnMut(&[usize], &dyn Fn() -> String) -> ControlFlow<()>,
    ) -> Result<(), TooComplex> {
        let places = self.places_after_prefix(effort)?;
        self.add(self.subject.prefix_len(), places, None, effort)?;
        while let Some(index) = self.queue.pop_front() {
            let Some(node) = self.nodes.get(index) else { break };
            if node.places.iter().any(|place| settles(place.other) && self.is_absorbing(*place)) {
                continue;
            }
            let Some(token) = self.subject.token(node.at) else {
                let complete = |place: &&Place| self.token(**place).is_none();
                let matched: Vec<usize> = node.places.iter().filter(complete).map(|one| one.other).collect();
                if end(&matched, &|| self.word(index)).is_break() {
                    break;
                }
                continue;
            };
            let at = node.at;
            let next = if matches!(token, Token::Run(_)) { at } else { at + 1 };
            for (symbol, spelled) in self.alphabet(token, at, &node.places) {
                let Some(node) = self.nodes.get(index) else { break };
                effort.spend(node.places.len() + 1)?;
                let places = self.step(&node.places, symbol);
                self.add(next, places, Some((index, Some(spelled))), effort)?;
            }
        }
        Ok(())
    }

    /// Adds a node, unless an earlier one stands for it; and the node behind a `*` that is ended here.
    fn add(
        &mut self,
        at: usize,
        places: Vec<Place>,
        from: Option<(usize, Option<char>)>,
        effort: &Effort,
    ) -> Result<(), TooComplex> {
        let index = self.nodes.len();
        let Some(seen) = self.seen.get_mut(at) else { return Ok(()) };
        for earlier in seen.iter().filter_map(|earlier| self.nodes.get(*earlier)) {
            effort.spend(earlier.places.len() / 8 + 1)?;
            if is_subset(&earlier.places, &places) {
                return Ok(());
            }
        }
        seen.push(index);
        let ended = matches!(self.subject.token(at), Some(Token::Run(_))).then(|| places.clone());
        self.nodes.push(Node { at, places, from });
        self.queue.push_back(index);
        ended.map_or(Ok(()), |places| self.add(at + 1, places, Some((index, None)), effort))
    }

    /// Where the others stand after the subject's literal prefix. Most others have another prefix, or the same:
    /// these need no steps.
    fn places_after_prefix(&self, effort: &Effort) -> Result<Vec<Place>, TooComplex> {
        let (prefix, length) = (self.subject.prefix(), self.subject.prefix_len());
        let mut places = Vec::new();
        for (other, glob) in self.others.iter().enumerate() {
            effort.spend(1)?;
            if glob.prefix_len() >= length {
                if glob.prefix().starts_with(prefix) {
                    self.enter(&mut places, Place { other, at: length });
                }
            } else if prefix.starts_with(glob.prefix()) {
                let mut alive = Vec::new();
                self.enter(&mut alive, Place { other, at: glob.prefix_len() });
                for symbol in prefix.chars().skip(glob.prefix_len()) {
                    effort.spend(alive.len() + 1)?;
                    alive = self.step(&alive, symbol);
                }
                places.append(&mut alive);
            }
        }
        Ok(places)
    }

    fn step(&self, places: &[Place], symbol: char) -> Vec<Place> {
        let mut next = Vec::new();
        for place in places {
            match self.token(*place) {
                Some(Token::Run(class)) if class.contains(symbol) => self.enter(&mut next, *place),
                Some(Token::Run(_)) | None => {}
                Some(token) if token.accepts(symbol) => {
                    self.enter(&mut next, Place { at: place.at + 1, ..*place });
                }
                Some(_) => {}
            }
        }
        sort(&mut next);
        next.dedup();
        next
    }

    /// Adds a place, and those reached from it without a character.
    fn enter(&self, places: &mut Vec<Place>, mut place: Place) {
        places.push(place);
        while let Some(Token::Run(_)) = self.token(place) {
            place.at += 1;
            places.push(place);
        }
    }

    fn token(&self, place: Place) -> Option<Token> {
        self.others.get(place.other)?.token(place.at)
    }

    /// Whether the other matches whatever follows: it is in a `*` at its end. (The subject is then in its last
    /// part too, for the parts of actions and of ARNs are aligned by their colons.)
    fn is_absorbing(&self, place: Place) -> bool {
        let last = self.others.get(place.other).is_some_and(|glob| place.at + 1 == glob.len());
        last && matches!(self.token(place), Some(Token::Run(_)))
    }

    /// The characters that tell the places apart, with their spelling; first one that no literal waits for.
    fn alphabet(&self, token: Token, at: usize, places: &[Place]) -> Vec<(char, char)> {
        let class = match token {
            Token::Literal(literal) => return vec![(literal, self.subject.spelled(at))],
            Token::One(class) | Token::Run(class) => class,
        };
        let mut literals: Vec<(char, char)> = places
            .iter()
            .filter_map(|place| match self.token(*place) {
                Some(Token::Literal(literal)) if class.contains(literal) => {
                    let spelled = self.others.get(place.other)?.spelled(place.at);
                    Some((literal, spelled))
                }
                _ => None,
            })
            .collect();
        sort(&mut literals);
        literals.dedup_by_key(|(literal, _)| *literal);
        let fresh = fresh_symbol(class, |symbol| literals.iter().any(|(literal, _)| *literal == symbol));
        fresh.map(|symbol| (symbol, symbol)).into_iter().chain(literals).collect()
    }

    fn word(&self, index: usize) -> String {
        let mut symbols = Vec::new();
        let mut from = self.nodes.get(index).and_then(|node| node.from);
        while let Some((earlier, symbol)) = from {
            symbols.extend(symbol);
            from = self.nodes.get(earlier).and_then(|node| node.from);
        }
        let prefix = (0..self.subject.prefix_len()).map(|at| self.subject.spelled(at));
        prefix.chain(symbols.into_iter().rev()).collect()
    }
}

/// A character of the class that is not taken; a plain letter if possible. There is none only where every
/// character that the class has is taken.
fn fresh_symbol(class: Class, taken: impl Fn(char) -> bool) -> Option<char> {
    let plain = ('a'..='z').chain('0'..='9').chain("-/_.".chars());
    let printable = ('!'..='~').filter(|symbol| !"*?".contains(*symbol));
    let beyond = '\u{a1}'..='\u{fff}';
    plain.chain(printable).chain(beyond).find(|symbol| class.contains(*symbol) && !taken(*symbol))
}

/// Whether the sorted `small` has nothing that the sorted `large` has not.
fn is_subset<T: Ord>(small: &[T], large: &[T]) -> bool {
    let mut large = large.iter();
    small.len() <= large.len()
        && small.iter().all(|one| large.by_ref().find(|other| *other >= one) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Glob {
        let mut glob = Glob::default();
        glob.push_text(text, Class::Rest, false);
        glob
    }

    fn witness(subject: &str, others: &[&str]) -> Option<String> {
        let others: Vec<Glob> = others.iter().map(|text| glob(text)).collect();
        let others: Vec<&Glob> = others.iter().collect();
        uncovered(&glob(subject), &others, &Effort::generous()).unwrap()
    }

    #[test]
    fn containment_in_one_glob_is_exact() {
        assert_eq!(witness("abc", &["a*"]), None);
        assert_eq!(witness("a*c", &["a*"]), None);
        assert_eq!(witness("a*", &["a*c"]), Some("a".to_owned()));
        assert_eq!(witness("a?c", &["a*c"]), None);
        assert_eq!(witness("a*c", &["a?*c"]), Some("ac".to_owned()));
        assert_eq!(witness("*ab*", &["*a*b*"]), None);
        assert_eq!(witness("*a*b*", &["*ab*"]), Some("acb".to_owned()));
        assert_eq!(witness("", &[]), Some(String::new()));
        assert_eq!(witness("", &["*"]), None);
    }

    #[test]
    fn containment_in_a_union_is_exact() {
        assert_eq!(witness("*", &["", "?", "??*"]), None);
        assert_eq!(witness("*", &["", "??*"]), Some("a".to_owned()));
        assert_eq!(witness("a*", &["a", "a?", "a??*"]), None);
        assert_eq!(witness("*a*", &["a*", "?*a*"]), None);
        assert_eq!(witness("?", &["a", "b"]), Some("c".to_owned()));
    }

    #[test]
    fn signatures_are_the_minimal_ones() {
        let globs = [glob("a*"), glob("*b"), glob("a*b")];
        let owned: Vec<(usize, &Glob)> = globs.iter().enumerate().collect();
        let found = |subject: &str, excluded: &[&Glob]| {
            let mut found: Vec<Vec<usize>> =
                signatures(&glob(subject), &owned, excluded, &Effort::generous())
                    .unwrap()
                    .into_iter()
                    .map(|signature| signature.owners)
                    .collect();
            sort(&mut found);
            found
        };
        assert_eq!(found("*", &[]), [Vec::<usize>::new()]);
        assert_eq!(found("a*", &[]), [[0]]);
        assert_eq!(found("*b", &[]), [[1]]);
        assert_eq!(found("a*b", &[]), [[0, 1, 2]]);
        assert_eq!(found("a*b", &[&glob("a*")]), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn a_search_without_end_is_given_up() {
        // A tautology over many variables, in the disguise of globs.
        let subject = glob(&"?".repeat(60));
        let clause = |index: usize| {
            let at = |other: usize| if other == index { 'a' } else { '?' };
            (0..60)
                .map(|place| if place == (index * 7 + 13) % 60 { 'b' } else { at(place) })
                .collect::<String>()
        };
        let clauses: Vec<Glob> = (0..60).map(|index| glob(&clause(index))).collect();
        let others: Vec<&Glob> = clauses.iter().collect();
        let little = Effort(Cell::new(200));
        assert_eq!(uncovered(&subject, &others, &little), Err(TooComplex));
    }
}
