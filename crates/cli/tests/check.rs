//! `deputize check`, `explain` and `scopes diff`: what they print, mend and return.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::path::Path;

use cargo_metadata::MetadataCommand;
use common::{deputize, outcome, written};
use serde_json::{Value, json};
use tempfile::TempDir;

const POLICY: &str = r#"{
  "Statement": {
    "Sid": "read data",
    "Effect": "allow",
    "Action": ["S3:Get*", "s3:GetObject"],
    "Resource": "arn:aws:s3:::acme-data/*"
  }
}
"#;

fn check(file: &Path, arguments: &[&str]) -> (i32, String, String) {
    outcome(deputize().arg("check").arg(file).args(arguments))
}

#[test]
fn an_iam_policy_is_checked_as_what_it_is() {
    let folder = TempDir::new().unwrap();
    let file = written(&folder, "policy.json", POLICY);
    let (code, _, err) = check(&file, &["--kind", "aws-policy"]);
    assert_eq!(code, 1);
    assert!(err.contains("policy.json:4:15") && err.contains("error[unknown-value]"), "{err}");
    let trust = check(&file, &["--kind", "aws-policy=trust", "--format", "json"]).1;
    assert!(trust.contains("unsupported-element"), "{trust}");
    assert_eq!(check(&file, &["--kind", "aws-policy=role"]).0, 2);
}

const CONNECTOR: &str = r#"version: 1
name: example
hosts: [api.example.com]
auth: { scheme: bearer }
create: { url: "https://api.example.com/keys", body: { name: "{label}" }, key: /key, id: /id }
probe: { url: "https://api.example.com/me?key={key}" }
list: { url: "https://api.example.com/keys", items: /keys, id: /id, label: /name }
revoke: { url: "https://api.example.com/keys/{keyid}" }
"#;

const WITH_CONNECTORS: &str = r#"version: 1
tenant: acme
agents: { ops: {} }
credentials:
  - { id: one, type: api_key, agent: ops, rotate: { every: 7d, connector: connectors/example.yaml } }
  - { id: two, type: api_key, agent: ops, rotate: { every: 7d, connector: connectors/example.yaml } }
  - { id: three, type: api_key, agent: ops, rotate: { every: 7d, connector: connectors/missing.yaml } }
"#;

#[test]
fn a_connector_is_checked_and_mended() {
    let folder = TempDir::new().unwrap();
    let file = written(&folder, "example.yaml", CONNECTOR);
    let (code, _, err) = check(&file, &["--kind", "connector"]);
    assert_eq!(code, 1);
    assert!(err.contains("example.yaml:6:15") && err.contains("error[secret-in-url]"), "{err}");
    let (_, out, _) = check(&file, &["--kind", "connector", "--fix", "--format", "json"]);
    let findings = &serde_json::from_str::<Value>(&out).unwrap()[0]["findings"];
    assert_eq!(findings.as_array().unwrap().len(), 1, "{findings}");
    let sound = CONNECTOR.replace("?key={key}", "").replace("{keyid}", "{key.id}");
    let file = written(&folder, "sound.yaml", &sound);
    let strict = check(&file, &["--kind", "connector", "--strict"]);
    assert_eq!(strict, (0, "1 file checked, no findings\n".to_owned(), String::new()));
}

#[test]
fn a_scope_document_is_checked_with_the_connectors_that_it_names() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("connectors")).unwrap();
    let connector = written(&folder, "connectors/example.yaml", CONNECTOR);
    let document = written(&folder, "scopes.yaml", WITH_CONNECTORS);
    let (code, out, err) = check(&document, &[]);
    assert_eq!((code, out.as_str()), (1, "2 files checked, 3 errors, 0 warnings\n"));
    assert!(err.contains("scopes.yaml:7") && err.contains("error[unreadable-connector]"), "{err}");
    assert!(err.contains("connectors/example.yaml:6:15"), "{err}");
    let (_, out, _) = check(&document, &["--format", "sarif"]);
    let log: Value = serde_json::from_str(&out).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let secret = results.iter().find(|result| result["ruleId"] == "secret-in-url").unwrap();
    let place = secret["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
    assert!(place.ends_with("connectors/example.yaml"), "{place}");
    assert!(connector.exists());
}

#[test]
fn what_has_one_fix_is_mended_in_the_file() {
    let folder = TempDir::new().unwrap();
    let file = written(&folder, "policy.json", POLICY);
    let (code, out, err) = check(&file, &["--kind", "aws-policy", "--strict", "--fix"]);
    assert_eq!((code, out.as_str()), (0, "1 file checked, 5 fixed, no findings\n"), "{err}");
    assert!(err.lines().all(|line| line.starts_with("fixed ")), "{err}");
    let mended: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(
        mended,
        json!({ "Version": "2012-10-17", "Statement": {
            "Sid": "readdata", "Effect": "Allow", "Action": ["s3:Get*"], "Resource": "arn:aws:s3:::acme-data/*",
        } })
    );
    let again = check(&file, &["--kind", "aws-policy", "--fix"]);
    assert_eq!(again, (0, "1 file checked, no findings\n".to_owned(), String::new()));
}

