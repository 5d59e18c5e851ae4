//! IAM policy documents as AWS reads them. What is not understood is an error, so that a judgement never rests
//! on a part of a policy that was passed over.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

/// An identity or session policy.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDocument {
    /// The version of the policy language.
    pub version: Version,
    /// The statements, in the order of the document.
    pub statements: Vec<PolicyStatement>,
}

/// The version of the policy language; the older one has no policy variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, also where the document names none.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// One statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyStatement {
    /// `Sid`.
    pub sid: Option<String>,
    /// `Effect`.
    pub effect: Effect,
    /// `Action` or `NotAction`.
    pub actions: Element,
    /// `Resource` or `NotResource`.
    pub resources: Element,
    /// `Condition`: all of them must hold.
    pub conditions: Vec<Condition>,
}

/// What a statement does to the calls that it applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Effect {
    /// Allows them, unless another statement denies them.
    Allow,
    /// Denies them whatever else is said.
    Deny,
}

/// The patterns of an element, or of its `Not…` form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// What matches one of these.
    Only(Vec<String>),
    /// What matches none of these.
    AllBut(Vec<String>),
}

/// One key of a `Condition` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// How the key's values are compared.
    pub operator: Operator,
    /// Whether the operator has the suffix `IfExists`: it holds where the key is absent.
    pub if_exists: bool,
    /// The context key, compared without regard to case.
    pub key: String,
    /// The values: one of them suffices.
    pub values: Vec<String>,
}

/// The condition operators that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the vendor's")]
pub enum Operator {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    ArnEquals,
    ArnNotEquals,
    ArnLike,
    ArnNotLike,
    Bool,
    Null,
}

/// Why a policy document cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not JSON, an unknown or repeated element, or a value of the wrong kind.
    #[error("not a policy document")]
    Malformed(#[source] serde_json::Error),
    /// A version of the policy language that does not exist.
    #[error("unknown version {found:?} of the policy language")]
    Version {
        /// What the document says.
        found: String,
    },
    /// A statement without exactly one of an element and its `Not…` form.
    #[error("statement {statement} needs either {element} or Not{element}")]
    Element {
        /// The statement's index, from 0.
        statement: usize,
        /// `Action` or `Resource`.
        element: &'static str,
    },
    /// A list without a pattern.
    #[error("statement {statement} has an empty list")]
    EmptyList {
        /// The statement's index, from 0.
        statement: usize,
    },
    /// A condition operator that is not understood.
    #[error("statement {statement} has the unknown condition operator {operator:?}")]
    Operator {
        /// The statement's index, from 0.
        statement: usize,
        /// The operator as written.
        operator: String,
    },
    /// A value that a condition operator does not take.
    #[error("statement {statement} has a value that its condition operator does not take")]
    Value {
        /// The statement's index, from 0.
        statement: usize,
    },
    /// An action without a service, or a resource that is no ARN.
    #[error("statement {statement} has the malformed pattern {pattern:?}")]
    Pattern {
        /// The statement's index, from 0.
        statement: usize,
        /// The pattern as written.
        pattern: String,
    },
    /// A policy variable, `${…}`.
    #[error("statement {statement} has a policy variable")]
    Variable {
        /// The statement's index, from 0.
        statement: usize,
    },
}

