//! Which of the broker's errors is which problem. What a store, a key or a cloud said goes to the log only.

use std::time::Duration;

use deputize_broker::decision::Refusal;
use deputize_broker::issue::IssueError;
use deputize_broker::narrow::NarrowError;
use deputize_broker::ports::StoreError;
use deputize_broker::revoke::{GrantError, ListError, RevokeError};
use deputize_broker::rotation::{AdoptError, AskError, ConnectorError};
use deputize_broker::scopes::{LoadError, PutScopesError};
use deputize_broker::stored::CatalogueError;
use deputize_broker::stored::current::CurrentError;
use deputize_broker::stored::import::ImportError;
use deputize_broker::stored::vault::ReadError;

use crate::finding::FindingBody;
use crate::problem::{Code, Problem};

/// Stores are back, or another replica of them, within moments.
const STORE_RETRY: Duration = Duration::from_secs(1);

impl From<IssueError> for Problem {
    fn from(error: IssueError) -> Self {
        let text = error.to_string();
        match error {
            IssueError::NotYourAgent => Self::new(Code::NotYourAgent, text),
            IssueError::Refused(refusal) => refusal.into(),
            IssueError::BudgetExhausted { retry_after, .. } => {
                Self::new(Code::BudgetExhausted, text).retry_after(retry_after)
            }
            IssueError::KeyReused => Self::new(Code::Conflict, text),
            IssueError::KeyInUse { retry_after } => Self::new(Code::Conflict, text).retry_after(retry_after),
            IssueError::AnswerGone { lease } | IssueError::Overtaken { lease } => {
                Self::new(Code::Conflict, text).lease(lease)
            }
            IssueError::CloudRefused { lease, code } => {
                let finding = FindingBody::against_request(
                    &code,
                    "the cloud's own error code",
                    "ask whoever runs the broker: `deputize config check` says what is missing at the cloud",
                );
                Self::new(Code::CloudRefused, text).findings(vec![finding]).lease(lease)
            }
            IssueError::SecretNotUsable { lease, code, problem } => {
                let help = "ask whoever runs the broker to import it again, or to connect it";
                let finding = FindingBody::against_request(&code, problem, help);
                Self::new(Code::Conflict, text).findings(vec![finding]).lease(lease)
            }
            IssueError::CloudUnavailable { lease, retry_after } => {
                Self::new(Code::CloudUnavailable, text).lease(lease).retry_after(retry_after)
            }
            error @ (IssueError::Store(_) | IssueError::Seal(_) | IssueError::InvalidScopes(_)) => {
                unavailable("nothing was issued, because it could not be recorded").because(error)
            }
        }
    }
}

impl From<NarrowError> for Problem {
    fn from(error: NarrowError) -> Self {
        let text = error.to_string();
        match error {
            NarrowError::NotFound => Self::new(Code::NotFound, text),
            NarrowError::NotLive { .. } | NarrowError::TooDeep => Self::new(Code::Conflict, text),
            NarrowError::Issue(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::NoGrant(_) => {
                let help = "ask for a scope on that cloud in the scope document";
                outside(&text, FindingBody::against_request("no_grant", &text, help))
            }
            Refusal::NothingStored(_) => {
                let help = "ask for it in the section `credentials` of the scope document";
                outside(&text, FindingBody::against_request("nothing_stored", &text, help))
            }
            Refusal::OutsideGrant(witness) => {
                let help = "ask for less, or for a wider scope in the scope document";
                let finding = FindingBody::against_request("outside_grant", &text, help);
                outside(&text, finding.witness(*witness))
            }
            Refusal::TooLong { allowed, .. } => {
                let help = format!("ask for at most {} seconds", allowed.get());
                outside(&text, FindingBody::against_request("too_long", &text, help))
            }
            Refusal::Invalid(_) => Self::new(Code::InvalidRequest, text),
        }
    }
}

fn outside(text: &str, finding: FindingBody) -> Problem {
    Problem::new(Code::OutsideGrant, text).findings(vec![finding])
}

impl From<GrantError> for Problem {
    fn from(error: GrantError) -> Self {
        let text = error.to_string();
        match error {
            GrantError::NotYourAgent => Self::new(Code::NotYourAgent, text),
            GrantError::UnknownAgent => Self::new(Code::UnknownAgent, text),
            GrantError::Load(error) => error.into(),
        }
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Forbidden => Self::new(Code::NotYourAgent, error.to_string()),
            ListError::Store(error) => error.into(),
        }
    }
}

