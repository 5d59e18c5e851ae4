//! Whether AWS would allow a call under given policy documents.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use super::policy::{Condition, Effect, Element, Operator, PolicyDocument, PolicyStatement};
use crate::sorted::SortedMap;

/// One call, as IAM sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// `service:Name`.
    pub action: String,
    /// The resource's ARN; `*` where the call has no resource of its own.
    pub resource: String,
    /// The request context: key (compared without regard to case) and values.
    pub context: SortedMap<String, Vec<String>>,
}

impl Call {
    /// A call in a region, which IAM sees as the context key `aws:RequestedRegion`.
    pub fn in_region(action: &str, resource: &str, region: &str) -> Self {
        let context = SortedMap::from([("aws:RequestedRegion".to_owned(), vec![region.to_owned()])]);
        Self { action: action.to_owned(), resource: resource.to_owned(), context }
    }
}

/// Where the statement that decided stands: indices from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which of the documents.
    pub document: usize,
    /// Which of its statements.
    pub statement: usize,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every document allows it; the statement named is the last document's.
    Allowed {
        /// The statement that allows it.
        statement: Position,
    },
    /// A statement denies it.
    ExplicitDeny {
        /// The statement that denies it.
        statement: Position,
    },
    /// Some document does not allow it.
    ImplicitDeny,
}

/// Judges a call under documents of which each limits the others, as an identity policy, a permissions boundary
/// and a session policy do: every document must allow it, and any denial is final. No document allows nothing.
pub fn evaluate(documents: &[&PolicyDocument], call: &Call) -> Verdict {
    let first = |document: usize, effect: Effect| {
        let statements = &documents.get(document)?.statements;
        let statement = statements.iter().position(|one| one.effect == effect && applies(one, call))?;
        Some(Position { document, statement })
    };
    let mut indices = 0..documents.len();
    if let Some(statement) = indices.clone().find_map(|document| first(document, Effect::Deny)) {
        return Verdict::ExplicitDeny { statement };
    }
    indices
        .try_fold(None, |_, document| first(document, Effect::Allow).map(Some))
        .flatten()
        .map_or(Verdict::ImplicitDeny, |statement| Verdict::Allowed { statement })
}

fn applies(statement: &PolicyStatement, call: &Call) -> bool {
    in_element(&statement.actions, |pattern| same_action(pattern, &call.action))
        && in_element(&statement.resources, |pattern| like_arn(pattern, &call.resource))
        && statement.conditions.iter().all(|condition| holds(condition, call))
}

fn in_element(element: &Element, matches: impl Fn(&str) -> bool) -> bool {
    match element {
        Element::Only(patterns) => patterns.iter().any(|pattern| matches(pattern)),
        Element::AllBut(patterns) => !patterns.iter().any(|pattern| matches(pattern)),
    }
}

fn same_action(pattern: &str, action: &str) -> bool {
    like(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

/// ARNs are matched part by part: a wildcard does not cross the colons of the first five.
fn like_arn(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (patterns, parts) = (pattern.splitn(6, ':'), arn.splitn(6, ':'));
    patterns.clone().count() == parts.clone().count()
        && patterns.zip(parts).all(|(one, other)| like(one, other))
}

/// `*` for any characters, `?` for one. Where the text goes on differently than the pattern, the last star takes
/// one character more; an earlier star never needs to.
fn like(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut last_star = None;
    loop {
        let untouched = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                text = untouched;
                last_star = Some((pattern.clone(), text.clone()));
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {}
            _ => {
                let Some((after_star, mut taken)) = last_star.take() else { return false };
                if taken.next().is_none() {
                    return false;
                }
                pattern = after_star.clone();
                text = taken.clone();
                last_star = Some((after_star, taken));
            }
        }
    }
}

pub(super) fn holds(condition: &Condition, call: &Call) -> bool {
    let mut found = call.context.iter().filter(|(key, _)| key.eq_ignore_ascii_case(&condition.key));
    let found: Vec<&str> = found.by_ref().flat_map(|(_, values)| values).map(String::as_str).collect();
    if condition.operator == Operator::Null {
        let absent = found.is_empty();
        return condition.values.iter().any(|value| value.eq_ignore_ascii_case("true") == absent);
    }
    if found.is_empty() {
        return condition.if_exists || negates(condition.operator);
    }
    let compare = comparison(condition.operator);
    let any = found.iter().any(|value| condition.values.iter().any(|wanted| compare(wanted, value)));
    any != negates(condition.operator)
}

/// Whether the operator holds where none of the values compares equal, and so where the key is absent.
fn negates(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::StringNotEquals
            | Operator::StringNotEqualsIgnoreCase
            | Operator::StringNotLike
            | Operator::ArnNotEquals
            | Operator::ArnNotLike
    )
}

