//! The commands that need no broker: what they print, and how they exit.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};

use common::{deputize, outcome, written};
use tempfile::TempDir;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mission.yaml")
}

#[test]
fn the_example_is_sound_and_its_elevated_agent_is_warned_of() {
    let (code, out, err) = outcome(deputize().arg("check").arg(example()));
    assert_eq!(code, 0, "{out}");
    assert_eq!(
        err.matches("warning[").count(),
        err.matches("warning[all-authority]: cto-agent").count(),
        "{err}"
    );
    let strict = outcome(deputize().arg("check").arg("--strict").arg(example())).0;
    assert_eq!(strict, 1, "{err}");
}

#[test]
fn an_error_is_shown_where_it_is_and_fails() {
    let folder = TempDir::new().unwrap();
    let file = written(&folder, "scopes.yaml", "version: 1\ntenant: acme\nagnets: {}\n");
    let (code, _, err) = outcome(deputize().arg("check").arg(&file));
    assert_eq!(code, 1);
    assert!(err.contains("scopes.yaml:3:1") && err.contains("agnets: {}"), "{err}");
}

#[test]
fn findings_as_json_are_on_standard_output_alone() {
    let folder = TempDir::new().unwrap();
    let file = written(&folder, "scopes.yaml", "version: 2\n");
    let (code, out, err) = outcome(deputize().args(["check", "--format", "json"]).arg(&file));
    assert_eq!((code, err.as_str()), (1, ""));
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told[0]["findings"][0]["severity"], "error");
}

#[test]
fn an_unreadable_file_and_wrong_usage_exit_with_2() {
    assert_eq!(outcome(deputize().args(["check", "no/such/file.yaml"])).0, 2);
    assert_eq!(
        outcome(deputize().args(["compile", "no/such/file.yaml", "--agent", "aa", "--cloud", "aws"])).0,
        2
    );
    assert_eq!(outcome(deputize().arg("check")).0, 2);
    assert_eq!(outcome(deputize().arg("chekc")).0, 2);
}

#[test]
fn a_policy_is_printed_alone_on_standard_output() {
    let mut command = deputize();
    command.arg("compile").arg(example()).args(["--agent", "devops-agent", "--cloud", "aws"]);
    let (code, out, err) = outcome(&mut command);
    assert_eq!(code, 0, "{err}");
    let policy: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    assert!(err.contains(&format!("{} characters", out.trim_end().len())), "{err}");
}

#[test]
fn what_google_cloud_and_azure_are_asked_for_is_printed() {
    let compiled = |arguments: &[&str]| {
        let (code, out, err) = outcome(deputize().arg("compile").arg(example()).args(arguments));
        assert_eq!(code, 0, "{err}");
        (serde_json::from_str::<serde_json::Value>(&out).unwrap(), err)
    };
    let (token, err) = compiled(&["--agent", "cso-agent", "--cloud", "gcp"]);
    assert_eq!(token["scopes"][0], "https://www.googleapis.com/auth/securitycenter");
    assert!(err.contains("the service account's own roles decide"), "{err}");
    let (token, err) = compiled(&["--agent", "data-agent", "--cloud", "gcp", "--index", "1"]);
    let rules = &token["access_boundary"]["accessBoundary"]["accessBoundaryRules"];
    assert_eq!(rules[0]["availableResource"], "//storage.googleapis.com/projects/_/buckets/acme-data");
    assert!(err.contains("1 rules, 9 to spare"), "{err}");
    let (token, err) = compiled(&["--agent", "data-agent", "--cloud", "azure"]);
    assert_eq!(token["scopes"][0], "https://storage.azure.com/.default");
    assert!(err.contains("role assignments"), "{err}");
}

#[test]
fn what_cannot_be_compiled_is_said() {
    for (arguments, said) in [
        (["--agent", "marketing-agent", "--cloud", "gcp"].as_slice(), "no scope for gcp"),
        (&["--agent", "nobody", "--cloud", "aws"], "no agent nobody"),
        (&["--agent", "devops-agent", "--cloud", "aws", "--index", "99"], "counted from 0 to 3"),
    ] {
        let (code, out, err) = outcome(deputize().arg("compile").arg(example()).args(arguments));
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}");
        assert!(err.contains(said), "{err}");
    }
}

#[test]
fn containment_is_shown_or_refuted_by_a_call() {
    let folder = TempDir::new().unwrap();
    let scope =
        |permission: &str| format!("cloud: aws\npermissions: [\"{permission}\"]\nregions: [us-east-1]\n");
    let wide = written(&folder, "wide.yaml", &scope("s3:Get*"));
    let narrow = written(&folder, "narrow.yaml", &scope("s3:GetObject"));
    let contains = |grant: &Path, request: &Path| {
        outcome(deputize().arg("contains").arg("--grant").arg(grant).arg("--request").arg(request))
    };
    assert_eq!(contains(&wide, &narrow), (0, "contained\n".to_owned(), String::new()));
    let (code, out, _) = contains(&narrow, &wide);
    assert_eq!(code, 1);
    assert!(out.starts_with("not contained: s3:Get"), "{out}");
    let azure = |permission: &str| format!("cloud: azure\npermissions: [\"{permission}\"]\n");
    let wide = written(&folder, "wide-azure.yaml", &azure("Microsoft.Compute/*"));
    let narrow = written(&folder, "narrow-azure.yaml", &azure("Microsoft.Compute/*/read"));
    assert_eq!(contains(&wide, &narrow).0, 0);
    let (code, out, _) = contains(&narrow, &wide);
    assert_eq!(code, 1);
    assert!(out.starts_with("not contained: Microsoft.Compute/"), "{out}");
}

#[test]
fn a_client_command_without_a_broker_says_how_to_start_one() {
    let folder = TempDir::new().unwrap();
    let mut command = deputize();
    command.args(["leases", "list"]).current_dir(folder.path()).env_remove("DEPUTIZE_URL");
    let (code, _, err) = outcome(&mut command);
    assert_eq!(code, 1);
    assert!(err.contains("deputize up"), "{err}");
}

#[test]
fn config_tells_where_a_setting_is_from_and_never_the_token() {
    let folder = TempDir::new().unwrap();
    written(&folder, "deputize.toml", "listen = '127.0.0.1:9'\n");
    let mut command = deputize();
    command
        .args(["config", "--url", "http://flag"])
        .current_dir(folder.path())
        .env("DEPUTIZE_TOKEN", "canary");
    let (code, out, err) = outcome(&mut command);
    assert_eq!(code, 0, "{err}");
    let line = |name: &str| out.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("url").ends_with("flag") && line("listen").ends_with("deputize.toml"), "{out}");
    assert!(line("token ").ends_with("DEPUTIZE_TOKEN") && !out.contains("canary"), "{out}");
}
