//! What requests get under the grants of the example document.

#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use deputize_broker::decision::{Decision, Deployment, InvalidRequest, Plan, Question, Refusal, decide};
use deputize_broker::lease::Enforcement;
use deputize_broker::request::{CredentialRequest, Wanted};
use deputize_broker::{AwsSettings, AzureSettings, GcpSettings};
use deputize_scope::aws::evaluate::{Call, Verdict, evaluate};
use deputize_scope::aws::policy::PolicyDocument;
use deputize_scope::identifier::CredentialType;
use deputize_scope::{Cloud, Scope, ScopeDocument, Seconds};

fn example() -> ScopeDocument {
    ScopeDocument::parse(include_str!("../../../examples/mission.yaml")).document.unwrap()
}

fn ask(agent: &str, request: &CredentialRequest) -> Result<Decision, Refusal> {
    let document = example();
    let name = agent.parse().unwrap();
    let (aws, gcp, azure) = (AwsSettings::default(), GcpSettings::default(), AzureSettings::default());
    let minted = vec![
        CredentialType::AwsIamRole,
        CredentialType::GcpWorkloadIdentity,
        CredentialType::AzureServicePrincipal,
    ];
    let deployment = Deployment { minted, aws: &aws, gcp: &gcp, azure: &azure };
    let agent = &document.agents[&name];
    let credentials = &document.credentials;
    decide(&Question { name: &name, agent, credentials, request, deployment: &deployment })
}

fn request(permissions: &[&str], resources: Option<&[&str]>) -> CredentialRequest {
    CredentialRequest {
        permissions: Some(permissions.iter().map(ToString::to_string).collect()),
        resources: resources.map(|list| list.iter().map(ToString::to_string).collect()),
        ..CredentialRequest::whole_grant(Cloud::Aws)
    }
}

fn verdict(decision: &Decision, action: &str, resource: &str, region: &str) -> Verdict {
    let Plan::AwsSession(plan) = &decision.plan else { panic!("not a session") };
    let policy: PolicyDocument = plan.policy.text().parse().unwrap();
    evaluate(&[&policy], &Call::in_region(action, resource, region))
}

fn is_allowed(decision: &Decision, action: &str, resource: &str, region: &str) -> bool {
    matches!(verdict(decision, action, resource, region), Verdict::Allowed { .. })
}

#[test]
fn every_agent_of_the_example_gets_its_whole_aws_grant() {
    for (name, agent) in &example().agents {
        if agent.scopes.iter().any(|scope| scope.cloud() == Cloud::Aws) {
            let decision = ask(name.as_str(), &CredentialRequest::whole_grant(Cloud::Aws)).unwrap();
            let Plan::AwsSession(plan) = &decision.plan else { panic!("not a session") };
            assert!(plan.policy.characters() <= 2048, "{name}");
        }
    }
}

#[test]
fn each_permission_of_the_example_is_granted_by_itself_and_nothing_else_comes_with_it() {
    for (name, agent) in &example().agents {
        for scope in &agent.scopes {
            let Scope::Aws(scope) = scope else { continue };
            for permission in scope.permissions.iter().filter(|permission| permission.is_literal()) {
                let decision = ask(name.as_str(), &request(&[permission.as_str()], None)).unwrap();
                assert_eq!(decision.scope.permissions, [permission.to_string()], "{name}");
                assert!(!is_allowed(&decision, "iam:CreateUser", "*", "us-east-1"));
            }
        }
    }
}

#[test]
fn a_request_that_is_wider_by_one_action_is_refused_with_that_action() {
    let wider = request(&["ecs:DescribeServices", "ecs:DeleteService"], None);
    let Err(Refusal::OutsideGrant(witness)) = ask("devops-agent", &wider) else { panic!("granted") };
    assert_eq!(witness.action, "ecs:DeleteService");
}

#[test]
fn a_request_that_is_wider_by_one_character_of_an_arn_is_refused_with_a_resource_outside() {
    let document = example();
    let scopes = &document.agents[&"devops-agent".parse().unwrap()].scopes;
    let (permission, resource) = scopes
        .iter()
        .find_map(|scope| match scope {
            Scope::Aws(scope) if scope.resources[0].as_str().ends_with("/*") => {
                Some((scope.permissions[0].to_string(), scope.resources[0].to_string()))
            }
            _ => None,
        })
        .unwrap();
    assert!(ask("devops-agent", &request(&[&permission], Some(&[&resource]))).is_ok());
    let wider = resource.replace("/*", "*");
    let Err(Refusal::OutsideGrant(witness)) = ask("devops-agent", &request(&[&permission], Some(&[&wider])))
    else {
        panic!("granted")
    };
    assert!(!witness.resource.contains('*'), "{witness}");
}

