//! Condition operators.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::fmt;
use std::str::FromStr;

/// A condition operator with its prefix and suffix: `ForAnyValue:StringLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operator {
    /// What is done with a key that has several values.
    pub qualifier: Option<Qualifier>,
    /// How values are compared.
    pub comparison: Comparison,
    /// Whether it holds where the key is absent.
    pub if_exists: bool,
}

/// What is done with a key that has several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Qualifier {
    /// One of the key's values must compare. Does not hold where there is none.
    ForAnyValue,
    /// All of the key's values must compare. Holds where there is none.
    ForAllValues,
}

/// What kind of values a comparison is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueType {
    /// Any text.
    String,
    /// A number.
    Numeric,
    /// A date and time, or seconds since 1970.
    Date,
    /// `true` or `false`.
    Bool,
    /// Base64.
    Binary,
    /// An address, or a range of addresses.
    Ip,
    /// An ARN.
    Arn,
    /// `true` or `false`: whether the key is absent.
    Null,
}

macro_rules! comparisons {
    ($($name:ident: $type:ident $(, not $negated:ident)?;)+) => {
        /// How values are compared.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the names are the vendor's")]
        pub enum Comparison { $($name,)+ }

        impl Comparison {
            /// Every comparison that there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The vendor's name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// What kind of values it is for.
            pub fn value_type(self) -> ValueType {
                match self { $(Self::$name => ValueType::$type),+ }
            }

            /// The comparison that holds where this one does not, for those that are a `Not…`.
            pub(super) fn negates(self) -> Option<Self> {
                match self { $($(Self::$name => Some(Self::$negated),)?)+ _ => None }
            }
        }
    };
}

comparisons! {
    StringEquals: String;
    StringNotEquals: String, not StringEquals;
    StringEqualsIgnoreCase: String;
    StringNotEqualsIgnoreCase: String, not StringEqualsIgnoreCase;
    StringLike: String;
    StringNotLike: String, not StringLike;
    NumericEquals: Numeric;
    NumericNotEquals: Numeric, not NumericEquals;
    NumericLessThan: Numeric;
    NumericLessThanEquals: Numeric;
    NumericGreaterThan: Numeric;
    NumericGreaterThanEquals: Numeric;
    DateEquals: Date;
    DateNotEquals: Date, not DateEquals;
    DateLessThan: Date;
    DateLessThanEquals: Date;
    DateGreaterThan: Date;
    DateGreaterThanEquals: Date;
    Bool: Bool;
    BinaryEquals: Binary;
    IpAddress: Ip;
    NotIpAddress: Ip, not IpAddress;
    ArnEquals: Arn;
    ArnLike: Arn;
    ArnNotEquals: Arn, not ArnEquals;
    ArnNotLike: Arn, not ArnLike;
    Null: Null;
}

impl Comparison {
    /// Whether `*` and `?` in a value stand for other characters. `ArnEquals` is the same as `ArnLike`.
    pub fn has_wildcards(self) -> bool {
        matches!(
            self,
            Self::StringLike
                | Self::StringNotLike
                | Self::ArnEquals
                | Self::ArnLike
                | Self::ArnNotEquals
                | Self::ArnNotLike
        )
    }

    /// The comparison of the same sense that has wildcards.
    pub(super) fn like(self) -> Option<Self> {
        match self {
            Self::StringEquals => Some(Self::StringLike),
            Self::StringNotEquals => Some(Self::StringNotLike),
            _ => None,
        }
    }

    /// Whether it holds unless something matches.
    pub fn is_negated(self) -> bool {
        self.negates().is_some()
    }
}

/// The text is not an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a condition operator of AWS")]
pub struct OperatorError;

impl FromStr for Operator {
    type Err = OperatorError;

    fn from_str(text: &str) -> Result<Self, OperatorError> {
        let (qualifier, rest) = match text.split_once(':') {
            Some(("ForAnyValue", rest)) => (Some(Qualifier::ForAnyValue), rest),
            Some(("ForAllValues", rest)) => (Some(Qualifier::ForAllValues), rest),
            Some(_) => return Err(OperatorError),
            None => (None, text),
        };
        let (name, if_exists) = match rest.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let comparison = Comparison::ALL.iter().copied().find(|one| one.as_str() == name);
        Ok(Self { qualifier, comparison: comparison.ok_or(OperatorError)?, if_exists })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.qualifier {
            Some(Qualifier::ForAnyValue) => f.write_str("ForAnyValue:")?,
            Some(Qualifier::ForAllValues) => f.write_str("ForAllValues:")?,
            None => {}
        }
        f.write_str(self.comparison.as_str())?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

impl Operator {
    /// The operator that the text, misspelt, was probably meant to be.
    pub(super) fn nearest(text: &str) -> Option<Self> {
        if text.len() > 64 {
            return None;
        }
        let folded = text.to_ascii_lowercase();
        let qualifiers = [None, Some(Qualifier::ForAnyValue), Some(Qualifier::ForAllValues)];
        let all = qualifiers.into_iter().flat_map(|qualifier| {
            Comparison::ALL.iter().flat_map(move |comparison| {
                [false, true].map(|if_exists| Self { qualifier, comparison: *comparison, if_exists })
            })
        });
        let near = all.map(|one| (strsim::osa_distance(&folded, &one.to_string().to_ascii_lowercase()), one));
        near.filter(|(distance, one)| *distance <= one.comparison.as_str().len() / 4)
            .min()
            .map(|(_, one)| one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_read_as_they_are_written() {
        for text in
            ["StringEquals", "ForAnyValue:StringLikeIfExists", "ForAllValues:ArnLike", "Null", "BoolIfExists"]
        {
            assert_eq!(text.parse::<Operator>().unwrap().to_string(), text);
        }
        for text in ["", "stringEquals", "StringEqual", "For:StringLike", "IfExists", "ForAnyValue:"] {
            assert_eq!(text.parse::<Operator>(), Err(OperatorError), "{text}");
        }
    }

    #[test]
    fn a_misspelt_operator_is_recognised() {
        let nearest = |text| Operator::nearest(text).map(|one| one.to_string());
        assert_eq!(nearest("stringequals").as_deref(), Some("StringEquals"));
        assert_eq!(nearest("StringEqualIfExists").as_deref(), Some("StringEqualsIfExists"));
        assert_eq!(nearest("ForAnyValues:StringLike").as_deref(), Some("ForAnyValue:StringLike"));
        assert_eq!(nearest("Equals"), None);
    }
}
