//! Bad documents, each with the finding that it must give: its code, and the text that it points at.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

use deputize_scope::finding::{Code, Finding, Severity};
use deputize_scope::{ScopeDocument, document};

/// A sound document, into which the cases put what is wrong.
fn with_scope(scope: &str) -> String {
    with_agent(&format!("scopes: [{scope}]"))
}

fn with_agent(fields: &str) -> String {
    with_top(&format!("agents: {{ ops: {{ {fields} }} }}"))
}

fn with_top(fields: &str) -> String {
    format!("version: 1\ntenant: acme\n{fields}\n")
}

fn with_credential(fields: &str) -> String {
    with_top(&format!("agents: {{ ops: {{}}, dev-ops: {{}} }}\ncredentials: [{{ {fields} }}]"))
}

/// The one finding of a text, which must leave it without a document.
#[track_caller]
fn only_finding(text: &str) -> Finding {
    let parsed = ScopeDocument::parse(text);
    let [finding] = parsed.findings.as_slice() else { panic!("one finding: {:#?}", parsed.findings) };
    assert_eq!(parsed.document.is_none(), finding.severity == Severity::Error);
    finding.clone()
}

fn pointed_at<'t>(text: &'t str, finding: &Finding) -> &'t str {
    finding.span.map_or("", |span| &text[span.start..span.end])
}

#[track_caller]
fn each_gives(cases: &[(String, Code, &str)]) {
    for (text, code, place) in cases {
        let finding = only_finding(text);
        assert_eq!((finding.code, pointed_at(text, &finding)), (*code, *place), "{text}\n{finding:#?}");
        assert!(finding.help.is_some(), "{finding:#?}");
        let first = finding.message.chars().next().unwrap();
        assert!(!first.is_uppercase() && !finding.message.ends_with('.'), "{}", finding.message);
    }
}