#[test]
fn a_session_is_allowed_what_was_asked_for_in_the_regions_of_the_grant_only() {
    let decision = ask("devops-agent", &request(&["ecs:DescribeServices"], None)).unwrap();
    let resource = decision.scope.resources[0].replace('*', "api");
    assert!(is_allowed(&decision, "ecs:DescribeServices", &resource, "us-east-1"));
    assert!(!is_allowed(&decision, "ecs:DescribeServices", &resource, "eu-west-1"));
    assert!(!is_allowed(&decision, "ecs:UpdateService", &resource, "us-east-1"));
}

#[test]
fn the_pivots_are_denied_even_to_an_agent_that_may_do_everything() {
    let decision = ask("cto-agent", &CredentialRequest::whole_grant(Cloud::Aws)).unwrap();
    for action in ["sts:AssumeRole", "sts:GetFederationToken", "sts:GetWebIdentityToken"] {
        assert!(
            matches!(verdict(&decision, action, "*", "us-east-1"), Verdict::ExplicitDeny { .. }),
            "{action}"
        );
    }
    assert!(matches!(ask("cto-agent", &request(&["sts:AssumeRole"], None)), Err(Refusal::OutsideGrant(_))));
}

#[test]
fn a_duration_outside_the_clouds_bounds_is_invalid_and_one_outside_the_grant_is_refused() {
    let lasting = |seconds| CredentialRequest {
        duration: Some(Seconds::new(seconds)),
        ..CredentialRequest::whole_grant(Cloud::Aws)
    };
    for seconds in [0, 899, 13 * 3600] {
        let refusal = ask("devops-agent", &lasting(seconds)).unwrap_err();
        assert!(matches!(refusal, Refusal::Invalid(InvalidRequest::Duration { .. })), "{seconds}");
    }
    assert!(matches!(ask("devops-agent", &lasting(43_200)), Err(Refusal::TooLong { .. })));
    assert_eq!(ask("devops-agent", &lasting(900)).unwrap().duration, Seconds::new(900));
}

#[test]
fn what_is_not_a_permission_or_asks_for_nothing_is_invalid() {
    for (permissions, resources) in [
        (vec!["ecs"], None),
        (vec![], None),
        (vec!["ecs:DescribeServices"], Some(vec!["not-an-arn"])),
        (vec!["ecs:DescribeServices"], Some(vec![])),
    ] {
        let refusal = ask("devops-agent", &request(&permissions, resources.as_deref())).unwrap_err();
        assert!(matches!(refusal, Refusal::Invalid(_)), "{refusal:?}");
    }
}

#[test]
fn an_agent_without_a_scope_for_the_cloud_is_refused() {
    let refusal = ask("marketing-agent", &CredentialRequest::whole_grant(Cloud::Gcp)).unwrap_err();
    assert_eq!(refusal, Refusal::NoGrant(Cloud::Gcp));
}

fn request_at(cloud: Cloud, permissions: &[&str]) -> CredentialRequest {
    let permissions = permissions.iter().map(ToString::to_string).collect();
    CredentialRequest { permissions: Some(permissions), ..CredentialRequest::whole_grant(cloud) }
}

#[test]
fn a_token_of_google_is_for_what_was_asked_and_says_that_roles_enforce_it() {
    let decision = ask("devops-agent", &request_at(Cloud::Gcp, &["container.clusters.get"])).unwrap();
    let Plan::GcpToken(plan) = &decision.plan else { panic!("{:?}", decision.plan) };
    assert_eq!(decision.kind, CredentialType::GcpWorkloadIdentity);
    assert_eq!(decision.enforcement, Enforcement::RoleAssignment);
    assert_eq!(decision.scope.permissions, ["container.clusters.get"]);
    assert_eq!(decision.scope.target, plan.service_account.to_string());
    assert!(!plan.token.scopes.is_empty());

    let outside = ask("devops-agent", &request_at(Cloud::Gcp, &["storage.buckets.delete"]));
    let Err(Refusal::OutsideGrant(witness)) = outside else { panic!("granted") };
    assert_eq!(witness.action, "storage.buckets.delete");
}

