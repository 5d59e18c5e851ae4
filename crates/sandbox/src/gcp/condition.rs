//! As much of the Common Expression Language as conditions of access boundaries are written in:
//! `resource.name.startsWith('…')` and `resource.name == '…'`, joined by `||` and `&&`.
//! <https://cloud.google.com/iam/docs/downscoping-short-lived-credentials#conditions>

/// A disjunction of conjunctions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition(Vec<Vec<Test>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    StartsWith(String),
    Is(String),
    /// The prefix that a list of objects is asked for.
    ListPrefix(String),
}

/// The expression, or a part of it, is none that the sandbox understands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the expression is not understood at `{0}`")]
pub(super) struct NotUnderstood(String);

impl Condition {
    pub(super) fn parse(expression: &str) -> Result<Self, NotUnderstood> {
        split(expression, "||")
            .into_iter()
            .map(|conjunction| split(conjunction, "&&").into_iter().map(Test::parse).collect())
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether it holds for a resource by this name, `projects/_/buckets/BUCKET/objects/OBJECT`, or for a list of
    /// the objects whose names begin with `listed`.
    pub(super) fn holds(&self, name: &str, listed: &str) -> bool {
        self.0.iter().any(|conjunction| conjunction.iter().all(|test| test.holds(name, listed)))
    }
}

impl Test {
    fn parse(text: &str) -> Result<Self, NotUnderstood> {
        const LIST_PREFIX: &str =
            "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith(";
        let text = text.trim();
        let argument = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix(')').and_then(literal);
        argument("resource.name.startsWith(")
            .map(Self::StartsWith)
            .or_else(|| argument(LIST_PREFIX).map(Self::ListPrefix))
            .or_else(|| {
                let right = text.strip_prefix("resource.name")?.trim_start().strip_prefix("==")?;
                literal(right).map(Self::Is)
            })
            .ok_or_else(|| NotUnderstood(text.to_owned()))
    }

    fn holds(&self, name: &str, listed: &str) -> bool {
        match self {
            Self::StartsWith(prefix) => name.starts_with(prefix),
            Self::Is(other) => name == other,
            Self::ListPrefix(prefix) => listed.starts_with(prefix),
        }
    }
}

/// The text of a string in single or double quotes without escapes.
fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    let quote = text.chars().next().filter(|quote| ['\'', '"'].contains(quote))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote) && !inner.contains('\\')).then(|| inner.to_owned())
}

/// Splits at an operator that stands outside of strings.
fn split<'a>(text: &'a str, operator: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut open) = (Vec::new(), 0, None);
    for (index, character) in text.char_indices() {
        match open {
            Some(quote) if character == quote => open = None,
            Some(_) => {}
            None if character == '\'' || character == '"' => open = Some(character),
            None if index >= start && text.get(index..).is_some_and(|rest| rest.starts_with(operator)) => {
                parts.extend(text.get(start..index));
                start = index + operator.len();
            }
            None => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_holds_where_one_of_its_alternatives_does() {
        let text = "resource.name.startsWith('projects/_/buckets/b/objects/a/') || \
                    resource.name == \"projects/_/buckets/b/objects/x||y\"";
        let condition = Condition::parse(text).unwrap();
        assert!(condition.holds("projects/_/buckets/b/objects/a/1", ""));
        assert!(condition.holds("projects/_/buckets/b/objects/x||y", ""));
        assert!(!condition.holds("projects/_/buckets/b/objects/b", ""));
        let both = "resource.name.startsWith('a') && resource.name.startsWith('ab')";
        assert!(Condition::parse(both).unwrap().holds("abc", ""));
        assert!(!Condition::parse(both).unwrap().holds("acc", ""));
        let list = "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('a/')";
        assert!(Condition::parse(list).unwrap().holds("projects/_/buckets/b", "a/1"));
        assert!(!Condition::parse(list).unwrap().holds("projects/_/buckets/b", ""));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in
            ["", "true", "resource.name.startsWith('a'", "resource.type == 'x'", "resource.name == 'a\\'b'"]
        {
            assert!(Condition::parse(text).is_err(), "{text}");
        }
    }
}
