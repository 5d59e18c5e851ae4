//! Every limit of AssumeRole: the last value that is let through, and the first that is not.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder as Call;
use aws_sdk_sts::types::{PolicyDescriptorType, Tag};
use deputize_sandbox::aws::{RoleConfig, Roles};

use crate::account::{Account, assume_with, credentials, refusal};

type Change = Box<dyn Fn(Call) -> Call>;

/// What is tried, how it changes the call, and the code it is refused with, if any.
type Row = (&'static str, Change, Option<&'static str>);

const INVALID: Option<&str> = Some("ValidationError");
const PARAMETER: Option<&str> = Some("InvalidParameterValue");

#[tokio::test]
async fn every_limit_lets_its_last_value_through_and_not_the_next() {
    let account = Account::configured(|config| {
        config.roles = Roles::Any { max_session: Duration::from_secs(43_200) };
        config.managed_policies =
            BTreeMap::from([(managed(0), "{\"Version\":\"2012-10-17\",\"Statement\":[]}".parse().unwrap())]);
    })
    .await;
    let rows = [names(), durations(), policies(), tags()].into_iter().flatten();
    for (what, change, code) in rows {
        let outcome = change(account.assume()).send().await;
        match code {
            None => assert!(outcome.is_ok(), "{what}: {:?}", refusal(outcome)),
            Some(code) => {
                assert!(outcome.is_err(), "{what} was let through");
                let (status, found, message) = refusal(outcome);
                assert_eq!((status, found.as_str()), (400, code), "{what}: {message}");
            }
        }
    }
}

fn names() -> Vec<Row> {
    vec![
        ("a session name of 1", name("a".to_owned()), INVALID),
        ("a session name of 2", name("a".repeat(2)), None),
        ("a session name of 64", name("a".repeat(64)), None),
        ("a session name of 65", name("a".repeat(65)), INVALID),
        ("a session name of all its characters", name("aZ0_+=,.@-".to_owned()), None),
        ("a session name with a space", name("a b".to_owned()), INVALID),
        ("a session name with a letter beyond ASCII", name("Zoë".to_owned()), INVALID),
        ("a source identity of 1", identity("a".to_owned()), INVALID),
        ("a source identity of 2", identity("a".repeat(2)), None),
        ("a source identity of 64", identity("a".repeat(64)), None),
        ("a source identity of 65", identity("a".repeat(65)), INVALID),
        ("a source identity beginning aws:", identity("aws:me".to_owned()), INVALID),
        ("an external id of 1", external("a".to_owned()), INVALID),
        ("an external id of 2", external("a".repeat(2)), None),
        ("an external id of 1224", external("a".repeat(1_224)), None),
        ("an external id of 1225", external("a".repeat(1_225)), INVALID),
        ("an external id with a space", external("a b".to_owned()), INVALID),
        ("a role of 19 characters", role("arn:aws:iam::1:role".to_owned()), INVALID),
        ("an ARN that is no role's", role("arn:aws:iam::123456789012:user/u".to_owned()), INVALID),
        (
            "a role of 2049 characters",
            role(format!("arn:aws:iam::123456789012:role/{}", "a".repeat(2_018))),
            INVALID,
        ),
    ]
}

fn durations() -> Vec<Row> {
    vec![
        ("-1 s", duration(-1), INVALID),
        ("0 s", duration(0), INVALID),
        ("899 s", duration(899), INVALID),
        ("900 s", duration(900), None),
        ("43200 s", duration(43_200), None),
        ("43201 s", duration(43_201), INVALID),
        ("a token of 4096 bytes", token_size(4_096), None),
        ("a token of 4097 bytes", token_size(4_097), INVALID),
    ]
}

