//! Patterns of actions and of resources, as IAM policies write them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::glob::{Class, Glob, Token};
use crate::text::text_type;

/// The longest pattern that is read, in characters: no pattern longer than a session policy can be sent.
pub const PATTERN_LIMIT: usize = 2048;

/// The STS calls that turn a session into another one, or into a token that outlives it. They are never granted:
/// a lease must end when it ends.
///
/// `GetCallerIdentity` (harmless), `GetServiceBearerToken` (how some services' own clients authenticate) and
/// `GetScopedCredentials` (only ever narrower and never longer than the session) are not among them.
pub const PIVOTS: [&str; 5] = [
    "sts:Assume*",
    "sts:GetDelegatedAccessToken",
    "sts:GetFederationToken",
    "sts:GetSessionToken",
    "sts:GetWebIdentityToken",
];

/// Actions of one service, or all: `*`, `ecs:UpdateService`, `logs:Put*`. Compared without regard to case; the
/// spelling is kept.
#[derive(Clone)]
pub struct ActionPattern {
    text: String,
    glob: Glob,
}

impl ActionPattern {
    /// `*`.
    pub fn any() -> Self {
        let mut glob = Glob::default();
        glob.push_text("?*", Class::Service, true);
        glob.push_text(":", Class::Service, true);
        glob.push_text("?*", Class::Name, true);
        Self { text: "*".to_owned(), glob }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The service, unless the pattern is `*`.
    pub fn service(&self) -> Option<&str> {
        self.text.split_once(':').map(|(service, _)| service)
    }

    /// Whether the pattern stands for one action only.
    pub fn is_literal(&self) -> bool {
        self.glob.is_literal()
    }

    /// Whether the pattern matches the action, without regard to case.
    pub fn matches(&self, action: &str) -> bool {
        self.glob.matches(&action.to_ascii_lowercase())
    }

    /// Whether the pattern matches nothing but the STS pivots ([`PIVOTS`]), which are never granted.
    pub fn is_pivot(&self) -> bool {
        let name = self.glob.tokens().get("sts:".len()..).unwrap_or_default();
        let assume = "assume".chars().map(Token::Literal);
        let assumes = name.len() >= 6 && name.iter().copied().zip(assume).all(|(one, other)| one == other);
        let literal =
            self.glob.is_literal() && PIVOTS.iter().any(|pivot| pivot.eq_ignore_ascii_case(&self.text));
        self.service() == Some("sts") && (assumes || literal)
    }

    pub(crate) fn glob(&self) -> &Glob {
        &self.glob
    }

    /// What all actions that it matches begin with, in lower case.
    pub(crate) fn beginning(&self) -> &str {
        self.glob.prefix()
    }

    /// The pattern in its shortest spelling: runs of wildcards in their one form.
    pub(crate) fn canonical(&self) -> Self {
        if self.text == "*" {
            return self.clone();
        }
        let text = self.glob.text();
        let text = text.strip_suffix(":?*").map_or(text.clone(), |service| format!("{service}:*"));
        Self { text, glob: self.glob.clone() }
    }

    /// The pattern that a glob of an action was made of.
    pub(super) fn from_glob(glob: Glob) -> Self {
        let text = match glob.token(0) {
            Some(Token::Literal(_)) => glob.text(),
            _ => "*".to_owned(),
        };
        Self { text, glob }.canonical()
    }
}

impl FromStr for ActionPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        bounded(text)?;
        if text == "*" {
            return Ok(Self::any());
        }
        let (service, name) = text.split_once(':').ok_or(PatternError::NoService)?;
        sound_service(service)?;
        if name.is_empty() {
            return Err(PatternError::NoName);
        }
        let foreign = |symbol: &char| !symbol.is_ascii_alphanumeric() && !matches!(symbol, '*' | '?' | '-');
        if let Some(found) = name.chars().find(foreign) {
            return Err(PatternError::NameCharacter { found });
        }
        let mut glob = Glob::with_capacity(text.len() + 1);
        glob.push_text(text.get(..=service.len()).unwrap_or_default(), Class::Service, true);
        // An action has a name, so a name of stars only stands for at least one character.
        if name.bytes().all(|byte| byte == b'*') {
            glob.push_text("?", Class::Name, true);
        }
        glob.push_text(name, Class::Name, true);
        Ok(Self { text: text.to_owned(), glob })
    }
}

