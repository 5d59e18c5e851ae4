//! Bodies of calls: JSON, in whose texts values stand. A value never becomes anything but text.

use serde_json::{Map, Number, Value};

use super::template::{ExpandError, Placeholder, Template, Values};
use super::text::template;
use crate::finding::{Code, Finding, Fix, shown};
use crate::syntax::{Kind, Node};

/// A body, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// What stands there as it is: null, true, false, a number.
    Literal(Value),
    /// A text with values.
    Text(Template),
    /// A list.
    List(Vec<Body>),
    /// An object, in the order of the document.
    Object(Vec<(String, Body)>),
}

impl Body {
    /// The body with its values.
    pub fn expand(&self, values: &Values<'_>) -> Result<Value, ExpandError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Text(template) => template.text(values).map(Value::String),
            Self::List(members) => members.iter().map(|member| member.expand(values)).collect(),
            Self::Object(fields) => {
                let field = |(name, value): &(String, Self)| Ok((name.clone(), value.expand(values)?));
                fields.iter().map(field).collect::<Result<Map<_, _>, _>>().map(Value::Object)
            }
        }
    }

    /// Whether a value stands anywhere in it.
    pub fn has(&self, placeholder: Placeholder) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Text(template) => template.has(placeholder),
            Self::List(members) => members.iter().any(|member| member.has(placeholder)),
            Self::Object(fields) => fields.iter().any(|(_, value)| value.has(placeholder)),
        }
    }

    pub(super) fn read(node: &Node, allowed: &[Placeholder], findings: &mut Vec<Finding>) -> Option<Self> {
        match &node.kind {
            Kind::Refused => None,
            Kind::Null => Some(Self::Literal(Value::Null)),
            Kind::Boolean(raw) => Some(Self::Literal(Value::Bool(raw.eq_ignore_ascii_case("true")))),
            Kind::Number(raw) => number(node, raw, findings).map(|number| Self::Literal(number.into())),
            Kind::Text(_) => template(node, "body", allowed, findings).map(Self::Text),
            Kind::List(members) => {
                let read: Vec<_> =
                    members.iter().map(|member| Self::read(member, allowed, findings)).collect();
                read.into_iter().collect::<Option<_>>().map(Self::List)
            }
            Kind::Mapping(entries) => {
                let field = |findings: &mut Vec<Finding>, name: &str, value: &Node| {
                    Some((name.to_owned(), Self::read(value, allowed, findings)?))
                };
                let read: Vec<_> =
                    entries.iter().map(|entry| field(findings, &entry.name, &entry.value)).collect();
                read.into_iter().collect::<Option<_>>().map(Self::Object)
            }
        }
    }
}

/// A number that is one in JSON too.
pub(super) fn number(node: &Node, raw: &str, findings: &mut Vec<Finding>) -> Option<Number> {
    let number = serde_json::from_str(raw).ok();
    if number.is_none() {
        let message = format!("`{}` is a number in YAML and none in JSON", shown(raw));
        let fix =
            Fix { span: node.span, replacement: format!("\"{raw}\""), title: "put it in quotes".to_owned() };
        let finding = Finding::error(Code::WrongType, message).at(node.span).fix(Some(fix));
        findings.push(finding.help("put it in quotes where it is text, or write it as JSON does"));
    }
    number
}
