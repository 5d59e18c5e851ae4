//! Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and `${*}`, `${?}`, `${$}` for the
//! characters themselves. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::document::{Spanned, Version};
use crate::finding::shown;
use crate::finding::{Code, Finding};

/// Tells what is wrong with a text's variables, and whether it has any. None where it cannot be used.
pub(super) fn tell(written: &Spanned<&str>, version: Version, findings: &mut Vec<Finding>) -> Option<bool> {
    let text = written.value;
    if !text.contains("${") {
        return Some(false);
    }
    let (reason, help) = if version == Version::V2008 {
        (
            "has a variable, which this version reads as plain text",
            "add \"Version\": \"2012-10-17\" to the policy",
        )
    } else {
        match fault(text) {
            None => return Some(true),
            Some(fault) => fault,
        }
    };
    let message = format!("`{}` {reason}", shown(text));
    findings.push(Finding::error(Code::InvalidVariable, message).at(written.span).help(help));
    None
}

/// The text with `*` for each variable: it matches all that the text can ever match.
pub(super) fn widened(text: &str) -> String {
    let mut parts = text.split("${");
    let mut wide = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        wide.push('*');
        wide.push_str(part.split_once('}').map_or("", |(_, after)| after));
    }
    wide
}

/// The first thing that is wrong with a text's variables, and how to mend it.
fn fault(text: &str) -> Option<(&'static str, &'static str)> {
    text.split("${").skip(1).find_map(|rest| {
        let Some((inside, _)) = rest.split_once('}') else {
            return Some(("has a variable without an end", "write } where the variable ends"));
        };
        let (name, default) = match inside.split_once(',') {
            Some((name, default)) => (name.trim_end(), Some(default.trim())),
            None => (inside, None),
        };
        if name.is_empty() {
            return Some(("has a variable without a name", "write the key, such as ${aws:username}"));
        }
        if matches!(name, "*" | "?" | "$") {
            return None;
        }
        if name.contains(char::is_whitespace) {
            return Some(("has white space in a variable", "write the variable without it"));
        }
        if !name.contains(':') {
            return Some((
                "has a variable that is no condition key",
                "write the key, such as ${aws:username}",
            ));
        }
        let quoted = |text: &str| text.len() >= 2 && text.starts_with('\'') && text.ends_with('\'');
        let unquoted = default.is_some_and(|default| !quoted(default));
        unquoted.then_some(("has a default without quotes", "write it as ${aws:PrincipalTag/team, 'none'}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_variable_is_seen() {
        for sound in ["${aws:username}", "a/${aws:PrincipalTag/x, 'y'}/${*}", "${$}${?}"] {
            assert_eq!(fault(sound), None, "{sound}");
        }
        for faulty in [
            "${aws:username",
            "${}",
            "${ aws:username}",
            "${username}",
            "${aws:PrincipalTag/x, y}",
            "${aws:x,}",
        ] {
            assert!(fault(faulty).is_some(), "{faulty}");
        }
    }

    #[test]
    fn a_widened_text_has_stars_for_variables() {
        assert_eq!(widened("arn:aws:s3:::b/${aws:username}/${*}x"), "arn:aws:s3:::b/*/*x");
        assert_eq!(widened("plain"), "plain");
    }
}
