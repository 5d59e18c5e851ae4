//! Resources of Google Cloud, by their full names.

use std::str::FromStr;

use super::GcpPermission;
use crate::glob::automaton::{Effort, uncovered};
use crate::glob::{Class, Glob, Token};
use crate::proof::TooComplex;
use crate::text::text_type;

/// A resource and all that is below it, by its full name: `//storage.googleapis.com/projects/_/buckets/acme-data`;
/// with a `*` at its end all resources whose names begin so: `…/buckets/acme-data/objects/reports/*`; or just `*`,
/// every resource.
///
/// A project, `//cloudresourcemanager.googleapis.com/projects/acme`, has the resources of every service whose names
/// say that they are in it: `//SERVICE.googleapis.com/projects/acme/…`.
/// <https://cloud.google.com/iam/docs/full-resource-names>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GcpResource(String);

/// Whose resources are projects, folders and organisations.
const MANAGER: &str = "cloudresourcemanager.googleapis.com";

impl GcpResource {
    /// Every resource.
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// Whether it is every resource.
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What its names begin with, where a `*` says so.
    pub fn prefix(&self) -> Option<&str> {
        self.0.strip_suffix('*').filter(|prefix| !prefix.is_empty())
    }

    /// Whether all that the other is, this is too.
    pub fn covers(&self, other: &Self) -> bool {
        if self.is_any() || other.is_any() {
            return self.is_any();
        }
        match (self.prefix(), other.prefix()) {
            (Some(prefix), other_prefix) => other_prefix.unwrap_or(&other.0).starts_with(prefix),
            (None, Some(prefix)) => {
                let rest = prefix.strip_prefix(&*self.name_at(prefix));
                rest.is_some_and(|rest| rest.starts_with('/'))
            }
            (None, None) => self.matches(&other.0),
        }
    }

    /// Whether the resource of this name is among them.
    pub fn matches(&self, name: &str) -> bool {
        if self.is_any() {
            return true;
        }
        if let Some(prefix) = self.prefix() {
            return name.starts_with(prefix);
        }
        name.strip_prefix(&*self.name_at(name)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What both are.
    pub fn common(&self, other: &Self) -> Option<Self> {
        if self.covers(other) {
            return Some(other.clone());
        }
        if other.covers(self) {
            return Some(self.clone());
        }
        // A project may begin, at the other's service, with what the other begins with.
        let project = |project: &Self, beginning: &Self| {
            let prefix = beginning.prefix()?;
            let name = project.prefix().is_none().then(|| project.name_at(prefix))?;
            name.starts_with(prefix).then_some(Self(name))
        };
        project(self, other).or_else(|| project(other, self))
    }

    /// A resource among these that none of the others has.
    pub(super) fn outside(
        &self,
        others: &[&Self],
        permission: &GcpPermission,
        effort: &Effort,
    ) -> Result<Option<String>, TooComplex> {
        effort.spend(others.len())?;
        if others.iter().any(|other| other.covers(self)) {
            return Ok(None);
        }
        let is_outside = |name: &String| !others.iter().any(|other| other.matches(name));
        if self.is_any() {
            // Each of the others is at one host, or in one project.
            let plausible = match permission.service() {
                "storage" => "//storage.googleapis.com/projects/_/buckets/example".to_owned(),
                service => format!("//{service}.googleapis.com/projects/example"),
            };
            let elsewhere = (0..=others.len()).map(|n| format!("//example{n}.googleapis.com/example"));
            return Ok(std::iter::once(plausible).chain(elsewhere).find(is_outside));
        }
        let Some(prefix) = self.prefix() else { return Ok(Some(self.0.clone())) };
        let plausible = format!("{prefix}example");
        if is_outside(&plausible) {
            return Ok(Some(plausible));
        }
        let globs: Vec<Glob> = others.iter().flat_map(|other| other.globs(prefix)).collect();
        uncovered(&glob(prefix, true), &globs.iter().collect::<Vec<_>>(), effort)
    }

    /// The names, as far as they are at the service of `at`.
    fn globs(&self, at: &str) -> Vec<Glob> {
        match self.prefix() {
            Some(prefix) => vec![glob(prefix, true)],
            None if self.is_any() => vec![glob("", true)],
            None => {
                let name = self.name_at(at);
                vec![glob(&name, false), glob(&format!("{name}/"), true)]
            }
        }
    }

    /// The name at the service of another name: a project has one at each.
    fn name_at(&self, other: &str) -> String {
        let at = |name: &str| {
            name.strip_prefix("//").and_then(|rest| rest.split_once('/')).map(|(host, _)| host.len())
        };
        let project = self.0.strip_prefix("//").and_then(|rest| rest.strip_prefix(MANAGER));
        let project = project.filter(|rest| rest.starts_with("/projects/") && rest.matches('/').count() == 2);
        match (project, at(other).and_then(|length| other.get(..length + 2))) {
            (Some(project), Some(host)) => format!("{host}{project}"),
            _ => self.0.clone(),
        }
    }
}

fn glob(text: &str, open: bool) -> Glob {
    let mut glob = Glob::default();
    text.chars().for_each(|symbol| glob.push(Token::Literal(symbol), symbol));
    if open {
        glob.push(Token::Run(Class::Rest), '*');
    }
    glob
}

impl FromStr for GcpResource {
    type Err = GcpResourceError;

    fn from_str(text: &str) -> Result<Self, GcpResourceError> {
        if text == "*" {
            return Ok(Self::any());
        }
        let name = text.strip_prefix("//").and_then(|rest| rest.split_once('/'));
        let full = matches!(name, Some((service, rest)) if !service.is_empty() && !rest.is_empty());
        if !full || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(GcpResourceError::Form);
        }
        match (text.find('*'), name) {
            (None, _) => Ok(Self(text.to_owned())),
            (Some(at), Some((service, _))) if at + 1 == text.len() && !service.contains('*') => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(GcpResourceError::Wildcard),
        }
    }
}

text_type!(GcpResource, r"^(\*|//[!-)+-.0-~]+/([!-)+-~]+\*?|\*))$");

/// Why a text is not a resource of Google Cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GcpResourceError {
    /// A `*` stands elsewhere than at the end.
    #[error("a * stands at the end of a resource of GCP, for whatever its name goes on with")]
    Wildcard,
    /// Not a full resource name.
    #[error("a resource of GCP is written //SERVICE.googleapis.com/PATH, or * for all")]
    Form,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(text: &str) -> GcpResource {
        text.parse().unwrap()
    }

