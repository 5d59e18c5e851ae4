use std::fmt;

use async_trait::async_trait;
use deputize_broker::credential::{AwsSession, Credential};
use deputize_broker::decision::{AwsPlan, Plan};
use deputize_broker::lease::Outcome;
use deputize_broker::ports::minter::{MintError, MintOrder, Minted, Minter};
use deputize_scope::Seconds;
use deputize_scope::identifier::CredentialType;

use crate::sts::{AssumeRole, SdkSts, Sts};

/// The longest session of a role that is assumed from a role's session.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html> (role chaining)
const CHAINED: Seconds = Seconds::new(3_600);

/// How sessions are minted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsMinterSettings {
    /// Whether the broker's own credentials are a role's session, as a function's always are: sessions assumed from it
    /// live an hour at most.
    pub chained: bool,
    /// The region whose STS is asked; without it, that of the configuration.
    pub region: Option<String>,
}

/// Mints sessions of AWS roles under session policies.
///
/// A session's name is its lease's and its source identity the agent's name, which CloudTrail shows with each of its
/// calls. The role's trust policy has to allow `sts:AssumeRole`, `sts:SetSourceIdentity` and `sts:TagSession`.
///
/// A call is sent three times at most, takes 3 s at most each time, and 8 s in all.
pub struct AwsMinter {
    sts: Box<dyn Sts>,
    chained: bool,
}

impl AwsMinter {
    /// A minter with the credentials and the HTTP client of `config`. Its bounds of attempts and time are the minter's
    /// own; an endpoint that it names (`AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`) is the one that is asked.
    pub fn new(config: &aws_types::SdkConfig, settings: AwsMinterSettings) -> Self {
        Self { sts: Box::new(SdkSts::new(config, settings.region)), chained: settings.chained }
    }

    fn call(&self, order: &MintOrder, plan: &AwsPlan) -> AssumeRole {
        let duration = if self.chained { order.duration.min(CHAINED) } else { order.duration };
        AssumeRole {
            role_arn: plan.role.as_str().to_owned(),
            session_name: order.lease.to_string(),
            source_identity: order.agent.as_str().to_owned(),
            // Few and short: they share the packed space with the policy. Not transitive: a session cannot assume
            // another role, so that there is nowhere for them to go.
            tags: vec![
                ("deputize:tenant", order.tenant.as_str().to_owned()),
                ("deputize:agent", order.agent.as_str().to_owned()),
                ("deputize:lease", order.lease.to_string()),
            ],
            external_id: plan.external_id.as_ref().map(|id| id.as_str().to_owned()),
            policy: plan.policy.text().to_owned(),
            // Seconds that do not fit are more than any role allows: STS will refuse them.
            duration_seconds: i32::try_from(duration.get()).unwrap_or(i32::MAX),
        }
    }
}

impl fmt::Debug for AwsMinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsMinter").field("chained", &self.chained).finish_non_exhaustive()
    }
}

#[async_trait]
impl Minter for AwsMinter {
    fn mints(&self) -> CredentialType {
        CredentialType::AwsIamRole
    }

