//! Operations as globs whose characters are segments: each segment that is named gets a character of its own, and
//! every other character stands for a segment that nobody names. So the automaton of the globs decides about
//! operations exactly.

use super::operation::{AzureOperation, VERBS};
use crate::glob::automaton::{Effort, uncovered};
use crate::glob::intersection::intersection;
use crate::glob::{Class, Glob, Token};
use crate::proof::TooComplex;
use crate::sorted::SortedMap;

/// The first of the characters that stand for named segments. Those below stand for any other.
const FIRST: u32 = 0x1_0000;

/// The segments that patterns name.
#[derive(Default)]
pub(super) struct Segments {
    symbols: SortedMap<String, char>,
    spelled: Vec<String>,
}

impl Segments {
    /// The glob of a pattern. A `*` is one segment or more; alone it is two or more, as every operation has.
    pub(super) fn glob(&mut self, pattern: &AzureOperation) -> Result<Glob, TooComplex> {
        let mut glob = Glob::default();
        if pattern.folded() == "*" {
            glob.push(ONE, '?');
        }
        self.push(&mut glob, pattern.as_str())?;
        Ok(glob)
    }

    fn push(&mut self, glob: &mut Glob, segments: &str) -> Result<(), TooComplex> {
        for segment in segments.split_terminator('/') {
            if segment == "*" {
                glob.push(ONE, '?');
                glob.push(MORE, '*');
            } else {
                let symbol = self.symbol(segment)?;
                glob.push(Token::Literal(symbol), symbol);
            }
        }
        Ok(())
    }

    /// An operation of the pattern that none of the globs matches. Operations that the pattern does not name
    /// outright end in a verb, as those of Azure do.
    pub(super) fn outside(
        &mut self,
        pattern: &AzureOperation,
        others: &[&Glob],
        effort: &Effort,
    ) -> Result<Option<String>, TooComplex> {
        let Some(begin) = pattern.as_str().strip_suffix('*') else {
            let glob = self.glob(pattern)?;
            return Ok(uncovered(&glob, others, effort)?.map(|word| self.operation(&word)));
        };
        let subject = self.glob(pattern)?;
        if others.contains(&&subject) {
            return Ok(None);
        }
        for verb in VERBS {
            let mut glob = Glob::default();
            if begin.is_empty() {
                glob.push(ONE, '?');
            }
            self.push(&mut glob, begin)?;
            glob.push(MORE, '*');
            let symbol = self.symbol(verb)?;
            glob.push(Token::Literal(symbol), symbol);
            if let Some(word) = uncovered(&glob, others, effort)? {
                return Ok(Some(self.operation(&word)));
            }
        }
        Ok(None)
    }

    /// The patterns that together match what both match.
    pub(super) fn common(
        &mut self,
        one: &AzureOperation,
        other: &AzureOperation,
        effort: &Effort,
    ) -> Result<Vec<AzureOperation>, TooComplex> {
        let (one, other) = (self.glob(one)?, self.glob(other)?);
        let globs = intersection(&one, &other, effort)?;
        Ok(globs.iter().filter_map(|glob| self.pattern(glob)).collect())
    }

    /// The pattern of a glob of an intersection. Wildcards that take a number of segments come from a `*` of both
    /// sides there, and each of these takes more as well: so does the pattern.
    fn pattern(&self, glob: &Glob) -> Option<AzureOperation> {
        let mut segments = Vec::new();
        for token in glob.tokens() {
            match token {
                Token::Literal(symbol) => segments.push(self.segment(*symbol).unwrap_or_default()),
                Token::One(_) => segments.push("*"),
                Token::Run(_) => {}
            }
        }
        // What is two segments or more is written as one star.
        if segments == ["*", "*"] {
            segments.pop();
        }
        segments.join("/").parse().ok()
    }

