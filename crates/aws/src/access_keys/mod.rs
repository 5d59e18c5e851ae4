//! The access keys of IAM users, as rotation needs them.

mod failure;
mod iam;
mod owner;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_iam::types::StatusType;
use aws_types::SdkConfig;
use deputize_broker::Secret;
use deputize_broker::ports::rotation::{
    Abilities, KeyId, KeyProvider, ListedKey, OperationId, ProviderError, Subject, Windows,
};
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::secret::StoredAccessKey;
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use self::failure::{Failure, confirmed};
use self::owner::{Identity, Owner};

/// An IAM user's keys, inactive ones included. The quota cannot be raised.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MOST_KEYS: usize = 2;
/// How long it may take to find out whose key it is and to get a session that may change it.
const PREPARATION: Duration = Duration::from_secs(5);

/// How access keys are rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKeysSettings {
    /// The role by which the keys of an account are changed: an ARN with `{account}` in it. Its policy allows
    /// `iam:ListAccessKeys`, `CreateAccessKey`, `UpdateAccessKey`, `DeleteAccessKey` and `GetAccessKeyLastUsed`. Without
    /// it, the broker's own credentials have to, and the users are those of its own account.
    pub role_template: Option<String>,
    /// The region whose STS is asked; without it, that of the configuration.
    pub region: Option<String>,
    /// How IAM behaves in time.
    pub windows: Windows,
}

impl Default for AccessKeysSettings {
    /// The broker's own credentials, the configuration's region and [`AccessKeys::WINDOWS`].
    fn default() -> Self {
        Self { role_template: None, region: None, windows: AccessKeys::WINDOWS }
    }
}

/// Makes and revokes the access keys of IAM users.
///
/// IAM's keys carry no label: one whose answer was lost is found as the one that was not listed before, and since a user
/// has two keys at most, there is room for no other.
///
/// A call is sent once, and takes 10 s at most with all that has to be asked before it. IAM is consistent in the end
/// only: a key that was just made may not be listed for some seconds.
pub struct AccessKeys {
    config: SdkConfig,
    settings: AccessKeysSettings,
}

impl AccessKeys {
    /// New keys fail for some seconds at each of AWS's endpoints by itself, so that three calls in a row, 5 s apart, say
    /// more than one; AWS gives no limit, so that five minutes are a judgement. A key is disabled for an hour
    /// before it is deleted, as AWS recommends, because only then it can be enabled again.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html> (eventual consistency),
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html>
    pub const WINDOWS: Windows = Windows {
        probes: 3,
        between_probes: SignedDuration::from_secs(5),
        settling: SignedDuration::from_mins(5),
        adoption: SignedDuration::from_mins(5),
        soak: SignedDuration::from_hours(1),
        evidence: Some(SignedDuration::from_secs(60)),
    };

    /// Keys of users, changed with the credentials and the HTTP client of `config`. An endpoint that it names is the one
    /// that is asked.
    pub fn new(config: &SdkConfig, settings: AccessKeysSettings) -> Self {
        Self { config: config.clone(), settings }
    }

    /// Whose key the current one is, and a client that may change that user's keys.
    async fn owner(&self, subject: &Subject<'_>) -> Result<Owner, ProviderError> {
        let key = access_key(subject.current)?;
        let found = async {
            match (&self.settings.role_template, &key.user_name) {
                (None, Some(user)) => Ok(Owner { iam: iam::client(&self.config), user: user.clone() }),
                (None, None) => {
                    let Identity { user, .. } = self.identity(key).await?;
                    Ok(Owner { iam: iam::client(&self.config), user })
                }
                (Some(template), _) => {
                    let identity = self.identity(key).await?;
                    owner::by_role(&self.sts(&self.config), &self.config, template, identity).await
                }
            }
        };
        let in_time = timeout(PREPARATION, found).await;
        in_time.unwrap_or_else(|_| Err(Failure::NoAnswer.of_reading()))
    }

    /// Whom a key belongs to, as AWS says.
    async fn identity(&self, key: &StoredAccessKey) -> Result<Identity, ProviderError> {
        let answer = self.sts(&iam::signing_with(&self.config, key)).get_caller_identity().send().await;
        let answer = answer.map_err(|error| Failure::of(&error).of_reading())?;
        Identity::of(answer.arn.as_deref().unwrap_or_default())
    }

    fn sts(&self, config: &SdkConfig) -> aws_sdk_sts::Client {
        iam::sts_client(config, self.settings.region.clone())
    }
}

