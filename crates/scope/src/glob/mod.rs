//! Globs over the characters that a place in an action or in an ARN may hold; or over any symbols that stand for
//! something, such as the segments of an operation.

pub(crate) mod automaton;
pub(crate) mod intersection;

use std::sync::{Arc, OnceLock};

/// What a wildcard may stand for, by the place that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    /// The service of an action: `[a-z0-9-]`.
    Service,
    /// The name of an action, case folded: `[a-z0-9-]`.
    Name,
    /// One of the first five parts of an ARN: anything but a colon.
    Segment,
    /// The last part of an ARN: anything.
    Rest,
}

impl Class {
    pub(crate) fn contains(self, symbol: char) -> bool {
        match self {
            Self::Service | Self::Name => {
                symbol == '-' || symbol.is_ascii_lowercase() || symbol.is_ascii_digit()
            }
            Self::Segment => symbol != ':',
            Self::Rest => true,
        }
    }
}

/// One step of a glob. Equal steps mean the same: the spelling of a literal is kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Token {
    /// Just this character (case folded in an action).
    Literal(char),
    /// `?`: one character of the class.
    One(Class),
    /// `*`: any number of characters of the class.
    Run(Class),
}

impl Token {
    pub(crate) fn accepts(self, symbol: char) -> bool {
        match self {
            Self::Literal(literal) => literal == symbol,
            Self::One(class) | Self::Run(class) => class.contains(symbol),
        }
    }
}

/// A pattern as tokens, in a form in which runs of wildcards are canonical: each `?` first, then at most one `*`.
/// Copies share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Glob(Arc<Pattern>);

#[derive(Clone, Debug, Default)]
struct Pattern {
    /// The pattern in its canonical spelling.
    text: String,
    /// The literals before the first wildcard, and how many they are.
    prefix: String,
    prefix_len: usize,
    /// The tokens from the first wildcard on.
    tail: Vec<Token>,
    /// Each token by itself. Most patterns are compared by their texts, and never need it.
    steps: OnceLock<Steps>,
}

#[derive(Clone, Debug)]
struct Steps {
    tokens: Vec<Token>,
    /// How each literal was written; the wildcard's sign elsewhere.
    spelling: Vec<char>,
}

impl Glob {
    pub(crate) fn tokens(&self) -> &[Token] {
        &self.0.steps().tokens
    }

    pub(crate) fn token(&self, at: usize) -> Option<Token> {
        self.tokens().get(at).copied()
    }

    /// How the token at `at` is written.
    pub(crate) fn spelled(&self, at: usize) -> char {
        self.0.steps().spelling.get(at).copied().unwrap_or('*')
    }

    pub(crate) fn len(&self) -> usize {
        self.0.prefix_len + self.0.tail.len()
    }

    /// The literals before the first wildcard.
    pub(crate) fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// How many characters [`Glob::prefix`] has.
    pub(crate) fn prefix_len(&self) -> usize {
        self.0.prefix_len
    }

    /// Whether it can be seen from their literal ends that no text is matched by both.
    pub(crate) fn is_apart_from(&self, other: &Self) -> bool {
        let (one, two) = (self.prefix().as_bytes(), other.prefix().as_bytes());
        let shared = one.len().min(two.len());
        if one.get(..shared) != two.get(..shared) {
            return true;
        }
        if self.is_literal() && other.is_literal() {
            return one.len() != two.len();
        }
        let both_literal =
            |(one, other): &(Token, Token)| matches!((one, other), (Token::Literal(_), Token::Literal(_)));
        self.backwards().zip(other.backwards()).take_while(both_literal).any(|(one, other)| one != other)
    }

    /// The tokens from the last one on.
    fn backwards(&self) -> impl Iterator<Item = Token> {
        let prefix = self.prefix().chars().rev().map(Token::Literal);
        self.0.tail.iter().rev().copied().chain(prefix)
    }

    /// Whether the glob stands for one text only.
    pub(crate) fn is_literal(&self) -> bool {
        self.0.tail.is_empty()
    }

    /// The canonical spelling.
    pub(crate) fn text(&self) -> String {
        self.0.text.clone()
    }

    pub(crate) fn push(&mut self, token: Token, spelled: char) {
        Arc::make_mut(&mut self.0).push(token, spelled);
    }

