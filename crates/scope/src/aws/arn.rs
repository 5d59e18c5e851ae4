//! The names of AWS principals: the role that a lease assumes, and whoever calls the broker.

use std::str::FromStr;

use crate::text::text_type;

/// The ARN of an IAM role, as `AssumeRole` takes it: `arn:aws:iam::123456789012:role/path/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleArn(Arn);

impl RoleArn {
    /// The ARN as it was written.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// `aws`, `aws-cn`, `aws-us-gov` and the like.
    pub fn partition(&self) -> &str {
        self.0.partition()
    }

    /// The account that owns the role: twelve digits.
    pub fn account(&self) -> &str {
        self.0.account()
    }

    /// The role's name, without its path.
    pub fn name(&self) -> &str {
        last_step(self.0.resource())
    }
}

impl FromStr for RoleArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let arn = Arn::parse(text)?;
        match (arn.service(), arn.resource().split_once('/')) {
            ("iam", Some(("role", name))) => named(name).map(|()| Self(arn)),
            _ => Err(ArnError::NotARole),
        }
    }
}

/// The ARN of an IAM user, role or account root, or of a session of a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalArn(Arn);

impl PrincipalArn {
    /// The ARN as it was written.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// `aws`, `aws-cn`, `aws-us-gov` and the like.
    pub fn partition(&self) -> &str {
        self.0.partition()
    }

    /// The account that the principal belongs to: twelve digits.
    pub fn account(&self) -> &str {
        self.0.account()
    }

    /// Whether a caller that presents `caller` is this principal.
    ///
    /// A session's ARN names its role without the role's path, so a role matches every session of a role with
    /// its name in its account: names are unique in an account whatever the path. All else must be equal.
    pub fn matches(&self, caller: &PrincipalArn) -> bool {
        if self == caller {
            return true;
        }
        match (self.role_name(), caller.session_role_name()) {
            (Some(role), Some(of_session)) => {
                role == of_session
                    && self.partition() == caller.partition()
                    && self.account() == caller.account()
            }
            _ => false,
        }
    }

    fn role_name(&self) -> Option<&str> {
        let path = self.0.resource().strip_prefix("role/")?;
        (self.0.service() == "iam").then(|| last_step(path))
    }

    fn session_role_name(&self) -> Option<&str> {
        let session = self.0.resource().strip_prefix("assumed-role/")?;
        let (role, _) = session.split_once('/')?;
        (self.0.service() == "sts").then_some(role)
    }
}

impl FromStr for PrincipalArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let arn = Arn::parse(text)?;
        match (arn.service(), arn.resource().split_once('/')) {
            ("iam", None) if arn.resource() == "root" => {}
            ("iam", Some(("role" | "user", name))) => named(name)?,
            ("sts", Some(("assumed-role", session))) => {
                let (role, session) = session.split_once('/').ok_or(ArnError::NotAPrincipal)?;
                name(role)?;
                name(session)?;
            }
            _ => return Err(ArnError::NotAPrincipal),
        }
        Ok(Self(arn))
    }
}

/// Why a text is not the ARN that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArnError {
    /// Not of the form `arn:partition:service::account:resource`.
    #[error("not an ARN of the form arn:PARTITION:SERVICE::ACCOUNT:RESOURCE")]
    NotAnArn,
    /// The partition is not `aws` or `aws-…`.
    #[error("the partition of an ARN is aws or begins with aws-")]
    Partition,
    /// The account is not twelve digits.
    #[error("an account id has twelve digits")]
    Account,
    /// The ARN names something other than a role.
    #[error("not the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)")]
    NotARole,
    /// The ARN names something that does not call.
    #[error(
        "not the ARN of a principal (an IAM role, user or root, or arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION)"
    )]
    NotAPrincipal,
    /// The name is empty, too long, or has a character that IAM refuses.
    #[error("a name has 1 to 64 characters: letters, digits and _+=,.@-")]
    Name,
    /// The path is too long or has a character that IAM refuses.
    #[error("a path has at most 512 visible ASCII characters and no empty step")]
    Path,
}

text_type!(RoleArn, "^arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/.+$");
text_type!(PrincipalArn, "^arn:aws(-[a-z]+)*:(iam|sts)::[0-9]{12}:(root|(role|user|assumed-role)/.+)$");

/// An ARN of IAM or STS: these have no region, and always an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Arn {
    text: String,
}

impl Arn {
    fn parse(text: &str) -> Result<Self, ArnError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, _, "", account, _] = parts.as_slice() else {
            return Err(ArnError::NotAnArn);
        };
        let mut words = partition.split('-');
        if words.next() != Some("aws")
            || !words.all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
        {
            return Err(ArnError::Partition);
        }
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ArnError::Account);
        }
        Ok(Self { text: text.to_owned() })
    }

    fn part(&self, index: usize) -> &str {
        self.text.splitn(6, ':').nth(index).unwrap_or_default()
    }

    fn partition(&self) -> &str {
        self.part(1)
    }

    fn service(&self) -> &str {
        self.part(2)
    }

    fn account(&self) -> &str {
        self.part(4)
    }

    fn resource(&self) -> &str {
        self.part(5)
    }
}

