//! The example document: it says what the README says of it, and its AWS scopes fit into a session policy.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

use std::collections::BTreeMap;

use deputize_scope::aws::authority::{Authority, Statement};
use deputize_scope::aws::compile::{SESSION_POLICY_LIMIT, compile};
use deputize_scope::aws::region::Regions;
use deputize_scope::document::{AwsScope, parse_scopes};
use deputize_scope::finding::Code;
use deputize_scope::identifier::{CredentialType, Risk};
use deputize_scope::{Agent, Cloud, Identity, Scope, ScopeDocument, Seconds, Severity};

const EXAMPLE: &str = include_str!("../../../examples/mission.yaml");

fn example() -> ScopeDocument {
    let parsed = ScopeDocument::parse(EXAMPLE);
    // What is worth knowing of a token that nothing narrows is no fault of the document.
    let codes: Vec<Code> = parsed.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::BroadOauthScope; 2]);
    assert!(parsed.findings.iter().all(|finding| finding.severity == Severity::Info));
    parsed.document.unwrap()
}

fn aws_scopes(agent: &Agent) -> Vec<&AwsScope> {
    agent
        .scopes
        .iter()
        .filter_map(|scope| if let Scope::Aws(scope) = scope { Some(scope) } else { None })
        .collect()
}

fn clouds(agent: &Agent) -> Vec<Cloud> {
    let mut clouds: Vec<Cloud> = agent.scopes.iter().map(Scope::cloud).collect();
    clouds.dedup();
    clouds
}

/// The statements of an agent at AWS, of which the union is compiled.
fn authority(agent: &Agent) -> Authority {
    let statements: Vec<Statement> =
        aws_scopes(agent).iter().flat_map(|scope| scope.authority().statements().to_vec()).collect();
    Authority::new(statements)
}

#[test]
fn the_example_has_the_five_agents_at_their_clouds() {
    let document = example();
    let found: BTreeMap<&str, Vec<Cloud>> =
        document.agents.iter().map(|(id, agent)| (id.as_str(), clouds(agent))).collect();
    let all = vec![Cloud::Aws, Cloud::Gcp, Cloud::Azure];
    let expected = BTreeMap::from([
        ("cso-agent", all.clone()),
        ("cto-agent", all.clone()),
        ("data-agent", all.clone()),
        ("devops-agent", all),
        ("marketing-agent", vec![Cloud::Aws]),
    ]);
    assert_eq!(found, expected);
    assert_eq!(document.tenant.as_str(), "acme");
}

#[test]
fn the_defaults_of_the_example_are_applied() {
    let document = example();
    for (id, agent) in &document.agents {
        assert!(matches!(agent.identities.as_slice(), [Identity::Aws(_), Identity::Oidc { .. }]), "{id}");
        for scope in aws_scopes(agent) {
            let role = scope.role.as_ref().unwrap();
            assert_eq!(role.as_str(), format!("arn:aws:iam::123456789012:role/agent-{id}"));
            assert!(matches!(&scope.regions, Regions::Only(_)));
        }
        for scope in &agent.scopes {
            let longest =
                if id.as_str() == "cto-agent" && scope.cloud() != Cloud::Azure { 900 } else { 3_600 };
            assert_eq!(scope.max_duration(), Seconds::new(longest), "{id}");
            if let Scope::Gcp(scope) = scope {
                let account = scope.service_account.as_ref().unwrap();
                assert_eq!(account.as_str(), format!("agent-{id}@acme-prod.iam.gserviceaccount.com"));
            }
        }
    }
    let cso = &document.agents[&"cso-agent".parse().unwrap()];
    assert_eq!((cso.budget.live_leases, cso.budget.per_minute), (20, 30));
}

#[test]
fn the_stored_credentials_of_the_example_are_read() {
    let document = example();
    let [github, newsletter] = document.credentials.as_slice() else { panic!("two credentials") };
    assert_eq!((github.kind, github.risk), (CredentialType::ApiKey, Risk::High));
    let rotate = github.rotate.as_ref().unwrap();
    assert_eq!((rotate.every.get(), rotate.connector.as_deref()), (604_800, Some("connectors/sandbox.yaml")));
    assert_eq!(newsletter.kind, CredentialType::OauthToken);
}

#[test]
fn what_an_agent_may_do_at_aws_fits_into_a_session_policy() {
    for (id, agent) in &example().agents {
        let policy = compile(&authority(agent).normalized()).unwrap();
        println!("{id}: {} of {SESSION_POLICY_LIMIT} characters", policy.characters());
        assert!(policy.characters() <= SESSION_POLICY_LIMIT, "{id}");
    }
}

#[test]
fn an_agent_may_do_what_the_example_says_and_no_more() {
    let document = example();
    let devops = authority(&document.agents[&"devops-agent".parse().unwrap()]);
    let service = "arn:aws:ecs:us-east-1:123456789012:service/prod/web";
    assert!(devops.allows("ecs:UpdateService", service, "us-east-1"));
    assert!(!devops.allows("ecs:DeleteService", service, "us-east-1"));
    assert!(!devops.allows("ecs:UpdateService", service, "eu-central-1"));
    assert!(!devops.allows(
        "ecs:UpdateService",
        "arn:aws:ecs:us-east-1:123456789012:service/test/web",
        "us-east-1"
    ));
    let cto = authority(&document.agents[&"cto-agent".parse().unwrap()]);
    assert!(cto.allows(
        "dynamodb:DeleteTable",
        "arn:aws:dynamodb:us-west-2:123456789012:table/x",
        "us-west-2"
    ));
    assert!(!cto.allows("sts:AssumeRole", "arn:aws:iam::123456789012:role/admin", "us-east-1"));
}

/// The scopes of the mission's own listing, which name a cloud and permissions and nothing else.
#[test]
fn a_scope_of_a_cloud_and_permissions_alone_is_valid() {
    let (scopes, findings) = parse_scopes(
        r#"
- cloud: aws
  permissions: [ecs:UpdateService, ecs:DescribeServices, ecr:GetAuthorizationToken, ecr:BatchGetImage,
    cloudwatch:PutMetricData, cloudwatch:GetMetricData, logs:CreateLogStream, logs:PutLogEvents]
- cloud: gcp
  permissions: [container.clusters.get, container.deployments.create, container.deployments.update,
    cloudbuild.builds.create]
- { "cloud": "aws", "permissions": ["guardduty:GetFindings", "guardduty:ListFindings",
    "securityhub:GetFindings", "securityhub:BatchGetSecurityControls"] }
"#,
    );
    assert_eq!(findings, []);
    assert_eq!(scopes.len(), 3);
    let Scope::Aws(scope) = &scopes[0] else { panic!("a scope of aws") };
    assert_eq!(scope.permissions.len(), 8);
    assert_eq!(scope.max_duration, Seconds::new(3_600));
    assert_eq!(scope.regions, Regions::All);
    assert!(scope.resources.iter().all(|resource| resource.as_str() == "*"));
    assert_eq!(scope.role, None);
}

#[test]
fn a_document_serialised_as_json_is_the_same_document() {
    let document = example();
    let json = serde_json::to_string_pretty(&document).unwrap();
    let parsed = ScopeDocument::parse(&json);
    assert!(parsed.findings.iter().all(|finding| finding.severity == Severity::Info));
    assert_eq!(parsed.document.unwrap(), document);
}
