//! Credential Access Boundaries: what bounds a token for Cloud Storage, from above.
//! <https://cloud.google.com/iam/docs/downscoping-short-lived-credentials>

use std::sync::LazyLock;

use serde::Serialize;

use super::authority::Authority;
use super::{GcpPermission, GcpResource};
use crate::sorted::{SortedMap, SortedSet, sort};

/// The most rules of a boundary.
pub const RULES_LIMIT: usize = 10;

/// The most characters of a boundary, counted as the compact JSON that is sent.
pub const CHARACTERS_LIMIT: usize = 2048;

/// A Credential Access Boundary, in the form in which Google's token exchange takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessBoundary {
    #[serde(rename = "accessBoundary")]
    boundary: Rules,
    /// Permissions that the boundary's roles have beside those that were granted, where a service account has them.
    #[serde(skip)]
    beyond: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Rules {
    #[serde(rename = "accessBoundaryRules")]
    rules: Vec<Rule>,
}

/// One rule of a boundary: some roles' permissions on a bucket, or on some of its objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The bucket's full name.
    pub available_resource: String,
    /// `inRole:roles/…`: all permissions of the role.
    pub available_permissions: Vec<String>,
    /// The objects; without it, the whole bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_condition: Option<Condition>,
}

/// A condition in the Common Expression Language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Condition {
    /// The expression.
    pub expression: String,
}

impl AccessBoundary {
    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.boundary.rules
    }

    /// Storage permissions that its roles have beside those that were granted. The boundary names roles, not
    /// permissions: these are had too as far as the service account has them.
    pub fn beyond(&self) -> &[&'static str] {
        &self.beyond
    }

    /// The boundary as compact JSON.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The tightest boundary of predefined roles that lets all calls of the authority through; none where one of its
    /// permissions is not of Cloud Storage, or one of its resources not a bucket or what is in one.
    ///
    /// [`RULES_LIMIT`] and [`CHARACTERS_LIMIT`] are not looked at here.
    pub fn of(authority: &Authority) -> Option<Self> {
        let mut permissions = authority.statements().iter().flat_map(|statement| &statement.permissions);
        if permissions.any(|permission| permission.service() != "storage") {
            return None;
        }
        let authority = authority.clone().normalized();
        let mut granted: SortedMap<Part<'_>, Vec<&GcpPermission>> = SortedMap::new();
        for statement in authority.statements() {
            for resource in &statement.resources {
                granted.update(Part::of(resource)?, |all| all.extend(&statement.permissions));
            }
        }
        if granted.is_empty() {
            return None;
        }
        // Objects of a bucket on which the same is granted share a rule.
        let mut rules: SortedMap<(&str, Vec<&GcpPermission>), Vec<Objects<'_>>> = SortedMap::new();
        for (part, mut permissions) in granted {
            sort(&mut permissions);
            permissions.dedup();
            rules.update((part.bucket, permissions), |all| all.push(part.objects));
        }
        let mut beyond: Vec<&'static str> = Vec::new();
        let rules = rules.into_iter().map(|((bucket, permissions), objects)| {
            let roles = roles(&permissions);
            beyond.extend(roles.iter().flat_map(|role| extra(role, &permissions)));
            Rule {
                available_resource: format!("{BUCKETS}{bucket}"),
                available_permissions: roles
                    .iter()
                    .map(|role| format!("inRole:roles/storage.{}", role.name))
                    .collect(),
                availability_condition: condition(bucket, &objects, &permissions),
            }
        });
        let rules = rules.collect();
        sort(&mut beyond);
        beyond.dedup();
        Some(Self { boundary: Rules { rules }, beyond })
    }
}

/// Whether a boundary for these resources is surely within its limits, whatever the permissions: as most are, which is
/// seen without making it.
pub(crate) fn is_small(resources: &[GcpResource]) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\'' | b'"' | b'\\');
    let plain = resources.iter().all(|one| one.as_str().bytes().all(is_plain));
    // Each has a rule of its own at most, and stands in it with four names.
    let characters: usize = resources.iter().map(|one| RULE + 4 * one.as_str().len()).sum();
    plain && characters <= CHARACTERS_LIMIT
}

/// More than what a boundary has for a resource beside its name.
const RULE: usize = 700;

const BUCKETS: &str = "//storage.googleapis.com/projects/_/buckets/";

