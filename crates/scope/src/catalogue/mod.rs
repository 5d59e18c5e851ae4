//! Which permissions the clouds have: one [`Catalogue`] per cloud, read from a compact text that is loaded apart
//! from the code, the same bytes natively and in a browser.
//!
//! A catalogue is never complete. A permission that it does not know may be newer than its [`Catalogue::date`], or
//! outside the part of the cloud that it covers: only [`Catalogue::nearest`] makes a misspelling likely.
//!
//! # The text
//!
//! A header of `name value` lines (the format's version, `cloud`, `date`, `extent`, `source`, `licence`, `sha256` of
//! the body), an empty line, then the body, a line per thing. What a line is says its first
//! character; parts of a line stand between tabs.
//!
//! ```text
//! @s3                                   a service; all until the next one are its own
//! #s3:TlsVersion⇥Numeric                a condition key, and its type where that is not String
//! =0,3                                  a set of condition keys, by their places; sets count from 1
//! .bucket⇥1⇥arn:${Partition}:s3:::${B}  a resource type, its set of keys, its ARN formats
//! Bucket⇥W0=2:Create,Delete⇥L:List      a noun, and its verbs in groups
//! +Acl⇥R0:Get                           the noun BucketAcl: the last one without a `+` goes on
//! ```
//!
//! What can be told from the service and the type is left out: a key that begins with a colon is of the service's own
//! namespace, and what an ARN format may leave out, [`short`] says.
//!
//! A group is an access level (`L`, `R`, `W`, `P`, `T`; none where it is that of the verb), on Azure `d` for operations
//! of the data plane and `b` for those of both planes, the places of the resource types (`?` after those that may be
//! left out), `=` and the set of condition keys, `:` and the verbs. The permission's name is made as the cloud makes it:
//! `s3:CreateBucket` of service, verb and noun on AWS, `storage.buckets.create` and `Microsoft.Storage/storageAccounts/read`
//! of service, noun and verb elsewhere.
//!
//! Lines so written can be edited by hand. A whole cloud is written for compressors instead, which do better with what
//! is alike together: after the lines come columns, each after a form feed, with what then is missing in the lines. They
//! have the condition keys, the types that have no more than their name in the lines, the sets of keys, and the verbs and
//! the groups of nouns that have none there. Keys and sets are those of each service, and an empty line:
//!
//! ```text
//! Buckets<!                             in the lines: `Bucket` and `Buckets`; a type has its name by the mark, `bucket`
//! 1⇥arn:${Partition}:s3:::${~}          in the column of types: its set of keys, its ARN formats
//! Create,Delete                         in the column of verbs: those of each group of `Bucket`,
//! List                                  and of `Buckets`
//! ~=2                                   in the column of groups, a line each; `~` is the type that the noun, or how
//! ~                                     it begins, is called after
//! ```

mod access;
mod description;
mod draft;
mod glob;
mod header;
mod index;
mod layout;
mod name;
mod nearest;
mod permission;
mod read;
mod service;
mod short;

pub use access::Access;
pub use description::{Description, Escalation, Key, Resource};
pub use draft::{Action, Draft, Origin, Unwritable};
pub use header::{Extent, Header};
pub use nearest::{Likeness, Near};
pub use permission::{ConditionKey, Permission, Plane, Planes, ResourceType};
pub use read::CatalogueError;
pub use service::Service;

use std::fmt;
use std::rc::Rc;

use crate::Cloud;
use glob::Reach;
use index::Index;

/// The permissions of one cloud.
pub struct Catalogue {
    header: Header,
    text: Box<str>,
    index: Index,
}

/// The catalogues at hand. A cloud without one is not checked against any.
#[derive(Debug, Default)]
pub struct Catalogues {
    /// Actions of AWS.
    pub aws: Option<Catalogue>,
    /// Permissions of Google Cloud.
    pub gcp: Option<Catalogue>,
    /// Operations of Azure.
    pub azure: Option<Catalogue>,
}

impl Catalogues {
    /// The catalogue of a cloud.
    pub fn of(&self, cloud: Cloud) -> Option<&Catalogue> {
        match cloud {
            Cloud::Aws => self.aws.as_ref(),
            Cloud::Gcp => self.gcp.as_ref(),
            Cloud::Azure => self.azure.as_ref(),
        }
    }

    /// Those that are built in. A program that does not ask for them does not carry them.
    pub fn built_in() -> Self {
        let mut catalogues = Self::default();
        for cloud in Cloud::ALL {
            // Tests read each of them, so that none is ever malformed here.
            Catalogue::parse(built_in_text(*cloud)).into_iter().for_each(|one| catalogues.insert(one));
        }
        catalogues
    }