/// Resources: `*`, or an ARN whose wildcards do not cross the colons of its first five parts. Case matters.
///
/// Only `*` matches a call that has no resource of its own.
#[derive(Clone)]
pub struct ResourcePattern {
    text: String,
    glob: Glob,
}

impl ResourcePattern {
    /// `*`.
    pub fn any() -> Self {
        Self { text: "*".to_owned(), glob: arn_glob(["arn", "*", "*", "*", "*"], "*") }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern is `*`: every resource, and calls without one.
    pub fn is_any(&self) -> bool {
        self.text == "*"
    }

    /// Whether the pattern stands for one resource only.
    pub fn is_literal(&self) -> bool {
        self.glob.is_literal()
    }

    /// Whether the pattern matches the resource.
    pub fn matches(&self, resource: &str) -> bool {
        self.is_any() || self.glob.matches(resource)
    }

    /// What all resources that it matches begin with.
    pub(crate) fn beginning(&self) -> &str {
        if self.is_any() { "" } else { self.glob.prefix() }
    }

    /// The ARNs that the pattern matches; for `*` all of them.
    pub(super) fn glob(&self) -> &Glob {
        &self.glob
    }

    /// The pattern in its shortest spelling: runs of wildcards in their one form.
    pub(crate) fn canonical(&self) -> Self {
        if self.is_any() { self.clone() } else { Self::from_glob(self.glob.clone()) }
    }

    /// The pattern of these ARNs.
    pub(super) fn from_glob(glob: Glob) -> Self {
        Self { text: glob.text(), glob }
    }
}

impl FromStr for ResourcePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        bounded(text)?;
        if text == "*" {
            return Ok(Self::any());
        }
        if text.contains("${") {
            return Err(PatternError::PolicyVariable);
        }
        if let Some(found) = text.chars().find(|symbol| !sendable(*symbol)) {
            return Err(PatternError::ResourceCharacter { found });
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, _, _, rest] = parts.as_slice() else {
            return Err(PatternError::NotAnArn);
        };
        if partition.is_empty() || service.is_empty() || rest.is_empty() {
            return Err(PatternError::EmptyPart);
        }
        let (segments, _) = text.split_at(text.len() - rest.len());
        let mut glob = Glob::with_capacity(text.len());
        glob.push_text(segments, Class::Segment, false);
        glob.push_text(rest, Class::Rest, false);
        Ok(Self { text: text.to_owned(), glob })
    }
}

pub(super) fn arn_glob(segments: [&str; 5], rest: &str) -> Glob {
    let length: usize = segments.iter().map(|segment| segment.len() + 1).sum();
    let mut glob = Glob::with_capacity(length + rest.len());
    for segment in segments {
        glob.push_text(segment, Class::Segment, false);
        glob.push_text(":", Class::Segment, false);
    }
    glob.push_text(rest, Class::Rest, false);
    glob
}

