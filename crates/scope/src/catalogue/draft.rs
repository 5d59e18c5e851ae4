//! Making a catalogue's text.

use super::Catalogue;
use super::access::Access;
use super::header::{Extent, Header};
use super::layout::Layout;
use super::name;
use super::permission::{ConditionKey, Planes};
use super::short;
use crate::Cloud;
use std::collections::BTreeMap;

/// What is known of a cloud before it is written as a catalogue.
#[derive(Debug)]
pub struct Draft {
    cloud: Cloud,
    /// By folded name: Azure writes some in more than one way.
    services: BTreeMap<String, DraftService>,
}

#[derive(Debug, Default)]
pub(super) struct DraftService {
    pub(super) name: String,
    pub(super) keys: BTreeMap<String, String>,
    pub(super) types: BTreeMap<String, DraftType>,
    pub(super) permissions: BTreeMap<String, (String, Action)>,
}

#[derive(Debug, Default)]
pub(super) struct DraftType {
    pub(super) arns: Vec<String>,
    pub(super) keys: Vec<String>,
}

/// What the header of a catalogue says of where it is from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The day that it tells of, as `2026-09-26`.
    pub date: &'a str,
    /// How much of the cloud it means to have.
    pub extent: Extent,
    /// Who published it, and how it came here.
    pub source: &'a str,
    /// The licence that it is under, where others have rights in it.
    pub licence: Option<&'a str>,
}

impl<'a> From<&'a Header> for Origin<'a> {
    fn from(header: &'a Header) -> Self {
        let Header { date, extent, source, licence, .. } = header;
        Self { date, extent: *extent, source, licence: licence.as_deref() }
    }
}

/// What is known of a permission beside its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The kind of access.
    pub access: Access,
    /// Where it works.
    pub planes: Planes,
    /// The resource types that it can be limited to, and whether one of each is required.
    pub types: Vec<(String, bool)>,
    /// The condition keys that it knows.
    pub keys: Vec<String>,
}

/// Something cannot be written as a line of a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be written in a catalogue")]
pub struct Unwritable(String);

impl Draft {
    /// A draft without services.
    pub fn new(cloud: Cloud) -> Self {
        Self { cloud, services: BTreeMap::new() }
    }