impl From<RevokeError> for Problem {
    fn from(error: RevokeError) -> Self {
        let text = error.to_string();
        match error {
            RevokeError::NotFound => Self::new(Code::NotFound, text),
            RevokeError::Forbidden => Self::new(Code::Forbidden, text),
            RevokeError::NotLive { .. } => Self::new(Code::Conflict, text),
            RevokeError::Store(error) => error.into(),
        }
    }
}

impl From<PutScopesError> for Problem {
    fn from(error: PutScopesError) -> Self {
        let text = error.to_string();
        match error {
            PutScopesError::Forbidden => Self::new(Code::Forbidden, text),
            PutScopesError::Invalid(findings) => {
                Self::new(Code::InvalidScope, text).findings(FindingBody::of_document(findings))
            }
            PutScopesError::OtherTenant { .. } => {
                let help = "correct `tenant`, or publish it at that tenant's broker";
                let finding = FindingBody::against_request("other_tenant", &text, help);
                Self::new(Code::InvalidScope, text).findings(vec![finding])
            }
            PutScopesError::PreconditionFailed => Self::new(Code::PreconditionFailed, text),
            PutScopesError::Store(error) => error.into(),
        }
    }
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        let text = error.to_string();
        match error {
            CatalogueError::Forbidden => Self::new(Code::Forbidden, text),
            CatalogueError::NotFound => Self::new(Code::NotFound, text),
            CatalogueError::Store(error) => error.into(),
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        let text = error.to_string();
        match error {
            ImportError::Forbidden => Self::new(Code::Forbidden, text),
            ImportError::Undeclared => Self::new(Code::NotFound, text),
            ImportError::OtherType { .. } | ImportError::Superseded => Self::new(Code::Conflict, text),
            ImportError::Invalid(_) => Self::new(Code::InvalidRequest, text),
            error @ ImportError::Seal(_) => unavailable("the secret cannot be sealed").because(error),
            ImportError::Load(error) => error.into(),
            ImportError::Store(error) => error.into(),
        }
    }
}

impl From<CurrentError> for Problem {
    fn from(error: CurrentError) -> Self {
        let text = error.to_string();
        match error {
            CurrentError::NotYourAgent => Self::new(Code::NotYourAgent, text),
            CurrentError::NotFound => Self::new(Code::NotFound, text),
            CurrentError::Renewing => Self::new(Code::Conflict, text),
            CurrentError::Read(ReadError::Store(error)) => error.into(),
            CurrentError::Read(error @ ReadError::Seal(_)) => {
                unavailable("the secret does not open").because(error)
            }
            CurrentError::Read(_) => Self::new(Code::Conflict, text),
            CurrentError::Load(error) => error.into(),
            CurrentError::Store(error) => error.into(),
        }
    }
}

impl From<AdoptError> for Problem {
    fn from(error: AdoptError) -> Self {
        let text = error.to_string();
        match error {
            AdoptError::NotYourAgent => Self::new(Code::NotYourAgent, text),
            AdoptError::NotFound => Self::new(Code::NotFound, text),
            AdoptError::NotToAdopt(_) | AdoptError::Superseded => Self::new(Code::Conflict, text),
            AdoptError::Load(error) => error.into(),
            AdoptError::Store(error) => error.into(),
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        let text = error.to_string();
        match error {
            AskError::Forbidden => Self::new(Code::Forbidden, text),
            AskError::NotFound => Self::new(Code::NotFound, text),
            AskError::Compromised | AskError::Superseded => Self::new(Code::Conflict, text),
            AskError::Store(error) => error.into(),
        }
    }
}

impl From<ConnectorError> for Problem {
    fn from(error: ConnectorError) -> Self {
        let text = error.to_string();
        match error {
            ConnectorError::Forbidden => Self::new(Code::Forbidden, text),
            ConnectorError::Name => Self::new(Code::InvalidRequest, text),
            ConnectorError::Invalid(findings) => {
                Self::new(Code::InvalidRequest, text).findings(FindingBody::of_document(findings))
            }
            ConnectorError::Store(error) => error.into(),
        }
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        unavailable("the scope document cannot be read").because(error)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        unavailable("the record cannot be read or written").because(error)
    }
}

fn unavailable(detail: &str) -> Problem {
    Problem::new(Code::AuditUnavailable, detail).retry_after(STORE_RETRY)
}