impl FromStr for PolicyDocument {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let written: WrittenDocument = serde_json::from_str(text).map_err(PolicyError::Malformed)?;
        let version = match written.version.as_deref() {
            None | Some("2008-10-17") => Version::V2008,
            Some("2012-10-17") => Version::V2012,
            Some(found) => return Err(PolicyError::Version { found: found.to_owned() }),
        };
        let statements = written.statement.into_list().into_iter().enumerate();
        let statements = statements.map(|(index, one)| one.checked(index, version));
        Ok(Self { version, statements: statements.collect::<Result<_, _>>()? })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct WrittenDocument {
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMore<WrittenStatement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct WrittenStatement {
    sid: Option<String>,
    effect: Effect,
    action: Option<OneOrMore<String>>,
    not_action: Option<OneOrMore<String>>,
    resource: Option<OneOrMore<String>>,
    not_resource: Option<OneOrMore<String>>,
    #[serde(default)]
    condition: Pairs<Pairs<OneOrMore<Scalar>>>,
}

impl WrittenStatement {
    fn checked(self, statement: usize, version: Version) -> Result<PolicyStatement, PolicyError> {
        let actions = element(self.action, self.not_action, statement, "Action")?;
        let resources = element(self.resource, self.not_resource, statement, "Resource")?;
        for pattern in actions.patterns() {
            if pattern != "*" && !pattern.contains(':') {
                return Err(PolicyError::Pattern { statement, pattern: pattern.clone() });
            }
        }
        for pattern in resources.patterns() {
            if pattern != "*" && pattern.splitn(6, ':').count() != 6 {
                return Err(PolicyError::Pattern { statement, pattern: pattern.clone() });
            }
        }
        let mut conditions = Vec::new();
        for (operator, keys) in self.condition.0 {
            let (parsed, if_exists) = Operator::parse(&operator)
                .ok_or_else(|| PolicyError::Operator { statement, operator: operator.clone() })?;
            for (key, values) in keys.0 {
                let values: Vec<String> = values.into_list().into_iter().map(Scalar::into_text).collect();
                conditions.push(Condition { operator: parsed, if_exists, key, values });
            }
        }
        for condition in &conditions {
            condition.check(statement)?;
        }
        let mut values = conditions.iter().flat_map(|condition| &condition.values);
        let variable = |text: &String| text.contains("${");
        if version == Version::V2012 && (resources.patterns().iter().any(variable) || values.any(variable)) {
            return Err(PolicyError::Variable { statement });
        }
        Ok(PolicyStatement { sid: self.sid, effect: self.effect, actions, resources, conditions })
    }
}

fn element(
    positive: Option<OneOrMore<String>>,
    negative: Option<OneOrMore<String>>,
    statement: usize,
    element: &'static str,
) -> Result<Element, PolicyError> {
    let element = match (positive, negative) {
        (Some(only), None) => Element::Only(only.into_list()),
        (None, Some(but)) => Element::AllBut(but.into_list()),
        _ => return Err(PolicyError::Element { statement, element }),
    };
    if element.patterns().is_empty() { Err(PolicyError::EmptyList { statement }) } else { Ok(element) }
}

impl Element {
    /// The patterns, whichever way they count.
    pub fn patterns(&self) -> &[String] {
        match self {
            Self::Only(patterns) | Self::AllBut(patterns) => patterns,
        }
    }
}

impl Condition {
    fn check(&self, statement: usize) -> Result<(), PolicyError> {
        if self.values.is_empty() {
            return Err(PolicyError::EmptyList { statement });
        }
        let taken = |value: &String| match self.operator {
            Operator::Bool | Operator::Null => {
                value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
            }
            Operator::ArnEquals | Operator::ArnNotEquals | Operator::ArnLike | Operator::ArnNotLike => {
                value == "*" || value.splitn(6, ':').count() == 6
            }
            _ => true,
        };
        if self.values.iter().all(taken) { Ok(()) } else { Err(PolicyError::Value { statement }) }
    }
}

impl Operator {
    /// The operator of this name, and whether it has the suffix `IfExists`.
    fn parse(name: &str) -> Option<(Self, bool)> {
        let (base, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |base| (base, true));
        let operator = match base {
            "StringEquals" => Self::StringEquals,
            "StringNotEquals" => Self::StringNotEquals,
            "StringEqualsIgnoreCase" => Self::StringEqualsIgnoreCase,
            "StringNotEqualsIgnoreCase" => Self::StringNotEqualsIgnoreCase,
            "StringLike" => Self::StringLike,
            "StringNotLike" => Self::StringNotLike,
            "ArnEquals" => Self::ArnEquals,
            "ArnNotEquals" => Self::ArnNotEquals,
            "ArnLike" => Self::ArnLike,
            "ArnNotLike" => Self::ArnNotLike,
            "Bool" => Self::Bool,
            "Null" if !if_exists => Self::Null,
            _ => return None,
        };
        Some((operator, if_exists))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    More(Vec<T>),
    One(T),
}

impl<T> OneOrMore<T> {
    fn into_list(self) -> Vec<T> {
        match self {
            Self::More(list) => list,
            Self::One(one) => vec![one],
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Truth(bool),
    Number(serde_json::Number),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Truth(truth) => truth.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// The members of an object, in order. A repeated name is an error, not the last one's victory.
struct Pairs<T>(Vec<(String, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs: Vec<(String, T)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if pairs.iter().any(|(known, _)| *known == name) {
                        return Err(serde::de::Error::custom(format_args!("{name:?} occurs twice")));
                    }
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Members(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(statement: &str) -> PolicyError {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        text.parse::<PolicyDocument>().unwrap_err()
    }

    #[test]
    fn one_statement_and_a_list_are_read_alike() {
        let one: PolicyDocument =
            r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#.parse().unwrap();
        let list: PolicyDocument =
            r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["*"]}]}"#
                .parse()
                .unwrap();
        assert_eq!(one, list);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(matches!("[]".parse::<PolicyDocument>(), Err(PolicyError::Malformed(_))));
        assert!(matches!(
            r#"{"Version":"2013-10-17","Statement":[]}"#.parse::<PolicyDocument>(),
            Err(PolicyError::Version { .. })
        ));
        for malformed in [
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}"#,
            r#"{"Effect":"allow","Action":"s3:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Effect":"Deny","Action":"s3:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"a":true},"Bool":{"b":true}}}"#,
        ] {
            assert!(matches!(refused(malformed), PolicyError::Malformed(_)), "{malformed}");
        }
        for neither in [
            r#"{"Effect":"Allow","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"s3:*"}"#,
        ] {
            assert!(matches!(refused(neither), PolicyError::Element { .. }), "{neither}");
        }
        let condition = |block: &str| {
            refused(&format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{block}}}"#))
        };
        assert!(matches!(condition(r#"{"IpAddress":{"aws:SourceIp":"::1"}}"#), PolicyError::Operator { .. }));
        assert!(matches!(condition(r#"{"NullIfExists":{"a":"true"}}"#), PolicyError::Operator { .. }));
        assert!(matches!(condition(r#"{"Bool":{"a":"perhaps"}}"#), PolicyError::Value { .. }));
        assert!(matches!(condition(r#"{"StringEquals":{"a":[]}}"#), PolicyError::EmptyList { .. }));
        assert!(matches!(condition(r#"{"StringEquals":{"a":"${b}"}}"#), PolicyError::Variable { .. }));
        let short = r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3"}"#;
        assert!(matches!(refused(short), PolicyError::Pattern { .. }));
    }
}
