//! How long a session policy can be at most, seen without compiling it.

use super::global::global_part;
use super::pattern::{ActionPattern, ResourcePattern};
use super::region::Regions;

/// What a session policy has beside what it allows: the version and the denial of the pivots, with room to spare.
pub(crate) const FRAME: usize = 256;

/// What a statement has beside its lists.
const STATEMENT: usize = r#"{"Effect":"Allow","Action":[],"Resource":[]},"#.len();
const CONDITION: usize = r#","Condition":{"StringEquals":{"aws:RequestedRegion":[]}}"#.len();

/// At least as many characters as statements take that allow just this, and no more than they take as they stand:
/// that much fits is seen at once, and only what does not fit as it stands is worth being compiled.
pub(crate) fn longest(actions: &[ActionPattern], resources: &[ResourcePattern], regions: &Regions) -> usize {
    let resources: usize = resources.iter().map(|one| quoted(one.as_str())).sum();
    let regional = STATEMENT + actions.iter().map(|one| quoted(one.as_str())).sum::<usize>() + resources;
    if *regions == Regions::All {
        return regional;
    }
    // What is global stands in a statement of its own, without the condition.
    let global: usize = actions.iter().flat_map(global_part).map(|one| quoted(one.as_str())).sum();
    let global = if global > 0 { STATEMENT + global + resources } else { 0 };
    regional + CONDITION + regions.named().map(|one| quoted(one.as_str())).sum::<usize>() + global
}

/// A text between quotes with a comma behind it, and what JSON escapes in it. No character has less than a byte.
fn quoted(text: &str) -> usize {
    let escaped = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    text.len() + escaped + r#""","#.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::authority::{Authority, Statement};
    use crate::aws::compile::{CompileError, compile};

    fn statement(actions: &[&str], resources: &[&str], regions: &[&str]) -> Statement {
        let regions = match regions {
            [] => Regions::All,
            names => names.iter().map(|name| name.parse().unwrap()).collect(),
        };
        Statement {
            actions: actions.iter().map(|text| text.parse().unwrap()).collect(),
            resources: resources.iter().map(|text| text.parse().unwrap()).collect(),
            regions,
        }
    }

    #[test]
    fn no_policy_is_longer() {
        let east = ["us-east-1", "us-west-2"];
        for statements in [
            vec![statement(&["*"], &["*"], &east)],
            vec![statement(&["s3:*", "iam:*"], &["*"], &east)],
            vec![statement(&["s3:*"], &["arn:aws:s3:::a\"b\\c/*", "arn:aws:s3:::d/*"], &east)],
            vec![statement(&["s3:?etMulti*", "ecs:*"], &["*"], &east), statement(&["*"], &["*"], &[])],
            (0..9).map(|at| statement(&["*"], &[&format!("arn:aws:s3:::bucket-{at}/*")], &east)).collect(),
            (0..90).map(|at| statement(&[&format!("ecs:A{at}")], &["*"], &[])).collect(),
        ] {
            let each = statements.iter().map(|one| longest(&one.actions, &one.resources, &one.regions));
            let at_most = FRAME + each.sum::<usize>();
            let characters = match compile(&Authority::new(statements)) {
                Ok(policy) => policy.characters(),
                Err(CompileError::TooLarge { characters, .. }) => characters,
                Err(error) => panic!("{error}"),
            };
            assert!(characters <= at_most, "{characters} characters, and {at_most} at most");
        }
    }
}
