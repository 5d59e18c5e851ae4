//! Whose key it is, and who may change it.

use aws_credential_types::Credentials;
use aws_types::SdkConfig;
use deputize_broker::ports::rotation::ProviderError;
use deputize_scope::aws::arn::RoleArn;
use serde_json::json;

use super::failure::{Failure, refused};
use super::iam;

/// What CloudTrail shows of whoever changes keys.
const SESSION_NAME: &str = "deputize-rotation";
/// The shortest session that there is.
const SESSION_SECONDS: i32 = 900;
/// All that rotation does.
const ACTIONS: [&str; 5] = [
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey",
    "iam:GetAccessKeyLastUsed",
    "iam:ListAccessKeys",
    "iam:UpdateAccessKey",
];

/// A user, and a client that may change the user's keys.
pub(super) struct Owner {
    pub(super) iam: aws_sdk_iam::Client,
    pub(super) user: String,
}

/// The user that a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    arn: String,
    account: String,
    pub(super) user: String,
}

impl Identity {
    /// Reads `arn:aws:iam::ACCOUNT:user/PATH/NAME`.
    pub(super) fn of(arn: &str) -> Result<Self, ProviderError> {
        let not_a_user = || refused("not_a_user_key");
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _partition, "iam", "", account, resource] = parts[..] else { return Err(not_a_user()) };
        if resource == "root" {
            return Err(refused("root_key"));
        }
        let path = resource.strip_prefix("user/").ok_or_else(not_a_user)?;
        let user = path.rsplit('/').next().filter(|name| !name.is_empty()).ok_or_else(not_a_user)?;
        Ok(Self { arn: arn.to_owned(), account: account.to_owned(), user: user.to_owned() })
    }

    /// A session's policy, so that a role which may change the keys of all users is used for one.
    fn policy(&self) -> String {
        let statement = json!({ "Effect": "Allow", "Action": ACTIONS, "Resource": self.arn });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }
}

/// The owner, with a client that changes keys by the role of the owner's account.
pub(super) async fn by_role(
    sts: &aws_sdk_sts::Client,
    config: &SdkConfig,
    template: &str,
    identity: Identity,
) -> Result<Owner, ProviderError> {
    let role: RoleArn =
        template.replace("{account}", &identity.account).parse().map_err(|_| refused("not_a_role"))?;
    let call = sts.assume_role().role_arn(role.as_str()).role_session_name(SESSION_NAME);
    let answer = call.duration_seconds(SESSION_SECONDS).policy(identity.policy()).send().await;
    let answer = answer.map_err(|error| Failure::of(&error).of_reading())?;
    let session = answer.credentials.ok_or_else(|| Failure::NoAnswer.of_reading())?;
    let session = Credentials::new(
        session.access_key_id,
        session.secret_access_key,
        Some(session.session_token),
        None,
        "a session for rotation",
    );
    Ok(Owner { iam: iam::client(&iam::with_credentials(config, session)), user: identity.user })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_name_is_read_from_its_arn() {
        for (arn, account, user) in [
            ("arn:aws:iam::123456789012:user/deploy", "123456789012", "deploy"),
            ("arn:aws-cn:iam::123456789012:user/teams/data/deploy", "123456789012", "deploy"),
        ] {
            let found = Identity::of(arn).unwrap();
            assert_eq!((found.account.as_str(), found.user.as_str()), (account, user));
            assert!(found.policy().contains(arn));
        }
    }

    #[test]
    fn the_root_user_and_whoever_is_no_user_are_refused() {
        for (arn, code) in [
            ("arn:aws:iam::123456789012:root", "root_key"),
            ("arn:aws:sts::123456789012:assumed-role/a/b", "not_a_user_key"),
            ("arn:aws:sts::123456789012:federated-user/a", "not_a_user_key"),
            ("arn:aws:iam::123456789012:user/", "not_a_user_key"),
            ("", "not_a_user_key"),
        ] {
            assert_eq!(Identity::of(arn).unwrap_err().code(), code, "{arn}");
        }
    }
}
