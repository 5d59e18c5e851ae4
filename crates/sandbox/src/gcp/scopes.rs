//! What an OAuth scope lets through: of everything that the holder may do, the part that belongs to a service.
//! <https://developers.google.com/identity/protocols/oauth2/scopes>

const PREFIX: &str = "https://www.googleapis.com/auth/";

/// How much of a service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    All,
    Read,
    /// Objects, but not who may use them.
    Data,
}

/// A scope, and the services whose permissions it lets through. `*`: every service.
const SCOPES: &[(&str, &[&str], Access)] = &[
    ("cloud-platform", &["*"], Access::All),
    ("cloud-platform.read-only", &["*"], Access::Read),
    ("bigquery", &["bigquery"], Access::All),
    ("bigquery.readonly", &["bigquery"], Access::Read),
    ("cloud_debugger", &["clouddebugger"], Access::All),
    ("cloudkms", &["cloudkms"], Access::All),
    ("compute", &["compute"], Access::All),
    ("compute.readonly", &["compute"], Access::Read),
    ("datastore", &["datastore"], Access::All),
    ("devstorage.full_control", &["storage"], Access::All),
    ("devstorage.read_only", &["storage"], Access::Read),
    ("devstorage.read_write", &["storage"], Access::Data),
    ("iam", &["iam"], Access::All),
    ("logging.admin", &["logging"], Access::All),
    ("logging.read", &["logging"], Access::Read),
    ("monitoring", &["monitoring"], Access::All),
    ("monitoring.read", &["monitoring"], Access::Read),
    ("ndev.clouddns.readonly", &["dns"], Access::Read),
    ("ndev.clouddns.readwrite", &["dns"], Access::All),
    ("pubsub", &["pubsub"], Access::All),
    ("spanner.data", &["spanner"], Access::All),
    ("sqlservice.admin", &["cloudsql"], Access::All),
];

/// Whether one of the scopes lets the permission through.
pub(super) fn let_through(scopes: &[String], permission: &str) -> bool {
    scopes.iter().filter_map(|scope| scope.strip_prefix(PREFIX)).any(|scope| one_lets(scope, permission))
}

fn one_lets(scope: &str, permission: &str) -> bool {
    let Some((_, services, access)) = SCOPES.iter().find(|(name, ..)| *name == scope) else { return false };
    let (service, verb) = (permission.split('.').next(), permission.rsplit('.').next().unwrap_or_default());
    let of_service = services.iter().any(|known| *known == "*" || Some(*known) == service);
    let permitted = match access {
        Access::All => true,
        Access::Data => verb != "setIamPolicy",
        Access::Read => ["get", "list", "search", "test", "query", "read", "view"]
            .iter()
            .any(|reading| verb.starts_with(reading)),
    };
    of_service && permitted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lets(scope: &str, permission: &str) -> bool {
        let_through(&[format!("{PREFIX}{scope}")], permission)
    }

    #[test]
    fn a_scope_lets_through_its_service_and_no_other() {
        assert!(lets("cloud-platform", "compute.instances.delete"));
        assert!(lets("devstorage.read_only", "storage.objects.get"));
        assert!(!lets("devstorage.read_only", "storage.objects.create"));
        assert!(lets("devstorage.read_write", "storage.objects.create"));
        assert!(!lets("devstorage.read_write", "storage.objects.setIamPolicy"));
        assert!(!lets("bigquery", "storage.objects.get"));
        assert!(!lets("nothing", "storage.objects.get"));
        assert!(!let_through(&[], "storage.objects.get"));
    }
}
