//! Paths at Google Cloud.

use super::rule::{Call, Need, Way, ways};
use super::{Path, Witness};
use crate::gcp::GcpPermission;
use crate::identifier::Cloud;

/// Permissions of a service account on resources.
#[derive(Clone, Copy, Debug)]
pub struct GcpGrant<'a> {
    /// The permissions.
    pub permissions: &'a [GcpPermission],
    /// The resources by their full names, or `*`; none means all.
    pub resources: &'a [String],
}

/// The paths of one service account.
pub(super) fn paths(grants: &[GcpGrant<'_>]) -> Vec<Path> {
    let held = grants.iter().flat_map(|grant| grant.permissions).map(GcpPermission::as_str);
    let mut found = Vec::new();
    for Way { rule, needs } in ways(Cloud::Gcp, Some(held)) {
        let met: Option<Vec<Witness>> = needs.iter().map(|need| met(need, grants)).collect();
        let Some(permissions) = met else { continue };
        let any = permissions.first().is_some_and(|first| first.resource.is_none());
        found.push(Path::of(rule, permissions, rule.target.as_deref(), any));
    }
    found
}

fn met(need: &Need, grants: &[GcpGrant<'_>]) -> Option<Witness> {
    need.0.iter().find_map(|call| {
        let is_held =
            |grant: &&GcpGrant<'_>| grant.permissions.iter().any(|one| one.as_str() == call.permission);
        let resource = grants.iter().filter(is_held).find_map(|grant| within(call, grant.resources))?;
        let permission = call.permission.clone();
        Some(Witness { permission, resource, region: None, conditions: Vec::new() })
    })
}

/// Where the permission has an effect: everywhere, on one of the resources (named), or nowhere.
fn within(call: &Call, resources: &[String]) -> Option<Option<String>> {
    if resources.is_empty() || resources.iter().any(|resource| resource == "*") {
        return Some(None);
    }
    let reached = |resource: &&String| {
        let host = resource.trim_start_matches('/').split('/').next().unwrap_or_default();
        let owner = host.strip_suffix(".googleapis.com").unwrap_or(host);
        // Policies of projects, folders and organisations hold for all that is in them.
        owner == "cloudresourcemanager" || owner == host_of(&call.permission)
    };
    resources.iter().find(reached).map(|resource| Some(resource.clone()))
}

/// The host, without its domain, that the resources of a permission are named under.
/// <https://cloud.google.com/iam/docs/full-resource-names>
fn host_of(permission: &str) -> &str {
    match permission.split(['.', '/']).next().unwrap_or_default() {
        "resourcemanager" => "cloudresourcemanager",
        "billing" => "cloudbilling",
        "source" => "sourcerepo",
        service => service,
    }
}