    fn symbol(&mut self, segment: &str) -> Result<char, TooComplex> {
        let folded = segment.to_ascii_lowercase();
        if let Some(symbol) = self.symbols.get(&folded) {
            return Ok(*symbol);
        }
        let index = u32::try_from(self.spelled.len()).map_err(|_| TooComplex)?;
        let symbol = char::from_u32(FIRST.saturating_add(index)).ok_or(TooComplex)?;
        self.symbols.insert(folded, symbol);
        self.spelled.push(segment.to_owned());
        Ok(symbol)
    }

    fn segment(&self, symbol: char) -> Option<&str> {
        let index = u32::from(symbol).checked_sub(FIRST)?;
        self.spelled.get(usize::try_from(index).ok()?).map(String::as_str)
    }

    /// The operation of a word, with a name that stands nowhere for each segment that nobody names.
    fn operation(&self, word: &str) -> String {
        let mut segments = Vec::new();
        for (index, symbol) in word.chars().enumerate() {
            let plain = if index == 0 { "Microsoft.Example" } else { "example" };
            segments.push(match self.segment(symbol) {
                Some(segment) => segment.to_owned(),
                None => self.unnamed(plain),
            });
        }
        segments.join("/")
    }

    fn unnamed(&self, plain: &str) -> String {
        let mut name = plain.to_owned();
        while self.symbols.contains_key(&name.to_ascii_lowercase()) {
            name.push('s');
        }
        name
    }
}

const ONE: Token = Token::One(Class::Rest);
const MORE: Token = Token::Run(Class::Rest);

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(text: &str) -> AzureOperation {
        text.parse().unwrap()
    }

    fn outside(pattern: &str, others: &[&str]) -> Option<String> {
        let mut segments = Segments::default();
        let others: Vec<Glob> =
            others.iter().map(|other| segments.glob(&operation(other)).unwrap()).collect();
        let others: Vec<&Glob> = others.iter().collect();
        segments.outside(&operation(pattern), &others, &Effort::generous()).unwrap()
    }

    fn common(one: &str, other: &str) -> Vec<String> {
        let found = Segments::default().common(&operation(one), &operation(other), &Effort::generous());
        let mut texts: Vec<String> = found.unwrap().iter().map(ToString::to_string).collect();
        texts.sort();
        texts.dedup();
        texts
    }

    #[test]
    fn what_is_outside_is_an_operation_that_is_named() {
        assert_eq!(outside("a/b/read", &["A/*"]), None);
        assert_eq!(outside("a/*", &["a/*/read"]).as_deref(), Some("a/read"));
        assert_eq!(outside("a/b/read", &["a/c/*"]).as_deref(), Some("a/b/read"));
        assert_eq!(
            outside("*", &["*/read", "*/write", "*/action"]).as_deref(),
            Some("Microsoft.Example/delete")
        );
        assert_eq!(outside("a/*/read", &["a/b/read"]).as_deref(), Some("a/example/read"));
        assert_eq!(outside("a/*/read", &["a/example/read"]).as_deref(), Some("a/examples/read"));
    }

    #[test]
    fn every_operation_has_two_segments_and_ends_in_a_verb() {
        assert_eq!(outside("*", &["*/*"]), None);
        assert_eq!(outside("*", &["*/read", "*/write", "*/action", "*/delete"]), None);
        assert_eq!(outside("a/*/*", &["a/*"]), None);
        assert_eq!(outside("a/*", &["a/*/*"]).as_deref(), Some("a/read"));
        assert_eq!(
            outside("a/start", &["*/read", "*/write", "*/action", "*/delete"]).as_deref(),
            Some("a/start")
        );
    }

    #[test]
    fn what_two_patterns_share_is_a_union_of_patterns() {
        assert_eq!(common("a/*", "*/read"), ["a/*/read", "a/read"]);
        assert_eq!(common("a/b/read", "*"), ["a/b/read"]);
        assert_eq!(common("*", "*"), ["*"]);
        assert_eq!(common("a/*", "b/*"), Vec::<String>::new());
        assert_eq!(common("a/*", "A/B/*"), ["a/B/*"]);
    }
}