#[test]
fn a_token_of_azure_is_for_one_service() {
    let read = "Microsoft.ContainerService/managedClusters/read";
    let decision = ask("devops-agent", &request_at(Cloud::Azure, &[read])).unwrap();
    let Plan::AzureToken(plan) = &decision.plan else { panic!("{:?}", decision.plan) };
    assert_eq!(plan.audience.token_scope(), "https://management.azure.com/.default");
    assert_eq!(decision.enforcement, Enforcement::RoleAssignment);

    let outside =
        ask("devops-agent", &request_at(Cloud::Azure, &["Microsoft.Compute/virtualMachines/delete"]));
    assert!(matches!(outside, Err(Refusal::OutsideGrant(_))), "{outside:?}");
}

const STORED: &str = "version: 1
tenant: acme
agents:
  devops: {}
  other: {}
credentials:
  - { id: github, type: api_key, agent: devops, rotate: { every: 7d, connector: c.yaml } }
  - { id: others, type: api_key, agent: other, rotate: { every: 7d, connector: c.yaml } }
  - { id: build, type: aws_access_key, agent: devops }
  - { id: crm, type: oauth_token, agent: devops, rotate: { every: 4h } }
  - { id: mail, type: oauth_token, agent: devops, rotate: { every: 4h } }
";

fn ask_stored(kind: CredentialType, target: Option<&str>) -> Result<Decision, Refusal> {
    ask_for(CredentialRequest {
        wanted: Wanted::Exactly(kind),
        target: target.map(str::to_owned),
        ..CredentialRequest::whole_grant(Cloud::Aws)
    })
}

fn ask_for(request: CredentialRequest) -> Result<Decision, Refusal> {
    let document = ScopeDocument::parse(STORED).document.unwrap();
    let name = "devops".parse().unwrap();
    let (aws, gcp, azure) = (AwsSettings::default(), GcpSettings::default(), AzureSettings::default());
    let minted = vec![CredentialType::AwsAccessKey, CredentialType::OauthToken, CredentialType::ApiKey];
    let deployment = Deployment { minted, aws: &aws, gcp: &gcp, azure: &azure };
    let (agent, credentials) = (&document.agents[&name], document.credentials.as_slice());
    decide(&Question { name: &name, agent, credentials, request: &request, deployment: &deployment })
}

#[test]
fn what_is_stored_is_issued_to_its_agent_and_says_who_enforces_what_it_allows() {
    for (kind, target, named, enforcement) in [
        (CredentialType::ApiKey, None, "github", Enforcement::None),
        (CredentialType::AwsAccessKey, Some("build"), "build", Enforcement::RoleAssignment),
        (CredentialType::OauthToken, Some("mail"), "mail", Enforcement::RoleAssignment),
    ] {
        let decision = ask_stored(kind, target).unwrap();
        let Plan::Stored(plan) = &decision.plan else { panic!("not from the store") };
        assert_eq!((plan.credential.as_str(), decision.scope.target.as_str()), (named, named));
        assert_eq!((decision.kind, decision.enforcement), (kind, enforcement));
        assert_eq!(decision.duration, Seconds::new(3_600));
    }
}

#[test]
fn a_stored_credential_of_another_agent_or_none_is_outside_the_grant() {
    for target in ["others", "crm", "missing"] {
        let refused = ask_stored(CredentialType::ApiKey, Some(target));
        assert_eq!(refused, Err(Refusal::NothingStored(CredentialType::ApiKey)), "{target}");
    }
    let several = ask_stored(CredentialType::OauthToken, None);
    let names = ["crm", "mail"].map(str::to_owned).to_vec();
    assert_eq!(several, Err(InvalidRequest::SeveralTargets(names).into()));
}

#[test]
fn what_is_stored_is_not_narrowed_and_not_issued_for_more_than_half_a_day() {
    let request = CredentialRequest {
        wanted: Wanted::Exactly(CredentialType::ApiKey),
        ..CredentialRequest::whole_grant(Cloud::Aws)
    };
    let narrowed = CredentialRequest { permissions: Some(vec!["read".into()]), ..request.clone() };
    let refused = ask_for(narrowed);
    assert!(
        matches!(refused, Err(Refusal::Invalid(InvalidRequest::Field { field: "permissions", .. }))),
        "{refused:?}"
    );
    let long = CredentialRequest { duration: Some(Seconds::new(43_201)), ..request };
    assert!(matches!(ask_for(long), Err(Refusal::TooLong { .. })));
}
