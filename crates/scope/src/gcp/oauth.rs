//! Which OAuth scopes a token needs for its permissions.
//!
//! OAuth scopes are not IAM: they bound a token, from above, by service. Each API documents with each of its methods
//! the scopes that the method takes, in its discovery document (`https://API.googleapis.com/$discovery/rest`); and
//! all scopes are listed at <https://developers.google.com/identity/protocols/oauth2/scopes>. What stands here are
//! those of the services that are used most. For a service that does not stand here no scope is known, and so no
//! token is asked for.

use serde::Serialize;

use super::GcpPermission;
use crate::sorted::sort;
use crate::text::matches_wildcards;

/// An OAuth scope of Google Cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OauthScope(&'static str);

/// The scope that allows whatever the service account may do.
pub const CLOUD_PLATFORM: OauthScope = OauthScope("cloud-platform");

impl OauthScope {
    /// The scope's URL: `https://www.googleapis.com/auth/compute.readonly`.
    pub fn url(self) -> String {
        format!("https://www.googleapis.com/auth/{}", self.0)
    }

    /// The end of the URL: `compute.readonly`.
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl std::fmt::Display for OauthScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.url())
    }
}

impl Serialize for OauthScope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.url())
    }
}

/// The scopes that a permission's methods take, the narrowest first; none where the service is not known here.
/// [`CLOUD_PLATFORM`] is always the last.
pub fn scopes_of(permission: &GcpPermission) -> Option<Vec<OauthScope>> {
    let service = permission.service();
    let met = rows(service)?.iter().filter(|row| row.has(permission, service));
    let mut scopes: Vec<OauthScope> = met.map(|row| OauthScope(row.scope)).collect();
    // What a row keeps to the broadest scope has no other.
    if scopes.contains(&CLOUD_PLATFORM) {
        scopes.clear();
    }
    scopes.push(CLOUD_PLATFORM);
    Some(scopes)
}

/// Those of the permissions that only [`CLOUD_PLATFORM`] serves; `Err` has the first for which no scope is known.
pub(super) fn broad(permissions: &[GcpPermission]) -> Result<Vec<&GcpPermission>, &GcpPermission> {
    let mut broad = Vec::new();
    let mut known: Option<(&str, &[Row])> = None;
    for permission in permissions {
        let service = permission.service();
        // Most follow another one of the same service.
        let rows = match known {
            Some((name, rows)) if name == service => rows,
            _ => rows(service).ok_or(permission)?,
        };
        known = Some((service, rows));
        let of_platform = |row: &&Row| row.scope == CLOUD_PLATFORM.0;
        // The last row of a service is the widest.
        let is_served =
            rows.iter().rev().filter(|row| !of_platform(row)).any(|row| row.has(permission, service));
        if !is_served || rows.iter().filter(of_platform).any(|row| row.has(permission, service)) {
            broad.push(permission);
        }
    }
    Ok(broad)
}

/// The rows of a service, if it is known.
fn rows(service: &str) -> Option<&'static [Row]> {
    match SERVICES.binary_search_by_key(&service, |(name, _)| name) {
        Ok(at) => SERVICES.get(at).map(|(_, rows)| *rows),
        Err(_) => BROAD.binary_search(&service).is_ok().then_some(&[]),
    }
}

/// The fewest and narrowest scopes that serve all of the permissions; `Err` has the first for which none is known.
pub fn narrowest<'a>(
    permissions: impl IntoIterator<Item = &'a GcpPermission>,
) -> Result<Narrowest<'a>, &'a GcpPermission> {
    let mut served: Vec<Vec<OauthScope>> = Vec::new();
    let mut broad = Vec::new();
    for permission in permissions {
        let scopes = scopes_of(permission).ok_or(permission)?;
        if scopes.first() == Some(&CLOUD_PLATFORM) {
            broad.push(permission);
        }
        served.push(scopes);
    }
    let scopes = if broad.is_empty() { fewest(&served) } else { vec![CLOUD_PLATFORM] };
    Ok(Narrowest { scopes, broad })
}