/// A bucket, or some of its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part<'a> {
    bucket: &'a str,
    objects: Objects<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Objects<'a> {
    /// The bucket itself and all in it.
    All,
    /// Those whose names begin so.
    Beginning(&'a str),
    /// The one of this name, and those below it.
    Below(&'a str),
}

impl<'a> Part<'a> {
    fn of(resource: &'a GcpResource) -> Option<Self> {
        let prefix = resource.prefix();
        let name = prefix.unwrap_or(resource.as_str()).strip_prefix(BUCKETS)?;
        match (name.split_once('/'), prefix) {
            (None, None) => Some(Self { bucket: name, objects: Objects::All }),
            // All that is in the bucket, without the bucket itself.
            (Some((bucket, "" | "objects" | "objects/")), Some(_)) => {
                Some(Self { bucket, objects: Objects::Beginning("") })
            }
            (Some((bucket, rest)), Some(_)) => {
                Some(Self { bucket, objects: Objects::Beginning(rest.strip_prefix("objects/")?) })
            }
            (Some((bucket, rest)), None) => {
                Some(Self { bucket, objects: Objects::Below(rest.strip_prefix("objects/")?) })
            }
            (None, Some(_)) => None,
        }
    }
}

/// The condition under which only these objects are had. A list is a call on the bucket, which the prefix that it
/// asks for narrows.
fn condition(bucket: &str, objects: &[Objects<'_>], permissions: &[&GcpPermission]) -> Option<Condition> {
    let lists = permissions.iter().any(|permission| permission.as_str() == "storage.objects.list");
    let mut terms = Vec::new();
    for one in objects {
        let name = |object: &str| quoted(&format!("projects/_/buckets/{bucket}/objects/{object}"));
        let (begins, below) = match one {
            Objects::All => return None,
            Objects::Beginning(begins) => ((*begins).to_owned(), None),
            Objects::Below(object) => (format!("{object}/"), Some(object)),
        };
        terms.extend(below.map(|object| format!("resource.name=={}", name(object))));
        terms.push(format!("resource.name.startsWith({})", name(&begins)));
        if lists {
            let list = "api.getAttribute('storage.googleapis.com/objectListPrefix','')";
            terms.push(format!("{list}.startsWith({})", quoted(&begins)));
        }
    }
    Some(Condition { expression: terms.join("||") })
}

/// A text as the expression language writes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A predefined role of Cloud Storage with its permissions on buckets and objects, without `storage.`.
/// <https://cloud.google.com/storage/docs/access-control/iam-roles>
struct Role {
    name: &'static str,
    permissions: &'static [&'static str],
}

#[rustfmt::skip]
static ROLES: &[Role] = &[
    Role { name: "legacyObjectReader", permissions: &["objects.get"] },
    Role { name: "objectViewer", permissions: &["folders.get", "folders.list", "managedFolders.get", "managedFolders.list", "objects.get", "objects.list"] },
    Role { name: "objectCreator", permissions: &["folders.create", "managedFolders.create", "multipartUploads.abort", "multipartUploads.create", "multipartUploads.listParts", "objects.create"] },
    Role { name: "legacyBucketReader", permissions: &["buckets.get", "managedFolders.get", "managedFolders.list", "multipartUploads.list", "objects.list"] },
    Role { name: "objectUser", permissions: &["folders.create", "folders.delete", "folders.get", "folders.list", "folders.rename", "managedFolders.create", "managedFolders.delete", "managedFolders.get", "managedFolders.list", "multipartUploads.abort", "multipartUploads.create", "multipartUploads.list", "multipartUploads.listParts", "objects.create", "objects.delete", "objects.get", "objects.list", "objects.move", "objects.restore", "objects.update"] },
    Role { name: "objectAdmin", permissions: &["folders.create", "folders.delete", "folders.get", "folders.list", "folders.rename", "managedFolders.create", "managedFolders.delete", "managedFolders.get", "managedFolders.getIamPolicy", "managedFolders.list", "managedFolders.setIamPolicy", "multipartUploads.abort", "multipartUploads.create", "multipartUploads.list", "multipartUploads.listParts", "objects.create", "objects.delete", "objects.get", "objects.getIamPolicy", "objects.list", "objects.move", "objects.overrideUnlockedRetention", "objects.restore", "objects.setIamPolicy", "objects.setRetention", "objects.update"] },
    // It has every permission on a bucket and on what is in it.
    Role { name: "admin", permissions: &["*"] },
];

impl Role {
    fn has(&self, permission: &GcpPermission) -> bool {
        let name = permission.as_str().strip_prefix("storage.").unwrap_or_default();
        self.permissions == ["*"] || self.permissions.contains(&name)
    }

    /// Its permissions as a set of places in [`NAMES`].
    fn set(&self) -> u64 {
        places(self.permissions.iter().copied())
    }
}

/// All that the roles have, in order: fewer than a set of them has bits.
static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let names: SortedSet<&str> = ROLES.iter().flat_map(|role| role.permissions).copied().collect();
    names.into_iter().collect()
});

