//! A permission as the catalogue knows it.

use super::access::Access;
use super::glob::Glob;
use super::index::{Entry, TypeEntry};
use super::name::{self, Rest};
use super::service::Service;
use crate::Cloud;
use crate::sorted::SortedSet;

/// A permission: `s3:PutObject`, `storage.objects.create`, `Microsoft.Storage/storageAccounts/read`.
#[derive(Clone, Copy, Debug)]
pub struct Permission<'a> {
    pub(super) service: Service<'a>,
    pub(super) entry: &'a Entry,
}

/// Where an operation of Azure works. Everything of the other clouds is of the control plane here, as their
/// policies make no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Plane {
    /// Manages resources: belongs into a role's `actions`.
    Control,
    /// Reads or changes what a resource holds: belongs into `dataActions`.
    Data,
}

impl Plane {
    /// The plane's name: `control` or `data`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Data => "data",
        }
    }
}

/// The planes that an operation is of: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planes {
    /// One of them.
    One(Plane),
    /// An operation of that name in each.
    Both,
}

impl Planes {
    /// Whether one of them is this.
    pub fn include(self, plane: Plane) -> bool {
        self == Self::Both || self == Self::One(plane)
    }

    /// Those of either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Both }
    }
}

impl<'a> Permission<'a> {
    /// The name as the cloud writes it.
    pub fn name(self) -> String {
        self.whole().parts().concat()
    }

    /// The service that it belongs to.
    pub fn service(self) -> Service<'a> {
        self.service
    }

    /// The kind of access that it gives.
    pub fn access(self) -> Access {
        let written = self.group().chars().next().and_then(Access::of_letter);
        written.unwrap_or_else(|| Access::of_verb(self.service.catalogue.slice(self.entry.verb())))
    }

    /// The planes that it works in.
    pub fn planes(self) -> Planes {
        let group = self.group();
        match (group.contains('d'), group.contains('b')) {
            (true, _) => Planes::One(Plane::Data),
            (false, true) => Planes::Both,
            (false, false) => Planes::One(Plane::Control),
        }
    }

    /// The types of resources that it can be limited to; where there are none, only `*` will do.
    pub fn resource_types(self) -> impl Iterator<Item = ResourceType<'a>> {
        let types = self.group().trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let types = types.split_once('=').map_or(types, |(types, _)| types);
        types.split(',').filter_map(move |place| {
            let optional = place.strip_suffix('?');
            let place = match optional.unwrap_or(place) {
                "~" => usize::from(self.entry.own),
                number => number.parse().ok()?,
            };
            self.service.type_at(place, optional.is_none())
        })
    }

    /// The condition keys that it knows beside those of every request: its own, then those of its resource types.
    pub fn condition_keys(self) -> impl Iterator<Item = ConditionKey<'a>> {
        let set = self.group().split_once('=').and_then(|(_, set)| set.parse().ok()).unwrap_or(0);
        let mut seen = SortedSet::new();
        let of_types = self.resource_types().flat_map(ResourceType::condition_keys);
        self.service.keys_of(set).chain(of_types).filter(move |key| seen.insert(key.name()))
    }

    /// The name, in parts.
    pub(super) fn whole(self) -> Rest<'a> {
        let service = self.service.name();
        self.rest().after(service, name::separator(self.service.catalogue.cloud(), service))
    }

    /// The name after its service.
    pub(super) fn rest(self) -> Rest<'a> {
        let catalogue = self.service.catalogue;
        let noun = self.entry.noun().map(|part| catalogue.slice(part));
        let verb = catalogue.slice(self.entry.verb());
        Rest::new(catalogue.cloud(), noun, verb)
    }

    /// The signature of its group: up to the colon, or the end of the line where it has one of its own.
    fn group(self) -> &'a str {
        let text = self.service.catalogue.text.get(self.entry.group as usize..).unwrap_or_default();
        text.split_once([':', '\n']).map_or("", |(group, _)| group)
    }
}

/// A type of resource that a permission can be limited to.
#[derive(Clone, Copy, Debug)]
pub struct ResourceType<'a> {
    service: Service<'a>,
    name: &'a str,
    set: usize,
    arns: &'a str,
    required: bool,
}

