//! What can go wrong at a cloud, seen by an agent and by an auditor: each fault has its problem, its state of the lease and
//! its events, and of the cloud's words and of what it gave nothing is told or kept but the code.

use std::time::Duration;

use deputize_broker::audit::{AbandonCause, AuditEvent, What};
use deputize_broker::lease::{Lease, LeaseId, LeaseState};
use deputize_e2e::{HarnessError, Reply};
use deputize_sandbox::{Fault, Faults, azure, gcp, oauth};
use jiff::SignedDuration;

use crate::clouds::Clouds;
use crate::embedded::{Embedded, Remains};
use crate::stranger::Stranger;

/// What a cloud says beside its code. It may quote anything.
const WORDS: &str = "canary in the words of the vendor";

/// What must not be found anywhere: those words, the body that is none, the client's secret, and how tokens begin.
const CANARIES: [&str; 5] = [WORDS, "This is not the answer", Clouds::OAUTH_SECRET, "ya29.", "eyJhbGciOi"];

/// What comes of a fault.
#[derive(Clone, Copy, Debug)]
enum Expected {
    /// The cloud's code.
    Refused(&'static str),
    /// When to come back, in seconds.
    Unavailable(u64),
    Issued,
}
use Expected::{Issued, Refused, Unavailable};

/// What the caller is told where the cloud does not say.
const SOON: Expected = Unavailable(5);

fn refuse(status: u16, code: &str) -> Fault {
    Fault::Refuse { status, code: code.to_owned(), message: WORDS.to_owned() }
}

/// What goes wrong at every cloud, by the codes that it has for 400, 401, 403 and 404.
fn faults(codes: [&'static str; 4]) -> Vec<(Fault, Expected)> {
    let refusals = [400, 401, 403, 404].into_iter().zip(codes);
    let refusals = refusals.map(|(status, code)| (refuse(status, code), Refused(code)));
    let others = [
        (Fault::TooManyRequests { retry_after: Duration::from_secs(7) }, Unavailable(7)),
        (refuse(500, "internal"), SOON),
        (Fault::Silence, SOON),
        (Fault::Drop, SOON),
        (Fault::Truncate, SOON),
        (Fault::Garbage, SOON),
        (Fault::ContentType("text/html".to_owned()), SOON),
        (Fault::Expired(Duration::from_secs(60)), SOON),
        (Fault::Huge, SOON),
        (Fault::Skew(SignedDuration::from_mins(-5)), Issued),
        (Fault::Skew(SignedDuration::from_mins(5)), Issued),
    ];
    refusals.chain(others).collect()
}

/// The same where one of them comes to something else.
fn but(faults: Vec<(Fault, Expected)>, other: &Fault, otherwise: Expected) -> Vec<(Fault, Expected)> {
    let own = |(fault, expected)| if fault == *other { (fault, otherwise) } else { (fault, expected) };
    faults.into_iter().map(own).collect()
}

/// What came of a request, as the agent was told.
struct Told {
    case: String,
    lease: LeaseId,
    expected: Expected,
    /// What it got, which nobody else may read.
    secrets: Vec<String>,
}

/// Asks for a credential under each fault of a service, and then looks at all that was said and kept.
async fn each_is_told_and_kept(
    kind: &str,
    service: Faults,
    clouds: &Clouds,
    cases: Vec<(Fault, Expected)>,
) -> Result<(), HarnessError> {
    let broker = Embedded::start(&clouds.settings(), &clouds.aws_variables(), &clouds.token_url()).await?;
    let mut told = Vec::new();
    for (fault, expected) in cases {
        let before = service.calls();
        service.always(fault.clone());
        let reply = broker.ask(kind).await?;
        service.clear();
        assert!(service.calls() > before, "{fault:?} was not met");
        told.push(check_answer(format!("{kind} {fault:?}"), &reply, expected));
    }
    check_remains(&broker.end().await?, &told);
    Ok(())
}

/// Checks what the agent is told.
fn check_answer(case: String, reply: &Reply, expected: Expected) -> Told {
    let (text, answer) = (&reply.text, reply.json());
    let shown = format!("{case}: {} {text}", reply.status);
    match expected {
        Issued => assert_eq!(reply.status, 201, "{shown}"),
        Refused(code) => {
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (502, "cloud_refused"), "{shown}");
            assert_eq!(answer["findings"][0]["code"], code, "{shown}");
        }
        Unavailable(seconds) => {
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (503, "cloud_unavailable"), "{shown}");
            assert_eq!(reply.header("retry-after"), seconds.to_string(), "{shown}");
        }
    }
    if !matches!(expected, Issued) {
        assert!(CANARIES.iter().all(|canary| !text.contains(canary)), "{shown}");
    }
    let lease =
        answer["lease_id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("{shown}"));
    let secrets = ["access_token", "secret_access_key", "session_token"]
        .iter()
        .filter_map(|field| answer["credential"][field].as_str().map(str::to_owned))
        .collect();
    Told { case, lease, expected, secrets }
}

/// Checks what an auditor reads, and that nothing else can be read.
fn check_remains(remains: &Remains, told: &[Told]) {
    let records = &remains.records;
    for Told { case, lease, expected, secrets } in told {
        let lease = records.leases.iter().find(|kept| kept.id == *lease).unwrap();
        let mut events: Vec<&AuditEvent> =
            records.events.iter().filter(|event| event.what.lease() == Some(lease.id)).collect();
        events.sort_by_key(|event| event.id);
        let kinds: Vec<_> = events.iter().map(|event| records.kind(event)).collect();
        let shown = format!("{case}: {:?} {kinds:?}", lease.state);
        assert_eq!(kinds.first().map(String::as_str), Some("credential_requested"), "{shown}");
        assert!(agree(lease, &events.last().unwrap().what, *expected), "{shown}");
        assert!(remains.written.contains(&lease.id.to_string()), "{shown}");
        assert!(secrets.iter().all(|secret| !remains.written.contains(secret)), "{shown}");
        assert_eq!(secrets.is_empty(), !matches!(expected, Issued), "{shown}");
        // Beside these two, only that a stored secret was read for it.
        assert_eq!(kinds.len(), 2 + records.count(lease, "secret_read"), "{shown}");
    }
    for canary in CANARIES {
        assert!(!remains.written.contains(canary), "{canary} is written down");
    }
}

/// Whether a lease's state and the event that it ended with are what was expected.
fn agree(lease: &Lease, last: &What, expected: Expected) -> bool {
    match (expected, &lease.state, last) {
        (Refused(expected), LeaseState::Refused { code }, What::CloudRefused { code: told, .. }) => {
            [code, told].iter().all(|code| *code == expected)
        }
        (Unavailable(_), LeaseState::Abandoned, What::LeaseAbandoned { cause, .. }) => {
            *cause == AbandonCause::CloudUnavailable
        }
        (Issued, LeaseState::Active(outcome), What::CredentialIssued { outcome: told, .. }) => {
            outcome == told && outcome.expires_at > lease.requested_at
        }
        _ => false,
    }
}

#[tokio::test]
async fn whatever_goes_wrong_at_awss_sts() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let cases = faults(["ValidationError", "InvalidClientTokenId", "AccessDenied", "NoSuchEntity"]);
    // AWS's client goes by the text, whatever it is said to be and however much white space comes after it.
    let cases = but(cases, &Fault::ContentType("text/html".to_owned()), Issued);
    let cases = but(cases, &Fault::Huge, Issued);
    each_is_told_and_kept("aws_iam_role", clouds.aws.faults(), &clouds, cases).await
}

