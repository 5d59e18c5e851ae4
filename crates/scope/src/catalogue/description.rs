//! All that is known of one permission, for a person who asks.

use serde::Serialize;

use super::{Access, Catalogues, Likeness, Permission, Plane};
use crate::Cloud;
use crate::escalation;

/// All that is known of one permission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// Whether a catalogue has it.
    pub known: bool,
    /// The cloud that has it, or whose permissions are written so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud>,
    /// The permission as its cloud writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The kind of access that it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// At Azure, where it works.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planes: Vec<Plane>,
    /// The types of resources that it can be limited to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Resource>,
    /// The condition keys that it has beside those of every request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub condition_keys: Vec<Key>,
    /// The rules of escalation that it takes part in: what leads further.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub escalation: Vec<Escalation>,
    /// Where it is not known, what was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
}

/// A type of resources that a permission can be limited to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// The type's name within its service.
    pub name: String,
    /// Whether the permission is of no use without such a resource.
    pub required: bool,
    /// How its ARNs are made.
    pub arns: Vec<String>,
}

/// A condition key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// The key, with placeholders.
    pub name: String,
    /// The type of its values, as AWS names it.
    pub kind: String,
}

/// A rule of escalation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Escalation {
    /// The rule's name.
    pub rule: String,
    /// What happens.
    pub title: String,
    /// What is gained by it.
    pub gives: String,
}

impl Description {
    /// What the catalogues and the rules of escalation know of a permission.
    pub fn of(permission: &str, catalogues: &Catalogues) -> Self {
        let found = Cloud::ALL.iter().find_map(|cloud| catalogues.of(*cloud)?.find(permission));
        if let Some(found) = found {
            return Self::of_known(found);
        }
        let cloud = written_as(permission);
        let near = catalogues.of(cloud).and_then(|catalogue| catalogue.nearest(permission));
        let near = near.filter(|near| near.likeness != Likeness::Elsewhere);
        let escalation = escalation(cloud, permission);
        Self {
            cloud: (catalogues.of(cloud).is_some() || !escalation.is_empty()).then_some(cloud),
            escalation,
            nearest: near.map(|near| near.name),
            ..Self::default()
        }
    }

    fn of_known(permission: Permission<'_>) -> Self {
        let cloud = permission.service().cloud();
        let name = permission.name();
        let planes = [Plane::Control, Plane::Data].into_iter();
        let resources = permission.resource_types().map(|kind| Resource {
            name: kind.name().to_owned(),
            required: kind.required(),
            arns: kind.arn_formats().map(str::to_owned).collect(),
        });
        let keys = permission
            .condition_keys()
            .map(|key| Key { name: key.name().to_owned(), kind: key.kind().to_owned() });
        Self {
            known: true,
            cloud: Some(cloud),
            access: Some(permission.access()),
            planes: planes
                .filter(|plane| cloud == Cloud::Azure && permission.planes().include(*plane))
                .collect(),
            resources: resources.collect(),
            condition_keys: keys.collect(),
            escalation: escalation(cloud, &name),
            nearest: None,
            name: Some(name),
        }
    }
}

/// The cloud that writes its permissions so.
fn written_as(permission: &str) -> Cloud {
    match (permission.contains(':'), permission.contains('/')) {
        (_, true) => Cloud::Azure,
        (true, false) => Cloud::Aws,
        (false, false) => Cloud::Gcp,
    }
}

fn escalation(cloud: Cloud, permission: &str) -> Vec<Escalation> {
    let rules = escalation::rules(cloud).iter().filter(|rule| rule.has(permission));
    let told = rules.map(|rule| Escalation {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        gives: rule.gives.clone(),
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_and_what_was_meant_are_told() {
        let catalogues = Catalogues::built_in();
        let pass = Description::of("iam:passrole", &catalogues);
        assert_eq!(
            (pass.known, pass.cloud, pass.name.as_deref()),
            (true, Some(Cloud::Aws), Some("iam:PassRole"))
        );
        assert!(pass.condition_keys.iter().any(|key| key.name == "iam:PassedToService"));
        assert!(pass.resources[0].arns[0].starts_with("arn:") && pass.escalation.len() > 10);

        let read = Description::of("Microsoft.KeyVault/vaults/keys/encrypt/action", &catalogues);
        assert_eq!(read.planes, [Plane::Data]);
        let unknown = Description::of("storage.object.get", &catalogues);
        assert_eq!((unknown.known, unknown.nearest.as_deref()), (false, Some("storage.objects.get")));
        assert_eq!(Description::of("", &Catalogues::default()), Description::default());
    }
}