fn last_step(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// A name with an optional path before it: `name` or `team/x/name`.
fn named(text: &str) -> Result<(), ArnError> {
    let Some((path, last)) = text.rsplit_once('/') else { return name(text) };
    let sound = path.len() <= 510 && path.bytes().all(|byte| byte.is_ascii_graphic());
    if !sound || path.split('/').any(str::is_empty) {
        return Err(ArnError::Path);
    }
    name(last)
}

/// IAM's `roleNameType`, `userNameType` and STS's `roleSessionNameType`: `[\w+=,.@-]`, at most 64.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>
fn name(text: &str) -> Result<(), ArnError> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(sound) { Ok(()) } else { Err(ArnError::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(text: &str) -> PrincipalArn {
        text.parse().unwrap()
    }

    #[test]
    fn a_role_arn_tells_its_parts() {
        let role: RoleArn = "arn:aws-us-gov:iam::123456789012:role/team/x/agent-devops".parse().unwrap();
        assert_eq!(role.partition(), "aws-us-gov");
        assert_eq!(role.account(), "123456789012");
        assert_eq!(role.name(), "agent-devops");
        assert_eq!(role.to_string(), "arn:aws-us-gov:iam::123456789012:role/team/x/agent-devops");
    }

    #[test]
    fn what_is_not_a_role_is_refused_with_its_reason() {
        let refused = |text: &str| text.parse::<RoleArn>().unwrap_err();
        assert_eq!(refused(""), ArnError::NotAnArn);
        assert_eq!(refused("agent"), ArnError::NotAnArn);
        assert_eq!(refused("arn:aws:iam:us-east-1:123456789012:role/a"), ArnError::NotAnArn);
        assert_eq!(refused("arn:gcp:iam::123456789012:role/a"), ArnError::Partition);
        assert_eq!(refused("arn:aws-:iam::123456789012:role/a"), ArnError::Partition);
        assert_eq!(refused("arn:aws:iam::12345678901:role/a"), ArnError::Account);
        assert_eq!(refused("arn:aws:iam::123456789012:user/a"), ArnError::NotARole);
        assert_eq!(refused("arn:aws:iam::123456789012:role/"), ArnError::Name);
        assert_eq!(refused("arn:aws:iam::123456789012:role/a b"), ArnError::Name);
        assert_eq!(refused("arn:aws:iam::123456789012:role//a"), ArnError::Path);
        assert_eq!(refused(&format!("arn:aws:iam::123456789012:role/{}", "a".repeat(65))), ArnError::Name);
    }

    #[test]
    fn a_role_matches_the_sessions_of_that_role_only() {
        let role = principal("arn:aws:iam::123456789012:role/team/runtime");
        assert!(role.matches(&role));
        assert!(role.matches(&principal("arn:aws:sts::123456789012:assumed-role/runtime/i-0abc")));
        assert!(!role.matches(&principal("arn:aws:sts::123456789012:assumed-role/runtime2/i-0abc")));
        assert!(!role.matches(&principal("arn:aws:sts::210987654321:assumed-role/runtime/i-0abc")));
        assert!(!role.matches(&principal("arn:aws-cn:sts::123456789012:assumed-role/runtime/i-0abc")));
        assert!(!role.matches(&principal("arn:aws:iam::123456789012:role/runtime")));
        assert!(!role.matches(&principal("arn:aws:iam::123456789012:user/runtime")));
    }

    #[test]
    fn a_session_matches_itself_only() {
        let session = principal("arn:aws:sts::123456789012:assumed-role/runtime/one");
        assert!(session.matches(&session));
        assert!(!session.matches(&principal("arn:aws:sts::123456789012:assumed-role/runtime/two")));
        assert!(!session.matches(&principal("arn:aws:iam::123456789012:role/runtime")));
    }

    #[test]
    fn principals_are_roles_users_roots_and_sessions() {
        principal("arn:aws:iam::123456789012:root");
        principal("arn:aws:iam::123456789012:user/division/ann");
        for text in [
            "arn:aws:iam::123456789012:group/x",
            "arn:aws:sts::123456789012:assumed-role/x",
            "arn:aws:sts::123456789012:role/x",
        ] {
            assert_eq!(text.parse::<PrincipalArn>(), Err(ArnError::NotAPrincipal), "{text}");
        }
    }

    #[test]
    fn arns_are_strings_in_json() {
        let role: RoleArn = serde_json::from_str(r#""arn:aws:iam::123456789012:role/a""#).unwrap();
        assert_eq!(serde_json::to_string(&role).unwrap(), r#""arn:aws:iam::123456789012:role/a""#);
        assert!(serde_json::from_str::<RoleArn>(r#""arn:aws:iam::1:role/a""#).is_err());
    }
}
