//! For each code, a document that has it and one that has not. They are the reference's examples, and its tests.

mod catalogue;
mod connector;
mod document;
mod policy;
mod scope;

use super::{Code, Finding};
use crate::catalogue::Catalogues;
use crate::check;
use crate::iam::PolicyKind;

/// An example of a finding.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// What is found.
    pub code: Code,
    /// What the texts are parts of.
    pub frame: Frame,
    /// A text in which it is found. An ellipsis stands for [`Example::grown`].
    pub wrong: &'static str,
    /// A text that says what was meant.
    pub right: &'static str,
    /// What the ellipsis stands for, and how often.
    pub grown: Option<(&'static str, usize)>,
}

/// What an example's text is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A scope document as a whole.
    Document,
    /// The fields of an agent.
    Agent,
    /// The fields of a scope.
    Scope,
    /// The fields of a stored credential.
    Credential,
    /// The fields of a connector that has all the others.
    Connector,
    /// An IAM policy as a whole.
    Policy(PolicyKind),
    /// Statements of an IAM policy.
    Statement(PolicyKind),
}

impl Frame {
    /// What the text is, for a reader: `the fields of an agent`.
    pub fn describe(self) -> String {
        match self {
            Self::Document => "a scope document".to_owned(),
            Self::Agent => "the fields of an agent".to_owned(),
            Self::Scope => "a scope".to_owned(),
            Self::Credential => "a stored credential".to_owned(),
            Self::Connector => "a connector, --kind connector".to_owned(),
            Self::Policy(kind) => format!("an IAM policy, --kind aws-policy={}", kind.as_str()),
            Self::Statement(kind) => {
                format!("the statements of an IAM policy, --kind aws-policy={}", kind.as_str())
            }
        }
    }

    /// The language of the text, for a reader's editor.
    pub fn language(self) -> &'static str {
        match self {
            Self::Policy(_) | Self::Statement(_) => "json",
            _ => "yaml",
        }
    }

    /// All that is found in the document that the text is put into.
    pub fn findings(self, text: &str, catalogues: &Catalogues) -> Vec<Finding> {
        let document = |text: &str| check::document(text, catalogues).findings;
        let agent = |fields: &str| format!("version: 1\ntenant: acme\nagents:\n  ops: {{ {fields} }}\n");
        match self {
            Self::Document => document(text),
            Self::Agent => document(&agent(text)),
            Self::Scope => document(&agent(&format!("scopes: [{{ {text} }}]"))),
            Self::Credential => document(&format!("{}credentials: [{{ {text} }}]\n", agent(""))),
            Self::Connector => connector::findings(text),
            Self::Policy(kind) => check::policy(text, kind, catalogues).findings,
            Self::Statement(kind) => {
                let text = format!("{{\"Version\": \"2012-10-17\", \"Statement\": [{text}]}}");
                check::policy(&text, kind, catalogues).findings
            }
        }
    }
}

impl Example {
    /// All examples; each code has at least one.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        let documents = document::EXAMPLES.iter().chain(scope::EXAMPLES).chain(connector::EXAMPLES);
        documents.chain(catalogue::EXAMPLES).chain(policy::EXAMPLES)
    }

    /// The examples of a code.
    pub fn of(code: Code) -> impl Iterator<Item = &'static Self> {
        Self::all().filter(move |example| example.code == code)
    }

    /// The wrong text at its full length.
    pub fn written_out(&self) -> String {
        match self.grown {
            Some((part, times)) => self.wrong.replace('…', &part.repeat(times)),
            None => self.wrong.to_owned(),
        }
    }

    const fn new(code: Code, frame: Frame, wrong: &'static str, right: &'static str) -> Self {
        Self { code, frame, wrong, right, grown: None }
    }

    const fn grown(self, part: &'static str, times: usize) -> Self {
        Self { grown: Some((part, times)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn every_code_has_an_example() {
        let without: Vec<&Code> =
            Code::ALL.iter().filter(|code| Example::of(**code).next().is_none()).collect();
        // Bytes that are not UTF-8 cannot stand in a text, nor can a file that is not there.
        assert_eq!(without, [&Code::NotUtf8, &Code::UnreadableConnector]);
    }

    #[test]
    fn every_example_shows_its_finding_and_how_to_write_it_instead() {
        let catalogues = Catalogues::built_in();
        for example in Example::all() {
            let found = example.frame.findings(&example.written_out(), &catalogues);
            assert!(found.iter().any(|one| one.code == example.code), "{example:?}\n{found:#?}");
            let mended = example.frame.findings(example.right, &catalogues);
            assert!(mended.iter().all(|one| one.code != example.code), "{example:?}\n{mended:#?}");
            assert!(mended.iter().all(|one| one.severity != Severity::Error), "{example:?}\n{mended:#?}");
        }
    }

    #[test]
    fn messages_are_sentences_without_a_full_stop_and_never_empty() {
        let catalogues = Catalogues::built_in();
        for example in Example::all() {
            for finding in example.frame.findings(&example.written_out(), &catalogues) {
                assert!(!finding.message.is_empty() && !finding.message.ends_with('.'), "{finding:?}");
                assert!(!finding.message.contains(char::is_control), "{finding:?}");
            }
        }
    }
}
