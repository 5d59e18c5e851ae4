//! Session tags. <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::parameters::{Constraints, Parameters};
use super::refusal::{Code, Refusal};

/// The most that a call may pass.
pub(super) const MAX_TAGS: usize = 50;

const CHARACTERS: &str = "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]";

/// A tag of a session. Keys are compared without regard to case, and keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// The tags of a call, or of the session that it makes.
#[derive(Clone, Debug, Default)]
pub(super) struct Tags {
    pub(super) all: Vec<Tag>,
    /// The keys that sessions assumed from this one inherit.
    pub(super) transitive: Vec<String>,
}

impl Tags {
    /// `Tags` and `TransitiveTagKeys`, with the constraints that each holds by itself.
    pub(super) fn parse(form: &Parameters, constraints: &mut Constraints) -> Self {
        let mut all = Vec::new();
        let structures = form.structures("Tags");
        constraints.count("tags", structures.len(), 0..=MAX_TAGS);
        for (index, structure) in structures.iter().enumerate() {
            let key_member = format!("tags.{}.member.key", index + 1);
            let key = constraints.required(&key_member, structure.get("Key").copied());
            constraints.length(&key_member, key, 1..=128);
            constraints.characters(&key_member, key, &format!("{CHARACTERS}+"), is_tag_character);
            let value_member = format!("tags.{}.member.value", index + 1);
            let value = constraints.required(&value_member, structure.get("Value").copied());
            constraints.length(&value_member, value, 0..=256);
            constraints.characters(&value_member, value, &format!("{CHARACTERS}*"), is_tag_character);
            all.push(Tag { key: key.to_owned(), value: value.to_owned() });
        }
        let transitive: Vec<String> = form.list("TransitiveTagKeys").into_iter().map(str::to_owned).collect();
        constraints.count("transitiveTagKeys", transitive.len(), 0..=MAX_TAGS);
        Self { all, transitive }
    }

    /// The constraints among them.
    pub(super) fn checked(self) -> Result<Self, Refusal> {
        let mut seen = BTreeSet::new();
        for tag in &self.all {
            let folded = tag.key.to_lowercase();
            if folded.starts_with("aws:") {
                let message = "Tag keys beginning with aws: are reserved for system use.";
                return Err(Refusal::new(Code::InvalidParameterValue, message));
            }
            if !seen.insert(folded) {
                let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
                return Err(Refusal::new(Code::InvalidParameterValue, message));
            }
        }
        if self.transitive.iter().any(|key| !seen.contains(&key.to_lowercase())) {
            let message = "The specified transitive tag key must be included in the requested tags.";
            return Err(Refusal::new(Code::InvalidParameterValue, message));
        }
        Ok(self)
    }

    /// Together with those that the calling session hands down, which cannot be overridden.
    pub(super) fn inheriting(mut self, inherited: Vec<Tag>) -> Result<Self, Refusal> {
        for tag in inherited {
            if self.all.iter().any(|own| same_key(&own.key, &tag.key)) {
                let message = format!("Session tag {} was inherited and cannot be passed again.", tag.key);
                return Err(Refusal::new(Code::InvalidParameterValue, message));
            }
            self.transitive.push(tag.key.clone());
            self.all.push(tag);
        }
        Ok(self)
    }
}

pub(super) fn same_key(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Letters, numbers, separators and some signs. The standard library's classes differ from the pattern's by a few
/// letters that nobody writes tags with.
fn is_tag_character(character: char) -> bool {
    let separator = character.is_whitespace() && (!character.is_control());
    character.is_alphanumeric() || separator || "_.:/=+-@".contains(character)
}