    /// A glob that is about to be given so many characters.
    pub(crate) fn with_capacity(characters: usize) -> Self {
        let text = || String::with_capacity(characters);
        Self(Arc::new(Pattern { text: text(), prefix: text(), ..Pattern::default() }))
    }

    /// Appends a text in which `*` and `?` stand for characters of `class`.
    pub(crate) fn push_text(&mut self, text: &str, class: Class, fold: bool) {
        Arc::make_mut(&mut self.0).push_text(text, class, fold);
    }

    /// Whether the glob matches `text`, which must be case folded where the glob is.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some(rest) = text.strip_prefix(self.prefix()) else { return false };
        let tail = self.0.tail.as_slice();
        if tail.is_empty() {
            return rest.is_empty();
        }
        let (mut places, mut next) = (vec![false; tail.len() + 1], vec![false; tail.len() + 1]);
        enter(tail, &mut places, 0);
        for symbol in rest.chars() {
            let alive = places.iter().zip(tail).enumerate().filter(|(_, (place, _))| **place);
            for (at, (_, token)) in alive {
                match token {
                    Token::Run(class) if class.contains(symbol) => enter(tail, &mut next, at),
                    Token::Run(_) => {}
                    _ if token.accepts(symbol) => enter(tail, &mut next, at + 1),
                    _ => {}
                }
            }
            std::mem::swap(&mut places, &mut next);
            next.fill(false);
        }
        places.last().copied().unwrap_or(false)
    }
}

/// Marks a place, and those reached from it without a character.
fn enter(tokens: &[Token], places: &mut [bool], from: usize) {
    let mut at = from;
    while let Some(place) = places.get_mut(at) {
        *place = true;
        let Some(Token::Run(_)) = tokens.get(at) else { return };
        at += 1;
    }
}

impl Pattern {
    fn steps(&self) -> &Steps {
        self.steps.get_or_init(|| {
            let prefix = self.prefix.chars().map(Token::Literal);
            Steps {
                tokens: prefix.chain(self.tail.iter().copied()).collect(),
                spelling: self.text.chars().collect(),
            }
        })
    }

    fn push(&mut self, token: Token, spelled: char) {
        self.steps.take();
        match (self.tail.last(), token) {
            (None, Token::Literal(literal)) => {
                self.prefix.push(literal);
                self.prefix_len += 1;
            }
            (Some(Token::Run(last)), Token::Run(class)) if *last == class => return,
            (Some(Token::Run(last)), Token::One(class)) if *last == class => {
                self.tail.insert(self.tail.len() - 1, token);
                let run = self.text.pop();
                self.text.push('?');
                self.text.extend(run);
                return;
            }
            _ => self.tail.push(token),
        }
        self.text.push(spelled);
    }

    fn push_text(&mut self, text: &str, class: Class, fold: bool) {
        // Most texts have no wildcard, and those that have begin without.
        let wild = text.bytes().position(|byte| matches!(byte, b'*' | b'?'));
        let begin = if self.tail.is_empty() { wild.unwrap_or(text.len()) } else { 0 };
        let (literal, rest) = text.split_at(begin);
        let before = self.prefix.len();
        self.text.push_str(literal);
        self.prefix.push_str(literal);
        self.prefix_len += literal.chars().count();
        self.steps.take();
        if fold && let Some(added) = self.prefix.get_mut(before..) {
            added.make_ascii_lowercase();
        }
        for symbol in rest.chars() {
            let token = match symbol {
                '*' => Token::Run(class),
                '?' => Token::One(class),
                _ => Token::Literal(if fold { symbol.to_ascii_lowercase() } else { symbol }),
            };
            self.push(token, symbol);
        }
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        // Texts are compared much faster than tokens, and most patterns differ in their literal beginning.
        self.prefix() == other.prefix() && self.0.tail == other.0.tail
    }
}

impl Eq for Glob {}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Glob {
        let mut glob = Glob::default();
        glob.push_text(text, Class::Rest, false);
        glob
    }

    #[test]
    fn a_glob_matches_as_its_wildcards_say() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("*", "abc", true),
            ("?", "", false),
            ("?", "a", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*ab", "aab", true),
            ("*a?b*", "xaabb", true),
            ("*a?b*", "xab", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(glob(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn runs_of_wildcards_have_one_form() {
        assert_eq!(glob("a*?**?b").text(), "a??*b");
        assert_eq!(glob("***").text(), "*");
    }
}
