//! As much XML as the query protocol answers with: elements and text, never an attribute but the namespace.

use super::refusal::Refusal;

/// Whose answer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    Sts,
    Iam,
}

impl Namespace {
    fn url(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        }
    }
}

/// An element's content, written from the outside in.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    /// An element with text.
    pub(super) fn text(mut self, name: &str, text: &str) -> Self {
        self.open(name);
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '\r' => self.0.push_str("&#13;"),
                // XML 1.0 has no way to write these, not even escaped.
                '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                    self.0.push('\u{fffd}');
                }
                other => self.0.push(other),
            }
        }
        self.close(name);
        self
    }

    /// An element with text, where there is any.
    pub(super) fn optional(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// An element with elements in it.
    pub(super) fn element(mut self, name: &str, content: Xml) -> Self {
        self.open(name);
        self.0.push_str(&content.0);
        self.close(name);
        self
    }

    fn open(&mut self, name: &str) {
        self.0.extend(["<", name, ">"]);
    }

    fn close(&mut self, name: &str) {
        self.0.extend(["</", name, ">"]);
    }
}

/// The answer to a call that succeeded.
pub(super) fn response(namespace: Namespace, action: &str, result: Xml, request_id: &str) -> String {
    let metadata = Xml::default().text("RequestId", request_id);
    let content =
        Xml::default().element(&format!("{action}Result"), result).element("ResponseMetadata", metadata);
    document(namespace, &format!("{action}Response"), content)
}

/// The answer to a call that was refused.
pub(super) fn error(refusal: &Refusal, request_id: &str) -> String {
    let error = Xml::default()
        .text("Type", refusal.blames())
        .text("Code", &refusal.code)
        .text("Message", &refusal.message);
    document(
        Namespace::Sts,
        "ErrorResponse",
        Xml::default().element("Error", error).text("RequestId", request_id),
    )
}

fn document(namespace: Namespace, root: &str, content: Xml) -> String {
    format!("<{root} xmlns=\"{}\">{}</{root}>\n", namespace.url(), content.0)
}

#[cfg(test)]
mod tests {
    use super::super::refusal::Code;
    use super::*;

    #[test]
    fn text_cannot_leave_its_element() {
        let xml = Xml::default().text("A", "</A><B x=\"1\">&\u{1}\r").0;
        assert_eq!(xml, "<A>&lt;/A&gt;&lt;B x=\"1\"&gt;&amp;\u{fffd}&#13;</A>");
    }

    #[test]
    fn an_error_is_written_as_sts_writes_it() {
        let refusal = Refusal::new(Code::PackedPolicyTooLarge, "too much");
        assert_eq!(
            error(&refusal, "rid"),
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>PackedPolicyTooLarge</Code><Message>too much</Message></Error><RequestId>rid</RequestId>\
             </ErrorResponse>\n"
        );
    }
}