    async fn mint(&self, order: &MintOrder) -> Result<Minted, MintError> {
        let Plan::AwsSession(plan) = &order.plan else { return Err(MintError::misdirected()) };
        let session = self.sts.assume_role(self.call(order, plan)).await?;
        Ok(Minted {
            credential: Credential::AwsSession(AwsSession {
                access_key_id: session.access_key_id,
                secret_access_key: session.secret_access_key,
                session_token: session.session_token,
            }),
            outcome: Outcome {
                expires_at: session.expires_at,
                session: session.assumed_role_id,
                packed_policy_size: session.packed_policy_size,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use deputize_broker::Secret;
    use deputize_scope::aws::authority::{Authority, Statement};
    use deputize_scope::aws::compile::compile;
    use deputize_scope::aws::region::Regions;

    use super::*;
    use crate::failure::{Answer, StsFailure};
    use crate::sts::Session;

    const LEASE: &str = "0198f0aa-7d3a-7c4e-8f00-0123456789ab";

    /// Answers as it is told, and remembers what it was asked.
    struct FakeSts {
        answer: Result<Session, StsFailure>,
        asked: Arc<Mutex<Vec<AssumeRole>>>,
    }

    #[async_trait]
    impl Sts for FakeSts {
        async fn assume_role(&self, call: AssumeRole) -> Result<Session, StsFailure> {
            self.asked.lock().unwrap().push(call);
            self.answer.clone()
        }
    }

    fn minter(
        chained: bool,
        answer: Result<Session, StsFailure>,
    ) -> (AwsMinter, Arc<Mutex<Vec<AssumeRole>>>) {
        let asked = Arc::default();
        let sts = FakeSts { answer, asked: Arc::clone(&asked) };
        (AwsMinter { sts: Box::new(sts), chained }, asked)
    }

    fn session() -> Session {
        Session {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("canary-secret".into()),
            session_token: Secret::new("canary-token".into()),
            expires_at: "2026-11-23T06:15:00Z".parse().unwrap(),
            assumed_role_id: Some(format!("AROAEXAMPLE:{LEASE}")),
            packed_policy_size: Some(23),
        }
    }

    fn order(duration: u32) -> MintOrder {
        let statement = Statement {
            actions: vec!["s3:GetObject".parse().unwrap()],
            resources: vec!["arn:aws:s3:::reports/*".parse().unwrap()],
            regions: Regions::All,
        };
        MintOrder {
            lease: LEASE.parse().unwrap(),
            tenant: "acme".parse().unwrap(),
            agent: "devops-agent".parse().unwrap(),
            plan: Plan::AwsSession(AwsPlan {
                role: "arn:aws:iam::123456789012:role/devops".parse().unwrap(),
                external_id: Some("outside-7".parse().unwrap()),
                policy: compile(&Authority::new(vec![statement])).unwrap(),
            }),
            duration: Seconds::new(duration),
        }
    }

    #[tokio::test]
    async fn the_call_names_lease_agent_and_tenant_and_holds_the_whole_plan() {
        let (minter, asked) = minter(false, Ok(session()));
        minter.mint(&order(7_200)).await.unwrap();
        let asked = asked.lock().unwrap();
        let [call] = asked.as_slice() else { panic!("one call, not {asked:?}") };
        let Plan::AwsSession(plan) = order(1).plan else { panic!("not a session") };
        assert_eq!(
            *call,
            AssumeRole {
                role_arn: "arn:aws:iam::123456789012:role/devops".into(),
                session_name: LEASE.into(),
                source_identity: "devops-agent".into(),
                tags: vec![
                    ("deputize:tenant", "acme".into()),
                    ("deputize:agent", "devops-agent".into()),
                    ("deputize:lease", LEASE.into()),
                ],
                external_id: Some("outside-7".into()),
                policy: plan.policy.text().into(),
                duration_seconds: 7_200,
            }
        );
    }

    #[tokio::test]
    async fn a_chained_session_lives_an_hour_at_most() {
        for (wanted, asked_for) in [(900, 900), (3_600, 3_600), (3_601, 3_600), (43_200, 3_600)] {
            let (minter, asked) = minter(true, Ok(session()));
            minter.mint(&order(wanted)).await.unwrap();
            assert_eq!(asked.lock().unwrap()[0].duration_seconds, asked_for);
        }
    }

    #[tokio::test]
    async fn what_sts_says_is_what_is_kept() {
        let (minter, _) = minter(false, Ok(session()));
        let minted = minter.mint(&order(3_600)).await.unwrap();
        let Credential::AwsSession(keys) = &minted.credential else { panic!("{:?}", minted.credential) };
        assert_eq!(keys.secret_access_key.reveal(), "canary-secret");
        assert_eq!(keys.session_token.reveal(), "canary-token");
        // Asked for an hour, given a quarter: the cloud's word counts.
        assert_eq!(minted.outcome.expires_at, session().expires_at);
        assert_eq!(minted.outcome.session, session().assumed_role_id);
        assert_eq!(minted.outcome.packed_policy_size, Some(23));
        assert!(!format!("{minted:?}").contains("canary"));
    }

    #[tokio::test]
    async fn a_refusal_shows_its_code() {
        let answer = Answer {
            status: 403,
            code: Some("AccessDenied".into()),
            request_id: Some("7".into()),
            retry_after: None,
        };
        let (minter, _) = minter(false, Err(StsFailure::Answered(answer)));
        let error = minter.mint(&order(900)).await.unwrap_err();
        assert!(matches!(&error, MintError::Refused { code, .. } if code == "AccessDenied"), "{error:?}");
    }
}