/// The places of names in [`NAMES`], as bits.
fn places<'n>(names: impl Iterator<Item = &'n str>) -> u64 {
    names.filter_map(|name| NAMES.binary_search(&name).ok()).fold(0, |set, place| set | 1 << place)
}

/// The roles that together have the permissions and the least besides; of these, the fewest.
fn roles(permissions: &[&GcpPermission]) -> Vec<&'static Role> {
    let having = permissions.iter().map(|one| {
        let roles = ROLES.iter().enumerate().filter(|(_, role)| role.has(one));
        roles.fold(0_u32, |set, (index, _)| set | 1 << index)
    });
    let having: Vec<u32> = having.collect();
    let granted = places(permissions.iter().filter_map(|one| one.as_str().strip_prefix("storage.")));
    let besides: Vec<u64> = ROLES.iter().map(|role| role.set() & !granted).collect();
    let among = |set: u32| (0..ROLES.len()).filter(move |index| set >> index & 1 == 1);
    let cost = |set: &u32| {
        let extra = among(*set).filter_map(|index| besides.get(index)).fold(0, |all, one| all | one);
        // What the administrator has is more than anybody counts.
        let all = among(*set).filter_map(|index| ROLES.get(index)).filter(|role| role.permissions == ["*"]);
        (all.count() * 1_000 + extra.count_ones() as usize, set.count_ones())
    };
    let enough = (1..1_u32 << ROLES.len()).filter(|set| having.iter().all(|one| one & set != 0));
    let best = enough.min_by_key(cost).unwrap_or_default();
    among(best).filter_map(|index| ROLES.get(index)).collect()
}

