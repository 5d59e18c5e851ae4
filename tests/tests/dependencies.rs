//! The one rule of dependency, as ARCHITECTURE.md draws it: who may know whom.

use std::collections::BTreeSet;
use std::error::Error;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

const SCOPE: &str = "deputize-scope";
const LEDGER: &str = "deputize-ledger";
const BROKER: &str = "deputize-broker";
const API: &str = "deputize-api";
const HTTP: &str = "deputize-http";
const CLOUDS: &str = "deputize-clouds";
const TESTKIT: &str = "deputize-testkit";
const SANDBOX: &str = "deputize-sandbox";

/// Each package of the workspace, and the packages of the workspace that it may depend on.
/// A new package gets its line here first.
#[rustfmt::skip]
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    // Pure: decide, and know nobody.
    (SCOPE,               &[]),
    (LEDGER,              &[]),
    // The domain: ports, and what flows through them.
    (BROKER,              &[SCOPE, LEDGER]),
    // HTTP: the domain's face.
    (API,                 &[BROKER, SCOPE, LEDGER]),
    // Adapters: each fills ports of the domain, and never knows another adapter.
    ("deputize-aws",      &[BROKER, SCOPE]),
    ("deputize-azure",    &[BROKER, SCOPE, HTTP]),
    ("deputize-connectors", &[BROKER, SCOPE, HTTP]),
    ("deputize-dynamodb", &[BROKER, SCOPE, LEDGER]),
    ("deputize-gcp",      &[BROKER, SCOPE, HTTP]),
    ("deputize-keyring",  &[BROKER, SCOPE, LEDGER]),
    ("deputize-kms",      &[BROKER, SCOPE, LEDGER]),
    ("deputize-nats",     &[BROKER, SCOPE]),
    ("deputize-s3",       &[BROKER, SCOPE]),
    // How those without an SDK of their vendor's speak HTTP: bounds, retries, failures.
    (HTTP,                &[BROKER]),
    // Which of those stand for the clouds, by a deployment's settings; the one place that functions and laptops share.
    (CLOUDS,              &[BROKER, SCOPE, HTTP, "deputize-aws", "deputize-azure", "deputize-gcp", "deputize-host"]),
    // What a process brings along: clock, randomness, log.
    ("deputize-host",     &[BROKER]),
    // Clouds to try it against: they know what a policy means, and nothing of the broker.
    (SANDBOX,             &[SCOPE]),
    // Contract suites for the ports.
    (TESTKIT,             &[BROKER, SCOPE, LEDGER]),
    // Functions and the command line wire: settings in, adapters into the API.
    ("issuance",          &[API, BROKER, SCOPE, LEDGER, CLOUDS, "deputize-aws", "deputize-connectors", "deputize-dynamodb", "deputize-host", "deputize-kms", "deputize-s3"]),
    ("audit",             &[BROKER, SCOPE, LEDGER, CLOUDS, "deputize-aws", "deputize-dynamodb", "deputize-host", "deputize-kms", "deputize-nats", "deputize-s3"]),
    ("rotation",          &[BROKER, SCOPE, LEDGER, CLOUDS, "deputize-aws", "deputize-connectors", "deputize-dynamodb", "deputize-host", "deputize-kms"]),
    ("deputize-cli",      &[API, BROKER, SCOPE, LEDGER, SANDBOX, HTTP, CLOUDS, "deputize-aws", "deputize-connectors", "deputize-dynamodb", "deputize-host", "deputize-keyring", "deputize-kms", "deputize-nats", "deputize-s3"]),
    // The validator for JavaScript: bindings.
    ("deputize-validator", &[SCOPE, LEDGER]),
    // Entry points of the fuzzers.
    ("deputize-fuzz",     &[SCOPE]),
    // Set-up knows no product code: it has to build in a moment, and when the product does not.
    ("xtask",             &[]),
    ("xtask-wasm-bindgen", &[]),
    // End to end, from the outside; contract suites on emulators.
    ("deputize-e2e",      &[API, "deputize-s3", BROKER, SCOPE, LEDGER, SANDBOX, TESTKIT, HTTP, "deputize-validator", "deputize-aws", "deputize-azure", "deputize-dynamodb", "deputize-gcp", "deputize-host", "deputize-keyring", "deputize-kms"]),
];

/// What tests inside a package may use beyond that.
const TESTS_MAY_USE: &[&str] = &[TESTKIT, SANDBOX, "deputize-e2e", "deputize-host"];