#[tokio::test]
async fn whatever_goes_wrong_at_googles_sts() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let cases = faults(["invalid_grant", "invalid_client", "unauthorized_client", "not_found"]);
    // To a clock that is behind, the broker's own token has not begun, which Google has no code of its own for.
    let cases = but(cases, &Fault::Skew(SignedDuration::from_mins(-5)), Refused("invalid_grant"));
    let service = clouds.gcp.faults(gcp::Service::SecurityTokens);
    each_is_told_and_kept("gcp_workload_identity", service, &clouds, cases).await
}

#[tokio::test]
async fn whatever_goes_wrong_at_googles_iam_credentials() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let cases = faults(["INVALID_ARGUMENT", "UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND"]);
    let service = clouds.gcp.faults(gcp::Service::Credentials);
    each_is_told_and_kept("gcp_service_account", service, &clouds, cases).await
}

#[tokio::test]
async fn whatever_goes_wrong_at_entra() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let cases = faults(["invalid_grant", "invalid_client", "access_denied", "not_found"]);
    let service = clouds.azure.faults(azure::Service::Entra);
    each_is_told_and_kept("azure_service_principal", service, &clouds, cases).await
}

#[tokio::test]
async fn whatever_goes_wrong_at_a_machine_of_azure() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let cases = faults(["invalid_request", "invalid_client", "access_denied", "not_found"]);
    // An endpoint that is being set up says so.
    let being_set_up = refuse(404, "not_found");
    let service = clouds.azure.faults(azure::Service::Identity);
    each_is_told_and_kept("azure_managed_identity", service, &clouds, but(cases, &being_set_up, SOON)).await
}

#[tokio::test]
async fn whatever_goes_wrong_at_a_provider_of_oauth() -> Result<(), HarnessError> {
    let clouds = Clouds::start().await;
    let cases = faults(["invalid_grant", "invalid_client", "access_denied", "not_found"]);
    let service = clouds.oauth.faults(oauth::Service::Server);
    each_is_told_and_kept("oauth_token", service, &clouds, cases).await
}

#[tokio::test]
async fn who_cannot_prove_to_be_the_cloud_is_told_nothing() -> Result<(), HarnessError> {
    let (clouds, stranger) = (Clouds::start().await, Stranger::start().await);
    let mut settings = clouds.settings();
    settings["gcp"]["endpoint"] = stranger.url().into();
    settings["azure"]["authority"] = stranger.url().into();
    let mut elsewhere = clouds.aws_variables();
    elsewhere.retain(|(name, _)| name != "AWS_ENDPOINT_URL_STS");
    elsewhere.push(("AWS_ENDPOINT_URL_STS".to_owned(), stranger.url()));
    let others = ["gcp_workload_identity", "gcp_service_account", "azure_service_principal", "oauth_token"];
    for (aws, kinds) in [(clouds.aws_variables(), &others[..]), (elsewhere, &["aws_iam_role"])] {
        let broker = Embedded::start(&settings, &aws, &format!("{}/token", stranger.url())).await?;
        let mut told = Vec::new();
        for kind in kinds {
            let before = stranger.met();
            told.push(check_answer(format!("{kind} of a stranger"), &broker.ask(kind).await?, SOON));
            assert!(stranger.met() > before, "{kind}");
        }
        check_remains(&broker.end().await?, &told);
    }
    assert_eq!(stranger.trusted(), 0);
    Ok(())
}