/// What [`narrowest`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowest<'a> {
    /// The scopes, in order.
    pub scopes: Vec<OauthScope>,
    /// The permissions that only [`CLOUD_PLATFORM`] serves.
    pub broad: Vec<&'a GcpPermission>,
}

/// The narrowest scope of each, without those whose permissions others of these serve too.
fn fewest(served: &[Vec<OauthScope>]) -> Vec<OauthScope> {
    let mut scopes: Vec<OauthScope> = served.iter().filter_map(|one| one.first().copied()).collect();
    sort(&mut scopes);
    scopes.dedup();
    let mut index = 0;
    while let Some(scope) = scopes.get(index).copied() {
        let is_needed = served.iter().any(|one| {
            one.contains(&scope) && !one.iter().any(|other| *other != scope && scopes.contains(other))
        });
        if is_needed {
            index += 1;
        } else {
            scopes.remove(index);
        }
    }
    scopes
}

/// A scope, and the permissions of a service whose methods take it.
struct Row {
    scope: &'static str,
    patterns: &'static [&'static str],
}

impl Row {
    /// Whether a permission of the service is among them.
    fn has(&self, permission: &GcpPermission, service: &str) -> bool {
        let rest = permission.as_str().get(service.len() + 1..).unwrap_or_default();
        self.patterns.iter().any(|pattern| matches_wildcards(pattern, rest))
    }
}

