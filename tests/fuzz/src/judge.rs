//! What an authority's session policy says of a call, by the evaluator, which shares nothing with the compiler.

use deputize_scope::aws::authority::Authority;
use deputize_scope::aws::compile::{CompileError, SESSION_POLICY_LIMIT, compile};
use deputize_scope::aws::evaluate::{Call, Verdict, evaluate};
use deputize_scope::aws::policy::PolicyDocument;

pub(crate) enum Judge {
    /// Nothing is granted, so there is no policy.
    Nothing,
    Policy(PolicyDocument),
}

impl Judge {
    /// None where the policy would be longer than STS takes.
    pub(crate) fn of(authority: &Authority) -> Option<Self> {
        match compile(authority) {
            Ok(policy) => {
                assert!(policy.characters() <= SESSION_POLICY_LIMIT, "{}", policy.text());
                assert_eq!(policy.characters() + policy.headroom(), SESSION_POLICY_LIMIT);
                Some(Self::Policy(policy.text().parse().unwrap()))
            }
            Err(CompileError::Empty) => Some(Self::Nothing),
            Err(CompileError::TooLarge { characters, limit }) => {
                assert!(characters > limit);
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn allows(&self, action: &str, resource: &str, region: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Policy(policy) => {
                let verdict = evaluate(&[policy], &Call::in_region(action, resource, region));
                matches!(verdict, Verdict::Allowed { .. })
            }
        }
    }
}