#[test]
fn findings_as_sarif_are_as_its_schema_says() {
    let folder = TempDir::new().unwrap();
    let policy = written(&folder, "my policy.json", POLICY);
    let (code, out, err) = check(&policy, &["--kind", "aws-policy", "--format", "sarif"]);
    assert_eq!((code, err.as_str()), (1, ""));
    let log: Value = serde_json::from_str(&out).unwrap();
    let errors: Vec<String> = schema().iter_errors(&log).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());

    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 4, "{out}");
    let effect = results.iter().find(|result| result["ruleId"] == "unknown-value").unwrap();
    let place = &effect["locations"][0]["physicalLocation"];
    assert_eq!(place["region"], json!({ "startLine": 4, "startColumn": 15, "endLine": 4, "endColumn": 22 }));
    assert!(place["artifactLocation"]["uri"].as_str().unwrap().ends_with("/my%20policy.json"));
    let change = &effect["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(change["insertedContent"]["text"], "\"Allow\"");
    let rule = usize::try_from(effect["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][rule]["id"], "unknown-value");

    let empty = written(&folder, "scopes.yaml", "version: 1\ntenant: acme\nagents: {}\n");
    let clean: Value = serde_json::from_str(&check(&empty, &["--format", "sarif"]).1).unwrap();
    assert!(schema().is_valid(&clean) && clean["runs"][0]["results"] == json!([]));
    assert!(!schema().is_valid(&json!({ "version": "2.1.0" })), "the schema refuses what is not SARIF");
}

/// The official schema, from the package that carries it.
fn schema() -> jsonschema::Validator {
    let metadata =
        MetadataCommand::new().manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).exec();
    let metadata = metadata.unwrap();
    let package = metadata.packages.iter().find(|package| package.name.as_str() == "serde-sarif").unwrap();
    let path = package.manifest_path.parent().unwrap().join("src/schema.json");
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    mend(&mut schema);
    jsonschema::validator_for(&schema).unwrap()
}

/// The pattern of a language's name has a bracket too many, in the official schema as well.
fn mend(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.retain(|name, value| {
                name != "pattern" || !value.as_str().is_some_and(|one| one.ends_with("]?$"))
            });
            members.values_mut().for_each(mend);
        }
        Value::Array(items) => items.iter_mut().for_each(mend),
        _ => {}
    }
}

#[test]
fn a_code_is_explained_with_an_example() {
    let (code, out, _) = outcome(deputize().args(["explain", "swallowed-by-deny"]));
    assert_eq!(code, 0);
    assert!(
        out.starts_with("swallowed-by-deny\n") && out.contains("a Deny wins") && out.contains("Instead:"),
        "{out}"
    );
    let (code, _, err) = outcome(deputize().args(["explain", "swalowed-by-deny"]));
    assert_eq!(code, 2);
    assert!(err.contains("did you mean swallowed-by-deny?"), "{err}");
}

#[test]
fn a_permission_is_explained_with_all_that_is_known_of_it() {
    let state = TempDir::new().unwrap();
    let explain = |arguments: &[&str]| {
        outcome(deputize().arg("explain").args(arguments).arg("--state").arg(state.path()))
    };
    let (code, out, _) = explain(&["iam:passrole"]);
    assert_eq!(code, 0);
    for part in
        ["iam:PassRole\n", "  access: ", "arn:${Partition}:iam::", "iam:PassedToService", "  escalation: "]
    {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (code, out, _) = explain(&["Microsoft.KeyVault/vaults/keys/encrypt/action", "--format", "json"]);
    let described: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &described["cloud"], &described["planes"]), (0, &json!("azure"), &json!(["data"])));
    let (code, _, err) = explain(&["storage.object.get"]);
    assert_eq!(code, 2);
    assert!(err.contains("did you mean storage.objects.get?"), "{err}");
}

#[test]
fn what_the_catalogue_knows_is_told_and_mended() {
    let folder = TempDir::new().unwrap();
    let text = "version: 1\ntenant: acme\nagents:\n  ops:\n    scopes:\n      - cloud: aws\n        permissions: [s3:GetObjekt]\n";
    let file = written(&folder, "scopes.yaml", text);
    let check = |arguments: &[&str]| {
        outcome(deputize().arg("check").arg(&file).args(arguments).arg("--state").arg(folder.path()))
    };
    let (code, _, err) = check(&["--strict"]);
    assert!(
        code == 1 && err.contains("unknown-permission") && err.contains("did you mean `s3:GetObject`?"),
        "{err}"
    );
    assert_eq!(check(&["--fix", "--strict"]).0, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text.replace("Objekt", "Object"));
}

#[test]
fn authority_gained_and_lost_is_told_in_words_and_as_json() {
    let folder = TempDir::new().unwrap();
    let scopes = |permission: &str| {
        format!(
            "version: 1\ntenant: acme\nagents:\n  ops:\n    scopes:\n      - cloud: aws\n        permissions: [{permission}]\n"
        )
    };
    let old = written(&folder, "old.yaml", &scopes("s3:GetObject, sqs:SendMessage"));
    let new = written(&folder, "new.yaml", &scopes("\"s3:Get*\""));
    let diff = |arguments: &[&str]| {
        outcome(deputize().args(["scopes", "diff"]).arg(&new).arg("--against").arg(&old).args(arguments))
    };
    let (code, out, err) = diff(&[]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("+ ops: s3:Get* on * in every region (aws)\n    such as s3:Get"), "{out}");
    assert!(out.contains("\n- ops: sqs:SendMessage on *"), "{out}");
    let changes: Value = serde_json::from_str(&diff(&["--format", "json"]).1).unwrap();
    assert_eq!(changes[0]["direction"], "gained");
    assert!(changes[0]["witness"]["action"].as_str().unwrap().starts_with("s3:Get"));
    let same = outcome(deputize().args(["scopes", "diff"]).arg(&new).arg("--against").arg(&new));
    assert_eq!(same.1, "no authority is gained or lost\n");
}
