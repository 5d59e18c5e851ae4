//! Any text is a document or has an error, and every place that is told lies in the text. The same of connectors.

use deputize_scope::{Connector, Finding, ScopeDocument, Severity, Span, document};

/// Reads the bytes as a scope document, as a list of scopes, and as a connector.
///
/// # Panics
/// Where the parser breaks a promise.
pub fn parser(bytes: &[u8]) {
    let parsed = ScopeDocument::parse_bytes(bytes);
    let errors = parsed.findings.iter().any(|finding| finding.severity == Severity::Error);
    assert!(parsed.document.is_some() != errors, "a document or an error: {:#?}", parsed.findings);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    places(text, &parsed.findings);
    if let Some(read) = parsed.document {
        let again = ScopeDocument::parse(&serde_json::to_string(&read).unwrap());
        assert_eq!(again.document, Some(read), "written and read again: {:#?}", again.findings);
    }
    let (_, findings) = document::parse_scopes(text);
    places(text, &findings);

    let connector = Connector::parse(text);
    let errors = connector.findings.iter().any(|finding| finding.severity == Severity::Error);
    assert!(connector.connector.is_some() != errors, "a connector or an error: {:#?}", connector.findings);
    places(text, &connector.findings);
}

fn places(text: &str, findings: &[Finding]) {
    for finding in findings {
        let spans = finding.span.iter().chain(finding.fix.iter().map(|fix| &fix.span));
        for Span { start, end, line, column } in spans {
            assert!(text.get(*start..*end).is_some(), "outside of the text: {finding:#?}");
            assert!(*line >= 1 && *column >= 1, "counted from 1: {finding:#?}");
        }
    }
}
