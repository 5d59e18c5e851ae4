//! Every check and every test, and one line that counts them all.

use std::process::{Command, ExitCode};

use crate::console;
use crate::failure::Failure;
use crate::progress::{self, Show};
use crate::tally::Tally;
use crate::test_env;
use crate::wasm;
use crate::workspace::Workspace;

/// Crates that also live in browsers and on the edge.
const PURE: [&str; 3] = ["deputize-ledger", "deputize-scope", "deputize-validator"];

/// Sets up what is missing, then runs everything: a failure hides none of what comes after it.
pub(crate) fn run(workspace: &Workspace, filters: &[String]) -> Result<ExitCode, Failure> {
    let mut tally = Tally::default();
    let set_up = test_env::prepare(workspace);
    if let Err(failure) = &set_up {
        eprintln!("set-up failed: {failure}");
    }
    tally.add(Tally::of_check(set_up.is_ok()));
    let validator = wasm::build(workspace);
    if let Err(failure) = &validator {
        eprintln!("the validator for JavaScript was not built: {failure}");
    }
    tally.add(Tally::of_check(validator.is_ok()));
    match validator.map(|validator| console::build_with(workspace, &validator)) {
        Ok(console) => {
            if let Err(failure) = &console {
                eprintln!("the console was not built: {failure}");
            }
            tally.add(Tally::of_check(console.is_ok()));
        }
        Err(_) => tally.add(not_run("the console", "it has the validator in it")),
    }

    if filters.is_empty() {
        tally.add(checks(workspace)?);
    } else {
        tally.add(not_run("checks", "only some tests were asked for"));
    }
    tally.add(tests(workspace, filters)?);

    println!("{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn checks(workspace: &Workspace) -> Result<Tally, Failure> {
    let mut wasm = workspace.cargo(&["check", "--target", test_env::WASM]);
    wasm.args(PURE.iter().flat_map(|package| ["--package", package]));
    let lint = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];

    // A workspace of its own, of which nothing else here sees that it still compiles.
    let mut fuzzers = workspace.cargo(&["check"]);
    fuzzers.arg("--manifest-path").arg(workspace.root().join("fuzz/Cargo.toml"));
    fuzzers.arg("--target-dir").arg(workspace.target().join("fuzz")).env("RUSTFLAGS", "--cfg fuzzing");

    let mut tally = Tally::default();
    tally.add(check("format", workspace.cargo(&["fmt", "--all", "--check"]))?);
    tally.add(check("lint", workspace.cargo(&lint))?);
    tally.add(check("pure crates for wasm32", wasm)?);
    tally.add(check("fuzz targets", fuzzers)?);
    tally.add(dependencies(workspace)?);
    tally.add(check("console", console::tests(workspace))?);
    Ok(tally)
}

/// What deny.toml says of the crates that are used, and what the world has learnt of them since.
fn dependencies(workspace: &Workspace) -> Result<Tally, Failure> {
    const RULES: &str = "licences and sources";
    const ADVISORIES: &str = "advisories";
    if !installed(workspace, "deny") {
        let why = "cargo-deny is not installed (`cargo install --locked cargo-deny`)";
        let mut tally = not_run(RULES, why);
        tally.add(not_run(ADVISORIES, why));
        return Ok(tally);
    }
    let rules = ["deny", "check", "bans", "licenses", "sources"];
    let mut tally = check(RULES, workspace.cargo(&rules))?;
    let fetched = workspace.cargo(&["deny", "fetch", "db"]).output();
    if fetched.is_ok_and(|output| output.status.success()) {
        let advisories = ["deny", "check", "--disable-fetch", "advisories"];
        tally.add(check(ADVISORIES, workspace.cargo(&advisories))?);
    } else {
        // No network is no fault of the code, but nobody should believe that it was checked.
        tally.add(not_run(ADVISORIES, "the advisory database cannot be fetched (`cargo deny fetch db`)"));
    }
    Ok(tally)
}

fn tests(workspace: &Workspace, filters: &[String]) -> Result<Tally, Failure> {
    // All targets at once: the binaries that the end-to-end tests run are among them, and with one
    // selection of packages and features nothing is compiled twice.
    let mut tally = check("build", workspace.cargo(&["build", "--workspace", "--all-targets"]))?;
    if tally.failed > 0 {
        tally.add(not_run("tests", "the build failed"));
        tally.add(not_run("examples in the documentation", "the build failed"));
        return Ok(tally);
    }
    let runner: &[&str] = if installed(workspace, "nextest") {
        &["nextest", "run", "--workspace", "--all-targets", "--no-fail-fast", "--cargo-quiet"]
    } else {
        &["test", "--workspace", "--all-targets", "--no-fail-fast", "--quiet"]
    };
    let examples = ["test", "--workspace", "--doc", "--no-fail-fast", "--quiet"];
    tally.add(count("tests", filtered(workspace.cargo(runner), filters), Show::Everything)?);
    tally.add(count(
        "examples in the documentation",
        filtered(workspace.cargo(&examples), filters),
        Show::OnFailure,
    )?);
    Ok(tally)
}

fn check(name: &str, command: Command) -> Result<Tally, Failure> {
    Ok(Tally::of_check(progress::step(name, command, Show::OnFailure)?.status.success()))
}

fn count(name: &str, command: Command, show: Show) -> Result<Tally, Failure> {
    Ok(Tally::of_tests(&progress::step(name, command, show)?))
}

fn not_run(name: &str, why: &str) -> Tally {
    progress::skipped(name, why);
    Tally { skipped: 1, ..Tally::default() }
}

fn filtered(mut command: Command, filters: &[String]) -> Command {
    if !filters.is_empty() {
        command.arg("--").args(filters);
    }
    command
}

/// Whether cargo has a subcommand of that name.
fn installed(workspace: &Workspace, subcommand: &str) -> bool {
    workspace.cargo(&[subcommand, "--version"]).output().is_ok_and(|output| output.status.success())
}
