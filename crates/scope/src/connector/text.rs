//! Reading templates, with the finding where one is not what it may be.

use super::template::{Placeholder, Template, TemplateError};
use crate::finding::{Code, Finding, shown};
use crate::syntax::Node;
use crate::value::text;

/// A template that asks for values that the call has.
pub(super) fn template(
    node: &Node,
    what: &'static str,
    allowed: &[Placeholder],
    findings: &mut Vec<Finding>,
) -> Option<Template> {
    let written = text(node, what, findings)?;
    let template: Template = match written.parse() {
        Ok(template) => template,
        Err(error) => {
            findings.push(unreadable(node, what, written, &error, allowed));
            return None;
        }
    };
    let Some(foreign) = template.placeholders().find(|one| !allowed.contains(one)) else {
        return Some(template);
    };
    let foreign = foreign.as_str();
    let message = format!("{what} `{}`: the call has no value `{{{foreign}}}`", shown(written));
    let finding = Finding::error(Code::InvalidTemplate, message).at(node.span);
    findings.push(finding.help(names(allowed)));
    None
}

fn unreadable(
    node: &Node,
    what: &str,
    written: &str,
    error: &TemplateError,
    allowed: &[Placeholder],
) -> Finding {
    let message = format!("{what} `{}`: {error}", shown(written));
    let finding = Finding::error(Code::InvalidTemplate, message).at(node.span);
    match error {
        TemplateError::Unknown { name, meant: Some(meant) } if allowed.contains(meant) => {
            let meant = meant.as_str();
            let mended = written.replace(&format!("{{{name}}}"), &format!("{{{meant}}}"));
            finding
                .help(format!("did you mean `{{{meant}}}`?"))
                .fix(node.rewrite(&mended, format!("write `{{{meant}}}`")))
        }
        _ => finding.help(names(allowed)),
    }
}

fn names(allowed: &[Placeholder]) -> String {
    let names: Vec<String> = allowed.iter().map(|one| format!("`{{{}}}`", one.as_str())).collect();
    format!("its values are {}; braces are written `{{{{` and `}}}}`", names.join(", "))
}
