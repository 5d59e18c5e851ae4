//! `deputize catalogue` against a stand-in for the clouds, at full size.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod stub;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use assert_cmd::Command;
use deputize_scope::catalogue::{Catalogue, Catalogues, Plane, Planes};
use deputize_scope::finding::Code;
use deputize_scope::{Cloud, check};
use serde_json::{Value, json};
use stub::{Answer, Asked, TOKEN, list, serve};
use tempfile::TempDir;

/// The resource that Google Cloud is asked about.
const RESOURCE: &str = "//cloudresourcemanager.googleapis.com/organizations/1";

fn deputize(state: &Path, arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deputize"));
    command.env("CLOUDSDK_AUTH_ACCESS_TOKEN", TOKEN).env("AZURE_ACCESS_TOKEN", TOKEN);
    let output = command.arg("--state").arg(state).arg("catalogue").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn pull(state: &Path, cloud: &str, url: &str) -> (bool, String, String) {
    let resource: &[&str] = if cloud == "gcp" { &["--resource", RESOURCE] } else { &[] };
    deputize(state, &[&["pull", "--cloud", cloud, "--url", url], resource].concat())
}

fn pulled(state: &Path, cloud: Cloud) -> Catalogue {
    let text = std::fs::read_to_string(state.join(format!("catalogue/{cloud}.txt"))).unwrap();
    Catalogue::parse(text).unwrap()
}

/// Google Cloud with these permissions, a thousand to a page; `allow` decides on each request by its number.
fn google(
    names: Vec<String>,
    allow: impl Fn(usize, &Asked) -> Option<Answer> + Send + Sync + 'static,
) -> String {
    let asked_before = AtomicUsize::new(0);
    serve(move |asked, _| {
        if let Some(answer) = allow(asked_before.fetch_add(1, Ordering::SeqCst), asked) {
            return answer;
        }
        assert_eq!(asked.path, "/v1/permissions:queryTestablePermissions");
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!(body["fullResourceName"], RESOURCE);
        let size = body["pageSize"].as_u64().unwrap() as usize;
        let from: usize = body["pageToken"].as_str().map_or(0, |token| token.parse().unwrap());
        let page: Vec<Value> =
            names.iter().skip(from).take(size).map(|name| json!({ "name": name, "stage": "GA" })).collect();
        let mut answer = json!({ "permissions": page });
        if from + size < names.len() {
            answer["nextPageToken"] = (from + size).to_string().into();
        }
        Answer::ok(&answer)
    })
}

fn names_of_google() -> Vec<String> {
    list("gcp").into_iter().map(|(name, _)| name).collect()
}

#[test]
fn every_permission_of_google_cloud_is_known_after_a_pull() {
    let state = TempDir::new().unwrap();
    let names = names_of_google();
    let (done, out, err) = pull(state.path(), "gcp", &google(names.clone(), |_, _| None));
    assert!(done, "{err}");
    assert!(out.starts_with(&format!("gcp: {} permissions", names.len())), "{out}");
    let catalogue = pulled(state.path(), Cloud::Gcp);
    assert_eq!(catalogue.len(), names.len());
    assert!(!catalogue.is_core());
    let unknown: Vec<_> = names.iter().filter(|name| catalogue.find(name).is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert_accepted(&names, Cloud::Gcp, catalogue);
    let (_, out, _) = deputize(state.path(), &["show", "--cloud", "gcp"]);
    assert!(out.contains(&format!("{} permissions", names.len())) && out.contains("gcp.txt"), "{out}");
}

#[test]
fn every_operation_of_azure_is_known_in_its_planes_after_a_pull() {
    let mut providers: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let list = list("azure");
    for (name, planes) in &list {
        let provider = providers.entry(name.split('/').next().unwrap().to_owned()).or_default();
        for plane in planes.chars() {
            provider.push(json!({ "name": name, "isDataAction": plane == 'D' }));
        }
    }
    let values: Vec<Value> = providers
        .into_iter()
        .map(|(name, mut operations)| {
            let of_types = operations.split_off(operations.len() / 2);
            json!({ "name": name, "operations": operations, "resourceTypes": [{ "name": "x", "operations": of_types }] })
        })
        .collect();
    let url = serve(move |asked, base| {
        assert_eq!(asked.path, "/providers/Microsoft.Authorization/providerOperations");
        assert!(
            asked.query.contains("api-version=2022-04-01") && asked.query.contains("$expand=resourceTypes")
        );
        let from = asked.query.split("skip=").nth(1).map_or(0, |skip| skip.parse().unwrap());
        let mut answer = json!({ "value": values.iter().skip(from).take(40).collect::<Vec<_>>() });
        if from + 40 < values.len() {
            answer["nextLink"] = format!(
                "{base}{}?{}&skip={}",
                asked.path,
                "api-version=2022-04-01&$expand=resourceTypes",
                from + 40
            )
            .into();
        }
        Answer::ok(&answer)
    });
    let state = TempDir::new().unwrap();
    let (done, _, err) = pull(state.path(), "azure", &url);
    assert!(done, "{err}");
    let catalogue = pulled(state.path(), Cloud::Azure);
    assert_eq!(catalogue.len(), list.len());
    for (name, planes) in &list {
        let planes = match planes.as_str() {
            "C" => Planes::One(Plane::Control),
            "D" => Planes::One(Plane::Data),
            _ => Planes::Both,
        };
        assert_eq!(catalogue.find(name).map(|known| known.planes()), Some(planes), "{name}");
    }
    let names: Vec<String> = list.into_iter().map(|(name, _)| name).collect();
    assert_accepted(&names, Cloud::Azure, catalogue);
}

/// Scope documents that ask for all of them have no finding about what a permission is called.
fn assert_accepted(names: &[String], cloud: Cloud, catalogue: Catalogue) {
    let mut catalogues = Catalogues::default();
    *match cloud {
        Cloud::Aws => &mut catalogues.aws,
        Cloud::Gcp => &mut catalogues.gcp,
        Cloud::Azure => &mut catalogues.azure,
    } = Some(catalogue);
    for part in names.chunks(1_000) {
        let scope = json!({ "cloud": cloud.to_string(), "permissions": part });
        let text = json!({ "version": 1, "tenant": "acme", "agents": { "ops": { "scopes": [scope] } } });
        let findings = check::document(&text.to_string(), &catalogues).findings;
        // In what capitals is another matter: the list of Azure itself writes some providers in two ways.
        let about_names =
            [Code::UnknownService, Code::UnknownPermission, Code::InvalidPermission, Code::OperationShape];
        let about_names = findings.iter().find(|one| about_names.contains(&one.code));
        assert_eq!(about_names, None);
    }
}

/// What a catalogue says, but for which types are required: AWS does not tell that.
fn said(catalogue: &Catalogue) -> BTreeSet<String> {
    let told = |permission: deputize_scope::catalogue::Permission<'_>| {
        let types: BTreeSet<_> = permission
            .resource_types()
            .map(|kind| (kind.name(), kind.arn_formats().collect::<Vec<_>>()))
            .collect();
        let keys: BTreeSet<_> = permission.condition_keys().map(|key| (key.name(), key.kind())).collect();
        format!("{} {} {types:?} {keys:?}", permission.name(), permission.access())
    };
    catalogue.services().flat_map(|service| service.permissions()).map(told).collect()
}

#[test]
fn a_pull_from_aws_says_what_the_built_in_catalogue_says() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogue/aws.txt")).unwrap();
    let built_in = Arc::new(Catalogue::parse(text).unwrap());
    let shared = Arc::clone(&built_in);
    let url = serve(move |asked, base| {
        assert_eq!(asked.authorization, None);
        if asked.path == "/" {
            let link =
                |name: &str| json!({ "service": name, "url": format!("{base}/v1/{name}/{name}.json") });
            let services: Vec<_> = shared.services().map(|service| link(service.name())).collect();
            return Answer::ok(&services.into());
        }
        Answer::ok(&stub::service_of_aws(shared.service(asked.path.split('/').nth(2).unwrap()).unwrap()))
    });
    let state = TempDir::new().unwrap();
    let (done, out, err) = pull(state.path(), "aws", &url);
    assert!(done, "{err}");
    assert!(out.starts_with("aws: 22091 permissions of 456 services"), "{out}");
    let pulled = pulled(state.path(), Cloud::Aws);
    let (pulled, built_in) = (said(&pulled), said(&built_in));
    let differing: Vec<_> = pulled.symmetric_difference(&built_in).take(4).collect();
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn an_interrupted_pull_goes_on_where_it_ended_and_the_old_catalogue_stays_until_then() {
    let names = names_of_google();
    let pages = names.len().div_ceil(1000);
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let url = google(names, move |number, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        (number == 5).then(|| Answer::status(403))
    });
    let state = TempDir::new().unwrap();
    let (done, _, err) = pull(state.path(), "gcp", &url);
    assert!(!done && err.contains("403") && err.contains("as it was"), "{err}");
    assert!(deputize(state.path(), &["show", "--cloud", "gcp"]).1.contains("built in"));

    let (done, _, err) = pull(state.path(), "gcp", &url);
    assert!(done, "{err}");
    assert_eq!(count.load(Ordering::SeqCst), pages + 1);
    assert!(!state.path().join("catalogue/gcp.pages").exists());
}

