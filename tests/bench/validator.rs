//! What the validator takes, each beside its yardstick in the same run: a scope document beside the reader of YAML
//! alone, plain IAM policies beside parliament, the module for JavaScript beside the same code natively.

#[path = "../../crates/scope/tests/hostile/mod.rs"]
mod hostile;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use deputize_e2e::{Environment, HarnessError};
use deputize_scope::aws::authority::Authority;
use deputize_scope::catalogue::{Catalogue, Catalogues};
use deputize_scope::iam::{self, PolicyKind};
use deputize_scope::{ScopeDocument, check, escalation};
use granit_parser::{Event, Parser};
use serde_json::Value;

use crate::samples::Samples;
use crate::table::Table;

const EXAMPLE: &str = include_str!("../../examples/mission.yaml");
const TWO_AGENTS: &str = include_str!("two-agents.yaml");

pub(crate) const COLUMNS: [&str; 2] = ["median, µs", "per second"];

/// How often a typed document of the size of [`TWO_AGENTS`] is to be checked in a second, on one core.
const TYPED_PER_SECOND: f64 = 50_000.0;

/// How often Python and Node do it.
pub(crate) const ROUNDS: usize = 60;

/// A scope document with five agents at three clouds, and its parts; and one with two agents at two.
pub(crate) fn document() -> Result<Table, HarnessError> {
    let document =
        ScopeDocument::parse(EXAMPLE).document.ok_or_else(|| missing("the example is not sound"))?;
    let none = Catalogues::default();
    let mut table = Table::new("a scope document", &COLUMNS);
    row(&mut table, "its YAML read, and nothing done with it", &Samples::of(events));
    row(
        &mut table,
        "checked, without catalogues",
        &Samples::of(|| check::document(black_box(EXAMPLE), &none)),
    );
    let built_in = Catalogues::built_in();
    row(
        &mut table,
        "checked, with the built-in catalogues",
        &Samples::of(|| check::document(black_box(EXAMPLE), &built_in)),
    );
    row(
        &mut table,
        "two agents, without catalogues",
        &Samples::of(|| check::document(black_box(TWO_AGENTS), &none)),
    );
    row(
        &mut table,
        "two agents, with the built-in catalogues",
        &Samples::of(|| check::document(black_box(TWO_AGENTS), &built_in)),
    );
    row(&mut table, "read and reviewed", &Samples::of(|| ScopeDocument::parse(black_box(EXAMPLE))));
    table.row("asked of a typed document", &[1e6 / TYPED_PER_SECOND, TYPED_PER_SECOND]);
    let typed = || check::typed(black_box(&document));
    row(&mut table, "typed: checked again", &Samples::of(typed));
    let small =
        ScopeDocument::parse(TWO_AGENTS).document.ok_or_else(|| missing("two agents are not sound"))?;
    row(&mut table, "typed: two agents checked again", &Samples::of(|| check::typed(black_box(&small))));
    let paths = || {
        let agents = black_box(&document).agents.values();
        agents.map(|agent| escalation::agent_paths(agent).len()).sum::<usize>()
    };
    row(&mut table, "typed: the escalation of its agents", &Samples::of(paths));
    let sessions: Vec<Authority> =
        document.agents.values().filter_map(|agent| agent.aws_session(None).ok()).collect();
    let contains = || black_box(&sessions).iter().filter(|one| one.contains(one).is_ok()).count();
    row(&mut table, "typed: each agent's authority within itself", &Samples::of(contains));
    Ok(table)
}

fn events() -> usize {
    let mut parser = Parser::new_from_str(black_box(EXAMPLE));
    let events = std::iter::from_fn(|| parser.next_event()).take_while(|event| event.is_ok());
    events.filter(|event| !matches!(black_box(event), Ok((Event::StreamEnd, _)))).count()
}

/// A dozen policies of 2 to 40 statements, all of them in each round.
pub(crate) async fn policies(environment: &Environment, python: &Path) -> Result<Table, HarnessError> {
    let folder = bench("policies");
    let files = fs::read_dir(&folder).map_err(io("reading the policies"))?;
    let texts = files.map(|file| fs::read_to_string(file?.path())).collect::<Result<Vec<String>, _>>();
    let texts = texts.map_err(io("reading a policy"))?;
    let ours = || {
        let checked = black_box(&texts).iter().map(|text| iam::check(text, PolicyKind::Identity));
        checked.map(|checked| checked.findings.len()).sum::<usize>()
    };
    let arguments = [folder.to_string_lossy().into_owned(), ROUNDS.to_string()];
    let theirs = environment.run_script(python, &bench("parliament/check.py"), &arguments).await?;

    let mut table = Table::new("a dozen IAM policies", &COLUMNS);
    row(&mut table, "parliament", &seconds(theirs)?);
    row(&mut table, "deputize", &Samples::of(ours));
    Ok(table)
}