    const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/acme";
    const PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/acme";

    #[test]
    fn a_resource_has_what_is_below_it() {
        let bucket = resource(BUCKET);
        assert!(bucket.covers(&bucket));
        assert!(bucket.covers(&resource(&format!("{BUCKET}/objects/a"))));
        assert!(bucket.covers(&resource(&format!("{BUCKET}/objects/a*"))));
        assert!(!bucket.covers(&resource(&format!("{BUCKET}-2"))));
        assert!(!bucket.covers(&resource(&format!("{BUCKET}*"))));
        assert!(!bucket.covers(&resource("*")) && resource("*").covers(&bucket));
        assert!(resource(&format!("{BUCKET}*")).covers(&resource(&format!("{BUCKET}-2/objects/a"))));
    }

    #[test]
    fn a_project_has_what_says_that_it_is_in_it() {
        let project = resource(PROJECT);
        let cluster = resource("//container.googleapis.com/projects/acme/zones/a/clusters/b");
        assert!(project.covers(&cluster) && !cluster.covers(&project));
        assert!(!project.covers(&resource("//container.googleapis.com/projects/acme-2/zones/a")));
        assert!(!project.covers(&resource(BUCKET)));
        let prefix = resource("//container.googleapis.com/projects/ac*");
        let common = resource("//container.googleapis.com/projects/acme");
        assert_eq!(project.common(&prefix), Some(common.clone()));
        assert_eq!(prefix.common(&project), Some(common));
        assert_eq!(project.common(&cluster), Some(cluster));
    }

    #[test]
    fn a_witness_is_what_the_others_leave() {
        let permission: GcpPermission = "storage.objects.get".parse().unwrap();
        let outside = |one: &str, others: &[&str]| {
            let others: Vec<GcpResource> = others.iter().map(|other| resource(other)).collect();
            let others: Vec<&GcpResource> = others.iter().collect();
            resource(one).outside(&others, &permission, &Effort::generous()).unwrap()
        };
        assert_eq!(outside(BUCKET, &[BUCKET]), None);
        assert_eq!(outside(&format!("{BUCKET}*"), &[&format!("{BUCKET}*")]), None);
        assert_eq!(outside(&format!("{BUCKET}*"), &[BUCKET]), Some(format!("{BUCKET}example")));
        let most = [&*format!("{BUCKET}e*"), BUCKET, &format!("{BUCKET}a*")];
        assert_eq!(outside(&format!("{BUCKET}*"), &most), Some(format!("{BUCKET}b")));
        assert_eq!(outside("*", &[BUCKET]).unwrap(), "//storage.googleapis.com/projects/_/buckets/example");
    }

    #[test]
    fn a_star_stands_at_the_end() {
        for text in ["//*/x", "//storage.googleapis.com/*/x", "//a/x**"] {
            assert_eq!(text.parse::<GcpResource>(), Err(GcpResourceError::Wildcard), "{text}");
        }
        for text in ["", "//", "//a", "//a/", "/a/b", "a", "//a/b c"] {
            assert_eq!(text.parse::<GcpResource>(), Err(GcpResourceError::Form), "{text}");
        }
        resource("//storage.googleapis.com/*");
    }
}
