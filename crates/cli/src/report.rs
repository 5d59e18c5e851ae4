//! Findings for a person: the place in the text, what is wrong, how to mend it.

use std::io::IsTerminal as _;

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use deputize_scope::finding::Fix;
use deputize_scope::{Finding, Severity, Span};

/// Writes findings with excerpts of the text to standard error.
pub(crate) fn to_stderr(name: &str, text: &str, findings: &[Finding]) {
    let renderer = if std::io::stderr().is_terminal() { Renderer::styled() } else { Renderer::plain() };
    for finding in findings {
        eprintln!("{}\n", excerpt(&renderer, name, text, finding));
    }
}

/// One finding, as compilers show theirs.
pub(crate) fn excerpt(renderer: &Renderer, name: &str, text: &str, finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.code.as_str());
    let mut group = match finding.span {
        Some(span) => title.element(
            Snippet::source(text).path(name).annotation(AnnotationKind::Primary.span(within(text, span))),
        ),
        None => title.element(Level::NOTE.message(format!("in {name}"))),
    };
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let mut groups = vec![group];
    groups.extend(finding.fix.as_ref().map(|fix| edit(name, text, fix)));
    renderer.render(&groups)
}

fn edit<'a>(name: &'a str, text: &'a str, fix: &'a Fix) -> Group<'a> {
    let patch = Patch::new(within(text, fix.span), fix.replacement.as_str());
    Level::HELP.secondary_title(fix.title.as_str()).element(Snippet::source(text).path(name).patch(patch))
}

/// The span on the borders of characters of this text. A text that was not UTF-8 is shown with replacement
/// characters, which are longer than what they replace.
fn within(text: &str, span: Span) -> std::ops::Range<usize> {
    let start = text.floor_char_boundary(span.start);
    start..text.ceil_char_boundary(span.end).max(start)
}

#[cfg(test)]
mod tests {
    use deputize_scope::ScopeDocument;

    use super::*;

    fn shown(text: &str) -> String {
        let findings = ScopeDocument::parse(text).findings;
        findings.iter().map(|finding| excerpt(&Renderer::plain(), "scopes.yaml", text, finding)).collect()
    }

    #[test]
    fn an_excerpt_shows_the_line_the_code_and_the_place() {
        let shown = shown("version: 1\ntenant: acme\nagents: {}\nagnets: {}\n");
        assert!(shown.contains("agnets: {}"), "{shown}");
        assert!(shown.contains("scopes.yaml:4:1"), "{shown}");
        assert!(shown.contains("error["), "{shown}");
    }

    #[test]
    fn a_finding_at_the_end_of_the_text_is_shown() {
        for text in ["", "version: 1", "é", "version: 1\ntenant: [é", "\u{0}"] {
            assert!(shown(text).contains("error"), "{text:?}");
        }
    }
}
