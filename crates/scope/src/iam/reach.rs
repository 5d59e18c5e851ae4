//! How far statements reach: too far, or nowhere.

use super::PolicyKind;
use super::document::{Clause, Effect, Policy, Resource, Spanned, Statement};
use crate::aws::region::is_global;
use crate::finding::shown;
use crate::finding::{Code, Finding, Severity, Span};

/// Tells the statements that reach further than anybody can mean, and those that apply to nothing.
pub(super) fn tell(policy: &Policy, kind: PolicyKind, findings: &mut Vec<Finding>) {
    // What could not be read may be what is missing.
    let all_read = findings.iter().all(|finding| finding.severity != Severity::Error);
    for statement in &policy.statements {
        if let Some(reason) = nowhere(statement).filter(|_| all_read) {
            let finding =
                Finding::warning(Code::DeadStatement, format!("the statement applies to nothing: {reason}"));
            findings.push(finding.at(statement.at).help("remove it, or say what it is about"));
            continue;
        }
        if statement.effect == Effect::Allow && kind != PolicyKind::Trust {
            too_far(statement, findings);
        }
        region(statement, findings);
    }
}

fn nowhere(statement: &Statement) -> Option<&'static str> {
    let void = |is_negated: bool, mut texts: Box<dyn Iterator<Item = &str> + '_>| match is_negated {
        true => texts.any(|text| text == "*"),
        false => texts.next().is_none(),
    };
    let actions = &statement.actions;
    if void(actions.is_negated(), Box::new(actions.listed().iter().map(|one| one.value.text.as_str()))) {
        return Some("no action is left");
    }
    let resources = statement.resources.as_ref()?;
    void(resources.is_negated(), Box::new(resources.listed().iter().map(|one| one.value.text.as_str())))
        .then_some("no resource is left")
}

fn too_far(statement: &Statement, findings: &mut Vec<Finding>) {
    let unconditional = statement.conditions.is_empty();
    let everywhere = statement.resources.as_ref().is_some_and(is_everywhere);
    match &statement.actions {
        Clause::AllBut(_) => {
            let finding = Finding::warning(
                Code::AllowAllBut,
                "NotAction in an Allow grants all else, also what is new",
            );
            findings.push(finding.at(statement.at).help("list what is allowed, or deny what is not"));
        }
        Clause::Only(actions) => {
            let every = actions.iter().find(|one| one.value.pattern.as_str() == "*");
            if let Some(every) = every.filter(|_| everywhere && unconditional) {
                let finding = Finding::warning(Code::FullAccess, "the statement allows everything");
                findings.push(finding.at(every.span).help("list the actions and resources that are needed"));
            }
        }
    }
    if let Some(Clause::AllBut(resources)) = &statement.resources {
        let finding =
            Finding::warning(Code::AllowAllBut, "NotResource in an Allow grants all else, also what is new");
        let at = resources.first().map_or(statement.at, |one| one.span);
        findings.push(finding.at(at).help("list the resources that are allowed"));
    }
    for sensitive in &SENSITIVE {
        let bound =
            statement.conditions.iter().any(|one| one.key.value.eq_ignore_ascii_case(sensitive.bound_by));
        if let Some(at) = reaches(statement, sensitive.action).filter(|_| everywhere && !bound) {
            let message = format!("{} is allowed on everything", sensitive.action);
            findings.push(Finding::warning(sensitive.code, message).at(at).help(sensitive.help));
        }
    }
}

struct Sensitive {
    action: &'static str,
    bound_by: &'static str,
    code: Code,
    help: &'static str,
}

const SENSITIVE: [Sensitive; 2] = [
    Sensitive {
        action: "iam:PassRole",
        bound_by: "iam:PassedToService",
        code: Code::PassRoleEverywhere,
        help: "name the roles as resources, and the service in iam:PassedToService",
    },
    Sensitive {
        action: "iam:CreateServiceLinkedRole",
        bound_by: "iam:AWSServiceName",
        code: Code::LinkedRoleEverywhere,
        help: "name the service's role as resource, or the service in iam:AWSServiceName",
    },
];

/// Whether the resources are all but all: `*`, every role, or all but some.
fn is_everywhere(resources: &Clause<Resource>) -> bool {
    let every = |one: &Spanned<Resource>| {
        let text = one.value.text.as_str();
        text == "*" || text.splitn(6, ':').nth(5).is_some_and(|rest| matches!(rest, "*" | "role/*"))
    };
    resources.is_negated() || resources.listed().iter().any(every)
}

/// Where a statement allows an action.
fn reaches(statement: &Statement, action: &str) -> Option<Span> {
    let matching = |listed: &[Spanned<super::Action>]| {
        listed.iter().find(|one| one.value.pattern.matches(action)).map(|one| one.span)
    };
    match &statement.actions {
        Clause::Only(actions) => matching(actions),
        Clause::AllBut(actions) => matching(actions).is_none().then_some(statement.at),
    }
}

/// A condition on the region where calls go to one fixed region.
fn region(statement: &Statement, findings: &mut Vec<Finding>) {
    let Clause::Only(actions) = &statement.actions else { return };
    let condition = statement.conditions.iter().find(|one| {
        one.key.value.eq_ignore_ascii_case("aws:RequestedRegion")
            && !one.operator.value.comparison.is_negated()
    });
    let Some(condition) = condition.filter(|_| statement.effect == Effect::Allow) else { return };
    // us-east-1 is where almost all of them are called.
    let reached = condition.values.iter().any(|one| ["us-east-1", "us-*", "*"].contains(&one.value.as_str()));
    let global = |one: &&Spanned<super::Action>| {
        let text = one.value.pattern.as_str();
        is_global(&text.to_ascii_lowercase())
    };
    if let Some(action) = actions.iter().find(global).filter(|_| !reached) {
        let message = format!(
            "`{}` goes to one fixed region, which this condition leaves out",
            shown(&action.value.text)
        );
        let finding = Finding::warning(Code::RegionOnGlobalService, message).at(action.span);
        findings
            .push(finding.help("put the actions of global services in a statement without the condition"));
    }
}
