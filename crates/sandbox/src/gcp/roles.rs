//! What the predefined roles of Cloud Storage contain, as far as objects are concerned.
//! <https://cloud.google.com/storage/docs/access-control/iam-roles>

const READ: &[&str] = &["storage.objects.get", "storage.objects.list"];
const WRITE: &[&str] = &[
    "storage.multipartUploads.abort",
    "storage.multipartUploads.create",
    "storage.multipartUploads.listParts",
    "storage.objects.create",
];
const CHANGE: &[&str] = &["storage.objects.delete", "storage.objects.update"];
const BUCKET: &[&str] = &["storage.buckets.get", "storage.objects.list"];

/// A role, and the sets of permissions that it is made of.
const ROLES: &[(&str, &[&[&str]])] = &[
    ("roles/storage.objectViewer", &[READ]),
    ("roles/storage.objectCreator", &[WRITE]),
    ("roles/storage.objectUser", &[READ, WRITE, CHANGE]),
    ("roles/storage.objectAdmin", &[READ, WRITE, CHANGE, &["storage.objects.setIamPolicy"]]),
    ("roles/storage.legacyObjectReader", &[&["storage.objects.get"]]),
    ("roles/storage.legacyBucketReader", &[BUCKET]),
    ("roles/storage.legacyBucketWriter", &[BUCKET, WRITE, &["storage.objects.delete"]]),
    ("roles/storage.admin", &[READ, WRITE, CHANGE, BUCKET, &["storage.objects.setIamPolicy"]]),
];

/// Whether the sandbox knows the role.
pub(super) fn is_known(role: &str) -> bool {
    ROLES.iter().any(|(name, _)| *name == role)
}

/// Whether the role contains the permission.
pub(super) fn contains(role: &str, permission: &str) -> bool {
    ROLES
        .iter()
        .find(|(name, _)| *name == role)
        .is_some_and(|(_, sets)| sets.iter().any(|set| set.contains(&permission)))
}
