//! The form that a call of the query protocol comes as, and the constraints that its members are held to.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::refusal::{Code, Refusal};

/// The members of a call, by their names on the wire.
#[derive(Debug)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// `NAME.member.1`, `NAME.member.2`, … in the order of their numbers.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.numbered(name).into_values().filter_map(|members| members.get("").copied()).collect()
    }

    /// `NAME.member.1.FIELD`, … in the order of their numbers.
    pub(super) fn structures(&self, name: &str) -> Vec<BTreeMap<&str, &str>> {
        self.numbered(name).into_values().collect()
    }

    fn numbered(&self, name: &str) -> BTreeMap<u32, BTreeMap<&str, &str>> {
        let prefix = format!("{name}.member.");
        let mut numbered: BTreeMap<u32, BTreeMap<&str, &str>> = BTreeMap::new();
        for (key, value) in self.0.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix)) {
            let rest = key.get(prefix.len()..).unwrap_or_default();
            let (number, field) = rest.split_once('.').unwrap_or((rest, ""));
            if let Ok(number) = number.parse() {
                numbered.entry(number).or_default().insert(field, value);
            }
        }
        numbered
    }
}

/// Collects every constraint that a call violates: the service names them all in one error.
#[derive(Debug, Default)]
pub(super) struct Constraints(Vec<String>);

impl Constraints {
    /// Length in characters.
    pub(super) fn length(&mut self, member: &str, value: &str, bounds: RangeInclusive<usize>) {
        let length = value.chars().count();
        if length < *bounds.start() {
            self.violated(member, value, &format!("have length greater than or equal to {}", bounds.start()));
        } else if length > *bounds.end() {
            self.violated(member, value, &format!("have length less than or equal to {}", bounds.end()));
        }
    }

    /// That every character is one of those of `pattern`.
    pub(super) fn characters(&mut self, member: &str, value: &str, pattern: &str, allowed: fn(char) -> bool) {
        if !value.chars().all(allowed) {
            self.violated(member, value, &format!("satisfy regular expression pattern: {pattern}"));
        }
    }

    /// How many elements a list has.
    pub(super) fn count(&mut self, member: &str, count: usize, bounds: RangeInclusive<usize>) {
        let value = format!("[{count} elements]");
        if count < *bounds.start() {
            self.violated(
                member,
                &value,
                &format!("have length greater than or equal to {}", bounds.start()),
            );
        } else if count > *bounds.end() {
            self.violated(member, &value, &format!("have length less than or equal to {}", bounds.end()));
        }
    }

    /// A whole number within bounds. What is no number is named too, and `None`.
    pub(super) fn number(
        &mut self,
        member: &str,
        text: Option<&str>,
        bounds: RangeInclusive<u32>,
    ) -> Option<u32> {
        let text = text?;
        let Ok(value) = text.parse::<i64>() else {
            self.violated(member, text, "be an integer");
            return None;
        };
        if value < i64::from(*bounds.start()) {
            self.violated(member, text, &format!("have value greater than or equal to {}", bounds.start()));
        } else if value > i64::from(*bounds.end()) {
            self.violated(member, text, &format!("have value less than or equal to {}", bounds.end()));
        }
        u32::try_from(value).ok()
    }

    /// A member that must be there. What is missing is named, and empty.
    pub(super) fn required<'a>(&mut self, member: &str, value: Option<&'a str>) -> &'a str {
        value.unwrap_or_else(|| {
            self.0.push(format!(
                "Value null at '{member}' failed to satisfy constraint: Member must not be null"
            ));
            ""
        })
    }

    /// Any other constraint.
    pub(super) fn violated(&mut self, member: &str, value: &str, constraint: &str) {
        let statement =
            format!("Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}");
        self.0.push(statement);
    }

    pub(super) fn check(self) -> Result<(), Refusal> {
        let violations = self.0;
        if violations.is_empty() {
            return Ok(());
        }
        let (count, plural) = (violations.len(), if violations.len() == 1 { "" } else { "s" });
        let message = format!("{count} validation error{plural} detected: {}", violations.join("; "));
        Err(Refusal::new(Code::ValidationError, message))
    }
}

/// Session names and source identities: `[\w+=,.@-]*`.
pub(super) fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_+=,.@-".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_follow_their_numbers_and_not_their_spelling() {
        let form = Parameters::parse(b"A.member.10=z&A.member.2=y&A.member.1=x&A.member.x=w&Ab.member.1=v");
        assert_eq!(form.list("A"), ["x", "y", "z"]);
    }

    #[test]
    fn structures_keep_their_fields_together() {
        let form = Parameters::parse(b"Tags.member.1.Key=a&Tags.member.1.Value=t+9&Tags.member.2.Key=b");
        let tags = form.structures("Tags");
        assert_eq!(tags.len(), 2);
        assert_eq!(tags[0], BTreeMap::from([("Key", "a"), ("Value", "t 9")]));
        assert_eq!(tags[1].get("Value"), None);
    }

    #[test]
    fn every_violation_is_named_at_once() {
        let mut constraints = Constraints::default();
        constraints.length("roleSessionName", "a", 2..=64);
        constraints.number("durationSeconds", Some("899"), 900..=43_200);
        constraints.required("roleArn", None);
        let refusal = constraints.check().unwrap_err();
        assert_eq!(refusal.code, "ValidationError");
        assert_eq!(
            refusal.message,
            "3 validation errors detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must \
             have length greater than or equal to 2; Value '899' at 'durationSeconds' failed to satisfy constraint: \
             Member must have value greater than or equal to 900; Value null at 'roleArn' failed to satisfy \
             constraint: Member must not be null"
        );
    }
}