/// What a role has beside the permissions.
fn extra(role: &'static Role, permissions: &[&GcpPermission]) -> Vec<&'static str> {
    let is_granted = |name: &&'static str| {
        permissions.iter().any(|permission| permission.as_str().strip_prefix("storage.") == Some(name))
    };
    role.permissions.iter().copied().filter(|name| !is_granted(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::authority::Statement;
    use super::*;

    fn boundary(statements: &[(&[&str], &[&str])]) -> Option<AccessBoundary> {
        let statement = |(permissions, resources): &(&[&str], &[&str])| Statement {
            service_account: None,
            permissions: permissions.iter().map(|text| text.parse().unwrap()).collect(),
            resources: resources.iter().map(|text| text.parse().unwrap()).collect(),
        };
        AccessBoundary::of(&Authority::new(statements.iter().map(statement).collect()))
    }

    const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/acme";

    #[test]
    fn what_the_roles_have_fits_a_set() {
        assert!(NAMES.len() <= u64::BITS as usize);
    }

    #[test]
    fn what_is_small_fits_whatever_is_granted_on_it() {
        let long = format!("{BUCKET}-{}/objects/{}", "b".repeat(60), "o".repeat(100));
        let everything: Vec<String> = NAMES.iter().map(|name| format!("storage.{name}")).collect();
        // One permission by itself, any two, or all of those that are not the administrator's.
        let mut granted: Vec<Vec<&str>> =
            vec![everything.iter().map(String::as_str).filter(|one| *one != "storage.*").collect()];
        for one in &granted[0].clone() {
            granted.extend(granted[0].clone().into_iter().map(|other| vec![*one, other]));
        }
        let mut small = 0;
        for resources in [
            vec![long.clone()],
            vec![format!("{long}/*")],
            vec![BUCKET.to_owned(), format!("{BUCKET}/objects/a/*")],
        ] {
            let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
            let parsed: Vec<GcpResource> = resources.iter().map(|text| text.parse().unwrap()).collect();
            if !is_small(&parsed) {
                continue;
            }
            small += 1;
            for permissions in &granted {
                let bounded = boundary(&[(permissions, &resources)]).unwrap();
                assert!(bounded.rules().len() <= RULES_LIMIT);
                assert!(bounded.text().chars().count() <= CHARACTERS_LIMIT, "{}", bounded.text());
            }
        }
        assert_eq!(small, 3);
        assert!(!is_small(&vec![BUCKET.parse().unwrap(); 3]));
        assert!(!is_small(&[format!("{BUCKET}/objects/it's").parse().unwrap()]));
    }

    #[test]
    fn a_bucket_is_bounded_by_the_tightest_roles() {
        let bounded = boundary(&[(&["storage.objects.get"], &[BUCKET])]).unwrap();
        assert_eq!(
            bounded.text(),
            format!(
                "{{\"accessBoundary\":{{\"accessBoundaryRules\":[{{\"availableResource\":\"{BUCKET}\",\
                 \"availablePermissions\":[\"inRole:roles/storage.legacyObjectReader\"]}}]}}}}"
            )
        );
        assert_eq!(bounded.beyond(), [""; 0]);
        let permissions = |names: &[&str]| {
            boundary(&[(names, &[BUCKET])]).unwrap().rules()[0].available_permissions.clone()
        };
        assert_eq!(
            permissions(&["storage.objects.get", "storage.objects.list"]),
            ["inRole:roles/storage.objectViewer"]
        );
        assert_eq!(
            permissions(&["storage.objects.create", "storage.objects.get"]),
            ["inRole:roles/storage.legacyObjectReader", "inRole:roles/storage.objectCreator"]
        );
        assert_eq!(permissions(&["storage.buckets.setIamPolicy"]), ["inRole:roles/storage.admin"]);
    }

    #[test]
    fn what_the_roles_have_besides_is_told() {
        let bounded = boundary(&[(&["storage.objects.get", "storage.objects.list"], &[BUCKET])]).unwrap();
        assert_eq!(
            bounded.beyond(),
            ["folders.get", "folders.list", "managedFolders.get", "managedFolders.list"]
        );
    }

    #[test]
    fn objects_are_a_condition() {
        let expression = |permission: &str, resource: &str| {
            let bounded = boundary(&[(&[permission], &[&format!("{BUCKET}/objects/{resource}")])]).unwrap();
            bounded.rules()[0].availability_condition.clone().unwrap().expression
        };
        assert_eq!(
            expression("storage.objects.get", "reports/*"),
            "resource.name.startsWith('projects/_/buckets/acme/objects/reports/')"
        );
        assert_eq!(
            expression("storage.objects.get", "it's"),
            "resource.name=='projects/_/buckets/acme/objects/it\\'s'\
             ||resource.name.startsWith('projects/_/buckets/acme/objects/it\\'s/')"
        );
        assert_eq!(
            expression("storage.objects.list", "reports/*"),
            "resource.name.startsWith('projects/_/buckets/acme/objects/reports/')\
             ||api.getAttribute('storage.googleapis.com/objectListPrefix','').startsWith('reports/')"
        );
    }

    #[test]
    fn objects_of_a_bucket_share_a_rule_where_the_same_is_granted() {
        let (one, other) = (format!("{BUCKET}/objects/a*"), format!("{BUCKET}/objects/b*"));
        let bounded = boundary(&[(&["storage.objects.get"], &[&one, &other])]).unwrap();
        assert_eq!(bounded.rules().len(), 1);
        let bounded =
            boundary(&[(&["storage.objects.get"], &[&one]), (&["storage.objects.create"], &[&other])]);
        assert_eq!(bounded.unwrap().rules().len(), 2);
    }

    #[test]
    fn only_cloud_storage_has_boundaries() {
        assert_eq!(boundary(&[(&["storage.objects.get", "bigquery.jobs.create"], &[BUCKET])]), None);
        assert_eq!(boundary(&[(&["storage.objects.get"], &["*"])]), None);
        assert_eq!(
            boundary(&[(&["storage.objects.get"], &["//storage.googleapis.com/projects/_/buckets/acme*"])]),
            None
        );
        assert_eq!(
            boundary(&[(&["storage.objects.get"], &["//cloudresourcemanager.googleapis.com/projects/acme"])]),
            None
        );
        assert_eq!(boundary(&[]), None);
    }
}
