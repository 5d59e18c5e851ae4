//! Texts that are made to cost much: each should get an answer, or a clear error, at once.

use deputize_scope::catalogue::Catalogues;
use deputize_scope::check;
use deputize_scope::finding::Finding;
use deputize_scope::iam::PolicyKind;

/// A text, and as what it is checked.
pub(crate) struct Hostile {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    /// None for a scope document.
    pub(crate) kind: Option<PolicyKind>,
}

impl Hostile {
    pub(crate) fn findings(&self, catalogues: &Catalogues) -> Vec<Finding> {
        match self.kind {
            Some(kind) => check::policy(&self.text, kind, catalogues).findings,
            None => check::document(&self.text, catalogues).findings,
        }
    }
}

/// As much of each as fits the largest text that is read, and one that does not fit it.
pub(crate) fn texts() -> Vec<Hostile> {
    let document = |name, text| Hostile { name, text, kind: None };
    let policy = |name, text| Hostile { name, text, kind: Some(PolicyKind::Identity) };
    let nested = |letters: &str| format!("\"s3:{}\"", format!("*{letters}?").repeat(80));
    let nested = ["a", "b", "ab", "ba", "aab", "abb"].map(nested).join(", ");
    let statements = (0..40).map(|index| statement(&nested, &format!("{}{index}*", "*a?*b".repeat(60))));
    let aliases = (1..10).map(|level| {
        let below = vec![format!("*a{}", level - 1); 9].join(", ");
        format!("a{level}: &a{level} [{below}]\n")
    });
    let steps = (0..700).map(|depth| format!("{}a:\n", " ".repeat(depth)));
    let agents = (0..8_000).map(|index| format!("  a{index}: {{ scopes: [] }}\n"));
    vec![
        document("a megabyte", scope("aws", &"s3:GetObject, ".repeat(80_000))),
        document("10,000 actions", scope("aws", &many(|index| format!("s3:A{index}")))),
        document("10,000 wildcards of AWS", scope("aws", &many(|index| format!("\"s3:*{index}*\"")))),
        document(
            "10,000 permissions of Google Cloud",
            scope("gcp", &many(|index| format!("run.jobs.a{index}"))),
        ),
        document(
            "10,000 permissions of Cloud Storage",
            scope("gcp", &many(|index| format!("storage.a.b{index}"))),
        ),
        document("10,000 operations of Azure", scope("azure", &many(|index| format!("A.B/c{index}/read")))),
        document("10,000 wildcards of Azure", scope("azure", &many(|index| format!("\"*/b{index}/*\"")))),
        document(
            "wildcards of Azure in wildcards",
            scope("azure", &many(|index| format!("\"*/{index}/*/*/c\""))),
        ),
        document(
            "10,000 things that are no permissions",
            scope("aws", &many(|index| format!("\"-{index}\""))),
        ),
        document("wildcards in wildcards", scope("aws", &nested)),
        document("5,000 scopes that are the same", equal_scopes("cloud: aws, permissions: [s3:GetObject]")),
        document("5,000 scopes of Google Cloud", equal_scopes("cloud: gcp, permissions: [run.jobs.get]")),
        document("5,000 scopes of Azure", equal_scopes("cloud: azure, permissions: [A.B/c/read]")),
        document(
            "8,000 agents",
            format!("version: 1\ntenant: acme\nagents:\n{}", agents.collect::<String>()),
        ),
        document("anchors and aliases", format!("a0: &a0 [x]\n{}", aliases.collect::<String>())),
        document("60,000 aliases", format!("a: &a 1\nb: [{}]\n", "*a, ".repeat(60_000))),
        document("brackets in brackets", format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000))),
        document("lists in lists", "- ".repeat(120_000)),
        document("mappings in mappings", steps.collect()),
        document("one scalar", scope("aws", &"x".repeat(250_000))),
        document("one key", format!("{}: 1\n", "k".repeat(250_000))),
        document("15,000 fields", (0..15_000).map(|index| format!("f{index}: 1\n")).collect()),
        policy("10,000 actions of a policy", one_statement(&many(|index| format!("\"s3:A{index}\"")), "*")),
        policy(
            "10,000 wildcards of a policy",
            one_statement(&many(|index| format!("\"s3:*{index}*\"")), "*"),
        ),
        policy(
            "wildcards in wildcards of a policy",
            format!(
                r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#,
                statements.collect::<Vec<_>>().join(", ")
            ),
        ),
        policy(
            "3,000 statements",
            format!(
                r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#,
                vec![statement("\"s3:*\"", "b*"); 2_800].join(", ")
            ),
        ),
    ]
}

fn many(one: impl Fn(usize) -> String) -> String {
    (0..10_000).map(one).collect::<Vec<_>>().join(", ")
}

fn scope(cloud: &str, permissions: &str) -> String {
    format!(
        "version: 1\ntenant: acme\nagents: {{ ops: {{ scopes: [{{ cloud: {cloud}, permissions: [{permissions}] }}] }} }}\n"
    )
}

fn equal_scopes(scope: &str) -> String {
    let scopes = format!("{{ {scope} }}, ").repeat(5_000);
    format!("version: 1\ntenant: acme\nagents: {{ ops: {{ scopes: [{scopes}] }} }}\n")
}

fn one_statement(actions: &str, resource: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": {}}}"#, statement(actions, resource))
}

fn statement(actions: &str, resource: &str) -> String {
    format!(r#"{{"Effect": "Allow", "Action": [{actions}], "Resource": "arn:aws:s3:::{resource}"}}"#)
}