#[test]
fn what_is_not_one_document_of_yaml_or_json() {
    let deep = format!("version: {}", "[".repeat(40));
    each_gives(&[
        (String::new(), Code::EmptyDocument, ""),
        ("# only a comment\n".into(), Code::EmptyDocument, ""),
        ("---\n...\n".into(), Code::EmptyDocument, ""),
        (with_top("agents: {}\n---\nversion: 1"), Code::SeveralDocuments, "---"),
        (with_top("agents:\n\tops: {}"), Code::TabIndentation, "\t"),
        (with_top("agents: { ops: {}"), Code::Malformed, "{"),
        (with_top("agents: {}\nx: 'open"), Code::Malformed, "'"),
        (with_top("agents: {}}"), Code::Malformed, "}"),
        ("version: 1\ntenant: a: b".into(), Code::Malformed, ":"),
        (deep, Code::TooDeep, "["),
        ("%YAML 1.2\n---\nversion: 1\n".into(), Code::UnsupportedYaml, "%"),
        (with_top("agents: &all {}"), Code::UnsupportedYaml, "&all"),
        (with_top("agents: !!map {}"), Code::UnsupportedYaml, "!!map"),
        (with_scope("{ cloud: aws, permissions: [*] }"), Code::UnquotedAsterisk, "*"),
        (with_scope("{ cloud: aws, permissions: [*:Get*] }"), Code::UnquotedAsterisk, "*:Get*"),
        (with_top("agents: {}\ntenant: other"), Code::DuplicateKey, "tenant"),
        (with_top("agents: { ops: {}, ops: {} }"), Code::DuplicateKey, "ops"),
        (with_top("agents: {}\n[a]: b"), Code::WrongType, "[a]"),
        (r#"{"version": 1, "tenant": "\ud834", "agents": {}}"#.into(), Code::Malformed, "\""),
        (r#"{"version": 1, "tenant": "acme", "agents": {}}{}"#.into(), Code::Malformed, "{"),
        ("- version: 1".into(), Code::WrongType, "- version: 1"),
        ("hello".into(), Code::WrongType, "hello"),
    ]);
}

#[test]
fn fields_that_are_missing_unknown_or_of_another_cloud() {
    let aws = |fields: &str| with_scope(&format!("{{ cloud: aws, permissions: [s3:GetObject], {fields} }}"));
    each_gives(&[
        ("tenant: acme\nagents: {}".into(), Code::MissingField, "tenant"),
        ("version: 1\nagents: {}".into(), Code::MissingField, "version"),
        ("version: 1\ntenant: acme".into(), Code::MissingField, "version"),
        (with_top("agents: {}\nagent: {}"), Code::UnknownField, "agent"),
        (with_top("agents: {}\nmax_duration: 1h"), Code::UnknownField, "max_duration"),
        (with_top("agents: {}\n\"a\\tb\": 1h"), Code::UnknownField, "\"a\\tb\""),
        (with_scope("{ permissions: [s3:GetObject] }"), Code::MissingField, "permissions"),
        (with_scope("{ cloud: aws }"), Code::MissingField, "cloud"),
        (with_scope("{}"), Code::MissingField, "{}"),
        (aws("resource: ['*']"), Code::UnknownField, "resource"),
        (aws("maxDuration: 1h"), Code::UnknownField, "maxDuration"),
        (aws("client_id: 00000000-0000-0000-0000-000000000000"), Code::ForeignField, "client_id"),
        (aws("service_account: x"), Code::ForeignField, "service_account"),
        (
            with_scope("{ cloud: gcp, permissions: [storage.objects.get], regions: [us-east-1] }"),
            Code::ForeignField,
            "regions",
        ),
        (with_agent("budgets: {}"), Code::UnknownField, "budgets"),
        (with_agent("budget: { leases: 3 }"), Code::UnknownField, "leases"),
        (with_agent("identities: [{}]"), Code::MissingField, "{}"),
        (with_agent("identities: [{ gcp: x }]"), Code::UnknownField, "gcp"),
        (with_agent("identities: [{ oidc: { issuer: 'https://a' } }]"), Code::MissingField, "issuer"),
        (
            with_agent(
                "identities: [{ aws: 'arn:aws:iam::111122223333:root', oidc: { issuer: 'https://a', subject: b } }]",
            ),
            Code::UnknownField,
            "aws",
        ),
        (with_top("agents: {}\ndefaults: { role: x }"), Code::UnknownField, "role"),
        (with_top("agents: {}\ndefaults: { aws: { roles: x } }"), Code::UnknownField, "roles"),
        (with_credential("id: key, type: aws_access_key"), Code::MissingField, "id"),
        (with_credential("id: key, type: aws_access_key, agent: ops, rotate: {}"), Code::MissingField, "{}"),
    ]);
}

#[test]
fn values_of_the_wrong_type() {
    each_gives(&[
        ("version: '1'\ntenant: acme\nagents: {}".into(), Code::WrongType, "'1'"),
        ("version: [1]\ntenant: acme\nagents: {}".into(), Code::WrongType, "[1]"),
        ("version: 2\ntenant: acme\nagents: {}".into(), Code::UnsupportedVersion, "2"),
        ("version: 1\ntenant: 2024\nagents: {}".into(), Code::WrongType, "2024"),
        ("version: 1\ntenant: null\nagents: {}".into(), Code::WrongType, "null"),
        ("version: 1\ntenant: true\nagents: {}".into(), Code::WrongType, "true"),
        ("version: 1\ntenant: { a: b }\nagents: {}".into(), Code::WrongType, "{ a: b }"),
        (with_top("agents: []"), Code::WrongType, "[]"),
        (with_top("agents: { ops: }"), Code::WrongType, "ops"),
        (with_top("agents: { ops: [] }"), Code::WrongType, "[]"),
        (with_agent("scopes: { cloud: aws }"), Code::WrongType, "{ cloud: aws }"),
        (with_agent("scopes: [aws]"), Code::WrongType, "aws"),
        (with_agent("budget: 3"), Code::WrongType, "3"),
        (with_agent("budget: { live_leases: many }"), Code::WrongType, "many"),
        (with_agent("budget: { live_leases: '20' }"), Code::WrongType, "'20'"),
        (with_scope("{ cloud: aws, permissions: s3:GetObject }"), Code::WrongType, "s3:GetObject"),
        (with_scope("{ cloud: aws, permissions: [1] }"), Code::WrongType, "1"),
        (with_scope("{ cloud: [aws], permissions: ['*'] }"), Code::WrongType, "[aws]"),
        (with_scope("{ cloud: aws, permissions: [] }"), Code::EmptyList, "[]"),
        (with_scope("{ cloud: aws, permissions: ['*'], resources: [] }"), Code::EmptyList, "[]"),
        (with_scope("{ cloud: aws, permissions: ['*'], regions: [] }"), Code::EmptyList, "[]"),
        (with_credential("id: key, type: aws_access_key, agent: ops, rotate: 7d"), Code::WrongType, "7d"),
    ]);
}

#[test]
fn values_that_their_cloud_would_refuse() {
    let aws = |fields: &str| with_scope(&format!("{{ cloud: aws, permissions: [s3:GetObject], {fields} }}"));
    let gcp =
        |fields: &str| with_scope(&format!("{{ cloud: gcp, permissions: [storage.objects.get], {fields} }}"));
    let azure = |fields: &str| with_scope(&format!("{{ cloud: azure, permissions: ['*/read'], {fields} }}"));
    each_gives(&[
        (with_scope("{ cloud: Aws, permissions: ['*'] }"), Code::UnknownValue, "Aws"),
        (with_scope("{ cloud: oracle, permissions: ['*'] }"), Code::UnknownValue, "oracle"),
        (with_scope("{ cloud: aws, permissions: [GetObject] }"), Code::InvalidPermission, "GetObject"),
        (with_scope("{ cloud: aws, permissions: ['s3*:Get'] }"), Code::InvalidPermission, "'s3*:Get'"),
        (with_scope("{ cloud: aws, permissions: [''] }"), Code::InvalidPermission, "''"),
        (with_scope("{ cloud: aws, permissions: [sts:AssumeRole] }"), Code::StsPivot, "sts:AssumeRole"),
        (with_scope("{ cloud: aws, permissions: ['sts:Assume*'] }"), Code::StsPivot, "'sts:Assume*'"),
        (with_scope("{ cloud: gcp, permissions: ['storage.*'] }"), Code::InvalidPermission, "'storage.*'"),
        (with_scope("{ cloud: gcp, permissions: [s3:GetObject] }"), Code::InvalidPermission, "s3:GetObject"),
        (with_scope("{ cloud: azure, permissions: [a.b.c] }"), Code::InvalidPermission, "a.b.c"),
        (with_scope("{ cloud: azure, permissions: ['A/b*/c'] }"), Code::InvalidPermission, "'A/b*/c'"),
        (aws("role: arn:aws:iam::1:role/x"), Code::InvalidArn, "arn:aws:iam::1:role/x"),
        (aws("role: agent"), Code::InvalidArn, "agent"),
        (aws("external_id: x"), Code::InvalidExternalId, "x"),
        (aws("resources: [arn:aws:s3]"), Code::InvalidResource, "arn:aws:s3"),
        (aws("regions: [us-east]"), Code::InvalidRegion, "us-east"),
        (aws("regions: ['*']"), Code::InvalidRegion, "'*'"),
        (aws("max_duration: 0s"), Code::DurationOutOfBounds, "0s"),
        (aws("max_duration: 14m"), Code::DurationOutOfBounds, "14m"),
        (aws("max_duration: 13h"), Code::DurationOutOfBounds, "13h"),
        (aws("max_duration: 3600"), Code::InvalidDuration, "3600"),
        (aws("max_duration: 1h30m"), Code::InvalidDuration, "1h30m"),
        (aws("max_duration: 99999999999d"), Code::InvalidDuration, "99999999999d"),
        (gcp("max_duration: 13h"), Code::DurationOutOfBounds, "13h"),
        (gcp("max_duration: 0s"), Code::DurationOutOfBounds, "0s"),
        (gcp("service_account: ops@example.com"), Code::InvalidServiceAccount, "ops@example.com"),
        (gcp("resources: [acme-data]"), Code::InvalidResource, "acme-data"),
        (azure("client_id: agent-ops-identity"), Code::InvalidClientId, "agent-ops-identity"),
        (azure("resources: [subscriptions/x]"), Code::InvalidResource, "subscriptions/x"),
        (with_agent("budget: { live_leases: 0 }"), Code::NumberOutOfBounds, "0"),
        (with_agent("budget: { live_leases: -1 }"), Code::NumberOutOfBounds, "-1"),
        (with_agent("budget: { per_minute: 1.5 }"), Code::NumberOutOfBounds, "1.5"),
        (with_agent("budget: { per_minute: 0x10 }"), Code::NumberOutOfBounds, "0x10"),
        (with_agent("identities: [{ aws: 'arn:aws:s3:::x' }]"), Code::InvalidArn, "'arn:aws:s3:::x'"),
        (
            with_agent("identities: [{ oidc: { issuer: 'http://a', subject: b } }]"),
            Code::InvalidIssuer,
            "'http://a'",
        ),
        (
            with_agent("identities: [{ oidc: { issuer: 'https://a', subject: '' } }]"),
            Code::InvalidSubject,
            "''",
        ),
        (
            with_top("agents: {}\ndefaults: { aws: { role: 'arn:aws:iam::123456789012:role/{name}' } }"),
            Code::InvalidArn,
            "'arn:aws:iam::123456789012:role/{name}'",
        ),
    ]);
}

#[test]
fn names_that_are_wrong_taken_or_of_nobody() {
    let root = "arn:aws:iam::111122223333";
    let two = |one: &str, other: &str| {
        with_top(&format!("agents:\n  one: {{ identities: [{one}] }}\n  two: {{ identities: [{other}] }}"))
    };
    let role = format!("{{ aws: '{root}:role/team/runtime' }}");
    let session = "{ aws: 'arn:aws:sts::111122223333:assumed-role/runtime/i-0abc' }".to_owned();
    let oidc = "{ oidc: { issuer: 'https://a', subject: b } }";
    each_gives(&[
        ("version: 1\ntenant: Acme\nagents: {}".into(), Code::InvalidIdentifier, "Acme"),
        (with_top("agents: { x: {} }"), Code::InvalidIdentifier, "x"),
        (with_top("agents: { dev_ops: {} }"), Code::InvalidIdentifier, "dev_ops"),
        (two(&role, &role), Code::DuplicateIdentity, &role),
        (two(&role, &session), Code::DuplicateIdentity, &session),
        (two(&session, &role), Code::DuplicateIdentity, &role),
        (two(&session, &session), Code::DuplicateIdentity, &session),
        (two(oidc, oidc), Code::DuplicateIdentity, oidc),
        (with_credential("id: Key, type: aws_access_key, agent: ops"), Code::InvalidIdentifier, "Key"),
        (with_credential("id: key, type: api-key, agent: ops"), Code::UnknownValue, "api-key"),
        (with_credential("id: key, type: aws_access_key, agent: devops"), Code::UnknownAgent, "devops"),
        (
            with_credential("id: key, type: aws_access_key, agent: ops, risk: none"),
            Code::UnknownValue,
            "none",
        ),
        (
            with_credential(
                "id: key, type: aws_access_key, agent: ops }, { id: key, type: aws_access_key, agent: ops",
            ),
            Code::DuplicateCredential,
            "key",
        ),
        (
            with_credential("id: key, type: aws_access_key, agent: ops, rotate: { every: 1m }"),
            Code::DurationOutOfBounds,
            "1m",
        ),
        (
            with_credential(
                "id: key, type: aws_access_key, agent: ops, rotate: { every: 7d, connector: ../x.yaml }",
            ),
            Code::InvalidConnector,
            "../x.yaml",
        ),
        // Only a warning: the document means the same.
        (
            with_scope("{ cloud: aws, permissions: [s3:GetObject, 's3:getobject'] }"),
            Code::DuplicateValue,
            "'s3:getobject'",
        ),
    ]);
}

#[test]
fn callers_that_differ_may_be_different_agents() {
    let text = with_top(
        "agents:
  one:
    identities:
      - aws: arn:aws:iam::111122223333:role/runtime
      - oidc: { issuer: https://a, subject: one }
  two:
    identities:
      - aws: arn:aws:iam::444455556666:role/runtime
      - aws: arn:aws:sts::111122223333:assumed-role/other/one
      - aws: arn:aws:sts::111122223333:assumed-role/other/two
      - aws: arn:aws:iam::111122223333:user/runtime
      - oidc: { issuer: https://a, subject: two }
      - oidc: { issuer: https://b, subject: one }",
    );
    assert_eq!(ScopeDocument::parse(&text).findings, []);
}

#[test]
fn a_default_that_a_scope_cannot_take_is_told_with_the_scope() {
    let text = with_top(
        "defaults: { max_duration: 10m, aws: { role: 'arn:aws:iam::123456789012:role/agent-{agent}' } }
agents:
  a-name-so-long-that-the-role-would-be-longer-than-iam-can-hold:
    scopes: [{ cloud: aws, permissions: [s3:GetObject] }]",
    );
    let findings = ScopeDocument::parse(&text).findings;
    let told: Vec<(Code, &str)> = findings.iter().map(|f| (f.code, pointed_at(&text, f))).collect();
    assert_eq!(told, [(Code::DurationOutOfBounds, "10m"), (Code::InvalidArn, "cloud")]);
    assert!(findings[0].message.contains("the scope on line 6"), "{}", findings[0].message);
}

#[test]
fn every_finding_is_told_at_once_and_in_order() {
    let text = "tenant: ACME
agents:
  ops:
    budget: { live_leases: 0 }
    scopes:
      - cloud: aws
        role: none
        permissions: [GetObject, s3:GetObject]
        regions: [mars]
        max_duration: 5m
      - cloud: gpc
        permissions: []
credentials:
  - id: x1
    agent: nobody
";
    let findings = ScopeDocument::parse(text).findings;
    let told: Vec<(Code, &str)> = findings.iter().map(|f| (f.code, pointed_at(text, f))).collect();
    assert_eq!(
        told,
        [
            (Code::MissingField, "tenant"),
            (Code::InvalidIdentifier, "ACME"),
            (Code::NumberOutOfBounds, "0"),
            (Code::InvalidArn, "none"),
            (Code::InvalidPermission, "GetObject"),
            (Code::InvalidRegion, "mars"),
            (Code::DurationOutOfBounds, "5m"),
            (Code::UnknownValue, "gpc"),
            (Code::MissingField, "id"),
            (Code::UnknownAgent, "nobody"),
        ]
    );
    assert!(findings.is_sorted_by_key(|finding| finding.span.unwrap().line));
}

#[test]
fn a_fix_mends_what_it_is_told_for() {
    for (text, mended) in [
        (with_top("agent: {}"), None),
        ("tenant: acme\nagents: {}".into(), Some("version: 1\ntenant: acme\nagents: {}")),
        (
            r#"{"tenant": "acme", "agents": {}}"#.into(),
            Some(r#"{"version": 1, "tenant": "acme", "agents": {}}"#),
        ),
        ("version: 2\ntenant: acme\nagents: {}".into(), Some("version: 1\ntenant: acme\nagents: {}")),
        ("version: \"1\"\ntenant: acme\nagents: {}".into(), Some("version: 1\ntenant: acme\nagents: {}")),
        ("version: 1\ntennant: acme\nagents: {}".into(), Some("version: 1\ntenant: acme\nagents: {}")),
        ("version: 1\ntenant: 'My_Org'\nagents: {}".into(), Some("version: 1\ntenant: 'my-org'\nagents: {}")),
        ("version: 1\ntenant: 42\nagents: {}".into(), Some("version: 1\ntenant: \"42\"\nagents: {}")),
        (
            "version: 1\ntenant: ab\nagents: { ops: { scopes: [{ cloud: aws, permissions: [ * ] }] } }"
                .into(),
            Some(
                "version: 1\ntenant: ab\nagents: { ops: { scopes: [{ cloud: aws, permissions: [ \"*\" ] }] } }",
            ),
        ),
        (
            "version: 1\ntenant: ab\nagents: {}\ndefaults: { budget: { live_leases: '7' } }".into(),
            Some("version: 1\ntenant: ab\nagents: {}\ndefaults: { budget: { live_leases: 7 } }"),
        ),
        (
            "{\"version\": 1, \"tenant\": \"ab\", \"agents\": {\"ops\": {\"scopes\": [{\"cloud\": \"AWS\", \
             \"permissions\": [\"*\"], \"max_duration\": \"1h\"}]}}}"
                .into(),
            Some(
                "{\"version\": 1, \"tenant\": \"ab\", \"agents\": {\"ops\": {\"scopes\": [{\"cloud\": \"aws\", \
                 \"permissions\": [\"*\"], \"max_duration\": \"1h\"}]}}}",
            ),
        ),
    ] {
        let parsed = ScopeDocument::parse(&text);
        let Some(mended) = mended else {
            assert!(parsed.findings.iter().any(|finding| finding.code == Code::MissingField), "{text}");
            continue;
        };
        let fix = parsed.findings.iter().find_map(|finding| finding.fix.clone()).expect(&text);
        let mut applied = text.clone();
        applied.replace_range(fix.span.start..fix.span.end, &fix.replacement);
        assert_eq!(applied, mended);
        assert_eq!(ScopeDocument::parse(&applied).findings, [], "{applied}");
    }
}

#[test]
fn places_are_told_in_bytes_lines_and_characters() {
    let text = "# çà et là\nversion: 1\ntenant: \"acmé\"\nagents: {}\n";
    let span = only_finding(text).span.unwrap();
    assert_eq!(&text[span.start..span.end], "\"acmé\"");
    assert_eq!((span.line, span.column), (3, 9));

    let text = "{\"version\": 1, \"é\": 1, \"tenant\": \"acme\", \"agents\": {}}";
    let span = only_finding(text).span.unwrap();
    assert_eq!(&text[span.start..span.end], "\"é\"");
    assert_eq!((span.line, span.column), (1, 16));

    let text = "\u{feff}version: 1\r\ntenant: Acme\r\nagents: {}\r\n";
    let span = only_finding(text).span.unwrap();
    assert_eq!(&text[span.start..span.end], "Acme");
    assert_eq!((span.line, span.column), (2, 9));
}

#[test]
fn bytes_that_are_not_utf_8_are_told_where_they_are() {
    let parsed = ScopeDocument::parse_bytes(b"version: 1\ntenant: \xffacme\n");
    let span = parsed.findings[0].span.unwrap();
    assert_eq!(parsed.findings[0].code, Code::NotUtf8);
    assert_eq!((span.start, span.end, span.line, span.column), (19, 20, 2, 9));
    assert!(parsed.document.is_none());

    let utf_16: Vec<u8> = "version: 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(
        ScopeDocument::parse_bytes(&[&[0xff, 0xfe], utf_16.as_slice()].concat()).findings[0].code,
        Code::NotUtf8
    );
    assert!(!ScopeDocument::parse_bytes(&utf_16).findings.is_empty());
}

#[test]
fn large_documents_are_read_up_to_their_limit() {
    let agents: String =
        (0..4_000).map(|n| format!("  agent-{n}: {{ budget: {{ live_leases: 1 }} }}\n")).collect();
    let text = with_top(&format!("agents:\n{agents}"));
    assert_eq!(ScopeDocument::parse(&text).document.unwrap().agents.len(), 4_000);

    let padded = format!("{text}#{}", " ".repeat(256 * 1024));
    assert_eq!(only_finding(&padded).code, Code::TooLarge);
    assert_eq!(ScopeDocument::parse_bytes(&vec![0xff; 3 * 1024 * 1024]).findings[0].code, Code::TooLarge);
}

#[test]
fn a_flood_of_findings_is_cut_off_after_the_errors() {
    let doubled = "s3:GetObject, ".repeat(500);
    let text = with_scope(&format!("{{ cloud: aws, permissions: [{doubled} GetObject] }}"));
    let parsed = ScopeDocument::parse(&text);
    assert!(parsed.document.is_none());
    assert_eq!(parsed.findings.iter().filter(|finding| finding.severity == Severity::Error).count(), 1);
    assert_eq!(parsed.findings.len(), 201);
    assert_eq!(parsed.findings.last().unwrap().code, Code::TooManyFindings);
}

#[test]
fn scopes_alone_are_checked_in_the_same_way() {
    let text =
        "- { cloud: aws, permissions: [s3:GetObject] }\n- { cloud: aws, permission: [s3:GetObject] }\n";
    let (scopes, findings) = document::parse_scopes(text);
    assert!(scopes.is_empty());
    let told: Vec<(Code, &str)> = findings.iter().map(|f| (f.code, pointed_at(text, f))).collect();
    assert_eq!(told, [(Code::MissingField, "cloud"), (Code::UnknownField, "permission")]);
    assert_eq!(document::parse_scopes("").1[0].code, Code::EmptyDocument);
    assert_eq!(document::parse_scopes("cloud: gcp\npermissions: [a.b.c]").0.len(), 1);
}

#[test]
fn control_characters_never_reach_a_terminal() {
    let text = with_top("agents: {}\n\"\\e[31m\\n\": 1");
    let finding = only_finding(&text);
    assert!(!finding.message.contains(char::is_control), "{:?}", finding.message);
}

#[test]
fn aliases_do_not_multiply() {
    let text = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n";
    let findings = ScopeDocument::parse(text).findings;
    assert!(
        findings.iter().filter(|finding| finding.code == Code::UnsupportedYaml).count() == 8,
        "{findings:#?}"
    );
}

#[test]
fn operations_that_are_taken_for_data_are_on_data_in_azures_own_list() {
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/azure.tsv");
    let list = std::fs::read_to_string(list).unwrap();
    let mut data = 0;
    for line in list.lines() {
        let (operation, plane) = line.split_once('\t').unwrap();
        let Ok(parsed) = operation.parse::<deputize_scope::azure::AzureOperation>() else { continue };
        assert!(parsed.has_verb(), "{operation}");
        if parsed.plane() == Some(deputize_scope::azure::Plane::Data) {
            assert!(plane.contains('D'), "{line}");
            data += 1;
        }
    }
    assert!(data > 20, "{data}");
}