fn policies() -> Vec<Row> {
    const MALFORMED: Option<&str> = Some("MalformedPolicyDocument");
    vec![
        ("an empty policy", policy(String::new()), INVALID),
        ("a policy of 2048 characters", policy(policy_of(2_048)), None),
        ("a policy of 2049 characters", policy(policy_of(2_049)), INVALID),
        ("a policy beyond Latin-1", policy("{\"Version\":\"ż\"}".to_owned()), INVALID),
        ("a policy that is no JSON", policy("{".to_owned()), MALFORMED),
        ("a policy with a principal", policy(statement(r#","Principal":"*""#)), MALFORMED),
        (
            "a policy with an unknown operator",
            policy(statement(r#","Condition":{"Odd":{"a":"b"}}"#)),
            MALFORMED,
        ),
        (
            "a policy with an unknown version",
            policy(r#"{"Version":"2026-01-01","Statement":[]}"#.into()),
            MALFORMED,
        ),
        ("a policy that does not compress", policy(incompressible()), Some("PackedPolicyTooLarge")),
        ("10 managed policies", managed_policies(10), None),
        ("11 managed policies", managed_policies(11), INVALID),
        ("a managed policy that is not there", managed_policy("arn:aws:iam::aws:policy/Nowhere"), INVALID),
        ("a policy and an ARN of 2048 characters together", both(2_048), None),
        ("a policy and an ARN of 2049 characters together", both(2_049), INVALID),
    ]
}

fn tags() -> Vec<Row> {
    vec![
        ("50 tags", numbered_tags(50), None),
        ("51 tags", numbered_tags(51), INVALID),
        ("an empty key", tag("", "v"), INVALID),
        ("a key of 128", tag(&"k".repeat(128), "v"), None),
        ("a key of 129", tag(&"k".repeat(129), "v"), INVALID),
        ("an empty value", tag("k", ""), None),
        ("a value of 256", tag("k", &"v".repeat(256)), None),
        ("a value of 257", tag("k", &"v".repeat(257)), INVALID),
        ("a key with a letter beyond ASCII", tag("größe", "naïve 数"), None),
        ("a key with a sign that tags lack", tag("k!", "v"), INVALID),
        ("a value with a line break", tag("k", "v\nw"), INVALID),
        ("a key beginning aws:", tag("aws:k", "v"), PARAMETER),
        ("a key twice", Box::new(|call| tag("k", "v")(tag("k", "w")(call))), PARAMETER),
        ("a key twice but for its case", Box::new(|call| tag("Key", "v")(tag("kEY", "w")(call))), PARAMETER),
        ("a transitive key", Box::new(|call| tag("Key", "v")(call).transitive_tag_keys("key")), None),
        ("a transitive key without its tag", Box::new(|call| call.transitive_tag_keys("key")), PARAMETER),
        ("tags that do not compress", Box::new(noisy_tags), Some("PackedPolicyTooLarge")),
    ]
}

#[tokio::test]
async fn a_session_lasts_what_its_role_allows_and_an_hour_by_default() {
    let account = Account::configured(|config| {
        let two_hours = RoleConfig { max_session: Duration::from_secs(7_200), ..RoleConfig::default() };
        config.roles = Roles::Listed(BTreeMap::from([
            ("devops".into(), two_hours),
            ("plain".into(), RoleConfig::default()),
        ]));
    })
    .await;
    let lifetime = async |call: Call| {
        let expiration = call.send().await.unwrap().credentials().unwrap().expiration().secs();
        expiration - account.now().as_second()
    };
    let plain = || account.assume().role_arn("arn:aws:iam::123456789012:role/plain");
    assert_eq!(lifetime(account.assume()).await, 3_600);
    assert_eq!(lifetime(account.assume().duration_seconds(7_200)).await, 7_200);
    assert_eq!(lifetime(plain()).await, 3_600);
    for beyond in [account.assume().duration_seconds(7_201), plain().duration_seconds(3_601)] {
        let (status, code, message) = refusal(beyond.send().await);
        assert_eq!((status, code.as_str()), (400, "ValidationError"));
        assert_eq!(
            message,
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        );
    }
}

#[tokio::test]
async fn a_session_of_a_session_lasts_an_hour_at_most() {
    let account =
        Account::configured(|config| config.roles = Roles::Any { max_session: Duration::from_secs(43_200) })
            .await;
    let first = account.client(credentials(account.assume().duration_seconds(43_200)).await);
    assert!(assume_with(&first).duration_seconds(3_600).send().await.is_ok());
    let (status, code, message) = refusal(assume_with(&first).duration_seconds(3_601).send().await);
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert!(message.contains("1 hour session limit for roles assumed by role chaining"), "{message}");
}

#[tokio::test]
async fn every_broken_constraint_is_named_in_one_error() {
    let account = Account::start().await;
    let call = account.operator().assume_role().role_session_name("a").duration_seconds(1);
    let (_, code, message) = refusal(call.send().await);
    assert_eq!(code, "ValidationError");
    assert!(message.starts_with("3 validation errors detected: "), "{message}");
    for member in ["null at 'roleArn'", "'a' at 'roleSessionName'", "'1' at 'durationSeconds'"] {
        assert!(message.contains(member), "{message}");
    }
}

fn name(name: String) -> Change {
    Box::new(move |call| call.role_session_name(name.clone()))
}

fn identity(identity: String) -> Change {
    Box::new(move |call| call.source_identity(identity.clone()))
}

fn external(id: String) -> Change {
    Box::new(move |call| call.external_id(id.clone()))
}

fn role(arn: String) -> Change {
    Box::new(move |call| call.role_arn(arn.clone()))
}

fn duration(seconds: i32) -> Change {
    Box::new(move |call| call.duration_seconds(seconds))
}

fn token_size(bytes: i32) -> Change {
    Box::new(move |call| call.minimum_session_token_size(bytes))
}

fn policy(text: String) -> Change {
    Box::new(move |call| call.policy(text.clone()))
}

fn managed_policy(arn: &'static str) -> Change {
    Box::new(move |call| call.policy_arns(PolicyDescriptorType::builder().arn(arn).build()))
}

fn managed_policies(count: usize) -> Change {
    Box::new(move |call| {
        (0..count)
            .fold(call, |call, _| call.policy_arns(PolicyDescriptorType::builder().arn(managed(0)).build()))
    })
}

fn both(characters: usize) -> Change {
    let text = policy_of(characters - managed(0).len());
    Box::new(move |call| managed_policies(1)(call.policy(text.clone())))
}

fn tag(key: &str, value: &str) -> Change {
    let tag = Tag::builder().key(key).value(value).build().unwrap();
    Box::new(move |call| call.tags(tag.clone()))
}

fn numbered_tags(count: usize) -> Change {
    Box::new(move |call| (0..count).fold(call, |call, number| tag(&format!("k{number}"), "v")(call)))
}

fn noisy_tags(call: Call) -> Call {
    (0..10).fold(call, |call, number| tag(&format!("k{number}"), &noise(number, 200))(call))
}

fn managed(number: usize) -> String {
    format!("arn:aws:iam::aws:policy/ReadOnly{number}")
}

/// A valid policy of this many characters, most of them insignificant.
fn policy_of(characters: usize) -> String {
    let text = statement("");
    format!("{text}{}", " ".repeat(characters - text.len()))
}

fn statement(more: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"{more}}}]}}"#
    )
}

fn incompressible() -> String {
    let resource = format!("arn:aws:s3:::{}", noise(1, 1_800));
    format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{resource}"}}}}"#
    )
}

/// Letters and digits without a pattern.
fn noise(seed: u64, characters: usize) -> String {
    let mut state = seed + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from_digit(u32::try_from((state >> 33) % 36).unwrap(), 36).unwrap()
    };
    (0..characters).map(|_| next()).collect()
}
