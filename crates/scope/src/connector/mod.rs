//! Declared connectors: how keys are made, tried, listed and revoked at a provider, in a document instead of code.
//!
//! Read with [`Connector::parse`], which tells everything that is wrong at once. A connector says what is sent and what
//! answers mean; whoever runs it says over which network. Values stand where the document has `{key}`, `{key.id}`,
//! `{label}` or `{credential}`: none of them can change the host of a URL, add a header, or become anything but a text
//! in a body; and the key itself never stands in a URL.

mod body;
mod call;
mod pointer;
mod read;
mod template;
mod text;
mod url;
mod windows;

pub use self::body::Body;
pub use self::call::{Call, Condition, HeaderName, Method};
pub use self::pointer::Pointer;
pub use self::template::{ExpandError, Placeholder, Template, Values};
pub use self::url::{Host, UrlTemplate};
pub use self::windows::Windows;

use crate::document::in_order;
use crate::finding::{Finding, Severity};
use crate::identifier::{ConnectorName, names};
use crate::syntax;

/// How keys are made, tried, listed and revoked at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connector {
    /// Its name, for messages.
    pub name: ConnectorName,
    /// Where its calls may go.
    pub hosts: Vec<Host>,
    /// How calls prove whose they are.
    pub auth: Auth,
    /// Makes a key.
    pub create: Create,
    /// Tries a key.
    pub probe: Probe,
    /// Lists the keys.
    pub list: List,
    /// Deletes a key.
    pub revoke: Removal,
    /// Disables a key that stays listed, where the provider can.
    pub disable: Option<Removal>,
    /// Where errors have their code in an answer.
    pub error_code: Option<Pointer>,
    /// The code of a refusal to make more keys than there may be; `http_409` where the answer has only a status.
    pub key_limit: Option<String>,
    /// How the provider behaves in time.
    pub windows: Windows,
    /// How many keys an owner may have, disabled ones included.
    pub most_keys: Option<u32>,
}

names! {
    /// How a call proves whose it is, as documents name it.
    Scheme {
        /// `Authorization: Bearer KEY`.
        Bearer = "bearer",
        /// Any header.
        Header = "header",
        /// HTTP's basic authentication.
        Basic = "basic",
    }
}

/// How a call proves whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A header.
    Header {
        /// Its name.
        name: HeaderName,
        /// Its value.
        value: Template,
    },
    /// HTTP's basic authentication (RFC 7617).
    Basic {
        /// The user.
        user: Template,
        /// The password.
        password: Template,
    },
}

impl Auth {
    /// The header that it sets.
    pub fn header(&self) -> HeaderName {
        match self {
            Self::Header { name, .. } => name.clone(),
            Self::Basic { .. } => HeaderName::authorization(),
        }
    }
}

/// Makes a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// The call.
    pub call: Call,
    /// Where its answer has the key.
    pub key: Pointer,
    /// Where its answer has the key's id.
    pub id: Pointer,
}

/// Tries a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The call. An answer of a right status that does not say what it must means that the key does not work.
    pub call: Call,
    /// Which statuses mean that the key does not work.
    pub refused: Vec<u16>,
}

/// Lists the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// The call.
    pub call: Call,
    /// Where its answer has the list.
    pub items: Pointer,
    /// Where a member of the list has its id.
    pub id: Pointer,
    /// Where a member of the list has its label.
    pub label: Option<Pointer>,
    /// How the rest of a long list is got at.
    pub next: Option<Next>,
}

/// How the rest of a long list is got at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The answer names the address of the next page here; nothing, null or an empty text on the last.
    Link(Pointer),
    /// A parameter of the query counts pages from 1; the last one is followed by one with nothing new.
    Page(String),
}

/// Deletes or disables a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The call.
    pub call: Call,
    /// Which statuses mean that there is no such key.
    pub gone: Vec<u16>,
}

/// What came of reading a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The connector; there exactly where no finding is an error.
    pub connector: Option<Connector>,
    /// All that was found, in the order of the text.
    pub findings: Vec<Finding>,
}

impl Connector {
    /// Reads a connector from YAML or JSON.
    pub fn parse(text: &str) -> Parsed {
        Self::from_source(syntax::read(text))
    }

    /// Reads a connector from the bytes of a file. Anything but UTF-8 is a finding.
    pub fn parse_bytes(bytes: &[u8]) -> Parsed {
        Self::from_source(syntax::read_bytes(bytes))
    }

    fn from_source(source: syntax::Source) -> Parsed {
        let mut findings = source.findings;
        let connector = source.root.as_ref().and_then(|root| read::connector(root, &mut findings));
        let findings = in_order(findings);
        let is_sound = findings.iter().all(|finding| finding.severity != Severity::Error);
        Parsed { connector: connector.filter(|_| is_sound), findings }
    }

    /// Whether keys carry the label of the rotation that made them, and are listed with it.
    pub fn labels(&self) -> bool {
        self.create.call.has(Placeholder::Label) && self.list.label.is_some()
    }
}