/// The same check natively and as WebAssembly.
pub(crate) async fn wasm(environment: &Environment) -> Result<Table, HarnessError> {
    let file = tempfile::NamedTempFile::new().map_err(io("creating a file"))?;
    fs::write(file.path(), EXAMPLE).map_err(io("writing the example"))?;
    let mut table = Table::new("a scope document, in JavaScript", &COLUMNS);
    row(&mut table, "natively", &Samples::of(|| deputize_validator::check(black_box(EXAMPLE))));
    row(&mut table, "in Node", &node(environment, "check", file.path()).await?);
    Ok(table)
}

/// What a function of the package takes in Node with the text of a file.
async fn node(environment: &Environment, function: &str, file: &Path) -> Result<Samples, HarnessError> {
    let package = environment.validator_package()?.to_string_lossy().into_owned();
    let arguments = [package, function.to_owned(), file.to_string_lossy().into_owned(), ROUNDS.to_string()];
    seconds(environment.run_script(Path::new("node"), &bench("wasm/call.mjs"), &arguments).await?)
}

/// The longest that any of the texts takes that are made to cost much.
pub(crate) async fn hostile(environment: &Environment) -> Result<Table, HarnessError> {
    let catalogues = Catalogues::built_in();
    let texts = hostile::texts();
    let natively = texts.iter().map(|text| {
        let taken = Samples::once(|| text.findings(&catalogues));
        (text.name, taken.percentile(100) / 1e3)
    });
    let documents: Vec<_> = texts.iter().filter(|text| text.kind.is_none()).collect();
    let written: Vec<&str> = documents.iter().map(|document| document.text.as_str()).collect();
    let strain = environment.validator_strain(&written).await?;
    let in_node = documents.iter().map(|document| document.name).zip(&strain.checked);

    let mut table = Table::new("the hardest of hostile texts", &["seconds"]);
    table.row("what is allowed", &[1.0]);
    longest(&mut table, "natively", natively);
    longest(&mut table, "in Node", in_node.map(|(name, checked)| (name, checked.seconds)));
    Ok(table)
}

fn longest<'a>(table: &mut Table, place: &str, taken: impl Iterator<Item = (&'a str, f64)>) {
    if let Some((name, seconds)) = taken.max_by(|(_, one), (_, other)| one.total_cmp(other)) {
        table.row(&format!("{place}: {name}"), &[seconds]);
    }
}

/// From the text of a catalogue to one that answers.
pub(crate) async fn catalogue(environment: &Environment) -> Result<Table, HarnessError> {
    let mut table = Table::new("loading the catalogue", &COLUMNS);
    for cloud in ["aws", "gcp", "azure"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../catalogue/{cloud}.txt"));
        let text = fs::read_to_string(&file).map_err(io("reading a catalogue"))?;
        row(&mut table, cloud, &Samples::of(|| Catalogue::parse(black_box(text.as_str())).is_ok()));
        let in_node = node(environment, "loadCatalogue", &file).await?;
        row(&mut table, &format!("{cloud}, in Node"), &in_node);
    }
    Ok(table)
}

pub(crate) fn row(table: &mut Table, name: &str, samples: &Samples) {
    let median = samples.percentile(50);
    table.row(name, &[median * 1e3, 1e3 / median]);
}

pub(crate) fn seconds(printed: Value) -> Result<Samples, HarnessError> {
    let numbers: Vec<f64> = serde_json::from_value(printed)
        .map_err(|source| HarnessError::Json { what: "a list of seconds".to_owned(), source })?;
    Ok(numbers.into_iter().map(std::time::Duration::from_secs_f64).collect())
}

pub(crate) fn bench(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bench").join(path)
}

pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> HarnessError {
    move |source| HarnessError::Io { what: what.to_owned(), source }
}

pub(crate) fn missing(what: &str) -> HarnessError {
    HarnessError::Environment { missing: what.to_owned() }
}