/// Packages that must not end up inside another, over any number of steps. `name*` is a prefix.
#[rustfmt::skip]
const MUST_NOT_LINK: &[(&str, &[&str])] = &[
    (SCOPE,      &["aws-*", "tokio", "hyper", "reqwest", "rand", "getrandom"]),
    (LEDGER,     &["aws-*", "tokio", "hyper", "reqwest", "rand", "getrandom"]),
    (BROKER,     &["aws-*", "hyper", "reqwest", "axum", "lambda_*"]),
    (API,        &["aws-*", "lambda_*"]),
    // What only a laptop needs would cost each cold start.
    ("issuance", &["deputize-keyring", SANDBOX, TESTKIT, "dynoxide-rs", "libsqlite3-sys"]),
    // It cannot mint, and it cannot be asked by anybody.
    ("audit", &[API, "axum", "deputize-connectors", "deputize-keyring", SANDBOX, TESTKIT, "dynoxide-rs", "libsqlite3-sys"]),
    ("rotation", &[API, "axum", "deputize-keyring", SANDBOX, TESTKIT, "dynoxide-rs", "libsqlite3-sys"]),
];

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn every_package_depends_only_on_those_it_may_know() -> Outcome {
    let mut broken = Vec::new();
    for package in metadata()?.workspace_packages() {
        let Some((_, may)) = MAY_DEPEND_ON.iter().find(|(name, _)| *name == package.name.as_str()) else {
            broken.push(format!("{} has no line in MAY_DEPEND_ON", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.path.is_some()) {
            let name = dependency.name.as_str();
            let for_tests = dependency.kind == DependencyKind::Development && TESTS_MAY_USE.contains(&name);
            let itself = name == package.name.as_str();
            let allowed = may.contains(&name) || for_tests || itself;
            if !allowed {
                broken.push(format!("{} must not depend on {name}", package.name));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    Ok(())
}

#[test]
fn no_package_links_what_would_weigh_it_down() -> Outcome {
    let mut broken = Vec::new();
    for (package, forbidden) in MUST_NOT_LINK {
        for linked in linked_by(package)? {
            if is_any(&linked, forbidden) {
                broken.push(format!("{package} must not link {linked}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    Ok(())
}

/// Packages that nothing may bring along: TLS and ciphers are rustls and aws-lc-rs everywhere. `name*` is a prefix.
const NO_OTHER_CRYPTO: &[&str] = &["ring", "openssl", "openssl-s*", "native-tls", "boring*", "mbedtls*"];

#[test]
fn no_library_of_ciphers_is_built_but_aws_lc_rs() -> Outcome {
    // For every target, with every feature, the tests' and the build's own included.
    let built = tree(&["--workspace", "--all-features", "--target", "all", "--edges", "normal,build,dev"])?;
    let found: Vec<_> = built.iter().filter(|name| is_any(name, NO_OTHER_CRYPTO)).collect();
    assert!(found.is_empty(), "{found:?}");
    // The list is of what it should be: what is meant instead is on it.
    assert!(["aws-lc-rs", "rustls"].iter().all(|name| built.contains(*name)), "{built:?}");
    Ok(())
}

#[test]
fn the_table_names_no_package_that_is_gone() -> Outcome {
    let metadata = metadata()?;
    let packages: BTreeSet<_> =
        metadata.workspace_packages().into_iter().map(|package| package.name.to_string()).collect();
    let gone: Vec<_> = MAY_DEPEND_ON.iter().filter(|(name, _)| !packages.contains(*name)).collect();
    assert!(gone.is_empty(), "{gone:?}");
    Ok(())
}

fn metadata() -> Result<Metadata, cargo_metadata::Error> {
    MetadataCommand::new().manifest_path(MANIFEST).no_deps().exec()
}

/// Whether a package is one of these.
fn is_any(name: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == *pattern,
    })
}

/// The names of everything that is compiled into `package` when it is built by itself, as it is for
/// release: `cargo metadata` would mix in features that other packages of the workspace ask for.
fn linked_by(package: &str) -> Result<BTreeSet<String>, Box<dyn Error>> {
    tree(&["--edges", "normal", "--package", package])
}

/// The names of what `cargo tree` shows.
fn tree(selected: &[&str]) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--prefix", "none", "--format", "{p}"])
        .args(selected)
        .output()?;
    if !tree.status.success() {
        return Err(String::from_utf8_lossy(&tree.stderr).into());
    }
    let lines = String::from_utf8(tree.stdout)?;
    Ok(lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}
