//! Making a catalogue's text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Catalogue;
use super::access::Access;
use super::header::{Extent, Header};
use super::name;
use super::permission::{ConditionKey, Planes};
use super::short;
use crate::Cloud;

/// What is known of a cloud before it is written as a catalogue.
#[derive(Debug)]
pub struct Draft {
    cloud: Cloud,
    /// By folded name: Azure writes some in more than one way.
    services: BTreeMap<String, DraftService>,
}

#[derive(Debug, Default)]
struct DraftService {
    name: String,
    keys: BTreeMap<String, String>,
    types: BTreeMap<String, DraftType>,
    permissions: BTreeMap<String, (String, Action)>,
}

#[derive(Debug, Default)]
struct DraftType {
    arns: Vec<String>,
    keys: Vec<String>,
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
        if verb.is_empty() || verb.contains(',') || noun.starts_with(['@', '#', '=', '.', '+']) {
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
        // What begins otherwise would be taken for one in short.
        if let Some(arn) = arns.iter().find(|arn| !arn.starts_with("arn:")) {
            return Err(Unwritable(arn.clone()));
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

    /// The catalogue's text. `sha256` gives the hash of the body in lowercase hexadecimal digits: this crate has
    /// none.
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
        let body: String = self.services.values().map(|service| service.lines(self.cloud)).collect();
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

impl DraftService {
    fn lines(&self, cloud: Cloud) -> String {
        let mut keys = self.keys.clone();
        let of_permissions = self.permissions.values().flat_map(|(_, action)| &action.keys);
        for key in of_permissions.chain(self.types.values().flat_map(|kind| &kind.keys)) {
            keys.entry(key.clone()).or_insert_with(|| "String".to_owned());
        }
        let mut sets = Sets {
            places: keys.keys().enumerate().map(|(at, key)| (key.as_str(), at)).collect(),
            lines: Vec::new(),
        };
        let type_lines: String = self
            .types
            .iter()
            .map(|(name, kind)| {
                let arns: Vec<_> = kind.arns.iter().map(|arn| short::of_arn(&self.name, name, arn)).collect();
                format!(".{name}\t{}\t{}\n", sets.number(kind.keys.iter()), arns.join("\t"))
            })
            .collect();

        let mut nouns: BTreeMap<&str, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
        for (rest, action) in self.permissions.values() {
            let (noun, verb) = name::noun_and_verb(cloud, rest);
            nouns.entry(noun).or_default().entry(self.group(action, &mut sets)).or_default().push(verb);
        }

        let mut lines = format!("@{}\n", self.name);
        // Writing to a string does not fail.
        for (key, kind) in &keys {
            let key = short::of_key(&self.name, key);
            let _ =
                if kind == "String" { writeln!(lines, "#{key}") } else { writeln!(lines, "#{key}\t{kind}") };
        }
        for set in &sets.lines {
            let _ = writeln!(lines, "={set}");
        }
        lines.push_str(&type_lines);
        let mut head = "";
        for (noun, groups) in nouns {
            match noun.strip_prefix(head).filter(|_| !head.is_empty()) {
                Some(tail) => {
                    lines.push('+');
                    lines.push_str(tail);
                }
                None => {
                    head = noun;
                    lines.push_str(noun);
                }
            }
            for (group, verbs) in groups {
                let _ = write!(lines, "\t{group}:{}", verbs.join(","));
            }
            lines.push('\n');
        }
        lines
    }

    fn group(&self, action: &Action, sets: &mut Sets<'_>) -> String {
        let plane = match action.planes {
            Planes::One(super::Plane::Control) => "",
            Planes::One(super::Plane::Data) => "d",
            Planes::Both => "b",
        };
        let places: Vec<String> = action
            .types
            .iter()
            .filter_map(|(name, required)| {
                let place = self.types.keys().position(|known| known == name)?;
                Some(format!("{place}{}", if *required { "" } else { "?" }))
            })
            .collect();
        // Keys that a type brings are not said again.
        let brought = |key: &&String| {
            action
                .types
                .iter()
                .any(|(name, _)| self.types.get(name).is_some_and(|kind| kind.keys.contains(key)))
        };
        let set = sets.number(action.keys.iter().filter(|key| !brought(key)));
        let set = if set.is_empty() { set } else { format!("={set}") };
        format!("{}{plane}{}{set}", action.access.letter(), places.join(","))
    }
}

/// The sets of keys of a service, each written once.
struct Sets<'a> {
    places: BTreeMap<&'a str, usize>,
    lines: Vec<String>,
}

impl Sets<'_> {
    /// The number of a set, from 1; nothing for the empty one.
    fn number<'k>(&mut self, keys: impl Iterator<Item = &'k String>) -> String {
        let mut places: Vec<usize> = keys.filter_map(|key| self.places.get(key.as_str()).copied()).collect();
        places.sort_unstable();
        places.dedup();
        if places.is_empty() {
            return String::new();
        }
        let line = places.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
        let number = self.lines.iter().position(|known| *known == line).unwrap_or_else(|| {
            self.lines.push(line);
            self.lines.len() - 1
        });
        (number + 1).to_string()
    }
}

fn written(text: &str) -> Result<(), Unwritable> {
    if text.contains(char::is_control) { Err(Unwritable(text.to_owned())) } else { Ok(()) }
}
