//! The reference of all findings, as it stands in `docs/findings.md`.

use super::access_analyzer::{CHECKS, Coverage};
use super::{Code, Example};

/// The page, in Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for code in Code::ALL {
        page += &format!("\n## {code}\n\n{}\n", code.explanation());
        for example in Example::of(*code) {
            page += &shown(example);
        }
    }
    page += CHECKS_HEAD;
    for (check, coverage) in CHECKS {
        let covered = match coverage {
            Coverage::By(codes) => {
                codes.iter().map(|code| format!("[`{code}`](#{code})")).collect::<Vec<_>>().join(", ")
            }
            Coverage::Not(why) => (*why).to_owned(),
        };
        page += &format!("| {check} | {covered} |\n");
    }
    page
}

fn shown(example: &Example) -> String {
    let language = example.frame.language();
    let grown = match example.grown {
        Some((part, times)) => format!(" The … stands for `{}`, {times} times.", part.trim()),
        None => String::new(),
    };
    format!(
        "\nIn {}:{grown}\n\n```{language}\n{}\n```\n\nInstead:\n\n```{language}\n{}\n```\n",
        example.frame.describe(),
        example.wrong.trim_end(),
        example.right.trim_end(),
    )
}

const HEAD: &str = "\
# Findings

What `deputize check` tells, by code. `deputize explain CODE` shows the same. Codes are stable: scripts and suppressions
may rely on them. An error makes a document unusable, a warning means that it probably does not say what was meant, a
note is worth knowing.

This page is generated from the code by `cargo xtask findings`; a test holds it to that, and runs every example.
";

const CHECKS_HEAD: &str = "
## Checks of IAM Access Analyzer

Which of the policy checks of AWS's own IAM Access Analyzer (their names as of May 2023) are covered, and by which code.

| check | covered by |
| --- | --- |
";