/// How the operator, or the one that it negates, compares a value of the policy with one of the call.
fn comparison(operator: Operator) -> fn(&str, &str) -> bool {
    match operator {
        Operator::StringEquals | Operator::StringNotEquals => |wanted, found| wanted == found,
        Operator::StringEqualsIgnoreCase | Operator::StringNotEqualsIgnoreCase => |wanted, found| {
            wanted.chars().flat_map(char::to_lowercase).eq(found.chars().flat_map(char::to_lowercase))
        },
        Operator::StringLike | Operator::StringNotLike => like,
        // The vendor defines ArnEquals and ArnLike to be the same.
        Operator::ArnEquals | Operator::ArnNotEquals | Operator::ArnLike | Operator::ArnNotLike => like_arn,
        Operator::Bool | Operator::Null => |wanted, found| wanted.eq_ignore_ascii_case(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(statements: &str) -> PolicyDocument {
        format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#).parse().unwrap()
    }

    fn allowed(document: &PolicyDocument, call: &Call) -> bool {
        matches!(evaluate(&[document], call), Verdict::Allowed { .. })
    }

    #[test]
    fn a_denial_wins_and_silence_denies() {
        let policy = document(
            r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"S3:delete*","Resource":"*"}"#,
        );
        let call =
            |action: &str| evaluate(&[&policy], &Call::in_region(action, "arn:aws:s3:::b", "us-east-1"));
        let at = |statement| Position { document: 0, statement };
        assert_eq!(call("s3:GetObject"), Verdict::Allowed { statement: at(0) });
        assert_eq!(call("s3:DeleteObject"), Verdict::ExplicitDeny { statement: at(1) });
        assert_eq!(call("ec2:RunInstances"), Verdict::ImplicitDeny);
        assert_eq!(evaluate(&[], &Call::default()), Verdict::ImplicitDeny);
    }

    #[test]
    fn every_document_must_allow() {
        let wide = document(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
        let narrow = document(r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*"}"#);
        let call = |action: &str| Call::in_region(action, "arn:aws:s3:::b/k", "us-east-1");
        let verdict = evaluate(&[&wide, &narrow], &call("s3:GetObject"));
        assert_eq!(verdict, Verdict::Allowed { statement: Position { document: 1, statement: 0 } });
        assert_eq!(evaluate(&[&wide, &narrow], &call("s3:PutObject")), Verdict::ImplicitDeny);
        assert_eq!(evaluate(&[&narrow, &wide], &call("s3:PutObject")), Verdict::ImplicitDeny);
    }

    #[test]
    fn the_not_forms_match_the_rest() {
        let policy =
            document(r#"{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::secret/*"}"#);
        let call =
            |action: &str, resource: &str| allowed(&policy, &Call::in_region(action, resource, "us-east-1"));
        assert!(call("s3:GetObject", "arn:aws:s3:::open/k"));
        assert!(!call("s3:GetObject", "arn:aws:s3:::secret/k"));
        assert!(!call("iam:GetUser", "arn:aws:iam::123456789012:user/ann"));
    }

    #[test]
    fn conditions_hold_as_the_vendor_says() {
        let condition = |block: &str| {
            document(&format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{block}}}"#))
        };
        let east = Call::in_region("ecs:ListTasks", "*", "us-east-1");
        let mut nowhere = east.clone();
        nowhere.context = SortedMap::new();
        for (block, in_east, without) in [
            (r#"{"StringEquals":{"AWS:requestedregion":["us-east-1","us-west-2"]}}"#, true, false),
            (r#"{"StringEquals":{"aws:RequestedRegion":"US-EAST-1"}}"#, false, false),
            (r#"{"StringEqualsIgnoreCase":{"aws:RequestedRegion":"US-EAST-1"}}"#, true, false),
            (r#"{"StringEqualsIfExists":{"aws:RequestedRegion":"us-west-2"}}"#, false, true),
            (r#"{"StringNotEquals":{"aws:RequestedRegion":["us-east-1","us-west-2"]}}"#, false, true),
            (r#"{"StringLike":{"aws:RequestedRegion":"us-*-?"}}"#, true, false),
            (r#"{"StringNotLike":{"aws:RequestedRegion":"eu-*"}}"#, true, true),
            (r#"{"Null":{"aws:RequestedRegion":"false"}}"#, true, false),
            (r#"{"Null":{"aws:RequestedRegion":true}}"#, false, true),
            (r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#, false, false),
            (r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#, true, true),
        ] {
            let policy = condition(block);
            assert_eq!(allowed(&policy, &east), in_east, "{block}");
            assert_eq!(allowed(&policy, &nowhere), without, "{block}");
        }
    }

    #[test]
    fn a_wildcard_does_not_cross_the_first_colons_of_an_arn() {
        assert!(like_arn("arn:aws:s3:::b/*", "arn:aws:s3:::b/a:b"));
        assert!(!like_arn("arn:aws:*:x", "arn:aws:s3:::x"));
        assert!(!like_arn("arn:aws:s3:::*", "*"));
        assert!(like_arn("*", "*"));
    }
}
