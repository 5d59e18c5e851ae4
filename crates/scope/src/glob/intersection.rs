//! The words that two globs have in common, as globs again.

use super::automaton::Effort;
use super::{Glob, Token};
use crate::proof::TooComplex;
use crate::sorted::SortedSet;

/// Globs whose union is the intersection of the two. Where they agree, `left` is the spelling that is kept.
///
/// Two runs meet in every order in which the rest of the one and the rest of the other may begin, so the number
/// of globs grows with the number of wildcards in both.
pub(crate) fn intersection(left: &Glob, right: &Glob, effort: &Effort) -> Result<Vec<Glob>, TooComplex> {
    let (one, other) = (left.prefix(), right.prefix());
    if !one.starts_with(other) && !other.starts_with(one) {
        return Ok(Vec::new());
    }
    let shared = left.prefix_len().min(right.prefix_len());
    let prefix = left.tokens().iter().copied().enumerate().take(shared);
    let word = prefix.map(|(at, token)| (token, left.spelled(at))).collect();
    let mut meeting = Meeting { left, right, effort, word, found: SortedSet::new() };
    meeting.from(shared, shared)?;
    let globs = meeting.found.into_iter().map(|steps| {
        let mut glob = Glob::default();
        for (token, spelled) in steps {
            glob.push(token, spelled);
        }
        glob
    });
    Ok(globs.collect())
}

/// Whether there is a word that both match. Costs no more than the product of their lengths.
pub(crate) fn share(left: &Glob, right: &Glob, effort: &Effort) -> Result<bool, TooComplex> {
    effort.spend(1)?;
    if left.is_apart_from(right) {
        return Ok(false);
    }
    // A row for each place of the left glob: which places of the right one the same word leads to.
    let mut row = vec![false; right.len() + 1];
    if let Some(start) = row.first_mut() {
        *start = true;
    }
    for at_left in 0..=left.len() {
        effort.spend(right.len() / 16 + 1)?;
        let one = left.token(at_left);
        let mut next = vec![false; right.len() + 1];
        let mut alive = false;
        for at_right in 0..=right.len() {
            if !row.get(at_right).is_some_and(|here| *here) {
                continue;
            }
            alive = true;
            let other = right.token(at_right);
            let meet = one.zip(other).is_some_and(|(one, other)| narrower(one, other).is_some());
            let (one_runs, other_runs) = (is_run(one), is_run(other));
            if other_runs || (one_runs && meet) {
                mark(&mut row, at_right + 1);
            }
            if one_runs || (other_runs && meet) {
                mark(&mut next, at_right);
            } else if meet {
                mark(&mut next, at_right + 1);
            }
        }
        if !alive {
            return Ok(false);
        }
        if at_left == left.len() {
            break;
        }
        row = next;
    }
    Ok(row.last().copied().unwrap_or(false))
}

fn is_run(token: Option<Token>) -> bool {
    matches!(token, Some(Token::Run(_)))
}

fn mark(row: &mut [bool], at: usize) {
    if let Some(place) = row.get_mut(at) {
        *place = true;
    }
}

struct Meeting<'a> {
    left: &'a Glob,
    right: &'a Glob,
    effort: &'a Effort,
    /// What the way to here has in common.
    word: Vec<(Token, char)>,
    found: SortedSet<Vec<(Token, char)>>,
}

impl Meeting<'_> {
    /// Follows every way on which the rests of the two globs can match the same.
    fn from(&mut self, at_left: usize, at_right: usize) -> Result<(), TooComplex> {
        self.effort.spend(20)?;
        match (self.left.token(at_left), self.right.token(at_right)) {
            (None, None) => {
                self.effort.spend(self.word.len())?;
                self.found.insert(self.word.clone());
                Ok(())
            }
            // Both run: the one that ends first leaves the other running.
            (Some(Token::Run(_)), Some(run @ Token::Run(_))) => {
                self.through(run, '*', at_left + 1, at_right)?;
                self.through(run, '*', at_left, at_right + 1)
            }
            (Some(run @ Token::Run(_)), token) => {
                self.from(at_left + 1, at_right)?;
                match token.and_then(|token| narrower(run, token)) {
                    Some(token) => self.through(token, self.right.spelled(at_right), at_left, at_right + 1),
                    None => Ok(()),
                }
            }
            (token, Some(run @ Token::Run(_))) => {
                self.from(at_left, at_right + 1)?;
                match token.and_then(|token| narrower(run, token)) {
                    Some(token) => self.through(token, self.left.spelled(at_left), at_left + 1, at_right),
                    None => Ok(()),
                }
            }
            (Some(one), Some(other)) => match narrower(one, other) {
                Some(token) => {
                    let literal = matches!(one, Token::Literal(_));
                    let spelled =
                        if literal { self.left.spelled(at_left) } else { self.right.spelled(at_right) };
                    self.through(token, spelled, at_left + 1, at_right + 1)
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn through(&mut self, token: Token, spelled: char, left: usize, right: usize) -> Result<(), TooComplex> {
        self.word.push((token, spelled));
        let result = self.from(left, right);
        self.word.pop();
        result
    }
}

/// What matches one character that both tokens accept.
fn narrower(one: Token, other: Token) -> Option<Token> {
    match (one, other) {
        (Token::Literal(literal), token) | (token, Token::Literal(literal)) => {
            token.accepts(literal).then_some(Token::Literal(literal))
        }
        (_, Token::One(class) | Token::Run(class)) => Some(Token::One(class)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Class;
    use super::*;

    fn glob(text: &str) -> Glob {
        let mut glob = Glob::default();
        glob.push_text(text, Class::Rest, false);
        glob
    }

    fn common(left: &str, right: &str) -> Vec<String> {
        let globs = intersection(&glob(left), &glob(right), &Effort::generous()).unwrap();
        let mut texts: Vec<String> = globs.iter().map(Glob::text).collect();
        texts.sort();
        texts.dedup();
        texts
    }

    #[test]
    fn what_two_globs_share_is_a_union_of_globs() {
        assert_eq!(common("abc", "a*"), ["abc"]);
        assert_eq!(common("a*", "*c"), ["a*c"]);
        assert_eq!(common("ab*", "*bc"), ["ab*bc", "abc"]);
        assert_eq!(common("a?", "?b"), ["ab"]);
        assert_eq!(common("a", "b"), Vec::<String>::new());
        assert_eq!(common("*ab*", "*bc*"), ["*ab*bc*", "*abc*", "*bc*ab*"]);
        assert_eq!(common("", "*"), [""]);
    }

    proptest::proptest! {
        #[test]
        fn two_globs_share_a_word_exactly_where_their_intersection_has_one(
            left in "[ab*?]{0,7}", right in "[ab*?]{0,7}",
        ) {
            let (left, right) = (glob(&left), glob(&right));
            let effort = Effort::generous();
            let common = intersection(&left, &right, &effort).unwrap();
            proptest::prop_assert_eq!(share(&left, &right, &effort).unwrap(), !common.is_empty());
        }
    }

    #[test]
    fn too_many_orders_are_given_up() {
        let left = "*a".repeat(40);
        let right = "*b".repeat(40);
        let given_up = intersection(&glob(&left), &glob(&right), &Effort::generous());
        assert_eq!(given_up, Err(TooComplex));
    }
}