impl<'a> ResourceType<'a> {
    pub(super) fn new(service: Service<'a>, entry: TypeEntry, required: bool) -> Self {
        let TypeEntry { name, set, arns } = entry;
        let catalogue = service.catalogue;
        Self { service, name: catalogue.expanded(name), set, arns: catalogue.expanded(arns), required }
    }

    /// The type's name within its service: `bucket`.
    pub fn name(self) -> &'a str {
        self.name
    }

    /// How its ARNs are made, with placeholders: `arn:${Partition}:s3:::${BucketName}`.
    pub fn arn_formats(self) -> impl Iterator<Item = &'a str> {
        self.arns.split('\t').filter(|arn| !arn.is_empty())
    }

    /// Whether the permission is of no use without such a resource. Always, where the type is not a permission's.
    pub fn required(self) -> bool {
        self.required
    }

    /// The condition keys that such resources bring.
    pub fn condition_keys(self) -> impl Iterator<Item = ConditionKey<'a>> {
        self.service.keys_of(self.set)
    }
}

/// A key that a condition can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConditionKey<'a> {
    name: &'a str,
    kind: &'a str,
}

impl<'a> ConditionKey<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        let (name, kind) = line.split_once('\t').unwrap_or((line, "String"));
        Self { name, kind }
    }

    /// The key's name, with placeholders: `aws:ResourceTag/${TagKey}`.
    pub fn name(self) -> &'a str {
        self.name
    }

    /// The type of its values as AWS names it: `String`, `ArrayOfString`, `ARN`, `Bool`, `Numeric`, `Date`,
    /// `IPAddress`.
    pub fn kind(self) -> &'a str {
        self.kind
    }

    /// Whether a key of a condition is this one: without regard to case, and with anything in the place of the
    /// placeholder.
    pub fn matches(self, key: &str) -> bool {
        if around_placeholder(self.name).is_none() {
            return self.name.eq_ignore_ascii_case(key);
        }
        let begins = around_placeholder(self.name).map_or(self.name, |(literal, _)| literal);
        let same = key.get(..begins.len()).is_some_and(|start| start.eq_ignore_ascii_case(begins));
        if !same {
            return false;
        }
        let (mut pattern, mut rest) = (String::new(), self.name);
        while let Some((literal, after)) = around_placeholder(rest) {
            pattern.push_str(literal);
            pattern.push_str("?*");
            rest = after;
        }
        pattern.push_str(rest);
        Glob::new(Cloud::Aws, &pattern).matches(Rest::of(key))
    }
}

/// What stands before the next placeholder, `${TagKey}`, `<key>` or, at the end of some names, `tag-key`, and what
/// follows it.
fn around_placeholder(text: &str) -> Option<(&str, &str)> {
    if let Some(literal) = text.strip_suffix("tag-key").filter(|literal| literal.ends_with('/')) {
        return Some((literal, ""));
    }
    let (literal, (after, end)) = match text.split_once("${") {
        Some((literal, after)) => (literal, (after, '}')),
        None => text.split_once('<').map(|(literal, after)| (literal, (after, '>')))?,
    };
    Some((literal, after.split_once(end)?.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_of_condition_keys_stand_for_anything() {
        let matches = |name: &str, key: &str| ConditionKey::new(name).matches(key);
        assert!(matches("aws:ResourceTag/${TagKey}", "AWS:resourcetag/team"));
        assert!(matches("s3:ExistingObjectTag/<key>", "s3:ExistingObjectTag/team"));
        assert!(matches("secretsmanager:ResourceTag/tag-key", "secretsmanager:ResourceTag/team"));
        assert!(matches("codebuild:env/${name}.value", "codebuild:env/A.value"));
        assert!(matches("s3:prefix", "S3:Prefix"));
        assert!(!matches("aws:ResourceTag/${TagKey}", "aws:ResourceTag/"));
        assert!(!matches("codebuild:env/${name}.value", "codebuild:env/A.type"));
        assert!(!matches("s3:prefix", "s3:prefixes"));
    }
}