const fn row(scope: &'static str, patterns: &'static [&'static str]) -> Row {
    Row { scope, patterns }
}

const ALL: &[&str] = &["*"];
const READ: &[&str] = &["*.get", "*.list", "*.getIamPolicy"];

/// Services whose methods take narrower scopes than [`CLOUD_PLATFORM`], by name; the narrowest of a service first.
#[rustfmt::skip]
static SERVICES: &[(&str, &[Row])] = &[
    ("apikeys", &[row("apikeys.readonly", READ), row("apikeys", ALL)]),
    ("backupdr", &[row("cloud-backupdr", ALL)]),
    ("bigquery", &[row("bigquery", ALL)]),
    ("bigtable", &[
        row("cloud-platform", &["tables.readRows", "tables.mutateRows", "tables.sampleRowKeys"]),
        row("bigtable.admin.table", &["tables.*", "backups.*", "authorizedViews.*", "schemaBundles.*"]),
        row("bigtable.admin.instance", &["instances.*", "clusters.*", "appProfiles.*"]),
        row("bigtable.admin", ALL),
    ]),
    ("billing", &[row("cloud-billing.readonly", &["accounts.list", "accounts.getIamPolicy"]), row("cloud-billing", ALL)]),
    ("cloudkms", &[
        row("cloud-platform", &["cryptoKeys.get", "cryptoKeys.list", "protectedResources.search"]),
        row("cloudkms", ALL),
    ]),
    ("cloudsql", &[
        row("sqlservice.admin", &[
            "backupRuns.delete", "backupRuns.get", "backupRuns.list", "databases.delete", "databases.get",
            "databases.list", "databases.update", "instances.clone", "instances.delete", "instances.failover",
            "instances.get", "instances.list", "instances.promoteReplica", "instances.restart",
            "instances.restoreBackup", "instances.update", "sslCerts.delete", "sslCerts.get", "sslCerts.list",
            "users.delete", "users.get", "users.list", "users.update",
        ]),
    ]),
    ("cloudtrace", &[
        row("trace.readonly", &["traces.get", "traces.list"]),
        row("trace.append", &["traces.patch"]),
    ]),
    ("cloudtranslate", &[row("cloud-translation", ALL)]),
    ("composer", &[
        row("cloudcomposer.readonly", &["environments.get", "environments.list", "imageversions.list", "operations.get", "operations.list"]),
        row("cloudcomposer", ALL),
    ]),
    ("compute", &[row("compute.readonly", READ), row("compute", ALL)]),
    ("container", &[
        row("container.read-only", &["clusters.get", "clusters.list", "operations.get", "operations.list"]),
        row("container", ALL),
    ]),
    ("dataplex", &[row("dataplex.readonly", READ), row("dataplex.read-write", ALL)]),
    ("dataproc", &[
        row("dataproc.read-only", &["*.list", "batches.get", "nodeGroups.get", "operations.get", "sessions.get", "sessionTemplates.get", "workflowTemplates.get"]),
        row("dataproc", ALL),
    ]),
    ("datastore", &[row("datastore", ALL)]),
    ("deploymentmanager", &[row("ndev.cloudman.readonly", &["*.get", "*.list"]), row("ndev.cloudman", ALL)]),
    ("dialogflow", &[row("dialogflow", ALL)]),
    ("dns", &[row("ndev.clouddns.readonly", READ), row("ndev.clouddns.readwrite", ALL)]),
    ("firebase", &[row("firebase", ALL)]),
    ("healthcare", &[row("cloud-healthcare", ALL)]),
    ("logging", &[row("logging.read", READ), row("logging.admin", ALL)]),
    ("monitoring", &[
        row("monitoring.read", READ),
        row("monitoring.write", &["metricDescriptors.create", "timeSeries.create"]),
        row("monitoring", ALL),
    ]),
    ("notebooks", &[row("notebooks", ALL)]),
    ("pubsub", &[row("pubsub", ALL)]),
    ("redis", &[
        row("redis.read-only", &["instances.list", "instances.getAuthString", "backups.get", "backups.list"]),
        row("redis.read-write", ALL),
    ]),
    ("run", &[
        row("cloud-platform", &["*.invoke", "*.sshRead", "*.sshRoot", "*TagBinding*", "*EffectiveTags", "locations.uploadSource", "prompts.*"]),
        row("run.readonly", READ),
        row("run", ALL),
    ]),
    ("securitycenter", &[row("securitycenter", ALL)]),
    ("servicenetworking", &[row("service.management", ALL)]),
    ("spanner", &[
        row("spanner.data", &["sessions.*"]),
        row("spanner.admin", &[
            "backups.get*", "backups.list", "backups.create", "backups.copy", "backups.delete", "backups.setIamPolicy",
            "databases.create", "databases.drop", "databases.get*", "databases.list", "databases.update*",
            "databases.setIamPolicy", "instanceConfigs.*", "instances.create", "instances.delete", "instances.get*",
            "instances.list", "instances.update", "instances.setIamPolicy",
        ]),
    ]),
    // https://cloud.google.com/storage/docs/oauth-scopes: the data, but not metadata like policies, is had with less
    // than full control.
    ("storage", &[
        row("devstorage.read_only", &["objects.get", "objects.list", "buckets.list", "folders.get", "folders.list", "managedFolders.get", "managedFolders.list"]),
        row("devstorage.read_write", &["objects.get", "objects.list", "objects.create", "objects.delete", "objects.move", "buckets.list", "buckets.create", "buckets.delete", "folders.get", "folders.list", "folders.delete", "folders.rename", "managedFolders.get", "managedFolders.list", "managedFolders.delete"]),
        row("devstorage.full_control", ALL),
    ]),
];

/// Services whose methods take [`CLOUD_PLATFORM`], and either nothing narrower or what is of no use beside it, in
/// order.
#[rustfmt::skip]
static BROAD: &[&str] = &[
    "accessapproval", "accesscontextmanager", "advisorynotifications", "agentidentity", "agentregistry",
    "aiplatform", "alloydb", "analyticshub", "apigateway", "apigee", "apigeeregistry", "apihub", "apim",
    "appengine", "apphub", "artifactregistry", "assuredworkloads", "auditmanager", "baremetalsolution", "batch",
    "beyondcorp", "biglake", "binaryauthorization", "blockchainnodeengine", "certificatemanager", "ces", "chat",
    "clientauthconfig", "cloudasset", "cloudbuild", "cloudcontrolspartner", "clouddebugger", "clouddeploy",
    "cloudfunctions", "cloudiot", "cloudlocationfinder", "cloudmessaging", "cloudnumberregistry",
    "cloudprofiler", "cloudscheduler", "cloudsecurityscanner", "cloudsupport", "cloudtasks", "cloudtoolresults",
    "config", "connectors", "contactcenteraiplatform", "contactcenterinsights", "containeranalysis",
    "contentwarehouse", "databasecenter", "datacatalog", "dataflow", "dataform", "datafusion", "datalabeling",
    "datalineage", "datamigration", "datapipelines", "datastream", "developerconnect", "devicerun",
    "discoveryengine", "dlp", "documentai", "domains", "errorreporting", "essentialcontacts", "eventarc",
    "fcmdata", "file", "firebaseappcheck", "firebaseapphosting", "firebasecrashlytics", "firebasedatabase",
    "firebasedataconnect", "firebasehosting", "firebaseml", "firebaserules", "firebasestorage", "ftp",
    "gameservices", "genomics", "gkebackup", "gkehub", "gkeonprem", "health", "hypercomputecluster", "iam",
    "iam.googleapis.com", "iap", "identitytoolkit", "ids", "integrations", "lifesciences", "looker",
    "managedidentities", "managedkafka", "memcache", "metastore", "migrationcenter", "ml", "netapp",
    "networkconnectivity", "networkmanagement", "networksecurity", "networkservices", "observability",
    "ondemandscanning", "oracledatabase", "orgpolicy", "osconfig", "parallelstore", "parametermanager",
    "policyanalyzer", "policysimulator", "privateca", "publicca", "pubsublite", "recaptchaenterprise",
    "recommender", "remotebuildexecution", "resourcemanager", "resourcesettings", "retail", "runtimeconfig",
    "saasservicemgmt", "secretmanager", "securesourcemanager", "securityposture", "serviceconsumermanagement",
    "servicedirectory", "servicemanagement", "serviceusage", "source", "speech", "storagebatchoperations",
    "storageinsights", "storagetransfer", "threatintelligence", "tpu", "trafficdirector", "transcoder",
    "vmmigration", "vmwareengine", "vpcaccess", "workflows", "workloadmanager", "workstations",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(permissions: &[&str]) -> Result<(Vec<&'static str>, Vec<String>), String> {
        let permissions: Vec<GcpPermission> = permissions.iter().map(|text| text.parse().unwrap()).collect();
        narrowest(&permissions)
            .map(|found| {
                let scopes = found.scopes.iter().map(|scope| scope.name()).collect();
                (scopes, found.broad.iter().map(ToString::to_string).collect())
            })
            .map_err(ToString::to_string)
    }

    fn scopes(permissions: &[&str]) -> Vec<&'static str> {
        found(permissions).unwrap().0
    }

    #[test]
    fn services_are_in_order() {
        assert!(SERVICES.is_sorted_by_key(|(name, _)| name));
        assert!(BROAD.is_sorted());
        assert!(SERVICES.iter().all(|(name, _)| BROAD.binary_search(name).is_err()));
    }

    #[test]
    fn what_only_reads_gets_a_scope_for_reading() {
        assert_eq!(scopes(&["compute.instances.get", "compute.instances.list"]), ["compute.readonly"]);
        assert_eq!(scopes(&["storage.objects.get", "storage.objects.list"]), ["devstorage.read_only"]);
        assert_eq!(
            scopes(&["compute.instances.get", "dns.changes.list"]),
            ["compute.readonly", "ndev.clouddns.readonly"]
        );
    }

    #[test]
    fn a_scope_that_serves_the_others_too_stands_for_them() {
        assert_eq!(scopes(&["compute.instances.get", "compute.instances.stop"]), ["compute"]);
        assert_eq!(scopes(&["storage.objects.get", "storage.objects.create"]), ["devstorage.read_write"]);
        assert_eq!(
            scopes(&["storage.objects.create", "storage.buckets.setIamPolicy"]),
            ["devstorage.full_control"]
        );
    }

    #[test]
    fn what_nothing_narrower_serves_is_told() {
        let told = found(&["compute.instances.get", "cloudbuild.builds.create"]).unwrap();
        assert_eq!(told, (vec!["cloud-platform"], vec!["cloudbuild.builds.create".to_owned()]));
        assert_eq!(found(&["run.routes.invoke"]).unwrap().1, ["run.routes.invoke"]);
    }

    #[test]
    fn what_is_not_known_is_told() {
        assert_eq!(
            found(&["compute.instances.get", "acme.rockets.launch"]),
            Err("acme.rockets.launch".to_owned())
        );
    }
}