    /// Puts a catalogue in the place of its cloud, instead of what was there.
    pub fn insert(&mut self, catalogue: Catalogue) {
        let place = match catalogue.cloud() {
            Cloud::Aws => &mut self.aws,
            Cloud::Gcp => &mut self.gcp,
            Cloud::Azure => &mut self.azure,
        };
        *place = Some(catalogue);
    }
}

/// The text of a catalogue that is built in: all of AWS, and what is used most of the other clouds.
pub fn built_in_text(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Aws => include_str!("../../../../catalogue/aws.txt"),
        Cloud::Gcp => include_str!("../../../../catalogue/gcp.txt"),
        Cloud::Azure => include_str!("../../../../catalogue/azure.txt"),
    }
}

impl Catalogue {
    /// Reads a catalogue's text. The text's hash is not computed here: who loads a file that may have been damaged
    /// compares the SHA-256 of [`Catalogue::body`] with [`Header::sha256`].
    ///
    /// # Errors
    /// Where the text is not in the format, with the line.
    pub fn parse(text: impl Into<Box<str>>) -> Result<Self, CatalogueError> {
        let text = text.into();
        let (header, index) = read::read(&text)?;
        Ok(Self { header, text, index })
    }

    /// The cloud that this is a catalogue of.
    pub fn cloud(&self) -> Cloud {
        self.header.cloud
    }

    /// The day that the catalogue tells of, as `2026-09-26`.
    pub fn date(&self) -> &str {
        &self.header.date
    }

    /// Whether it has the most used services alone: a permission outside them is no mistake.
    pub fn is_core(&self) -> bool {
        self.header.extent == Extent::Core
    }

    /// Where the catalogue is from, and its hash.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The text after the header, which the header has the hash of.
    pub fn body(&self) -> &str {
        self.text.get(self.index.body..).unwrap_or_default()
    }

    /// How many permissions the catalogue knows.
    pub fn len(&self) -> usize {
        self.index.entries.len()
    }

    /// The name of the service in a permission's name.
    pub fn service_in<'n>(&self, permission: &'n str) -> Option<&'n str> {
        name::split(self.cloud(), permission).map(|(service, _)| service)
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The services, in the order of their names.
    pub fn services(&self) -> impl Iterator<Item = Service<'_>> {
        self.index.services.iter().map(|service| Service { catalogue: self, service })
    }

    /// A service by its name: `s3`, `storage`, `Microsoft.Storage`.
    pub fn service(&self, name: &str) -> Option<Service<'_>> {
        self.service_entry(name).map(|service| Service { catalogue: self, service })
    }

    /// Whether there is a service of that name.
    pub fn has_service(&self, name: &str) -> bool {
        self.service_entry(name).is_some()
    }

    /// A permission by its name: without regard to case on AWS and Azure, exactly on Google Cloud.
    pub fn find(&self, permission: &str) -> Option<Permission<'_>> {
        let (service, rest) = name::split(self.cloud(), permission)?;
        self.find_in(self.service_entry(service)?, rest)
    }

    /// The permissions that a pattern covers by the cloud's own rules: `*` and `?` on AWS, `*` on Azure. Google
    /// Cloud has no wildcards, so a pattern covers there only the permission that it names.
    pub fn matching<'a>(&'a self, pattern: &'a str) -> impl Iterator<Item = Permission<'a>> {
        let reach = Rc::new(Reach::of(self.cloud(), pattern));
        let (named, services) = match *reach {
            Reach::Nothing => (None, 0..0),
            Reach::Named => (self.find(pattern), 0..0),
            Reach::Service { service, .. } => {
                (None, self.service_position(service).map_or(0..0, |place| place..place + 1))
            }
            Reach::Services { .. } | Reach::Whole(_) => (None, 0..self.index.services.len()),
        };
        let services = self.index.services.get(services).unwrap_or_default();
        let entered = Rc::clone(&reach);
        let covered = services
            .iter()
            .filter(move |service| entered.enters(self.slice(service.name)))
            .flat_map(|service| self.permissions_of(service))
            .filter(move |permission| reach.covers(permission));
        named.into_iter().chain(covered)
    }

    /// What was most likely meant by a permission that is not known: one of the same service that is written
    /// alike, else the one of that name in another service, or in a service that is written alike. The cost is
    /// bounded: some hundred microseconds at the worst.
    pub fn nearest(&self, permission: &str) -> Option<Near> {
        nearest::nearest(self, permission)
    }

    /// The service that a misspelt one was probably meant to be; none where several are written as much alike.
    pub fn nearest_service(&self, name: &str) -> Option<&str> {
        nearest::nearest_service(self, name)
    }
}

/// Not the text: it has 800,000 characters.
impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalogue")
            .field("header", &self.header)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