impl fmt::Debug for AccessKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKeys").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl KeyProvider for AccessKeys {
    fn abilities(&self, subject: &Subject<'_>) -> Result<Abilities, ProviderError> {
        access_key(subject.current)?;
        Ok(Abilities { labels: false, most_keys: Some(MOST_KEYS), windows: self.settings.windows })
    }

    async fn list(&self, subject: &Subject<'_>) -> Result<Vec<ListedKey>, ProviderError> {
        let Owner { iam, user } = self.owner(subject).await?;
        let answer = iam.list_access_keys().user_name(user).send().await;
        let answer = answer.map_err(|error| Failure::of(&error).of_reading())?;
        // A list that were cut short would hide a key.
        let ids: Option<Vec<String>> =
            answer.access_key_metadata.into_iter().map(|key| key.access_key_id).collect();
        let ids = ids.filter(|_| !answer.is_truncated).ok_or_else(|| Failure::NoAnswer.of_reading())?;
        Ok(ids.into_iter().map(|id| ListedKey { id: KeyId::new(id), operation: None }).collect())
    }

    async fn create(
        &self,
        subject: &Subject<'_>,
        _operation: OperationId,
    ) -> Result<StoredSecret, ProviderError> {
        let Owner { iam, user } = self.owner(subject).await?;
        let answer = iam.create_access_key().user_name(user).send().await;
        let answer = answer.map_err(|error| Failure::of(&error).of_creation())?;
        let key = answer.access_key.filter(|key| {
            ![&key.user_name, &key.access_key_id, &key.secret_access_key].iter().any(|text| text.is_empty())
        });
        let key = key.ok_or_else(|| Failure::NoAnswer.of_change())?;
        Ok(StoredSecret::AwsAccessKey(StoredAccessKey {
            access_key_id: key.access_key_id,
            user_name: Some(key.user_name),
            secret_access_key: Secret::new(key.secret_access_key),
        }))
    }

    /// By STS GetCallerIdentity, for which nobody needs a permission and which no policy denies.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
    async fn probe(&self, subject: &Subject<'_>, candidate: &StoredSecret) -> Result<bool, ProviderError> {
        access_key(subject.current)?;
        let config = iam::signing_with(&self.config, access_key(candidate)?);
        match self.sts(&config).get_caller_identity().send().await {
            Ok(answer) if answer.arn.is_some() => Ok(true),
            Ok(_) => Err(Failure::NoAnswer.of_reading()),
            Err(error) => match Failure::of(&error) {
                failure if failure.is_of_an_unknown_key() => Ok(false),
                failure => Err(failure.of_reading()),
            },
        }
    }

    async fn disable(&self, subject: &Subject<'_>, key: &KeyId) -> Result<bool, ProviderError> {
        let Owner { iam, user } = self.owner(subject).await?;
        let call = iam.update_access_key().user_name(user).access_key_id(key.as_str());
        let answer = call.status(StatusType::Inactive).send().await;
        match answer {
            Ok(answer) => confirmed(&answer, true),
            Err(error) => Failure::of(&error).unless_gone(true),
        }
    }

    async fn delete(&self, subject: &Subject<'_>, key: &KeyId) -> Result<(), ProviderError> {
        let Owner { iam, user } = self.owner(subject).await?;
        let answer = iam.delete_access_key().user_name(user).access_key_id(key.as_str()).send().await;
        match answer {
            Ok(answer) => confirmed(&answer, ()),
            Err(error) => Failure::of(&error).unless_gone(()),
        }
    }

    /// By GetAccessKeyLastUsed. The time is in whole seconds, and comes some minutes late. A probe is a use as well, and of
    /// several uses within 15 minutes AWS records the first alone: a time after the last probe proves that somebody else
    /// used the key, and the lack of one proves nothing.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>
    async fn last_used(
        &self,
        subject: &Subject<'_>,
        key: &KeyId,
    ) -> Result<Option<Timestamp>, ProviderError> {
        let Owner { iam, .. } = self.owner(subject).await?;
        match iam.get_access_key_last_used().access_key_id(key.as_str()).send().await {
            Ok(answer) => {
                let used = answer.access_key_last_used.and_then(|used| used.last_used_date);
                Ok(used.and_then(|time| Timestamp::from_second(time.secs()).ok()))
            }
            Err(error) => match Failure::of(&error) {
                failure if failure.is_of_what_is_gone() => Ok(None),
                failure => Err(failure.of_reading()),
            },
        }
    }
}

fn access_key(secret: &StoredSecret) -> Result<&StoredAccessKey, ProviderError> {
    match secret {
        StoredSecret::AwsAccessKey(key) => Ok(key),
        _ => Err(failure::refused("not_an_access_key")),
    }
}