    /// A draft that says what a catalogue says.
    ///
    /// # Errors
    /// Where the catalogue's text was damaged.
    pub fn of(catalogue: &Catalogue) -> Result<Self, Unwritable> {
        fn names<'a>(keys: impl Iterator<Item = ConditionKey<'a>>) -> Vec<String> {
            keys.map(|key| key.name().to_owned()).collect()
        }
        let mut draft = Self::new(catalogue.cloud());
        for service in catalogue.services() {
            for key in service.condition_keys() {
                draft.add_key(service.name(), key.name(), key.kind())?;
            }
            for kind in service.resource_types() {
                let arns = kind.arn_formats().map(str::to_owned).collect();
                draft.add_type(service.name(), kind.name(), arns, names(kind.condition_keys()))?;
            }
            for permission in service.permissions() {
                let types = permission.resource_types().map(|kind| (kind.name().to_owned(), kind.required()));
                let action = Action {
                    access: permission.access(),
                    planes: permission.planes(),
                    types: types.collect(),
                    keys: names(permission.condition_keys()),
                };
                draft.add_action(service.name(), &permission.rest().parts().concat(), action)?;
            }
        }
        Ok(draft)
    }

    /// How many permissions it has.
    pub fn len(&self) -> usize {
        self.services.values().map(|service| service.permissions.len()).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a permission by its whole name, of which no more is known than its level. One of Azure that is in both
    /// planes is added once for each.
    ///
    /// # Errors
    /// Where the name is not one of this cloud.
    pub fn add(&mut self, permission: &str, access: Access, planes: Planes) -> Result<(), Unwritable> {
        let (service, rest) =
            name::split(self.cloud, permission).ok_or_else(|| Unwritable(permission.to_owned()))?;
        self.add_action(service, rest, Action { access, planes, types: Vec::new(), keys: Vec::new() })
    }

    /// Adds a permission of a service.
    ///
    /// # Errors
    /// Where its name, or that of a type or key, has characters that the format gives a meaning.
    pub fn add_action(&mut self, service: &str, rest: &str, action: Action) -> Result<(), Unwritable> {
        let (noun, verb) = name::noun_and_verb(self.cloud, rest);
        if verb.is_empty()
            || verb.contains(',')
            || noun.starts_with(['@', '#', '=', '.', '+'])
            || noun.ends_with(short::MARKS)
            || noun.ends_with(short::BOTH)
        {
            return Err(Unwritable(rest.to_owned()));
        }
        written(rest)?;
        let rest_folded = self.folded(rest);
        action.types.iter().map(|(name, _)| name).chain(&action.keys).try_for_each(|name| written(name))?;
        let service = self.service(service)?;
        for (name, _) in &action.types {
            service.types.entry(name.clone()).or_default();
        }
        let known = service.permissions.entry(rest_folded);
        known
            .and_modify(|(_, known)| known.planes = known.planes.or(action.planes))
            .or_insert((rest.to_owned(), action));
        Ok(())
    }

    /// Adds a resource type of a service. Types that an action names are added by that already, without ARNs.
    ///
    /// # Errors
    /// Where something of it has tabs or line ends.
    pub fn add_type(
        &mut self,
        service: &str,
        name: &str,
        arns: Vec<String>,
        keys: Vec<String>,
    ) -> Result<(), Unwritable> {
        arns.iter().chain(&keys).map(String::as_str).chain([name]).try_for_each(written)?;
        // What begins otherwise, or has marks, would be taken for one in short.
        let mut ambiguous = arns.iter().filter(|arn| !arn.starts_with("arn:") || !short::is_plain(arn));
        if let Some(text) = ambiguous.next().map(String::as_str).or((!short::is_plain(name)).then_some(name))
        {
            return Err(Unwritable(text.to_owned()));
        }
        self.service(service)?.types.insert(name.to_owned(), DraftType { arns, keys });
        Ok(())
    }

    /// Adds a condition key of a service, with the type of its values. Keys that an action or a type names are
    /// added by that already, as strings.
    ///
    /// # Errors
    /// Where it has tabs or line ends.
    pub fn add_key(&mut self, service: &str, name: &str, kind: &str) -> Result<(), Unwritable> {
        written(name).and_then(|()| written(kind))?;
        self.service(service)?.keys.insert(name.to_owned(), kind.to_owned());
        Ok(())
    }

    /// The catalogue's text: in columns where it has a whole cloud, else in lines that a person can edit. `sha256` gives
    /// the hash of the body in lowercase hexadecimal digits: this crate has none.
    ///
    /// # Errors
    /// Where a line of the header would have a line end.
    pub fn text(
        &self,
        origin: &Origin<'_>,
        sha256: impl FnOnce(&str) -> String,
    ) -> Result<String, Unwritable> {
        let Origin { date, extent, source, licence } = *origin;
        [date, source].into_iter().chain(licence).try_for_each(written)?;
        let mut layout = Layout::new(self.cloud, extent);
        self.services.values().for_each(|service| layout.add(service));
        let body = layout.text();
        let header = Header {
            cloud: self.cloud,
            date: date.to_owned(),
            extent,
            source: source.to_owned(),
            licence: licence.map(str::to_owned),
            sha256: sha256(&body),
        };
        Ok(header.text() + &body)
    }

    fn service(&mut self, name: &str) -> Result<&mut DraftService, Unwritable> {
        if name.is_empty() {
            return Err(Unwritable(name.to_owned()));
        }
        written(name)?;
        let service = self.services.entry(self.folded(name)).or_default();
        // Of several spellings, the one that sorts first: mostly that with capitals.
        if service.name.is_empty() || name < service.name.as_str() {
            name.clone_into(&mut service.name);
        }
        Ok(service)
    }

    fn folded(&self, text: &str) -> String {
        if self.cloud == Cloud::Gcp { text.to_owned() } else { text.to_ascii_lowercase() }
    }
}

fn written(text: &str) -> Result<(), Unwritable> {
    if text.contains(char::is_control) { Err(Unwritable(text.to_owned())) } else { Ok(()) }
}