/// Why a text is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// There is no text.
    #[error("empty")]
    Empty,
    /// Longer than [`PATTERN_LIMIT`].
    #[error("longer than {limit} characters")]
    TooLong {
        /// The most characters that are read.
        limit: usize,
    },
    /// An action without `service:`.
    #[error("an action is written service:Name, or * for all")]
    NoService,
    /// A wildcard before the colon of an action.
    #[error("the service of an action cannot hold a wildcard")]
    ServiceWildcard,
    /// A character that no service's name has.
    #[error("{found:?} cannot stand in the service of an action: lowercase letters, digits and hyphens only")]
    ServiceCharacter {
        /// The first such character.
        found: char,
    },
    /// Nothing after the colon of an action.
    #[error("the action has no name after its service")]
    NoName,
    /// A character that no action's name has.
    #[error("{found:?} cannot stand in the name of an action: letters, digits, hyphens, * and ? only")]
    NameCharacter {
        /// The first such character.
        found: char,
    },
    /// A resource that is neither `*` nor an ARN of six parts.
    #[error("a resource is * or an ARN of six parts: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE")]
    NotAnArn,
    /// An ARN whose partition, service or resource is empty.
    #[error("the partition, the service and the resource of an ARN cannot be empty")]
    EmptyPart,
    /// `${…}`: what it stands for is known only when the call is made.
    #[error("policy variables (${{...}}) are not supported: what they stand for is known only at the call")]
    PolicyVariable,
    /// A character that STS does not accept in a policy.
    #[error("{found:?} cannot stand in a session policy")]
    ResourceCharacter {
        /// The first such character.
        found: char,
    },
}

/// How a pattern's meaning is compared: by its text, without regard to case for actions.
macro_rules! compared_by {
    ($name:ident, $fold:expr) => {
        impl $name {
            fn key(&self) -> impl Iterator<Item = u8> {
                let fold: fn(u8) -> u8 = $fold;
                self.text.bytes().map(fold)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.text).finish()
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.text.len() == other.text.len() && self.key().eq(other.key())
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                self.key().cmp(other.key())
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                state.write_usize(self.text.len());
                self.key().for_each(|byte| state.write_u8(byte));
            }
        }
    };
}

compared_by!(ActionPattern, |byte| byte.to_ascii_lowercase());
compared_by!(ResourcePattern, |byte| byte);
text_type!(ActionPattern, r"^(\*|[a-z0-9-]+:[A-Za-z0-9*?-]+)$");
text_type!(ResourcePattern, r"^(\*|arn:[^:]+:[^:]+:[^:]*:[^:]*:.+)$");

fn bounded(text: &str) -> Result<(), PatternError> {
    match text.chars().count() {
        0 => Err(PatternError::Empty),
        length if length > PATTERN_LIMIT => Err(PatternError::TooLong { limit: PATTERN_LIMIT }),
        _ => Ok(()),
    }
}

fn sound_service(service: &str) -> Result<(), PatternError> {
    if service.is_empty() {
        return Err(PatternError::NoService);
    }
    match service.chars().find(|symbol| !Class::Service.contains(*symbol)) {
        Some('*' | '?') => Err(PatternError::ServiceWildcard),
        Some(found) => Err(PatternError::ServiceCharacter { found }),
        None => Ok(()),
    }
}

