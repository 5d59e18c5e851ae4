//! The session policy that grants exactly an authority.

use super::authority::{Authority, Statement};
use super::cover::shortest;
use super::global::Parts;
use super::pattern::PIVOTS;
use super::region::Regions;
use super::table::Table;
use crate::sorted::sort;

/// The most characters of a session policy, as `AssumeRole` counts them: inline policy and managed policy ARNs
/// together. <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub const SESSION_POLICY_LIMIT: usize = 2048;

/// A session policy that STS will take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    text: String,
}

impl SessionPolicy {
    /// The policy document, as compact JSON.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many characters it has.
    pub fn characters(&self) -> usize {
        self.text.chars().count()
    }

    /// How many more would fit ([`SESSION_POLICY_LIMIT`]).
    pub fn headroom(&self) -> usize {
        SESSION_POLICY_LIMIT.saturating_sub(self.characters())
    }
}

/// Why an authority has no session policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The shortest policy is longer than STS takes.
    #[error("the session policy has {characters} characters, and STS takes {limit}")]
    TooLarge {
        /// How many characters the policy has.
        characters: usize,
        /// [`SESSION_POLICY_LIMIT`].
        limit: usize,
    },
    /// The authority has no call at all.
    #[error("nothing is left to grant")]
    Empty,
}

/// The session policy with the fewest characters that grants exactly `authority`, built of its own patterns.
///
/// It is a list of what is allowed. The condition on the region stands on regional actions only: a call to a
/// global service is made in one fixed region, which need not be among those granted. The STS pivots
/// ([`PIVOTS`]) are denied in so many words, because a resource's own policy can allow a session what its session
/// policy merely does not mention. No condition on MFA: the key is present and false in a session made without
/// it, so that nothing would ever be allowed.
pub fn compile(authority: &Authority) -> Result<SessionPolicy, CompileError> {
    let statements = by_condition(authority.clone().normalized().statements());
    if statements.is_empty() {
        return Err(CompileError::Empty);
    }
    // A single statement of what is not redundant leaves nothing to choose.
    let table = if statements.len() > 1 { Table::of(&statements) } else { None };
    let mut allowed = match table {
        Some((table, drafts)) => {
            shortest(&table, drafts).iter().map(|draft| table.statement(draft)).collect()
        }
        None => statements,
    };
    for statement in &mut allowed {
        sort(&mut statement.actions);
        sort(&mut statement.resources);
    }
    sort(&mut allowed);
    let text = write(&allowed);
    let characters = text.chars().count();
    if characters > SESSION_POLICY_LIMIT {
        return Err(CompileError::TooLarge { characters, limit: SESSION_POLICY_LIMIT });
    }
    Ok(SessionPolicy { text })
}

/// The statements with their regions as a policy's conditions: global actions apart, in every region.
fn by_condition(statements: &[Statement]) -> Vec<Statement> {
    let mut parted = Vec::new();
    for statement in statements {
        let mut regional = statement.clone();
        if statement.regions != Regions::All {
            let parts: Vec<Parts> = statement.actions.iter().map(Parts::of).collect();
            let global = parts.iter().flat_map(|parts| parts.global.iter().cloned()).collect();
            let kept = parts.into_iter().filter_map(|parts| parts.regional).map(|part| part.pattern);
            regional.actions = kept.collect();
            parted.push(Statement { actions: global, regions: Regions::All, ..statement.clone() });
        }
        parted.push(regional);
    }
    parted.retain(|statement| !statement.actions.is_empty());
    parted
}

/// The document as compact JSON. Without the version it would be read by the rules of 2008.
fn write(allowed: &[Statement]) -> String {
    let mut statements = String::new();
    for statement in allowed {
        let (actions, resources) = (list(&statement.actions), list(&statement.resources));
        let condition = condition(&statement.regions);
        statements +=
            &format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":{resources}{condition}}},"#);
    }
    let pivots = list(PIVOTS);
    let deny = format!(r#"{{"Effect":"Deny","Action":{pivots},"Resource":"*"}}"#);
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}{deny}]}}"#)
}

/// The condition that keeps a statement to some regions, with the comma before it.
fn condition(regions: &Regions) -> String {
    match regions {
        Regions::All => String::new(),
        Regions::Only(names) => {
            format!(r#","Condition":{{"StringEquals":{{"aws:RequestedRegion":{}}}}}"#, list(names.iter()))
        }
    }
}

/// A text as JSON has it. A text can always be written.
pub(super) fn quoted(text: &impl ToString) -> String {
    serde_json::to_string(&text.to_string()).unwrap_or_default()
}

/// A list, written as its element where it has just one.
fn list<T: ToString>(texts: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| quoted(&text)).collect();
    match texts.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(",")),
    }
}