#[test]
fn a_pull_begins_anew_where_the_token_of_a_kept_page_has_lapsed() {
    let names = names_of_google();
    let url = google(names.clone(), move |number, asked| match number {
        3 => Some(Answer::status(403)),
        4 => {
            assert!(asked.body.contains("pageToken"));
            Some(Answer::status(400))
        }
        _ => None,
    });
    let state = TempDir::new().unwrap();
    assert!(!pull(state.path(), "gcp", &url).0);
    assert!(pull(state.path(), "gcp", &url).0);
    assert_eq!(pulled(state.path(), Cloud::Gcp).len(), names.len());
}

#[test]
fn trouble_that_passes_is_waited_for() {
    let names = names_of_google();
    let url = google(names.clone(), |number, _| match number % 4 {
        0 => Some(Answer::status(503)),
        2 => Some(Answer::status(429)),
        _ => None,
    });
    let state = TempDir::new().unwrap();
    let (done, _, err) = pull(state.path(), "gcp", &url);
    assert!(done, "{err}");
    assert_eq!(pulled(state.path(), Cloud::Gcp).len(), names.len());
}

#[test]
fn an_answer_that_is_of_no_use_leaves_the_catalogue_as_it_was() {
    let state = TempDir::new().unwrap();
    let url = google(vec!["storage.objects.get".into()], |_, _| None);
    assert!(pull(state.path(), "gcp", &url).0);
    let elsewhere = json!({ "value": [], "nextLink": "https://example.com/next" });
    let cases = [
        ("gcp", "{}".to_owned()),
        ("gcp", "<html>".to_owned()),
        ("gcp", r#"{"permissions":[{"name":"no permission"}]}"#.to_owned()),
        ("azure", elsewhere.to_string()),
        ("aws", r#"[{"service":"s3","url":"http://example.com/s3.json"}]"#.to_owned()),
    ];
    for (cloud, answer) in cases {
        let url = serve(move |_, _| Answer { status: 200, body: answer.clone() });
        let (done, _, err) = pull(state.path(), cloud, &url);
        assert!(!done && err.contains("error"), "{cloud} {err}");
    }
    assert_eq!(pulled(state.path(), Cloud::Gcp).len(), 1);
    for cloud in ["aws", "azure"] {
        assert!(!state.path().join(format!("catalogue/{cloud}.txt")).exists());
    }
}

#[test]
fn the_token_is_asked_for_and_is_kept_nowhere() {
    let state = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_deputize"));
    command.env_remove("CLOUDSDK_AUTH_ACCESS_TOKEN").env_remove("GOOGLE_OAUTH_ACCESS_TOKEN");
    command.args(["catalogue", "pull", "--cloud", "gcp", "--resource", RESOURCE]);
    let output = command.output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("CLOUDSDK_AUTH_ACCESS_TOKEN"));

    // Ends in the middle, so that pages are left.
    let url = google(names_of_google(), |number, asked| {
        assert_eq!(asked.authorization.as_deref(), Some(format!("Bearer {TOKEN}").as_str()));
        (number == 2).then(|| Answer::status(401))
    });
    let (done, out, err) = pull(state.path(), "gcp", &url);
    assert!(!done && err.contains("the token is not valid"), "{err}");
    let mut kept = out + &err;
    for file in std::fs::read_dir(state.path().join("catalogue/gcp.pages")).unwrap() {
        kept += &std::fs::read_to_string(file.unwrap().path()).unwrap();
    }
    assert!(kept.len() > 100_000 && !kept.contains(TOKEN));
}

#[test]
fn show_tells_what_is_known_of_a_permission() {
    let state = TempDir::new().unwrap();
    let shown = |permission: &str| deputize(state.path(), &["show", permission]);
    let (known, out, _) = shown("s3:getobject");
    assert!(known && out.starts_with("s3:GetObject\n  access: Read\n"), "{out}");
    assert!(out.contains("resource: object") && out.contains("arn:${Partition}:s3:::"), "{out}");
    let (known, out, _) = shown("logs:Put*");
    assert!(known && out.lines().count() > 3 && out.contains("logs:PutLogEvents  Write"), "{out}");
    let (known, out, _) = shown("s3:GetObejct");
    assert!(!known && out.contains("did you mean s3:GetObject?"), "{out}");
    let (known, out, _) = shown("storage.nothings.get");
    assert!(!known && out.contains("not in the built-in core of gcp"), "{out}");
    let (known, out, _) = deputize(state.path(), &["show"]);
    assert!(known && out.contains("22091 permissions of 456 services"), "{out}");
}