/// STS takes policies of U+0020 to U+00FF. The invisible among them are never what a person meant.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
fn sendable(symbol: char) -> bool {
    matches!(symbol, '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}') && symbol != '\u{ad}'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(text: &str) -> ActionPattern {
        text.parse().unwrap()
    }

    fn resource(text: &str) -> ResourcePattern {
        text.parse().unwrap()
    }

    #[test]
    fn an_action_matches_without_regard_to_case() {
        assert!(action("logs:Put*").matches("logs:PutLogEvents"));
        assert!(action("logs:put*").matches("LOGS:PUTLOGEVENTS"));
        assert!(!action("logs:Put*").matches("logs:GetLogEvents"));
        assert!(action("*").matches("ecs:UpdateService"));
        assert!(action("apigateway:GET").matches("apigateway:GET"));
        // One action of AWS has a hyphen.
        let hyphen = "vpc-lattice:AssociateViaAWSService-EventsAndStates";
        assert!(action(hyphen).matches(hyphen) && action("vpc-lattice:*And*").matches(hyphen));
        assert!(!action("s3:Get?bject").matches("s3:GetObjects"));
        assert_eq!(action("ecs:UpdateService"), action("ecs:updateservice"));
        assert_eq!(action("ecs:UpdateService").to_string(), "ecs:UpdateService");
    }

    #[test]
    fn each_fault_of_an_action_has_its_error() {
        let fault = |text: &str| text.parse::<ActionPattern>().unwrap_err();
        assert_eq!(fault(""), PatternError::Empty);
        assert_eq!(fault("UpdateService"), PatternError::NoService);
        assert_eq!(fault(":UpdateService"), PatternError::NoService);
        assert_eq!(fault("ecs:"), PatternError::NoName);
        assert_eq!(fault("*:*"), PatternError::ServiceWildcard);
        assert_eq!(fault("e?s:Get*"), PatternError::ServiceWildcard);
        assert_eq!(fault("ECS:Get*"), PatternError::ServiceCharacter { found: 'E' });
        assert_eq!(fault("ecs:Update:Service"), PatternError::NameCharacter { found: ':' });
        assert_eq!(fault("ecs:Update Service"), PatternError::NameCharacter { found: ' ' });
        assert_eq!(fault(&format!("s3:{}", "a".repeat(2048))), PatternError::TooLong { limit: 2048 });
    }

    #[test]
    fn a_wildcard_of_a_resource_stays_within_its_part() {
        assert!(resource("arn:aws:s3:::bucket/*").matches("arn:aws:s3:::bucket/a:b/c"));
        assert!(
            resource("arn:aws:ecs:*:1*:service/x").matches("arn:aws:ecs:us-east-1:111122223333:service/x")
        );
        assert!(!resource("arn:aws:ecs:*:*:x").matches("arn:aws:ecs:us-east-1:x"));
        assert!(!resource("arn:aws:s*:::b").matches("arn:aws:s3:x:::b"));
        assert!(!resource("arn:aws:s3:::Bucket").matches("arn:aws:s3:::bucket"));
        assert!(resource("*").matches("arn:aws:s3:::bucket"));
        assert!(resource("*").matches("*"));
        assert!(!resource("arn:*:*:*:*:*").matches("*"));
    }

    #[test]
    fn each_fault_of_a_resource_has_its_error() {
        let fault = |text: &str| text.parse::<ResourcePattern>().unwrap_err();
        assert_eq!(fault(""), PatternError::Empty);
        assert_eq!(fault("bucket"), PatternError::NotAnArn);
        assert_eq!(fault("**"), PatternError::NotAnArn);
        assert_eq!(fault("arn:aws:s3"), PatternError::NotAnArn);
        assert_eq!(fault("arn:*"), PatternError::NotAnArn);
        assert_eq!(fault("a*:aws:s3:::b"), PatternError::NotAnArn);
        assert_eq!(fault("arn:aws:s3:::"), PatternError::EmptyPart);
        assert_eq!(fault("arn::s3:::b"), PatternError::EmptyPart);
        assert_eq!(fault("arn:aws:s3:::home/${aws:username}"), PatternError::PolicyVariable);
        assert_eq!(fault("arn:aws:s3:::b\n"), PatternError::ResourceCharacter { found: '\n' });
        assert_eq!(fault("arn:aws:s3:::b\u{2603}"), PatternError::ResourceCharacter { found: '\u{2603}' });
    }

    #[test]
    fn pivots_are_told_from_their_neighbours() {
        for pivot in ["sts:AssumeRole", "sts:assume*", "sts:Assume*Identity", "sts:GetFederationToken"] {
            assert!(action(pivot).is_pivot(), "{pivot}");
        }
        for not in ["sts:*", "*", "sts:Get*", "sts:GetCallerIdentity", "sts:Assum*", "sts:GetFederationToke?"]
        {
            assert!(!action(not).is_pivot(), "{not}");
        }
    }

    #[test]
    fn the_canonical_spelling_is_the_shortest() {
        assert_eq!(action("s3:**").canonical().as_str(), "s3:*");
        assert_eq!(action("s3:?*").canonical().as_str(), "s3:*");
        assert_eq!(action("s3:Get**?").canonical().as_str(), "s3:Get?*");
        assert_eq!(resource("arn:aws:s3:::b/**").canonical().as_str(), "arn:aws:s3:::b/*");
        assert_eq!(resource("*").canonical().as_str(), "*");
    }
}
