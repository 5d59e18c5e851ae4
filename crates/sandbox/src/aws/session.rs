//! Sessions are not stored: the session token is the session, sealed under the sandbox's key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deputize_scope::aws::arn::RoleArn;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::tags::{Tag, same_key};
use crate::sealed::Seal;
use crate::{Key, Random};

/// The largest session token that STS issues, in bytes: what its utilization is a percentage of.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub(super) const MAX_TOKEN_SIZE: usize = 4_096;

/// A session of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    pub(super) role: RoleArn,
    pub(super) name: String,
    /// Those of this session and those inherited, without repetition.
    pub(super) tags: Vec<Tag>,
    /// The keys of the tags that sessions assumed from this one inherit.
    pub(super) transitive: Vec<String>,
    pub(super) source_identity: Option<String>,
    /// The inline policy, as it was passed.
    pub(super) policy: Option<String>,
    /// The ARNs of the managed policies that were passed.
    pub(super) managed_policies: Vec<String>,
    /// The policies by which it was narrowed since, each of which must allow a call as well.
    #[serde(default)]
    pub(super) scope_down: Vec<String>,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl Session {
    /// A session without tags and policies.
    pub(super) fn new(role: RoleArn, name: &str, issued_at: Timestamp, expires_at: Timestamp) -> Self {
        Self {
            role,
            name: name.to_owned(),
            tags: Vec::new(),
            transitive: Vec::new(),
            source_identity: None,
            policy: None,
            managed_policies: Vec::new(),
            scope_down: Vec::new(),
            issued_at,
            expires_at,
        }
    }

    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    pub(super) fn arn(&self) -> String {
        let (partition, account, role) = (self.role.partition(), self.role.account(), self.role.name());
        format!("arn:{partition}:sts::{account}:assumed-role/{role}/{}", self.name)
    }

    /// `AROA…:SESSION`.
    pub(super) fn user_id(&self, key: &Key) -> String {
        format!("{}:{}", key.role_id(self.role.account(), self.role.name()), self.name)
    }

    /// The tags that a session assumed from this one inherits.
    pub(super) fn inherited(&self) -> Vec<Tag> {
        let transitive = |tag: &&Tag| self.transitive.iter().any(|key| same_key(key, &tag.key));
        self.tags.iter().filter(transitive).cloned().collect()
    }

    /// The token that proves this session to the holder of the access key, at least `minimum` bytes long.
    pub(super) fn seal(
        &self,
        key: &Key,
        random: &dyn Random,
        access_key_id: &str,
        minimum: usize,
    ) -> Option<String> {
        // Base 64 makes four characters of three bytes.
        let sealed = sealed_beside(key, access_key_id).seal(random, self, minimum.div_ceil(4) * 3)?;
        Some(STANDARD.encode(sealed))
    }

    /// The session that the token proves, if this sandbox issued it for this access key.
    pub(super) fn open(key: &Key, access_key_id: &str, token: &str) -> Option<Self> {
        sealed_beside(key, access_key_id).open(&STANDARD.decode(token).ok()?)
    }
}

fn sealed_beside<'a>(key: &'a Key, access_key_id: &'a str) -> Seal<'a> {
    Seal { key, purpose: "session token", beside: access_key_id }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session {
            role: "arn:aws:iam::123456789012:role/team/devops".parse().unwrap(),
            name: "lease-1".to_owned(),
            tags: vec![Tag { key: "agent".to_owned(), value: "a".to_owned() }],
            transitive: vec![],
            source_identity: Some("a".to_owned()),
            policy: None,
            managed_policies: vec![],
            scope_down: vec![],
            issued_at: "2026-11-23T06:00:00Z".parse().unwrap(),
            expires_at: "2026-11-23T07:00:00Z".parse().unwrap(),
        }
    }

    fn counting(bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(index % 256).unwrap();
        }
    }

    #[test]
    fn a_token_opens_to_the_session_that_was_sealed() {
        let key = Key::new([1; 32]);
        let token = session().seal(&key, &counting, "ASIA1", 0).unwrap();
        assert_eq!(Session::open(&key, "ASIA1", &token), Some(session()));
    }

    #[test]
    fn a_token_does_not_open_for_another_access_key_or_under_another_key() {
        let key = Key::new([1; 32]);
        let token = session().seal(&key, &counting, "ASIA1", 0).unwrap();
        assert_eq!(Session::open(&key, "ASIA2", &token), None);
        assert_eq!(Session::open(&Key::new([2; 32]), "ASIA1", &token), None);
    }

    #[test]
    fn a_token_with_any_byte_changed_does_not_open() {
        let key = Key::new([1; 32]);
        let sealed = STANDARD.decode(session().seal(&key, &counting, "ASIA1", 0).unwrap()).unwrap();
        for index in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[index] ^= 1;
            assert_eq!(Session::open(&key, "ASIA1", &STANDARD.encode(&forged)), None);
            assert_eq!(Session::open(&key, "ASIA1", &STANDARD.encode(&sealed[..index])), None);
        }
    }

    #[test]
    fn a_token_is_as_long_as_was_asked_for_at_least() {
        let key = Key::new([1; 32]);
        for minimum in [0, 1_000, 1_001, 1_002, 1_003, MAX_TOKEN_SIZE] {
            let token = session().seal(&key, &counting, "ASIA1", minimum).unwrap();
            assert!(
                token.len() >= minimum && token.len() <= minimum.max(600) + 8,
                "{minimum}: {}",
                token.len()
            );
            assert_eq!(Session::open(&key, "ASIA1", &token), Some(session()));
        }
    }

    #[test]
    fn the_path_of_a_role_is_not_part_of_its_sessions_arn() {
        assert_eq!(session().arn(), "arn:aws:sts::123456789012:assumed-role/devops/lease-1");
    }
}
