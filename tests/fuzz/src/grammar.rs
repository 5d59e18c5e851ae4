//! Authorities and calls out of any bytes. Few words, so that patterns and calls meet often.

use arbitrary::{Result, Unstructured};
use deputize_scope::aws::authority::{Authority, Statement};
use deputize_scope::aws::pattern::{ActionPattern, ResourcePattern};
use deputize_scope::aws::region::Regions;

pub(crate) const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-north-1"];

const SERVICES: [&str; 4] = ["s3", "ecs", "iam", "sts"];
const NAMES: [&str; 8] = ["a", "b", "Get", "Object", "AssumeRole", "GetCallerIdentity", "*", "?"];
const PLACES: [&str; 5] = ["", "*", "?", "a", "a*"];
const PATHS: [&str; 7] = ["a", "b", "/", ":", "x", "*", "?"];

pub(crate) fn authority(bytes: &mut Unstructured<'_>) -> Result<Authority> {
    let count = bytes.int_in_range(0..=3)?;
    (0..count).map(|_| statement(bytes)).collect::<Result<_>>().map(Authority::new)
}

fn statement(bytes: &mut Unstructured<'_>) -> Result<Statement> {
    let actions = some(bytes, |bytes| Ok(action(bytes)?.parse::<ActionPattern>().ok()))?;
    let resources = some(bytes, |bytes| Ok(resource(bytes)?.parse::<ResourcePattern>().ok()))?;
    let regions = match bytes.int_in_range(0..=3)? {
        0 => Regions::All,
        _ => some(bytes, |bytes| Ok(bytes.choose(&REGIONS)?.parse().ok()))?.into_iter().collect(),
    };
    Ok(Statement { actions, resources, regions })
}

/// Up to three of what is made, without what came to nothing.
fn some<T>(
    bytes: &mut Unstructured<'_>,
    make: impl Fn(&mut Unstructured<'_>) -> Result<Option<T>>,
) -> Result<Vec<T>> {
    let count = bytes.int_in_range(0..=3)?;
    let made = (0..count).map(|_| make(bytes)).collect::<Result<Vec<_>>>()?;
    Ok(made.into_iter().flatten().collect())
}

fn action(bytes: &mut Unstructured<'_>) -> Result<String> {
    if bytes.ratio(1, 10)? {
        return Ok("*".to_owned());
    }
    Ok(format!("{}:{}", bytes.choose(&SERVICES)?, words(bytes, &NAMES)?))
}

fn resource(bytes: &mut Unstructured<'_>) -> Result<String> {
    if bytes.ratio(1, 8)? {
        return Ok("*".to_owned());
    }
    Ok(format!("arn:aws:s3:{}::{}", bytes.choose(&PLACES)?, words(bytes, &PATHS)?))
}

fn words(bytes: &mut Unstructured<'_>, from: &[&str]) -> Result<String> {
    let count = bytes.int_in_range(1..=5)?;
    (0..count).map(|_| bytes.choose(from).copied()).collect()
}

/// A call that patterns like those above may match.
pub(crate) fn call(bytes: &mut Unstructured<'_>) -> Result<(String, String, &'static str)> {
    let literal = |text: String| text.replace(['*', '?'], "a");
    let action = literal(action(bytes)?);
    let action = if action.contains(':') { action } else { "s3:GetObject".to_owned() };
    Ok((action, literal(resource(bytes)?), bytes.choose(&REGIONS)?))
}
